// Made by "make pages" from the modules and style sheets in web/static. Do not edit.
var __defProp = Object.defineProperty;
var __export = (target, all) => {
  for (var name2 in all)
    __defProp(target, name2, { get: all[name2], enumerable: true });
};

// japanese/base.js
var BASE = {
  // index.html
  "Skip to content": "本文へ移動",
  "sokkuri: home page": "sokkuri：最初のページ",
  "そっくり: the spitting image": "そっくり：よく似ていること",
  "Pages": "ページ",
  "The server said: {text}": "サーバーの返答：{text}",
  // the pages
  "Browse": "一覧",
  "Search": "検索",
  "Rings": "リング",
  "Map": "マップ",
  "Duplicates": "重複",
  "Label": "ラベル",
  "Status": "状態",
  // the tools in the header
  "Theme: same as the system": "テーマ：システムと同じ",
  "Theme: light": "テーマ：ライト",
  "Theme: dark": "テーマ：ダーク",
  "Mosaic stays on: the server was started with --mosaic": "サーバーが --mosaic 付きで起動しているため、モザイクは解除できません",
  "Mosaic: show pictures as blocks": "モザイク：画像を粗く表示",
  "Mosaic is on": "モザイク表示中",
  "Keyboard shortcuts": "キーボードショートカット",
  "Keyboard shortcuts (?)": "キーボードショートカット (?)",
  "On every page": "すべてのページ",
  "Search: words, a picture or an id": "検索：言葉、画像、ID",
  "Search with the copied picture": "コピーした画像で検索",
  "Show this list": "この一覧を表示",
  "Language": "言語",
  "Same as the browser": "ブラウザーと同じ",
  // the server
  "The server answered {status}": "サーバーの応答：{status}",
  "The server does not answer": "サーバーが応答しません",
  "The server does not answer. Trying again…": "サーバーが応答しません。再接続しています…",
  "The server is back": "サーバーに再接続しました",
  "Try now": "今すぐ再接続",
  "Try again": "再試行",
  "This page continues by itself when the server is back.": "サーバーが復旧すると、自動的に再開します。",
  "Something went wrong": "問題が発生しました",
  "Something went wrong on this page": "このページで問題が発生しました",
  "Not found": "見つかりません",
  "This page does not exist": "このページはありません",
  "This server does not allow changes": "このサーバーでは変更できません",
  "Read-only. To allow changes, start the server with {command}": "閲覧専用です。変更できるようにするには、{command} でサーバーを起動してください",
  "The browser does not allow copying": "ブラウザーがコピーを許可していません",
  // numbers
  "{number} bytes": "{number} バイト",
  "{number} s": "{number}秒",
  "{number} min": "{number}分",
  "{hours} h {minutes} min": "{hours}時間{minutes}分",
  "{number} ms": "{number} ミリ秒",
  "{number} of {total}": "{total} 件中 {number} 件",
  "{count} image|{count} images": "{count} 枚",
  "{count} picture|{count} pictures": "{count} 枚",
  "{count} file|{count} files": "{count} ファイル",
  "{count} group|{count} groups": "{count} グループ",
  "exact": "厳密",
  "recall {recall}": "再現率 {recall}",
  "distance {distance}": "距離 {distance}",
  "{name}, distance {distance}": "{name}、距離 {distance}",
  "{name}, distance {distance}, number {rank} of {total}": "{name}、距離 {distance}、{total} 枚中 {rank} 番目",
  "unknown": "不明",
  // shared words
  "Add": "追加",
  "Apply": "適用",
  "Cancel": "キャンセル",
  "Clear": "消去",
  "Close": "閉じる",
  "Delete": "削除",
  "Details": "詳細",
  "Folder": "フォルダー",
  "Image": "画像",
  "Larger": "拡大",
  "More": "その他",
  "Move": "移動",
  "Name": "名前",
  "Pictures": "枚数",
  "Pixels": "画素数",
  "Remove": "外す",
  "Remove {name}": "{name} を外す",
  "Select {name}": "{name} を選択",
  "Show": "表示",
  "Show all": "すべて表示",
  "Show all (0)": "全体を表示 (0)",
  "Show more": "さらに表示",
  "Size": "サイズ",
  "Skip": "スキップ",
  "Smaller": "縮小",
  "Stop": "中止",
  "Stopping…": "中止しています…",
  "Top folder": "最上位のフォルダー",
  "Undo": "取り消す",
  "Zoom in (+)": "拡大 (+)",
  "Zoom out (-)": "縮小 (-)",
  "all folders": "すべてのフォルダー",
  "in {folder}": "{folder} の中",
  "No pictures yet": "画像はまだありません",
  "This picture cannot be shown": "この画像は表示できません",
  "Only in {folder}. ": "{folder} の中だけを表示中。",
  "{sentence}.": "{sentence}。"
};

// japanese/browse.js
var BROWSE = {
  // browse
  "No folder matches": "該当するフォルダーはありません",
  "Find a folder": "フォルダーを探す",
  "Folders": "フォルダー",
  "Folders in {folder}": "{folder} の中のフォルダー",
  "Image {number}": "画像 {number}",
  "Open the image": "画像を開く",
  "Show the rings of the selected image": "選択した画像のリングを表示",
  "Larger or smaller pictures": "画像を大きく、または小さく",
  "Show or hide the folders": "フォルダーの表示、非表示",
  "By folder": "フォルダー別",
  "Newest": "新しい順",
  "Oldest": "古い順",
  "Order": "並び順",
  "No images in this folder": "このフォルダーに画像はありません",
  "No images yet": "画像はまだありません",
  "The first ones appear here in a moment.": "まもなく最初の画像が表示されます。",
  "Run {command}. The images then appear here.": "{command} を実行すると、画像がここに表示されます。",
  "Parent folders": "上位のフォルダー",
  "The collection has changed. Reload": "コレクションが更新されました。再読み込み",
  "The collection has changed": "コレクションが更新されました",
  "The filter is not valid": "絞り込みの指定が正しくありません",
  "No image passes the filter": "絞り込みに合う画像はありません",
  "Remove the filter": "絞り込みを解除",
  "{reason}. The grid was loaded again": "{reason}。一覧を読み込み直しました",
  // image
  "File": "ファイル",
  "EXIF": "EXIF",
  "Copy the path": "パスをコピー",
  "Path copied": "パスをコピーしました",
  "Previous, next, in the order of the list": "前の画像、次の画像（一覧の順）",
  "Back to the list": "一覧に戻る",
  "Use as query": "この画像で検索",
  "Show its rings": "リングを表示",
  "Mark as not wanted": "「これではない」と印を付ける",
  "Open the original": "元のファイルを開く",
  "Open original": "元のファイルを開く",
  "Play the film from here": "ここから動画を再生",
  "Open its folder": "フォルダーを開く",
  "Removed from searches": "検索から除外されています",
  "The file no longer exists": "ファイルが見つかりません",
  "Waiting to be indexed": "登録を待っています",
  "This image could not be read": "この画像は読み取れませんでした",
  "The address names no image": "アドレスに画像の指定がありません",
  "Similar": "似ている画像",
  "Read in part": "一部だけ読み取れました",
  "Previous image": "前の画像",
  "Next image": "次の画像",
  "Zoom": "拡大",
  "Zoom (z)": "拡大 (z)",
  "Not this one": "これではない",
  "Unmarked": "印を外しました",
  "Marked as not wanted": "「これではない」と印を付けました",
  "Search without it": "これを除いて検索",
  "Only indexed images can be compared": "比較できるのは登録済みの画像だけです",
  "There are no other images": "ほかに画像はありません",
  "Modified": "更新日時",
  // the viewer
  "The viewer; on a picture of any list: at once": "ビューアーで表示（どの一覧の画像でも）",
  "Open the viewer; it goes on with the nearest pictures": "ビューアーで表示（近い画像から順に）",
  "In the viewer: zoom": "ビューアー：拡大、縮小",
  "In the viewer: details, similar pictures": "ビューアー：詳細と似ている画像",
  "In the viewer: slideshow; any key ends it": "ビューアー：スライドショー。どのキーでも終了",
  "Page of the image": "画像のページ",
  "Filmstrip": "サムネイルの列",
  "Slideshow": "スライドショー",
  "Slideshow. Any key or click ends it.": "スライドショー。キーかクリックで終了します。",
  "The slideshow has ended": "スライドショーが終わりました",
  "The slideshow has ended: this is the last picture": "スライドショーが終わりました。これが最後の画像です",
  "Slideshow: seconds for each picture": "スライドショー：1枚あたりの秒数",
  "Seconds for each picture": "1枚あたりの秒数",
  "Previous picture": "前の画像",
  "Next picture": "次の画像",
  // selected images
  "Select or unselect the image": "画像を選択、または選択を解除",
  "Move and select": "移動しながら選択",
  "Select all": "すべて選択",
  "Unselect all": "選択をすべて解除",
  "Unselect all (Esc)": "選択をすべて解除 (Esc)",
  "Search for the selected images": "選択した画像で検索",
  "Copy the paths of the selected images": "選択した画像のパスをコピー",
  "Selected": "選択中の画像",
  "{count} selected": "{count} 枚を選択中",
  "Search for this": "この画像で検索",
  "Search for these": "これらの画像で検索",
  "Open rings": "リングを開く",
  "Label…": "ラベルを付ける…",
  "Move to trash…": "ゴミ箱に移動…",
  "Copy paths": "パスをコピー",
  "Export list (CSV)": "一覧を書き出す (CSV)",
  "Export list (JSON)": "一覧を書き出す (JSON)",
  "Download originals (ZIP)": "元のファイルをダウンロード (ZIP)",
  "The path is copied|{count} paths are copied": "{count} 件のパスをコピーしました",
  "{count} image labelled “{label}”|{count} images labelled “{label}”": "{count} 枚に「{label}」のラベルを付けました",
  "The labels are as before": "ラベルを元に戻しました",
  "Label {images}": "{images}にラベルを付ける",
  "The files go to the trash of this system. A copy need not stay: what is in the trash may be the only one. To bring the files back, press “Undo” afterwards, or use “History” on the page Duplicates.": "ファイルはこのシステムのゴミ箱に移ります。ほかにコピーが残るとは限らず、ゴミ箱にあるものが唯一のファイルになることもあります。元に戻すには、移動後に「取り消す」を押すか、「重複」ページの「履歴」を使います。",
  "Moving to the trash": "ゴミ箱に移動しています",
  "Move to the trash": "ゴミ箱に移動",
  "Move {count} image to the trash?|Move {count} images to the trash?": "{count} 枚をゴミ箱に移動しますか？",
  "{number} of {images}": "{images}中 {number} 枚",
  ". One stays: {reason}|. {count} stay: {reason}": "。{count} 枚は残りました：{reason}",
  "{count} image moved to the trash|{count} images moved to the trash": "{count} 枚をゴミ箱に移動しました",
  "Nothing was moved": "何も移動しませんでした",
  "{count} image could not be brought back: {reason}|{count} images could not be brought back: {reason}": "{count} 枚を元に戻せませんでした：{reason}",
  "The files are back": "ファイルを元に戻しました",
  "Undo has ended": "取り消しが終わりました"
};

// japanese/duplicates.js
var DUPLICATES = {
  // grades
  "identical": "完全一致",
  "same": "同じ画像",
  "edited": "加工あり",
  "alike": "類似",
  "burst": "連写",
  "the same bytes": "ファイルの内容が同じ",
  "the same picture, resized or saved again": "同じ画像のサイズ変更や再保存",
  "cropped, marked, recoloured or turned": "切り抜き、書き込み、色の変更、回転など",
  "the same scene or object": "同じ場面や物",
  "alike and taken within seconds, but no copies": "数秒以内に撮影された似ている画像で、コピーではない",
  "Grades": "種類",
  "Groups": "グループ",
  "Loading…": "読み込み中…",
  "Show grades up to": "表示する範囲",
  "Bursts": "連写",
  // the bar
  "{number} of {total} pictures compared": "{total} 枚中 {number} 枚を比較済み",
  "the last comparison stopped early: {reason}": "前回の比較は途中で止まりました：{reason}",
  "{state}.": "{state}。",
  " To compare the rest, run {command}": "残りを比較するには {command} を実行してください",
  " To compare them, run {command}": "比較するには {command} を実行してください",
  "Compare the rest": "残りを比較",
  "Find duplicates": "重複を探す",
  "{count} picture was not read yet for the evidence on which picture to keep, or for bursts. To read it, run {command}.|{count} pictures were not read yet for the evidence on which picture to keep, or for bursts. To read them, run {command}.": "どの画像を残すかの判断と連写の検出のために、まだ読み取っていない画像が {count} 枚あります。読み取るには {command} を実行してください。",
  "{count} picture was not read yet for the evidence on which picture to keep. To read it, run {command}.|{count} pictures were not read yet for the evidence on which picture to keep. To read them, run {command}.": "どの画像を残すかを判断するために、まだ読み取っていない画像が {count} 枚あります。読み取るには {command} を実行してください。",
  "Read now": "今すぐ読み取る",
  ", no copies": "、コピーではありません",
  ", {files} that can go, {bytes}": "、ゴミ箱に移せる {files}、{bytes}",
  ", {count} to look at": "、要確認 {count}",
  "Trash all…": "すべてゴミ箱へ…",
  "Trash all copies that are {grade}": "「{grade}」のコピーをすべてゴミ箱へ",
  "Comparing": "比較中",
  "Comparing has begun": "比較を始めました",
  "Comparing has finished": "比較が終わりました",
  // which picture to keep
  "Which picture to keep": "残す画像の選び方",
  "Keep first the picture": "優先して残す画像",
  "Rules, the first counts most": "規則（先頭が最優先）",
  "Remove this rule": "この規則を外す",
  "Remove the rule: {rule}": "規則を外す：{rule}",
  "that the evidence tells": "画像の内容から判断",
  "then…": "次に…",
  "the most pixels": "画素数が最大",
  "the most bytes": "ファイルサイズが最大",
  "the oldest file": "最も古いファイル",
  "the newest file": "最も新しいファイル",
  "in colour": "カラー",
  "with a camera's metadata": "カメラの情報がある",
  "taken first": "最初に撮影",
  "of a file format…": "ファイル形式…",
  "in a folder…": "フォルダー…",
  "of the format {format}": "形式 {format}",
  "in the folder {folder}": "フォルダー {folder}",
  // nothing to show
  "Index a folder first: {command}": "先にフォルダーを登録してください：{command}",
  "No pictures were compared yet": "まだ画像を比較していません",
  "Press “Find duplicates” above to compare every picture with similar ones. This may take some minutes; you can use the pages meanwhile.": "上の「重複を探す」を押すと、すべての画像を似ている画像と比較します。数分かかることがありますが、その間もページを使えます。",
  "So far, only files with identical bytes count as duplicates.": "今のところ、内容が完全に同じファイルだけを重複とみなしています。",
  "No duplicates here": "ここに重複はありません",
  "No group passes these filters.": "この絞り込みに合うグループはありません。",
  "No duplicates": "重複はありません",
  "No picture of {count} is identical to another one.": "{count} 枚の中に、完全に一致する画像はありません。",
  "No picture of {count} is the same as another one.": "{count} 枚の中に、同じ画像はありません。",
  "No picture of {count} is an edited copy of another one.": "{count} 枚の中に、加工されたコピーはありません。",
  "No pictures are alike either.": "似ている画像もありません。",
  // a group
  "Taken within seconds of each other, but no copies. The sharpest comes first.": "数秒以内に撮影された画像で、コピーではありません。最も鮮明な画像が先頭です。",
  "Kept because it {why}.": "残す理由：{why}。",
  "Look at this one: {reason}.": "確認してください：{reason}。",
  "Compare": "比較",
  "Compare {name}": "{name} を比較",
  "Compare (Enter)": "比較 (Enter)",
  "Trash": "ゴミ箱へ",
  "Trash {name}": "{name} をゴミ箱へ",
  "Trash {files}, {bytes}": "{files}、{bytes} をゴミ箱へ",
  "Stays. Mark it for the trash (Space)": "残します。ゴミ箱に移す印を付ける (Space)",
  "Goes to the trash. Keep it (Space)": "ゴミ箱に移します。残す (Space)",
  "Sharpest": "最も鮮明",
  "Keep": "残す",
  "Keep (your choice)": "残す（指定）",
  "Keep this one": "これを残す",
  "Do not prefer": "指定を外す",
  "Not a duplicate": "重複ではない",
  "Not duplicates": "重複ではない",
  "No picture here is a copy of another": "ここの画像はどれもコピーではない",
  "{action}: {name}": "{action}：{name}",
  ", differs": "、異なる",
  "Score": "スコア",
  "Edits": "加工",
  "older": "古い",
  "newer": "新しい",
  "under 1%": "1% 未満",
  "At least one picture must stay. First mark another one to keep.": "少なくとも1枚は残す必要があります。先に別の画像を残す印にしてください。",
  // comparing two pictures
  "How to compare": "比較の方法",
  "Side by side": "並べる",
  "Flicker": "切り替え",
  "Difference": "差分",
  "Mirror": "左右反転",
  "Mirror the second picture (i)": "2枚目を左右反転 (i)",
  "Which picture": "画像の選択",
  "The other picture": "もう一方の画像",
  "Keep the other": "もう一方を残す",
  "Keep the other picture instead": "代わりにもう一方の画像を残す",
  "The other picture is no duplicate": "もう一方の画像は重複ではない",
  "Trash the other": "もう一方をゴミ箱へ",
  "Move the other picture to the trash": "もう一方の画像をゴミ箱に移動",
  "Which group": "グループの選択",
  "Previous group": "前のグループ",
  "Next group": "次のグループ",
  "This is the first group": "最初のグループです",
  "This is the last group": "最後のグループです",
  " ({number} of {total})": "（{number}/{total}）",
  "{first} and {second}": "{first} と {second}",
  "{grade}, score {score}": "{grade}、スコア {score}",
  "Keep:": "残す：",
  "Other:": "もう一方：",
  "Other": "もう一方",
  "Show the other picture": "もう一方の画像を表示",
  "Hold, or press Space": "押し続けるか、スペースキー",
  "Difference: brighter where it is larger": "差分：明るいほど差が大きい",
  "Amplification": "強調",
  "These pictures cannot be shown.": "これらの画像は表示できません。",
  "No difference": "差はありません",
  "The pictures differ by {mean} of 255 on average": "差の平均は 255 段階中 {mean}",
  // to the trash, and back
  "“{grade}” means: {meaning}. In each group, the pictures marked “Keep” stay.": "「{grade}」とは：{meaning}。各グループで「残す」の印が付いた画像は残ります。",
  "Counting…": "数えています…",
  "{files} of {count} group ({bytes}) will move to the trash. Each file is compared once more with the picture that stays before it is moved. You can undo this.|{files} of {count} groups ({bytes}) will move to the trash. Each file is compared once more with the picture that stays before it is moved. You can undo this.": "{count} グループの {files}（{bytes}）をゴミ箱に移動します。移動の前に、残す画像と1つずつもう一度比較します。この操作は取り消せます。",
  " {count} group is to be looked at: only what you have marked there goes.| {count} groups are to be looked at: only what you have marked there goes.": "確認が必要な {count} グループでは、自分で印を付けたものだけを移動します。",
  "There are no files to move.": "ゴミ箱に移すファイルはありません。",
  "{number} of {files}": "{files}中 {number}",
  "No picture of this group is marked for the trash": "このグループに、ゴミ箱に移す印の付いた画像はありません",
  "No file was moved": "ファイルは移動しませんでした",
  "{files} moved to the trash": "{files}をゴミ箱に移動しました",
  "{files} restored": "{files}を元に戻しました",
  "; {files} not moved: {reason}": "。移動しなかったもの {files}：{reason}",
  "; and {files} more": "、ほか {files}",
  ", with {files}": "（一緒に移動：{files}）",
  ", but not what belongs to it: {files}|, but not what belongs to them: {files}": "。付属するファイルは残りました：{files}",
  " and {count} more": "、ほか {count} 件",
  "{reason}. The change was not confirmed.": "{reason}。変更は確認できませんでした。",
  "{name} is marked as not a duplicate": "{name} を重複ではないとしました",
  "{count} pictures are marked as not duplicates": "{count} 枚を重複ではないとしました",
  "These pictures count as duplicates again": "重複として扱うように戻しました",
  "{name} will be kept": "{name} を残します",
  "{name} is no longer preferred": "{name} の指定を外しました",
  "The choice was undone": "指定を取り消しました",
  "That was undone already": "すでに取り消し済みです",
  "There is nothing to undo": "取り消せる操作はありません",
  "History: {files} moved to the trash": "履歴：ゴミ箱に移した {files}",
  "earlier": "以前",
  " · by a plan": " · 計画による",
  "Undo: bring back {files} moved {when}": "取り消す：{when} にゴミ箱に移した {files}を元に戻す",
  // shortcuts
  "Next, previous group": "次のグループ、前のグループ",
  "Next, previous picture": "次の画像、前の画像",
  "Mark to keep or for the trash": "残す印、ゴミ箱に移す印を付ける",
  "Trash the marked pictures": "印の付いた画像をゴミ箱に移動",
  "Comparing: side by side, flicker, difference": "比較：並べる、切り替え、差分",
  "Comparing: zoom both pictures; arrows move them": "比較：2枚を同時に拡大、矢印で移動",
  "Comparing: mirror the second picture": "比較：2枚目を左右反転"
};

// japanese/label.js
var LABEL = {
  "Labels": "ラベル",
  "Labelling mode": "ラベルの付け方",
  "One by one": "1枚ずつ",
  "Similar together": "まとめて",
  "By words": "言葉で",
  "Images to label": "ラベルを付ける画像",
  "Only {where}. ": "条件「{where}」に合う画像だけを表示中。",
  "Show all images": "すべての画像を表示",
  "No labels yet": "ラベルはまだありません",
  "Find or add a label": "ラベルを探す、追加する",
  "Enter adds “{label}”": "Enter で「{label}」を追加",
  "Enter: {label}": "Enter で「{label}」を付ける",
  "Skipped": "スキップしました",
  "Nothing to undo": "取り消せる操作はありません",
  "Undone: {label}": "取り消しました：{label}",
  "No image is selected": "画像が選択されていません",
  "Discard": "破棄",
  "One label is not saved yet: {reason}|{count} labels are not saved yet: {reason}": "{count} 件のラベルがまだ保存されていません：{reason}",
  "Could not be loaded: {reason}": "読み込めませんでした：{reason}",
  // suggestions
  "Looking for the images whose labels help most…": "ラベルを付けると最も役に立つ画像を探しています…",
  "Looking for images": "画像を探しています",
  "{stage} · {number} of {total}": "{stage} · {total} 件中 {number} 件",
  "Why this image? {reason}.": "この画像を選んだ理由：{reason}。",
  "Suggested by its neighbours: {label} ({percent}%)": "近い画像からの提案：{label}（{percent}%）",
  "Nearest labelled images": "最も近いラベル付きの画像",
  "No image has a label yet.": "ラベルの付いた画像はまだありません。",
  "{label}: {name}, distance {distance}": "{label}：{name}、距離 {distance}",
  "To add pictures, run {command}": "画像を追加するには {command} を実行してください",
  "Show skipped images again": "スキップした画像をもう一度表示",
  "Nothing left to suggest": "提案できる画像はもうありません",
  "Every image has a label.": "すべての画像にラベルが付いています。",
  "Each image without a label in this part was skipped, or is nearly the same as a labelled image.": "この範囲でラベルのない画像は、スキップしたか、ラベル付きの画像とほとんど同じです。",
  "Each image without a label was skipped, or is nearly the same as a labelled image.": "ラベルのない画像は、スキップしたか、ラベル付きの画像とほとんど同じです。",
  // similar images together
  "All or none": "すべて選択、解除",
  "Similar images": "似ている画像",
  "{number} of {total} selected": "{total} 枚中 {number} 枚を選択",
  "Similar images could not be loaded: {reason}": "似ている画像を読み込めませんでした：{reason}",
  // by words
  "cat, dog, car": "cat, dog, car",
  "Labels, with commas between": "ラベル（コンマ区切り）",
  "Confidence at least": "確信度の下限",
  "Show candidates": "候補を表示",
  "Each image without a label goes to the label whose words it fits best. The confidence is its share among these labels. No image is labelled until you accept it.": "ラベルのない画像を、言葉が最もよく合うラベルに振り分けます。確信度は、これらのラベルの中での割合です。承認するまでラベルは付きません。",
  "Write two labels or more, to choose from.": "ラベルを2つ以上入力してください。",
  "{count} candidate|{count} candidates": "候補 {count} 枚",
  "Candidates for {label}": "{label} の候補",
  "No image without a label fits these words well enough.": "ラベルのない画像のうち、この言葉によく合うものはありません。",
  "Accept all {number} that are shown": "表示中の {number} 枚をすべて承認",
  "{name}, {label} with confidence {share}": "{name}、{label}、確信度 {share}",
  "Accept": "承認",
  "Refuse": "却下",
  "Refused: {name}": "却下しました：{name}",
  // where labelling stands
  "Labelled images": "ラベル付きの画像",
  "{number} of {total} labelled": "{total} 枚中 {number} 枚にラベル",
  "Estimated accuracy": "推定の正解率",
  "When you have labelled some images of two or more kinds, this shows how well a label can be predicted from the other labels.": "2種類以上の画像にラベルを付けると、ほかのラベルからどれだけ正しく予測できるかをここに表示します。",
  "{share} at {count} label|{share} at {count} labels": "{share}（ラベル {count} 件）",
  ", from {share} at {count}": "、{count} 件のときは {share}",
  "Each label is predicted from the nearest other labelled images.": "各ラベルを、最も近いほかのラベル付き画像から予測しています。",
  "Rename or delete labels": "ラベルの名前変更と削除",
  "Export as CSV": "CSVで書き出す",
  // rename, merge, delete
  "Rename": "名前を変更",
  "Browse {label}": "{label} を一覧で表示",
  "Rename {label}": "{label} の名前を変更",
  "Delete {label}": "{label} を削除",
  "New name of {label}": "{label} の新しい名前",
  "Merge with {images}": "{images}と統合",
  "{count} image no longer has the label “{label}”. |{count} images no longer have the label “{label}”. ": "{count} 枚からラベル「{label}」を外しました。",
  "{count} image now has the label “{to}” instead of “{label}”. |{count} images now have the label “{to}” instead of “{label}”. ": "{count} 枚のラベルを「{label}」から「{to}」に変更しました。",
  "{count} image has the label “{label}” again.|{count} images have the label “{label}” again.": "{count} 枚のラベルを「{label}」に戻しました。",
  // shortcuts
  "Give the label with this number": "この番号のラベルを付ける",
  "Give the suggested label": "提案されたラベルを付ける",
  "Find or add a label; by words: write labels": "ラベルを探す、追加する。言葉で：ラベルを入力",
  "Switch between single images and groups": "1枚ずつとまとめての切り替え",
  "In a group: move": "まとめて：移動",
  "In a group: select all or none": "まとめて：すべて選択、解除",
  "In a group: open the image": "まとめて：画像を開く"
};

// japanese/map.js
var MAP = {
  // map
  "Pan the map": "マップを動かす",
  "Zoom in, out, show all": "拡大、縮小、全体を表示",
  "Move to the pictures in sight": "見えている画像へ移動",
  "Move the map": "マップを動かす",
  "Tools": "道具",
  "Select by a rectangle": "四角で囲んで選択",
  "Select by a lasso": "なげなわで選択",
  "Select all in sight": "見えている画像をすべて選択",
  "Select all pictures that pass the filter": "絞り込みに合う画像をすべて選択",
  "With a rectangle or a lasso: add to the selection, take from it": "四角やなげなわで：選択に追加、選択から外す",
  "{reason}. The map was loaded again": "{reason}。マップを読み込み直しました",
  "About the map": "マップについて",
  "Map of {count} picture. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.|Map of {count} pictures. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.": "{count} 枚の画像のマップ。似ている画像は近くにあります。矢印キーで移動、プラスとマイナスで拡大と縮小。拡大すると、Tab で画像へ移動できます。",
  " Regions: {regions}.": "領域：{regions}。",
  "No picture is on the map": "マップに画像がありません",
  "There is no map yet": "マップはまだありません",
  "A map shows all pictures as points. Similar pictures are near each other.": "マップは、すべての画像を点で表します。似ている画像ほど近くに並びます。",
  ", {count} more without a place": "、ほかに未配置 {count} 枚",
  "This browser cannot draw the points: it has no WebGL 2.": "このブラウザーは WebGL 2 に対応していないため、点を描けません。",
  "The picture most like {name} is lit. |The {count} pictures most like {name} are lit. ": "{name} に最も似ている {count} 枚を強調しています。",
  "Making the map": "マップを作成しています",
  "Make the map": "マップを作成",
  "Place {count} new": "新しい {count} 枚を配置",
  "Make it anew": "作り直す",
  "Or make the map with {command}": "または {command} で作成できます",
  "The map is ready": "マップができました",
  "Colours and names by {choice}": "色と名前の基準 {choice}",
  "No picture has a label.": "ラベルの付いた画像はありません。",
  "All pictures are in one folder.": "すべての画像が1つのフォルダーにあります。",
  "{number} of {count} picture|{number} of {count} pictures": "{count} 枚中 {number} 枚",
  "Copies": "コピー",
  "Of no picture it is known when it was taken.": "撮影日時のわかる画像はありません。",
  "No copies are known. The page Duplicates finds them.": "コピーはまだ見つかっていません。「重複」ページで探せます。",
  "{number} pictures are in {count} group of copies. The pictures of a group have one colour.|{number} pictures are in {count} groups of copies. The pictures of a group have one colour.": "{number} 枚が {count} グループのコピーに属します。同じグループの画像は同じ色です。",
  "Regions": "領域",
  // rings
  "{count} picture around {name}. Nearer pictures are more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.|{count} pictures around {name}. Nearer pictures are more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.": "{name} の周りに {count} 枚の画像。近いほど似ています。矢印キーで移動、プラスとマイナスで拡大と縮小、Tab で画像へ移動します。",
  "{name}, in the middle": "{name}、中心",
  "in the middle": "中心",
  "Move to the middle": "中心にする",
  "Move to the next picture, or pan": "隣の画像へ移動、または表示を動かす",
  "Move to a nearer or farther picture": "近い画像、遠い画像へ移動",
  "Move to the middle or the farthest picture": "中心、最も遠い画像へ移動",
  "Put the picture in the middle": "画像を中心にする",
  "Open details": "詳細を開く",
  "Spread": "広がり",
  "About the picture": "画像について",
  "{name} in the middle, {count} picture around it|{name} in the middle, {count} pictures around it": "中心は {name}、周りに {count} 枚",
  "No other pictures were found. ": "ほかの画像は見つかりませんでした。",
  "; the farthest at {distance}": "、最も遠い画像の距離 {distance}",
  "Search all folders": "すべてのフォルダーを検索",
  "Picture not found": "画像が見つかりません",
  "No rings for this picture": "この画像のリングは表示できません",
  "Choose another": "ほかの画像を選ぶ",
  "Rings start from a picture, and this collection has none.": "リングには起点の画像が必要ですが、このコレクションには画像がありません。",
  "One picture is in the middle, and similar pictures are around it. Nearer pictures are more similar. Choose a picture to start.": "1枚の画像を中心に、似ている画像を周りに並べます。近いほど似ています。最初の画像を選んでください。",
  "Search with a photo": "写真で検索"
};

// japanese/search.js
var SEARCH = {
  // the field at the top
  "Drop to search": "ドロップして検索",
  "Choose a picture": "画像を選ぶ",
  "Words, a picture or an id": "言葉、画像、ID",
  "A picture or an id": "画像またはID",
  "Type words or the id of an image, or paste or drop a picture on any page.": "言葉か画像のIDを入力します。どのページでも、画像を貼り付けたりドロップしたりできます。",
  "Saved searches": "保存した検索",
  "Recent searches": "最近の検索",
  "Remove saved search {search}": "保存した検索「{search}」を消去",
  "Remove recent search {search}": "最近の検索「{search}」を消去",
  "Several images have this name. Write the whole id, with the folder.": "同じ名前の画像が複数あります。フォルダーを含むID全体を入力してください。",
  "No image has this id or name, and words are not known here.": "このIDや名前の画像はありません。また、このコレクションは言葉では検索できません。",
  "a picture": "画像",
  "without {term}": "{term} を除く",
  "a part": "一部分",
  // the query
  "Query": "検索条件",
  "Add a picture": "画像を追加",
  "Pasted picture": "貼り付けた画像",
  "Added to the query": "検索条件に追加しました",
  "Add or replace?": "追加しますか、置き換えますか？",
  "The search has {pictures} already. Add this one to it, or search with this one instead? Words and filters stay.|The search has {pictures} already. Add these {count} to it, or search with these instead? Words and filters stay.": "検索条件に画像がすでに {pictures}あります。この {count} 枚を追加しますか、それとも置き換えて検索しますか？ 言葉と絞り込みはそのまま残ります。",
  "Replace": "置き換える",
  "Like": "似ている",
  "Not like": "似ていない",
  "Like this": "似ている",
  "Not like this": "似ていない",
  "Like this: {name}. Press to change": "これに似ている：{name}。押すと切り替わります",
  "Not like this: {name}. Press to change": "これに似ていない：{name}。押すと切り替わります",
  "With": "含む",
  "Without": "除く",
  "With these words: {words}. Press to change": "含む言葉：{words}。押すと切り替わります",
  "Without these words: {words}. Press to change": "除く言葉：{words}。押すと切り替わります",
  "Words": "言葉",
  "Weight": "重み",
  "Weight of {name}": "{name} の重み",
  "No preview": "プレビューできません",
  "You marked one picture as “not this one”.|You marked {count} pictures as “not this one”.": "「これではない」と印を付けた画像が {count} 枚あります。",
  "Exclude it": "検索から除く",
  "Exclude them": "検索から除く",
  "Forget the marks": "印を消去",
  "Save this search": "この検索を保存",
  "Saved": "保存済み",
  "Search saved in this browser": "検索をこのブラウザーに保存しました",
  "Search no longer saved": "検索の保存を解除しました",
  // a part of a picture
  "Select a part": "一部分を選ぶ",
  "Search a part of this picture": "この画像の一部分で検索",
  "Search this part": "この部分で検索",
  "Whole picture": "画像全体",
  "Selected part": "選んだ部分",
  "Selected part: {width} by {height} pixels, at {x}, {y}": "選んだ部分：{width} × {height} ピクセル、位置 {x}, {y}",
  "Arrow keys move the frame, Shift and arrow keys resize it, Enter searches, Escape cancels.": "矢印キーで枠を移動、Shift と矢印キーで大きさを変更、Enter で検索、Escape でキャンセル。",
  "Move the frame around a part; with Shift, resize it": "枠を移動。Shift で大きさを変更",
  "Search the part in the frame": "枠の中の部分で検索",
  "Close the frame": "枠を閉じる",
  // filters
  "Filters": "絞り込み",
  "Filters that apply": "適用中の絞り込み",
  "Add a filter": "絞り込みを追加",
  "Change the filter: {filter}": "絞り込みを変更：{filter}",
  "Remove the filter: {filter}": "絞り込みを外す：{filter}",
  "Date": "日付",
  "Taken from": "撮影日（開始）",
  "Taken until": "撮影日（終了）",
  "Taken {from} to {to}": "撮影日 {from} ～ {to}",
  "Taken from {from}": "撮影日 {from} 以降",
  "Taken until {to}": "撮影日 {to} 以前",
  "Camera": "カメラ",
  "Camera {camera}": "カメラ：{camera}",
  "Label {label}": "ラベル：{label}",
  "Width at least (pixels)": "幅の下限（ピクセル）",
  "File at least (MB)": "ファイルサイズの下限 (MB)",
  "{width} pixels wide or more": "幅 {width} ピクセル以上",
  "{number} MB or more": "{number} MB 以上",
  "Folder {folder}": "フォルダー：{folder}",
  "Format": "形式",
  "Format {format}": "形式：{format}",
  "Filter": "絞り込み",
  "Filter by an expression": "条件式で絞り込む",
  "In folder": "フォルダー",
  "Where": "条件式",
  "Columns: {columns}. Example: {example}": "使える項目：{columns}。例：{example}",
  "Maximum distance": "距離の上限",
  "any": "指定なし",
  "Show copies as one": "コピーをまとめて表示",
  "The nearest of some copies stands for all that were found on the page Duplicates.": "「重複」ページで見つかったコピーは、最も近い1枚で代表して表示します。",
  // the answer
  "Results": "検索結果",
  "Show results as": "結果の表示方法",
  "Rows": "並べて表示",
  "No results": "見つかりませんでした",
  "No picture is near enough and passes the filters.": "距離と絞り込みの条件を満たす画像がありません。",
  "The server is busy": "サーバーが混み合っています",
  "It has too many requests. Try again in a moment.": "要求が多すぎます。少し待ってから、もう一度お試しください。",
  " · {count} not yet compared for copies": " · コピーの比較がまだの画像 {count} 枚",
  ", good match": "、よく合っています",
  "Like this too": "これにも似ている",
  "Nearer to the words than is usual here": "このコレクションの中では、言葉によく合っています",
  "and {count} more": "ほか {count} 枚",
  "and {count} copy|and {count} copies": "ほかにコピー {count} 枚",
  "{count} picture found|{count} pictures found": "{count} 枚見つかりました",
  "This picture is no longer available": "この画像はもう使えません",
  "Only your browser keeps the pictures that you search with, and only the latest ones. Add the picture again.": "検索に使った画像はブラウザーだけが保存し、新しいものしか残りません。もう一度追加してください。",
  "No search was made": "検索しませんでした",
  "See the message under the picture.": "画像の下のメッセージをご覧ください。",
  "See the message under the words.": "言葉の下のメッセージをご覧ください。",
  "A filter is not valid": "絞り込みの指定が正しくありません",
  "See the message under the filter.": "絞り込みの下のメッセージをご覧ください。",
  "Picture too large": "画像が大きすぎます",
  "Remove the picture that is too large, or use a smaller copy.": "大きすぎる画像を外すか、縮小した画像を使ってください。",
  "Too large: {size} MiB. The server accepts {most} MiB at most.": "大きすぎます：{size} MiB。サーバーが受け付けるのは {most} MiB までです。",
  "Too large for the server. Use a smaller copy.": "サーバーが受け付ける大きさを超えています。縮小した画像を使ってください。",
  "Nothing to search for": "検索するものがありません",
  "The query says only what the results should not be like. Add a picture or words that they should be like.": "検索条件に、除くものしかありません。似ている画像か言葉を追加してください。",
  "Sending {size} MiB, then searching": "{size} MiB を送信してから検索します",
  "Searching": "検索しています",
  "Cancelled": "キャンセルしました",
  "Search again": "もう一度検索",
  "Drop a photo here": "ここに写真をドロップ",
  "or paste one, to find pictures that look like it. The photo is sent only to this server, and the server does not keep it.": "または貼り付けると、似ている画像が見つかります。写真はこのサーバーだけに送られ、サーバーには残りません。",
  "Choose photos": "写真を選ぶ",
  "Choose from the collection": "コレクションから選ぶ"
};

// japanese/status.js
var STATUS = {
  // progress and runs
  "Indexing": "登録中",
  "Replacing": "モデルを交換中",
  "Replacing the model with {model}": "モデルを {model} に交換しています",
  "Searches use the present model until all images have new vectors.": "すべての画像の新しいベクトルがそろうまで、検索には今のモデルを使います。",
  "No process works on it now. To go on, run the same {command} again.": "今は処理していません。続けるには、同じ {command} をもう一度実行してください。",
  "Scanning the folder": "フォルダーを調べています",
  "{rate} images/s": "毎秒 {rate} 枚",
  "{time} left": "残り{time}",
  "{count} process|{count} processes": "{count} プロセス",
  "Runs": "登録の実行",
  "Index again": "もう一度登録",
  "Retry failures": "失敗した画像を再試行",
  "Indexing has started": "登録を始めました",
  "Indexing has ended": "登録が終わりました",
  "Indexing stopped early": "登録が途中で止まりました",
  "Indexing stopped early: {reason}": "登録が途中で止まりました：{reason}",
  "A run is in progress already": "すでに登録を実行しています",
  "The last run: {summary}.": "前回の登録：{summary}。",
  "{count} added": "追加 {count}",
  "{count} updated": "更新 {count}",
  "{count} moved": "移動 {count}",
  "{count} reused": "再利用 {count}",
  "{count} gone": "消失 {count}",
  "{count} failed": "失敗 {count}",
  // counts
  "Counts": "枚数",
  "Images": "画像",
  "can be searched": "検索できます",
  "Waiting": "待機中",
  "to be indexed": "登録を待っています",
  "Failed": "失敗",
  "could not be read": "読み取れませんでした",
  "Damaged": "破損",
  "read in part": "一部だけ読み取れました",
  "Missing": "見つからない",
  "files that no longer exist": "ファイルがなくなりました",
  "Removed": "除外",
  "excluded from searches": "検索の対象外です",
  "{stage}: {reason}": "{stage}：{reason}",
  "Failures": "失敗した画像",
  "Every image could be read.": "すべての画像を読み取れました。",
  // the index
  "Index": "索引",
  "Searches": "検索方法",
  "Approximate": "近似",
  "Exact": "厳密",
  "Distance": "距離",
  "Model": "モデル",
  "On disk": "ディスク使用量",
  "Store": "保存先",
  "Version": "バージョン",
  "Share of the true nearest neighbours that a search finds:": "検索で見つかる真の最近傍の割合：",
  "Every search returns exactly the nearest images.": "検索は、最も近い画像を漏れなく返します。",
  "{number} of {total} rows are in the index.": "{total} 行中 {number} 行が索引にあります。",
  "The nearest": "最も近い1枚",
  "The nearest {k}": "近い {k} 枚",
  "{nearest}, by words": "{nearest}（言葉で）",
  "Recall at {k}": "{k} 枚での再現率",
  "Recall at {k}, by words": "{k} 枚での再現率（言葉で）",
  "Versions and counts to report a bug with. It names no file.": "不具合の報告に使うバージョンと件数です。ファイル名は含みません。",
  "Copy a report": "報告用の情報をコピー",
  "Report copied": "報告用の情報をコピーしました",
  "The report could not be made: {reason}": "報告用の情報を作成できませんでした：{reason}",
  // the first run
  "First run": "はじめに",
  "Looking at the folder…": "フォルダーを調べています…",
  "This folder cannot be indexed": "このフォルダーは登録できません",
  "Look again": "もう一度調べる",
  "Formats": "形式",
  "no ending": "拡張子なし",
  "{count} folder could not be read|{count} folders could not be read": "読み取れないフォルダーが {count} 個あります",
  "This folder is inside a folder that has a collection already. To look around in that one, run {command}.": "上位のフォルダーに、すでにコレクションがあります。そちらを見るには {command} を実行してください。",
  "Network": "ネットワーク",
  "To search by words, or for other networks, see {command}. A collection can get another network later.": "言葉での検索やほかのネットワークについては {command} をご覧ください。ネットワークは後から変更できます。",
  "The collection is kept in {folder}. Images are only read, never changed.": "コレクションは {folder} に保存します。画像は読み取るだけで、変更しません。",
  "{number} numbers an image, searches by words too. {source}": "1枚につき {number} 個の数値。言葉でも検索できます。{source}",
  "{number} numbers an image. {source}": "1枚につき {number} 個の数値。{source}",
  "Estimating time and space with a few images…": "数枚の画像で、時間と容量を見積もっています…",
  "There is no estimate: {reason}": "見積もれませんでした：{reason}",
  "About {time}, {disk} on disk, but only {free} are free, up to {memory} of memory.": "約{time}。ディスクに {disk} 必要ですが、空きは {free} しかありません。メモリーは最大 {memory}。",
  "About {time}, {disk} on disk of {free} that are free, up to {memory} of memory.": "約{time}。ディスク {disk}（空き {free}）、メモリーは最大 {memory}。",
  "The collection is being created": "コレクションを作成しています",
  // serve --watch
  "{reason}.": "{reason}。",
  "The server begins to watch the folder.": "サーバーがフォルダーの監視を始めています。",
  "The server indexes changes of the folder as they come.": "サーバーはフォルダーの変更をすぐに取り込みます。",
  "The server looks for changes of the folder every {seconds} s.": "サーバーは {seconds} 秒ごとにフォルダーの変更を確認します。"
};

// japanese/catalogue.js
var JAPANESE = {
  ...BASE,
  ...BROWSE,
  ...SEARCH,
  ...DUPLICATES,
  ...LABEL,
  ...MAP,
  ...STATUS
};

// japanese/problems.js
var PROBLEMS = {
  // another change came first
  "the images of this grid have changed: load it again": "この一覧の画像が変わりました。読み込み直してください",
  "the map has changed: load it again": "マップが変わりました。読み込み直してください",
  "the collection has changed since these images were selected": "選択した後にコレクションが変わりました",
  "the images, or those that pass the filter, have changed since these were selected: nothing was done, select again": "選択した後に、画像または絞り込みの結果が変わりました。何も行っていません。選択し直してください",
  "some of these images no longer pass the filter: nothing was done, select again": "絞り込みに合わなくなった画像があります。何も行っていません。選択し直してください",
  "{name} has {there} by now: another page gave it": "{name} のラベルは、別のページで変わりました（現在：{there}）",
  "no label": "ラベルなし",
  "the label {label}": "ラベル {label}",
  "the server has forgotten this selection: select again": "サーバーにこの選択が残っていません。選択し直してください",
  // busy, too large, too slow, not allowed
  "too many searches are waiting: try again in a moment": "待っている検索が多すぎます。しばらくしてからもう一度お試しください",
  "too many {kind} are waiting: try again in a moment": "待っている要求が多すぎます（{kind}）。しばらくしてからもう一度お試しください",
  "the body of the request is larger than {size}, the limit for this address: see --max-upload for pictures": "送信したデータが上限 {size} を超えています。画像の上限は --max-upload で変えられます",
  "the body of the request did not arrive in time": "送信したデータが時間内に届きませんでした",
  "the body of the request arrives too slowly": "送信したデータの届き方が遅すぎます",
  "this server sends mosaics only, and no films": "このサーバーはモザイクだけを送り、動画は送りません",
  "this server sends mosaics only, and no original files": "このサーバーはモザイクだけを送り、元のファイルは送りません",
  "only this server's own pages may change the collection": "コレクションを変更できるのは、このサーバー自身のページだけです",
  "this server is read-only: start it with --allow-changes": "このサーバーは読み取り専用です。変更するには --allow-changes を付けて起動してください",
  "the header {header} does not carry this server's key: get it from /api/v1/changes again": "ヘッダー {header} の鍵がこのサーバーのものではありません。ページを読み込み直してください",
  "the Host header does not name this server: see --allow-host": "Host ヘッダーがこのサーバーを指していません。--allow-host をご覧ください",
  "a page of another site may not send this: see --cors for searches": "ほかのサイトのページからは送信できません。検索については --cors をご覧ください",
  "this server needs a token: send the header Authorization: Bearer TOKEN": "このサーバーにはトークンが必要です。ヘッダー Authorization: Bearer TOKEN を送ってください",
  // images and their files
  "the collection has no image {name}": "コレクションに画像 {name} がありません",
  "the collection has no folder {name}": "コレクションにフォルダー {name} がありません",
  "{name} is an image of the collection, but it has no vector: see `sokkuri status`": "{name} はコレクションの画像ですが、特徴ベクトルがありません。`sokkuri status` をご覧ください",
  "{name} is neither an image file nor an id of the collection in {folder}": "{name} は画像ファイルでも、{folder} のコレクションの ID でもありません",
  "{name} does not exist": "{name} がありません",
  "the file of {name} does not exist, so it cannot be cropped": "{name} のファイルがないため、一部を切り出せません",
  "the file of {name} is gone": "{name} のファイルがなくなりました",
  "{name} lies outside the collection's address": "{name} はコレクションの場所の外にあります",
  "{name} is a link to a file outside the collection's folder": "{name} は、コレクションのフォルダーの外にあるファイルへのリンクです",
  "{name} is no frame of a film": "{name} は動画のコマではありません",
  "it may not be sent": "送信できません",
  "it is no regular file": "通常のファイルではありません",
  "{name} is a frame of {film}, so nothing was moved: frames have no file of their own, and the whole film is never moved for one of them": "{name} は {film} のコマのため、何も移動していません。コマに独自のファイルはなく、1 コマのために動画全体を移動することはありません",
  // searches
  "nothing to search for: send a picture in the field image, or ids, or texts": "検索条件がありません。画像、ID、または言葉を指定してください",
  "words are compared by cosine: leave the metric out": "言葉はコサイン距離で比べます。距離の種類を指定しないでください",
  "there are {number} weights for {pictures} pictures": "画像 {pictures} 枚に対して、重みが {number} 個あります",
  "the weight of a picture must be a number": "画像の重みは数でなければなりません",
  "the weight {weight} must be above 0 and at most {most}: to search away from a term, use --not or --not-text": "重み {weight} は、0 より大きく {most} 以下でなければなりません",
  "the field {name} must be a file": "{name} はファイルでなければなりません",
  "send pictures in the field image, not in {name}": "画像は {name} ではなく image で送ってください",
  "{field}: must be x,y,width,height in pixels": "{field}：x,y,幅,高さを画素で指定してください",
  "{field}: must be a text": "{field}：文字列でなければなりません",
  "{field}: must not contain a NUL character": "{field}：NUL 文字は使えません",
  "{field}: contains characters that no file name can have": "{field}：ファイル名に使えない文字があります",
  "{field}: must be a folder relative to the collection's root, without '..'": "{field}：「..」を含まない、コレクションの中のフォルダーを指定してください",
  "{field}: has {number} fields, most of them unknown": "{field}：{number} 個の項目の大半が不明です",
  "{field}: must have the order of the grid, because it has a filter": "{field}：絞り込みがあるため、一覧の順序が必要です",
  "{field}: must have one of grid, map and ids": "{field}：grid、map、ids のどれか一つが必要です",
  "ranges: they must follow each other, and end at {number} at most": "範囲は順に並び、{number} 以下で終わらなければなりません",
  "points: they must be bits in base64": "点は base64 のビット列でなければなりません",
  "points: there must be some, and {number} at most": "点は 1 個以上、{number} 個以下でなければなりません",
  "this is not a cursor: send the `next` that a page returned": "続きの位置が正しくありません。ページを読み込み直してください",
  // filters
  "{name} is not below {folder}": "{name} は {folder} の中にありません",
  "in `{text}`: expected {wanted}, but found {there}": "「{text}」に誤りがあります。必要なもの：{wanted}、見つかったもの：{there}",
  "in `{text}`: unknown text {word}": "「{text}」の {word} を理解できません",
  "the expression is nested too deeply": "式の入れ子が深すぎます",
  "the expression has more than {number} comparisons": "式の比較が {number} 個を超えています",
  "{name} cannot be used here: this server shows no places": "{name} は使えません。このサーバーは場所を表示しません",
  "{name} is photo metadata, which was not read yet: run `sokkuri index --metadata`": "{name} は写真の情報で、まだ読み取られていません。`sokkuri index --metadata` を実行してください",
  "the end": "終わり",
  "`and` or `or`": "`and` または `or`",
  "a number": "数",
  "a date": "日付",
  "a text": "文字列",
  "a yes or no": "yes または no",
  "one of {names}": "次のどれか：{names}",
  "= or != and a {kind}": "= または != と値（{kind}）",
  "a date such as 2024, 2024-01-31 or 2024-01-31T18:00": "2024、2024-01-31、2024-01-31T18:00 のような日付",
  // labels, the first run, duplicates
  "the label is {label} already": "ラベルはすでに {label} です",
  "no image has the label {label}": "ラベル {label} の付いた画像がありません",
  "no such change of labels is left to undo": "取り消せるラベルの変更が残っていません",
  "a label has 1 to {most} characters, not {number}": "ラベルは 1 文字以上 {most} 文字以下です（現在 {number} 文字）",
  "a label is printable text, unlike {label}": "{label} には、ラベルに使えない文字があります",
  "no network {name}: see `sokkuri models`": "ネットワーク {name} がありません。`sokkuri models` をご覧ください",
  "{path} has moves of another collection: use `sokkuri duplicates --undo`": "{path} は別のコレクションの移動の記録です。`sokkuri duplicates --undo` を使ってください",
  "there is no such log: send the `log` that a drop returned": "この移動の記録がありません",
  // why a file stays where it is
  "{name}, which it belongs to, stays": "元の {name} が残るため",
  "it and the file to keep are the same file": "残すファイルと同じファイルのため",
  "the plan keeps it": "残すと決められたファイルのため",
  "it was changed after the plan was made": "比較した後に変更されたため",
  "the file to keep, {name}, was changed after the plan was made": "残すファイル {name} が、比較した後に変更されたため",
  "another file is at its place": "元の場所に別のファイルがあるため",
  "it is not in the trash any more": "ゴミ箱にもうないため",
  "it is not there any more": "もうないため",
  "it is not {place} any more": "移動先にもうないため（{place}）",
  "{name} exists already": "{name} がすでにあるため",
  "its bytes differ from those of the file to keep": "残すファイルと内容が異なるため",
  "it and the file to keep are on two file systems": "残すファイルと別のディスクにあるため",
  "it and the file to keep have different owners": "残すファイルと所有者が異なるため",
  "there is no file to keep that it could be linked to": "リンク先として残すファイルがないため",
  "it is no sidecar": "付属ファイルではないため",
  "the sidecar was changed since": "付属ファイルがその後に変更されたため",
  "{name} is left as it is: it is a link, or too large": "{name} はリンクか、大きすぎるため、変更しません",
  "{name} is left as it is: {reason}": "{name} は変更しません：{reason}",
  "there is no folder {folder}": "フォルダー {folder} がないため",
  "a link leads from {path} out of {folder}": "{path} からリンクが {folder} の外に出ているため",
  "{name} is not there any more": "{name} がもうないため",
  "{name} is a link": "{name} はリンクのため",
  "{name} is not a regular file": "{name} は通常のファイルではないため",
  "the trash does not take it: {reason}": "ゴミ箱に移動できません：{reason}",
  "the trash did not take it": "ゴミ箱に移動できませんでした"
};

// japanese/server.js
var SERVER = {
  // titles of problems
  "Bad request": "要求が正しくありません",
  "Forbidden": "許可されていません",
  "Unauthorized": "サインインが必要です",
  "Not found": "見つかりません",
  "Method not allowed": "この操作はできません",
  "Misdirected request": "宛先が正しくありません",
  "Request timeout": "要求が時間内に届きませんでした",
  "Conflict": "変更が競合しました",
  "Request entity too large": "送信したデータが大きすぎます",
  "Content too large": "送信したデータが大きすぎます",
  "Unprocessable entity": "要求を処理できません",
  "Unprocessable content": "要求を処理できません",
  "Internal server error": "サーバーの内部エラー",
  "Not implemented": "この機能は使えません",
  "Service unavailable": "今は利用できません",
  "the server has a fault: see its log": "サーバーに問題が発生しました。ログをご覧ください",
  // why an image failed, or was read in part
  "read": "読み取り",
  "decode": "展開",
  "extract": "特徴の抽出",
  "the file is empty": "ファイルが空です",
  "the file is cut short": "ファイルが途中で切れています",
  "the file is cut short, and only whole {kind} files can be read": "ファイルが途中で切れています。{kind} は全体がそろっていないと読み取れません",
  "the file is cut short: {share} of the picture is missing": "ファイルが途中で切れています（{share} が欠けています）",
  "the image is damaged: {reason}": "画像が破損しています：{reason}",
  "its kind is not supported: {reason}": "対応していない種類です：{reason}",
  "it needs too much memory": "メモリーが足りません",
  "there is not enough memory to decode it": "展開するメモリーが足りません",
  "it claims more pixels than the limit of {limit}": "画素数が上限 {limit} を超えています",
  "{size} pixels are more than the limit of {limit}": "{size} 画素は上限 {limit} を超えています",
  "decoding it takes more than {number} seconds": "展開に {number} 秒以上かかります",
  // groups of the grid, EXIF
  "Without a date": "日付なし",
  "Camera": "カメラ",
  "Lens": "レンズ",
  "Taken": "撮影日時",
  "Exposure": "露出時間",
  "Aperture": "絞り",
  "Sensitivity": "感度",
  "Focal length": "焦点距離",
  "Rating": "評価",
  "Keywords": "キーワード",
  "Software": "ソフトウェア",
  "Artist": "撮影者",
  "Copyright": "著作権",
  "Description": "説明",
  // stages of runs
  "starting": "開始",
  "listing": "ファイルを一覧中",
  "reading": "読み取り中",
  "comparing": "比較中",
  "choosing": "選択中",
  "grouping": "グループを作成中",
  "checking": "確認中",
  "looking": "確認中",
  "projecting": "配置を計算中",
  "placing": "配置中",
  "waiting": "待機中",
  "done": "完了",
  "extracting": "特徴を抽出中",
  "averaging": "平均を計算中",
  // edits
  "cropped": "切り抜き",
  "mirrored": "左右反転",
  "rotated": "回転",
  "recoloured": "色の変更",
  "covered": "書き込み",
  "framed": "枠付き",
  "squashed": "縦横比の変更",
  "resized": "サイズ変更",
  "re-encoded": "再保存",
  // why a picture is kept
  "is preferred by you": "指定されている",
  "is whole, and not cut short": "途中で切れていない",
  "has no frame, bars, text or cover of another": "枠や帯、文字、書き込みがない",
  "has its colours": "色が残っている",
  "is the right way round": "左右が正しい",
  "was not turned": "回転されていない",
  "shows the whole picture": "画像全体が写っている",
  "is neither enlarged nor saved again from another": "拡大も再保存もされていない",
  "has the proportions of most": "縦横比がほかと同じ",
  "has the metadata of a camera": "カメラの情報がある",
  "lost less when it was saved": "保存による劣化が少ない",
  "lost a little less when it was saved": "保存による劣化がわずかに少ない",
  "has the sidecar with most edits": "編集内容が最も多い付属ファイルがある",
  "has the video of a Live Photo": "Live Photos の動画がある",
  "has the most pixels": "画素数が最大",
  "does not have the name of a copy": "名前がコピーのものではない",
  "has the most bytes": "ファイルサイズが最大",
  "is the oldest file": "最も古いファイル",
  "is the first by name": "名前の順で先頭",
  "has the same bytes": "ファイルの内容が同じ",
  "comes first by --keep {rule}": "--keep {rule} で先頭",
  "{name} shows the picture larger": "{name} のほうが大きく写っている",
  "{name} could not be aligned with it": "{name} と位置を合わせられない",
  // why an image is suggested for a label
  "stands for itself: all others are nearer to another labelled or suggested one": "この画像だけを代表します。ほかの画像は、別のラベル付きまたは提案済みの画像のほうが近くにあります",
  "stands for about {number} images: no labelled or suggested one is nearer to them": "およそ {number} 枚を代表します。それらに、より近いラベル付きまたは提案済みの画像はありません",
  "no image has a label yet, and this one is nearest to the average": "ラベルの付いた画像がまだなく、この画像が平均に最も近いため",
  "{name} is the nearest, at {distance}": "最も近いのは {name}、距離 {distance}",
  // words
  "the collection's model {name} knows no words: give it one that does: install the extras words and hub, then {first} (it fetches {size} MB), then {second}": "このコレクションのモデル {name} では、言葉で検索できません。言葉を扱えるモデルにするには、追加機能 words と hub をインストールし、{first} を実行して（{size} MB を取得）、{second} を実行してください",
  // the first run
  "The server may not read {folder}.": "サーバーに {folder} を読み取る権限がありません。",
  "There are no images in {folder}.": "{folder} に画像がありません。"
};

// base/messages.js
var CATALOGUES = { en: {}, ja: JAPANESE };
var SERVER_TEXTS = { en: {}, ja: { ...SERVER, ...PROBLEMS } };
var NESTED = /* @__PURE__ */ new Set(["reason", "wanted", "there"]);
var LANGUAGES = { en: "English", ja: "日本語" };
var language = globalThis.document?.documentElement.lang === "ja" ? "ja" : "en";
var asked = globalThis.navigator?.languages ?? [];
var locale = asked.find((tag) => tag.split("-")[0] === language) ?? (isChosen() ? language : asked[0] ?? language);
var catalogue = CATALOGUES[language];
var known = SERVER_TEXTS[language];
var patterns = Object.entries(known).filter(([text2]) => text2.includes("{")).map(([text2, translation]) => ({ pattern: toPattern(text2), translation }));
var rules = new Intl.PluralRules(language);
var englishRules = new Intl.PluralRules("en");
var numbers = new Intl.NumberFormat(locale);
var lists = new Intl.ListFormat(language, language === "en" ? { type: "unit", style: "short" } : { type: "conjunction" });
function isChosen() {
  try {
    return JSON.parse(localStorage.getItem("sokkuri.language") ?? "null") === language;
  } catch {
    return false;
  }
}
function t(text2, values) {
  return rich(text2, values).join("");
}
function rich(text2, values = {}) {
  const [one, other = one] = (catalogue[text2] ?? text2).split("|");
  const count2 = Number(values.count ?? 0);
  const isOne = (text2 in catalogue ? rules : englishRules).select(count2) === "one";
  const parts2 = (isOne ? one : other).split(/\{(\w+)\}/);
  return parts2.flatMap((part, number) => {
    if (number % 2 === 0) return part;
    const value = values[part] ?? "";
    return typeof value === "number" ? numbers.format(value) : value;
  });
}
function serverText(text2) {
  if (text2 in known) return known[text2];
  for (const { pattern, translation } of patterns) {
    const found = pattern.exec(text2);
    if (!found) continue;
    return translation.replace(/\{(\w+)\}/g, (_, name2) => {
      const value = found.groups?.[name2] ?? "";
      return NESTED.has(name2) ? serverText(value) : value;
    });
  }
  return text2;
}
var serverList = (text2) => list(text2.split(", ").map(serverText));
function toPattern(text2) {
  const parts2 = text2.split(/\{(\w+)\}/).map((part, number) => number % 2 ? `(?<${part}>.+)` : part.replace(/[$()*+.?[\\\]^|]/g, "\\$&"));
  return new RegExp(`^${parts2.join("")}$`, "s");
}
var list = (texts) => lists.format(texts);
function translateDocument(root) {
  if (language === "en") return;
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const node = (
      /** @type {Text} */
      nodes.currentNode
    );
    const text2 = node.data.trim();
    if (text2) node.data = node.data.replace(text2, t(text2));
  }
  for (const name2 of ["aria-label", "title"]) {
    for (const element2 of root.querySelectorAll(`[${name2}]`)) {
      element2.setAttribute(name2, t(element2.getAttribute(name2) ?? ""));
    }
  }
  document.documentElement.dataset.translated = "";
}

// base/problem_text.js
function problemText(text2) {
  const shown2 = serverText(text2);
  return language === "en" || shown2 !== text2 ? shown2 : t("The server said: {text}", { text: text2 });
}

// base/query.js
var bytes = new TextEncoder();
var text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
function encode(value) {
  let out = "";
  for (const char of String(value)) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 56448 && code <= 56575) out += `%${(code - 56320).toString(16).toUpperCase()}`;
    else if (code >= 55296 && code <= 57343) out += "%EF%BF%BD";
    else out += encodeURIComponent(char);
  }
  return out;
}
function decode(value) {
  const raw = [];
  const source2 = bytes.encode(value.replaceAll("+", " "));
  for (let i = 0; i < source2.length; i++) {
    const hex = source2[i] === 37 ? hexByte(source2[i + 1], source2[i + 2]) : -1;
    raw.push(hex < 0 ? source2[i] : hex);
    if (hex >= 0) i += 2;
  }
  return decodeBytes(Uint8Array.from(raw));
}
function hexByte(high, low) {
  const digits = String.fromCharCode(high ?? 0, low ?? 0);
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : -1;
}
function decodeBytes(raw) {
  try {
    return text.decode(raw);
  } catch {
    return decodeEscaping(raw);
  }
}
function decodeEscaping(raw) {
  let out = "";
  for (let i = 0; i < raw.length; ) {
    const length = raw[i] < 128 ? 1 : raw[i] < 224 ? 2 : raw[i] < 240 ? 3 : 4;
    try {
      out += text.decode(raw.subarray(i, i + length));
      i += length;
    } catch {
      out += String.fromCharCode(56320 + raw[i]);
      i += 1;
    }
  }
  return out;
}
function toQuery(params) {
  const pairs = params instanceof Query ? [...params] : Object.entries(params ?? {});
  const out = [];
  for (const [key2, value] of pairs) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === null || item === void 0 || item === false || item === "") continue;
      out.push(`${encode(key2)}=${readable(encode(String(item === true ? 1 : item)))}`);
    }
  }
  return out.join("&");
}
function readable(value) {
  return value.replaceAll("%2F", "/").replaceAll("%2C", ",");
}
var Query = class {
  /** @param {string} [search] a query string, with or without "?" */
  constructor(search2 = "") {
    this.pairs = [];
    for (const part of search2.replace(/^\?/, "").split("&")) {
      if (!part) continue;
      const equals = part.indexOf("=");
      const key2 = equals < 0 ? part : part.slice(0, equals);
      this.pairs.push([decode(key2), equals < 0 ? "" : decode(part.slice(equals + 1))]);
    }
  }
  /** @param {string} key */
  get(key2) {
    return this.pairs.find(([name2]) => name2 === key2)?.[1] ?? null;
  }
  /** @param {string} key */
  getAll(key2) {
    return this.pairs.filter(([name2]) => name2 === key2).map(([, value]) => value);
  }
  /** @param {string} key */
  has(key2) {
    return this.pairs.some(([name2]) => name2 === key2);
  }
  /**
   * @param {string} key
   * @param {string | number} value
   */
  append(key2, value) {
    this.pairs.push([key2, String(value)]);
  }
  /**
   * @param {string} key
   * @param {string | number} value
   */
  set(key2, value) {
    const index = this.pairs.findIndex(([name2]) => name2 === key2);
    if (index < 0) {
      this.append(key2, value);
      return;
    }
    this.pairs[index] = [key2, String(value)];
    this.pairs = this.pairs.filter(([name2], i) => name2 !== key2 || i <= index);
  }
  /** @param {string} key */
  delete(key2) {
    this.pairs = this.pairs.filter(([name2]) => name2 !== key2);
  }
  keys() {
    return this.pairs.map(([name2]) => name2).values();
  }
  values() {
    return this.pairs.map(([, value]) => value).values();
  }
  entries() {
    return this[Symbol.iterator]();
  }
  /** @param {(value: string, key: string, query: Query) => void} callback */
  forEach(callback) {
    for (const [key2, value] of this) callback(value, key2, this);
  }
  get size() {
    return this.pairs.length;
  }
  /** An object for `toQuery` and `navigate`. A key that occurs more than once has an array. */
  toObject() {
    const out = {};
    for (const key2 of this.keys()) {
      const all = this.getAll(key2);
      out[key2] = all.length > 1 ? all : all[0];
    }
    return out;
  }
  toString() {
    return toQuery(this);
  }
  /** @returns {IterableIterator<[string, string]>} */
  [Symbol.iterator]() {
    return this.pairs.values();
  }
};

// base/settings.js
var KEPT = {
  theme: "auto",
  language: "auto",
  mosaic: false,
  folders: true,
  size: 0,
  slide: 4,
  recent: [],
  saved: []
};
var SESSION = { notLike: [], deeds: [] };
var PREFIX = "sokkuri.";
var forced = /* @__PURE__ */ new Map();
var memory = /* @__PURE__ */ new Map();
var listeners = /* @__PURE__ */ new Map();
function get(key2) {
  if (forced.has(key2)) return forced.get(key2);
  if (memory.has(key2)) return memory.get(key2);
  const value = read(key2);
  memory.set(key2, value);
  return value;
}
function fallback(key2) {
  return { ...KEPT, ...SESSION }[key2];
}
function read(key2) {
  try {
    const kept2 = (key2 in SESSION ? sessionStorage : localStorage).getItem(PREFIX + key2);
    const value = kept2 === null ? null : JSON.parse(kept2);
    const isOfKind = value !== null && Array.isArray(value) === Array.isArray(fallback(key2));
    return isOfKind ? value : fallback(key2);
  } catch {
    return fallback(key2);
  }
}
function set(key2, value) {
  memory.set(key2, value);
  try {
    (key2 in SESSION ? sessionStorage : localStorage).setItem(PREFIX + key2, JSON.stringify(value));
  } catch {
  }
  notify(key2);
}
function force(key2, value) {
  forced.set(key2, value);
  notify(key2);
}
function isForced(key2) {
  return forced.has(key2);
}
function subscribe(key2, callback) {
  const all = listeners.get(key2) ?? /* @__PURE__ */ new Set();
  listeners.set(key2, all.add(callback));
  return () => all.delete(callback);
}
function notify(key2) {
  const name2 = (
    /** @type {keyof Settings} */
    key2
  );
  for (const callback of [...listeners.get(key2) ?? []]) callback(get(name2));
}
globalThis.addEventListener?.("storage", ({ key: key2 }) => {
  if (!key2?.startsWith(PREFIX)) return;
  memory.delete(key2.slice(PREFIX.length));
  notify(key2.slice(PREFIX.length));
});

// base/api.js
var BASE2 = "/api/v1";
var RETRIES = 3;
var URN = "urn:sokkuri:problem:";
var Problem = class extends Error {
  /**
   * @param {{status: number, title?: string, detail?: string, type?: string}} problem
   * @param {number} [retryAfter] seconds
   */
  constructor({ status: status2, title: title10, detail, type }, retryAfter = 0) {
    super(problemText(detail || title10 || "") || t("The server answered {status}", { status: String(status2) }));
    this.name = "Problem";
    this.status = status2;
    this.title = title10 ?? t("Something went wrong");
    this.detail = detail ?? "";
    this.type = type ?? "about:blank";
    this.retryAfter = retryAfter;
  }
};
var LostServer = class extends Error {
  constructor() {
    super(t("The server does not answer"));
    this.name = "LostServer";
  }
};
var isAbort = (error) => error instanceof Error && error.name === "AbortError";
var messageOf = (error) => error instanceof Error ? error.message : String(error);
var isConflict = (error) => error instanceof Problem && error.status === 409;
var connection = new EventTarget();
function encodeId(id) {
  return encode(id).replaceAll("%2F", "/");
}
function imageUrl(id, kind, { size, v } = {}) {
  const mosaic = get("mosaic") ? 1 : null;
  const query = toQuery({ size: kind === "thumbnail" ? size ?? 256 : null, v, mosaic });
  return `${BASE2}/images/${encodeId(id)}/${kind}${query ? `?${query}` : ""}`;
}
function get2(path, params, { signal } = {}) {
  const query = toQuery(
    /** @type {?Params} */
    params
  );
  return request(`${BASE2}${path}${query ? `?${query}` : ""}`, { signal });
}
async function getResponse(path, params, { signal } = {}) {
  const response = await send(`${BASE2}${path}?${toQuery(params)}`, { signal });
  if (!response.ok) throw await toProblem(response);
  return response;
}
async function request(url, options) {
  for (let attempt3 = 0; ; attempt3++) {
    const response = await send(url, options);
    if (response.ok) return readJson(response, options.signal);
    const problem = await toProblem(response);
    if (response.status === 401) location.assign("/login");
    const retry = response.status === 503 && attempt3 < RETRIES && canRetry(problem, options);
    if (!retry) throw problem;
    await pause(Math.min(problem.retryAfter || 1, 10) * 1e3, options.signal);
  }
}
var canRetry = (problem, { method }) => !method || problem.type === `${URN}busy`;
async function send(url, options) {
  try {
    const headers = { accept: "application/json", ...options.headers };
    return await fetch(url, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    throw connectionError(error, options.signal);
  }
}
async function readJson(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    throw connectionError(error, signal);
  }
}
function connectionError(error, signal) {
  if (signal?.aborted || isAbort(error)) return error;
  connection.dispatchEvent(new Event("lost"));
  return new LostServer();
}
async function toProblem(response) {
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
  }
  return new Problem(
    { title: response.statusText, ...problem, status: response.status },
    retryAfter
  );
}
function pause(milliseconds2, signal) {
  return new Promise((resolve, reject) => {
    const timer2 = setTimeout(resolve, milliseconds2);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer2);
      reject(new DOMException("aborted", "AbortError"));
    }, { once: true });
  });
}
var image = (id, options) => get2(`/images/${encodeId(id)}`, null, options);
var similar = (id, params, options) => get2(`/images/${encodeId(id)}/similar`, params, options);
var grid = (params, options) => get2("/grid", params, options);
var gridItems = (params, options) => get2("/grid/items", params, options);
var folders = (options, params = null) => get2("/folders", params, options);
var status = (options) => get2("/status", null, options);
var damaged = (params, options) => get2("/damaged", params, options);
var failures = (params, options) => get2("/failures", params, options);
var duplicates = (params, options) => get2("/duplicates", params, options);
var comparing = (options) => get2("/duplicates/state", null, options);
var drops = (options) => get2("/duplicates/drops", null, options);
var info = (options) => get2("/info", null, options);
function search(query, { signal } = {}) {
  if (!(query instanceof FormData)) return post("/search", query, { signal });
  return request(`${BASE2}/search`, { method: "POST", signal, body: query });
}
function post(path, body, { signal, headers } = {}) {
  return request(`${BASE2}${path}`, {
    method: "POST",
    signal,
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body)
  });
}
async function healthy() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

// base/dom.js
function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name2, value] of Object.entries(props ?? {})) setProp(el, name2, value);
  append(el, children);
  return (
    /** @type {any} */
    el
  );
}
function setProp(el, name2, value) {
  if (value === null || value === void 0) return;
  if (name2.startsWith("on") && typeof value === "function") {
    el.addEventListener(
      name2.slice(2).toLowerCase(),
      /** @type {EventListener} */
      value
    );
  } else if (name2 === "dataset") {
    Object.assign(
      el.dataset,
      /** @type {Record<string, unknown>} */
      value
    );
  } else if (name2.startsWith("aria-")) {
    el.setAttribute(name2, String(value));
  } else if (value !== false) {
    el.setAttribute(name2, value === true ? "" : String(value));
  }
}
function append(el, children) {
  for (const child of children) {
    if (child === null || child === void 0 || child === false) continue;
    if (Array.isArray(child)) append(el, child);
    else el.append(child instanceof Node ? child : String(child));
  }
}
var present = (list4) => (
  /** @type {Item[]} */
  list4.filter(Boolean)
);
function find(selector, root = document) {
  const el = root.querySelector(selector);
  return el instanceof HTMLElement ? el : null;
}
var findAll = (selector, root) => [...root.querySelectorAll(selector)].filter((el) => el instanceof HTMLElement);
function mustFind(selector, root = document) {
  const el = find(selector, root);
  if (!el) throw new Error(`The page has no element ${selector}`);
  return el;
}
function focused() {
  return document.activeElement instanceof HTMLElement ? document.activeElement : null;
}
function around({ target }, selector) {
  const el = target instanceof Element ? target.closest(selector) : null;
  return el instanceof HTMLElement ? el : null;
}
function clear(el) {
  el.replaceChildren();
}
var announcing = 0;
function announce(text2) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    live.textContent = text2;
  }, 60);
}
function toast(text2, { action, onaction } = {}) {
  const host = document.getElementById("toasts");
  if (!host) return;
  let timer2 = 0;
  const close = () => {
    clearTimeout(timer2);
    box.remove();
  };
  const button = action && h("button", {
    type: "button",
    class: "button quiet",
    onclick: () => {
      close();
      onaction?.();
    }
  }, action);
  const box = h("div", { class: "toast" }, h("span", null, text2), button);
  const wait2 = () => {
    timer2 = setTimeout(close, action ? 8e3 : 4e3);
  };
  for (const event of ["pointerenter", "focusin"]) {
    box.addEventListener(event, () => clearTimeout(timer2));
  }
  for (const event of ["pointerleave", "focusout"]) box.addEventListener(event, wait2);
  while (host.children.length > 2) host.firstElementChild?.remove();
  host.append(box);
  wait2();
  announce(text2);
}
function isTyping(event) {
  const el = event.target;
  return el instanceof HTMLElement && (el.isContentEditable || el.matches("textarea, select, input:not([type=checkbox])"));
}

// base/events.js
var watchers = /* @__PURE__ */ new Set();
var source = null;
var last = null;
function events(onMessage, onError) {
  const watcher = { onMessage, onError };
  watchers.add(watcher);
  if (last) queueMicrotask(() => watchers.has(watcher) && last && onMessage(last));
  openStream();
  return () => {
    watchers.delete(watcher);
    if (!watchers.size) closeStream();
  };
}
var latest = () => last;
function openStream() {
  if (source || !watchers.size || document.hidden) return;
  source = new EventSource("/api/v1/events");
  source.addEventListener("status", ({ data }) => {
    const status2 = JSON.parse(data);
    last = status2;
    for (const { onMessage } of [...watchers]) onMessage(status2);
  });
  source.addEventListener("error", (event) => {
    for (const { onError } of [...watchers]) onError?.(event);
    if (source?.readyState !== EventSource.CLOSED) return;
    closeStream();
    setTimeout(openStream, 5e3);
  });
}
function closeStream() {
  source?.close();
  source = null;
  last = null;
}
globalThis.document?.addEventListener("visibilitychange", () => {
  if (document.hidden) closeStream();
  else openStream();
});

// base/icons.js
var SVG = "http://www.w3.org/2000/svg";
var DRAWINGS = {
  mark: ["M3.5 3.5h11v11h-11z", "fill:M9 9h12v12H9z"],
  browse: ["M3 5h8v6H3z", "M14 5h7v6h-7z", "M3 14h5v5H3z", "M11 14h10v5H11z"],
  search: ["M16.5 10.5a6 6 0 1 1-12 0 6 6 0 0 1 12 0z", "M15 15l5.5 5.5"],
  rings: [
    "M12 12h.01",
    "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z",
    "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z"
  ],
  map: [
    "M6 7h.01M9 10h.01M6 11h.01M10 6.5h.01",
    "M16 8h.01M19 6h.01M18.5 10h.01",
    "M14 17h.01M17 15h.01M17.5 19h.01M11.5 15h.01M6 18h.01"
  ],
  duplicates: ["M3.5 3.5h12v12h-12z", "M8.5 18.5v2h12v-12h-2", "M6.5 12l2.5-3 2 2 1.5-1.5"],
  label: ["M3.5 4.5h8l9 9-7.5 7.5-9.5-9.5z", "M7.5 8.5h.01"],
  compare: ["M3.5 5h7v14h-7z", "M13.5 5h7v14h-7z"],
  trash: ["M5 7h14M10 7V4.5h4V7", "M6.5 7l1 13h9l1-13", "M10 10.5v6M14 10.5v6"],
  undo: ["M8.5 5L4 9.5 8.5 14", "M4.5 9.5H15a5 5 0 0 1 0 10h-4"],
  status: ["M4 20V11", "M9.3 20V5", "M14.7 20v-7", "M20 20V8"],
  sun: [
    "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z",
    "M12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5",
    "M5.3 5.3L7 7M17 17l1.7 1.7M18.7 5.3L17 7M7 17l-1.7 1.7"
  ],
  moon: ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"],
  auto: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "fill:M12 3.5a8.5 8.5 0 0 1 0 17z"],
  mosaic: [
    "M4 4h16v16H4z",
    "fill:M4 4h5.3v5.3H4z",
    "fill:M14.7 4H20v5.3h-5.3z",
    "fill:M9.3 9.3h5.4v5.4H9.3z",
    "fill:M4 14.7h5.3V20H4z",
    "fill:M14.7 14.7H20V20h-5.3z"
  ],
  help: ["M9 9.2a3 3 0 1 1 4.4 2.7c-1 .5-1.4 1.1-1.4 2.3", "M12 17.6h.01"],
  folder: ["M3 6.5h6l2 2.5h10v9.5H3z"],
  folders: ["M4 5h16M4 10h16M8 15h12M8 20h12"],
  hand: [
    "M12 4v16M4 12h16",
    "M9.5 6.5L12 4l2.5 2.5M9.5 17.5L12 20l2.5-2.5",
    "M6.5 9.5L4 12l2.5 2.5M17.5 9.5L20 12l-2.5 2.5"
  ],
  box: ["M5 6h3M10.5 6h3M16 6h3v3M19 11v3M19 16.5V19h-3M13.5 19h-3M8 19H5v-3M5 14v-3M5 8.5V6"],
  lasso: [
    "M19.5 9.5c0 3-3.5 5.5-7.8 5.5S4.500 12.500 4.500 9.500 7.500 4 12 4s7.500 2.500 7.500 5.500z",
    "M8 14.500c-1.500 1-1.500 3 .5 3.200S9.500 20 7.500 20.500"
  ],
  filter: ["M4 6h16M7 12h10M10 18h4"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  close: ["M6 6l12 12M18 6L6 18"],
  left: ["M14.5 5.5L8 12l6.5 6.5"],
  right: ["M9.5 5.5L16 12l-6.5 6.5"],
  copy: ["M8.5 8.5h11v11h-11z", "M15.5 8.5v-4h-11v11h4"],
  open: ["M13 4.5h6.5V11", "M19.5 4.5L11 13", "M9 5.5H4.5v14h14V15"],
  facts: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M12 11v5.2M12 7.8h.01"],
  play: ["M8 5.5v13l10.5-6.5z"],
  minus: ["M5 12h14"],
  plus: ["M5 12h14M12 5v14"],
  not: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M6 6l12 12"],
  lost: ["M4 9a12 12 0 0 1 16 0", "M7.5 13a7 7 0 0 1 9 0", "M12 18h.01", "M4 4l16 16"],
  missing: ["M4 5h16v14H4z", "M4 16l5-5 4 4 2-2 5 4", "M4 5l16 14"],
  problem: ["M12 4l9 16H3z", "M12 10v4.5", "M12 17.3h.01"],
  photos: ["M3 7h14v12H3z", "M7 7V4h14v12h-4", "M3 16l4.5-4.5L12 16l2-2 3 3"],
  star: ["M12 3.8l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.8-5.2 2.8 1-5.8-4.2-4.1 5.8-.8z"],
  done: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M8 12.3l2.8 2.8L16 9.6"]
};
var KANA = [
  "M6 4H16.5L5 11.5H20C13.5 12 10.5 15 11 18C11.4 20.5 14 21 16.5 21",
  "M27 14.5C32 12 41 10.5 41 15C41 18.5 37 20 32.5 20.5",
  "M62 3.5L54 12L62 20.5",
  "M78 4.5C77 8 77 11 78.2 14M87 4C88 11 87.5 17.5 80.5 21"
];
function kana() {
  const svg2 = document.createElementNS(SVG, "svg");
  set2(svg2, { viewBox: "0 0 92 24", width: 46, height: 12, class: "icon", "aria-hidden": "true" });
  for (const d of KANA) {
    const path = document.createElementNS(SVG, "path");
    set2(path, { d, class: "line" });
    svg2.append(path);
  }
  return svg2;
}
function icon(name2, { size = 20, label } = {}) {
  const svg2 = document.createElementNS(SVG, "svg");
  const named2 = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  set2(svg2, { viewBox: "0 0 24 24", width: size, height: size, class: "icon", ...named2 });
  for (const drawing2 of DRAWINGS[name2] ?? []) {
    const filled = drawing2.startsWith("fill:");
    const path = document.createElementNS(SVG, "path");
    set2(path, { d: filled ? drawing2.slice(5) : drawing2, class: filled ? "filled" : "line" });
    svg2.append(path);
  }
  return svg2;
}
function set2(el, attributes) {
  for (const [name2, value] of Object.entries(attributes)) el.setAttribute(name2, String(value));
}

// base/connection.js
var FIRST = 1e3;
var LONGEST = 15e3;
var lost = false;
var timer = 0;
var wait = FIRST;
function watchConnection(banner, onFound) {
  connection.addEventListener("lost", () => {
    if (lost) return;
    lost = true;
    wait = FIRST;
    show(banner);
    scheduleAttempt();
  });
  connection.addEventListener("found", () => {
    lost = false;
    clearTimeout(timer);
    banner.hidden = true;
    clear(banner);
    announce(t("The server is back"));
    onFound();
  });
  addEventListener("online", () => lost && attempt());
  events(() => {
  }, async () => {
    if (!document.hidden && !await healthy()) connection.dispatchEvent(new Event("lost"));
  });
}
function show(banner) {
  const retry = h("button", { type: "button", class: "button", onclick: attempt }, t("Try now"));
  const text2 = h("span", null, t("The server does not answer. Trying again…"));
  banner.replaceChildren(icon("lost"), text2, retry);
  banner.hidden = false;
}
function scheduleAttempt() {
  clearTimeout(timer);
  timer = setTimeout(attempt, wait * (0.8 + Math.random() * 0.4));
  wait = Math.min(wait * 1.7, LONGEST);
}
async function attempt() {
  clearTimeout(timer);
  if (await healthy()) connection.dispatchEvent(new Event("found"));
  else if (lost) scheduleAttempt();
}

// base/format.js
var counts = new Intl.NumberFormat(locale);
var percents = new Intl.NumberFormat(
  locale,
  { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }
);
var dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
var capitalise = (text2) => text2.charAt(0).toUpperCase() + text2.slice(1);
var count = (value) => counts.format(value);
var decimal = (value, digits) => value.toLocaleString(
  locale,
  { minimumFractionDigits: digits, maximumFractionDigits: digits }
);
var UNITS = ["", "kB", "MB", "GB", "TB"];
function bytes2(value) {
  let unit = 0;
  for (; value >= 999.5 && unit < 4; unit++) value /= 1e3;
  const digits = unit && value < 99.95 ? 1 : 0;
  const number = decimal(value, digits);
  return unit ? `${number} ${UNITS[unit]}` : t("{number} bytes", { number });
}
function date(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso ?? "";
  return dates.format(time);
}
var MONTHS = [...Array(12).keys()].map((month2) => new Date(Date.UTC(2e3, month2)).toLocaleString("en", { month: "long", timeZone: "UTC" }));
function month(text2) {
  const [name2, year] = text2.split(" ");
  const index = MONTHS.indexOf(name2);
  if (index < 0 || !/^\d+$/.test(year)) return serverText(text2);
  const time = new Date(Date.UTC(2e3, index));
  time.setUTCFullYear(Number(year));
  return time.toLocaleString(locale, { year: "numeric", month: "long", timeZone: "UTC" });
}
function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return t("{number} s", { number: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return t("{number} min", { number: minutes });
  return t("{hours} h {minutes} min", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}
var quality = (exact, recall2) => exact ? t("exact") : t("recall {recall}", { recall: decimal(recall2, 2) });
var milliseconds = (value) => t("{number} ms", { number: Math.round(value * 10) / 10 });
function percent(share) {
  return share >= 1 ? "100%" : percents.format(Math.floor(share * 1e3) / 1e3);
}

// base/problem.js
function panel({ icon: name2, title: title10, text: text2, level = 1 }, ...actions) {
  return h(
    "div",
    { class: "panel" },
    name2 && icon(name2, { size: 40 }),
    h(`h${level}`, null, title10),
    text2 && h("p", null, text2),
    actions.flat().some(Boolean) && h("div", { class: "row" }, actions)
  );
}
function problemPanel(error, retry, level = 1) {
  const again = retry && h("button", { type: "button", class: "button", onclick: retry }, t("Try again"));
  const home = h("a", { class: "button quiet", href: "/browse" }, t("Browse"));
  if (error instanceof LostServer) {
    const lost2 = panel({
      icon: "lost",
      level,
      title: t("The server does not answer"),
      text: t("This page continues by itself when the server is back.")
    }, again);
    lost2.dataset.lost = "";
    return lost2;
  }
  if (error instanceof Problem) {
    const missing = error.status === 404;
    return panel({
      icon: missing ? "missing" : "problem",
      level,
      title: serverText(sentenceCase(error.title)),
      text: capitalise(problemText(error.detail))
    }, missing ? null : again, home);
  }
  return panel({
    icon: "problem",
    level,
    title: t("Something went wrong on this page"),
    text: messageOf(error)
  }, again, home);
}
function sentenceCase(text2) {
  const lowered = text2.replace(/\b([A-Z])([a-z]+)\b/g, (word, first, rest, offset) => offset ? first.toLowerCase() + rest : word);
  return capitalise(lowered);
}

// base/router.js
var routes = {};
var main;
var getInfo;
var shown = { path: null, module: null, cleanup: null, controller: new AbortController() };
var before = null;
var here = null;
var turn = 0;
var moving = false;
var saving = 0;
function start(table, element2, info3) {
  routes = table;
  main = element2;
  getInfo = info3;
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => load());
  addEventListener("scroll", saveScrollSoon, { passive: true });
  addEventListener("pagehide", saveScroll);
  document.addEventListener("click", followLink);
  return load({ first: true });
}
function current() {
  const path = location.pathname === "/" ? "/browse" : location.pathname.replace(/\/$/, "");
  return { path, params: new Query(location.search) };
}
var previous = () => before;
var currentView = () => shown.module;
var address = (path, params) => {
  const query = toQuery(params);
  return query ? `${path}?${query}` : path;
};
function navigate(path, params, { replace = false, state = {}, quiet = false } = {}) {
  const url = address(path, params);
  const same = url === location.pathname + location.search;
  if (!replace && !same) saveScroll();
  if (replace && quiet) history.replaceState({ ...history.state, ...state }, "", url);
  else if (replace || same) history.replaceState(state, "", url);
  else history.pushState(state, "", url);
  if (!quiet) load();
}
function reload() {
  load({ fresh: true });
}
function link(path, params, props, ...children) {
  return h("a", { ...props, href: address(path, params) }, ...children);
}
function followLink(event) {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const anchor = around(event, "a[href]");
  if (!plain || event.defaultPrevented || !(anchor instanceof HTMLAnchorElement)) return;
  if (anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
  if (!(anchor.pathname in routes) || anchor.hash) return;
  event.preventDefault();
  navigate(anchor.pathname, new Query(anchor.search));
}
async function setTitle(text2) {
  const thisTurn = turn;
  document.title = `${text2} · sokkuri`;
  const name2 = (await getInfo().catch(() => null))?.name;
  if (name2 && thisTurn === turn) document.title = `${text2} · ${name2} · sokkuri`;
}
async function load({ first = false, fresh = false } = {}) {
  const thisTurn = ++turn;
  const { path, params } = current();
  const scroll = history.state?.scroll ?? 0;
  if (here && here.path !== path) before = here;
  here = { path, params };
  moving = true;
  document.documentElement.dataset.loading = "";
  markNav(path);
  try {
    const module = routes[path] ?? UNKNOWN;
    const info3 = await getInfo();
    if (thisTurn !== turn) return;
    if (!fresh && path === shown.path && module.update) {
      const context = { signal: shown.controller.signal, info: info3 };
      if (await module.update(params, context)) return;
      if (thisTurn !== turn) return;
    }
    await showView(module, path, params, info3, thisTurn, first);
    if (thisTurn === turn && !module.keepsScroll) scrollTo(0, scroll);
  } catch (error) {
    if (thisTurn === turn && !isAbort(error)) fail(error, path);
  } finally {
    if (thisTurn === turn) {
      moving = false;
      delete document.documentElement.dataset.loading;
    }
  }
}
async function showView(module, path, params, info3, thisTurn, first) {
  leave();
  const controller = new AbortController();
  shown = { path, module, cleanup: null, controller };
  main.replaceChildren();
  main.dataset.view = path.slice(1);
  setTitle(module.title);
  const showing = module.show(main, params, { signal: controller.signal, info: info3 });
  if (!first) focusHeading();
  const cleanup = await showing;
  if (shown.controller !== controller) {
    if (typeof cleanup === "function") cleanup();
    return;
  }
  shown.cleanup = typeof cleanup === "function" ? cleanup : null;
  if (thisTurn === turn && !first) focusHeading();
}
function leave() {
  shown.controller.abort();
  try {
    shown.cleanup?.();
  } catch (error) {
    console.error(error);
  }
}
function fail(error, path) {
  leave();
  shown = { path, module: null, cleanup: null, controller: new AbortController() };
  if (!(error instanceof Problem || error instanceof LostServer)) console.error(error);
  main.replaceChildren(problemPanel(error, reload));
  focusHeading();
}
var UNKNOWN = {
  title: t("Not found"),
  show(element2) {
    element2.append(problemPanel(
      new Problem({ status: 404, title: t("This page does not exist"), detail: "" }),
      null
    ));
  }
};
function focusHeading() {
  const heading2 = main.querySelector("h1");
  if (!heading2 || document.activeElement !== main && main.contains(document.activeElement)) {
    return;
  }
  heading2.tabIndex = -1;
  heading2.focus({ preventScroll: true });
}
function markNav(path) {
  for (const anchor of document.querySelectorAll("[data-nav] a")) {
    if (!(anchor instanceof HTMLAnchorElement)) continue;
    const here2 = anchor.pathname === path;
    if (here2) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}
function saveScrollSoon() {
  clearTimeout(saving);
  saving = setTimeout(saveScroll, 200);
}
function saveScroll() {
  clearTimeout(saving);
  if (!moving) history.replaceState({ ...history.state, scroll: scrollY }, "");
}

// base/help.js
var EVERYWHERE = [
  ["g b", t("Browse")],
  ["g s", t("Search")],
  ["g r", t("Rings")],
  ["g m", t("Map")],
  ["g d", t("Duplicates")],
  ["g l", t("Label")],
  ["g t", t("Status")],
  ["/", t("Search: words, a picture or an id")],
  ["Ctrl V", t("Search with the copied picture")],
  ["?", t("Show this list")]
];
function openHelp() {
  if (document.querySelector("dialog.help[open]")) return;
  const view2 = currentView();
  const close = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("Close") },
    icon("close")
  );
  const dialog = h(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    h("header", null, h("h2", { id: "help-title" }, t("Keyboard shortcuts")), close),
    h(
      "div",
      { class: "columns" },
      view2?.shortcuts && list2(view2.title, view2.shortcuts),
      list2(t("On every page"), EVERYWHERE)
    ),
    languageField()
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
function languageField() {
  const select = h(
    "select",
    { onchange: () => {
      set("language", select.value);
      location.reload();
    } },
    h("option", { value: "auto" }, t("Same as the browser")),
    Object.entries(LANGUAGES).map(([value, name2]) => h("option", { value, lang: value }, name2))
  );
  select.value = get("language");
  return h("label", { class: "language row" }, h("span", null, t("Language")), select);
}
function list2(title10, shortcuts8) {
  const lines = shortcuts8.map(([keys, meaning]) => h(
    "div",
    null,
    h("dt", null, keys.split(" ").map((key2) => h("kbd", null, key2))),
    h("dd", null, meaning)
  ));
  return h("section", null, h("h3", null, title10), h("dl", null, lines));
}

// browse/view.js
var view_exports = {};
__export(view_exports, {
  keepsScroll: () => keepsScroll,
  shortcuts: () => shortcuts,
  show: () => show2,
  title: () => title,
  update: () => update
});

// base/trail.js
var KEPT2 = 20;
var trails = [];
function openFrom({ id, index, count: count2, imageAt, list: list4 = "" }) {
  const key2 = Math.random().toString(36).slice(2);
  const trail = {
    key: key2,
    count: count2,
    imageAt,
    list: list4,
    places: /* @__PURE__ */ new Map([[id, index]]),
    gone: /* @__PURE__ */ new Set(),
    last: null
  };
  trails = [...trails, trail].slice(-KEPT2);
}
function openFromList(images3, id) {
  openFrom({
    id,
    index: images3.findIndex((image2) => image2.id === id),
    count: images3.length,
    imageAt: async (index) => images3[index]
  });
}
function trailOf(id) {
  const having = trails.filter(({ places }) => places.has(id));
  return having.find(({ key: key2 }) => key2 === history.state?.trail) ?? having.at(-1);
}
async function listed(id) {
  const trail = trailOf(id);
  return await trail?.imageAt(trail.places.get(id) ?? 0) ?? null;
}
async function neighbours(id) {
  const trail = trailOf(id);
  const index = trail?.places.get(id);
  if (!trail || index === void 0) return null;
  history.replaceState({ ...history.state, trail: trail.key }, "");
  trail.last = index;
  const [previous2, next] = await Promise.all([beside(trail, index, -1), beside(trail, index, 1)]);
  return { previous: previous2, next, index, trail };
}
async function beside(trail, index, by) {
  for (let place2 = index + by; place2 >= 0 && place2 < trail.count; place2 += by) {
    const image2 = await trail.imageAt(place2);
    if (!image2) return null;
    trail.places.set(image2.id, place2);
    if (!trail.gone.has(image2.id)) return image2.id;
  }
  return null;
}
function markGone(id, isGone) {
  for (const { gone, places } of trails) {
    if (!isGone) gone.delete(id);
    else if (places.has(id)) gone.add(id);
  }
}
function takeLast(list4) {
  const trail = trails.findLast((one) => one.list === list4 && one.last !== null);
  if (!trail) return null;
  const { last: last3 } = trail;
  trail.last = null;
  return last3;
}

// base/folders.js
async function suggestFolders(datalist, signal) {
  try {
    const { folders: folders2 } = await folders({ signal });
    datalist.replaceChildren(...folders2.filter(({ path }) => path).map(({ path, count: count2 }) => h("option", { value: path }, String(count2))));
  } catch {
  }
}

// search/where.js
var DAY = String.raw`\d{4}-\d{2}-\d{2}`;
var TEXT = String.raw`'([^']*)'|"([^"]*)"`;
var PATTERNS = [
  ["date", "from", new RegExp(`^taken\\s*>=\\s*(${DAY})$`, "i")],
  ["date", "to", new RegExp(`^taken\\s*<=\\s*(${DAY})$`, "i")],
  ["camera", "camera", new RegExp(`^camera\\s+like\\s+(?:${TEXT})$`, "i")],
  ["label", "label", new RegExp(`^label\\s*=\\s*(?:${TEXT})$`, "i")],
  ["format", "format", new RegExp(`^format\\s*=\\s*(?:${TEXT})$`, "i")],
  ["size", "width", /^width\s*>=\s*(\d+)$/i],
  ["size", "bytes", /^size\s*>=\s*(\d+)$/i]
];
var quoted = (text2) => text2.includes("'") ? `"${text2.replaceAll('"', "")}"` : `'${text2}'`;
var WRITTEN = {
  date: ({ from, to }) => [from && `taken >= ${from}`, to && `taken <= ${to}`],
  camera: ({ camera }) => [camera && `camera like ${quoted(`%${camera}%`)}`],
  label: ({ label }) => [label && `label = ${quoted(label)}`],
  format: ({ format }) => [format && `format = ${quoted(format)}`],
  size: ({ width, bytes: bytes3 }) => [width && `width >= ${width}`, bytes3 && `size >= ${bytes3}`]
};
function jointsOf(where) {
  const joints = [];
  let depth = 0;
  let quote = "";
  for (let at = 0; at < where.length; at++) {
    const character = where[at];
    if (quote) quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (depth === 0 && /\s/.test(character)) {
      const joint = /^\s+(and|or)(?=[\s(])/i.exec(where.slice(at));
      if (joint) joints.push([joint[1].toLowerCase(), at, at + joint[0].length]);
    }
  }
  return joints;
}
var isAlternative = (where) => jointsOf(where).some(([word]) => word === "or");
function partsOf(where) {
  const joints = isAlternative(where) ? [] : jointsOf(where);
  const begins = [0, ...joints.map(([, , end]) => end)];
  const ends = [...joints.map(([, begin]) => begin), where.length];
  return begins.map((begin, number) => where.slice(begin, ends[number]).trim()).filter(Boolean);
}
function read2(where) {
  const filters = {};
  const rest = [];
  for (const part of partsOf(where)) {
    const found = PATTERNS.find(([kind2, field2, pattern2]) => pattern2.test(part) && filters[kind2]?.[field2] === void 0);
    if (!found) {
      rest.push(part);
      continue;
    }
    const [kind, field, pattern] = found;
    const value = pattern.exec(part)?.slice(1).find((group) => group !== void 0) ?? "";
    filters[kind] = { ...filters[kind], [field]: kind === "camera" ? trimmed(value) : value };
  }
  return { filters, rest };
}
var trimmed = (pattern) => pattern.replace(/^%/, "").replace(/%$/, "");
function write(where, kind, fields) {
  const { filters, rest } = read2(where);
  const all = { ...filters, [kind]: fields ?? {} };
  const forms = (
    /** @type {[Kind, Fields][]} */
    Object.entries(all)
  );
  const written = forms.flatMap(([name2, values]) => WRITTEN[name2](values));
  const kept2 = rest.map((part) => isAlternative(part) && written.some(Boolean) ? `(${part})` : part);
  return [...kept2, ...written].filter(Boolean).join(" and ");
}

// search/filter_chips.js
var MEGA = 1e6;
var KINDS = {
  date: {
    name: t("Date"),
    fields: [["from", t("Taken from"), "date"], ["to", t("Taken until"), "date"]],
    say: ({ from, to }) => from && to ? t("Taken {from} to {to}", { from, to }) : from ? t("Taken from {from}", { from }) : t("Taken until {to}", { to })
  },
  camera: {
    name: t("Camera"),
    fields: [["camera", t("Camera"), "text"]],
    say: ({ camera }) => t("Camera {camera}", { camera })
  },
  label: {
    name: t("Label"),
    fields: [["label", t("Label"), "text"]],
    say: ({ label }) => t("Label {label}", { label })
  },
  folder: {
    name: t("Folder"),
    fields: [["folder", t("Folder"), "text"]],
    say: ({ folder }) => t("Folder {folder}", { folder })
  },
  size: {
    name: t("Size"),
    fields: [
      ["width", t("Width at least (pixels)"), "number"],
      ["bytes", t("File at least (MB)"), "number"]
    ],
    say: ({ width, bytes: bytes3 }) => list(present([
      width && t("{width} pixels wide or more", { width }),
      bytes3 && t("{number} MB or more", { number: Number(bytes3) / MEGA })
    ]))
  },
  format: {
    name: t("Format"),
    fields: [["format", t("Format"), "text"]],
    say: ({ format }) => t("Format {format}", { format })
  }
};
var FORMATS = [
  "JPEG",
  "PNG",
  "HEIF",
  "WEBP",
  "AVIF",
  "TIFF",
  "GIF",
  "BMP",
  "DNG",
  "CR2",
  "CR3",
  "NEF",
  "ARW",
  "RAF",
  "ORF",
  "RW2"
];
var SUGGESTED = {
  label: (list4, signal) => get2("/labels", null, { signal }).then(({ labels }) => {
    list4.replaceChildren(...labels.map(({ label }) => h("option", { value: label })));
  }).catch(() => {
  }),
  // without the list, a label can still be typed
  folder: suggestFolders,
  format: (list4) => list4.replaceChildren(...FORMATS.map((value) => h("option", { value })))
};
var ALL = (
  /** @type {FormKind[]} */
  Object.keys(KINDS)
);
var FilterChips = class {
  /** @param {{onchange: (where: string, under: string) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.onchange = onchange;
    this.signal = signal;
    this.where = null;
    this.under = "";
    this.list = h(
      "ul",
      { class: "filter-chips", role: "list", "aria-label": t("Filters that apply") }
    );
    this.adds = h(
      "div",
      { class: "row filter-adds", role: "group", "aria-label": t("Add a filter") }
    );
    this.place = h("div", null);
    this.element = h("div", { class: "filter-forms" }, this.list, this.adds, this.place);
  }
  /**
   * @param {string} where the expression
   * @param {string} under the folder, "" for all
   */
  show(where, under) {
    if (where === this.where && under === this.under) return;
    this.where = where;
    this.under = under;
    const filters = this.filters();
    this.list.hidden = !Object.keys(filters).length;
    const used = (
      /** @type {FormKind[]} */
      Object.keys(filters)
    );
    this.list.replaceChildren(...used.map((kind) => this.chip(kind, KINDS[kind].say(filters[kind] ?? {}))));
    this.adds.replaceChildren(...ALL.filter((kind) => !(kind in filters)).map((kind) => h("button", {
      type: "button",
      class: "button quiet small",
      dataset: { kind },
      onclick: () => this.edit(kind)
    }, icon("plus", { size: 14 }), KINDS[kind].name)));
  }
  /**
   * The fields of each form that has some.
   * @returns {Partial<Record<FormKind, Fields>>}
   */
  filters() {
    const { filters } = read2(this.where ?? "");
    return this.under ? { ...filters, folder: { folder: this.under } } : filters;
  }
  /**
   * @param {FormKind} kind
   * @param {string} text
   */
  chip(kind, text2) {
    return h(
      "li",
      { class: "filter-chip" },
      h("button", {
        type: "button",
        class: "chip-text",
        dataset: { kind },
        "aria-label": t("Change the filter: {filter}", { filter: text2 }),
        onclick: () => this.edit(kind)
      }, text2),
      h("button", {
        type: "button",
        class: "icon-button",
        title: t("Remove"),
        "aria-label": t("Remove the filter: {filter}", { filter: text2 }),
        onclick: () => this.apply(kind, null)
      }, icon("close", { size: 14 }))
    );
  }
  /**
   * Opens the form of a kind of filter.
   * @param {FormKind} kind
   */
  edit(kind) {
    const values = this.filters()[kind] ?? {};
    const fields = KINDS[kind].fields.map(([name2, label, type]) => {
      const value = name2 === "bytes" && values.bytes ? Number(values.bytes) / MEGA : values[name2] ?? "";
      const input = h("input", {
        type,
        name: name2,
        id: `filter-${name2}`,
        value,
        autocomplete: "off",
        min: type === "number" ? 0 : null,
        step: type === "number" ? "any" : null,
        list: name2 in SUGGESTED ? `filter-${name2}s` : null
      });
      return [h("label", { for: input.id }, label), input];
    });
    const form = h(
      "form",
      { class: "filter-form", "aria-label": KINDS[kind].name },
      fields,
      kind in SUGGESTED && this.suggestions(kind),
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => this.close(kind) }, t("Cancel")),
        h("button", { type: "submit", class: "button primary" }, t("Apply"))
      )
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply(kind, valuesOf(form));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.close(kind);
      event.preventDefault();
    });
    this.place.replaceChildren(form);
    form.querySelector("input")?.focus();
  }
  /** @param {FormKind} kind */
  suggestions(kind) {
    const list4 = h("datalist", { id: `filter-${kind}s` });
    SUGGESTED[kind]?.(list4, this.signal);
    return list4;
  }
  /**
   * @param {FormKind} kind
   * @param {?Fields} values
   */
  apply(kind, values) {
    this.place.replaceChildren();
    const isFolder = kind === "folder";
    const where = isFolder ? this.where ?? "" : write(this.where ?? "", kind, values);
    const under = isFolder ? (values?.folder ?? "").replace(/^\/+|\/+$/g, "") : this.under;
    this.show(where, under);
    this.focus(kind);
    this.onchange(where, under);
  }
  /** @param {FormKind} kind */
  close(kind) {
    this.place.replaceChildren();
    this.focus(kind);
  }
  /** @param {FormKind} kind */
  focus(kind) {
    find(`[data-kind="${kind}"]`, this.element)?.focus();
  }
};
function valuesOf(form) {
  const values = Object.fromEntries([...new FormData(form)].map(([name2, value]) => [name2, String(value).trim()]));
  if (values.width) values.width = String(Math.ceil(Number(values.width)));
  if (values.bytes) values.bytes = String(Math.round(Number(values.bytes) * MEGA));
  return values;
}

// search/state.js
var USUAL_K = 50;
var MOST_K = 300;
function fromParams(params) {
  const k = Math.round(Number(params.get("k")));
  return {
    ids: [...new Set(params.getAll("id"))],
    nots: [...new Set(params.getAll("not"))],
    texts: [...new Set(params.getAll("text"))],
    notTexts: [...new Set(params.getAll("not_text"))],
    upload: params.get("upload"),
    weights: new Map(params.getAll("weight").map(splitWeight).filter(([, weight]) => weight > 0)),
    k: k >= 1 ? Math.min(k, MOST_K) : USUAL_K,
    view: params.get("view") === "rings" ? "rings" : "grid",
    under: params.get("under") ?? "",
    where: params.get("where") ?? "",
    maxDistance: params.get("max_distance") ?? "",
    collapse: params.get("copies") !== "all",
    crop: toBox(params.get("crop"))
  };
}
function toParams({
  ids,
  nots,
  texts,
  notTexts,
  upload,
  weights,
  k,
  view: view2,
  under,
  where,
  maxDistance,
  collapse,
  crop
}) {
  return {
    upload,
    id: ids,
    not: nots,
    text: texts,
    not_text: notTexts,
    weight: [...ids, ...nots].filter((id) => (weights.get(id) ?? 1) !== 1).map((id) => `${id}^${weights.get(id)}`),
    k: k === USUAL_K ? null : k,
    view: view2 === "grid" ? null : view2,
    under,
    where,
    max_distance: maxDistance,
    copies: collapse ? null : "all",
    crop: crop && fromBox(crop)
  };
}
function splitWeight(written) {
  const match = /^(.+)\^([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})$/s.exec(written);
  return match ? [match[1], Number(match[2])] : [written, 1];
}
var withWeight = (words, weight) => weight === 1 && splitWeight(words)[0] === words ? words : `${words}^${weight}`;
function toBox(text2) {
  const parts2 = (text2 ?? "").split(",").map(Number);
  const whole = parts2.every((part) => Number.isInteger(part) && part >= 0);
  if (parts2.length !== 4 || !whole) return null;
  const [x, y, w, h2] = parts2;
  return w > 0 && h2 > 0 ? { x, y, w, h: h2 } : null;
}
var fromBox = ({ x, y, w, h: h2 }) => `${x},${y},${w},${h2}`;
function canCrop(search2, uploads) {
  return search2.ids.length + uploads.filter((upload) => !upload.not).length === 1;
}
function toRequest(search2, uploads) {
  const weight = (id) => search2.weights.get(id) ?? 1;
  const weighted = (id) => weight(id) === 1 ? id : `${id}^${weight(id)}`;
  const fields = {
    k: search2.k,
    under: search2.under || null,
    where: search2.where || null,
    max_distance: search2.maxDistance || null,
    crop: search2.crop && canCrop(search2, uploads) ? fromBox(search2.crop) : null,
    angles: true,
    collapse: search2.collapse
  };
  if (uploads.length === 0) {
    const present2 = Object.entries(fields).filter(([, value]) => value !== null);
    return {
      ids: search2.ids.map(weighted),
      not_ids: search2.nots.map(weighted),
      texts: search2.texts,
      not_texts: search2.notTexts,
      ...Object.fromEntries(present2)
    };
  }
  const form = new FormData();
  const names = sentNames(uploads);
  for (const [number, { blob, not, weight: weight2 }] of uploads.entries()) {
    form.append(not ? "not_image" : "image", blob, names[number]);
    form.append(not ? "not_image_weight" : "image_weight", String(weight2 ?? 1));
  }
  for (const id of search2.ids) form.append("id", weighted(id));
  for (const id of search2.nots) form.append("not_id", weighted(id));
  for (const words of search2.texts) form.append("text", words);
  for (const words of search2.notTexts) form.append("not_text", words);
  for (const [key2, value] of Object.entries(fields)) {
    if (value !== null) form.append(key2, String(value));
  }
  return form;
}
function sentNames(uploads) {
  const names = [];
  for (const { name: name2 } of uploads) {
    let unique = name2 || "picture";
    for (let number = 2; names.includes(unique); number++) unique = `${name2 || "picture"} (${number})`;
    names.push(unique);
  }
  return names;
}
function placeOf({ status: status2, type, detail }) {
  const kind = type.split(":").at(-1);
  if (kind === "unreadable-image" || status2 === 413 || status2 === 408) return "picture";
  if (kind === "unknown-image") return "id";
  if (status2 !== 422) return "all";
  if (/^(a text to search for|the weight|texts|not_texts)|knows no words/.test(detail)) return "words";
  if (detail.startsWith("max_distance")) return "max_distance";
  if (detail.startsWith("under") || /not below/.test(detail)) return "under";
  return detail.startsWith("where") || detail.startsWith("in `") ? "where" : "all";
}

// search/filters.js
var WIDE = "(min-width: 800px)";
var COLUMNS = "taken, camera, lens, iso, rating, keyword, label, format, width, height, size, modified, path, has_gps, latitude, longitude";
var HINT = t(
  "Columns: {columns}. Example: {example}",
  { columns: COLUMNS, example: "taken >= 2024-05 and rating >= 4" }
);
var PLAIN = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
var NUMBERS = [10, 20, 50, 100, 200, MOST_K];
var SearchFilters = class {
  /** @param {{onchange: (fields: FilterFields) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.folders = h("datalist", { id: "search-folders" });
    this.under = h("input", { ...PLAIN, list: "search-folders", placeholder: t("all folders") });
    this.where = h("input", { ...PLAIN, placeholder: "width > 1000" });
    this.maxDistance = h("input", { type: "number", min: 0, step: 0.05, placeholder: t("any") });
    this.k = h("select", null);
    this.collapse = h("input", {
      type: "checkbox",
      id: "search-collapse",
      "aria-describedby": "search-collapse-hint"
    });
    this.fields = {
      under: makeField("under", t("In folder"), this.under),
      where: makeField("where", t("Where"), this.where, HINT),
      max_distance: makeField("max_distance", t("Maximum distance"), this.maxDistance),
      k: makeField("k", t("Pictures"), this.k)
    };
    this.form = h(
      "form",
      { class: "search-filters", "aria-label": t("Filters") },
      Object.values(this.fields).map(({ element: element2 }) => element2),
      this.folders,
      h(
        "div",
        { class: "field-switch" },
        this.collapse,
        h("label", { for: this.collapse.id }, t("Show copies as one")),
        h(
          "p",
          { class: "field-hint small soft", id: "search-collapse-hint" },
          t("The nearest of some copies stands for all that were found on the page Duplicates.")
        )
      ),
      // A form with several fields needs a button to submit on Enter.
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, t("Search"))
    );
    this.chips = new FilterChips({ signal, onchange: (where, under) => {
      this.where.value = where;
      this.under.value = under;
      onchange(this.values());
    } });
    this.element = h(
      "details",
      { class: "filters", open: matchMedia(WIDE).matches },
      h("summary", null, t("Filters")),
      this.chips.element,
      this.form
    );
    this.listen(onchange, signal);
  }
  /**
   * @param {(fields: FilterFields) => void} onchange
   * @param {AbortSignal} signal
   */
  listen(onchange, signal) {
    this.form.addEventListener("change", () => onchange(this.values()));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      onchange(this.values());
    });
    matchMedia(WIDE).addEventListener("change", ({ matches }) => {
      this.element.open = matches;
    }, { signal });
    this.under.addEventListener(
      "focus",
      () => suggestFolders(this.folders, signal),
      { once: true }
    );
  }
  values() {
    return {
      under: this.under.value.trim(),
      where: this.where.value.trim(),
      maxDistance: this.maxDistance.value.trim(),
      k: Number(this.k.value),
      collapse: this.collapse.checked
    };
  }
  /** @param {import("./state.js").Search} search */
  show(search2) {
    this.under.value = search2.under;
    this.where.value = search2.where;
    this.chips.show(search2.where, search2.under);
    this.maxDistance.value = search2.maxDistance;
    const numbers2 = [.../* @__PURE__ */ new Set([...NUMBERS, search2.k])].sort((a, b) => a - b);
    this.k.replaceChildren(...numbers2.map((number) => h("option", { value: number }, number)));
    this.k.value = String(search2.k);
    this.collapse.checked = search2.collapse;
    for (const field of Object.values(this.fields)) field.showProblem("");
    if (search2.under || search2.where || search2.maxDistance) this.element.open = true;
  }
  /**
   * Shows a problem under a field; returns false if there is no such field.
   * @param {string} name
   * @param {string} text
   */
  showProblem(name2, text2) {
    if (!Object.hasOwn(this.fields, name2)) return false;
    this.fields[name2].showProblem(text2);
    this.element.open = true;
    return true;
  }
};
function makeField(name2, label, input, hint) {
  input.id = `search-${name2}`;
  const help = h("p", { class: "field-hint small soft", id: `search-${name2}-hint` }, hint);
  const problem = h("p", {
    class: "field-problem small",
    id: `search-${name2}-problem`,
    role: "alert"
  });
  input.setAttribute("aria-describedby", `${problem.id}${hint ? ` ${help.id}` : ""}`);
  const element2 = h(
    "div",
    { class: "field" },
    h("label", { for: input.id }, label),
    input,
    problem,
    hint && help
  );
  const showProblem = (text2) => {
    problem.textContent = text2;
    if (text2) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  return { element: element2, showProblem };
}

// search/filter_bar.js
var WIDE2 = "(min-width: 640px)";
var FilterBar = class {
  /** @param {{onchange: (filter: Filter) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.onchange = onchange;
    this.under = "";
    this.where = "";
    this.isNew = true;
    this.chips = new FilterChips({
      signal,
      onchange: (where, under) => onchange({ where, under })
    });
    this.input = h("input", {
      type: "text",
      id: "filter-where",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "off",
      placeholder: "width > 1000",
      "aria-describedby": "filter-where-problem filter-where-hint"
    });
    this.problem = h("p", {
      class: "field-problem small",
      id: "filter-where-problem",
      role: "alert"
    });
    const form = h(
      "form",
      { class: "filter-expression", "aria-label": t("Filter by an expression") },
      h("label", { for: this.input.id }, t("Where")),
      this.input,
      this.problem,
      h("p", { class: "field-hint small soft", id: "filter-where-hint" }, HINT)
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.typed();
    });
    this.input.addEventListener("change", () => this.typed());
    this.panel = h("div", { class: "filter-bar", id: "filter-panel" }, this.chips.element, form);
    this.toggle = h(
      "button",
      {
        type: "button",
        class: "button toggle filter-toggle",
        "aria-controls": this.panel.id,
        onclick: () => this.open(this.panel.hidden === true)
      },
      icon("filter"),
      h("span", { class: "text" }, t("Filter"))
    );
    this.open(false);
  }
  /**
   * Shows or hides the panel.
   * @param {boolean} on
   */
  open(on) {
    this.panel.hidden = !on;
    this.toggle.setAttribute("aria-expanded", String(on));
  }
  typed() {
    const where = this.input.value.trim();
    if (where === this.where) return;
    this.where = where;
    this.onchange({ where, under: this.under });
  }
  /**
   * Shows the filter of an address.
   * @param {Filter} filter
   */
  show({ under, where }) {
    this.under = under;
    this.where = where;
    this.input.value = where;
    this.chips.show(where, under);
    this.showProblem("");
    if (this.isNew && where && matchMedia(WIDE2).matches) this.open(true);
    this.isNew = false;
    this.toggle.classList.toggle("active", Boolean(where));
  }
  /**
   * Shows what is wrong with the expression.
   * @param {unknown} error of a request with this filter
   * @returns {boolean} whether the expression is wrong
   */
  explain(error) {
    if (!this.where || !(error instanceof Problem) || placeOf(error) === "all") return false;
    this.showProblem(capitalise(error.message));
    return true;
  }
  /** @param {string} text */
  showProblem(text2) {
    this.problem.textContent = text2;
    if (text2) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    if (text2) this.open(true);
  }
};
var asksForLabels = (where) => /label/i.test(where);

// base/copying.js
async function copyText(text2, said) {
  try {
    await navigator.clipboard.writeText(text2);
    toast(said);
  } catch {
    toast(copyByCommand(text2) ? said : t("The browser does not allow copying"));
  }
}
function copyByCommand(text2) {
  const field = document.createElement("textarea");
  field.className = "unseen";
  field.setAttribute("aria-hidden", "true");
  const before2 = focused();
  field.value = text2;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  before2?.focus();
  return copied;
}

// base/changes.js
var HEADER = "X-Sokkuri-Change";
var REFUSED = "urn:sokkuri:problem:changes";
var key = null;
function getKey() {
  key ??= get2("/changes").then((answer) => answer.key ?? "").catch((error) => {
    key = null;
    throw error;
  });
  return key;
}
async function change(path, body, { signal } = {}) {
  const keyBefore = key;
  try {
    return await post(path, body, { signal, headers: { [HEADER]: await getKey() } });
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== REFUSED || !keyBefore) throw error;
    key = null;
    return post(path, body, { signal, headers: { [HEADER]: await getKey() } });
  }
}
function newBatch() {
  return [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
function howToAllow() {
  return h(
    "p",
    { class: "how-to-allow soft small" },
    icon("not", { size: 16 }),
    h("span", null, rich(
      "Read-only. To allow changes, start the server with {command}",
      { command: h("code", null, "sokkuri serve --allow-changes") }
    ))
  );
}

// selection/actions.js
var BASE3 = "/api/v1/selections";
var LABELS = 1e3;
var PAGE = 1e3;
var images = (count2) => t("{count} image|{count} images", { count: count2 });
var hold = (source2) => post("/selections", source2);
async function idsOf(source2, limit = Infinity) {
  const { selection, count: count2 } = await hold(source2);
  const ids = [];
  const wanted = Math.min(limit, count2);
  for (let offset = 0; offset < wanted; offset += PAGE) {
    const part = await get2(
      `/selections/${selection}/images`,
      { offset: String(offset), limit: Math.min(PAGE, wanted - offset) }
    );
    ids.push(...part.images.map(({ id }) => id));
  }
  return ids;
}
async function copyPaths(source2) {
  const { selection, count: count2 } = await hold(source2);
  const list4 = await getResponse(`/selections/${selection}/list`, { format: "txt" });
  const paths = await list4.text();
  await copyText(paths, t("The path is copied|{count} paths are copied", { count: count2 }));
}
async function download(source2, kind) {
  const { selection } = await hold(source2);
  const anchor = document.createElement("a");
  anchor.href = `${BASE3}/${selection}/${kind === "zip" ? "zip" : `list?format=${kind}`}`;
  anchor.download = `images.${kind}`;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}
async function giveLabel(source2, label, onlabelled = () => {
}) {
  const ids = await idsOf(source2);
  const before2 = await sendLabels(ids.map((id) => ({ id, label })));
  toast(t(
    "{count} image labelled “{label}”|{count} images labelled “{label}”",
    { count: ids.length, label }
  ), { action: t("Undo"), onaction: async () => {
    try {
      await sendLabels(before2);
      toast(t("The labels are as before"));
      onlabelled();
    } catch (error) {
      toast(capitalise(messageOf(error)));
    }
  } });
  onlabelled();
}
async function sendLabels(labels) {
  const before2 = [];
  for (let start3 = 0; start3 < labels.length; start3 += LABELS) {
    const answer = await change("/labels", { labels: labels.slice(start3, start3 + LABELS) });
    before2.push(...answer.before);
  }
  return before2;
}

// selection/label_dialog.js
var LONGEST2 = 200;
function askForLabel(what, signal) {
  const known2 = h("datalist", { id: "selection-labels" });
  const field = h("input", {
    type: "text",
    list: known2.id,
    required: true,
    maxlength: LONGEST2,
    autocomplete: "off",
    id: "selection-label"
  });
  const dialog = h(
    "dialog",
    { class: "selection-dialog", "aria-labelledby": "selection-title" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "selection-title" }, t("Label {images}", { images: what })),
      h("label", { for: field.id }, t("Label")),
      field,
      known2,
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("Cancel")),
        h("button", { type: "submit", class: "button primary", value: "give" }, t("Label"))
      )
    )
  );
  get2("/labels", null, { signal }).then(({ labels }) => {
    known2.replaceChildren(...labels.map(({ label }) => h("option", { value: label })));
  }).catch(() => {
  });
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const label = field.value.trim();
      resolve(dialog.returnValue === "give" && label ? label : null);
      dialog.remove();
    });
    signal.addEventListener("abort", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}

// selection/trash.js
var BATCH = 25;
function openTrash(source2, count2, { signal, onundone, onended }) {
  return new Promise((resolve) => {
    const trash = new Trash(source2, count2, signal, onundone);
    trash.element.addEventListener("close", () => {
      trash.stopped.abort();
      trash.element.remove();
      if (trash.ended) onended(trash.ended);
      else trash.tell();
      resolve(trash.logs.length > 0);
    });
    document.body.append(trash.element);
    trash.element.showModal();
  });
}
var Trash = class {
  /**
   * @param {Source} source
   * @param {number} count
   * @param {AbortSignal} signal
   * @param {() => void} onundone
   */
  constructor(source2, count2, signal, onundone) {
    this.source = source2;
    this.count = count2;
    this.onundone = onundone;
    this.logs = [];
    this.moved = 0;
    this.left = [];
    this.running = false;
    this.ended = null;
    this.stopped = new AbortController();
    signal.addEventListener("abort", () => this.stop());
    this.text = h("p", { role: "status" }, t("The files go to the trash of this system. A copy need not stay: what is in the trash may be the only one. To bring the files back, press “Undo” afterwards, or use “History” on the page Duplicates."));
    this.bar = h("progress", { max: 1, "aria-label": t("Moving to the trash"), hidden: true });
    this.confirm = h("button", {
      type: "button",
      class: "button danger",
      onclick: () => this.run()
    }, t("Move to the trash"));
    this.cancel = h("button", {
      type: "button",
      class: "button",
      autofocus: true,
      onclick: () => this.stop()
    }, t("Cancel"));
    this.element = h(
      "dialog",
      { class: "selection-dialog", "aria-labelledby": "trash-title" },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "trash-title" }, t(
          "Move {count} image to the trash?|Move {count} images to the trash?",
          { count: count2 }
        )),
        this.text,
        this.bar,
        h("div", { class: "row" }, this.cancel, this.confirm)
      )
    );
    this.element.addEventListener("cancel", (event) => {
      if (!this.running) return;
      event.preventDefault();
      this.stop();
    });
  }
  stop() {
    this.stopped.abort();
    if (!this.running) this.element.close();
    else this.text.textContent = t("Stopping…");
  }
  async run() {
    this.running = true;
    this.confirm.disabled = true;
    this.cancel.textContent = t("Stop");
    this.cancel.focus();
    this.bar.hidden = false;
    const batch = newBatch();
    try {
      const ids = await idsOf(this.source);
      for (let start3 = 0; start3 < ids.length && !this.stopped.signal.aborted; start3 += BATCH) {
        const { log, moved: moved2, left } = await change(
          "/trash",
          { ids: ids.slice(start3, start3 + BATCH), batch }
        );
        if (log) this.logs.push(log);
        this.moved += moved2.length;
        this.left.push(...left);
        this.bar.value = Math.min(1, (start3 + BATCH) / ids.length);
        this.text.textContent = t(
          "{number} of {images}",
          { number: this.moved, images: images(ids.length) }
        );
      }
    } catch (error) {
      if (isConflict(error) && !this.logs.length) this.ended = error;
      else this.left.push({ id: "", reason: messageOf(error) });
    }
    this.running = false;
    this.element.close();
  }
  /** Says what was moved and what was not, and offers to undo it. */
  tell() {
    const [first] = this.left;
    const rest = first ? t(
      ". One stays: {reason}|. {count} stay: {reason}",
      { count: this.left.length, reason: `${first.id} ${serverText(first.reason)}` }
    ) : "";
    if (this.logs.length) {
      toast(
        t(
          "{count} image moved to the trash|{count} images moved to the trash",
          { count: this.moved }
        ) + rest,
        { action: t("Undo"), onaction: () => bringBack(this.logs).then(this.onundone) }
      );
    } else if (first) toast(t("Nothing was moved") + rest);
  }
};
async function bringBack(logs) {
  const left = [];
  try {
    for (const log of logs.toReversed()) {
      left.push(...(await change("/duplicates/undo", { log })).left);
    }
    toast(left.length ? t(
      "{count} image could not be brought back: {reason}|{count} images could not be brought back: {reason}",
      { count: left.length, reason: serverText(left[0].reason) }
    ) : t("The files are back"));
  } catch (error) {
    toast(capitalise(messageOf(error)));
  }
  announce(t("Undo has ended"));
}

// selection/action_bar.js
var MOST_SEARCHED = 50;
var SELECTION_KEYS = [
  ["Space", t("Select or unselect the image")],
  ["Shift →", t("Move and select")],
  ["Ctrl A", t("Select all")],
  ["Esc", t("Unselect all")],
  ["s", t("Search for the selected images")],
  ["Ctrl C", t("Copy the paths of the selected images")]
];
var ActionBar = class {
  /**
   * @param {{info: InfoDocument, signal: AbortSignal, source: () => Source,
   *   count: () => number, onclear: () => void, searchable?: boolean,
   *   onchanged?: () => void, onlabelled?: () => void, onended?: (error: unknown) => void}} options
   *   info: of the server; source: the selected images; count: how many they are; onclear:
   *   unselects all; searchable: whether the images have vectors; onchanged: called when an action
   *   has changed the collection; onlabelled: called when one has changed labels; onended: called
   *   when nothing was done, because the selection no longer holds
   */
  constructor(options) {
    this.options = options;
    this.element = h("div", {
      class: "chosen-bar",
      role: "region",
      "aria-label": t("Selected"),
      hidden: true
    });
    const { signal } = options;
    signal.addEventListener("abort", () => document.body.classList.remove("has-bar"));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }
  /** Shows how many images are selected. Returns whether the focus was in the bar that now hides. */
  show() {
    const count2 = this.options.count();
    const hadFocus = this.element.contains(document.activeElement);
    const act = hadFocus ? focused()?.dataset.act : null;
    this.element.hidden = count2 === 0;
    document.body.classList.toggle("has-bar", count2 > 0);
    if (!count2) {
      this.element.replaceChildren();
      return hadFocus;
    }
    const text2 = t("{count} selected", { count: count2 });
    announce(text2);
    this.element.replaceChildren(...present(this.parts(count2, text2)));
    if (act) find(`[data-act="${act}"]`, this.element)?.focus();
    return false;
  }
  /**
   * @param {number} count
   * @param {string} text
   */
  parts(count2, text2) {
    const { info: info3, onclear, searchable = true } = this.options;
    return [
      h("span", { class: "number" }, text2),
      searchable && count2 <= MOST_SEARCHED && this.button(
        "search",
        count2 === 1 ? t("Search for this") : t("Search for these"),
        () => this.search(),
        "primary"
      ),
      searchable && count2 === 1 && this.button("rings", t("Open rings"), () => this.rings()),
      info3.changes && searchable && this.button("label", t("Label…"), () => this.label()),
      info3.changes && this.button("trash", t("Move to trash…"), () => this.trash()),
      this.menu(),
      h("button", {
        type: "button",
        class: "icon-button",
        "aria-label": t("Unselect all"),
        title: t("Unselect all (Esc)"),
        dataset: { act: "clear" },
        onclick: onclear
      }, icon("close"))
    ];
  }
  /**
   * @param {string} act
   * @param {string} label
   * @param {() => unknown} run
   * @param {string} [kind]
   */
  button(act, label, run, kind = "") {
    return h("button", {
      type: "button",
      class: `button ${kind}`,
      dataset: { act },
      onclick: () => this.attempt(run)
    }, label);
  }
  /** The further actions, in a list that opens above the bar. */
  menu() {
    const { info: info3, source: source2 } = this.options;
    const details = h("details", { class: "chosen-more" });
    const item = (act, label, run) => this.button(act, label, () => {
      details.open = false;
      return run();
    }, "quiet");
    details.append(
      h("summary", { class: "button", dataset: { act: "more" } }, t("More")),
      h(
        "div",
        { class: "chosen-menu" },
        item("copy", t("Copy paths"), () => copyPaths(source2())),
        item("csv", t("Export list (CSV)"), () => download(source2(), "csv")),
        item("json", t("Export list (JSON)"), () => download(source2(), "json")),
        !info3.mosaic && item("zip", t("Download originals (ZIP)"), () => download(source2(), "zip"))
      )
    );
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      details.querySelector("summary")?.focus();
      event.preventDefault();
    });
    details.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !details.contains(relatedTarget)) details.open = false;
    });
    return details;
  }
  /**
   * Runs an action, and says what went wrong.
   * @param {() => unknown} run
   */
  async attempt(run) {
    try {
      await run();
    } catch (error) {
      if (!isAbort(error)) this.failed(error);
    }
  }
  /** @param {unknown} error */
  failed(error) {
    const { onended, signal } = this.options;
    if (isConflict(error) && onended && !signal.aborted) onended(error);
    else toast(capitalise(messageOf(error)));
  }
  async search() {
    const id = await idsOf(this.options.source(), MOST_SEARCHED);
    if (id.length) navigate("/search", { id });
  }
  async rings() {
    const [id] = await idsOf(this.options.source(), 1);
    if (id !== void 0) navigate("/rings", { id });
  }
  async label() {
    const { source: source2, count: count2, signal, onlabelled } = this.options;
    const selected = source2();
    const label = await askForLabel(images(count2()), signal);
    if (label) await giveLabel(selected, label, () => !signal.aborted && onlabelled?.());
  }
  async trash() {
    const { source: source2, count: count2, signal, onclear, onchanged } = this.options;
    const onundone = () => {
      if (!signal.aborted && !count2()) onchanged?.();
    };
    const onended = (error) => this.failed(error);
    if (!await openTrash(source2(), count2(), { signal, onundone, onended }) || signal.aborted) return;
    onclear();
    onchanged?.();
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    const count2 = this.options.count();
    if (!count2 || event.defaultPrevented || isTyping(event)) return;
    if (document.querySelector("dialog[open]")) return;
    const { searchable = true } = this.options;
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === "c" && !String(getSelection())) {
      this.attempt(() => copyPaths(this.options.source()));
    } else if (control || event.altKey) return;
    else if (event.key === "Escape") this.options.onclear();
    else if (event.key === "s" && searchable && count2 <= MOST_SEARCHED) {
      this.attempt(() => this.search());
    } else if (event.key === "r" && searchable && count2 === 1) this.attempt(() => this.rings());
    else return;
    event.preventDefault();
  }
};

// selection/selection.js
var Selection = class {
  /** @param {(selection: Selection) => void} onchange */
  constructor(onchange) {
    this.onchange = onchange;
    this.ranges = [];
    this.size = 0;
    this.anchor = -1;
  }
  /** @param {number} index */
  has(index) {
    const range2 = this.ranges[this.rangeBefore(index + 1)];
    return Boolean(range2) && index < range2[1];
  }
  /**
   * The number of the last range that begins before an index, or -1.
   * @param {number} index
   */
  rangeBefore(index) {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = low + high >> 1;
      if (this.ranges[middle][0] < index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
  /** @param {number} index */
  toggle(index) {
    if (this.has(index)) this.removeRange(index, index + 1);
    else this.addRange(index, index + 1);
    this.anchor = index;
    this.onchange(this);
  }
  /**
   * Selects all places from the last selected one to this one.
   * @param {number} index
   */
  extend(index) {
    const from = this.anchor < 0 ? index : this.anchor;
    if (this.anchor < 0) this.anchor = index;
    this.addRange(Math.min(from, index), Math.max(from, index) + 1);
    this.onchange(this);
  }
  /**
   * Selects all places of a list.
   * @param {number} count
   */
  all(count2) {
    this.set(count2 ? [[0, count2]] : []);
    this.onchange(this);
  }
  /**
   * Selects these places alone.
   * @param {number[]} indices
   */
  choose(indices) {
    this.set([]);
    for (const index of indices) this.addRange(index, index + 1);
    this.onchange(this);
  }
  clear() {
    if (!this.size) return;
    this.set([]);
    this.anchor = -1;
    this.onchange(this);
  }
  /**
   * @param {number} first
   * @param {number} end
   */
  addRange(first, end) {
    const isApart = (range2) => range2[1] < first || range2[0] > end;
    const joined = this.ranges.filter((range2) => !isApart(range2));
    const low = Math.min(first, ...joined.map((range2) => range2[0]));
    const high = Math.max(end, ...joined.map((range2) => range2[1]));
    this.set([...this.ranges.filter(isApart), [low, high]]);
  }
  /**
   * @param {number} first
   * @param {number} end
   */
  removeRange(first, end) {
    const apart = (range2) => [
      [range2[0], Math.min(range2[1], first)],
      [Math.max(range2[0], end), range2[1]]
    ];
    this.set(this.ranges.flatMap(apart).filter(([low, high]) => low < high));
  }
  /** @param {Range[]} ranges */
  set(ranges) {
    this.ranges = ranges.sort((a, b) => a[0] - b[0]);
    this.size = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  }
};

// status/progress.js
var SPEED_WINDOW = 2e4;
var indexing = ({ total, failed, waiting, runs }) => runs ? { title: t("Indexing"), done: total + failed, waiting, runs } : null;
function replacing({ replacement }) {
  if (!replacement) return null;
  const { model, done, failed, total, runs } = replacement;
  return {
    title: t("Replacing the model with {model}", { model }),
    done: done + failed,
    waiting: total - done - failed,
    runs,
    note: runs ? [t("Searches use the present model until all images have new vectors.")] : rich(
      "No process works on it now. To go on, run the same {command} again.",
      { command: h("code", null, "sokkuri index --replace") }
    )
  };
}
function makeProgress(label, read3) {
  const heading2 = h("h2", null, label);
  const bar = h("progress", { "aria-label": label, max: 1 });
  const text2 = h("p", { class: "number" });
  const note = h("p", { class: "soft small", hidden: true });
  const el = h(
    "section",
    { class: "running", "aria-label": label, hidden: true },
    heading2,
    bar,
    text2,
    note
  );
  const samples = [];
  let task = null;
  const draw = () => {
    el.hidden = !task;
    if (!task) return;
    const { title: title10, done, waiting, runs } = task;
    heading2.textContent = title10;
    note.replaceChildren(...task.note ?? []);
    note.hidden = !task.note;
    if (waiting || !runs) bar.value = done / Math.max(1, done + waiting);
    else bar.removeAttribute("value");
    text2.textContent = waiting || !runs ? describe(done, waiting, speed(samples), runs) : t("Scanning the folder");
  };
  const timer2 = setInterval(draw, 2e3);
  return {
    el,
    update: (status2) => {
      task = read3(status2);
      if (!task?.runs) samples.length = 0;
      else samples.push({ time: performance.now(), done: task.done });
      draw();
    },
    stop: () => clearInterval(timer2)
  };
}
function describe(done, waiting, rate, runs) {
  const parts2 = [t("{number} of {total}", { number: done, total: done + waiting })];
  if (rate > 0) {
    parts2.push(
      t("{rate} images/s", { rate: decimal(rate, rate < 10 ? 1 : 0) }),
      t("{time} left", { time: duration(waiting / rate) })
    );
  }
  if (runs > 1) parts2.push(t("{count} process|{count} processes", { count: runs }));
  return parts2.join(" · ");
}
function speed(samples, now = performance.now()) {
  while (samples.length > 2 && now - samples[0].time > SPEED_WINDOW) samples.shift();
  if (samples.length < 2) return 0;
  const seconds = (now - samples[0].time) / 1e3;
  const last3 = samples[samples.length - 1];
  return Math.max(0, last3.done - samples[0].done) / Math.max(seconds, 0.5);
}

// status/runs.js
var ASK_AGAIN = 1e3;
function makeRuns({ signal, buttons = false }) {
  const runs = new Runs(signal, buttons);
  runs.load();
  return { el: runs.el, update: (status2) => runs.update(status2) };
}
var Runs = class {
  /**
   * @param {AbortSignal} signal
   * @param {boolean} buttons
   */
  constructor(signal, buttons) {
    this.signal = signal;
    this.buttons = buttons;
    this.failed = 0;
    this.running = false;
    this.wasRunning = false;
    this.timer = 0;
    const button = (label, retry) => h("button", {
      type: "button",
      class: "button",
      onclick: () => this.start(retry)
    }, label);
    this.again = button(t("Index again"), false);
    this.retry = button(t("Retry failures"), true);
    this.row = h("div", { class: "row" }, this.again, this.retry);
    this.failure = h("p", { class: "run-failure", role: "alert" });
    this.text = h("p", { class: "soft small" });
    this.el = h(
      "section",
      { class: "runs", "aria-label": t("Runs"), hidden: true },
      this.row,
      this.failure,
      this.text
    );
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }
  /** Fetches the state of the runs, and again until the run has ended. */
  async load() {
    clearTimeout(this.timer);
    let state = null;
    try {
      state = await get2("/index", null, { signal: this.signal });
    } catch {
      return;
    }
    this.show(state);
    if (state.running) this.timer = setTimeout(() => this.load(), ASK_AGAIN);
  }
  /** @param {IndexRunDocument} state */
  show({ allowed, running, failure, report, notes }) {
    if (this.running && !running) announce(failure ? t("Indexing stopped early") : t("Indexing has ended"));
    this.running = Boolean(running);
    this.row.hidden = !allowed || !this.buttons;
    this.again.disabled = this.running;
    this.retry.disabled = this.running;
    this.drawRetry();
    this.failure.textContent = failure ? t("Indexing stopped early: {reason}", { reason: problemText(failure) }) : "";
    this.text.textContent = [
      report && t("The last run: {summary}.", { summary: summary(report) }),
      ...notes.map((note) => `${capitalise(note)}.`)
    ].filter(Boolean).join(" ");
    this.text.hidden = !this.buttons;
    this.el.hidden = this.row.hidden && !failure && !(this.buttons && this.text.textContent);
  }
  /** @param {StatusEventDocument} status */
  update({ runs, failed }) {
    this.failed = failed;
    this.drawRetry();
    if (this.wasRunning && !runs) this.load();
    this.wasRunning = runs > 0;
  }
  drawRetry() {
    this.retry.hidden = !this.failed;
  }
  /** @param {boolean} retry */
  async start(retry) {
    try {
      const { started } = await change("/index", { retry_failed: retry });
      if (!started) toast(t("A run is in progress already"));
      else announce(t("Indexing has started"));
    } catch (error) {
      toast(capitalise(messageOf(error)));
    }
    this.load();
  }
};
function summary({ added, updated, moved: moved2, reused, removed, failed, total, seconds }) {
  const parts2 = present([
    added && t("{count} added", { count: added }),
    updated && t("{count} updated", { count: updated }),
    moved2 && t("{count} moved", { count: moved2 }),
    reused && t("{count} reused", { count: reused }),
    removed && t("{count} gone", { count: removed }),
    failed && t("{count} failed", { count: failed })
  ]);
  return list([
    t("{count} image|{count} images", { count: total }),
    ...parts2,
    duration(seconds)
  ]);
}

// browse/folder_list.js
var FIND_FROM = 25;
var MOST_MATCHES = 100;
function toTree(folders2) {
  const byPath = /* @__PURE__ */ new Map();
  const make = (path, count2) => {
    const folder = { path, name: path.slice(path.lastIndexOf("/") + 1), count: count2, children: [] };
    byPath.set(path, folder);
    if (path) parentOf(path).children.push(folder);
    return folder;
  };
  const parentOf = (path) => {
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    return byPath.get(parent) ?? make(parent, 0);
  };
  const root = make("", 0);
  for (const { path, count: count2 } of folders2) {
    const folder = byPath.get(path) ?? make(path, count2);
    folder.count = count2;
  }
  return root;
}
function makeFolderList(folders2, { root, address: address2 }) {
  const tree = toTree(folders2);
  tree.name = root;
  let current2 = "";
  const host = h("div", null);
  const draw = (text2 = "") => {
    const matches = !text2 ? null : folders2.filter(({ path }) => path.toLowerCase().includes(text2.toLowerCase())).slice(0, MOST_MATCHES);
    host.replaceChildren(matches ? h("ul", null, matches.map((folder) => item({ ...folder, name: folder.path, children: [] }))) : h("ul", null, item(tree)));
    if (matches && !matches.length) {
      host.replaceChildren(h("p", { class: "soft" }, t("No folder matches")));
    }
  };
  const item = (folder) => folderItem(folder, { current: current2, address: address2, item });
  const find2 = folders2.length < FIND_FROM ? null : h("input", {
    type: "search",
    "aria-label": t("Find a folder"),
    placeholder: t("Find a folder"),
    oninput: () => draw(find2?.value.trim())
  });
  return {
    el: h("nav", { class: "folders", "aria-label": t("Folders"), id: "folders" }, find2, host),
    mark: (under) => {
      current2 = under;
      if (find2) find2.value = "";
      draw();
    }
  };
}
function folderItem(folder, { current: current2, address: address2, item }) {
  const isCurrent = folder.path === current2;
  const open = folder.path === "" || isCurrent || current2.startsWith(`${folder.path}/`);
  const line = h(
    "div",
    { class: `folder${isCurrent ? " here" : ""}` },
    link(
      "/browse",
      address2(folder.path),
      { "aria-current": isCurrent ? "true" : null, title: folder.name },
      h("span", { class: "label" }, folder.name),
      h("span", { class: "count number" }, count(folder.count))
    )
  );
  const el = h("li", null, line);
  if (!folder.children.length) {
    line.prepend(h("span", { class: "fold" }));
    return el;
  }
  let subfolders = null;
  const fold = h("button", {
    type: "button",
    class: "fold",
    "aria-label": t("Folders in {folder}", { folder: folder.name })
  }, icon("right", { size: 14 }));
  const show11 = (on) => {
    fold.setAttribute("aria-expanded", String(on));
    if (on && !subfolders) el.append(subfolders = h("ul", null, folder.children.map(item)));
    if (subfolders) subfolders.hidden = !on;
  };
  fold.addEventListener("click", () => show11(fold.getAttribute("aria-expanded") !== "true"));
  line.prepend(fold);
  show11(open);
  return el;
}

// browse/folder_panel.js
var NARROW = "(max-width: 859px)";
var cache = null;
var FolderPanel = class {
  /**
   * @param {{root: string, before: HTMLElement, signal: AbortSignal,
   *   address: (under: string) => Params}} options
   *   root: the name of the collection; before: the element that the list precedes; address: of a
   *   folder
   */
  constructor({ root, before: before2, signal, address: address2 }) {
    this.root = root;
    this.before = before2;
    this.signal = signal;
    this.address = address2;
    this.under = "";
    this.where = "";
    this.list = null;
    this.narrowShown = false;
    this.toggle = h(
      "button",
      {
        type: "button",
        class: "button toggle",
        onclick: () => this.show(!this.isShown())
      },
      icon("folders"),
      h("span", { class: "text" }, t("Folders"))
    );
  }
  /**
   * Loads the folders, with the counts of the images that pass a filter.
   * @param {string} where
   */
  async load(where) {
    this.where = where;
    const revision = latest()?.revision;
    try {
      let known2 = cache;
      if (where || !known2 || known2.revision !== revision) {
        const { folders: folders2 } = await folders({ signal: this.signal }, { where });
        known2 = { folders: folders2, revision };
      }
      if (!where) cache = known2;
      if (where === this.where) this.draw(known2.folders);
    } catch (error) {
      if (!isAbort(error)) this.toggle.hidden = true;
    }
  }
  /** @param {FolderDocument[]} folders */
  draw(folders2) {
    this.list?.el.remove();
    this.list = null;
    this.toggle.hidden = folders2.length < 2;
    this.makeRoom(folders2.length > 1 && this.isShown());
    if (folders2.length < 2) return;
    this.list = makeFolderList(folders2, { root: this.root, address: this.address });
    this.list.mark(this.under);
    this.before.before(this.list.el);
    this.show(this.isShown(), false);
  }
  /**
   * Marks the folder that the grid shows.
   * @param {string} under
   */
  mark(under) {
    this.under = under;
    this.list?.mark(under);
  }
  /** Whether the list is shown. Narrow pages start without it, wide ones as last set. */
  isShown() {
    if (matchMedia(NARROW).matches) return this.narrowShown;
    return get("folders");
  }
  /**
   * @param {boolean} on
   * @param {boolean} [save]
   */
  show(on, save = true) {
    if (save && matchMedia(NARROW).matches) this.narrowShown = on;
    else if (save) set("folders", on);
    this.toggle.setAttribute("aria-expanded", String(on));
    if (!this.list) return;
    this.list.el.hidden = !on;
    this.makeRoom(on);
  }
  /** @param {boolean} on */
  makeRoom(on) {
    this.before.parentElement?.classList.toggle("with-folders", on);
  }
};

// browse/freshness.js
var FRESH = 4e3;
var Freshness = class {
  /**
   * @param {{host: HTMLElement, signal: AbortSignal, shown: () => Shown, onrefresh: () => void}} options
   *   host: the pictures lie in it, and the button that offers to load the grid again lies above them;
   *   shown: describes the grid; onrefresh: loads the grid again
   */
  constructor({ host, signal, shown: shown2, onrefresh }) {
    this.host = host;
    this.signal = signal;
    this.shown = shown2;
    this.onrefresh = onrefresh;
    this.ranAt = -Infinity;
    this.changedAt = -Infinity;
    this.timer = null;
    this.offer = null;
  }
  /** This page has moved images to the trash or back. */
  changed() {
    this.changedAt = performance.now();
  }
  /** @param {StatusEventDocument} status */
  follow({ revision, total, runs }) {
    const now = performance.now();
    if (runs) this.ranAt = now;
    const shown2 = this.shown();
    if (!shown2.revision || revision === shown2.revision) return;
    if (now - this.changedAt < FRESH && !shown2.isSelecting) {
      this.onrefresh();
      return;
    }
    if (now - this.ranAt < FRESH && !shown2.isSelecting) {
      this.timer ??= setTimeout(() => this.refreshDuringRun(), shown2.hasImages ? FRESH : 0);
      return;
    }
    if (shown2.hasImages) this.offerReload();
    else if (total) this.onrefresh();
  }
  /** Shows the new images of a run, unless the user is busy with the old ones. */
  refreshDuringRun() {
    this.timer = null;
    const { isSelecting, hasFocus } = this.shown();
    if (isSelecting || hasFocus) this.offerReload();
    else this.onrefresh();
  }
  offerReload() {
    if (this.offer || this.signal.aborted) return;
    const button = h(
      "button",
      { type: "button", class: "button", onclick: this.onrefresh },
      t("The collection has changed. Reload")
    );
    this.offer = h("div", { class: "stale" }, button);
    this.host.prepend(this.offer);
    announce(t("The collection has changed"));
  }
  /** Removes the offer to load the grid again, because that is done. */
  withdrawOffer() {
    this.offer?.remove();
    this.offer = null;
  }
  stop() {
    clearTimeout(this.timer ?? void 0);
  }
};

// browse/grid_cells.js
var SIZES = [64, 128, 256, 512, 1024];
var TRIES = 2;
var template = null;
var addresses = /* @__PURE__ */ new WeakMap();
function cellTemplate() {
  template ??= h(
    "div",
    { class: "cell", role: "listitem" },
    h("a", { tabindex: "-1" }, h("img", { alt: "", decoding: "async", draggable: "false" })),
    h("button", {
      type: "button",
      class: "tick",
      role: "checkbox",
      tabindex: "-1",
      "aria-checked": "false"
    }, icon("check", { size: 16 }))
  );
  return (
    /** @type {HTMLElement} */
    template.cloneNode(true)
  );
}
var partsOf2 = (el) => (
  /** @type {HTMLElement[]} */
  [...el.children]
);
function makeGroup(number, { title: title10 }, size, top, height, heading2) {
  const id = `group-${number}`;
  const list4 = h("div", { role: "list", class: "rows", "aria-labelledby": id });
  const section = h(
    "div",
    { class: "group", dataset: { group: number } },
    h(
      "h2",
      { id },
      h("span", { class: "title" }, title10),
      h("span", { class: "count number" }, count(size))
    ),
    list4
  );
  section.style.top = `${top}px`;
  section.style.height = `${height}px`;
  section.style.setProperty("--heading", `${heading2}px`);
  return { section, list: list4 };
}
function makeRow(row, top, height, boxes, { first, size }) {
  const el = h("div", { class: "row-of-cells", role: "presentation", dataset: { row } });
  el.style.top = `${top}px`;
  el.style.height = `${height}px`;
  for (const { index, x, width } of boxes) {
    const cell = cellTemplate();
    cell.dataset.index = String(index);
    cell.dataset.tone = String(index * 7 % 4);
    cell.style.left = `${x}px`;
    cell.style.width = `${width}px`;
    cell.setAttribute("aria-posinset", String(index - first + 1));
    cell.setAttribute("aria-setsize", String(size));
    name(cell, t("Image {number}", { number: index + 1 }));
    el.append(cell);
  }
  return el;
}
function name(cell, text2) {
  cell.firstElementChild?.setAttribute("aria-label", text2);
  cell.lastElementChild?.setAttribute("aria-label", t("Select {name}", { name: text2 }));
}
function fillCell(cell, image2, href) {
  cell.dataset.id = image2.id;
  name(cell, image2.name);
  const anchor = cell.querySelector("a");
  if (!anchor) return;
  anchor.href = href;
  anchor.title = image2.name;
  const box = {
    width: parseFloat(cell.style.width),
    height: parseFloat(cell.parentElement?.style.height ?? "")
  };
  const size = pictureSize(image2, box);
  addresses.set(cell, imageUrl(image2.id, "thumbnail", { size, v: image2.v }));
}
function pictureSize({ width, height }, box, density = globalThis.devicePixelRatio || 1) {
  const ratio2 = width && height ? width / height : 1;
  const shown2 = Math.max(box.height, box.width / ratio2);
  const pixels2 = Math.max(shown2, shown2 * ratio2) * density * 0.85;
  const longest = Math.min(pixels2, Math.max(width ?? 0, height ?? 0) || pixels2);
  return SIZES.find((size) => size >= longest) ?? SIZES.at(-1);
}
function showPicture(cell, visible) {
  const img = cell.querySelector("img");
  const address2 = addresses.get(cell);
  if (!img || !address2 || cell.classList.contains("failed")) return;
  if (img.getAttribute("src")) {
    if (visible && img.fetchPriority === "low") img.fetchPriority = "auto";
    return;
  }
  img.fetchPriority = visible ? "high" : "low";
  img.onload = () => cell.classList.add("shown");
  img.onerror = () => retryLater(cell, img);
  img.src = address2;
  if (img.complete && img.naturalWidth) cell.classList.add("shown", "known");
}
function retryLater(cell, img) {
  const tries = Number(cell.dataset.tries ?? 0) + 1;
  cell.dataset.tries = String(tries);
  img.removeAttribute("src");
  if (tries > TRIES) {
    cell.classList.add("failed");
    return;
  }
  setTimeout(() => cell.isConnected && showPicture(cell, true), 800 * tries);
}
function dropPictures(row) {
  for (const img of row.querySelectorAll("img")) {
    img.onload = null;
    img.onerror = null;
    img.removeAttribute("src");
  }
}

// browse/justified.js
var NARROWEST = 0.45;
var WIDEST = 3.2;
var STRETCH = 1.3;
var LEFT_OVER = 0.35;
var SQUEEZED = 0.72;
function layoutGrid(ratios, groups, { width, target, gap = 4, heading: heading2 = 44, space = 20 }) {
  const count2 = ratios.length;
  const groupFirst = firstsOf(groups, count2);
  const total = groupFirst.length - 1;
  const rows = { first: [], top: [], height: [], group: [] };
  const groupTop = new Float64Array(total + 1);
  let top = 0;
  for (let group = 0; group < total; group++) {
    groupTop[group] = top;
    top = layoutGroup(
      ratios,
      groupFirst[group],
      groupFirst[group + 1],
      group,
      top + heading2,
      { width, target, gap },
      rows
    ) + space;
  }
  groupTop[total] = top;
  rows.first.push(count2);
  return {
    width,
    height: top,
    gap,
    heading: heading2,
    count: count2,
    rows: rows.top.length,
    groups: total,
    ratios,
    rowFirst: Uint32Array.from(rows.first),
    rowTop: Float64Array.from(rows.top),
    rowHeight: Float32Array.from(rows.height),
    rowGroup: Uint32Array.from(rows.group),
    groupFirst,
    groupTop
  };
}
function firstsOf(groups, count2) {
  if (!count2) return Uint32Array.of(0);
  const firsts = groups.length ? groups.map(({ first }) => first) : [0];
  return Uint32Array.from([...firsts, count2]);
}
function layoutGroup(ratios, first, end, group, start3, page, rows) {
  const { width, target, gap } = page;
  let top = start3;
  let begin = first;
  let sum = 0;
  const close = (until, height) => {
    top = addRow(rows, begin, top, height, group) + gap;
    begin = until;
    sum = 0;
  };
  for (let i = first; i < end; i++) {
    const ratio2 = shape(ratios[i]);
    const including = (width - gap * (i - begin)) / (sum + ratio2);
    if (including > target) {
      sum += ratio2;
      continue;
    }
    const without = sum ? (width - gap * (i - begin - 1)) / sum : Infinity;
    if (without / target < target / including) {
      close(i, without);
      i -= 1;
    } else {
      close(i + 1, including);
    }
  }
  if (begin === end) return top - gap;
  return addLastRow(ratios, { first, begin, end, group, top, sum }, page, rows);
}
function addRow(rows, first, top, height, group) {
  const whole = Math.max(1, Math.round(height));
  rows.first.push(first);
  rows.top.push(top);
  rows.height.push(whole);
  rows.group.push(group);
  return top + whole;
}
function addLastRow(ratios, { first, begin, end, group, top, sum }, page, rows) {
  const { width, target, gap } = page;
  const before2 = rows.first.at(-1) ?? 0;
  const merged = begin > first ? mergedHeight(ratios, before2, end, sum, page) : 0;
  if (merged) {
    rows.first.pop();
    rows.height.pop();
    rows.group.pop();
    return addRow(rows, before2, rows.top.pop() ?? 0, merged, group);
  }
  const full = (width - gap * (end - begin - 1)) / sum;
  return addRow(rows, begin, top, full < target * STRETCH ? full : target, group);
}
function mergedHeight(ratios, first, end, leftOver, { width, target, gap }) {
  if (leftOver * target > width * LEFT_OVER) return 0;
  let sum = 0;
  for (let i = first; i < end; i++) sum += shape(ratios[i]);
  const height = (width - gap * (end - first - 1)) / sum;
  return height < target * SQUEEZED ? 0 : height;
}
function shape(ratio2) {
  return Math.min(WIDEST, Math.max(NARROWEST, (ratio2 || 100) / 100));
}
function rowBoxes(layout2, row) {
  const { rowFirst, rowHeight: rowHeight2, ratios, width, gap } = layout2;
  const first = rowFirst[row];
  const end = rowFirst[row + 1];
  let sum = 0;
  for (let i = first; i < end; i++) sum += shape(ratios[i]);
  const full = (width - gap * (end - first - 1)) / sum;
  const scale = full < rowHeight2[row] + 1 ? full : rowHeight2[row];
  const boxes = [];
  let x = 0;
  for (let i = first; i < end; i++) {
    const left = Math.round(x);
    x += shape(ratios[i]) * scale;
    boxes.push({ index: i, x: left, width: Math.max(1, Math.round(x) - left) });
    x += gap;
  }
  return boxes;
}
function lastNotAbove(values, limit, length) {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = low + high + 1 >> 1;
    if (values[middle] <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
var rowAt = (layout2, y) => lastNotAbove(layout2.rowTop, y, layout2.rows);
var rowOf = (layout2, index) => lastNotAbove(layout2.rowFirst, index, layout2.rows);
function neighbour(layout2, index, direction) {
  if (direction === "left") return Math.max(0, index - 1);
  if (direction === "right") return Math.min(layout2.count - 1, index + 1);
  const row = rowOf(layout2, index);
  const other = row + (direction === "up" ? -1 : 1);
  if (other < 0 || other >= layout2.rows) return index;
  const box = rowBoxes(layout2, row)[index - layout2.rowFirst[row]];
  const middle = box.x + box.width / 2;
  let best = { candidate: index, distance: Infinity };
  for (const { index: candidate, x, width } of rowBoxes(layout2, other)) {
    const distance = Math.abs(x + width / 2 - middle);
    if (distance < best.distance) best = { candidate, distance };
  }
  return best.candidate;
}

// browse/grid_rows.js
var GridRows = class {
  /**
   * @param {HTMLElement} host
   * @param {{href: (image: ListedImageDocument) => string, selection: Selection, page: TallPage}}
   *   options href: the address of an image; page: where the grid is on the page
   */
  constructor(host, { href, selection, page }) {
    this.host = host;
    this.href = href;
    this.selection = selection;
    this.page = page;
    this.rows = /* @__PURE__ */ new Map();
    this.groups = /* @__PURE__ */ new Map();
  }
  /** Removes all rows and groups. */
  empty() {
    for (const row of this.rows.values()) dropPictures(row);
    this.rows.clear();
    this.groups.clear();
    this.host.replaceChildren();
  }
  /**
   * Places rows and groups again after the grid was shifted on the page.
   * @param {Layout} layout
   */
  place(layout2) {
    this.page.place(layout2, this.groups, this.rows);
  }
  /**
   * Has the rows within these bounds in the document, and no others.
   * @param {Content} content
   * @param {number} first
   * @param {number} end
   */
  render(content, first, end) {
    this.removeOutside(first, end);
    for (let row = first; row < end; row++) if (!this.rows.has(row)) this.addRow(content, row);
  }
  /**
   * Removes rows outside these bounds, but never the row that has the focus.
   * @param {number} first
   * @param {number} end
   */
  removeOutside(first, end) {
    const active3 = document.activeElement;
    for (const [row, el] of this.rows) {
      if (row >= first && row < end || el.contains(active3)) continue;
      dropPictures(el);
      el.remove();
      this.rows.delete(row);
    }
    for (const [group, { section, list: list4 }] of this.groups) {
      if (list4.childElementCount) continue;
      section.remove();
      this.groups.delete(group);
    }
  }
  /**
   * @param {Content} content
   * @param {number} row
   */
  addRow(content, row) {
    const { layout: layout2, data } = content;
    const group = layout2.rowGroup[row];
    const { list: list4, top } = this.groups.get(group) ?? this.addGroup(content, group);
    const el = makeRow(
      row,
      layout2.rowTop[row] - this.page.shift - top,
      layout2.rowHeight[row],
      rowBoxes(layout2, row),
      {
        first: layout2.groupFirst[group],
        size: layout2.groupFirst[group + 1] - layout2.groupFirst[group]
      }
    );
    for (const cell of partsOf2(el)) {
      const index = Number(cell.dataset.index);
      const image2 = data.windows.get(index);
      if (image2) fillCell(cell, image2, this.href(image2));
      this.markSelected(cell, index);
    }
    const next = partsOf2(list4).find((other) => Number(other.dataset.row) > row);
    list4.insertBefore(el, next ?? null);
    this.rows.set(row, el);
  }
  /**
   * @param {Content} content
   * @param {number} group
   */
  addGroup({ layout: layout2, data }, group) {
    const { top, bottom } = this.page.clip(layout2.groupTop[group], layout2.groupTop[group + 1]);
    const size = layout2.groupFirst[group + 1] - layout2.groupFirst[group];
    const elements = makeGroup(group, data.groups[group], size, top, bottom - top, layout2.heading);
    const next = partsOf2(this.host).find((other) => Number(other.dataset.group) > group);
    this.host.insertBefore(elements.section, next ?? null);
    const entry = { ...elements, top };
    this.groups.set(group, entry);
    return entry;
  }
  /**
   * Gives the cells within these bounds their images, which have arrived.
   * @param {GridData} data
   * @param {number} first
   * @param {number} end
   */
  fill(data, first, end) {
    for (const el of this.rows.values()) {
      for (const cell of partsOf2(el)) {
        const index = Number(cell.dataset.index);
        if (index < first || index >= end || cell.dataset.id !== void 0) continue;
        const image2 = data.windows.get(index);
        if (image2) fillCell(cell, image2, this.href(image2));
      }
    }
  }
  /** Loads pictures: first those in view, then those near. */
  showPictures() {
    const near = [];
    for (const el of this.rows.values()) {
      const { top, bottom } = el.getBoundingClientRect();
      if (bottom > 0 && top < innerHeight) for (const cell of partsOf2(el)) showPicture(cell, true);
      else near.push(el);
    }
    for (const el of near) for (const cell of partsOf2(el)) showPicture(cell, false);
  }
  /** Lets pictures that failed be loaded again. */
  forgetFailures() {
    for (const cell of findAll(".cell.failed", this.host)) {
      cell.classList.remove("failed");
      delete cell.dataset.tries;
    }
  }
  /** @param {number} index */
  cell(index) {
    return find(`.cell[data-index="${index}"]`, this.host);
  }
  /**
   * @param {HTMLElement} cell
   * @param {number} index
   */
  markSelected(cell, index) {
    const selected = this.selection.has(index);
    cell.classList.toggle("chosen", selected);
    find(".tick", cell)?.setAttribute("aria-checked", String(selected));
  }
  /** Shows which images are selected. */
  showSelection() {
    this.host.classList.toggle("selecting", this.selection.size > 0);
    for (const cell of findAll(".cell", this.host)) {
      this.markSelected(cell, Number(cell.dataset.index));
    }
  }
};

// browse/long_press.js
var LONG = 450;
var STRAY = 10;
function onLongPress(host, selector, callback, signal) {
  let timer2 = 0;
  let start3 = null;
  let pressed = false;
  const cancel = () => clearTimeout(timer2);
  host.addEventListener("pointerdown", (event) => {
    cancel();
    pressed = false;
    const el = event.pointerType === "touch" && around(event, selector);
    if (!el) return;
    start3 = event;
    timer2 = setTimeout(() => {
      pressed = true;
      navigator.vibrate?.(10);
      callback(el);
    }, LONG);
  }, { signal });
  host.addEventListener("pointermove", (event) => {
    if (start3 && Math.hypot(event.clientX - start3.clientX, event.clientY - start3.clientY) > STRAY) {
      cancel();
    }
  }, { signal });
  for (const end of ["pointerup", "pointercancel"]) host.addEventListener(end, cancel, { signal });
  host.addEventListener("contextmenu", (event) => pressed && event.preventDefault(), { signal });
  host.addEventListener("click", (event) => {
    if (!pressed) return;
    pressed = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { signal, capture: true });
}

// selection/dragging.js
function onDrag(host, selector, { selection, indexOf, signal }) {
  let first = null;
  let last3 = null;
  host.addEventListener("pointerdown", (event) => {
    const isTick = event.pointerType === "mouse" && event.button === 0 && around(event, ".tick");
    first = isTick ? around(event, selector) : null;
    last3 = first;
  }, { signal });
  host.addEventListener("pointerover", (event) => {
    const item = first && event.buttons === 1 ? around(event, selector) : null;
    if (!first || !item || item === last3) return;
    last3 = item;
    if (!selection.has(indexOf(first))) selection.toggle(indexOf(first));
    selection.anchor = indexOf(first);
    selection.extend(indexOf(item));
  }, { signal });
  addEventListener("pointerup", () => {
    first = null;
  }, { signal });
}

// browse/tall_page.js
var HIGHEST = 15e6;
var END = 2e5;
var JUMP = 4;
var TallPage = class {
  /** Not shifted, and as high as the grid. */
  constructor() {
    this.gridHeight = 0;
    this.height = 0;
    this.shift = 0;
    this.factor = 1;
    this.setHeight(0);
  }
  /** @param {number} height of the grid */
  setHeight(height) {
    this.gridHeight = height;
    this.height = Math.min(height, HIGHEST);
    this.shift = 0;
    this.factor = (height - 2 * END) / (this.height - 2 * END);
  }
  get isScaled() {
    return this.gridHeight > this.height;
  }
  /**
   * The height in the grid that belongs to a height on the page.
   * @param {number} y
   */
  toGrid(y) {
    if (!this.isScaled || y <= END) return y;
    if (y >= this.height - END) return y + this.gridHeight - this.height;
    return END + (y - END) * this.factor;
  }
  /**
   * The height on the page that belongs to a height in the grid.
   * @param {number} y
   */
  toPage(y) {
    if (!this.isScaled || y <= END) return y;
    if (y >= this.gridHeight - END) return y - this.gridHeight + this.height;
    return END + (y - END) / this.factor;
  }
  /**
   * Whether one event of scrolling, by this many pixels, is a jump.
   * @param {number} moved
   */
  isJump(moved2) {
    return this.isScaled && Math.abs(moved2) > JUMP * innerHeight;
  }
  /**
   * Shifts the grid so that one of its heights is where it belongs on the page.
   * @param {number} y a height in the grid
   * @returns {number} its height on the page
   */
  moveTo(y) {
    const place2 = Math.round(this.toPage(y));
    this.shift = this.isScaled ? Math.round(y) - place2 : 0;
    return y - this.shift;
  }
  /**
   * The part of the grid between two heights that is on the page: its top and bottom there.
   * @param {number} top
   * @param {number} bottom
   */
  clip(top, bottom) {
    return { top: Math.max(top - this.shift, 0), bottom: Math.min(bottom - this.shift, this.height) };
  }
  /**
   * Places the groups and rows in the document after the grid was shifted.
   * @param {import("./justified.js").Layout} layout
   * @param {Map<number, {section: HTMLElement, top: number}>} groups
   * @param {Map<number, HTMLElement>} rows
   */
  place({ groupTop, rowGroup, rowTop }, groups, rows) {
    if (!this.isScaled) return;
    for (const [group, entry] of groups) {
      const { top, bottom } = this.clip(groupTop[group], groupTop[group + 1]);
      entry.top = top;
      entry.section.style.top = `${top}px`;
      entry.section.style.height = `${Math.max(0, bottom - top)}px`;
    }
    for (const [row, el] of rows) {
      const top = groups.get(rowGroup[row])?.top ?? 0;
      el.style.top = `${rowTop[row] - this.shift - top}px`;
    }
  }
};

// browse/grid.js
var KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
var FAST = 5;
var SETTLED_AFTER = 70;
var FAST_INTERVAL = 200;
var Grid = class {
  /**
   * @param {HTMLElement} host
   * @param {Object} options
   * @param {(image: ListedImageDocument) => string} options.href
   * @param {Selection} options.selection
   * @param {(width: number) => number} options.rowHeight
   * @param {(anchor: Anchor) => void} [options.onmove] called with the first visible image when
   *   scrolling stops
   * @param {(index: number) => void} [options.onopen] called when an image's link is followed
   */
  constructor(host, { href, selection, rowHeight: rowHeight2, onmove, onopen }) {
    this.host = host;
    this.selection = selection;
    this.rowHeight = rowHeight2;
    this.onmove = onmove;
    this.onopen = onopen;
    this.data = null;
    this.layout = null;
    this.page = new TallPage();
    this.rows = new GridRows(host, { href, selection, page: this.page });
    this.focused = 0;
    this.last = { y: 0, time: 0, down: true };
    this.fast = false;
    this.settleTimer = 0;
    this.lastRequest = 0;
    this.stops = new AbortController();
    this.resizes = new ResizeObserver(() => this.resized());
    this.listen();
  }
  listen() {
    const { signal } = this.stops;
    addEventListener("scroll", () => this.scrolled(), { passive: true, signal });
    connection.addEventListener("found", () => this.retryFailed(), { signal });
    this.host.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.host.addEventListener("click", (event) => this.clicked(event), { signal });
    onLongPress(
      this.host,
      ".cell",
      (cell) => this.selection.toggle(Number(cell.dataset.index)),
      signal
    );
    onDrag(this.host, ".cell", {
      selection: this.selection,
      signal,
      indexOf: (cell) => Number(cell.dataset.index)
    });
    this.host.addEventListener("focusin", (event) => this.focusedOn(event), { signal });
    this.resizes.observe(this.host);
  }
  /** Stops all listeners and requests, and empties the grid. */
  stop() {
    this.stops.abort();
    this.resizes.disconnect();
    clearTimeout(this.settleTimer);
    this.data?.windows.stop();
    this.rows.empty();
  }
  /** @param {GridData} data */
  show(data) {
    this.data?.windows.stop();
    this.rows.empty();
    this.data = data;
    this.focused = 0;
    data.windows.onload = (first, end) => this.loaded(first, end);
    data.windows.onretry = () => this.render();
    this.relay();
  }
  /** Shows nothing, until `show` is called. */
  hide() {
    this.data?.windows.stop();
    this.rows.empty();
    this.data = null;
    this.layout = null;
    this.page.setHeight(0);
  }
  relay() {
    const width = this.host.clientWidth;
    if (!this.data || !width) return;
    const small = width < 600;
    this.layout = layoutGrid(this.data.ratios, this.data.groups, {
      width,
      target: this.rowHeight(width),
      gap: small ? 3 : 5,
      heading: small ? 40 : 48,
      space: small ? 14 : 22
    });
    this.page.setHeight(this.layout.height);
    this.host.style.height = `${this.page.height}px`;
    this.render();
  }
  /** Lays out again after a change of width; the image at the top of the window stays there. */
  resized() {
    if (!this.data || this.layout?.width === this.host.clientWidth) return;
    this.relayKeeping();
  }
  /** Lays out again. The focus stays on its image. */
  relayKeeping() {
    const anchor = this.layout && this.anchor();
    const hadFocus = this.host.contains(document.activeElement);
    this.rows.empty();
    this.relay();
    if (anchor) this.scrollToAnchor(anchor);
    if (hadFocus) this.focusQuietly(this.focused);
  }
  /** The top of the grid in the document, in pixels. */
  top() {
    return this.host.getBoundingClientRect().top + scrollY;
  }
  /** The height in the grid at which the window begins. */
  y() {
    return scrollY - this.top() + this.page.shift;
  }
  /**
   * Scrolls so that the window begins at a height in the grid.
   * @param {number} y
   */
  moveTo(y) {
    const place2 = this.page.moveTo(y);
    if (this.layout) this.rows.place(this.layout);
    scrollTo(0, this.top() + place2);
    if (this.page.isScaled) this.last.y = scrollY;
  }
  /** The height at the top of the window that the header and a group's heading cover. */
  covered() {
    const bar = find(".bar")?.offsetHeight ?? 0;
    return bar + (this.layout?.heading ?? 0);
  }
  /**
   * The first image that is fully visible, and the distance of its row from the top of the window.
   * @returns {{index: number, offset: number}}
   */
  anchor() {
    if (!this.layout?.rows) return { index: 0, offset: 0 };
    const y = this.y();
    if (y <= 0) return { index: 0, offset: 0 };
    let row = rowAt(this.layout, y + this.covered());
    if (this.layout.rowTop[row] < y + this.covered() - 8 && row + 1 < this.layout.rows) row += 1;
    return { index: this.layout.rowFirst[row], offset: Math.round(this.layout.rowTop[row] - y) };
  }
  /**
   * Scrolls to an image.
   * @param {{index: number, offset?: number}} anchor from `anchor()`
   */
  scrollToAnchor({ index, offset }) {
    if (!this.layout?.rows) return;
    const row = rowOf(this.layout, Math.min(index, this.layout.count - 1));
    const y = this.layout.rowTop[row] - (offset ?? this.covered());
    this.moveTo(index === 0 && !offset ? -this.top() : y);
    this.render();
  }
  scrolled() {
    const now = performance.now();
    const moved2 = scrollY - this.last.y;
    const seconds = Math.max(now - this.last.time, 8) / 1e3;
    this.fast = Math.abs(moved2) / innerHeight / Math.min(seconds, 0.2) > FAST;
    if (moved2) this.last = { y: scrollY, time: now, down: moved2 > 0 };
    if (this.page.isJump(moved2)) {
      this.page.moveTo(this.page.toGrid(scrollY - this.top()));
      if (this.layout) this.rows.place(this.layout);
    }
    this.render();
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settled(), SETTLED_AFTER);
  }
  settled() {
    this.fast = false;
    if (this.page.isScaled) this.moveTo(this.y());
    this.render();
    this.onmove?.(this.anchor());
  }
  /** Updates the document to the scroll position. */
  render() {
    const { layout: layout2, data } = this;
    if (!layout2?.rows || !data) return;
    const y = this.y();
    const ahead = innerHeight * 1.25;
    const behind = innerHeight * 0.6;
    const low = y - (this.last.down ? behind : ahead);
    const high = y + innerHeight + (this.last.down ? ahead : behind);
    const first = rowAt(layout2, low);
    const end = rowAt(layout2, high) + 1;
    this.rows.render({ layout: layout2, data }, first, end);
    const now = performance.now();
    if (!this.fast || now - this.lastRequest > FAST_INTERVAL) {
      this.lastRequest = now;
      this.requestImages(first, end);
    }
    if (!this.fast) this.rows.showPictures();
    this.markTabStop();
  }
  /**
   * Requests the data of the images in view and of the next ones in the direction of scrolling.
   * @param {number} firstRow
   * @param {number} endRow
   */
  requestImages(firstRow, endRow) {
    if (!this.layout) return;
    const { rowFirst, count: count2 } = this.layout;
    const ahead = Math.max(200, rowFirst[endRow] - rowFirst[firstRow]);
    const first = rowFirst[firstRow] - (this.last.down ? 0 : ahead);
    const end = rowFirst[endRow] + (this.last.down ? ahead : 0);
    this.data?.windows.want(Math.max(0, first), Math.min(count2, end));
  }
  /**
   * @param {number} first
   * @param {number} end
   */
  loaded(first, end) {
    if (this.data) this.rows.fill(this.data, first, end);
    if (!this.fast) this.rows.showPictures();
  }
  /** Loads all failed images and pictures again, after the server came back. */
  retryFailed() {
    this.data?.windows.failedAt.clear();
    this.rows.forgetFailures();
    this.render();
  }
  /** Makes one image reachable with Tab: the focused one, or else the first in view. */
  markTabStop() {
    const old = this.host.querySelector("a[tabindex='0']");
    const cell = this.rows.cell(this.focused) ?? this.rows.cell(this.anchor().index);
    const anchor = cell?.querySelector("a");
    if (!anchor || anchor === old) return;
    old?.setAttribute("tabindex", "-1");
    anchor.setAttribute("tabindex", "0");
  }
  /** @param {FocusEvent} event */
  focusedOn(event) {
    const cell = around(event, ".cell");
    if (!cell) return;
    this.focused = Number(cell.dataset.index);
    this.markTabStop();
  }
  /**
   * Moves the focus to an image, and scrolls it into view.
   * @param {number} index
   */
  focus(index) {
    this.focused = index;
    if (!this.layout) return;
    const row = rowOf(this.layout, index);
    const y = this.y();
    const top = this.layout.rowTop[row];
    const bottom = top + this.layout.rowHeight[row];
    const visible = innerHeight - 12;
    if (top < y + this.covered()) this.moveTo(top - this.covered() - 8);
    else if (bottom > y + visible) this.moveTo(bottom - visible + 8);
    this.render();
    this.rows.cell(index)?.querySelector("a")?.focus({ preventScroll: true });
    this.markTabStop();
  }
  /**
   * Moves the focus to an image. `scrolls`: whether to scroll the image into view, too.
   * @param {number} index
   * @param {boolean} scrolls
   */
  focusAgain(index, scrolls) {
    const isThere = index < (this.layout?.count ?? 0);
    return scrolls && isThere ? this.focus(index) : this.focusQuietly(index);
  }
  /**
   * Moves the focus to an image without scrolling, if the image is in the document.
   * @param {number} index
   */
  focusQuietly(index) {
    const anchor = this.rows.cell(index)?.querySelector("a");
    if (!anchor) return;
    this.focused = index;
    anchor.focus({ preventScroll: true });
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    const cell = around(event, ".cell");
    if (!cell || !this.layout || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(cell.dataset.index);
    const next = event.key in KEYS ? neighbour(this.layout, index, KEYS[event.key]) : event.key === "Home" ? 0 : event.key === "End" ? this.layout.count - 1 : null;
    if (next !== null) {
      if (event.shiftKey && this.selection.anchor < 0) this.selection.toggle(index);
      this.focus(next);
      if (event.shiftKey) this.selection.extend(next);
    } else if (event.key === " ") {
      this.selection.toggle(index);
    } else return;
    event.preventDefault();
  }
  /** @param {MouseEvent} event */
  clicked(event) {
    const cell = around(event, ".cell");
    if (!cell || event.ctrlKey || event.metaKey) return;
    const index = Number(cell.dataset.index);
    const selects = around(event, ".tick") || event.detail > 0 && (event.shiftKey || this.selection.size > 0);
    if (!selects) {
      if (cell.dataset.id === void 0) event.preventDefault();
      else this.onopen?.(index);
      return;
    }
    event.preventDefault();
    if (event.shiftKey) this.selection.extend(index);
    else this.selection.toggle(index);
  }
};

// browse/windows.js
var WINDOW = 500;
var KEPT3 = 60;
var RETRY = 3e3;
var Windows = class {
  /**
   * @param {number} count
   * @param {(offset: number, limit: number, signal: AbortSignal) =>
   *   Promise<ListedImageDocument[]>} load
   */
  constructor(count2, load3) {
    this.count = count2;
    this.load = load3;
    this.loaded = /* @__PURE__ */ new Map();
    this.loading = /* @__PURE__ */ new Map();
    this.failedAt = /* @__PURE__ */ new Map();
    this.onload = () => {
    };
    this.onretry = () => {
    };
  }
  /**
   * @param {number} index
   * @returns {?ListedImageDocument} the image, if it is loaded
   */
  get(index) {
    return this.loaded.get(Math.floor(index / WINDOW))?.[index % WINDOW] ?? null;
  }
  /**
   * Fetches the windows of a range of images, and cancels requests for windows far from it.
   * @param {number} first
   * @param {number} end
   */
  want(first, end) {
    const low = Math.max(0, Math.floor(first / WINDOW));
    const high = Math.floor(Math.max(first, Math.min(end, this.count) - 1) / WINDOW);
    for (const [number, { controller, held }] of this.loading) {
      if (held || number >= low - 1 && number <= high + 1) continue;
      this.loading.delete(number);
      controller.abort();
    }
    for (let number = low; number <= high; number++) this.fetch(number);
  }
  /**
   * Fetches a window; the promise is settled when the window is loaded or has failed. A window that
   * is `held` is not cancelled.
   * @param {number} number
   * @param {boolean} [held]
   */
  fetch(number, held = false) {
    const images3 = this.loaded.get(number);
    if (images3) {
      this.loaded.delete(number);
      this.loaded.set(number, images3);
      return Promise.resolve(images3);
    }
    const request2 = this.loading.get(number);
    if (request2) {
      request2.held ||= held;
      return request2.promise;
    }
    if (!held && Date.now() - (this.failedAt.get(number) ?? 0) < RETRY) return null;
    const controller = new AbortController();
    const promise = this.run(number, controller);
    this.loading.set(number, { promise, controller, held });
    return promise;
  }
  /**
   * @param {number} number
   * @param {AbortController} controller
   */
  async run(number, controller) {
    const offset = number * WINDOW;
    try {
      const limit = Math.min(WINDOW, this.count - offset);
      const images3 = await this.load(offset, limit, controller.signal);
      this.loaded.set(number, images3);
      this.failedAt.delete(number);
      this.dropOldest();
      return images3;
    } catch (error) {
      if (!isAbort(error)) {
        this.failedAt.set(number, Date.now());
        setTimeout(() => this.onretry(), RETRY + 50);
      }
      return null;
    } finally {
      if (this.loading.get(number)?.controller === controller) this.loading.delete(number);
      const images3 = this.loaded.get(number);
      if (images3) this.onload(offset, offset + images3.length);
    }
  }
  dropOldest() {
    for (const number of this.loaded.keys()) {
      if (this.loaded.size <= KEPT3) return;
      this.loaded.delete(number);
    }
  }
  /**
   * The images of these indices; those that are not loaded are fetched.
   * @param {Iterable<number>} indices
   * @returns {Promise<ListedImageDocument[]>} without those that could not be fetched
   */
  async all(indices) {
    const all = [...indices];
    const numbers2 = new Set(all.map((index) => Math.floor(index / WINDOW)));
    const windows = /* @__PURE__ */ new Map();
    await Promise.all([...numbers2].map(async (number) => {
      windows.set(number, await this.fetch(number, true));
    }));
    return all.map((index) => windows.get(Math.floor(index / WINDOW))?.[index % WINDOW]).filter((image2) => image2 !== void 0);
  }
  /**
   * The list with its place of an image, as the page of the image needs it (base/trail.js).
   * @param {number} index
   */
  listAt(index) {
    const imageAt = async (place2) => (await this.all([place2]))[0] ?? null;
    return { id: this.get(index)?.id ?? "", index, count: this.count, imageAt };
  }
  /** Cancels all requests. */
  stop() {
    for (const { controller } of this.loading.values()) controller.abort();
    this.onload = () => {
    };
    this.onretry = () => {
    };
  }
};

// browse/grid_data.js
var KEPT4 = 4;
var kept = /* @__PURE__ */ new Map();
async function fetchGrid(query, index, { signal, onstale }) {
  const request2 = (offset, limit, itemsSignal, order) => gridItems(
    { ...query, order, offset: String(offset), limit },
    { signal: itemsSignal }
  );
  let first = index < WINDOW ? request2(0, WINDOW, signal).catch(() => null) : null;
  const grid2 = await grid(query, { signal });
  const windows = new Windows(grid2.count, async (offset, limit, windowSignal) => {
    const early = offset === 0 ? await first : null;
    first = null;
    const { images: images3, revision } = early?.order === grid2.order ? { ...early, revision: grid2.revision } : await request2(offset, limit, windowSignal, grid2.order).catch((error) => {
      if (isConflict(error)) onstale();
      throw error;
    });
    if (revision !== grid2.revision || images3.length < limit) onstale();
    if (images3.length < limit) throw new Error("an image is gone");
    return images3;
  });
  return { ...grid2, ratios: Uint16Array.from(grid2.ratios), windows };
}
function findGrid(name2) {
  const data = kept.get(name2);
  return data && data.revision === (latest()?.revision ?? data.revision) ? data : null;
}
function keepGrid(name2, data) {
  kept.delete(name2);
  kept.set(name2, data);
  if (kept.size > KEPT4) kept.delete([...kept.keys()][0]);
}
var forgetGrids = () => kept.clear();

// browse/heading.js
var SORTS = {
  folder: t("By folder"),
  newest: t("Newest"),
  oldest: t("Oldest"),
  name: t("Name"),
  size: t("Size"),
  pixels: t("Pixels")
};
var sortOf = (named2) => named2 !== null && Object.hasOwn(SORTS, named2) ? (
  /** @type {Sort} */
  named2
) : "folder";
var Heading = class {
  /** @param {string} collection its name, which stands for the top folder */
  constructor(collection) {
    this.collection = collection;
    this.el = h("div", { class: "heading" });
    this.count = h("span", { class: "soft small number" });
    this.sorts = h("div", { class: "choice sorts", role: "group", "aria-label": t("Order") });
  }
  /**
   * Shows a folder and an order, without a count.
   * @param {{under: string, sort: Sort}} shown
   * @param {(under: string) => Params} address what the links to another folder or order keep
   */
  show({ under, sort }, address2) {
    const parts2 = under ? under.split("/") : [];
    const name2 = parts2.at(-1) ?? this.collection;
    const above = ["", ...parts2.slice(0, -1).map((_, i) => parts2.slice(0, i + 1).join("/"))];
    const crumbs = parts2.length > 0 && h(
      "nav",
      { class: "crumbs", "aria-label": t("Parent folders") },
      h("ol", null, above.map((path) => h(
        "li",
        null,
        link(
          "/browse",
          address2(path),
          null,
          path ? path.slice(path.lastIndexOf("/") + 1) : this.collection
        )
      )))
    );
    this.count.textContent = "";
    this.el.replaceChildren(...present([crumbs, h("h1", { tabindex: "-1" }, name2), this.count]));
    this.sorts.replaceChildren(...Object.entries(SORTS).map(([one, label]) => link(
      "/browse",
      { ...address2(under), sort: one === "folder" ? null : one },
      { class: "button quiet", "aria-current": one === sort ? "true" : null },
      label
    )));
  }
  /** @param {?number} count of images; null if it is unknown */
  showCount(count2) {
    this.count.textContent = count2 === null ? "" : t("{count} image|{count} images", { count: count2 });
  }
};

// browse/scrubber.js
var MARKS = 60;
function makeScrubber(grid2) {
  const thumb = h("div", { class: "thumb" });
  const title10 = h("div", { class: "where" });
  const marks = h("div", null);
  const el = h("div", { class: "scrubber", "aria-hidden": "true" }, marks, thumb, title10);
  const stops = new AbortController();
  let hiding = 0;
  const place2 = () => {
    thumb.style.top = `${Math.min(1, scrollY / range()) * 100}%`;
    el.classList.add("moving");
    clearTimeout(hiding);
    hiding = setTimeout(() => el.classList.remove("moving"), 1200);
  };
  listen(el, (share, dragging) => {
    title10.style.top = `${share * 100}%`;
    title10.textContent = titleAt(grid2, share * range());
    if (dragging) scrollTo(0, share * range());
  });
  addEventListener("scroll", place2, { passive: true, signal: stops.signal });
  return {
    el,
    refresh: () => {
      el.hidden = !grid2.layout || grid2.layout.height < innerHeight * 3;
      marks.replaceChildren(...groupMarks(grid2));
    },
    stop: () => stops.abort()
  };
}
var range = () => Math.max(1, document.documentElement.scrollHeight - innerHeight);
function listen(el, onmove) {
  const move2 = (event) => {
    const { top, height } = el.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientY - top) / height));
    onmove(share, el.classList.contains("dragging"));
  };
  el.addEventListener("pointerdown", (event) => {
    el.setPointerCapture(event.pointerId);
    el.classList.add("dragging");
    move2(event);
    event.preventDefault();
  });
  el.addEventListener("pointermove", move2);
  for (const end of ["pointerup", "pointercancel"]) {
    el.addEventListener(end, () => el.classList.remove("dragging"));
  }
}
function titleAt(grid2, y) {
  const { layout: layout2, data } = grid2;
  if (!layout2?.groups) return "";
  const inside2 = grid2.page.toGrid(y - grid2.top()) + grid2.covered();
  let group = 0;
  while (group + 1 < layout2.groups && layout2.groupTop[group + 1] <= inside2) group += 1;
  return data?.groups[group]?.title ?? "";
}
function groupMarks(grid2) {
  const { layout: layout2 } = grid2;
  const top = grid2.top();
  const whole = range();
  const out = [];
  if (!layout2) return out;
  let last3 = -1;
  for (let group = 0; group < layout2.groups; group++) {
    const share = Math.min(1, (top + grid2.page.toPage(layout2.groupTop[group])) / whole);
    if (share - last3 < 1 / MARKS) continue;
    last3 = share;
    const mark = h("div", { class: "mark" });
    mark.style.top = `${share * 100}%`;
    out.push(mark);
  }
  return out;
}

// browse/sizes.js
var MOST = 3;
function resize(step) {
  set("size", Math.min(MOST, Math.max(-MOST, get("size") + step)));
}
function rowHeight(width) {
  const normal = Math.min(300, Math.max(116, 90 + width * 0.085));
  return normal * 1.25 ** get("size");
}
function sizeButtons(onstep) {
  const button = (step, name2, label) => h("button", {
    type: "button",
    class: "icon-button",
    "aria-label": label,
    title: label,
    onclick: () => onstep(step)
  }, icon(name2));
  return h(
    "div",
    { class: "choice sizes", role: "group", "aria-label": t("Size") },
    button(-1, "minus", t("Smaller")),
    button(1, "plus", t("Larger"))
  );
}

// browse/view.js
var title = t("Browse");
var keepsScroll = true;
var shortcuts = [
  ["← ↑ ↓ →", t("Move")],
  ["Enter", t("Open the image")],
  ...SELECTION_KEYS,
  ["r", t("Show the rings of the selected image")],
  ["+ −", t("Larger or smaller pictures")],
  ["f", t("Show or hide the folders")]
];
var FOLDERS_TIMEOUT = 1500;
var active = null;
async function show2(main2, params, { signal, info: info3 }) {
  const view2 = new Browse(main2, info3, signal, params.get("where") ?? "");
  active = view2;
  await view2.go(params);
  return () => {
    if (active === view2) active = null;
    view2.stop();
  };
}
async function update(params) {
  if (!active) return false;
  await active.go(params);
  return true;
}
var Browse = class {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   * @param {string} where the filter
   */
  constructor(main2, info3, signal, where) {
    this.info = info3;
    this.signal = signal;
    this.under = "";
    this.where = where;
    this.sort = "folder";
    this.revision = null;
    this.changing = null;
    this.host = h("div", { class: "grid" });
    this.content = h("div", { class: "content" }, this.host);
    const address2 = (under) => this.address(under);
    this.heading = new Heading(info3.name);
    this.folders = new FolderPanel({ root: info3.name, before: this.content, signal, address: address2 });
    this.filter = new FilterBar({ signal, onchange: (filter) => navigate("/browse", { ...this.address(filter.under), where: filter.where }) });
    this.progress = makeProgress(t("Indexing"), indexing);
    this.runs = makeRuns({ signal });
    this.root = h(
      "div",
      { class: "browse" },
      h(
        "div",
        { class: "browse-head" },
        this.heading.el,
        this.folders.toggle,
        this.filter.toggle,
        this.heading.sorts,
        sizeButtons((step) => this.resize(step))
      ),
      this.filter.panel,
      this.progress.el,
      this.runs.el,
      this.content
    );
    main2.append(this.root);
    this.heading.show(this, address2);
    this.selection = new Selection(() => this.showSelection());
    this.grid = this.makeGrid();
    this.scrubber = makeScrubber(this.grid);
    this.freshness = new Freshness({
      host: this.content,
      signal,
      shown: () => this.shown(),
      onrefresh: () => this.refresh()
    });
    this.bar = this.actionBar();
    this.root.append(this.scrubber.el, this.bar.element);
    this.stopEvents = events((status2) => this.changed(status2));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.foldersLoaded = this.folders.load(where);
  }
  makeGrid() {
    return new Grid(this.host, {
      selection: this.selection,
      href: ({ id }) => `/image?${toQuery({ id, ...this.address(this.under) })}`,
      rowHeight,
      onmove: (anchor) => this.saveAnchor(anchor),
      onopen: (index) => this.open(index)
    });
  }
  actionBar() {
    return new ActionBar({
      info: this.info,
      signal: this.signal,
      count: () => this.selection.size,
      onclear: () => this.selection.clear(),
      onchanged: () => {
        this.freshness.changed();
        this.refresh();
      },
      onlabelled: () => asksForLabels(this.where) && this.refresh(),
      onended: (error) => this.loadAgain(messageOf(error)),
      source: () => ({ grid: {
        ...this.query(),
        revision: this.grid.data?.revision ?? "",
        order: this.grid.data?.order ?? "",
        ranges: this.selection.ranges
      } })
    });
  }
  stop() {
    this.stopEvents();
    this.progress.stop();
    this.freshness.stop();
    this.scrubber.stop();
    this.grid.stop();
  }
  /** @param {number} step */
  resize(step) {
    resize(step);
    this.grid.relayKeeping();
    this.scrubber.refresh();
  }
  /**
   * Shows the folder and the order of an address.
   * @param {Query} params
   */
  async go(params) {
    this.under = params.get("under") ?? "";
    this.sort = sortOf(params.get("sort"));
    const where = params.get("where") ?? "";
    if (where !== this.where) this.showWhere(where);
    this.filter.show(this);
    this.selection.clear();
    this.heading.show(this, (under) => this.address(under));
    this.folders.mark(this.under);
    setTitle(this.under || title);
    const index = Number(params.get("at")) || 0;
    const { offset, focus } = history.state ?? {};
    await this.load({ index, offset });
    const shown2 = takeLast(this.name());
    if (Number.isInteger(focus)) this.grid.focusAgain(shown2 ?? focus, shown2 !== null);
  }
  /**
   * Takes another filter; the list of folders has other counts.
   * @param {string} where
   */
  showWhere(where) {
    this.where = where;
    this.foldersLoaded = this.folders.load(this.where);
  }
  /** What the grid shows, as the server takes it. */
  query() {
    return { under: this.under || null, where: this.where || null, sort: this.sort };
  }
  /** The name of the list that the grid shows. */
  name() {
    return `${this.sort} ${this.under}
${this.where}`;
  }
  /** @param {{index: number, offset?: number}} anchor */
  async load(anchor) {
    this.changing?.abort();
    this.changing = new AbortController();
    const signal = AbortSignal.any([this.signal, this.changing.signal]);
    this.freshness.withdrawOffer();
    const key2 = this.name();
    try {
      let data = asksForLabels(this.where) ? null : findGrid(key2);
      if (!data) {
        this.showSkeletons();
        data = await fetchGrid(
          this.query(),
          anchor.index,
          { signal, onstale: () => active?.freshness.offerReload() }
        );
      }
      keepGrid(key2, data);
      await Promise.race([this.foldersLoaded, pause2(FOLDERS_TIMEOUT)]);
      signal.throwIfAborted();
      this.showData(data, anchor);
    } catch (error) {
      if (isAbort(error)) return;
      const isFilter = this.filter.explain(error);
      this.grid.hide();
      this.scrubber.el.hidden = true;
      this.heading.showCount(null);
      this.content.replaceChildren(isFilter ? panel({
        icon: "filter",
        level: 2,
        title: t("The filter is not valid"),
        text: t("See the message under the filter.")
      }) : problemPanel(error, () => this.load(anchor), 2));
    }
  }
  showSkeletons() {
    if (this.grid.data) return;
    const boxes = Array.from({ length: 40 }, () => h("div", { class: "skeleton" }));
    this.content.replaceChildren(h("div", { class: "skeletons", "aria-hidden": "true" }, boxes));
  }
  /**
   * @param {Data} data
   * @param {{index: number, offset?: number}} anchor
   */
  showData(data, anchor) {
    this.revision = data.revision;
    this.heading.showCount(data.count);
    if (!data.count) {
      this.grid.hide();
      this.scrubber.el.hidden = true;
      this.content.replaceChildren(this.emptyPanel());
      return;
    }
    if (!this.host.isConnected) this.content.replaceChildren(this.host);
    const groups = data.groups.map((group) => ({
      ...group,
      title: (group.folder === null ? month(group.title) : group.title) || this.info.name
    }));
    this.grid.show({ ...data, groups });
    this.grid.scrollToAnchor(anchor);
    this.scrubber.refresh();
  }
  emptyPanel() {
    if (this.where) {
      return panel(
        { icon: "filter", level: 2, title: t("No image passes the filter") },
        link(
          "/browse",
          { ...this.address(this.under), where: null },
          { class: "button" },
          t("Remove the filter")
        )
      );
    }
    if (this.under) {
      return panel(
        { icon: "folder", level: 2, title: t("No images in this folder") },
        link("/browse", { sort: this.sort }, { class: "button" }, t("Show all"))
      );
    }
    if (latest()?.runs) {
      return panel({
        icon: "photos",
        level: 2,
        title: t("No images yet"),
        text: t("The first ones appear here in a moment.")
      });
    }
    return panel({
      icon: "photos",
      level: 2,
      title: t("No images yet"),
      text: rich(
        "Run {command}. The images then appear here.",
        { command: h("code", null, "sokkuri index FOLDER") }
      )
    });
  }
  /** @param {string} under */
  address(under) {
    return { under, sort: this.sort === "folder" ? null : this.sort, where: this.where };
  }
  /**
   * Remembers the place in the grid before an image of it is opened.
   * @param {number} index
   */
  open(index) {
    if (!this.grid.data) return;
    openFrom({ ...this.grid.data.windows.listAt(index), list: this.name() });
    this.saveAnchor(this.grid.anchor(), index);
  }
  /**
   * Writes the scroll position to the address, so that Back and a reload return to it.
   * @param {Anchor} anchor
   * @param {?number} [focus]
   */
  saveAnchor({ index, offset }, focus = null) {
    if (this.signal.aborted) return;
    navigate(
      "/browse",
      { ...this.address(this.under), at: index || null },
      { replace: true, quiet: true, state: { offset: index ? offset : 0, focus } }
    );
  }
  /** What the grid shows, for `freshness`. */
  shown() {
    return {
      revision: this.revision,
      hasImages: this.grid.data !== null,
      isSelecting: this.selection.size > 0,
      hasFocus: this.host.contains(document.activeElement)
    };
  }
  /** @param {StatusEventDocument} status */
  changed(status2) {
    this.progress.update(status2);
    this.runs.update(status2);
    this.freshness.follow(status2);
  }
  /**
   * Fetches the grid again after an action that was not carried out, and says so.
   * @param {string} message
   */
  loadAgain(message) {
    toast(t("{reason}. The grid was loaded again", { reason: capitalise(message) }));
    this.refresh();
  }
  /** Fetches all data again; the image at the top of the window stays there. */
  async refresh() {
    const anchor = this.grid.anchor();
    const image2 = this.grid.data?.windows.get(anchor.index);
    forgetGrids();
    this.selection.clear();
    this.foldersLoaded = this.folders.load(this.where);
    await this.load(anchor);
    const index = image2 ? await this.find(image2.id, anchor.index) : -1;
    if (index >= 0 && index !== anchor.index) this.grid.scrollToAnchor({ ...anchor, index });
  }
  /**
   * The index of an image that was at `index`, or -1 if it is not near that index.
   * @param {string} id
   * @param {number} index
   */
  async find(id, index) {
    const count2 = this.grid.data?.windows.count ?? 0;
    const near = [];
    for (let i = Math.max(0, index - 500); i < Math.min(count2, index + 500); i++) near.push(i);
    const images3 = await this.grid.data?.windows.all(near) ?? [];
    const n = images3.findIndex((image2) => image2.id === id);
    return n < 0 ? -1 : near[n];
  }
  showSelection() {
    this.grid.rows.showSelection();
    if (this.bar.show()) this.grid.focus(this.grid.focused);
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a" && this.grid.data) {
      this.selection.all(this.grid.data.windows.count);
      event.preventDefault();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") this.resize(1);
    else if (event.key === "-") this.resize(-1);
    else if (event.key === "f" && this.folders.list) this.folders.show(!this.folders.isShown());
    else if (!this.enterGrid(event)) return;
    event.preventDefault();
  }
  /**
   * Enters the grid on a left or right arrow key if no control has the focus; returns whether.
   * @param {KeyboardEvent} event
   */
  enterGrid({ key: key2 }) {
    if (key2 !== "ArrowLeft" && key2 !== "ArrowRight") return false;
    const free = document.activeElement === document.body || document.activeElement?.tagName === "H1";
    if (!free || !this.grid.layout?.rows) return false;
    this.grid.focus(this.grid.anchor().index);
    return true;
  }
};
var pause2 = (milliseconds2) => new Promise((resolve) => setTimeout(resolve, milliseconds2));

// duplicates/view.js
var view_exports2 = {};
__export(view_exports2, {
  keepsScroll: () => keepsScroll2,
  shortcuts: () => shortcuts2,
  show: () => show3,
  title: () => title2,
  update: () => update2
});

// base/lasting.js
function lasting(make) {
  let active3 = null;
  return {
    /** @type {View} */
    async show(main2, params, context) {
      const view2 = make(main2, context);
      active3 = view2;
      await view2.go(params);
      return () => {
        if (active3 === view2) active3 = null;
        view2.stop();
      };
    },
    /** @type {NonNullable<ViewModule["update"]>} */
    async update(params) {
      if (!active3) return false;
      await active3.go(params);
      return true;
    }
  };
}

// duplicates/differences.js
var NAMES = {
  identical: t("identical"),
  same: t("same"),
  edited: t("edited"),
  alike: t("alike"),
  burst: t("burst")
};
var GRADES = {
  identical: t("the same bytes"),
  same: t("the same picture, resized or saved again"),
  edited: t("cropped, marked, recoloured or turned"),
  alike: t("the same scene or object")
};
var MEANINGS = { ...GRADES, burst: t("alike and taken within seconds, but no copies") };
var pixels = ({ width, height }) => width && height ? width * height : null;
function facts(image2, keeper) {
  const isKeeper = image2.id === keeper.id;
  const line = (label, text2, differs, note = "") => ({ label, text: text2, differs: !isKeeper && differs, note: !isKeeper && differs ? note : "" });
  const shape3 = ({ width, height }) => width && height ? `${width} × ${height}` : t("unknown");
  return [
    line(
      t("Pixels"),
      shape3(image2),
      shape3(image2) !== shape3(keeper),
      ratio(pixels(image2), pixels(keeper))
    ),
    line(
      t("Size"),
      bytes2(image2.size),
      image2.size !== keeper.size,
      ratio(image2.size, keeper.size)
    ),
    line(
      t("Modified"),
      date(image2.modified),
      image2.modified !== keeper.modified,
      image2.modified < keeper.modified ? t("older") : t("newer")
    ),
    line(t("Folder"), image2.folder || t("Top folder"), image2.folder !== keeper.folder)
  ];
}
function ratio(value, other) {
  if (!value || !other || value === other) return "";
  const share = value / other;
  if (share >= 10) return `${Math.round(share)}×`;
  if (share >= 1.995) return `${decimal(share, 1)}×`;
  const percent2 = share * 100;
  return percent2 < 1 ? t("under 1%") : `${Math.round(percent2)}%`;
}
function pairOf(group, first, second) {
  return group.pairs.find(({ a, b }) => a === first && b === second || a === second && b === first) ?? null;
}
var files = (count2) => t("{count} file|{count} files", { count: count2 });

// duplicates/joint_zoom.js
var THUMBNAIL = 1024;
var STEP = 1.5;
var ARROW = 0.1;
var MOST2 = 8;
var MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
var JointZoom = class {
  constructor() {
    this.halves = [];
    this.factor = 1;
    this.x = 0.5;
    this.y = 0.5;
    this.resizes = new ResizeObserver(() => this.draw());
    this.fit();
  }
  get isWhole() {
    return this.factor <= 1.001;
  }
  /** Shows both pictures whole. */
  fit() {
    Object.assign(this, { factor: 1, x: 0.5, y: 0.5 });
    this.draw();
  }
  /** Forgets the pictures, which are on the page no longer. */
  clear() {
    this.resizes.disconnect();
    this.halves = [];
  }
  /**
   * Makes the element that shows a picture.
   * @param {DuplicateImageDocument} image
   * @param {{mirrored: boolean}} options
   * @returns {HTMLElement}
   */
  add(image2, { mirrored }) {
    const img = h("img", {
      alt: image2.name,
      draggable: "false",
      src: imageUrl(image2.id, "thumbnail", { size: THUMBNAIL, v: image2.v })
    });
    const sheet = h(
      "div",
      { class: "compare-sheet" },
      h("div", { class: mirrored ? "mirrored" : null }, img)
    );
    const view2 = h("div", { class: "compare-view" }, sheet);
    const half = { image: image2, img, sheet, view: view2, original: null };
    img.addEventListener("load", () => this.draw());
    img.addEventListener("error", () => {
      this.halves = this.halves.filter((other) => other !== half);
    });
    this.listen(half);
    this.halves.push(half);
    this.resizes.observe(view2);
    return view2;
  }
  /** @param {Half} half */
  listen(half) {
    const { view: view2 } = half;
    const at = ({ clientX, clientY }) => {
      const { left, top } = view2.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    view2.addEventListener("wheel", (event) => {
      event.preventDefault();
      const pixels2 = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      this.zoomBy(Math.exp(-event.deltaY * pixels2 * 2e-3), half, at(event));
    }, { passive: false });
    view2.addEventListener("dblclick", (event) => {
      if (this.isWhole) this.zoomBy(this.fullSize(half), half, at(event));
      else this.fit();
    });
    view2.addEventListener("pointerdown", (event) => {
      if (event.button === 0) view2.setPointerCapture(event.pointerId);
    });
    view2.addEventListener("pointermove", (event) => {
      if (!view2.hasPointerCapture(event.pointerId)) return;
      const { width, height } = this.placeOf(half);
      this.move(-event.movementX / width, -event.movementY / height);
    });
  }
  /**
   * The factor at which a pixel of the picture is a pixel of the screen.
   * @param {Half} half
   */
  fullSize(half) {
    const { width, shown: shown2 } = this.placeOf(half);
    return Math.max(STEP, shown2.width / devicePixelRatio / (width / this.factor));
  }
  /**
   * Where a picture lies in its view.
   * @param {Half} half
   */
  placeOf({ view: view2, image: image2, img }) {
    const { width: wide, height: high } = image2;
    const shown2 = wide && high ? { width: wide, height: high } : { width: img.naturalWidth || 1, height: img.naturalHeight || 1 };
    const room = { width: view2.clientWidth, height: view2.clientHeight };
    const scale = Math.min(room.width / shown2.width, room.height / shown2.height) * this.factor;
    const [width, height] = [shown2.width * scale, shown2.height * scale];
    return {
      width,
      height,
      shown: shown2,
      left: start2(this.x, width, room.width),
      top: start2(this.y, height, room.height),
      room
    };
  }
  /**
   * Zooms; the place of the picture at `at` stays where it is.
   * @param {number} by
   * @param {Half | undefined} [half]
   * @param {?Point} [at]
   */
  zoomBy(by, half = this.halves[0], at = null) {
    if (!half) return;
    const { left, top, width, height, room, shown: shown2 } = this.placeOf(half);
    const most = Math.max(2, MOST2 * shown2.width * this.factor / width);
    const factor = Math.min(most, Math.max(1, this.factor * by));
    const grown = factor / this.factor;
    const { x, y } = at ?? { x: room.width / 2, y: room.height / 2 };
    this.factor = factor;
    this.x = (room.width / 2 - x + (x - left) * grown) / (width * grown);
    this.y = (room.height / 2 - y + (y - top) * grown) / (height * grown);
    this.move(0, 0);
  }
  /**
   * @param {number} dx
   * @param {number} dy
   */
  move(dx, dy) {
    const within3 = (place2) => Math.min(1, Math.max(0, place2));
    this.x = within3(this.x + dx);
    this.y = within3(this.y + dy);
    this.draw();
  }
  draw() {
    for (const half of this.halves) {
      const { left, top, width, height, shown: shown2 } = this.placeOf(half);
      Object.assign(half.sheet.style, {
        width: `${width}px`,
        height: `${height}px`,
        transform: `translate(${left}px, ${top}px)`
      });
      half.view.classList.toggle("zoomed", !this.isWhole);
      this.sharpen(half, Math.max(width, height), Math.max(shown2.width, shown2.height));
    }
  }
  /**
   * Loads the original as soon as the thumbnail has too few pixels.
   * @param {Half} half
   * @param {number} drawn
   * @param {number} longest
   */
  sharpen(half, drawn2, longest) {
    if (half.original || longest <= THUMBNAIL || drawn2 * devicePixelRatio <= THUMBNAIL) return;
    const { image: image2, img } = half;
    const original = h("img", { alt: "", class: "original", draggable: "false" });
    half.original = original;
    original.addEventListener("error", () => original.remove());
    original.src = imageUrl(image2.id, "file", { v: image2.v });
    img.after(original);
  }
  /**
   * @param {string} key
   * @returns {boolean} whether the key zoomed or moved the pictures
   */
  pressed(key2) {
    if (key2 === "+" || key2 === "=") this.zoomBy(STEP);
    else if (key2 === "-") this.zoomBy(1 / STEP);
    else if (key2 === "0") this.fit();
    else if (key2 in MOVES && !this.isWhole) {
      const [x, y] = MOVES[key2];
      this.move(x * ARROW / this.factor, y * ARROW / this.factor);
    } else return false;
    return true;
  }
};
function start2(place2, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, room / 2 - place2 * length));
}

// duplicates/compare.js
var MODES = { side: t("Side by side"), flicker: t("Flicker"), difference: t("Difference") };
var KEYS2 = {
  1: "side",
  2: "flicker",
  3: "difference",
  s: "side",
  f: "flicker",
  d: "difference"
};
var DEEDS = { m: "prefer", n: "different", x: "drop" };
var ORDER = (
  /** @type {Mode[]} */
  Object.keys(MODES)
);
var SIZE = 1024;
var GAINS = [1, 2, 4, 8, 16];
function openCompare(session, onclose) {
  if (document.querySelector("dialog.compare[open]")) return;
  const dialog = new Compare(session);
  dialog.el.addEventListener("close", () => {
    dialog.zoom.clear();
    dialog.el.remove();
    session.id = dialog.image.id;
    onclose();
  });
  document.body.append(dialog.el);
  dialog.el.showModal();
}
var Compare = class {
  /** @param {Comparing} session */
  constructor(session) {
    this.session = session;
    this.group = session.group;
    this.sides = sidesOf(session.group);
    this.index = 0;
    this.mirrored = false;
    this.mode = "side";
    this.gain = 4;
    this.pictures = [];
    this.swapped = false;
    this.turn = 0;
    this.isBusy = false;
    this.zoom = new JointZoom();
    this.title = h("h2", { id: "compare-title" });
    this.modes = this.modeButtons();
    this.mirror = h("button", {
      type: "button",
      class: "button",
      "aria-pressed": "false",
      title: t("Mirror the second picture (i)"),
      onclick: () => this.toggleMirror()
    }, t("Mirror"));
    this.choose = h(
      "div",
      { class: "choice", role: "group", "aria-label": t("Which picture") },
      this.step(-1, "left", t("Previous picture")),
      this.step(1, "right", t("Next picture"))
    );
    this.decide = this.decisions();
    this.body = h("div", { class: "compare-body" });
    this.foot = h("p", { class: "compare-foot small number", role: "status" });
    this.el = h(
      "dialog",
      { class: "compare", "aria-labelledby": "compare-title" },
      this.head(),
      this.body,
      this.foot
    );
    this.el.addEventListener("keydown", (event) => this.pressed(event));
    this.el.addEventListener("click", (event) => event.target === this.el && this.el.close());
    this.load();
  }
  /** Shows the group and the picture of the session. @param {string} [text] what was done */
  load(text2 = "") {
    const { group, id } = this.session;
    this.group = group;
    this.sides = sidesOf(group);
    this.index = Math.max(0, this.others.findIndex((image2) => image2.id === id));
    this.mirrored = false;
    this.choose.hidden = this.others.length < 2;
    this.decide.hidden = !this.session.allowed;
    this.zoom.fit();
    this.draw();
    if (text2) this.foot.textContent = text2;
  }
  get keeper() {
    return this.sides.keeper;
  }
  get others() {
    return this.sides.others;
  }
  get image() {
    return this.others[this.index];
  }
  head() {
    const close = h("button", {
      type: "button",
      class: "icon-button",
      "aria-label": t("Close"),
      onclick: () => this.el.close()
    }, icon("close"));
    const groups = h(
      "div",
      { class: "choice", role: "group", "aria-label": t("Which group") },
      this.go(-1, "k", t("Previous group")),
      this.go(1, "j", t("Next group"))
    );
    return h(
      "header",
      null,
      h("div", { class: "compare-line" }, this.title, close),
      h("div", { class: "row" }, this.modes, this.mirror, this.choose, this.decide, groups)
    );
  }
  modeButtons() {
    return h(
      "div",
      { class: "choice", role: "group", "aria-label": t("How to compare") },
      ORDER.map((mode, n) => h("button", {
        type: "button",
        class: "button",
        dataset: { mode },
        title: `${MODES[mode]} (${n + 1})`,
        autofocus: !n,
        onclick: () => this.show(mode)
      }, MODES[mode]))
    );
  }
  /** The buttons that decide on the other picture. */
  decisions() {
    const button = (key2, name2, text2, label) => h(
      "button",
      {
        type: "button",
        class: "button",
        "aria-keyshortcuts": key2,
        title: `${label} (${key2})`,
        onclick: () => this.act(DEEDS[key2])
      },
      icon(name2, { size: 18 }),
      text2
    );
    return h(
      "div",
      { class: "row", role: "group", "aria-label": t("The other picture") },
      button("m", "check", t("Keep the other"), t("Keep the other picture instead")),
      button("n", "not", t("Not duplicates"), t("The other picture is no duplicate")),
      button("x", "trash", t("Trash the other"), t("Move the other picture to the trash"))
    );
  }
  /**
   * @param {number} by
   * @param {string} key
   * @param {string} text
   */
  go(by, key2, text2) {
    return h("button", {
      type: "button",
      class: "button",
      "aria-keyshortcuts": key2,
      title: `${text2} (${key2})`,
      onclick: () => this.goOn(by)
    }, text2);
  }
  /** @param {number} by */
  async goOn(by) {
    if (await this.session.step(by)) this.load();
    else this.foot.textContent = by > 0 ? t("This is the last group") : t("This is the first group");
  }
  /** @param {Deed} deed */
  act(deed) {
    return this.follow(() => this.session.act(deed, this.image.id));
  }
  /**
   * Runs a change of the session, and shows what is left to compare.
   * @param {() => Promise<{text: string, isOver: boolean}>} work
   */
  async follow(work) {
    if (this.isBusy || !this.session.allowed) return;
    this.isBusy = true;
    const { text: text2, isOver } = await work();
    this.isBusy = false;
    if (isOver) this.el.close();
    else this.load(text2);
    announce(text2);
  }
  /**
   * @param {number} by
   * @param {string} name
   * @param {string} label
   */
  step(by, name2, label) {
    return h("button", {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      onclick: () => this.move(by)
    }, icon(name2));
  }
  /** @param {Mode} mode */
  show(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    this.draw();
    find(`[data-mode="${mode}"]`, this.modes)?.focus();
  }
  /** @param {number} by */
  move(by) {
    this.index = (this.index + by + this.others.length) % this.others.length;
    this.mirrored = false;
    this.draw();
  }
  toggleMirror() {
    this.mirrored = !this.mirrored;
    this.draw();
  }
  draw() {
    const { mode, image: image2, keeper, mirrored } = this;
    this.turn += 1;
    this.swapped = false;
    const place2 = this.others.length < 2 ? "" : t(" ({number} of {total})", { number: this.index + 1, total: this.others.length });
    this.title.textContent = t(
      "{first} and {second}",
      { first: keeper.name, second: image2.name }
    ) + place2;
    for (const button of this.modes.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    this.mirror.setAttribute("aria-pressed", String(mirrored));
    const pair = pairOf(this.group, keeper.id, image2.id);
    this.foot.textContent = !pair ? "" : t(
      "{grade}, score {score}",
      { grade: NAMES[pair.grade], score: decimal(pair.score, 2) }
    );
    this.body.dataset.mode = mode;
    this.zoom.clear();
    this.body.replaceChildren(...this[mode]());
  }
  /**
   * @param {DuplicateImageDocument} image
   * @param {{mirrored?: boolean}} [options]
   */
  picture(image2, { mirrored = false } = {}) {
    const img = h("img", {
      alt: image2.name,
      class: mirrored ? "mirrored" : null,
      src: imageUrl(image2.id, "thumbnail", { size: SIZE, v: image2.v })
    });
    img.addEventListener("error", () => img.replaceWith(
      h(
        "p",
        { class: "compare-missing" },
        icon("missing", { size: 32 }),
        t("This picture cannot be shown")
      )
    ));
    return img;
  }
  side() {
    const { keeper, image: image2, mirrored } = this;
    const half = (shown2, text2, turned2) => h(
      "figure",
      { class: "compare-half" },
      this.zoom.add(shown2, { mirrored: turned2 }),
      h(
        "figcaption",
        { class: "small" },
        h("strong", null, text2),
        ` ${shown2.id}`,
        this.measures(shown2)
      )
    );
    return [half(keeper, t("Keep:"), false), half(image2, t("Other:"), mirrored)];
  }
  /** @param {DuplicateImageDocument} image */
  measures(image2) {
    return h("span", { class: "soft number" }, facts(image2, this.keeper).slice(0, 3).map(({ text: text2, note, differs }) => [" · ", h(
      differs ? "b" : "span",
      null,
      text2,
      note && ` (${note})`
    )]));
  }
  /** Both pictures in the same place and of the same size, so that differences are seen to jump. */
  flicker() {
    const { keeper, image: image2, mirrored } = this;
    this.pictures = [this.picture(keeper), this.picture(image2, { mirrored })];
    const button = h("button", {
      type: "button",
      class: "flicker",
      "aria-label": t("Show the other picture"),
      title: t("Hold, or press Space")
    }, this.pictures);
    const frame = this.frame(button);
    button.addEventListener("pointerdown", () => this.swap(true));
    for (const event of ["pointerup", "pointerleave", "pointercancel"]) {
      button.addEventListener(event, () => this.swapped && this.swap(false));
    }
    button.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    this.swap(false);
    return [frame];
  }
  /** @param {boolean} to */
  swap(to) {
    this.swapped = to;
    const shown2 = to ? this.image : this.keeper;
    this.pictures[0].classList.toggle("under", to);
    this.pictures[1].classList.toggle("under", !to);
    this.foot.textContent = `${to ? t("Other") : t("Keep")}: ${shown2.id}`;
  }
  /** @param {...HTMLElement} children */
  frame(...children) {
    const { width, height } = this.keeper;
    const frame = h("div", { class: "compare-frame" }, children);
    frame.style.setProperty("--ratio", String(width && height ? width / height : 1.5));
    return frame;
  }
  difference() {
    const canvas2 = h("canvas", {
      role: "img",
      "aria-label": t("Difference: brighter where it is larger")
    });
    const gain = h(
      "div",
      { class: "choice", role: "group", "aria-label": t("Amplification") },
      GAINS.map((times) => h("button", {
        type: "button",
        class: "button",
        "aria-pressed": String(times === this.gain),
        onclick: () => {
          this.gain = times;
          this.draw();
          find("[aria-pressed=true]", this.body)?.focus();
        }
      }, `${times}×`))
    );
    this.fill(canvas2, this.turn);
    return [this.frame(canvas2), h(
      "div",
      { class: "row compare-gain" },
      h("span", { class: "soft small" }, t("Amplification")),
      gain
    )];
  }
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} turn
   */
  async fill(canvas2, turn2) {
    const { mirrored } = this;
    const pictures2 = [this.picture(this.keeper), this.picture(this.image)];
    try {
      await Promise.all(pictures2.map((picture) => picture.decode()));
    } catch {
      if (turn2 === this.turn) this.foot.textContent = t("These pictures cannot be shown.");
      return;
    }
    if (turn2 !== this.turn) return;
    const mean = drawDifference(canvas2, pictures2, { mirrored, gain: this.gain });
    const text2 = mean < 5e-3 ? t("No difference") : t("The pictures differ by {mean} of 255 on average", { mean: decimal(mean, 2) });
    this.foot.textContent = text2;
    announce(text2);
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { key: key2 } = event;
    if (key2 in KEYS2) this.show(KEYS2[key2]);
    else if (key2 in DEEDS) this.act(DEEDS[key2]);
    else if (key2 === "i") this.toggleMirror();
    else if (key2 === "u") this.follow(() => this.session.undo());
    else if (key2 === "j" || key2 === "k") this.goOn(key2 === "j" ? 1 : -1);
    else if (this.mode === "side" && this.zoom.pressed(key2)) event.preventDefault();
    else if (key2 === "ArrowLeft") this.move(-1);
    else if (key2 === "ArrowRight") this.move(1);
    else if (key2 === " " && this.mode === "flicker") this.swap(!this.swapped);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
};
function sidesOf({ keep: keep2, images: images3 }) {
  const keeper = images3.find(({ id }) => id === keep2) ?? images3[0];
  return { keeper, others: images3.filter((image2) => image2 !== keeper) };
}
function drawDifference(canvas2, [first, second], { mirrored, gain }) {
  const { naturalWidth: width, naturalHeight: height } = first;
  Object.assign(canvas2, { width, height });
  const context = canvas2.getContext("2d", { willReadFrequently: true });
  if (!context) return 0;
  context.imageSmoothingQuality = "high";
  context.drawImage(first, 0, 0, width, height);
  const out = context.getImageData(0, 0, width, height);
  if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
  context.drawImage(second, 0, 0, width, height);
  context.resetTransform();
  const other = context.getImageData(0, 0, width, height).data;
  let sum = 0;
  for (let i = 0; i < other.length; i++) {
    if (i % 4 === 3) continue;
    const difference = Math.abs(out.data[i] - other[i]);
    sum += difference;
    out.data[i] = difference * gain;
  }
  context.putImageData(out, 0, 0);
  return sum / (width * height * 3);
}

// duplicates/undoing.js
var MOST3 = 100;
function remember(action) {
  const key2 = `${Date.now()}-${Math.random()}`;
  set("deeds", [...get("deeds"), { ...action, key: key2 }].slice(-MOST3));
}
var last2 = () => get("deeds").at(-1) ?? null;
var madeBy = (logs) => get("deeds").find((action) => action.logs?.some((log) => logs.includes(log))) ?? null;
var isOpen = ({ key: key2 }) => get("deeds").some((other) => other.key === key2);
function forget({ key: key2 }) {
  set("deeds", get("deeds").filter((other) => other.key !== key2));
}
async function revert({ logs = [], different = [], keep: keep2 = [], keepAgain = [] }) {
  const left = [];
  for (const log of logs.toReversed()) {
    left.push(...(await change("/duplicates/undo", { log })).left);
  }
  if (different.length || keep2.length) {
    await change("/duplicates/decisions", { different, keep: keep2, undo: true });
  }
  if (keepAgain.length) await change("/duplicates/decisions", { keep: keepAgain });
  return left;
}

// duplicates/comparing.js
var Comparing = class {
  /**
   * @param {Groups} groups
   * @param {Decisions} decisions
   * @param {GroupCard} card
   */
  constructor(groups, decisions, card) {
    this.groups = groups;
    this.decisions = decisions;
    this.card = card;
    this.id = "";
    this.show(card);
  }
  get group() {
    return this.card.group;
  }
  get allowed() {
    return Boolean(this.card.options.allowed);
  }
  /**
   * Makes a group the current one, and its first picture that is not kept the compared one.
   * @param {GroupCard} card
   */
  show(card) {
    const { current: current2, keeper } = card;
    this.card = card;
    const other = current2 === keeper ? card.images.find((image2) => image2 !== keeper) : current2;
    this.id = (other ?? current2).id;
  }
  /**
   * Decides on the compared picture.
   * @param {Deed} deed
   * @param {string} id of the picture
   * @returns {Promise<{text: string, isOver: boolean}>} what to say, and whether no group is left
   */
  async act(deed, id) {
    const { decisions, card } = this;
    card.move(card.images.findIndex((image2) => image2.id === id));
    const keep2 = card.keeper.id;
    const ids = card.images.map((image2) => image2.id);
    return this.follow(ids, () => deed === "drop" ? decisions.drop(card, [{ id, keep: keep2 }]) : decisions[deed](card));
  }
  /** Undoes the last action of this tab, and shows its group. */
  undo() {
    return this.follow(last2()?.ids ?? [this.id], () => this.decisions.undo());
  }
  /**
   * Runs a change, and shows the group of these images after it or, if it is gone, the next.
   * @param {string[]} ids
   * @param {() => Promise<void>} work
   */
  async follow(ids, work) {
    const { groups, decisions, card } = this;
    const at = groups.cards.indexOf(card);
    decisions.said = "";
    await work();
    const same = groups.cards.find(({ images: images3 }) => images3.some(({ id }) => ids.includes(id)));
    const shown2 = same ?? groups.cards[at] ?? groups.cards[at - 1];
    if (shown2) this.show(shown2);
    return { text: decisions.said, isOver: !shown2 };
  }
  /**
   * Goes to another group.
   * @param {number} by
   * @returns {Promise<boolean>} whether there is one
   */
  async step(by) {
    const { groups, card } = this;
    const at = groups.cards.indexOf(card) + by;
    if (at >= groups.cards.length) await groups.loadMore();
    if (!groups.cards[at]) return false;
    this.show(groups.cards[at]);
    return true;
  }
};

// duplicates/bulk.js
var PAGE2 = 500;
var BATCH2 = 25;
function openBulk(grade, { filters, marked, signal }) {
  return new Promise((resolve) => {
    const bulk = new Bulk(grade, filters, marked, signal);
    bulk.el.addEventListener("close", () => {
      bulk.stopped.abort();
      bulk.el.remove();
      resolve(bulk.logs.length || bulk.left.length ? bulk : null);
    });
    document.body.append(bulk.el);
    bulk.el.showModal();
    bulk.count();
  });
}
var Bulk = class {
  /**
   * @param {Grade} grade
   * @param {Filters} filters
   * @param {Marked} marked
   * @param {AbortSignal} signal
   */
  constructor(grade, filters, marked, signal) {
    this.grade = grade;
    this.filters = filters;
    this.marked = marked;
    this.logs = [];
    this.moved = [];
    this.left = [];
    this.drops = [];
    this.companions = [];
    this.companions_moved = [];
    this.running = false;
    this.stopped = new AbortController();
    this.signal = AbortSignal.any([signal, this.stopped.signal]);
    signal.addEventListener("abort", () => this.el.close(), { once: true });
    this.text = h("p", { role: "status" }, t("Counting…"));
    this.bar = h("progress", { max: 1, "aria-label": t("Moving to the trash"), hidden: true });
    this.confirm = h("button", {
      type: "button",
      class: "button danger",
      disabled: true,
      onclick: () => this.run()
    }, t("Move to the trash"));
    this.cancel = h("button", {
      type: "button",
      class: "button",
      autofocus: true,
      onclick: () => this.stop()
    }, t("Cancel"));
    this.el = h(
      "dialog",
      { class: "bulk", "aria-labelledby": "bulk-title" },
      h("h2", { id: "bulk-title" }, rich(
        "Trash all copies that are {grade}",
        { grade: h("span", { class: `grade ${grade}` }, NAMES[grade]) }
      )),
      h("p", { class: "soft" }, t("“{grade}” means: {meaning}. In each group, the pictures marked “Keep” stay.", { grade: NAMES[grade], meaning: MEANINGS[grade] })),
      this.text,
      this.bar,
      h("div", { class: "row" }, this.cancel, this.confirm)
    );
    this.el.addEventListener("cancel", (event) => {
      if (!this.running) return;
      event.preventDefault();
      this.stop();
    });
  }
  /** Counts all drops of the grade: those marked on the page, and those of all other groups. */
  async count() {
    let cursor = null;
    let groups = 0;
    let conflicts = 0;
    try {
      do {
        const page = await duplicates(
          { ...this.filters, cursor, limit: PAGE2 },
          { signal: this.signal }
        );
        for (const group of page.groups) {
          if (group.grade !== this.grade) continue;
          conflicts += Number(Boolean(group.conflict));
          const drops2 = this.marked(group) ?? proposedDrops(group);
          groups += Number(drops2.length > 0);
          this.drops.push(...drops2);
        }
        cursor = page.next;
      } while (cursor);
    } catch (error) {
      if (!isAbort(error)) this.text.textContent = messageOf(error);
      return;
    }
    const bytes3 = this.drops.reduce((sum, { size }) => sum + size, 0);
    const skipped2 = conflicts ? t(
      " {count} group is to be looked at: only what you have marked there goes.| {count} groups are to be looked at: only what you have marked there goes.",
      { count: conflicts }
    ) : "";
    this.text.textContent = (this.drops.length ? t(
      "{files} of {count} group ({bytes}) will move to the trash. Each file is compared once more with the picture that stays before it is moved. You can undo this.|{files} of {count} groups ({bytes}) will move to the trash. Each file is compared once more with the picture that stays before it is moved. You can undo this.",
      { files: files(this.drops.length), count: groups, bytes: bytes2(bytes3) }
    ) : t("There are no files to move.")) + skipped2;
    this.confirm.disabled = !this.drops.length;
  }
  stop() {
    this.stopped.abort();
    if (!this.running) this.el.close();
    else this.text.textContent = t("Stopping…");
  }
  async run() {
    this.running = true;
    this.confirm.disabled = true;
    this.cancel.textContent = t("Stop");
    this.cancel.focus();
    this.bar.hidden = false;
    const { filters, drops: drops2 } = this;
    const batch = newBatch();
    try {
      for (let start3 = 0; start3 < drops2.length && !this.signal.aborted; start3 += BATCH2) {
        const some = drops2.slice(start3, start3 + BATCH2).map(({ id, keep: keep2 }) => ({ id, keep: keep2 }));
        const { log, moved: moved2, left, ...belonging2 } = await change(
          "/duplicates/drops",
          { ...filters, drops: some, batch }
        );
        if (log !== null) this.logs.push(log);
        this.moved.push(...moved2);
        this.left.push(...left);
        this.companions.push(...belonging2.companions);
        this.companions_moved.push(...belonging2.companions_moved);
        this.bar.value = (start3 + some.length) / drops2.length;
        this.text.textContent = t(
          "{number} of {files}",
          { number: this.moved.length, files: files(drops2.length) }
        );
      }
    } catch (error) {
      this.left.push({ id: "", reason: messageOf(error) });
    }
    this.running = false;
    this.el.close();
  }
};
function proposedDrops(group) {
  if (group.conflict) return [];
  return group.images.filter(({ id, kept: kept2 }) => id !== group.keep && !kept2).map(({ id, size }) => ({ id, size, keep: group.keep }));
}

// duplicates/messages.js
var NAMED = 3;
function reasons(left) {
  const rest = left.length > NAMED ? t(
    "; and {files} more",
    { files: files(left.length - NAMED) }
  ) : "";
  return left.slice(0, NAMED).map(({ id, reason }) => `${id}: ${serverText(reason)}`).join("; ") + rest;
}
function belonging({ companions, companions_moved: along }) {
  const others = along.length ? t(", with {files}", { files: named(along) }) : "";
  if (!companions.length) return others;
  return others + t(
    ", but not what belongs to it: {files}|, but not what belongs to them: {files}",
    { count: companions.length, files: named(companions) }
  );
}
function named(paths) {
  const rest = paths.length > NAMED ? t(" and {count} more", { count: paths.length - NAMED }) : "";
  return list(paths.slice(0, NAMED)) + rest;
}

// duplicates/decisions.js
var Decisions = class {
  /**
   * @param {{groups: Groups, allowed: boolean, signal: AbortSignal, refresh: () => Promise<void>,
   *   ondone: () => Promise<void>, onempty: () => void}} options
   *   allowed: whether the server allows changes; refresh: fetches all groups again; ondone: called
   *   after a decision, to fetch the totals; onempty: called when the group with the focus was the last
   */
  constructor({ groups, allowed, signal, refresh, ondone, onempty }) {
    this.groups = groups;
    this.allowed = allowed;
    this.signal = signal;
    this.refresh = refresh;
    this.ondone = ondone;
    this.onempty = onempty;
    this.said = "";
    this.isUndoing = false;
  }
  /**
   * Runs `work`, and shows a message if it fails.
   * @param {() => Promise<void>} work
   */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (isAbort(error)) return;
      this.say(t("{reason}. The change was not confirmed.", { reason: messageOf(error) }));
    }
  }
  /**
   * Runs `work` while the card is blocked, and keeps its focus.
   * @param {GroupCard} card
   * @param {() => Promise<void>} work
   */
  async attemptOn(card, work) {
    const { groups } = this;
    const hadFocus = card.el.contains(document.activeElement);
    card.setBusy(true);
    await this.attempt(() => work());
    card.setBusy(false);
    if (hadFocus && groups.cards.includes(card) && document.activeElement === document.body) {
      groups.list.focus(card);
    }
  }
  /**
   * Moves pictures of a group to the trash: by default the marked ones.
   * @param {GroupCard} card
   * @param {{id: string, keep: string}[]} [drops]
   */
  async drop(card, drops2 = card.drops().map(({ id, keep: keep2 }) => ({ id, keep: keep2 }))) {
    if (!drops2.length) {
      this.say(t("No picture of this group is marked for the trash"));
      return;
    }
    const hadFocus = card.el.contains(document.activeElement);
    await this.attemptOn(card, async () => {
      const result = await change("/duplicates/drops", { ...this.groups.filters, drops: drops2 });
      const { log, moved: moved2, left } = result;
      if (log !== null) {
        remember({ text: restored(moved2), ids: moved2, logs: [log] });
      }
      this.removeImages(card, moved2, hadFocus);
      if (left.length) card.showReason(left.map(({ id, reason }) => `${id}: ${serverText(reason)}`).join("; "));
      if (moved2.length) {
        this.done(toTrash(moved2) + belonging(result));
      } else this.say(t("No file was moved"));
    });
  }
  /**
   * Removes pictures from a group. If the group had the focus, what follows it gets the focus.
   * @param {GroupCard} card
   * @param {string[]} ids
   * @param {boolean} hadFocus
   */
  removeImages(card, ids, hadFocus) {
    const { groups } = this;
    const at = groups.cards.indexOf(card);
    if (!groups.removeImages(card, ids) || !hadFocus) return;
    const next = groups.cards[at] ?? groups.cards[at - 1];
    if (next) groups.list.focus(next);
    else this.onempty();
  }
  /**
   * Marks the current picture of a group as no duplicate of the others.
   * @param {GroupCard} card
   */
  different(card) {
    const { id, name: name2 } = card.current;
    const pairs = card.images.filter((other) => other.id !== id).map((other) => [id, other.id]);
    return this.decideDifferent(
      card,
      [id],
      pairs,
      t("{name} is marked as not a duplicate", { name: name2 })
    );
  }
  /**
   * Marks all pictures of a group as no duplicates of each other.
   * @param {GroupCard} card
   */
  apart(card) {
    const ids = card.images.map(({ id }) => id);
    const pairs = ids.flatMap((id, n) => ids.slice(n + 1).map((other) => (
      /** @type {[string, string]} */
      [id, other]
    )));
    return this.decideDifferent(
      card,
      ids,
      pairs,
      t("{count} pictures are marked as not duplicates", { count: ids.length })
    );
  }
  /**
   * @param {GroupCard} card
   * @param {string[]} ids
   * @param {[string, string][]} pairs
   * @param {string} text
   */
  async decideDifferent(card, ids, pairs, text2) {
    const hadFocus = card.el.contains(document.activeElement);
    await this.attemptOn(card, async () => {
      await change("/duplicates/decisions", { different: pairs });
      remember({
        text: t("These pictures count as duplicates again"),
        ids,
        different: pairs
      });
      this.removeImages(card, ids, hadFocus);
      this.done(text2);
    });
  }
  /** @param {GroupCard} card */
  async prefer(card) {
    const { id, name: name2, kept: kept2 } = card.current;
    const others = card.images.filter((other) => other.kept && other.id !== id).map((other) => other.id);
    await this.attemptOn(card, async () => {
      if (others.length) await change("/duplicates/decisions", { keep: others, undo: true });
      await change("/duplicates/decisions", { keep: [id], undo: kept2 });
      remember({
        text: t("The choice was undone"),
        ids: [id],
        keep: kept2 ? [] : [id],
        keepAgain: kept2 ? [id] : others
      });
      this.done(kept2 ? t("{name} is no longer preferred", { name: name2 }) : t("{name} will be kept", { name: name2 }));
    });
    await this.refreshAt([id]);
  }
  /**
   * Asks which pictures of all groups of a grade shall go to the trash, and moves them.
   * @param {Grade} grade
   */
  async bulk(grade) {
    const { cards, filters } = this.groups;
    const byKey = new Map(cards.map((card) => [card.key, card]));
    const marked = (group) => byKey.get(group.images.map(({ id }) => id).join("\0"))?.drops() ?? null;
    const result = await openBulk(grade, { filters, marked, signal: this.signal });
    if (!result) return;
    const { logs, moved: moved2, left } = result;
    await this.refresh();
    const rest = left.length ? t(
      "; {files} not moved: {reason}",
      { files: files(left.length), reason: serverText(left[0].reason) }
    ) : "";
    const text2 = toTrash(moved2) + belonging(result) + rest;
    if (!moved2.length) {
      this.say(text2);
      return;
    }
    remember({ text: restored(moved2), ids: moved2.slice(0, 1), logs });
    this.done(text2);
  }
  /**
   * Shows a message, and keeps it for the dialog that compares.
   * @param {string} text
   * @param {Parameters<typeof toast>[1]} [options]
   */
  say(text2, options) {
    this.said = text2;
    toast(text2, options);
  }
  /**
   * Shows what was done just now and a button to undo it.
   * @param {string} text
   */
  done(text2) {
    const action = last2();
    this.say(text2, { action: t("Undo"), onaction: () => this.undo(action) });
    this.ondone().catch(() => {
    });
  }
  /**
   * Undoes an action, by default the last one.
   * @param {?Action} [action]
   */
  async undo(action = last2()) {
    if (!action || !this.allowed || !isOpen(action)) {
      this.say(action ? t("That was undone already") : t("There is nothing to undo"));
      return;
    }
    await this.revert(action);
  }
  /** @param {Action} action */
  async revert(action) {
    if (this.isUndoing) return;
    this.isUndoing = true;
    await this.attempt(async () => {
      const left = await revert(action).catch((error) => {
        const isGone = error instanceof Problem && [404, 422].includes(error.status);
        if (isGone) forget(action);
        throw error;
      });
      forget(action);
      this.say(left.length ? reasons(left) : action.text);
    });
    this.isUndoing = false;
    await this.refreshAt(action.ids);
  }
  /**
   * Undoes an entry of the history, which another tab or day may have made.
   * @param {Entry} entry
   */
  async undoEntry({ logs, ids }) {
    const made = madeBy(logs);
    if (made) forget(made);
    await this.revert({ text: restored(ids), ids: ids.slice(0, 1), logs });
  }
  /** @param {string[]} ids */
  async refreshAt(ids) {
    await this.refresh();
    this.groups.focusOn(ids);
  }
};
var restored = (ids) => t("{files} restored", { files: files(ids.length) });
var toTrash = (ids) => t("{files} moved to the trash", { files: files(ids.length) });

// duplicates/group_card.js
var MOST_APART = 45;
var drawn = 0;
var GroupCard = class {
  /**
   * @param {DuplicateGroupDocument} group
   * @param {CardOptions} options
   */
  constructor(group, options) {
    this.group = group;
    this.options = options;
    this.index = 0;
    this.reason = "";
    this.isBurst = group.grade === "burst";
    const stays = ({ id, kept: kept2 }) => id === group.keep || kept2 || group.conflict || this.isBurst;
    this.kept = options.kept ?? new Set(group.images.filter(stays).map(({ id }) => id));
    this.number = ++drawn;
    this.busy = false;
    this.element = null;
  }
  /** The element, which is drawn when it is needed. */
  get el() {
    if (!this.element) {
      this.element = h("div", {
        class: "copies",
        role: "listitem",
        "aria-labelledby": `copies-${this.number}`
      });
      this.element.addEventListener("focusin", () => this.options.onfocus(this));
      this.setBusy(this.busy);
      this.draw();
    }
    return this.element;
  }
  /** Forgets the element, when the group is far from the window; the marks of the user stay. */
  release() {
    this.element = null;
  }
  /** A key that no other group has: the ids of the images. */
  get key() {
    return this.group.images.map(({ id }) => id).join("\0");
  }
  get images() {
    return this.group.images;
  }
  get current() {
    return this.images[this.index];
  }
  get keeper() {
    return this.images.find(({ id }) => id === this.group.keep) ?? this.images[0];
  }
  /** The images for the trash, each with the id of an image that is kept. */
  drops() {
    const keep2 = this.kept.has(this.keeper.id) ? this.keeper.id : [...this.kept][0];
    return this.images.filter(({ id }) => !this.kept.has(id)).map(({ id, size }) => ({ id, keep: keep2, size }));
  }
  draw() {
    if (!this.element) return;
    const before2 = this.element.contains(document.activeElement) ? focused()?.dataset.keep : null;
    const pictures2 = h("ul", { class: "copies-pictures" }, this.images.map((image2, index) => this.picture(image2, index)));
    const { why, conflict } = this.group;
    this.el.replaceChildren(
      this.head(),
      why && h("p", { class: "copies-why small" }, this.isBurst ? t("Taken within seconds of each other, but no copies. The sharpest comes first.") : t("Kept because it {why}.", { why: serverList(why) })),
      conflict && h(
        "p",
        { class: "copies-reason small" },
        icon("problem", { size: 16 }),
        h("span", null, t(
          "Look at this one: {reason}.",
          { reason: serverText(conflict) }
        ))
      ),
      this.reason && h(
        "p",
        { class: "copies-reason small", role: "status" },
        icon("problem", { size: 16 }),
        h("span", null, this.reason)
      ),
      pictures2
    );
    if (before2) find(`[data-keep="${CSS.escape(before2)}"]`, this.el)?.focus();
  }
  head() {
    const { grade } = this.group;
    const drops2 = this.drops();
    const bytes3 = drops2.reduce((sum, { size }) => sum + size, 0);
    const { allowed } = this.options;
    const button = (keep2, name2, text2, onclick, props) => h("button", {
      type: "button",
      class: "button",
      dataset: { keep: keep2 },
      onclick,
      ...props
    }, icon(name2, { size: 18 }), text2);
    return h(
      "div",
      { class: "copies-head" },
      h(
        "h2",
        { id: `copies-${this.number}` },
        h("span", { class: `grade ${grade}`, title: MEANINGS[grade] }, NAMES[grade]),
        " ",
        t("{count} picture|{count} pictures", { count: this.images.length })
      ),
      h(
        "div",
        { class: "row" },
        button("compare", "compare", t("Compare"), () => this.options.oncompare(this)),
        allowed && button(
          "drop",
          "trash",
          drops2.length ? t(
            "Trash {files}, {bytes}",
            { files: files(drops2.length), bytes: bytes2(bytes3) }
          ) : t("Trash"),
          () => this.options.ondrop(this),
          { disabled: !drops2.length }
        ),
        allowed && this.images.length <= MOST_APART && button(
          "apart",
          "not",
          t("Not duplicates"),
          () => this.options.onapart(this),
          { title: t("No picture here is a copy of another") }
        )
      )
    );
  }
  /**
   * @param {DuplicateImageDocument} image
   * @param {number} index
   */
  picture(image2, index) {
    const { id, name: name2 } = image2;
    const { allowed } = this.options;
    const stays = this.kept.has(id);
    const pressed = allowed ? {
      "aria-pressed": String(!stays),
      "aria-label": t("Trash {name}", { name: name2 }),
      title: stays ? t("Stays. Mark it for the trash (Space)") : t("Goes to the trash. Keep it (Space)")
    } : { "aria-label": t("Compare {name}", { name: name2 }), title: t("Compare (Enter)") };
    const button = h(
      "button",
      {
        type: "button",
        class: "copy-picture",
        ...pressed,
        tabindex: index === this.index ? 0 : -1,
        dataset: { keep: `picture-${index}` },
        onclick: () => {
          this.index = index;
          if (allowed) this.toggle();
          else this.options.oncompare(this);
        },
        onfocus: () => this.move(index)
      },
      this.thumbnail(image2),
      this.sign(image2, stays)
    );
    const sign = this.isBurst ? "" : stays ? "stays" : allowed ? "goes" : "";
    return h(
      "li",
      { class: `twin ${sign}` },
      button,
      link("/image", { id }, {
        class: "copy-name",
        title: id,
        onclick: () => openFromList(this.images, id)
      }, name2),
      this.facts(image2),
      allowed && this.actions(image2, index)
    );
  }
  /** @param {DuplicateImageDocument} image */
  thumbnail({ id, v }) {
    const img = h("img", {
      alt: "",
      loading: "lazy",
      decoding: "async",
      src: imageUrl(id, "thumbnail", { size: 512, v })
    });
    img.addEventListener("load", () => img.classList.add("shown"));
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    return h("span", { class: "copy-box" }, img);
  }
  /**
   * @param {DuplicateImageDocument} image
   * @param {boolean} stays
   */
  sign({ id, kept: kept2 }, stays) {
    if (this.isBurst) {
      return id === this.keeper.id && h("span", { class: "copy-sign" }, t("Sharpest"));
    }
    if (!this.options.allowed && !stays) return null;
    const text2 = !stays ? t("Trash") : kept2 ? t("Keep (your choice)") : t("Keep");
    return h("span", { class: "copy-sign" }, icon(stays ? "check" : "trash", { size: 14 }), text2);
  }
  /** @param {DuplicateImageDocument} image */
  facts(image2) {
    const { keeper } = this;
    const pair = image2.id === keeper.id ? null : pairOf(this.group, image2.id, keeper.id);
    return h(
      "dl",
      { class: "copy-facts small" },
      facts(image2, keeper).map(({ label, text: text2, differs, note }) => h(
        "div",
        { class: differs ? "differs" : null },
        h("dt", null, label),
        h(
          "dd",
          { class: "number" },
          text2,
          note && h("span", { class: "note" }, ` ${note}`),
          differs && h("span", { class: "unseen" }, t(", differs"))
        )
      )),
      pair && h("div", null, h("dt", null, t("Score")), h(
        "dd",
        { class: "number" },
        `${NAMES[pair.grade]}, ${decimal(pair.score, 2)}`
      )),
      pair && pair.kinds.length > 0 && h(
        "div",
        null,
        h("dt", null, t("Edits")),
        h("dd", null, list(pair.kinds.map(serverText)))
      )
    );
  }
  /**
   * @param {DuplicateImageDocument} image
   * @param {number} index
   */
  actions(image2, index) {
    const act = (keep2, text2, onclick) => h("button", {
      type: "button",
      class: "button quiet small",
      dataset: { keep: `${keep2}-${index}` },
      "aria-label": t("{action}: {name}", { action: text2, name: image2.name }),
      onclick: () => {
        this.index = index;
        onclick(this);
      }
    }, text2);
    return h(
      "div",
      { class: "copy-actions" },
      act("prefer", image2.kept ? t("Do not prefer") : t("Keep this one"), this.options.onprefer),
      // In a group of two, the button of the group says the same.
      this.images.length > 2 && act("different", t("Not a duplicate"), this.options.ondifferent)
    );
  }
  /**
   * Makes another picture of the group the current one.
   * @param {number} index
   */
  move(index) {
    this.index = Math.min(Math.max(index, 0), this.images.length - 1);
    if (!this.element) return;
    findAll(".copy-picture", this.element).forEach((button, n) => {
      button.tabIndex = n === this.index ? 0 : -1;
    });
  }
  focus(index = this.index) {
    this.move(index);
    findAll(".copy-picture", this.el)[this.index]?.focus({ preventScroll: true });
    this.el.scrollIntoView({ block: "nearest" });
  }
  /** Marks the current picture to stay or for the trash; shows a reason if it is the last kept one. */
  toggle() {
    const { id } = this.current;
    if (this.kept.has(id) && this.kept.size === 1) {
      this.reason = t("At least one picture must stay. First mark another one to keep.");
    } else {
      this.reason = "";
      if (!this.kept.delete(id)) this.kept.add(id);
    }
    this.draw();
  }
  /**
   * Shows why something was not done.
   * @param {string} reason
   */
  showReason(reason) {
    this.reason = reason;
    this.draw();
  }
  /**
   * Blocks the group while it waits for an answer of the server.
   * @param {boolean} busy
   */
  setBusy(busy) {
    this.busy = busy;
    if (!this.element) return;
    this.element.setAttribute("aria-busy", String(busy));
    this.element.inert = busy;
  }
};
function sameGroup(before2, after) {
  const known2 = ({ grade, keep: keep2, images: images3 }) => JSON.stringify([grade, keep2, images3.map(({ id, v, kept: kept2 }) => [id, v, kept2])]);
  return known2(before2) === known2(after);
}

// duplicates/rows.js
var USUAL = 400;
function divide(cards, columns) {
  const rows = [];
  for (const [first, card] of cards.entries()) {
    const last3 = rows.at(-1);
    const isWide = card.images.length > 2;
    if (last3 && !isWide && !last3.isWide && last3.cards.length < columns) last3.cards.push(card);
    else rows.push({ first, cards: [card], isWide });
  }
  return rows;
}
var packRows = (cards, columns) => divide(cards, columns).map((row) => ({ ...row, height: null, top: 0, el: null }));
function placeRows(rows, { gap, rest, columns }) {
  const wide = average(rows, true);
  const usual = average(rows, false);
  let top = 0;
  for (const row of rows) {
    row.top = top;
    top += (row.height ?? (row.isWide ? wide : usual)) + gap;
  }
  const more = Math.ceil(Math.max(0, rest) / columns) * (usual + gap);
  return { length: Math.max(0, top + more - gap), loaded: top };
}
function average(rows, isWide) {
  const known2 = rows.flatMap(({ height, isWide: wide }) => height !== null && wide === isWide ? [height] : []);
  if (!known2.length) return USUAL;
  return known2.reduce((sum, height) => sum + height, 0) / known2.length;
}
function rowAt2(rows, y) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (rows[middle].top <= y) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

// duplicates/group_list.js
var NEAR = 800;
var NARROWEST2 = 30;
var GAP = 1;
var GroupList = class {
  /**
   * @param {{signal: AbortSignal, onwant: (end: number) => void, onmove: () => void}} options
   *   onwant: called with a number of groups when fewer are loaded; onmove: the window was scrolled
   */
  constructor({ signal, onwant, onmove }) {
    this.onwant = onwant;
    this.onmove = onmove;
    this.total = 0;
    this.rem = 16;
    this.isFindable = false;
    this.cards = [];
    this.rows = [];
    this.rest = h(
      "p",
      { class: "copies-loading soft", hidden: true },
      t("Loading…")
    );
    this.stubs = h("div", { class: "copies-stubs", "aria-hidden": "true" });
    this.el = h("div", { class: "copies-list", role: "list", "aria-label": t("Groups") });
    this.ruler = h("div", null);
    this.host = h("div", { class: "copies-host" }, this.ruler, this.el, this.rest, this.stubs);
    this.columns = 1;
    this.sizes = new ResizeObserver((entries) => this.resized(entries));
    this.sizes.observe(this.ruler);
    addEventListener("scroll", () => {
      this.render();
      this.onmove();
    }, { signal, passive: true });
    addEventListener("resize", () => this.render(), { signal });
    document.addEventListener("keydown", (event) => this.beforeFind(event), { signal });
  }
  stop() {
    this.sizes.disconnect();
  }
  /**
   * Shows groups. Those that were shown before keep their place in the window.
   * @param {GroupCard[]} cards
   * @param {number} [total] how many groups there are, with those that are not loaded
   */
  show(cards, total = this.total) {
    const held = this.el.contains(document.activeElement) ? focused() : null;
    this.cards = cards;
    this.total = total;
    this.el.hidden = !cards.length;
    this.measureWindow();
    const before2 = new Map(this.rows.map((row) => [row.cards[0], row]));
    this.rows = packRows(cards, this.columns).map((row) => {
      const old = before2.get(row.cards[0]);
      if (!old || old.cards.length !== row.cards.length) return row;
      if (!row.cards.every((card, n) => card === old.cards[n])) return row;
      old.first = row.first;
      return old;
    });
    const kept2 = new Set(this.rows);
    for (const row of before2.values()) if (!kept2.has(row)) this.remove(row);
    if (this.isFindable) this.drawStubs();
    this.place();
    this.render();
    if (held?.isConnected) held.focus({ preventScroll: true });
  }
  /** Learns how many groups stand side by side. */
  measureWindow() {
    this.rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.host.clientWidth / this.rem;
    this.columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST2 + GAP)));
    this.el.style.setProperty("--columns", String(this.columns));
  }
  /** Computes where each row is, and how long the list is. */
  place() {
    const { length, loaded } = placeRows(this.rows, {
      gap: GAP * this.rem,
      rest: this.total - this.cards.length,
      columns: this.columns
    });
    this.host.style.height = `${length}px`;
    this.rest.style.top = `${loaded}px`;
    this.rest.hidden = this.cards.length >= this.total;
    for (const row of this.rows) {
      if (!row.el) continue;
      const top = `${row.top}px`;
      if (row.el.style.top !== top) row.el.style.top = top;
      this.number(row);
    }
    for (const [n, stub] of findAll("div", this.stubs).entries()) {
      stub.style.top = `${this.rows[n].top}px`;
    }
  }
  /** The pixels of the list above the window. */
  above() {
    return -this.host.getBoundingClientRect().top;
  }
  /** Puts the rows near the window into the document, and takes the others out. */
  render() {
    if (!this.host.isConnected) return;
    const above = this.above();
    const first = rowAt2(this.rows, above - NEAR);
    const last3 = rowAt2(this.rows, above + innerHeight + NEAR);
    for (const [n, row] of this.rows.entries()) {
      if (n >= first && n <= last3) this.add(row, n);
      else if (row.el && !row.el.contains(document.activeElement)) this.remove(row);
    }
    for (const card of this.cards) if (card.element && !card.element.isConnected) card.release();
    this.measure(this.rows.filter((row) => row.el && row.height === null));
    const shown2 = this.rows[last3];
    const end = shown2 ? shown2.first + shown2.cards.length : 0;
    if (end >= this.cards.length && this.cards.length < this.total) {
      const beyond = above + innerHeight - (this.rows.length ? shown2.top : 0);
      this.onwant(Math.min(this.total, end + Math.ceil(Math.max(0, beyond) / 400 * this.columns)));
    }
  }
  /**
   * @param {Row} row
   * @param {number} n its number
   */
  add(row, n) {
    this.stubs.children[n]?.toggleAttribute("hidden", true);
    if (row.el) return;
    row.el = h("div", { class: "copies-row", role: "none" }, row.cards.map(({ el }) => el));
    row.el.style.top = `${row.top}px`;
    const next = this.rows.slice(n + 1).find(({ el }) => el?.parentNode === this.el);
    this.el.insertBefore(row.el, next?.el ?? null);
    this.number(row);
    this.sizes.observe(row.el);
  }
  /**
   * Tells screen readers the place of the groups among all.
   * @param {Row} row
   */
  number({ first, cards }) {
    for (const [n, { el }] of cards.entries()) {
      const place2 = String(first + n + 1);
      const total = String(this.total);
      if (el.getAttribute("aria-posinset") !== place2) el.setAttribute("aria-posinset", place2);
      if (el.getAttribute("aria-setsize") !== total) el.setAttribute("aria-setsize", total);
    }
  }
  /** @param {Row} row */
  remove(row) {
    this.stubs.children[this.rows.indexOf(row)]?.toggleAttribute("hidden", false);
    if (!row.el) return;
    this.sizes.unobserve(row.el);
    row.el.remove();
    row.el = null;
  }
  /**
   * Learns the heights of rows. What the window shows stays where it is.
   * @param {Row[]} rows
   */
  measure(rows) {
    if (!rows.length) return;
    const above = this.above();
    const seen = this.rows[rowAt2(this.rows, above)];
    const before2 = seen?.top ?? 0;
    for (const row of rows) row.height = row.el?.offsetHeight ?? row.height;
    this.place();
    const moved2 = (seen?.top ?? 0) - before2;
    if (moved2 && above > 0) scrollBy(0, moved2);
  }
  /**
   * Follows the width of the window, and the heights of groups.
   * @param {ResizeObserverEntry[]} entries
   */
  resized(entries) {
    const isWidth = entries.some(({ target }) => target === this.ruler);
    if (isWidth) {
      for (const row of this.rows) if (!row.el) row.height = null;
    }
    const changed = this.rows.filter((row) => row.el && row.height !== row.el.offsetHeight);
    this.measure(changed);
    if (isWidth || changed.length) requestAnimationFrame(() => this.host.isConnected && this.show(this.cards));
  }
  /**
   * Moves the focus to a group, and scrolls it into the window.
   * @param {GroupCard} card
   * @param {number} [index] of a picture in it
   */
  focus(card, index) {
    const row = this.rows.find(({ cards }) => cards.includes(card));
    if (!row) return;
    if (!row.el) {
      scrollBy(0, row.top - this.above() - innerHeight / 4);
      this.render();
    }
    card.focus(index);
  }
  /** The number of the first group in the window. */
  firstVisible() {
    return this.rows[rowAt2(this.rows, this.above() + 80)]?.first ?? 0;
  }
  /**
   * The place of the window: a group, and the pixels from the top of the window to it. Null where the
   * list has not been scrolled.
   * @returns {?{index: number, offset: number}}
   */
  anchor() {
    const above = this.above();
    const row = this.rows[rowAt2(this.rows, above)];
    return row && above > 0 ? { index: row.first, offset: row.top - above } : null;
  }
  /**
   * Scrolls to a place that `anchor` returned.
   * @param {{index: number, offset: number}} place
   */
  scrollToAnchor({ index, offset }) {
    const row = this.rows.findLast(({ first }) => first <= index);
    if (!row) return;
    for (let n = 0; n < 2; n++) {
      scrollBy(0, row.top - this.above() - offset);
      this.render();
    }
  }
  /**
   * Before the browser looks for a text, all names are put where their groups will be.
   * @param {KeyboardEvent} event
   */
  beforeFind({ key: key2, ctrlKey, metaKey }) {
    const finds = key2 === "F3" || key2 === "f" && (ctrlKey || metaKey);
    if (!finds || this.isFindable || !this.cards.length) return;
    this.isFindable = true;
    this.drawStubs();
    this.onwant(this.total);
  }
  drawStubs() {
    this.stubs.replaceChildren(...this.rows.map(({ cards, el, top }) => {
      const names = cards.flatMap(({ images: images3 }) => images3.map(({ name: name2 }) => name2));
      const stub = h("div", { hidden: el !== null }, names.join(" "));
      stub.style.top = `${top}px`;
      return stub;
    }));
  }
};

// duplicates/groups.js
var PART = 40;
var LARGEST_PART = 500;
var PATIENCE = 500;
var Groups = class {
  /**
   * @param {{signal: AbortSignal, list: GroupList, makeCard: (group: DuplicateGroupDocument) => GroupCard,
   *   onpage: (page: DuplicatePageDocument) => void, onfail: (error: unknown) => void,
   *   onproblem: (text: string) => void}} options
   *   onpage: called with totals and state, or, if the page is not `whole`, with the state alone; onfail: called if no group can be shown; onproblem: called
   *   if no further group could be fetched
   */
  constructor({ signal, list: list4, makeCard, onpage, onfail, onproblem }) {
    this.signal = signal;
    this.list = list4;
    this.makeCard = makeCard;
    this.onpage = onpage;
    this.onfail = onfail;
    this.onproblem = onproblem;
    this.filters = { min_grade: "edited", under: null, where: null, keep: [], bursts: false };
    this.cards = [];
    this.current = null;
    this.next = null;
    this.turn = 0;
    this.wanted = 0;
    this.loading = false;
    this.isPart = false;
  }
  /**
   * Shows no group until `refresh` is called.
   * @param {Filters} filters
   */
  begin(filters) {
    this.filters = filters;
    this.wanted = 0;
    this.set([], 0);
  }
  /**
   * Shows these groups, of `total` ones.
   * @param {GroupCard[]} cards
   * @param {number} [total]
   */
  set(cards, total = this.list.total) {
    this.cards = cards;
    this.list.show(cards, total);
  }
  /**
   * Fetches at least `least` groups, and all loaded ones again; the marks of the user stay. If no group
   * is shown and all would take long, shows the first ones before.
   * @param {number} [least]
   */
  async refresh(least = PART) {
    const thisTurn = ++this.turn;
    const count2 = Math.max(least, this.cards.length);
    const groups = [];
    let page = null;
    let quick = !this.cards.length;
    try {
      do {
        const limit = Math.min(count2 - groups.length, quick ? PART : LARGEST_PART);
        page = await duplicates({
          ...this.filters,
          cursor: page?.next,
          limit,
          quick: quick || null
        }, { signal: this.signal });
        if (thisTurn !== this.turn) return;
        quick = false;
        this.isPart = !page.whole;
        if (page.whole) groups.push(...page.groups);
        else await this.showFirst(page);
        if (thisTurn !== this.turn) return;
      } while (!page.whole || page.next && groups.length < count2);
    } catch (error) {
      if (isAbort(error) || thisTurn !== this.turn) return;
      if (this.cards.length && error instanceof LostServer) return;
      this.set([], 0);
      this.onfail(error);
      return;
    }
    this.next = page.next;
    this.redraw(groups, page.total);
    this.onpage(page);
  }
  /**
   * Shows the first groups, and waits for their pictures: after that, the server is busy with all groups.
   * @param {DuplicatePageDocument} page
   */
  async showFirst(page) {
    this.next = null;
    this.redraw(page.groups, page.total);
    this.onpage(page);
    const pictures2 = findAll("img", this.list.el).map((img) => (
      /** @type {HTMLImageElement} */
      img.decode().catch(() => {
      })
    ));
    await Promise.race([Promise.all(pictures2), new Promise((done) => setTimeout(done, PATIENCE))]);
  }
  /**
   * @param {DuplicateGroupDocument[]} groups
   * @param {number} total
   */
  redraw(groups, total) {
    const held = this.list.el.contains(document.activeElement) ? this.current : null;
    const before2 = new Map(this.cards.map((card) => [card.key, card]));
    this.set(groups.map((group) => {
      const card = this.makeCard(group);
      const old = before2.get(card.key);
      return old && sameGroup(old.group, group) ? old : card;
    }), total);
    if (held && this.cards.includes(held)) this.list.focus(held);
  }
  /** Fetches the totals and the state, after a change of single groups. */
  async refreshTotals() {
    if (this.isPart) {
      await this.refresh();
      return;
    }
    const thisTurn = this.turn;
    const page = await duplicates({ ...this.filters, limit: 1 }, { signal: this.signal });
    if (thisTurn === this.turn) this.onpage(page);
  }
  /**
   * Loads groups until there are `end` of them, and some more.
   * @param {number} end
   */
  async want(end) {
    this.wanted = Math.max(this.wanted, end + PART);
    while (this.next && this.cards.length < this.wanted && await this.loadMore()) ;
  }
  /**
   * Loads the next groups, unless they are being loaded.
   * @returns {Promise<boolean>} whether it did
   */
  async loadMore() {
    if (!this.next || this.loading) return false;
    this.loading = true;
    const thisTurn = this.turn;
    const limit = Math.min(LARGEST_PART, Math.max(PART, this.wanted - this.cards.length));
    try {
      const page = await duplicates(
        { ...this.filters, cursor: this.next, limit },
        { signal: this.signal }
      );
      if (thisTurn !== this.turn) return false;
      this.next = page.next;
      this.onpage(page);
      this.set([...this.cards, ...page.groups.map((group) => this.makeCard(group))], page.total);
      return true;
    } catch (error) {
      if (error instanceof Problem) this.onproblem(error.message);
      return false;
    } finally {
      this.loading = false;
    }
  }
  /**
   * Removes pictures from a group, and the group if fewer than two pictures are left.
   * @param {GroupCard} card
   * @param {string[]} ids
   * @returns {boolean} whether the group had one of them
   */
  removeImages(card, ids) {
    const removed = new Set(ids);
    const images3 = card.images.filter(({ id }) => !removed.has(id));
    if (images3.length === card.images.length) return false;
    const replacement = images3.length > 1 ? [this.makeCard({ ...card.group, images: images3 })] : [];
    this.set(
      this.cards.toSpliced(this.cards.indexOf(card), 1, ...replacement),
      this.list.total - (replacement.length ? 0 : 1)
    );
    return true;
  }
  /**
   * Moves the focus to the first group that has one of these images, and to that image.
   * @param {string[]} ids
   */
  focusOn(ids) {
    const targets = new Set(ids);
    const card = this.cards.find(({ images: images3 }) => images3.some(({ id }) => targets.has(id)));
    if (card) this.list.focus(card, card.images.findIndex(({ id }) => targets.has(id)));
  }
};

// duplicates/history.js
var NAMED2 = 3;
var History = class {
  /**
   * @param {{signal: AbortSignal, onundo: ?((entry: Entry) => Promise<void>)}} options
   *   onundo: undoes an entry; null if changes are not allowed
   */
  constructor({ signal, onundo }) {
    this.signal = signal;
    this.onundo = onundo;
    this.turn = 0;
    this.summary = h("summary", null);
    this.list = h("ol", { class: "copies-history-list" });
    this.el = h("details", { class: "copies-history", hidden: true }, this.summary, this.list);
  }
  /** Fetches the drops and shows them. After a failure the list stays as it is. */
  async load() {
    const thisTurn = ++this.turn;
    let answer = null;
    try {
      answer = await drops({ signal: this.signal });
    } catch {
      return;
    }
    if (thisTurn === this.turn) this.show(entriesOf(answer.drops));
  }
  /** @param {Entry[]} entries */
  show(entries) {
    const focused2 = this.list.contains(document.activeElement);
    const total = entries.reduce((sum, { ids }) => sum + ids.length, 0);
    this.el.hidden = !entries.length;
    this.summary.textContent = t("History: {files} moved to the trash", { files: files(total) });
    this.list.replaceChildren(...entries.map((entry) => this.line(entry)));
    if (focused2) (this.list.querySelector("button") ?? this.summary).focus();
  }
  /** @param {Entry} entry */
  line(entry) {
    const { ids, time, plan } = entry;
    const rest = ids.length > NAMED2 ? t(
      " and {count} more",
      { count: ids.length - NAMED2 }
    ) : "";
    const when = time ? date(time) : t("earlier");
    const { onundo } = this;
    const undo = onundo && h("button", {
      type: "button",
      class: "button quiet small",
      "aria-label": t(
        "Undo: bring back {files} moved {when}",
        { files: files(ids.length), when }
      ),
      onclick: async () => {
        if (undo) undo.disabled = true;
        await onundo(entry);
        if (undo) undo.disabled = false;
      }
    }, t("Undo"));
    return h(
      "li",
      null,
      h(
        "span",
        { class: "number" },
        `${when} · ${files(ids.length)}`,
        plan && t(" · by a plan")
      ),
      h("span", { class: "soft small" }, list(ids.slice(0, NAMED2)) + rest),
      undo
    );
  }
};
function entriesOf(drops2) {
  const entries = /* @__PURE__ */ new Map();
  for (const { log, ids, batch, time, plan } of drops2) {
    const entry = entries.get(batch) ?? { logs: [], ids: [], time, plan };
    entry.logs.unshift(log);
    entry.ids.unshift(...ids);
    entries.set(batch, entry);
  }
  return [...entries.values()];
}

// duplicates/place.js
var CALM = 200;
var savedPlace = () => history.state?.anchor ?? null;
function placeSaver(place2, signal) {
  let timer2 = 0;
  return () => {
    clearTimeout(timer2);
    const { href } = location;
    timer2 = setTimeout(() => {
      const isHere = !signal.aborted && location.href === href;
      if (isHere) history.replaceState({ ...history.state, anchor: place2() }, "");
    }, CALM);
  };
}

// duplicates/running.js
var EVERY = 1e3;
function makeRunning({ onstate, ondone, signal }) {
  const bar = h("progress", { "aria-label": t("Comparing"), max: 1 });
  const text2 = h("p", { class: "number" });
  const el = h(
    "section",
    { class: "running", "aria-label": t("Comparing"), hidden: true },
    h("h2", null, t("Comparing")),
    bar,
    text2
  );
  let timer2 = 0;
  let seen = false;
  const fetchState = async () => {
    try {
      update8(await comparing({ signal }));
    } catch {
    }
  };
  const update8 = (state) => {
    const { running } = state;
    clearTimeout(timer2);
    el.hidden = !running;
    onstate(state);
    if (running) {
      seen = true;
      draw(running);
      if (!signal.aborted) timer2 = setTimeout(fetchState, EVERY);
    } else if (seen) {
      seen = false;
      ondone();
    }
  };
  const draw = ({ stage, done, total }) => {
    if (total) bar.value = done / total;
    else bar.removeAttribute("value");
    const counts2 = total ? t("{number} of {total}", { number: done, total }) : "";
    text2.textContent = [serverText(stage), counts2].filter(Boolean).join(" · ");
  };
  signal.addEventListener("abort", () => clearTimeout(timer2));
  const begin = () => {
    seen = true;
  };
  return { el, update: update8, begin };
}

// duplicates/keep_rules.js
var RULES = {
  largest: t("the most pixels"),
  heaviest: t("the most bytes"),
  oldest: t("the oldest file"),
  newest: t("the newest file"),
  colour: t("in colour"),
  camera: t("with a camera's metadata"),
  "earliest-taken": t("taken first")
};
var TEXTS = {
  format: { label: t("of a file format…"), hint: "png,jpg", toRule: (text2) => `format:${text2}` },
  folder: { label: t("in a folder…"), hint: "best/of", toRule: (text2) => `${text2.replace(/^\.?\/+/, "").replace(/\/+$/, "")}/` }
};
var KeepRules = class {
  /** @param {{onchange: (rules: string[]) => void}} options */
  constructor({ onchange }) {
    this.onchange = onchange;
    this.rules = [];
    this.chosen = h("ol", { class: "keep-rules", "aria-label": t("Rules, the first counts most") });
    this.select = h("select", { id: "keep-rule" });
    this.folders = h("datalist", { id: "keep-folders" });
    this.text = h("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      autocapitalize: "off",
      hidden: true
    });
    this.add = h("button", { type: "submit", class: "button quiet small", hidden: true }, t("Add"));
    this.el = h(
      "form",
      { class: "row keep-chooser", "aria-label": t("Which picture to keep") },
      h("label", { for: this.select.id, class: "soft small" }, t("Keep first the picture")),
      this.chosen,
      this.select,
      this.text,
      this.folders,
      this.add
    );
    this.text.addEventListener("focus", () => suggestFolders(this.folders), { once: true });
    this.select.addEventListener("change", () => this.choose(this.select.value));
    this.el.addEventListener("submit", (event) => {
      event.preventDefault();
      const text2 = this.text.value.trim();
      if (text2) this.change([...this.rules, TEXTS[this.select.value].toRule(text2)]);
    });
    this.show([]);
  }
  /**
   * Adds a rule, or asks for the text that it needs.
   * @param {string} name
   */
  choose(name2) {
    if (Object.hasOwn(RULES, name2)) {
      this.change([...this.rules, name2]);
      return;
    }
    const { hint, label } = Object.hasOwn(TEXTS, name2) ? TEXTS[name2] : {};
    for (const element2 of [this.text, this.add]) element2.hidden = !hint;
    this.text.value = "";
    this.text.placeholder = hint ?? "";
    this.text.setAttribute("aria-label", label ?? "");
    if (name2 === "folder") this.text.setAttribute("list", this.folders.id);
    else this.text.removeAttribute("list");
    if (hint) this.text.focus();
  }
  /** @param {string[]} rules */
  change(rules2) {
    this.onchange([...new Set(rules2)]);
  }
  /** @param {string[]} rules the rules of the address */
  show(rules2) {
    this.rules = rules2;
    this.chosen.replaceChildren(...rules2.map((rule) => h(
      "li",
      null,
      nameOf(rule),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          title: t("Remove this rule"),
          "aria-label": t("Remove the rule: {rule}", { rule: nameOf(rule) }),
          onclick: () => this.change(this.rules.filter((other) => other !== rule))
        },
        icon("close", { size: 14 })
      )
    )));
    const options = [
      ["", rules2.length ? t("then…") : t("that the evidence tells")],
      ...Object.entries(RULES).filter(([name2]) => !rules2.includes(name2)),
      ...Object.entries(TEXTS).map(([name2, { label }]) => [name2, label])
    ];
    this.select.replaceChildren(...options.map(([value, text2]) => h("option", { value }, text2)));
    this.select.value = "";
    this.choose("");
  }
};
function nameOf(rule) {
  if (rule.startsWith("format:")) return t("of the format {format}", { format: rule.slice(7) });
  return Object.hasOwn(RULES, rule) ? RULES[rule] : t("in the folder {folder}", { folder: rule });
}

// duplicates/toolbar.js
var PLAIN2 = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
var BULK = ["identical", "same", "edited"];
var Toolbar = class {
  /**
   * @param {{allowed: boolean, onfilter: (filters: Params) => void, onfind: () => void,
   *   onbulk: (grade: Grade) => void}} options
   */
  constructor({ allowed, onfilter, onfind, onbulk }) {
    this.allowed = allowed;
    this.onbulk = onbulk;
    this.grade = "edited";
    this.showsBursts = false;
    this.grades = h(
      "div",
      { class: "choice", role: "group", "aria-label": t("Show grades up to") },
      Object.keys(GRADES).map((grade, n, all) => h("button", {
        type: "button",
        class: "button",
        dataset: { grade },
        title: n ? list(all.slice(0, n + 1).map((one) => NAMES[one])) : GRADES.identical,
        onclick: () => onfilter(this.values(grade))
      }, NAMES[grade]))
    );
    this.bursts = h(
      "button",
      {
        type: "button",
        class: "button",
        title: MEANINGS.burst,
        onclick: () => onfilter({ ...this.values(), bursts: this.showsBursts ? null : 1 })
      },
      t("Bursts")
    );
    this.keep = new KeepRules({ onchange: (keep2) => onfilter({ ...this.values(), keep: keep2 }) });
    this.folders = h("datalist", { id: "duplicates-folders" });
    this.under = h("input", {
      ...PLAIN2,
      id: "duplicates-under",
      list: "duplicates-folders",
      placeholder: t("all folders")
    });
    this.where = h("input", { ...PLAIN2, id: "duplicates-where", placeholder: "width > 1000" });
    this.under.addEventListener("focus", () => suggestFolders(this.folders), { once: true });
    const form = h(
      "form",
      { class: "row copies-filters", "aria-label": t("Filters") },
      h("label", { for: "duplicates-under" }, t("In folder")),
      this.under,
      this.folders,
      h("label", { for: "duplicates-where" }, t("Where")),
      this.where,
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, t("Show"))
    );
    const filter = (event) => {
      event.preventDefault();
      onfilter(this.values());
    };
    form.addEventListener("change", filter);
    form.addEventListener("submit", filter);
    this.totals = h("ul", { class: "copies-totals", "aria-label": t("Grades") });
    this.find = h("button", { type: "button", class: "button", hidden: true, onclick: onfind });
    this.state = h("p", { class: "soft small" });
    this.unread = h("div", { class: "row copies-unread", hidden: true });
    this.onfind = onfind;
    this.el = h(
      "div",
      { class: "copies-bar" },
      h(
        "div",
        { class: "row" },
        h("span", { class: "soft small" }, t("Show grades up to")),
        this.grades,
        this.bursts
      ),
      form,
      this.keep.el,
      h("div", { class: "row copies-state" }, this.state, this.find),
      this.unread,
      this.totals
    );
  }
  /** @param {string} [grade] */
  values(grade = this.grade) {
    return {
      grade: grade === "edited" ? null : grade,
      under: this.under.value.trim(),
      where: this.where.value.trim(),
      keep: this.keep.rules,
      bursts: this.showsBursts ? 1 : null
    };
  }
  /** @param {Filters} filters */
  showFilters({ min_grade: grade, under, where, keep: keep2, bursts }) {
    this.grade = grade;
    this.showsBursts = bursts;
    this.bursts.setAttribute("aria-pressed", String(bursts));
    this.keep.show(keep2);
    this.under.value = under ?? "";
    this.where.value = where ?? "";
    for (const button of this.grades.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.grade === grade));
    }
  }
  /**
   * Shows how many images were compared, and whether more can be compared.
   * @param {DuplicateRunDocument} state
   */
  showState({ compared, of, running, failure, notes }) {
    const remaining = of - compared;
    const parts2 = [t("{number} of {total} pictures compared", { number: compared, total: of })];
    if (failure && !running) {
      parts2.push(t("the last comparison stopped early: {reason}", { reason: problemText(failure) }));
    }
    const showCommand = remaining > 0 && !running && !this.allowed;
    const command = h("code", null, "sokkuri duplicates");
    this.state.replaceChildren(
      t("{state}.", { state: [...parts2, ...notes].join("; ") }),
      ...!showCommand ? [] : compared ? rich(" To compare the rest, run {command}", { command }) : rich(" To compare them, run {command}", { command })
    );
    this.find.hidden = Boolean(running) || remaining <= 0 || !this.allowed;
    this.find.textContent = compared ? t("Compare the rest") : t("Find duplicates");
  }
  /**
   * Says how many pictures must be read, and how, to know which one to keep and the bursts.
   * @param {DuplicatePageDocument} page
   */
  showUnread({ unread, running }) {
    this.unread.hidden = !unread || Boolean(running);
    if (this.unread.hidden) {
      this.unread.replaceChildren();
      return;
    }
    const command = `sokkuri duplicates${this.showsBursts ? " --bursts" : ""}`;
    const values = { count: unread, command: h("code", null, command) };
    this.unread.replaceChildren(...present([
      h("p", { class: "soft small" }, this.showsBursts ? rich("{count} picture was not read yet for the evidence on which picture to keep, or for bursts. To read it, run {command}.|{count} pictures were not read yet for the evidence on which picture to keep, or for bursts. To read them, run {command}.", values) : rich("{count} picture was not read yet for the evidence on which picture to keep. To read it, run {command}.|{count} pictures were not read yet for the evidence on which picture to keep. To read them, run {command}.", values)),
      this.allowed && h("button", {
        type: "button",
        class: "button quiet small",
        onclick: () => this.onfind()
      }, t("Read now"))
    ]));
  }
  /**
   * Shows the totals of each grade, with a button that trashes all its copies.
   * @param {DuplicatePageDocument} page
   */
  showTotals({ grades, total }) {
    const before2 = this.totals.contains(document.activeElement) ? focused()?.dataset.grade : null;
    this.totals.hidden = !total;
    const all = (
      /** @type {[Grade, GradeTotalDocument][]} */
      Object.entries(grades)
    );
    this.totals.replaceChildren(...all.filter(([, { groups }]) => groups).map(([grade, { groups, drops: drops2, bytes: bytes3, conflicts }]) => h(
      "li",
      null,
      h("span", { class: `grade ${grade}`, title: MEANINGS[grade] }, NAMES[grade]),
      h("span", { class: "number small" }, t("{count} group|{count} groups", { count: groups }) + (grade === "burst" ? t(", no copies") : t(
        ", {files} that can go, {bytes}",
        { files: files(drops2), bytes: bytes2(bytes3) }
      )) + (conflicts ? t(", {count} to look at", { count: conflicts }) : "")),
      this.allowed && BULK.includes(grade) && h(
        "button",
        {
          type: "button",
          class: "button quiet small",
          dataset: { grade },
          onclick: () => this.onbulk(grade),
          "aria-label": t("Trash all copies that are {grade}", { grade: NAMES[grade] })
        },
        icon("trash", { size: 16 }),
        t("Trash all…")
      )
    )));
    if (before2) find(`[data-grade="${before2}"]`, this.totals)?.focus();
  }
};
function emptyText({ compared, of }, { min_grade: grade, under, where }, allowed) {
  if (!of) {
    return {
      icon: "photos",
      title: t("No pictures yet"),
      text: rich(
        "Index a folder first: {command}",
        { command: h("code", null, "sokkuri index FOLDER") }
      )
    };
  }
  if (!compared) {
    return {
      icon: "compare",
      title: t("No pictures were compared yet"),
      text: allowed ? t("Press “Find duplicates” above to compare every picture with similar ones. This may take some minutes; you can use the pages meanwhile.") : t("So far, only files with identical bytes count as duplicates.")
    };
  }
  if (under || where) {
    return {
      icon: "done",
      title: t("No duplicates here"),
      text: t("No group passes these filters.")
    };
  }
  const number = { count: compared };
  const text2 = {
    identical: t("No picture of {count} is identical to another one.", number),
    same: t("No picture of {count} is the same as another one.", number),
    edited: t("No picture of {count} is an edited copy of another one.", number),
    alike: t("No pictures are alike either.")
  }[grade];
  return { icon: "done", title: t("No duplicates"), text: text2 };
}

// duplicates/view.js
var title2 = t("Duplicates");
var shortcuts2 = [
  ["j k", t("Next, previous group")],
  ["← →", t("Next, previous picture")],
  ["Enter", t("Compare")],
  ["Space", t("Mark to keep or for the trash")],
  ["x", t("Trash the marked pictures")],
  ["m", t("Keep this one")],
  ["n", t("Not duplicates")],
  ["u", t("Undo")],
  ["1 2 3", t("Comparing: side by side, flicker, difference")],
  ["+ − 0", t("Comparing: zoom both pictures; arrows move them")],
  ["i", t("Comparing: mirror the second picture")]
];
var keepsScroll2 = true;
var { show: show3, update: update2 } = lasting((main2, { signal, info: info3 }) => new Duplicates(main2, info3, signal));
var Duplicates = class {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   */
  constructor(main2, info3, signal) {
    this.signal = signal;
    this.allowed = info3.changes;
    this.heading = h("h1", { tabindex: "-1" }, title2);
    this.toolbar = new Toolbar({
      allowed: this.allowed,
      onfilter: (filters) => navigate("/duplicates", filters),
      onfind: () => this.find(),
      onbulk: (grade) => this.decisions.bulk(grade)
    });
    this.running = makeRunning({
      signal,
      onstate: (state) => this.toolbar.showState(state),
      ondone: () => this.refresh().then(() => announce(t("Comparing has finished")))
    });
    this.history = new History({
      signal,
      onundo: this.allowed ? (entry) => this.decisions.undoEntry(entry) : null
    });
    this.list = new GroupList({
      signal,
      onwant: (end) => this.groups.want(end),
      onmove: placeSaver(() => this.list.anchor(), signal)
    });
    this.groups = new Groups({
      signal,
      list: this.list,
      makeCard: (group) => this.card(group),
      onpage: (page) => this.showPage(page),
      onfail: (error) => this.fail(error),
      onproblem: (text2) => this.decisions.say(text2)
    });
    this.decisions = new Decisions({
      groups: this.groups,
      allowed: this.allowed,
      signal,
      refresh: () => this.refresh(),
      ondone: () => this.refreshTotals(),
      onempty: () => this.heading.focus()
    });
    this.none = h("div", null);
    main2.append(h(
      "div",
      { class: "duplicates" },
      this.heading,
      !this.allowed && howToAllow(),
      this.toolbar.el,
      this.running.el,
      this.history.el,
      this.list.host,
      this.none
    ));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
    connection.addEventListener("found", () => this.refresh().catch(() => {
    }), { signal });
  }
  stop() {
    this.list.stop();
  }
  /**
   * Shows the groups for the filters of an address.
   * @param {Query} params
   */
  async go(params) {
    const grade = (
      /** @type {Filters["min_grade"]} */
      params.get("grade") || "edited"
    );
    const filters = {
      min_grade: grade,
      under: params.get("under") || null,
      where: params.get("where") || null,
      keep: params.getAll("keep"),
      bursts: params.get("bursts") === "1"
    };
    this.toolbar.showFilters(filters);
    this.groups.begin(filters);
    const place2 = savedPlace();
    if (!place2) scrollTo(0, 0);
    await this.refresh((place2?.index ?? 0) + PART);
    if (place2) this.list.scrollToAnchor(place2);
  }
  /**
   * Fetches at least `least` groups, and all loaded ones again.
   * @param {number} [least]
   */
  refresh(least) {
    this.history.load();
    return this.groups.refresh(least);
  }
  refreshTotals() {
    this.history.load();
    return this.groups.refreshTotals();
  }
  /** @param {unknown} error */
  fail(error) {
    this.none.replaceChildren(problemPanel(error, () => this.refresh(), 2));
  }
  /** @param {DuplicateGroupDocument} group */
  card(group) {
    return new GroupCard(group, {
      allowed: this.allowed && group.grade !== "burst",
      oncompare: (card) => this.compare(card),
      ondrop: (card) => this.decisions.drop(card),
      ondifferent: (card) => this.decisions.different(card),
      onapart: (card) => this.decisions.apart(card),
      onprefer: (card) => this.decisions.prefer(card),
      onfocus: (card) => {
        this.groups.current = card;
      }
    });
  }
  /**
   * Shows state, totals and empty text of a page of the API; of the first groups alone, the state.
   * @param {DuplicatePageDocument} page
   */
  showPage(page) {
    this.running.update(page);
    if (!page.whole) return;
    this.toolbar.showTotals(page);
    this.toolbar.showUnread(page);
    const text2 = this.groups.cards.length || page.running ? null : emptyText(page, this.groups.filters, this.allowed);
    this.none.replaceChildren(...text2 ? [panel({ level: 2, ...text2 })] : []);
  }
  async find() {
    await this.decisions.attempt(async () => {
      const { min_grade, bursts } = this.groups.filters;
      await change("/duplicates/find", { min_grade, bursts });
      this.none.replaceChildren();
      this.running.begin();
      this.running.update(await comparing({ signal: this.signal }));
      announce(t("Comparing has begun"));
    });
  }
  /** @param {GroupCard} card */
  compare(card) {
    const { groups } = this;
    const session = new Comparing(groups, this.decisions, card);
    openCompare(session, () => groups.cards.includes(session.card) && this.list.focus(session.card, session.card.images.findIndex(({ id }) => id === session.id)));
  }
  /**
   * Moves the focus to another group; if no group has it, to the first visible one.
   * @param {number} by
   */
  move(by) {
    const { cards, current: current2 } = this.groups;
    const index = cards.findIndex((card2) => card2 === current2);
    const to = index < 0 ? this.list.firstVisible() : index + by;
    const card = cards[Math.min(Math.max(to, 0), cards.length - 1)];
    if (card) this.list.focus(card);
    if (to >= cards.length - 3) this.groups.loadMore();
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { key: key2 } = event;
    const card = this.groups.cards.find((each) => each === this.groups.current) ?? null;
    const onControl = document.activeElement?.matches("button:not(.copy-picture), a, summary");
    if (key2 === "j" || key2 === "ArrowDown") this.move(1);
    else if (key2 === "k" || key2 === "ArrowUp") this.move(-1);
    else if (key2 === "u") this.decisions.undo();
    else if (!card || card.busy) return;
    else if (key2 === "ArrowRight") card.focus(card.index + 1);
    else if (key2 === "ArrowLeft") card.focus(card.index - 1);
    else if (key2 === "Enter" && !onControl) this.compare(card);
    else if (!card.options.allowed) return;
    else if (key2 === " " && document.activeElement === document.body) card.toggle();
    else if (key2 === "x") this.decisions.drop(card);
    else if (key2 === "m") this.decisions.prefer(card);
    else if (key2 === "n") this.decisions.different(card);
    else return;
    event.preventDefault();
  }
};

// image/opening.js
function listenForZoom() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || event.defaultPrevented || isTyping(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const anchor = focused();
    if (!anchor?.matches("a[href^='/image?']") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const before2 = location.href;
    anchor.click();
    if (location.href !== before2) setOpen(true);
  });
}
var isOpenAtOnce = () => Boolean(history.state?.viewer);
function setOpen(open) {
  history.replaceState({ ...history.state, viewer: open }, "");
}

// image/view.js
var view_exports3 = {};
__export(view_exports3, {
  shortcuts: () => shortcuts3,
  show: () => show4,
  title: () => title3,
  update: () => update3
});

// image/deeds.js
async function labelImage({ id, name: name2 }, signal) {
  const label = await askForLabel(name2, signal);
  if (!label) return;
  try {
    await giveLabel({ ids: [id] }, label);
  } catch (error) {
    if (!isAbort(error)) toast(capitalise(messageOf(error)));
  }
}
var trashImage = ({ id }, options) => openTrash({ ids: [id] }, 1, {
  ...options,
  onended: (error) => toast(capitalise(messageOf(error)))
});

// image/facts.js
function facts2(image2, exifId = "exif") {
  const { width, height, size, modified, exif, path } = image2;
  const lines = [
    [t("Pixels"), width && height ? `${width} × ${height}` : null],
    [t("Size"), size === null ? null : bytes2(size)],
    [t("Modified"), modified ? date(modified) : null]
  ];
  const camera = Object.entries(exif ?? {}).map(([name2, value]) => [serverText(name2), value]);
  return h(
    "div",
    { class: "facts" },
    h(
      "section",
      { "aria-label": t("File") },
      pathLine(path),
      list3(lines.filter(([, value]) => value))
    ),
    camera.length > 0 && h(
      "section",
      { "aria-labelledby": exifId },
      h("h2", { id: exifId }, t("EXIF")),
      list3(camera)
    )
  );
}
function list3(lines) {
  return h("dl", null, lines.map(([label, value]) => h("div", null, h("dt", null, label), h("dd", { class: "number" }, value))));
}
function pathLine(path) {
  const copy = h(
    "button",
    {
      type: "button",
      class: "icon-button copy",
      title: t("Copy the path"),
      "aria-label": t("Copy the path"),
      dataset: { keep: "copy" },
      onclick: () => copyText(path, t("Path copied"))
    },
    icon("copy")
  );
  return h("div", { class: "path" }, h("code", null, path), copy);
}

// browse/grid_place.js
async function placeInGrid(id, grid2, signal) {
  const { where, sort } = grid2;
  if (!where && !sort) return null;
  try {
    const { index, count: count2, order } = await get2("/grid/place", { id, ...grid2 }, { signal });
    if (index === null) return null;
    const windows = new Windows(count2, async (offset, limit, ends) => {
      const params = { ...grid2, order, offset: String(offset), limit };
      const { images: images3 } = await gridItems(params, { signal: ends });
      if (images3.length < limit) throw new Error("an image is gone");
      return images3;
    });
    await windows.all([index]);
    openFrom({ ...windows.listAt(index), id });
    return await neighbours(id);
  } catch (error) {
    if (isAbort(error)) throw error;
    return null;
  }
}

// image/not_wanted.js
var isMarked = (id) => get("notLike").includes(id);
function toggleMark(id, from) {
  const marks = get("notLike");
  const marked = !marks.includes(id);
  set("notLike", marked ? [...marks, id] : marks.filter((other) => other !== id));
  if (!marked) {
    toast(t("Unmarked"));
    return false;
  }
  toast(t("Marked as not wanted"), {
    action: t("Search without it"),
    onaction: () => navigate("/search", searchWithout(id, from))
  });
  return true;
}
function searchWithout(id, from) {
  const not = get("notLike");
  if (from) return { id: from, not };
  const before2 = previous();
  if (!before2 || !["/search", "/rings"].includes(before2.path)) return { not };
  const params = before2.params.toObject();
  const unlike = /* @__PURE__ */ new Set([...before2.params.getAll("not"), ...not]);
  const ids = before2.params.getAll("id").filter((other) => other !== id);
  return { ...params, id: ids, not: [...unlike] };
}

// selection/list_selection.js
var STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
function selectable(item, { id, name: name2 }) {
  item.classList.add("selectable");
  item.dataset.id = id;
  item.prepend(h("button", {
    type: "button",
    class: "tick",
    role: "checkbox",
    tabindex: "-1",
    "aria-checked": "false",
    "aria-label": t("Select {name}", { name: name2 })
  }, icon("check", { size: 16 })));
  return item;
}
var ListSelection = class {
  /**
   * @param {{host: HTMLElement, info: InfoDocument, signal: AbortSignal, searchable?: boolean,
   *   isMain?: boolean, onselect?: () => void, onchanged?: () => void,
   *   onlabelled?: () => void}} options
   *   host: contains the items; searchable: whether they have vectors; isMain: whether Ctrl+A means
   *   this list wherever the focus is; onselect: called when other items are selected; onchanged: called
   *   when an action has changed the images; onlabelled: called when one has changed labels
   */
  constructor({ host, info: info3, signal, searchable = true, isMain = true, onselect, onchanged, onlabelled }) {
    this.host = host;
    this.isMain = isMain;
    this.onselect = onselect;
    this.stops = new AbortController();
    const ends = AbortSignal.any([signal, this.stops.signal]);
    this.selection = new Selection(() => this.show());
    this.bar = new ActionBar({
      info: info3,
      signal: ends,
      searchable,
      onchanged,
      onlabelled,
      count: () => this.selection.size,
      onclear: () => this.selection.clear(),
      source: () => ({ ids: this.ids() })
    });
    mustFind("#view").append(this.bar.element);
    host.addEventListener("click", (event) => this.clicked(event), { signal: ends, capture: true });
    host.addEventListener("keydown", (event) => this.pressed(event), { signal: ends });
    onDrag(host, ".selectable", {
      selection: this.selection,
      signal: ends,
      indexOf: (item) => this.items().indexOf(item)
    });
    document.addEventListener("keydown", (event) => this.pressedAnywhere(event), { signal: ends });
  }
  items() {
    return findAll(".selectable", this.host);
  }
  ids() {
    const items = this.items();
    return [...this.selection.ranges].flatMap(([first, end]) => items.slice(first, end).map(({ dataset }) => dataset.id ?? ""));
  }
  show() {
    this.host.classList.toggle("selecting", this.selection.size > 0);
    this.items().forEach((item, index) => {
      const isChosen2 = this.selection.has(index);
      item.classList.toggle("chosen", isChosen2);
      find(".tick", item)?.setAttribute("aria-checked", String(isChosen2));
    });
    this.onselect?.();
    if (this.bar.show()) this.items()[Math.max(0, this.selection.anchor)]?.querySelector("a")?.focus();
  }
  /** @param {MouseEvent} event */
  clicked(event) {
    const item = around(event, ".selectable");
    if (!item || event.ctrlKey || event.metaKey) return;
    const onTick = around(event, ".tick");
    const onPicture = around(event, "a") && event.detail > 0;
    if (!onTick && !(onPicture && (event.shiftKey || this.selection.size))) return;
    event.preventDefault();
    event.stopPropagation();
    const index = this.items().indexOf(item);
    if (event.shiftKey) this.selection.extend(index);
    else this.selection.toggle(index);
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    const item = around(event, ".selectable");
    if (!item || !around(event, "a") || event.ctrlKey || event.metaKey) return;
    if (event.defaultPrevented) return;
    const items = this.items();
    const index = items.indexOf(item);
    if (event.key === " ") this.selection.toggle(index);
    else if (event.shiftKey && event.key in STEPS) {
      const next = Math.min(Math.max(index + STEPS[event.key], 0), items.length - 1);
      if (this.selection.anchor < 0) this.selection.toggle(index);
      this.selection.extend(next);
      items[next].querySelector("a")?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
  /** @param {KeyboardEvent} event */
  pressedAnywhere(event) {
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    if (isTyping(event) || document.querySelector("dialog[open]")) return;
    const isInside2 = event.target instanceof Node && this.host.contains(event.target);
    if (!this.isMain && !this.selection.size && !isInside2) return;
    this.selection.all(this.items().length);
    event.preventDefault();
  }
  /** Ends the selection, and removes its bar. */
  stop() {
    this.selection.clear();
    this.stops.abort();
    this.bar.element.remove();
  }
};

// image/similar_strip.js
var COUNT = 20;
var SKELETONS = 8;
var SimilarStrip = class {
  /**
   * @param {ImageDocument} image
   * @param {{info: InfoDocument, signal: AbortSignal, under: ?string}} options `under`: the folder to
   *   which the user returns
   */
  constructor(image2, { info: info3, signal, under }) {
    this.image = image2;
    this.info = info3;
    this.signal = signal;
    this.under = under;
    this.selection = null;
    this.el = h("div", { class: "strip", role: "list", "aria-labelledby": "similar" });
    for (let i = 0; i < SKELETONS; i++) this.el.append(h("div", { class: "skeleton hit" }));
  }
  /** Fetches the images and shows them. */
  async load() {
    const { id, state } = this.image;
    const { signal } = this;
    if (state !== "live") {
      this.el.replaceWith(h("p", { class: "soft" }, t("Only indexed images can be compared")));
      return;
    }
    try {
      const { hits } = await similar(id, { k: COUNT + 1 }, { signal });
      this.show(hits.filter((hit) => hit.id !== id).slice(0, COUNT));
    } catch (error) {
      if (!isAbort(error)) this.fail(error);
    }
  }
  /** @param {HitDocument[]} hits */
  show(hits) {
    if (!hits.length) {
      this.el.replaceWith(h("p", { class: "soft" }, t("There are no other images")));
      return;
    }
    this.el.replaceChildren(...hits.map((hit) => selectable(this.hit(hit, hits), hit)));
    this.selection?.stop();
    this.selection = new ListSelection({
      host: this.el,
      info: this.info,
      signal: this.signal,
      isMain: false,
      onchanged: () => this.load()
    });
  }
  /** @param {unknown} error */
  fail(error) {
    const failed = h(
      "div",
      { class: "row" },
      h("p", { class: "soft" }, messageOf(error)),
      h("button", { type: "button", class: "button", onclick: () => {
        failed.replaceWith(this.el);
        this.load();
      } }, t("Try again"))
    );
    this.el.replaceWith(failed);
  }
  /**
   * @param {HitDocument} hit
   * @param {HitDocument[]} hits
   */
  hit({ id, name: name2, distance, width, height, v }, hits) {
    const far = decimal(distance, 3);
    const img = h("img", {
      alt: "",
      src: imageUrl(id, "thumbnail", { size: 256, v }),
      loading: "lazy",
      decoding: "async"
    });
    img.addEventListener("load", () => img.classList.add("shown"));
    const box = h("span", { class: "box" }, img);
    const ratio2 = (width ?? 0) / (height ?? 0) || 1;
    box.style.aspectRatio = String(Math.min(2.2, Math.max(0.55, ratio2)));
    return h(
      "div",
      { role: "listitem", class: "hit" },
      link(
        "/image",
        { id, under: this.under, from: this.image.id },
        {
          title: name2,
          "aria-label": t("{name}, distance {distance}", { name: name2, distance: far }),
          onclick: () => openFromList(hits, id)
        },
        box,
        h("span", { class: "number soft small" }, far)
      )
    );
  }
  /** Ends the selection. */
  stop() {
    this.selection?.stop();
  }
};

// image/stage.js
function makeStage({ id, name: name2, v, width, height }) {
  const frame = h("div", { class: "frame" });
  const ratio2 = width && height ? width / height : 1.5;
  frame.style.setProperty("--ratio", String(ratio2));
  frame.style.setProperty("--natural", `${width ? Math.max(width * 1.75, 320) : 2048}px`);
  const stage = h("figure", { class: "stage" }, frame);
  const early = h("img", {
    class: "early",
    alt: "",
    src: imageUrl(id, "thumbnail", { size: 256, v })
  });
  early.addEventListener("error", () => early.remove());
  frame.append(early, sharp({ id, name: name2, v }, stage, early));
  return stage;
}
function sharp({ id, name: name2, v }, stage, early) {
  const img = h("img", { class: "sharp", alt: name2, decoding: "async", fetchpriority: "high" });
  const src = imageUrl(id, "thumbnail", { size: 2048, v });
  img.addEventListener("load", () => {
    stage.classList.add("shown");
    early.classList.add("gone");
  });
  img.addEventListener("error", () => {
    const again = h("button", { type: "button", class: "button", onclick: () => {
      stage.querySelector(".no-picture")?.remove();
      img.hidden = false;
      img.src = src;
    } }, t("Try again"));
    img.hidden = true;
    stage.querySelector(".no-picture")?.remove();
    stage.append(h(
      "div",
      { class: "no-picture" },
      icon("missing", { size: 40 }),
      h("span", null, t("This picture cannot be shown")),
      again
    ));
  });
  img.src = src;
  return img;
}
async function loadEarly(id) {
  const known2 = await listed(id).catch(() => null);
  if (known2?.v) new Image().src = imageUrl(id, "thumbnail", { size: 2048, v: known2.v });
}

// image/drawer.js
var SIMILAR = 12;
var Drawer = class {
  /**
   * @param {{signal: AbortSignal, onpick: (id: string, images: HitDocument[]) => void,
   *   onpage: () => void}} options onpick: shows one of some similar images; onpage: shows the page of the image
   */
  constructor({ signal, onpick, onpage }) {
    this.signal = signal;
    this.onpick = onpick;
    this.image = null;
    this.drawn = null;
    this.similar = h("div", { class: "drawer-similar" });
    this.body = h("div", { class: "drawer-body" });
    this.el = h(
      "section",
      {
        class: "viewer-drawer",
        "aria-label": t("Details"),
        tabindex: "-1",
        hidden: true
      },
      this.body,
      h(
        "button",
        { type: "button", class: "button", onclick: onpage },
        icon("open", { size: 18 }),
        t("Page of the image")
      )
    );
  }
  /** Opens or closes the drawer. @returns {boolean} whether it is open now */
  toggle() {
    this.el.hidden = !this.el.hidden;
    this.draw();
    return !this.el.hidden;
  }
  /**
   * Shows the facts of another image, if the drawer is open.
   * @param {ImageDocument} image
   */
  show(image2) {
    this.image = image2;
    this.draw();
  }
  draw() {
    const { image: image2 } = this;
    if (this.el.hidden || !image2 || this.drawn === image2) return;
    this.drawn = image2;
    if (this.body.contains(document.activeElement)) this.el.focus();
    this.similar = h("div", { class: "drawer-similar" });
    this.body.replaceChildren(
      h("h2", null, image2.name),
      h("p", { class: "soft small" }, image2.folder || t("Top folder")),
      facts2(image2, "drawer-exif"),
      h(
        "section",
        { "aria-labelledby": "drawer-similar" },
        h("h2", { id: "drawer-similar" }, t("Similar")),
        this.similar
      )
    );
    this.el.scrollTop = 0;
    this.load(image2);
  }
  /** @param {ImageDocument} image */
  async load(image2) {
    try {
      const { hits } = await similar(image2.id, { k: SIMILAR + 1 }, { signal: this.signal });
      if (this.drawn !== image2) return;
      const others = hits.filter(({ id }) => id !== image2.id).slice(0, SIMILAR);
      this.similar.replaceChildren(...others.map((hit) => this.hit(hit, others)));
      if (!others.length) this.similar.replaceChildren(t("There are no other images"));
    } catch (error) {
      if (!isAbort(error) && this.drawn === image2) {
        this.similar.replaceChildren(messageOf(error));
      }
    }
  }
  /**
   * @param {HitDocument} hit
   * @param {HitDocument[]} others
   */
  hit({ id, name: name2, distance, v }, others) {
    return h(
      "button",
      {
        type: "button",
        title: name2,
        "aria-label": t(
          "{name}, distance {distance}",
          { name: name2, distance: decimal(distance, 3) }
        ),
        onclick: () => this.onpick(id, others)
      },
      h("img", {
        alt: "",
        loading: "lazy",
        decoding: "async",
        src: imageUrl(id, "thumbnail", { size: 256, v })
      })
    );
  }
};

// image/filmstrip.js
var STEP2 = 68;
var SIDE = 64;
var BEYOND = 6;
var CLICK = 6;
var Filmstrip = class {
  /** @param {{onpick: (id: string) => void}} options */
  constructor({ onpick }) {
    this.onpick = onpick;
    this.track = h("ol", { class: "film-track", role: "list" });
    this.el = h("nav", { class: "filmstrip", "aria-label": t("Filmstrip"), hidden: true }, this.track);
    this.trail = null;
    this.index = 0;
    this.origin = 0;
    this.left = 0;
    this.cells = /* @__PURE__ */ new Map();
    this.listen();
    this.resizes = new ResizeObserver(() => this.trail && this.centre());
    this.resizes.observe(this.el);
  }
  stop() {
    this.resizes.disconnect();
  }
  /**
   * Shows a list, with one of its pictures in the middle.
   * @param {?Trail} trail null hides the strip
   * @param {number} index
   */
  show(trail, index) {
    const isOther = trail !== this.trail;
    this.trail = trail;
    this.index = index;
    this.el.hidden = !trail || trail.count < 2;
    if (isOther) {
      this.origin = index;
      for (const { cell } of this.cells.values()) cell.remove();
      this.cells.clear();
    }
    if (this.el.hidden) return;
    this.track.classList.toggle("still", isOther);
    this.centre();
  }
  /** Scrolls until the shown picture is in the middle. */
  centre() {
    this.scrollTo(this.index * STEP2 - (this.el.clientWidth - SIDE) / 2);
    this.mark();
  }
  /** @param {number} left pixels from the start of the list */
  scrollTo(left) {
    if (!this.trail) return;
    const width = this.el.clientWidth;
    const length = this.trail.count * STEP2 - (STEP2 - SIDE);
    this.left = length <= width ? (length - width) / 2 : Math.min(length - width, Math.max(0, left));
    this.track.style.transform = `translateX(${this.origin * STEP2 - this.left}px)`;
    this.draw(this.trail, width);
  }
  /**
   * @param {Trail} trail
   * @param {number} width
   */
  draw(trail, width) {
    const first = Math.max(0, Math.floor(this.left / STEP2) - BEYOND);
    const end = Math.min(trail.count, Math.ceil((this.left + width) / STEP2) + BEYOND);
    for (const [index, { cell }] of this.cells) {
      if (index >= first && index < end || cell.contains(document.activeElement)) continue;
      cell.remove();
      this.cells.delete(index);
    }
    for (let index = first; index < end; index++) if (!this.cells.has(index)) this.add(index, trail);
  }
  /**
   * @param {number} index
   * @param {Trail} trail
   */
  add(index, trail) {
    const button = h("button", { type: "button", tabindex: "-1", class: "film-picture" });
    const cell = h("li", { dataset: { index: String(index) } }, button);
    cell.style.left = `${(index - this.origin) * STEP2}px`;
    this.cells.set(index, { cell, button });
    const next = Math.min(...[...this.cells.keys()].filter((other) => other > index));
    this.track.insertBefore(cell, this.cells.get(next)?.cell ?? null);
    this.fill(index, button, trail).catch(() => {
    });
  }
  /**
   * @param {number} index
   * @param {HTMLButtonElement} button
   * @param {Trail} trail
   */
  async fill(index, button, trail) {
    const place2 = t("{number} of {total}", { number: index + 1, total: trail.count });
    button.setAttribute("aria-label", place2);
    const image2 = await trail.imageAt(index);
    if (!image2 || !button.isConnected) return;
    const { id, name: name2, v } = image2;
    trail.places.set(id, index);
    button.dataset.id = id;
    button.setAttribute("aria-label", `${name2 ?? id.slice(id.lastIndexOf("/") + 1)}, ${place2}`);
    button.append(h("img", {
      alt: "",
      decoding: "async",
      draggable: "false",
      src: imageUrl(id, "thumbnail", { size: 128, v })
    }));
    this.markOne(index, button);
  }
  /** Marks the shown picture, and those in the trash. */
  mark() {
    const hadFocus = this.track.contains(document.activeElement);
    for (const [index, { button }] of this.cells) this.markOne(index, button);
    if (hadFocus) this.cells.get(this.index)?.button.focus({ preventScroll: true });
  }
  /**
   * @param {number} index
   * @param {HTMLButtonElement} button
   */
  markOne(index, button) {
    const isShown = index === this.index;
    button.tabIndex = isShown ? 0 : -1;
    button.disabled = this.trail?.gone.has(button.dataset.id ?? "") ?? false;
    if (isShown) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  listen() {
    let from = null;
    let isDragged = false;
    const { el, track } = this;
    el.addEventListener("wheel", (event) => {
      event.preventDefault();
      track.classList.add("still");
      const isAcross = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      this.scrollTo(this.left + (isAcross ? event.deltaX : event.deltaY));
    }, { passive: false });
    el.addEventListener("pointerdown", (event) => {
      from = event.button === 0 ? { x: event.clientX, left: this.left } : null;
      isDragged = false;
    });
    el.addEventListener("pointermove", (event) => {
      if (!from || !isDragged && Math.abs(event.clientX - from.x) < CLICK) return;
      if (!isDragged) el.setPointerCapture(event.pointerId);
      isDragged = true;
      track.classList.add("still");
      this.scrollTo(from.left + from.x - event.clientX);
    });
    const release = () => {
      from = null;
    };
    el.addEventListener("pointerup", release);
    el.addEventListener("pointercancel", release);
    el.addEventListener("click", (event) => {
      const id = isDragged ? null : around(event, "button")?.dataset.id;
      isDragged = false;
      if (id) this.onpick(id);
    });
  }
};

// image/slideshow.js
var SECONDS = [2, 4, 8, 15, 30, 60];
function secondsEach() {
  const chosen = get("slide");
  return SECONDS.includes(chosen) ? chosen : 4;
}
var Slideshow = class {
  /**
   * @param {{onnext: () => void, onchange: (runs: boolean) => void}} options
   *   onnext: shows the next picture, after which `shown` is called; onchange: it has begun or ended
   */
  constructor({ onnext, onchange }) {
    this.onnext = onnext;
    this.onchange = onchange;
    this.runs = false;
    this.timer = 0;
    this.turn = 0;
    this.lock = null;
  }
  start() {
    if (this.runs) return;
    this.runs = true;
    this.onchange(true);
    this.keepAwake();
    this.wait();
  }
  stop() {
    if (!this.runs) return;
    this.runs = false;
    clearTimeout(this.timer);
    this.lock?.release().catch(() => {
    });
    this.lock = null;
    this.onchange(false);
  }
  /**
   * A picture is shown: the next one follows some seconds after it is there.
   * @param {Promise<void>} loaded
   */
  async shown(loaded) {
    clearTimeout(this.timer);
    const thisTurn = ++this.turn;
    await loaded;
    if (this.runs && thisTurn === this.turn) this.wait();
  }
  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onnext, 1e3 * secondsEach());
  }
  /** Keeps the screen on, where the browser can. */
  async keepAwake() {
    const lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (this.runs) this.lock = lock ?? null;
    else lock?.release().catch(() => {
    });
  }
};

// image/zoom.js
var MOST4 = 8;
var ENLARGED = 2;
var Zoom = class {
  /**
   * The whole picture, in the middle of the window.
   * @param {Size} picture at scale 1
   * @param {Size} view
   */
  constructor(picture, view2) {
    this.picture = picture;
    this.view = view2;
    this.whole = 0;
    this.least = 0;
    this.most = 0;
    this.scale = 0;
    this.x = 0;
    this.y = 0;
    this.resize(view2);
    this.fit();
  }
  /**
   * Changes the size of the window. A picture that filled the window fills it again.
   * @param {Size} view
   */
  resize(view2) {
    const wasWhole = this.isWhole;
    this.view = view2;
    const { width, height } = this.picture;
    this.whole = Math.min(view2.width / width, view2.height / height, ENLARGED);
    this.least = Math.min(this.whole, 1);
    this.most = Math.max(MOST4, 2 * this.whole);
    if (wasWhole) this.fit();
    else this.move(0, 0);
  }
  /** Whether the whole picture is in the window. */
  get isWhole() {
    return this.scale <= this.whole * 1.001;
  }
  fit() {
    this.scale = this.whole;
    this.x = 0;
    this.y = 0;
    this.move(0, 0);
  }
  /**
   * Changes the scale. The point of the picture at `at` stays there, as far as the edges allow.
   * @param {number} scale
   * @param {{x: number, y: number}} [at]
   */
  zoomTo(scale, at = { x: this.view.width / 2, y: this.view.height / 2 }) {
    const next = Math.min(this.most, Math.max(this.least, scale));
    this.x = at.x - (at.x - this.x) * next / this.scale;
    this.y = at.y - (at.y - this.y) * next / this.scale;
    this.scale = next;
    this.move(0, 0);
  }
  /**
   * Moves the picture, but not beyond its edges.
   * @param {number} dx
   * @param {number} dy
   */
  move(dx, dy) {
    this.x = within(this.x + dx, this.picture.width * this.scale, this.view.width);
    this.y = within(this.y + dy, this.picture.height * this.scale, this.view.height);
  }
};
function within(start3, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, start3));
}

// image/zoom_stage.js
var EARLY = 256;
var THUMBNAIL2 = 2048;
var STEP3 = 1.5;
var ARROW2 = 80;
var SWIPE = 80;
var MOVES2 = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
var sizeOf = ({ width, height }) => ({ width: width ?? 1, height: height ?? 1 });
var ZoomStage = class {
  /**
   * @param {{onstep: (which: "previous"|"next") => void, onzoom: (scale: number) => void}} options
   *   onstep: called by a swipe; onzoom: called with the scale
   */
  constructor({ onstep, onzoom }) {
    this.onstep = onstep;
    this.onzoom = onzoom;
    this.image = null;
    this.original = null;
    this.zoom = new Zoom({ width: 1, height: 1 }, { width: 1, height: 1 });
    this.pointers = /* @__PURE__ */ new Map();
    this.start = null;
    this.sheet = h("div", { class: "viewer-sheet" });
    this.el = h("div", { class: "viewer-stage", tabindex: "-1" }, this.sheet);
    this.listen();
    this.resizes = new ResizeObserver(() => this.resized());
    this.resizes.observe(this.el);
  }
  stop() {
    this.resizes.disconnect();
  }
  get isWhole() {
    return this.zoom.isWhole;
  }
  /**
   * Shows another picture.
   * @param {ImageDocument} image with its size
   * @param {boolean} [fades] whether the picture before fades into this one
   * @returns {Promise<void>} when the picture is there, or cannot be shown
   */
  show(image2, fades = false) {
    const { id, name: name2, v } = image2;
    const { width, height } = sizeOf(image2);
    this.image = image2;
    this.original = null;
    if (fades) this.fade();
    const size = { width: width / devicePixelRatio, height: height / devicePixelRatio };
    const img = h("img", {
      alt: name2,
      draggable: "false",
      src: imageUrl(id, "thumbnail", { size: THUMBNAIL2, v })
    });
    const { style } = this.sheet;
    style.width = `${size.width}px`;
    style.height = `${size.height}px`;
    style.backgroundImage = `url("${imageUrl(id, "thumbnail", { size: EARLY, v })}")`;
    this.sheet.replaceChildren(img);
    this.zoom = new Zoom(size, this.room());
    this.draw();
    return img.decode().then(() => {
      if (this.image === image2) style.backgroundImage = "";
    }, () => {
    });
  }
  /** Lets the old picture stay below the new one while the new one appears. */
  fade() {
    const old = h(
      "div",
      { class: "viewer-sheet", "aria-hidden": "true" },
      [...this.sheet.childNodes].map((node) => node.cloneNode(true))
    );
    old.style.cssText = this.sheet.style.cssText;
    find(".viewer-sheet.old", this.el)?.remove();
    old.classList.add("old");
    this.sheet.before(old);
    this.sheet.classList.add("appearing");
    this.sheet.addEventListener("animationend", () => {
      this.sheet.classList.remove("appearing");
      old.remove();
    }, { once: true });
  }
  room() {
    return { width: this.el.clientWidth, height: this.el.clientHeight };
  }
  resized() {
    if (!this.image) return;
    this.zoom.resize(this.room());
    this.draw();
  }
  draw() {
    const { x, y, scale } = this.zoom;
    this.sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.el.classList.toggle("zoomed", !this.zoom.isWhole);
    this.onzoom(scale);
    this.sharpen(scale);
  }
  /**
   * Loads the original as soon as the thumbnail has too few pixels.
   * @param {number} scale
   */
  sharpen(scale) {
    if (!this.image) return;
    const { id, v } = this.image;
    const { width, height } = sizeOf(this.image);
    const longest = Math.max(width, height);
    if (this.original || longest <= THUMBNAIL2 || longest * scale <= THUMBNAIL2) return;
    const img = h("img", { alt: "", draggable: "false" });
    this.original = img;
    img.addEventListener("load", () => img.classList.add("shown"));
    img.addEventListener("error", () => img.remove());
    img.src = imageUrl(id, "file", { v });
    this.sheet.append(img);
  }
  /** Makes the picture larger or smaller by one step. @param {1|-1} by */
  step(by) {
    this.zoomBy(STEP3 ** by);
  }
  /**
   * @param {number} factor
   * @param {Point} [at]
   */
  zoomBy(factor, at) {
    this.zoom.zoomTo(this.zoom.scale * factor, at);
    this.draw();
  }
  /**
   * Shows the whole picture or, if it is shown, each pixel of the picture as one of the screen.
   * @param {Point} [at]
   */
  toggle(at) {
    if (this.zoom.isWhole) this.zoom.zoomTo(this.zoom.whole < 1 ? 1 : this.zoom.whole * STEP3, at);
    else this.zoom.fit();
    this.draw();
  }
  /**
   * The point of an event.
   * @param {MouseEvent} event
   */
  at({ clientX, clientY }) {
    const { left, top } = this.el.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
  listen() {
    const { el } = this;
    el.addEventListener("wheel", (event) => {
      event.preventDefault();
      const pixels2 = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      this.zoomBy(Math.exp(-event.deltaY * pixels2 * 2e-3), this.at(event));
    }, { passive: false });
    el.addEventListener("dblclick", (event) => {
      if (!around(event, "button")) this.toggle(this.at(event));
    });
    el.addEventListener("pointerdown", (event) => {
      if (around(event, "button") || event.button !== 0) return;
      el.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.at(event));
      this.start = this.pointers.size === 1 && this.zoom.isWhole ? this.at(event) : null;
    });
    el.addEventListener("pointermove", (event) => this.dragged(event.pointerId, this.at(event)));
    el.addEventListener("pointerup", (event) => this.lifted(event.pointerId, this.at(event)));
    el.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
  }
  /**
   * Moves the picture with one pointer; with two, zooms it too.
   * @param {number} pointer
   * @param {Point} now
   */
  dragged(pointer, now) {
    const before2 = this.pointers.get(pointer);
    if (!before2) return;
    this.pointers.set(pointer, now);
    const [other] = [...this.pointers].filter(([id]) => id !== pointer).map(([, place2]) => place2);
    if (other) {
      const spread = (place2) => Math.max(1, Math.hypot(place2.x - other.x, place2.y - other.y));
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.zoom.zoomTo(this.zoom.scale * spread(now) / spread(before2), middle);
    }
    const share = other ? 2 : 1;
    this.zoom.move((now.x - before2.x) / share, (now.y - before2.y) / share);
    this.draw();
  }
  /**
   * @param {number} pointer
   * @param {Point} now
   */
  lifted(pointer, now) {
    this.pointers.delete(pointer);
    const { start: start3 } = this;
    this.start = null;
    if (!start3 || this.pointers.size) return;
    const across = now.x - start3.x;
    if (Math.abs(across) < SWIPE || Math.abs(across) < 2 * Math.abs(now.y - start3.y)) return;
    this.onstep(across > 0 ? "previous" : "next");
  }
  /**
   * Takes a key that zooms, or moves a zoomed picture.
   * @param {string} key
   * @returns {boolean} whether it did
   */
  pressed(key2) {
    if (key2 in MOVES2 && !this.zoom.isWhole) {
      const [x, y] = MOVES2[key2];
      this.zoom.move(x * ARROW2, y * ARROW2);
      this.draw();
    } else if (key2 === "+" || key2 === "=") this.step(1);
    else if (key2 === "-") this.step(-1);
    else if (key2 === "0") this.zoomBy(this.zoom.whole / this.zoom.scale);
    else if (key2 === "1") this.zoomBy(1 / this.zoom.scale);
    else return false;
    return true;
  }
};

// image/viewer.js
var Viewer = class {
  /**
   * Opens the viewer. `show` gives it a picture.
   * @param {AbortSignal} signal of the page
   * @param {Options} options
   */
  constructor(signal, options) {
    this.options = options;
    this.ends = new AbortController();
    this.image = null;
    this.title = h("h2", { class: "viewer-name" });
    this.place = h("span", { class: "number soft small" });
    this.percent = h("output", { class: "number small", "aria-label": t("Size") });
    this.slideshow = new Slideshow({ onnext: () => this.goOn(), onchange: (runs) => this.slide(runs) });
    this.stage = new ZoomStage({
      onstep: (which) => this.step(which),
      onzoom: (scale) => this.showScale(scale)
    });
    this.film = new Filmstrip({ onpick: (id) => options.onpick(id) });
    this.drawer = new Drawer({
      signal,
      onpage: options.onpage,
      onpick: (id, images3) => options.onpick(id, images3)
    });
    this.previous = this.arrow("previous", "left");
    this.next = this.arrow("next", "right");
    this.stage.el.append(this.previous, this.next);
    this.facts = this.button(
      "facts",
      t("Details"),
      "i",
      () => this.toggleFacts(),
      { "aria-expanded": "false" }
    );
    this.play = this.button("play", t("Slideshow"), "p", () => this.slideshow.start());
    const { ontrash } = options;
    this.trash = ontrash && this.button("trash", t("Move to trash…"), "Delete", ontrash);
    this.el = h(
      "dialog",
      { class: "viewer" },
      this.head(),
      this.stage.el,
      this.drawer.el,
      this.film.el
    );
    this.listen();
    document.body.append(this.el);
    this.el.showModal();
    this.stage.el.focus();
    this.messages = [mustFind("#toasts"), mustFind("#live")];
    this.el.append(...this.messages);
  }
  /**
   * @param {string} name of its icon
   * @param {string} label
   * @param {string} key
   * @param {() => void} onclick
   * @param {import("../base/dom.js").Props} [props]
   */
  button(name2, label, key2, onclick, props) {
    return h("button", {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: `${label} (${key2})`,
      "aria-keyshortcuts": key2,
      onclick,
      ...props
    }, icon(name2));
  }
  head() {
    const { onlabel, onleave } = this.options;
    return h(
      "div",
      { class: "viewer-head" },
      h("div", { class: "viewer-title" }, this.title, this.place),
      h(
        "div",
        { class: "viewer-tools" },
        this.percent,
        this.button("minus", t("Smaller"), "-", () => this.stage.step(-1)),
        this.button("plus", t("Larger"), "+", () => this.stage.step(1)),
        this.play,
        secondsField(),
        onlabel && this.button("label", t("Label…"), "l", onlabel),
        this.trash,
        this.facts,
        this.button("close", t("Close"), "Escape", onleave)
      )
    );
  }
  /**
   * @param {"previous"|"next"} which
   * @param {string} name
   */
  arrow(which, name2) {
    const label = which === "previous" ? t("Previous picture") : t("Next picture");
    return h("button", {
      type: "button",
      class: `step ${which}`,
      "aria-label": label,
      title: label,
      onclick: () => this.step(which)
    }, icon(name2, { size: 26 }));
  }
  listen() {
    document.addEventListener(
      "keydown",
      (event) => this.pressed(event),
      { signal: this.ends.signal }
    );
    this.el.addEventListener("pointerdown", (event) => {
      if (!this.slideshow.runs) return;
      event.stopPropagation();
      this.slideshow.stop();
    }, { capture: true });
    this.el.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.options.onleave();
    });
    this.el.addEventListener("close", () => this.ended(), { once: true });
  }
  close() {
    this.el.close();
  }
  ended() {
    this.ends.abort();
    this.slideshow.stop();
    this.stage.stop();
    this.film.stop();
    document.body.append(...this.messages);
    this.el.remove();
    this.options.onclose();
  }
  /**
   * Shows a picture.
   * @param {ImageDocument} image with its size, and `previous` and `next` in its list
   * @param {?Place} place
   */
  show(image2, place2) {
    this.image = image2;
    this.el.setAttribute("aria-label", image2.name);
    this.title.textContent = image2.name;
    this.title.title = image2.id;
    this.place.textContent = place2 && place2.trail.count > 1 ? t("{number} of {total}", { number: place2.index + 1, total: place2.trail.count }) : "";
    this.showArrows();
    this.showTrash();
    const loaded = this.stage.show(image2, this.slideshow.runs);
    this.film.show(place2?.trail ?? null, place2?.index ?? 0);
    this.drawer.show(image2);
    this.slideshow.shown(loaded);
  }
  showArrows() {
    const { image: image2, previous: previous2, next } = this;
    for (
      const [arrow, id] of
      /** @type {const} */
      [
        [previous2, image2?.previous],
        [next, image2?.next]
      ]
    ) {
      const isEnd = (id ?? null) === null;
      if (isEnd && arrow === document.activeElement) this.stage.el.focus();
      arrow.hidden = isEnd;
    }
  }
  /** The film of a frame does not go to the trash. */
  showTrash() {
    if (!this.trash) return;
    const isFrame = Boolean(this.image?.film);
    if (isFrame && this.trash === document.activeElement) this.stage.el.focus();
    this.trash.hidden = isFrame;
  }
  /** @param {"previous"|"next"} which */
  step(which) {
    this.options.onstep(which);
  }
  /** @param {number} scale */
  showScale(scale) {
    const percent2 = `${Math.round(100 * scale)} %`;
    if (this.percent.textContent !== percent2) this.percent.textContent = percent2;
  }
  toggleFacts() {
    const isOpen2 = this.drawer.toggle();
    this.facts.setAttribute("aria-expanded", String(isOpen2));
    this.facts.setAttribute("aria-pressed", String(isOpen2));
  }
  // --- the slideshow
  /**
   * Shows or hides all but the picture.
   * @param {boolean} runs
   */
  slide(runs) {
    this.el.classList.toggle("sliding", runs);
    if (runs) {
      this.stage.el.focus();
      toast(t("Slideshow. Any key or click ends it."));
    } else {
      this.play.focus();
      announce(t("The slideshow has ended"));
    }
  }
  goOn() {
    if (!this.options.onstep("next")) {
      this.slideshow.stop();
      toast(t("The slideshow has ended: this is the last picture"));
    }
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if ([...document.querySelectorAll("dialog[open]")].at(-1) !== this.el) return;
    if (this.slideshow.runs) {
      this.slideshow.stop();
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event)) return;
    const { onlabel, onpage } = this.options;
    const { key: key2 } = event;
    if (this.stage.pressed(key2)) event.preventDefault();
    else if (key2 === "ArrowLeft") this.step("previous");
    else if (key2 === "ArrowRight") this.step("next");
    else if (key2 === "i") this.toggleFacts();
    else if (key2 === "p") this.slideshow.start();
    else if (key2 === "l" && onlabel) onlabel();
    else if (key2 === "Delete" && this.trash && !this.trash.hidden) this.trash.click();
    else if (key2 === "z") onpage();
    else return;
    event.preventDefault();
  }
};
function secondsField() {
  const chosen = secondsEach();
  const field = h(
    "select",
    {
      class: "viewer-seconds small",
      "aria-label": t("Slideshow: seconds for each picture"),
      title: t("Seconds for each picture")
    },
    SECONDS.map((seconds) => h(
      "option",
      { value: seconds, selected: seconds === chosen },
      t("{number} s", { number: seconds })
    ))
  );
  field.addEventListener("change", () => set("slide", Number(field.value)));
  return field;
}

// image/view.js
var title3 = t("Image");
var shortcuts3 = [
  ["← →", t("Previous, next, in the order of the list")],
  ["Esc", t("Back to the list")],
  ["z", t("The viewer; on a picture of any list: at once")],
  ["+ − 0 1", t("In the viewer: zoom")],
  ["i", t("In the viewer: details, similar pictures")],
  ["p", t("In the viewer: slideshow; any key ends it")],
  ["l", t("Label")],
  ["Delete", t("Move to the trash")],
  ["q", t("Use as query")],
  ["r", t("Show its rings")],
  ["n", t("Mark as not wanted")],
  ["c", t("Copy the path")],
  ["o", t("Open the original")],
  ["u", t("Open its folder")]
];
var STATES = {
  removed: t("Removed from searches"),
  missing: t("The file no longer exists"),
  waiting: t("Waiting to be indexed"),
  failed: t("This image could not be read")
};
var active2 = null;
async function show4(main2, params, { signal, info: info3 }) {
  const view2 = new Detail(main2, info3, signal);
  active2 = view2;
  await view2.go(params);
  return () => {
    if (active2 === view2) active2 = null;
    view2.viewer?.close();
  };
}
async function update3(params) {
  if (!active2) return false;
  await active2.go(params);
  scrollTo(0, 0);
  announce(active2.image.name);
  return true;
}
var Detail = class {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   */
  constructor(main2, info3, signal) {
    this.main = main2;
    this.info = info3;
    this.signal = signal;
    this.strip = null;
    this.place = null;
    this.preloaded = [];
    this.answers = /* @__PURE__ */ new Map();
    this.going = null;
    this.shown = null;
    this.under = null;
    this.grid = { under: null, where: null, sort: null };
    this.from = null;
    this.viewer = null;
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }
  /** The shown image. The actions on it exist only while there is one. */
  get image() {
    if (!this.shown) throw new Error("no image is shown");
    return this.shown;
  }
  /** @param {Query} params */
  async go(params) {
    this.going?.abort();
    this.going = new AbortController();
    const signal = AbortSignal.any([this.signal, this.going.signal]);
    const id = params.get("id");
    if (!id) {
      throw new Problem({ status: 404, title: t("The address names no image") });
    }
    this.under = params.get("under");
    this.grid = { under: this.under, where: params.get("where"), sort: params.get("sort") };
    this.from = params.get("from");
    if (!this.shown) this.drawSkeleton();
    loadEarly(id);
    const [image2, place2] = await Promise.all([
      this.fetch(id),
      neighbours(id).then((known2) => known2 ?? placeInGrid(id, this.grid, signal))
    ]);
    signal.throwIfAborted();
    const { previous: before2, next } = place2 ?? image2;
    this.shown = { ...image2, previous: before2, next };
    this.place = place2;
    setTitle(image2.name);
    this.draw(signal);
    if (!this.canZoom()) this.viewer?.close();
    else if (this.viewer) this.viewer.show(this.image, place2);
    else if (isOpenAtOnce()) this.openViewer();
    if (!this.viewer) this.showSimilar();
    this.prefetch(signal);
  }
  /**
   * The details of an image. Each image is fetched once, or again after a failure.
   * @param {string} id
   */
  fetch(id) {
    let answer = this.answers.get(id);
    if (!answer) {
      answer = image(id, { signal: this.signal });
      answer.catch(() => this.answers.delete(id));
      this.answers.set(id, answer);
    }
    return answer;
  }
  showSimilar() {
    this.strip?.load();
  }
  drawSkeleton() {
    this.main.replaceChildren(h(
      "div",
      { class: "detail", "aria-hidden": "true" },
      h("div", { class: "stage skeleton" }),
      h("div", { class: "about" }, [18, 10, 14, 12, 14].map((width) => {
        const line = h("div", { class: "skeleton line" });
        line.style.width = `${width}rem`;
        return line;
      }))
    ));
  }
  /** @param {AbortSignal} signal ends when another image is shown */
  draw(signal) {
    const { image: image2 } = this;
    const active3 = focused();
    const kept2 = active3 && this.main.contains(active3) ? active3.dataset.keep : null;
    this.strip?.stop();
    const strip = new SimilarStrip(image2, { info: this.info, signal, under: this.under });
    this.strip = strip;
    const stage = makeStage(image2);
    stage.append(...present([
      this.step("previous", "left"),
      this.step("next", "right"),
      this.zoomButton()
    ]));
    if (this.canZoom()) {
      find(".frame", stage)?.addEventListener("click", () => this.openViewer());
    }
    this.main.replaceChildren(h(
      "article",
      { class: "detail" },
      stage,
      h("div", { class: "about" }, this.head(), this.notice(), this.actions(), facts2(image2)),
      h(
        "section",
        { class: "similar", "aria-labelledby": "similar" },
        h("h2", { id: "similar" }, t("Similar")),
        strip.el
      )
    ));
    if (kept2) find(`[data-keep="${kept2}"]`, this.main)?.focus();
  }
  head() {
    const { name: name2, folder } = this.image;
    return h(
      "header",
      null,
      h("h1", { tabindex: "-1" }, name2),
      link(
        "/browse",
        { under: folder },
        { class: "in-folder" },
        icon("folder", { size: 16 }),
        folder || t("Top folder")
      )
    );
  }
  notice() {
    const { state, failure, damage } = this.image;
    const text2 = STATES[state] ?? (damage && t("Read in part"));
    if (!text2) return null;
    const why = failure?.reason ?? damage;
    const reason = why && h("span", { class: "soft" }, `: ${problemText(why)}`);
    return h(
      "p",
      { class: "notice" },
      icon("problem", { size: 18 }),
      h("span", null, text2, reason)
    );
  }
  /**
   * @param {"previous" | "next"} which
   * @param {string} name
   */
  step(which, name2) {
    const id = this.image[which];
    if (id === null || id === void 0) return null;
    const label = which === "previous" ? t("Previous image") : t("Next image");
    return link(
      "/image",
      { id, ...this.grid },
      {
        class: `step ${which}`,
        "aria-label": label,
        title: label,
        dataset: { keep: which },
        onclick: (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
          event.preventDefault();
          this.stepTo(id);
        }
      },
      icon(name2, { size: 26 })
    );
  }
  canZoom() {
    const { state, width, height } = this.image;
    return state === "live" && Boolean(width) && Boolean(height);
  }
  zoomButton() {
    return this.canZoom() && h("button", {
      type: "button",
      class: "icon-button to-viewer",
      "aria-label": t("Zoom"),
      title: t("Zoom (z)"),
      dataset: { keep: "zoom" },
      onclick: () => this.openViewer()
    }, icon("plus"));
  }
  openViewer() {
    if (!this.canZoom() || this.viewer) return;
    const { changes } = this.info;
    this.viewer = new Viewer(this.signal, {
      onstep: (which) => this.stepTo(this.image[which] ?? null),
      onpick: (id, images3) => this.pick(id, images3),
      onlabel: changes ? () => labelImage(this.image, this.signal) : null,
      ontrash: changes ? () => this.trash() : null,
      onleave: () => isOpenAtOnce() ? this.leave() : this.viewer?.close(),
      onpage: () => {
        setOpen(false);
        this.viewer?.close();
      },
      onclose: () => {
        this.viewer = null;
        if (!this.signal.aborted) this.showSimilar();
      }
    });
    this.viewer.show(this.image, this.place);
  }
  /**
   * Shows another image in place of this one, so that Back leads to the list.
   * @param {?string} id
   * @returns {boolean} whether there is one
   */
  stepTo(id) {
    if (id === null) return false;
    navigate(
      "/image",
      { id, ...this.grid },
      { replace: true, state: { viewer: isOpenAtOnce(), trail: history.state?.trail } }
    );
    return true;
  }
  /**
   * Shows another image of the list or, if there are `images`, one of these, as a list of its own.
   * @param {string} id
   * @param {HitDocument[]} [images]
   */
  pick(id, images3) {
    if (!images3) {
      this.stepTo(id);
      return;
    }
    openFromList(images3, id);
    navigate(
      "/image",
      { id, under: this.under, from: this.image.id },
      { state: { viewer: isOpenAtOnce() } }
    );
  }
  /** Moves the image to the trash, and shows the next one. */
  async trash() {
    const { id } = this.image;
    const onundone = () => {
      markGone(id, false);
      this.answers.clear();
      if (!this.signal.aborted) this.stepTo(id);
    };
    if (!await trashImage(this.image, { signal: this.signal, onundone })) return;
    markGone(id, true);
    this.answers.clear();
    if (this.signal.aborted || this.image.id !== id) return;
    if (!this.stepTo(this.image.next ?? this.image.previous ?? null)) this.leave();
  }
  /** Returns to the page from which the image was opened, else to its grid or its folder. */
  leave() {
    if (previous()) history.back();
    else if (this.grid.where || this.grid.sort) navigate("/browse", this.grid);
    else navigate("/browse", { under: this.under ?? this.image.folder });
  }
  actions() {
    const { id, v, film } = this.image;
    const searchable = this.image.state === "live";
    return h(
      "div",
      { class: "row actions" },
      searchable && link(
        "/search",
        { id },
        { class: "button primary", dataset: { keep: "query" } },
        icon("search", { size: 18 }),
        t("Use as query")
      ),
      searchable && link(
        "/rings",
        { id },
        { class: "button", dataset: { keep: "rings" } },
        icon("rings", { size: 18 }),
        t("Rings")
      ),
      searchable && h(
        "button",
        {
          type: "button",
          class: "button",
          dataset: { keep: "not" },
          "aria-pressed": isMarked(id),
          onclick: () => this.mark()
        },
        icon("not", { size: 18 }),
        t("Not this one")
      ),
      h("a", {
        class: "button",
        href: imageUrl(id, "file", { v }),
        target: "_blank",
        rel: "noopener",
        dataset: { keep: "file" }
      }, icon("open", { size: 18 }), t("Open original")),
      film && h(
        "a",
        {
          class: "button",
          href: `${imageUrl(id, "film")}#t=${film.seconds}`,
          target: "_blank",
          rel: "noopener",
          dataset: { keep: "film" }
        },
        icon("open", { size: 18 }),
        t("Play the film from here")
      ),
      this.canChange() && h("button", {
        type: "button",
        class: "button",
        dataset: { keep: "label" },
        onclick: () => labelImage(this.image, this.signal)
      }, icon("label", { size: 18 }), t("Label…")),
      this.canTrash() && h("button", {
        type: "button",
        class: "button",
        dataset: { keep: "trash" },
        onclick: () => this.trash()
      }, icon("trash", { size: 18 }), t("Move to trash…"))
    );
  }
  canChange() {
    return this.info.changes && this.image.state === "live";
  }
  /** Whether the image is a file of its own: the film of a frame does not go to the trash. */
  canTrash() {
    return this.canChange() && !this.image.film;
  }
  /** Marks the image as not wanted, or removes the mark. */
  mark() {
    const marked = toggleMark(this.image.id, this.from);
    this.main.querySelector("[data-keep=not]")?.setAttribute("aria-pressed", String(marked));
  }
  /**
   * Loads the previous and the next image, so that the arrow keys do not wait.
   * @param {AbortSignal} signal
   */
  async prefetch(signal) {
    const pictures2 = [];
    for (const id of [this.image.next, this.image.previous]) {
      if (id === null || id === void 0 || signal.aborted) continue;
      try {
        const { v, state } = await this.fetch(id);
        if (state === "live" && !signal.aborted) {
          const picture = new Image();
          picture.fetchPriority = "low";
          picture.src = imageUrl(id, "thumbnail", { size: 2048, v });
          pictures2.push(picture);
          picture.decode().catch(() => {
          });
        }
      } catch {
      }
    }
    if (!signal.aborted) this.preloaded = pictures2;
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !this.shown) return;
    const { id, previous: before2, next, folder, state } = this.image;
    const live = state === "live";
    if (event.key === "ArrowLeft") this.stepTo(before2);
    else if (event.key === "ArrowRight") this.stepTo(next);
    else if (event.key === "Escape") this.leave();
    else if (event.key === "z") this.openViewer();
    else if (event.key === "l" && this.canChange()) labelImage(this.image, this.signal);
    else if (event.key === "Delete" && this.canTrash()) this.trash();
    else if (event.key === "q" && live) navigate("/search", { id });
    else if (event.key === "r" && live) navigate("/rings", { id });
    else if (event.key === "n" && live) this.mark();
    else if (event.key === "c") find(".copy", this.main)?.click();
    else if (event.key === "o") find("[data-keep=file]", this.main)?.click();
    else if (event.key === "u") navigate("/browse", { under: folder });
    else return;
    event.preventDefault();
  }
};

// label/view.js
var view_exports4 = {};
__export(view_exports4, {
  shortcuts: () => shortcuts4,
  show: () => show5,
  title: () => title4,
  update: () => update4
});

// label/one.js
var NEIGHBOURS = 6;
function makeOne({ signal, isBusy, onguess }) {
  const element2 = h("div", { class: "label-one" });
  const near = h("section", { class: "label-near", "aria-labelledby": "label-near" });
  let drawnId = null;
  let current2 = null;
  let request2 = null;
  async function refresh() {
    if (!current2 || isBusy()) return;
    request2?.abort();
    request2 = new AbortController();
    const { id } = current2;
    try {
      const answer = await get2(
        "/labels/near",
        { id, labelled: NEIGHBOURS },
        { signal: AbortSignal.any([signal, request2.signal]) }
      );
      near.replaceChildren(...neighbours2(answer));
      onguess(answer.guess);
    } catch (error) {
      if (isAbort(error)) return;
      near.replaceChildren(heading(), h(
        "p",
        { class: "soft small" },
        t("Could not be loaded: {reason}", { reason: messageOf(error) })
      ));
    }
  }
  function show11(image2) {
    if (drawnId !== image2.id) {
      drawnId = image2.id;
      element2.replaceChildren(makeStage(image2), about(image2));
    }
    showNear(image2);
  }
  function showNear(image2) {
    if (current2?.id !== image2.id) {
      current2 = image2;
      near.replaceChildren(heading(), h(
        "ul",
        { class: "near-list", role: "list" },
        [1, 2, 3].map(() => h("li", { class: "skeleton" }))
      ));
      onguess(null);
    }
    refresh();
  }
  return { element: element2, near, show: show11, showNear, refresh };
}
var preloaded = null;
function preload({ id, v }) {
  if (id === preloaded) return;
  preloaded = id;
  const picture = new Image();
  picture.fetchPriority = "low";
  picture.src = imageUrl(id, "thumbnail", { size: 2048, v });
}
function about({ id, name: name2, folder, why }) {
  return h(
    "div",
    { class: "label-about" },
    h("h2", null, link("/image", { id }, null, name2)),
    folder && h("span", { class: "soft small" }, folder),
    why && h("p", { class: "soft small" }, whyThis(why))
  );
}
function whyThis(why) {
  return t("Why this image? {reason}.", { reason: capitalise(serverText(why)) });
}
var heading = () => h("h2", { id: "label-near" }, t("Nearest labelled images"));
function neighbours2({ labelled }) {
  if (!labelled.length) {
    return [heading(), h("p", { class: "soft small" }, t("No image has a label yet."))];
  }
  return [heading(), h("ul", { class: "near-list", role: "list" }, labelled.map((hit) => {
    const src = imageUrl(hit.id, "thumbnail", { size: 128, v: hit.v });
    return h("li", null, link(
      "/image",
      { id: hit.id },
      {
        title: hit.name,
        "aria-label": t(
          "{label}: {name}, distance {distance}",
          { label: hit.label, name: hit.name, distance: decimal(hit.distance, 3) }
        )
      },
      h("img", { alt: "", src, loading: "lazy", decoding: "async" }),
      h("span", { class: "near-label" }, hit.label),
      h("span", { class: "number soft" }, decimal(hit.distance, 3))
    ));
  }))];
}

// label/alike.js
var BESIDE = 23;
var STEPS2 = { ArrowLeft: -1, ArrowRight: 1 };
var Alike = class {
  /**
   * @param {{info: InfoDocument, signal: AbortSignal, onchanged: () => void}} options onchanged: called
   *   when an action of the bar has changed images or labels
   */
  constructor({ info: info3, signal, onchanged }) {
    this.info = info3;
    this.signal = signal;
    this.onchanged = onchanged;
    this.selecting = null;
    this.turn = 0;
    this.summary = h("p", { class: "number", "aria-live": "polite" });
    this.all = h("button", {
      type: "button",
      class: "button quiet",
      onclick: () => this.toggleAll(),
      "aria-keyshortcuts": "a"
    }, t("All or none"), h("kbd", { "aria-hidden": "true" }, "a"));
    this.why = h("p", { class: "soft small" });
    this.list = h("ul", { class: "alike-list", role: "list", "aria-label": t("Similar images") });
    this.element = h(
      "div",
      { class: "label-alike" },
      h("div", { class: "alike-head" }, this.summary, this.all),
      this.why,
      this.list
    );
    this.tiles = [];
    this.current = 0;
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("focusin", (event) => {
      const index = this.tiles.findIndex(({ anchor }) => anchor === event.target);
      if (index >= 0) this.setCurrent(index, false);
    });
  }
  /**
   * Shows a suggested image at once, then the images most similar to it.
   * @param {ImageToLabel} image
   * @param {{under: ?string, where: ?string, done: Set<string>}} limits `done`: ids of images that were
   *   labelled just now
   */
  async suggest(image2, { under, where, done }) {
    const turn2 = this.turn += 1;
    this.show([image2], { more: true });
    try {
      const { unlabelled } = await get2(
        "/labels/near",
        { id: image2.id, labelled: 0, unlabelled: BESIDE, under, where },
        { signal: this.signal }
      );
      if (this.turn === turn2) this.show([image2, ...unlabelled.filter(({ id }) => !done.has(id))]);
    } catch (error) {
      if (this.turn !== turn2 || isAbort(error)) return;
      this.show([image2]);
      toast(t("Similar images could not be loaded: {reason}", { reason: messageOf(error) }));
    }
  }
  /** Ends the selection, and ignores similar images that are still being fetched. */
  leave() {
    this.turn += 1;
    this.selecting?.stop();
    this.selecting = null;
  }
  /**
   * @param {ImageToLabel[]} images the suggested image first
   * @param {{chosen?: (image: ImageToLabel) => boolean, more?: boolean}} [options] `chosen` says
   *   which images are selected: only the first by default, because similar photos need not be of
   *   one kind. `more` shows placeholders for images that are still loading
   */
  show(images3, { chosen = (image2) => image2 === images3[0], more = false } = {}) {
    const hadFocus = this.list.contains(document.activeElement);
    this.tiles = images3.map((image2) => this.makeTile(image2, images3));
    this.why.textContent = images3[0]?.why ? whyThis(images3[0].why) : "";
    this.list.replaceChildren(
      ...this.tiles.map(({ item }) => item),
      ...more ? Array.from({ length: 11 }, () => h("li", { class: "skeleton tile-box" })) : []
    );
    this.selecting ??= new ListSelection({
      host: this.list,
      info: this.info,
      signal: this.signal,
      onselect: () => this.showSummary(),
      onchanged: this.onchanged,
      onlabelled: this.onchanged
    });
    this.selecting.selection.choose([...images3.keys()].filter((index) => chosen(images3[index])));
    this.setCurrent(0, hadFocus);
  }
  /**
   * @param {ImageToLabel} image
   * @param {ImageToLabel[]} images the list in which its page goes on
   * @returns {Tile}
   */
  makeTile(image2, images3) {
    const { id, name: name2, v } = image2;
    const img = h("img", {
      alt: "",
      decoding: "async",
      draggable: "false",
      src: imageUrl(id, "thumbnail", { size: devicePixelRatio > 1 ? 512 : 256, v })
    });
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    const anchor = link("/image", { id }, {
      class: "tile-box",
      title: name2,
      "aria-label": name2,
      tabindex: -1,
      draggable: "false",
      onclick: () => openFromList(images3, id)
    }, img);
    return { image: image2, anchor, item: selectable(h("li", null, anchor), image2) };
  }
  toggleAll() {
    const { selecting, tiles: tiles2 } = this;
    if (selecting?.selection.size === tiles2.length) selecting.selection.clear();
    else selecting?.selection.all(tiles2.length);
  }
  showSummary() {
    this.summary.textContent = t(
      "{number} of {total} selected",
      { number: this.chosen().length, total: this.tiles.length }
    );
  }
  /** @returns {ImageToLabel[]} the images that are selected */
  chosen() {
    return this.tiles.filter((_, index) => this.selecting?.selection.has(index)).map(({ image: image2 }) => image2);
  }
  /**
   * The images and the selection, for `restore`.
   * @returns {Choice[]}
   */
  snapshot() {
    return this.tiles.map(({ image: image2 }, index) => ({ image: image2, chosen: Boolean(this.selecting?.selection.has(index)) }));
  }
  /** @param {Choice[]} snapshot */
  restore(snapshot) {
    const chosen = new Set(snapshot.filter((tile) => tile.chosen).map(({ image: image2 }) => image2));
    this.show(snapshot.map(({ image: image2 }) => image2), { chosen: (image2) => chosen.has(image2) });
  }
  /**
   * Removes images. None of the others is selected.
   * @returns {number} how many are left
   * @param {Set<string>} ids
   */
  remove(ids) {
    const hadFocus = this.list.contains(document.activeElement);
    for (const { image: image2, item } of this.tiles) if (ids.has(image2.id)) item.remove();
    this.tiles = this.tiles.filter(({ image: image2 }) => !ids.has(image2.id));
    this.selecting?.selection.clear();
    this.setCurrent(0, hadFocus);
    this.showSummary();
    return this.tiles.length;
  }
  /**
   * Makes a tile the one that Tab reaches.
   * @param {number} index
   * @param {boolean} focus
   */
  setCurrent(index, focus) {
    this.tiles.forEach(({ anchor }, n) => {
      anchor.tabIndex = n === index ? 0 : -1;
    });
    this.current = index;
    if (focus) this.tiles[index]?.anchor.focus();
  }
  columns() {
    const top = this.tiles[0]?.item.offsetTop;
    return Math.max(1, this.tiles.filter(({ item }) => item.offsetTop === top).length);
  }
  /** Moves the focus to the tiles. */
  focus() {
    this.setCurrent(this.current, true);
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key: key2 } = event;
    const last3 = this.tiles.length - 1;
    let to = null;
    if (key2 in STEPS2) to = this.current + STEPS2[key2];
    else if (key2 === "ArrowDown") to = this.current + this.columns();
    else if (key2 === "ArrowUp") to = this.current - this.columns();
    else if (key2 === "Home") to = 0;
    else if (key2 === "End") to = last3;
    else if (key2 === "o") this.tiles[this.current]?.anchor.click();
    else return;
    event.preventDefault();
    if (to === null || to < 0 || to > last3) return;
    const { selecting, current: current2 } = this;
    this.setCurrent(to, true);
    if (!event.shiftKey || !selecting) return;
    if (selecting.selection.anchor < 0) selecting.selection.toggle(current2);
    selecting.selection.extend(to);
  }
};

// label/by_words.js
var SHOWN = 24;
var MOST5 = 500;
var CONFIDENCES = [0.3, 0.5, 0.7, 0.9];
var USUAL_CONFIDENCE = 0.5;
var splitLabels = (text2) => [...new Set(text2.split(",").map((label) => label.trim()).filter(Boolean))];
var ByWords = class {
  /**
   * @param {{allowed: boolean, info: InfoDocument, signal: AbortSignal,
   *   onask: (words: string, confidence: number) => void,
   *   onaccept: (images: CandidateDocument[], label: string) => void}} options
   */
  constructor({ allowed, info: info3, signal, onask, onaccept }) {
    this.allowed = allowed;
    this.info = info3;
    this.signal = signal;
    this.selecting = null;
    this.onask = onask;
    this.onaccept = onaccept;
    this.refused = /* @__PURE__ */ new Set();
    this.accepted = /* @__PURE__ */ new Set();
    this.asked = "";
    this.query = { labels: [], confidence: USUAL_CONFIDENCE, under: null, where: null };
    this.sections = [];
    this.undone = false;
    this.field = h("input", {
      type: "text",
      id: "label-words",
      autocomplete: "off",
      placeholder: t("cat, dog, car")
    });
    this.confidence = h(
      "select",
      { id: "label-confidence" },
      CONFIDENCES.map((share) => h("option", { value: share }, `${Math.round(share * 100)}%`))
    );
    this.problem = h("p", { class: "field-problem small", role: "alert" });
    this.results = h("div", { class: "words-results" });
    const form = h(
      "form",
      { class: "row words-form", onsubmit: (event) => {
        event.preventDefault();
        this.submit();
      } },
      h("label", { for: "label-words" }, t("Labels, with commas between")),
      this.field,
      h("label", { for: "label-confidence" }, t("Confidence at least")),
      this.confidence,
      h("button", { type: "submit", class: "button primary" }, t("Show candidates"))
    );
    this.element = h(
      "div",
      { class: "label-words" },
      info3.words ? form : h(
        "p",
        { class: "soft" },
        capitalise(serverText((info3.no_words ?? "").replaceAll("`", "")))
      ),
      h("p", { class: "soft small" }, t("Each image without a label goes to the label whose words it fits best. The confidence is its share among these labels. No image is labelled until you accept it.")),
      this.problem,
      this.results
    );
  }
  /** Lets candidates be selected. */
  enter() {
    this.selecting ??= new ListSelection({
      host: this.results,
      info: this.info,
      signal: this.signal,
      onchanged: () => this.load(),
      onlabelled: () => this.load()
    });
  }
  /** Ends the selection. */
  leave() {
    this.selecting?.stop();
    this.selecting = null;
  }
  submit() {
    const labels = splitLabels(this.field.value);
    if (labels.length < 2) {
      this.problem.textContent = t("Write two labels or more, to choose from.");
      return;
    }
    this.onask(labels.join(", "), Number(this.confidence.value));
  }
  /**
   * Shows the candidates for labels.
   * @param {string} words with commas between
   * @param {number} confidence
   * @param {Filters} filters
   */
  async show(words, confidence, { under, where }) {
    const key2 = JSON.stringify([words, confidence, under, where]);
    if (key2 === this.asked) return;
    this.asked = key2;
    this.query = { labels: splitLabels(words), confidence, under, where };
    this.field.value = words;
    this.confidence.value = String(confidence);
    this.sections = [];
    this.results.replaceChildren();
    if (this.query.labels.length > 1) await this.load();
  }
  async load() {
    const { labels, confidence, under, where } = this.query;
    const { asked: asked2 } = this;
    this.problem.textContent = "";
    this.results.setAttribute("aria-busy", "true");
    const n = Math.min(MOST5, SHOWN + this.refused.size + this.accepted.size);
    try {
      const { words } = await get2(
        "/suggestions/words",
        { label: labels, n, min_confidence: confidence, under, where },
        { signal: this.signal }
      );
      if (this.asked === asked2) this.draw(words);
    } catch (error) {
      if (isAbort(error) || this.asked !== asked2) return;
      this.problem.textContent = capitalise(messageOf(error));
      this.asked = "";
    } finally {
      this.results.removeAttribute("aria-busy");
    }
  }
  /** @param {LabelCandidatesDocument[]} words */
  draw(words) {
    const focused2 = this.results.contains(document.activeElement);
    this.selecting?.selection.clear();
    this.sections = words.map(({ label, count: count2, candidates }) => {
      const isOpen2 = ({ id }) => !this.accepted.has(id) && !this.refused.has(`${label}/${id}`);
      const more = count2 > candidates.length;
      return this.sectionOf(label, more, candidates.filter(isOpen2).slice(0, SHOWN));
    });
    this.results.replaceChildren(...this.sections.map(({ element: element2 }) => element2));
    const found = this.sections.reduce((sum, { shown: shown2 }) => sum + shown2.length, 0);
    announce(t("{count} candidate|{count} candidates", { count: found }));
    if (focused2) this.results.querySelector("button")?.focus();
  }
  /**
   * @param {string} label
   * @param {boolean} more
   * @param {CandidateDocument[]} shown
   * @returns {Section}
   */
  sectionOf(label, more, shown2) {
    const number = h("span", { class: "soft small number" });
    const heading2 = h("h2", null, label, " ", number);
    const all = h("button", {
      type: "button",
      class: "button",
      disabled: !this.allowed,
      onclick: () => this.accept(section.shown, section)
    });
    const none = h("p", { class: "soft small" }, t("No image without a label fits these words well enough."));
    const list4 = h("ul", { class: "alike-list", role: "list" });
    const element2 = h(
      "section",
      { "aria-label": t("Candidates for {label}", { label }) },
      h("div", { class: "alike-head" }, heading2, all),
      none,
      list4
    );
    const section = { label, more, shown: shown2, tiles: /* @__PURE__ */ new Map(), heading: heading2, number, all, none, element: element2 };
    for (const one of shown2) section.tiles.set(one.id, this.tileOf(one, section));
    list4.append(...section.tiles.values());
    this.showCount(section);
    return section;
  }
  /** @param {Section} section */
  showCount(section) {
    const { length } = section.shown;
    section.number.textContent = count(length);
    section.all.textContent = t(
      "Accept all {number} that are shown",
      { number: length }
    );
    section.all.hidden = length === 0;
    section.none.hidden = length > 0;
  }
  /**
   * @param {CandidateDocument} image
   * @param {Section} section
   */
  tileOf(image2, section) {
    const { label } = section;
    const share = percent(image2.confidence);
    const img = h("img", {
      alt: "",
      decoding: "async",
      loading: "lazy",
      src: imageUrl(
        image2.id,
        "thumbnail",
        { size: devicePixelRatio > 1 ? 512 : 256, v: image2.v }
      )
    });
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    const button = (name2, text2, act) => h("button", {
      type: "button",
      class: "icon-button",
      title: text2,
      "aria-label": `${text2} ${label}: ${image2.name}`,
      disabled: !this.allowed,
      onclick: act
    }, icon(name2, { size: 18 }));
    return selectable(h(
      "li",
      { class: "word-candidate" },
      link("/image", { id: image2.id }, {
        class: "tile-box",
        title: image2.name,
        "aria-label": t(
          "{name}, {label} with confidence {share}",
          { name: image2.name, label, share }
        )
      }, img),
      h(
        "div",
        { class: "row" },
        h("span", { class: "number small" }, share),
        button("check", t("Accept"), () => this.accept([image2], section)),
        button("close", t("Refuse"), () => this.refuse(image2, section))
      )
    ), image2);
  }
  /**
   * @param {CandidateDocument[]} images
   * @param {Section} section
   */
  accept(images3, section) {
    const chosen = [...images3];
    for (const { id } of chosen) this.accepted.add(id);
    this.take(chosen, section);
    this.onaccept(chosen, section.label);
  }
  /**
   * @param {CandidateDocument} image
   * @param {Section} section
   */
  refuse(image2, section) {
    this.refused.add(`${section.label}/${image2.id}`);
    this.take([image2], section);
    announce(t("Refused: {name}", { name: image2.name }));
  }
  /**
   * Takes images out of a section, and moves the focus to what follows.
   * @param {CandidateDocument[]} images
   * @param {Section} section
   */
  take(images3, section) {
    const taken = new Set(images3.map(({ id }) => id));
    this.selecting?.selection.clear();
    const tile = section.tiles.get(images3[0].id);
    const next = tile?.nextElementSibling ?? tile?.previousElementSibling;
    const focused2 = section.element.contains(document.activeElement);
    for (const id of taken) section.tiles.get(id)?.remove();
    section.shown = section.shown.filter(({ id }) => !taken.has(id));
    this.showCount(section);
    if (focused2) (next?.isConnected && next.querySelector("button") || this.field).focus();
    if (section.shown.length === 0 && section.more) this.load();
  }
  /**
   * Shows images again whose labels were undone, when the server knows of it.
   * @param {string[]} ids
   */
  restore(ids) {
    const known2 = ids.filter((id) => this.accepted.delete(id));
    this.undone ||= known2.length > 0;
  }
  /** Asks again after an undo, when the server has all labels. */
  refresh() {
    if (!this.undone) return;
    this.undone = false;
    if (this.query.labels.length > 1) this.load();
  }
  focus() {
    this.field.focus();
  }
};

// label/end_panel.js
function endPanel({ total, labelled }, { under, where, skipped: skipped2 }, restoreSkipped) {
  if (!total) {
    return panel({
      icon: "photos",
      level: 2,
      title: t("No pictures yet"),
      text: h("span", null, rich(
        "To add pictures, run {command}",
        { command: h("code", null, "sokkuri index FOLDER") }
      ))
    });
  }
  const again = skipped2.size > 0 && h("button", {
    type: "button",
    class: "button",
    onclick: restoreSkipped
  }, t("Show skipped images again"));
  return panel(
    {
      icon: "done",
      level: 2,
      title: t("Nothing left to suggest"),
      text: labelled === total ? t("Every image has a label.") : under || where ? t("Each image without a label in this part was skipped, or is nearly the same as a labelled image.") : t("Each image without a label was skipped, or is nearly the same as a labelled image.")
    },
    again,
    link("/browse", null, { class: "button quiet" }, t("Browse"))
  );
}

// label/guess.js
var GuessButton = class {
  /** @param {{allowed: boolean, onpick: (label: string) => void}} options */
  constructor({ allowed, onpick }) {
    this.label = null;
    this.onpick = onpick;
    this.el = h("button", {
      type: "button",
      class: "button quiet label-guess",
      hidden: true,
      disabled: !allowed,
      "aria-keyshortcuts": "0",
      onclick: () => this.pick()
    });
  }
  /** @param {?GuessDocument} guess */
  show(guess) {
    this.label = guess?.label ?? null;
    this.el.hidden = !guess;
    if (!guess) return;
    this.el.replaceChildren(
      h("kbd", { "aria-hidden": "true" }, "0"),
      h("span", null, rich(
        "Suggested by its neighbours: {label} ({percent}%)",
        { label: h("strong", null, guess.label), percent: Math.round(guess.share * 100) }
      ))
    );
  }
  pick() {
    if (this.label !== null) this.onpick(this.label);
  }
};

// label/key_button.js
function keyButton(key2, text2, name2, act) {
  return h(
    "button",
    { type: "button", class: "button", "aria-keyshortcuts": key2, onclick: act },
    icon(name2, { size: 18 }),
    text2,
    h("kbd", { "aria-hidden": "true" }, key2)
  );
}

// label/modes.js
var MODES2 = { one: t("One by one"), alike: t("Similar together"), words: t("By words") };
var modeOf = (named2) => named2 !== null && Object.hasOwn(MODES2, named2) ? (
  /** @type {Mode} */
  named2
) : "one";
var inAddress = (mode) => mode === "one" ? null : mode;
var Modes = class {
  constructor() {
    this.el = h("div", { class: "choice", role: "group", "aria-label": t("Labelling mode") });
    this.limits = h("p", { class: "soft small", hidden: true });
  }
  /**
   * @param {Mode} shown
   * @param {Filters} filters
   */
  show(shown2, { under, where }) {
    this.el.replaceChildren(...Object.entries(MODES2).map(([mode, text2]) => link(
      "/label",
      { mode: inAddress(
        /** @type {Mode} */
        mode
      ), under, where },
      { class: "button", "aria-current": mode === shown2 ? "true" : null },
      text2
    )));
    this.limits.hidden = !under && !where;
    this.limits.replaceChildren(
      under ? t("Only in {folder}. ", { folder: under }) : "",
      where ? t("Only {where}. ", { where }) : "",
      link("/label", { mode: inAddress(shown2) }, null, t("Show all images"))
    );
  }
};

// label/picker.js
var DIGITS = 9;
function makePicker({ allowed, onpick, onleave }) {
  const list4 = h("ul", { class: "label-list", role: "list", "aria-label": t("Labels") });
  const field = h("input", {
    type: "text",
    class: "label-field",
    maxlength: 200,
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": t("Find or add a label"),
    "aria-describedby": "label-hint",
    placeholder: t("Find or add a label"),
    disabled: !allowed
  });
  const hint = h("p", { class: "soft small label-hint", id: "label-hint", "aria-live": "polite" });
  const element2 = h(
    "div",
    { class: "label-picker" },
    list4,
    h("div", { class: "label-typed" }, field, h("kbd", { "aria-hidden": "true" }, "l")),
    hint
  );
  const buttons = /* @__PURE__ */ new Map();
  let labels = [];
  let choices = [];
  let chosenIndex = 0;
  function button(label) {
    const digit = h("kbd", { "aria-hidden": "true" });
    const count2 = h("span", { class: "number soft small" });
    const press = h(
      "button",
      {
        type: "button",
        class: "button label-button",
        title: label,
        disabled: !allowed,
        onclick: () => onpick(label)
      },
      digit,
      h("span", { class: "label-text" }, label),
      count2
    );
    return { label, item: h("li", null, press), press, digit, count: count2 };
  }
  function show11(counts2) {
    labels = counts2.map(({ label }) => label);
    const current2 = new Set(labels);
    for (const [label, { item }] of buttons) {
      if (current2.has(label)) continue;
      item.remove();
      buttons.delete(label);
    }
    counts2.forEach(({ label, count: count2 }, n) => {
      const known2 = buttons.get(label) ?? button(label);
      buttons.set(label, known2);
      const { item, press, digit, count: shown2 } = known2;
      digit.textContent = n < DIGITS ? String(n + 1) : "";
      if (n < DIGITS) press.setAttribute("aria-keyshortcuts", String(n + 1));
      else press.removeAttribute("aria-keyshortcuts");
      shown2.textContent = count(count2);
      shown2.setAttribute("aria-label", t("{count} image|{count} images", { count: count2 }));
      if (list4.children[n] !== item) list4.insertBefore(item, list4.children[n] ?? null);
    });
    const chosen = choices[chosenIndex];
    narrow();
    if (choices.includes(chosen)) chosenIndex = choices.indexOf(chosen);
    mark();
  }
  function narrow() {
    const typed = field.value.trim();
    const matching = findMatches(labels, typed);
    const isNew = typed !== "" && !labels.includes(typed);
    choices = typed ? [...matching, ...isNew ? [null] : []] : [];
    const hasPrefixMatch = matching[0]?.toLowerCase().startsWith(typed.toLowerCase());
    chosenIndex = hasPrefixMatch ? 0 : choices.length - 1;
    for (const [label, { item }] of buttons) {
      item.hidden = typed !== "" && !matching.includes(label);
    }
    mark();
  }
  function mark() {
    const chosen = choices[chosenIndex];
    for (const [label, { press }] of buttons) press.classList.toggle("marked", label === chosen);
    const typed = field.value.trim();
    hint.textContent = !choices.length ? "" : chosen === null ? t("Enter adds “{label}”", { label: typed }) : t("Enter: {label}", { label: chosen });
  }
  function leave2() {
    field.value = "";
    narrow();
    onleave();
  }
  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && choices.length) {
      chosenIndex = (chosenIndex + step + choices.length) % choices.length;
    }
    if (step) mark();
    else if (event.key === "Enter" && choices.length) {
      const label = choices[chosenIndex] ?? field.value.trim();
      leave2();
      onpick(label);
    } else if (event.key === "Escape") leave2();
    else return;
    event.preventDefault();
  });
  return {
    element: element2,
    show: show11,
    focus: () => field.focus(),
    /**
     * The label of a digit key.
     * @param {number} digit
     * @returns {?string}
     */
    labelOf: (digit) => digit >= 1 && digit <= DIGITS ? labels[digit - 1] ?? null : null
  };
}
function findMatches(labels, typed) {
  const lowered = typed.toLowerCase();
  const rank = (label) => {
    const text2 = label.toLowerCase();
    if (label === typed) return 0;
    if (text2 === lowered) return 1;
    if (text2.startsWith(lowered)) return 2;
    return text2.includes(lowered) ? 3 : 4;
  };
  return labels.map((label, n) => ({ label, n, first: rank(label) })).filter(({ first }) => first < 4).sort((a, b) => a.first - b.first || a.n - b.n).map(({ label }) => label);
}

// label/outbox.js
var MOST_UNDONE = 500;
function labelsToSend({ labels, undoes }) {
  if (!undoes) return labels.map((given) => ({ ...given, was: null }));
  return (undoes.before ?? []).map((given, n) => ({ ...given, was: labels[n].label }));
}
var Outbox = class extends EventTarget {
  constructor() {
    super();
    this.waiting = [];
    this.undoable = [];
    this.sending = null;
    this.problem = null;
    connection.addEventListener("found", () => this.flush());
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length) event.preventDefault();
    });
  }
  /**
   * @param {Array<Given>} labels
   * @param {About} about returned by `undo`
   */
  give(labels, about2) {
    const newChange = { labels, about: about2, before: null, undoes: null };
    this.undoable.push(newChange);
    if (this.undoable.length > MOST_UNDONE) this.undoable.shift();
    this.waiting.push(newChange);
    this.notify();
    this.flush();
  }
  /**
   * Undoes the last change. A change that was not sent yet is never sent.
   * @returns {?Change<About>}
   */
  undo() {
    const last3 = this.undoable.pop() ?? null;
    if (!last3) return null;
    if (this.waiting.includes(last3) && this.sending !== last3) {
      this.forget(last3);
    } else {
      this.waiting.push({ labels: last3.labels, about: null, before: null, undoes: last3 });
    }
    this.notify();
    this.flush();
    return last3;
  }
  /**
   * Drops the first waiting change, which the server does not accept.
   * @returns {?Change<About>} the change, or null if the user had undone it
   */
  discard() {
    const refused = this.waiting[0];
    if (!refused || this.sending) return null;
    const wasInEffect = this.undoable.includes(refused);
    this.undoable = this.undoable.filter((other) => other !== refused);
    this.forget(refused);
    this.flush();
    return wasInEffect ? refused : null;
  }
  /** @returns {Array<string>} ids of the images whose labels are not on the server yet */
  unsaved() {
    return this.waiting.flatMap(({ labels }) => labels.map(({ id }) => id));
  }
  /** @param {Change<About>} dropped */
  forget(dropped) {
    this.waiting = this.waiting.filter((other) => other !== dropped && other.undoes !== dropped);
    this.problem = null;
  }
  /** Sends the waiting changes until one fails. */
  async flush() {
    if (this.sending) return;
    while (this.waiting.length) {
      const [first] = this.waiting;
      this.sending = first;
      try {
        const labels = labelsToSend(first);
        first.before = (await change("/labels", { labels })).before;
        this.problem = null;
        this.waiting.shift();
      } catch (error) {
        this.problem = error;
        break;
      } finally {
        this.sending = null;
      }
      this.notify();
    }
    this.notify();
  }
  notify() {
    this.dispatchEvent(new Event("change"));
  }
};

// label/manage.js
var images2 = (count2) => t("{count} image|{count} images", { count: count2 });
function browseLink(label) {
  if (label.includes("'") && label.includes('"')) return null;
  const quote = label.includes("'") ? '"' : "'";
  return link(
    "/browse",
    { where: `label = ${quote}${label}${quote}` },
    { class: "button quiet", "aria-label": t("Browse {label}", { label }) },
    t("Browse")
  );
}
function openLabels({ allowed, signal, onchange }) {
  const dialog = new LabelsDialog(allowed, signal, onchange);
  document.body.append(dialog.element);
  dialog.element.showModal();
  dialog.load();
}
var LabelsDialog = class {
  /**
   * @param {boolean} allowed
   * @param {AbortSignal} signal
   * @param {(label: string) => void} onchange
   */
  constructor(allowed, signal, onchange) {
    this.allowed = allowed;
    this.signal = signal;
    this.onchange = onchange;
    this.labels = [];
    const close = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("Close") },
      icon("close")
    );
    this.said = h("p", { class: "labels-said", role: "status" });
    this.list = h("ul", { class: "labels-list", role: "list" });
    this.element = h(
      "dialog",
      { class: "labels-dialog", "aria-labelledby": "labels-title" },
      h("header", null, h("h2", { id: "labels-title" }, t("Labels")), close),
      this.said,
      this.list
    );
    close.addEventListener("click", () => this.element.close());
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
    this.element.addEventListener("close", () => this.element.remove());
    signal.addEventListener("abort", () => this.element.close(), { once: true });
  }
  async load() {
    try {
      const { labels } = await get2("/labels", null, { signal: this.signal });
      this.labels = labels;
      this.list.replaceChildren(...labels.map((one) => this.row(one)));
      if (!labels.length) this.list.replaceChildren(h("li", { class: "soft" }, t("No labels yet")));
    } catch (error) {
      if (!isAbort(error)) {
        this.say(t("Could not be loaded: {reason}", { reason: messageOf(error) }));
      }
    }
  }
  /** @param {LabelCountDocument} one */
  row({ label, count: count2 }) {
    const button = (text2, name2, act) => h("button", {
      type: "button",
      class: "button quiet",
      disabled: !this.allowed,
      "aria-label": name2,
      onclick: act
    }, text2);
    const item = h(
      "li",
      null,
      h("span", { class: "labels-name" }, label),
      h("span", { class: "number soft small" }, images2(count2)),
      browseLink(label),
      button(
        t("Rename"),
        t("Rename {label}", { label }),
        () => item.replaceChildren(this.form({ label, count: count2 }, item))
      ),
      button(t("Delete"), t("Delete {label}", { label }), () => this.replace(label, null))
    );
    return item;
  }
  /**
   * The fields that take the place of a row while its label is renamed.
   * @param {LabelCountDocument} one
   * @param {HTMLElement} item
   */
  form(one, item) {
    const { label } = one;
    const field = h("input", {
      type: "text",
      value: label,
      maxlength: 200,
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": t("New name of {label}", { label })
    });
    const send2 = h("button", { type: "submit", class: "button primary" }, t("Rename"));
    const restore = () => item.replaceWith(this.row(this.labels.find((each) => each.label === label) ?? one));
    field.addEventListener("input", () => {
      const other = this.labels.find((each) => each.label === field.value.trim());
      send2.textContent = other && other.label !== label ? t("Merge with {images}", { images: images2(other.count) }) : t("Rename");
    });
    const form = h(
      "form",
      { class: "row", onsubmit: (event) => {
        event.preventDefault();
        if (field.value.trim() === label) restore();
        else this.replace(label, field.value);
      } },
      field,
      send2,
      h("button", { type: "button", class: "button quiet", onclick: restore }, t("Cancel"))
    );
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      restore();
    });
    queueMicrotask(() => field.select());
    return form;
  }
  /**
   * @param {string} label
   * @param {?string} to the new label; null deletes the label
   */
  async replace(label, to) {
    const done = await this.send("/labels/rename", { label, to });
    if (!done) return;
    const values = { count: done.changed, label, to: done.to };
    this.say(
      done.to === null ? t("{count} image no longer has the label “{label}”. |{count} images no longer have the label “{label}”. ", values) : t("{count} image now has the label “{to}” instead of “{label}”. |{count} images now have the label “{to}” instead of “{label}”. ", values),
      h(
        "button",
        { type: "button", class: "button", onclick: () => this.undo(done.edit) },
        icon("undo", { size: 18 }),
        t("Undo")
      )
    );
  }
  /** @param {number} edit */
  async undo(edit) {
    const done = await this.send("/labels/undo", { edit });
    if (!done) return;
    this.say(t("{count} image has the label “{label}” again.|{count} images have the label “{label}” again.", { count: done.changed, label: done.label }));
  }
  /**
   * Sends a change and shows the labels after it. The answer is null if it failed.
   * @template {"/labels/rename" | "/labels/undo"} Path
   * @param {Path} path
   * @param {PostBodies[Path]} body
   */
  async send(path, body) {
    try {
      const done = await change(path, body, { signal: this.signal });
      this.onchange(done.label);
      await this.load();
      return done;
    } catch (error) {
      if (!isAbort(error)) this.say(messageOf(error));
      return null;
    }
  }
  /** @param {...(string | Node)} parts */
  say(...parts2) {
    this.said.replaceChildren(...parts2);
    this.said.querySelector("button")?.focus();
  }
};

// label/curve.js
var SVG2 = "http://www.w3.org/2000/svg";
var WIDTH = 300;
var HEIGHT = 96;
var EDGE = 3;
function curvePicture(curve) {
  const last3 = curve.at(-1);
  if (!last3) {
    return [h(
      "p",
      { class: "soft small" },
      t("When you have labelled some images of two or more kinds, this shows how well a label can be predicted from the other labels.")
    )];
  }
  const summary2 = t(
    "{share} at {count} label|{share} at {count} labels",
    { share: percent(last3.accuracy), count: last3.labels }
  );
  return [
    h("p", { class: "small" }, h("strong", { class: "number" }, summary2), earlier(curve, last3)),
    h(
      "div",
      { class: "curve-frame" },
      drawing(curve, last3),
      h("span", { class: "top number soft", "aria-hidden": "true" }, "100%"),
      h("span", { class: "foot number soft", "aria-hidden": "true" }, "0%"),
      h("span", { class: "end number soft", "aria-hidden": "true" }, count(last3.labels))
    ),
    h(
      "p",
      { class: "soft small" },
      t("Each label is predicted from the nearest other labelled images.")
    )
  ];
}
function earlier(curve, last3) {
  const half = curve.findLast(({ labels }) => labels <= last3.labels / 2);
  return half && t(
    ", from {share} at {count}",
    { share: percent(half.accuracy), count: half.labels }
  );
}
function drawing(curve, last3) {
  const most = last3.labels;
  const across = (labels) => EDGE + labels / most * (WIDTH - 2 * EDGE);
  const up = (accuracy) => HEIGHT - EDGE - accuracy * (HEIGHT - 2 * EDGE);
  const points = curve.map(({ labels, accuracy }) => `${across(labels).toFixed(1)},${up(accuracy).toFixed(1)}`);
  const svg2 = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    "aria-hidden": "true",
    class: "curve",
    preserveAspectRatio: "none"
  });
  for (const share of [0, 0.5, 1]) {
    svg2.append(element("line", { x1: 0, x2: WIDTH, y1: up(share), y2: up(share), class: "rule" }));
  }
  const path = points.length > 1 ? points : [points[0], points[0]];
  svg2.append(element("polyline", { points: path.join(" "), class: "graph" }));
  return svg2;
}
function element(name2, attributes) {
  const el = document.createElementNS(SVG2, name2);
  for (const [key2, value] of Object.entries(attributes)) el.setAttribute(key2, String(value));
  return el;
}

// label/standing.js
var CALM2 = 700;
var Standing = class {
  /**
   * @param {{signal: AbortSignal, isBusy: () => boolean, onchange: () => void,
   *   onmanage: () => void}} options `onmanage` is called when the user asks for all labels
   */
  constructor({ signal, isBusy, onchange, onmanage }) {
    this.signal = signal;
    this.isBusy = isBusy;
    this.onchange = onchange;
    this.labels = [];
    this.labelled = 0;
    this.total = 0;
    this.timer = 0;
    this.bar = h("progress", { "aria-label": t("Labelled images") });
    this.text = h("p", { class: "number" });
    this.progress = h("div", { class: "label-progress" }, this.text, this.bar);
    this.curve = h("div", { class: "label-curve" });
    this.element = h(
      "section",
      { class: "label-standing", "aria-labelledby": "label-accuracy" },
      h("h2", { id: "label-accuracy" }, t("Estimated accuracy")),
      this.curve,
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { type: "button", class: "button", onclick: onmanage },
          icon("label", { size: 18 }),
          t("Rename or delete labels")
        ),
        h(
          "a",
          { class: "button", href: "/api/v1/labels/export", download: "labels.csv" },
          icon("open", { size: 18 }),
          t("Export as CSV")
        )
      )
    );
  }
  /** Fetches the counts of the server; ignores them while labels are still being sent. */
  async load() {
    clearTimeout(this.timer);
    const { labels, labelled, total } = await get2("/labels", null, { signal: this.signal });
    if (this.total && this.isBusy()) return;
    this.labels = this.merged(labels);
    this.labelled = labelled;
    this.total = total;
    this.draw();
    this.loadCurve();
  }
  /**
   * Merges counts in the shown order, so that a key keeps its label while the page is open.
   * @param {LabelCountDocument[]} labels
   */
  merged(labels) {
    const counts2 = new Map(labels.map(({ label, count: count2 }) => [label, count2]));
    const shown2 = this.labels.map(({ label }) => ({ label, count: counts2.get(label) ?? 0 }));
    const shownLabels = new Set(shown2.map(({ label }) => label));
    return [...shown2, ...labels.filter(({ label }) => !shownLabels.has(label))];
  }
  async loadCurve() {
    try {
      const { curve } = await get2("/labels/curve", null, { signal: this.signal });
      this.curve.replaceChildren(...curvePicture(curve));
    } catch (error) {
      if (!isAbort(error)) this.curve.replaceChildren(h(
        "p",
        { class: "soft small" },
        t("Could not be loaded: {reason}", { reason: messageOf(error) })
      ));
    }
  }
  /**
   * Loads the counts after a label was renamed or deleted, or came back.
   * @param {string} label
   */
  replaced(label) {
    this.labels = this.labels.filter((entry) => entry.label !== label);
    this.load().catch(() => {
    });
  }
  /** Fetches the counts when nothing has changed for a moment. */
  loadSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load().catch(() => {
    }), CALM2);
  }
  /**
   * Adds to the count of a label; `change` is negative when labels were removed.
   * @param {string} label
   * @param {number} change
   */
  count(label, change2) {
    const entry = this.labels.find((other) => other.label === label);
    if (entry) entry.count += change2;
    else if (change2 > 0) this.labels.push({ label, count: change2 });
    this.labelled += change2;
    this.draw();
  }
  draw() {
    const { labelled, total } = this;
    this.bar.max = Math.max(1, total);
    this.bar.value = Math.max(0, Math.min(labelled, total));
    this.text.textContent = t("{number} of {total} labelled", { number: labelled, total });
    this.onchange();
  }
  stop() {
    clearTimeout(this.timer);
  }
};

// label/suggestions.js
var AT_ONCE = 16;
var LOW = 8;
var MOST_NAMED = 450;
var AGAIN = 1e3;
var Suggestions = class {
  /**
   * @param {{under: ?string, where: ?string, signal: AbortSignal, skipped: Set<string>,
   *   unsaved: () => Array<string>, onchange: () => void}} options `unsaved` returns ids whose
   *   labels are not on the server yet; `onchange` is called when more images were fetched or
   *   could not be fetched
   */
  constructor({ under, where, signal, skipped: skipped2, unsaved, onchange }) {
    this.under = under;
    this.where = where;
    this.signal = signal;
    this.skipped = skipped2;
    this.unsaved = unsaved;
    this.onchange = onchange;
    this.list = [];
    this.done = /* @__PURE__ */ new Set();
    this.request = null;
    this.ended = false;
    this.problem = null;
  }
  get current() {
    return this.list[0] ?? null;
  }
  get next() {
    return this.list[1] ?? null;
  }
  /**
   * Removes images that were labelled.
   * @param {Set<string>} ids
   */
  remove(ids) {
    for (const id of ids) this.done.add(id);
    this.list = this.list.filter(({ id }) => !this.done.has(id));
    this.fill();
  }
  skip() {
    const [first] = this.list;
    if (!first) return;
    this.skipped.add(first.id);
    this.list.shift();
    this.fill();
  }
  /**
   * Takes back images whose labels were undone; the first becomes the current one.
   * @param {ImageToLabel[]} images
   */
  restore(images3) {
    for (const { id } of images3) {
      this.done.delete(id);
      this.skipped.delete(id);
    }
    const [first] = images3;
    this.list = [first, ...this.list.filter(({ id }) => id !== first.id)];
  }
  /**
   * Lets images be suggested again whose labels were undone.
   * @param {ImageToLabel[]} images
   */
  forget(images3) {
    for (const { id } of images3) this.done.delete(id);
    this.ended = false;
  }
  /** Suggests the skipped images again. */
  restoreSkipped() {
    this.skipped.clear();
    this.ended = false;
    this.fill();
  }
  /** Fetches more suggestions if few are left. */
  async fill() {
    if (this.request || this.ended || this.list.length > LOW) return;
    this.problem = null;
    this.request = this.fetch();
    try {
      const suggestions = await this.request;
      const excluded = /* @__PURE__ */ new Set([...this.done, ...this.skipped, ...this.list.map(({ id }) => id)]);
      this.list.push(...suggestions.filter(({ id }) => !excluded.has(id)));
      this.ended = suggestions.length === 0;
      if (!this.ended && !this.list.length) setTimeout(() => this.fill(), AGAIN);
    } catch (error) {
      if (isAbort(error)) return;
      this.problem = error;
    } finally {
      this.request = null;
    }
    this.onchange();
  }
  /** @returns {Promise<ImageToLabel[]>} */
  async fetch() {
    const excluded = [...this.skipped, ...this.unsaved()].slice(-MOST_NAMED);
    const without = [...this.list.map(({ id }) => id), ...excluded];
    const params = { n: AT_ONCE, under: this.under, where: this.where, without };
    return (await get2("/suggestions", params, { signal: this.signal })).suggestions;
  }
};

// label/unsaved.js
var UnsavedNotice = class {
  /** @param {{onretry: () => void, ondiscard: () => void}} options */
  constructor({ onretry, ondiscard }) {
    this.onretry = onretry;
    this.ondiscard = ondiscard;
    this.el = h("div", { class: "label-notice", role: "alert", hidden: true });
  }
  /**
   * @param {unknown} problem why the server did not accept labels; null if it accepted them
   * @param {number} count how many labels are not saved
   */
  show(problem, count2) {
    this.el.hidden = !problem;
    this.el.replaceChildren(...problem ? this.parts(problem, count2) : []);
  }
  /**
   * @param {unknown} problem
   * @param {number} count
   */
  parts(problem, count2) {
    const refused = problem instanceof Problem && problem.status >= 400 && problem.status < 500;
    return present([
      icon("problem", { size: 18 }),
      h("span", null, t("One label is not saved yet: {reason}|{count} labels are not saved yet: {reason}", { count: count2, reason: messageOf(problem) })),
      h("button", { type: "button", class: "button", onclick: this.onretry }, t("Try again")),
      refused && h(
        "button",
        { type: "button", class: "button quiet", onclick: this.ondiscard },
        t("Discard")
      )
    ]);
  }
};

// label/waiting.js
var EVERY2 = 500;
var Waiting = class {
  /** @param {{signal: AbortSignal}} options */
  constructor({ signal }) {
    this.signal = signal;
    this.timer = 0;
    this.bar = h("progress", { "aria-label": t("Looking for images"), max: 1 });
    this.text = h("p", { class: "number small" });
    this.progress = h("div", { class: "label-waiting", hidden: true }, this.bar, this.text);
    this.element = h("div", { class: "stage skeleton" }, h(
      "div",
      null,
      h("p", { class: "soft" }, t("Looking for the images whose labels help most…")),
      this.progress
    ));
  }
  /**
   * Shows the panel in `stage`, without progress at first: most answers come at once.
   * @param {HTMLElement} stage
   */
  show(stage) {
    if (this.element.isConnected) return;
    this.progress.hidden = true;
    stage.replaceChildren(this.element);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), EVERY2);
  }
  async look() {
    if (!this.element.isConnected || this.signal.aborted) return;
    try {
      const { running } = await get2("/suggestions/state", null, { signal: this.signal });
      if (running) this.draw(running);
    } catch {
    }
    this.timer = setTimeout(() => this.look(), EVERY2);
  }
  /** @param {{stage: string, done: number, total: number}} running */
  draw({ stage, done, total }) {
    this.progress.hidden = false;
    if (total) this.bar.value = done / total;
    else this.bar.removeAttribute("value");
    const name2 = capitalise(serverText(stage));
    this.text.textContent = !total ? name2 : t(
      "{stage} · {number} of {total}",
      { stage: name2, number: count(done), total: count(total) }
    );
  }
};

// label/view.js
var title4 = t("Label");
var shortcuts4 = [
  ["1 … 9", t("Give the label with this number")],
  ["0", t("Give the suggested label")],
  ["l", t("Find or add a label; by words: write labels")],
  ["s", t("Skip")],
  ["u", t("Undo")],
  ["m", t("Switch between single images and groups")],
  ["← → ↑ ↓", t("In a group: move")],
  ["a", t("In a group: select all or none")],
  ...SELECTION_KEYS.filter(([key2]) => key2 !== "s"),
  ["o", t("In a group: open the image")]
];
var outbox = new Outbox();
var skipped = /* @__PURE__ */ new Set();
var { show: show5, update: update4 } = lasting((main2, { signal, info: info3 }) => new LabelView(main2, signal, info3));
var LabelView = class {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main2, signal, info3) {
    this.signal = signal;
    this.allowed = info3.changes === true;
    this.mode = "one";
    this.current = null;
    this.revision = null;
    this.shows = false;
    this.suggestions = this.suggestionsFor({ under: null, where: null });
    this.modes = new Modes();
    this.notice = new UnsavedNotice({ onretry: () => outbox.flush(), ondiscard: () => this.discard() });
    this.standing = new Standing({
      signal,
      isBusy: () => outbox.waiting.length > 0,
      onchange: () => this.picker.show(this.standing.labels),
      onmanage: () => this.manage()
    });
    this.picker = makePicker({
      allowed: this.allowed,
      onpick: (label) => this.give(label),
      onleave: () => this.leaveField()
    });
    this.one = makeOne({
      signal,
      isBusy: () => this.isSending(),
      onguess: (guess) => this.guess.show(guess)
    });
    this.waiting = new Waiting({ signal });
    this.alike = new Alike({ info: info3, signal, onchanged: () => this.startAnew() });
    this.byWords = new ByWords({
      allowed: this.allowed,
      info: info3,
      signal,
      onask: (labels, confidence) => this.ask(labels, confidence),
      onaccept: (images3, label) => this.send(images3, label, { words: true })
    });
    this.heading = h("h1", { tabindex: "-1" }, t("Label"));
    this.stage = h("section", { class: "label-main", "aria-label": t("Images to label") });
    this.guess = new GuessButton({ allowed: this.allowed, onpick: (label) => this.give(label) });
    this.undoButton = keyButton("u", t("Undo"), "undo", () => this.undo());
    this.skipButton = keyButton("s", t("Skip"), "right", () => this.skip());
    this.root = this.build();
    main2.append(this.root);
    this.stopEvents = this.listen();
    this.showUnsaved();
  }
  build() {
    return h(
      "div",
      { class: "labelling" },
      h("header", { class: "label-head" }, this.heading, this.modes.el, this.standing.progress),
      this.allowed ? null : howToAllow(),
      this.notice.el,
      this.modes.limits,
      this.stage,
      h(
        "aside",
        { class: "label-side", "aria-label": t("Labels") },
        this.guess.el,
        this.picker.element,
        h("div", { class: "row label-actions" }, this.skipButton, this.undoButton),
        this.one.near,
        this.standing.element
      )
    );
  }
  /** @returns {() => void} ends the stream of events */
  listen() {
    const options = { signal: this.signal };
    document.addEventListener("keydown", (event) => this.pressed(event), options);
    outbox.addEventListener("change", () => this.showUnsaved(), options);
    connection.addEventListener("found", () => this.retryFailed(), options);
    return events(({ revision }) => {
      if (this.revision && this.revision !== revision) this.standing.loadSoon();
      this.revision = revision;
    });
  }
  /** @param {Filters} filters */
  suggestionsFor({ under, where }) {
    return new Suggestions({
      under,
      where,
      signal: this.signal,
      skipped,
      unsaved: () => outbox.unsaved(),
      onchange: () => this.suggestionsChanged()
    });
  }
  /**
   * Shows the mode and the filters of an address.
   * @param {Query} params
   */
  async go(params) {
    const mode = modeOf(params.get("mode"));
    const under = params.get("under");
    const where = params.get("where");
    const filtersChanged = !this.shows || this.suggestions.under !== under || this.suggestions.where !== where;
    this.mode = mode;
    this.shows = true;
    this.drawMode({ under, where });
    if (mode === "words") {
      this.byWords.show(
        params.get("labels") ?? "",
        Number(params.get("confidence")) || USUAL_CONFIDENCE,
        { under, where }
      );
    }
    if (filtersChanged) this.suggestions = this.suggestionsFor({ under, where });
    this.draw();
    if (filtersChanged) await Promise.all([this.standing.load(), this.suggestions.fill()]);
  }
  /** Shows all labels, to rename or delete them. */
  manage() {
    openLabels({
      allowed: this.allowed,
      signal: this.signal,
      onchange: (label) => this.standing.replaced(label)
    });
  }
  /** @param {Filters} filters */
  drawMode(filters) {
    this.modes.show(this.mode, filters);
    this.one.near.hidden = this.mode !== "one";
    const byWords = this.mode === "words";
    this.picker.element.hidden = byWords;
    this.skipButton.hidden = byWords;
  }
  /**
   * Shows the candidates for labels at their own address.
   * @param {string} labels
   * @param {number} confidence
   */
  ask(labels, confidence) {
    const { under, where } = this.suggestions;
    navigate("/label", {
      mode: "words",
      labels,
      confidence: confidence === USUAL_CONFIDENCE ? null : confidence,
      under,
      where
    });
  }
  /** More suggestions were fetched, or could not be fetched. */
  suggestionsChanged() {
    if (this.current) this.preload();
    else this.draw();
  }
  draw() {
    this.alike.leave();
    if (this.mode === "words") {
      this.drawByWords();
      return;
    }
    this.byWords.leave();
    const image2 = this.suggestions.current;
    this.current = image2;
    this.stage.classList.toggle("none", !image2);
    if (!image2) this.drawNone();
    else if (this.mode === "alike") this.drawGroup(image2);
    else {
      this.stage.replaceChildren(this.one.element);
      this.one.show(image2);
    }
    this.one.near.hidden = !image2 || this.mode !== "one";
    if (!image2) this.guess.show(null);
    this.preload();
  }
  drawByWords() {
    this.current = null;
    this.stage.classList.remove("none");
    if (!this.byWords.element.isConnected) this.stage.replaceChildren(this.byWords.element);
    this.guess.show(null);
    this.byWords.enter();
  }
  drawNone() {
    const { request: request2, problem, ended } = this.suggestions;
    if (request2 || !(problem || ended)) {
      this.waiting.show(this.stage);
    } else if (problem) {
      this.stage.replaceChildren(problemPanel(problem, () => this.fillAgain(), 2));
    } else {
      this.stage.replaceChildren(endPanel(this.standing, this.suggestions, () => {
        this.suggestions.restoreSkipped();
        this.draw();
      }));
    }
  }
  /** Asks for suggestions anew, after images or labels have changed by other means. */
  startAnew() {
    this.suggestions = this.suggestionsFor(this.suggestions);
    this.standing.loadSoon();
    this.fillAgain();
  }
  fillAgain() {
    this.suggestions.fill();
    this.draw();
  }
  preload() {
    const { next } = this.suggestions;
    if (next && this.mode === "one") preload(next);
  }
  /**
   * Shows the suggested image, and similar ones beside it.
   * @param {ImageToLabel} image
   */
  drawGroup(image2) {
    this.stage.replaceChildren(this.alike.element);
    this.one.showNear(image2);
    this.alike.suggest(image2, this.suggestions);
  }
  // --- actions
  /**
   * Labels the shown images and goes on at once; the labels are sent in the background.
   * @param {string} label
   */
  give(label) {
    if (!this.allowed) {
      toast(t("This server does not allow changes"));
      return;
    }
    if (!this.current) return;
    const together = this.mode === "alike";
    const images3 = together ? this.alike.chosen() : [this.current];
    if (!images3.length) {
      toast(t("No image is selected"));
      return;
    }
    const tiles2 = together ? this.alike.snapshot() : null;
    const ids = this.send(images3, label, { tiles: tiles2 });
    if (!together || this.alike.remove(ids) === 0) this.draw();
  }
  /**
   * Sends a label of images in the background.
   * @param {ImageToLabel[]} images
   * @param {string} label
   * @param {{tiles?: ?Choice[], words?: boolean}} how
   * @returns {Set<string>} the ids of the images
   */
  send(images3, label, { tiles: tiles2 = null, words = false }) {
    this.standing.count(label, images3.length);
    outbox.give(images3.map(({ id }) => ({ id, label })), { images: images3, tiles: tiles2, label, words });
    const ids = new Set(images3.map(({ id }) => id));
    this.suggestions.remove(ids);
    announce(`${label}: ${images3.length > 1 ? t("{count} image|{count} images", { count: images3.length }) : images3[0].name}`);
    return ids;
  }
  skip() {
    if (!this.current) return;
    if (this.suggestions.current?.id === this.current.id) this.suggestions.skip();
    this.draw();
    announce(t("Skipped"));
  }
  undo() {
    const last3 = outbox.undo()?.about;
    if (!last3) {
      toast(t("Nothing to undo"));
      return;
    }
    const { images: images3, tiles: tiles2, label, words } = last3;
    this.standing.count(label, -images3.length);
    this.byWords.restore(images3.map(({ id }) => id));
    if (words) this.suggestions.forget(images3);
    else this.suggestions.restore(tiles2 ? tiles2.map(({ image: image2 }) => image2) : images3);
    if (tiles2 && this.mode === "alike") this.restoreGroup(tiles2);
    else this.draw();
    toast(t("Undone: {label}", { label }));
  }
  /**
   * Shows a group as it was before it was labelled.
   * @param {Choice[]} tiles
   */
  restoreGroup(tiles2) {
    this.alike.leave();
    this.current = this.suggestions.current;
    this.stage.classList.remove("none");
    this.stage.replaceChildren(this.alike.element);
    this.alike.restore(tiles2);
  }
  /** Shows whether labels are unsaved, after the server has accepted or refused some. */
  showUnsaved() {
    const { problem, waiting, undoable } = outbox;
    this.undoButton.disabled = !undoable.length;
    this.root.dataset.unsaved = String(waiting.length);
    this.notice.show(problem, outbox.unsaved().length);
    if (this.isSending()) return;
    if (this.mode === "words" && !waiting.length) this.byWords.refresh();
    this.one.refresh();
    if (!waiting.length) this.standing.loadSoon();
  }
  /** Whether labels are being sent, and the server has not refused them. */
  isSending() {
    return outbox.waiting.length > 0 && !outbox.problem;
  }
  discard() {
    const refused = outbox.discard();
    if (refused?.about) this.standing.count(refused.about.label, -refused.labels.length);
  }
  /** Loads again what failed, after the server came back. */
  retryFailed() {
    this.standing.loadSoon();
    if (this.suggestions.problem) this.fillAgain();
    else if (this.mode === "one") this.one.refresh();
  }
  /** Moves the focus out of the field, so that keys are commands again. */
  leaveField() {
    if (this.mode === "alike" && this.current) this.alike.focus();
    else this.heading.focus({ preventScroll: true });
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key: key2 } = event;
    const label = /^[1-9]$/.test(key2) ? this.picker.labelOf(Number(key2)) : null;
    if (label !== null) this.give(label);
    else if (key2 === "0" && this.guess.label !== null) this.guess.pick();
    else if (key2 === "l" && this.mode === "words") this.byWords.focus();
    else if (key2 === "l" && this.allowed) this.picker.focus();
    else if (key2 === "s") this.skip();
    else if (key2 === "u") this.undo();
    else if (key2 === "m") this.switchMode();
    else if (this.mode === "alike" && key2 === "a") this.alike.toggleAll();
    else if (this.mode === "alike" && key2.startsWith("Arrow")) this.alike.focus();
    else return;
    event.preventDefault();
  }
  switchMode() {
    const { under, where } = this.suggestions;
    navigate("/label", { mode: this.mode === "one" ? "alike" : null, under, where });
  }
  stop() {
    this.stopEvents();
    this.standing.stop();
  }
};

// map/view.js
var view_exports5 = {};
__export(view_exports5, {
  shortcuts: () => shortcuts5,
  show: () => show6,
  title: () => title5,
  update: () => update5
});

// map/overlay.js
var TILE = 92;
var MOST6 = 48;
var FEW = 3e3;
function choosePoints(points, frame, { width, height }) {
  const box = {
    left: -frame.x / frame.size,
    right: (width - frame.x) / frame.size,
    top: 1 + frame.y / frame.size,
    bottom: 1 - (height - frame.y) / frame.size
  };
  const tiles2 = /* @__PURE__ */ new Map();
  let seen = 0;
  points.visit(box, (point) => {
    const { x, y } = onScreen(points.at(point), frame);
    const tile = `${Math.floor(x / TILE)} ${Math.floor(y / TILE)}`;
    if (!tiles2.has(tile)) tiles2.set(tile, point);
    seen += 1;
    return seen <= FEW;
  });
  return seen > FEW ? [] : [...tiles2.values()].slice(0, MOST6);
}
function onScreen({ x, y }, frame) {
  return { x: frame.x + x * frame.size, y: frame.y + (1 - y) * frame.size };
}
var Overlay = class {
  constructor() {
    this.pictures = h("div", { class: "map-pictures" });
    this.names = h("div", { class: "map-names", "aria-hidden": "true" });
    this.shown = /* @__PURE__ */ new Map();
    this.regions = [];
  }
  /**
   * Shows the pictures of some images; those that are there stay.
   * @param {MapImageDocument[]} images
   * @param {Points} points
   */
  show(images3, points) {
    const wanted = new Map(images3.map((image2) => [image2.point, image2]));
    for (const [point, { element: element2 }] of this.shown) {
      if (wanted.has(point)) continue;
      element2.remove();
      this.shown.delete(point);
    }
    for (const [point, image2] of wanted) {
      if (this.shown.has(point)) continue;
      const element2 = h(
        "a",
        { dataset: { point }, href: `/image?${toQuery({ id: image2.id })}`, title: image2.name },
        h("img", {
          src: imageUrl(image2.id, "thumbnail", { size: 64, v: image2.v }),
          alt: image2.name,
          draggable: "false"
        })
      );
      this.pictures.append(element2);
      this.shown.set(point, { element: element2, place: points.at(point) });
    }
  }
  /** @param {MapRegionDocument[]} regions */
  setRegions(regions) {
    this.regions = regions.map((region) => {
      const element2 = h("span", null, shortName(region.name));
      return { element: element2, place: region };
    });
    this.names.replaceChildren(...this.regions.map(({ element: element2 }) => element2));
  }
  /**
   * Puts everything in its place.
   * @param {Frame} frame
   */
  arrange(frame) {
    for (const { element: element2, place: place2 } of [...this.shown.values(), ...this.regions]) {
      const { x, y } = onScreen(place2, frame);
      element2.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px)`;
    }
  }
};
var shortName = (name2) => name2.slice(name2.lastIndexOf("/") + 1);

// map/choosing.js
var SVG3 = "http://www.w3.org/2000/svg";
var LEAST = 4;
var REACH = 10;
var TOOLS = {
  pan: [t("Move the map"), "hand"],
  box: [t("Select by a rectangle"), "box"],
  lasso: [t("Select by a lasso"), "lasso"]
};
var Choosing = class {
  /**
   * @param {{stage: HTMLElement, frame: () => {x: number, y: number, size: number},
   *   onchange: () => void}} options frame: the square of the map, see Plot.draw
   */
  constructor({ stage, frame, onchange }) {
    this.stage = stage;
    this.frame = frame;
    this.onchange = onchange;
    this.count = 0;
    this.points = null;
    this.marks = new Uint8Array(0);
    this.tool = "pan";
    this.path = null;
    this.shape = document.createElementNS(SVG3, "polygon");
    const drawing2 = document.createElementNS(SVG3, "svg");
    drawing2.append(this.shape);
    this.sheet = h("div", { class: "map-sheet", hidden: true, "aria-hidden": "true" }, drawing2);
    this.buttons = /** @type {Tool[]} */
    Object.keys(TOOLS).map((tool) => this.button(...TOOLS[tool], () => this.use(tool), { dataset: { tool } }));
    this.tools = h(
      "div",
      { class: "map-tools", role: "group", "aria-label": t("Tools") },
      this.buttons,
      this.button(t("Select all in sight"), "check", () => this.chooseInSight())
    );
    stage.append(this.sheet, this.tools);
    this.use("pan");
    this.listen();
  }
  /**
   * @param {string} label
   * @param {string} name of the icon
   * @param {() => void} onclick
   * @param {Props} [props]
   */
  button(label, name2, onclick, props = {}) {
    return h("button", {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      onclick,
      ...props
    }, icon(name2));
  }
  /** @param {Tool} tool */
  use(tool) {
    this.tool = tool;
    this.sheet.hidden = tool === "pan";
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
  }
  /**
   * Begins anew with the points of a map.
   * @param {Points} points
   */
  reset(points) {
    this.points = points;
    this.marks = new Uint8Array(points.count);
    this.count = 0;
    this.onchange();
  }
  clear() {
    if (this.points && this.count) this.reset(this.points);
  }
  /** The numbers of the chosen points. */
  numbers() {
    const { marks } = this;
    const numbers2 = new Uint32Array(this.count);
    for (let point = 0, at = 0; point < marks.length; point++) if (marks[point]) numbers2[at++] = point;
    return numbers2;
  }
  /** The chosen points as bits in base64, as the server takes them. */
  bits() {
    const bytes3 = new Uint8Array(Math.ceil(this.marks.length / 8));
    for (const point of this.numbers()) bytes3[point >> 3] |= 1 << (point & 7);
    const parts2 = [];
    for (let start3 = 0; start3 < bytes3.length; start3 += 32768) {
      parts2.push(String.fromCharCode(...bytes3.subarray(start3, start3 + 32768)));
    }
    return btoa(parts2.join(""));
  }
  /**
   * Chooses points.
   * @param {number[]} numbers
   * @param {Way} way
   */
  choose(numbers2, way) {
    const { marks } = this;
    if (way === "only") marks.fill(0);
    for (const point of numbers2) {
      marks[point] = way === "turn" ? 1 - marks[point] : Number(way !== "take");
    }
    this.count = marks.reduce((sum, mark) => sum + mark, 0);
    this.onchange();
  }
  chooseAll() {
    const all = [];
    this.points?.visit({ left: 0, right: 1, bottom: 0, top: 1 }, (point) => all.push(point));
    this.choose(all, "only");
  }
  chooseInSight() {
    const { clientWidth: x, clientHeight: y } = this.stage;
    this.choose(this.inside([{ x: 0, y: 0 }, { x, y: 0 }, { x, y }, { x: 0, y }]), "only");
  }
  /**
   * The points inside a shape that pass the filter.
   * @param {Place[]} shape its corners
   */
  inside(shape3) {
    const found = [];
    const { points } = this;
    if (!points) return found;
    const frame = this.frame();
    const xs = shape3.map(({ x }) => (x - frame.x) / frame.size);
    const ys = shape3.map(({ y }) => 1 - (y - frame.y) / frame.size);
    const box = {
      left: Math.min(...xs),
      right: Math.max(...xs),
      bottom: Math.min(...ys),
      top: Math.max(...ys)
    };
    points.visit(box, (point) => {
      if (isInside(onScreen(points.at(point), frame), shape3)) found.push(point);
    });
    return found;
  }
  listen() {
    const { sheet } = this;
    sheet.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      event.preventDefault();
      sheet.setPointerCapture(event.pointerId);
      this.stage.focus({ preventScroll: true });
      this.path = [this.placeOf(event)];
    });
    sheet.addEventListener("pointermove", (event) => {
      if (!this.path) return;
      event.stopPropagation();
      this.path.push(this.placeOf(event));
      this.draw(this.corners(this.path));
    });
    sheet.addEventListener("pointerup", (event) => this.finish(event));
    sheet.addEventListener("pointercancel", () => this.stop());
    for (const type of ["click", "dblclick"]) {
      sheet.addEventListener(type, (event) => event.stopPropagation());
    }
    this.stage.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.path) return;
      this.stop();
      event.preventDefault();
    });
  }
  /**
   * @param {PointerEvent} event
   * @returns {Place}
   */
  placeOf({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
  /**
   * The corners of the shape that is being drawn.
   * @param {Place[]} path of the pointer
   * @returns {Place[]}
   */
  corners(path) {
    const first = path[0];
    const last3 = path[path.length - 1];
    return this.tool === "lasso" ? path : [first, { x: last3.x, y: first.y }, last3, { x: first.x, y: last3.y }];
  }
  /** @param {Place[]} corners */
  draw(corners) {
    this.shape.setAttribute("points", corners.map(({ x, y }) => `${x},${y}`).join(" "));
  }
  /** @param {PointerEvent} event */
  finish(event) {
    const { path } = this;
    if (!path) return;
    const [first] = path;
    const isClick = path.every(({ x, y }) => Math.hypot(x - first.x, y - first.y) < LEAST);
    const takes = event.altKey || event.ctrlKey || event.metaKey;
    const way = event.shiftKey ? "add" : takes ? "take" : "only";
    if (isClick) this.clicked(first);
    else this.choose(this.inside(this.corners(path)), way);
    this.stop();
  }
  /**
   * Chooses the point at a place, or no longer.
   * @param {Place} place
   */
  clicked({ x, y }) {
    if (!this.points) return;
    const frame = this.frame();
    const point = this.points.nearest(
      { x: (x - frame.x) / frame.size, y: 1 - (y - frame.y) / frame.size },
      REACH / frame.size
    );
    if (point >= 0) this.choose([point], "turn");
  }
  stop() {
    this.path = null;
    this.draw([]);
  }
};
function isInside({ x, y }, shape3) {
  let odd = false;
  for (let i = 0, j = shape3.length - 1; i < shape3.length; j = i++) {
    const a = shape3[i];
    const b = shape3[j];
    if (a.y > y === b.y > y) continue;
    if (x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x) odd = !odd;
  }
  return odd;
}

// map/fetching.js
var LIT = 100;
async function fetchPoints(by, { count: count2, version }, options) {
  if (!count2) return new ArrayBuffer(0);
  const response = await getResponse("/map/points", { by }, options);
  const isSame2 = response.headers.get("etag")?.startsWith(`"${version}-`);
  return isSame2 ? response.arrayBuffer() : null;
}
async function fetchPassing({ version }, { under, where }, options) {
  return (await getResponse("/map/passing", { version, under, where }, options)).arrayBuffer();
}
async function fetchAlike({ count: count2, version }, id, options) {
  if (!id || !count2) return [];
  const { hits } = await similar(id, { k: LIT }, options);
  const params = { version, id: hits.map((hit) => hit.id) };
  return (await get2("/map/find", params, options)).points;
}
async function fetchImages({ version }, point, options) {
  return (await get2("/map/images", { version, point }, options)).images;
}

// map/near_list.js
var MOST7 = 500;
var AT_ONCE2 = 25;
var FIRST_REACH = 1 / 64;
function pointsAround(points, point) {
  const { x, y } = points.at(point);
  let found = [];
  for (let reach = FIRST_REACH; reach < 4 && found.length < MOST7; reach *= 2) {
    found = [];
    points.visit({ left: x - reach, right: x + reach, bottom: y - reach, top: y + reach }, (other) => {
      const place2 = points.at(other);
      const far = other === point ? -1 : (place2.x - x) ** 2 + (place2.y - y) ** 2;
      if (far <= reach ** 2) found.push({ other, far });
    });
  }
  found.sort((a, b) => a.far - b.far || a.other - b.other);
  return found.slice(0, MOST7).map(({ other }) => other);
}
function nearList(around2, image2, fetchImages2) {
  const parts2 = /* @__PURE__ */ new Map();
  return {
    id: image2.id,
    index: 0,
    count: around2.length,
    imageAt: async (index) => {
      const start3 = index - index % AT_ONCE2;
      const part = parts2.get(start3) ?? fetchImages2(around2.slice(start3, start3 + AT_ONCE2));
      parts2.set(start3, part);
      part.catch(() => parts2.delete(start3));
      return (await part).find(({ point }) => point === around2[index]) ?? null;
    }
  };
}

// map/points.js
var CELLS = 256;
var STEPS3 = 65536 / CELLS;
var Points = class {
  /**
   * @param {ArrayBuffer} content as `GET /api/v1/map/points` sends it
   * @param {string} version of the map
   */
  constructor(content, version) {
    this.version = version;
    this.count = Math.floor(content.byteLength / 5);
    this.passing = this.count;
    this.xy = new Uint16Array(content, 0, 2 * this.count);
    this.groups = new Uint8Array(content, 4 * this.count, this.count);
    this.passes = null;
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    this.order = new Uint32Array(this.count);
    this.sort();
  }
  /**
   * Takes another filter.
   * @param {?ArrayBuffer} bits as `GET /api/v1/map/passing` sends them; null if all points pass
   */
  filter(bits) {
    this.passes = null;
    this.passing = this.count;
    if (!bits) return;
    const bytes3 = new Uint8Array(bits);
    const passes = new Uint8Array(this.count);
    for (let point = 0; point < this.count; point++) {
      passes[point] = bytes3[point >> 3] >> (point & 7) & 1;
    }
    this.passes = passes;
    this.passing = passes.reduce((sum, one) => sum + one, 0);
  }
  /**
   * The numbers of the points that pass the filter, or of those that do not.
   * @param {boolean} pass
   */
  numbers(pass) {
    const wanted = pass ? 1 : 0;
    const found = [];
    for (let point = 0; point < this.count; point++) {
      if ((this.passes ? this.passes[point] : 1) === wanted) found.push(point);
    }
    return found;
  }
  /** Sorts the points by cell: one pass counts them, another puts each in its place. */
  sort() {
    const { xy, starts, order, count: count2 } = this;
    for (let point = 0; point < count2; point++) starts[this.cellOf(point) + 1] += 1;
    for (let cell = 0; cell < CELLS * CELLS; cell++) starts[cell + 1] += starts[cell];
    const next = starts.slice(0, -1);
    for (let point = 0; point < xy.length / 2; point++) order[next[this.cellOf(point)]++] = point;
  }
  /** @param {number} point */
  cellOf(point) {
    const { xy } = this;
    return Math.floor(xy[2 * point + 1] / STEPS3) * CELLS + Math.floor(xy[2 * point] / STEPS3);
  }
  /**
   * The place of a point, 0 to 1.
   * @param {number} point
   */
  at(point) {
    return { x: this.xy[2 * point] / 65535, y: this.xy[2 * point + 1] / 65535 };
  }
  /**
   * Calls back with each point in a rectangle that passes the filter, until the callback returns
   * false.
   * @param {{left: number, right: number, bottom: number, top: number}} box from 0 to 1
   * @param {(point: number) => *} visit
   */
  visit({ left, right, bottom, top }, visit) {
    const cell = (value) => Math.min(Math.max(Math.floor(value * 65535 / STEPS3), 0), CELLS - 1);
    for (let row = cell(bottom); row <= cell(top); row++) {
      for (let column = cell(left); column <= cell(right); column++) {
        const number = row * CELLS + column;
        for (let index = this.starts[number]; index < this.starts[number + 1]; index++) {
          const point = this.order[index];
          if (this.passes && !this.passes[point]) continue;
          const { x, y } = this.at(point);
          const inside2 = x >= left && x <= right && y >= bottom && y <= top;
          if (inside2 && visit(point) === false) return;
        }
      }
    }
  }
  /**
   * The point nearest to a place, within a reach; -1 if there is none.
   * @param {{x: number, y: number}} place
   * @param {number} reach
   */
  nearest({ x, y }, reach) {
    let best = -1;
    let least = reach * reach;
    this.visit(
      { left: x - reach, right: x + reach, bottom: y - reach, top: y + reach },
      (point) => {
        const place2 = this.at(point);
        const far = (place2.x - x) ** 2 + (place2.y - y) ** 2;
        if (far <= least) [best, least] = [point, far];
      }
    );
    return best;
  }
};

// map/colours.js
var GROUPS = 10;
function shade(group, by, count2) {
  if (by !== "date" || count2 < 2) return group;
  return Math.round(group * (GROUPS - 1) / (count2 - 1));
}
function groupColours(el, by, count2) {
  const names = [...[...Array(GROUPS).keys()].map((group) => shade(group, by, count2)), "other"];
  return names.map((name2) => colourOf(el, `--map-${name2}`));
}
var colourOf = (el, name2) => parseColour(getComputedStyle(el).getPropertyValue(name2));
function parseColour(text2) {
  const number = Number.parseInt(text2.trim().slice(1), 16);
  return [number >> 16, number >> 8 & 255, number & 255].map((part) => part / 255);
}

// map/side.js
var GROUPINGS = { folder: t("Folder"), label: t("Label"), date: t("Date"), copies: t("Copies") };
var groupingOf = (named2) => named2 !== null && Object.hasOwn(GROUPINGS, named2) ? (
  /** @type {Grouping} */
  named2
) : "folder";
var Side = class {
  /**
   * @param {{address: () => Params, onmake: (rebuild: boolean) => void,
   *   onregion: (region: MapRegionDocument) => void}} options
   */
  constructor({ address: address2, onmake, onregion }) {
    this.address = address2;
    this.onmake = onmake;
    this.onregion = onregion;
    this.el = h("div", { class: "map-about" });
  }
  /** @param {Shown} shown */
  show({ map, by, passing, query, lit, works }) {
    const { count: count2, waiting, regions } = map;
    this.el.replaceChildren(...present([
      count2 > 0 && h("p", { class: "soft map-count" }, (passing !== null ? t("{number} of {count} picture|{number} of {count} pictures", { number: passing, count: count2 }) : t("{count} picture|{count} pictures", { count: count2 })) + (waiting ? t(", {count} more without a place", { count: waiting }) : "")),
      !works && h("p", null, t("This browser cannot draw the points: it has no WebGL 2.")),
      query && this.litNote(query, lit),
      this.maker(map),
      count2 > 0 && this.chooser(by),
      count2 > 0 && legend(map, by),
      regions.length > 0 && this.regionList(regions)
    ]));
  }
  /**
   * @param {string} query
   * @param {number} count
   */
  litNote(query, count2) {
    return h(
      "p",
      { class: "map-lit" },
      t(
        "The picture most like {name} is lit. |The {count} pictures most like {name} are lit. ",
        { count: count2, name: shortName(query) }
      ),
      link("/map", { ...this.address(), id: null }, null, t("Show all"))
    );
  }
  /**
   * The buttons that make the map, or the progress.
   * @param {MapDocument} map
   */
  maker({ running, failure, allowed, made, waiting }) {
    if (running) {
      const known2 = running.total > 0 && running.stage !== "projecting";
      return h(
        "div",
        { class: "running" },
        h("progress", {
          "aria-label": t("Making the map"),
          max: 1,
          value: known2 ? running.done / running.total : null
        }),
        h("p", { class: "number small" }, capitalise(serverText(running.stage)))
      );
    }
    const make = (text2, rebuild, kind) => h("button", {
      type: "button",
      class: `button ${kind}`,
      onclick: () => this.onmake(rebuild)
    }, text2);
    return h(
      "div",
      { class: "map-make" },
      failure && h("p", { class: "fault", role: "alert" }, problemText(failure)),
      allowed && !made && make(t("Make the map"), false, "primary"),
      allowed && made && waiting > 0 && make(
        t("Place {count} new", { count: waiting }),
        false,
        "primary"
      ),
      allowed && made && make(t("Make it anew"), true, "quiet"),
      !allowed && (!made || waiting > 0) && h(
        "div",
        null,
        howToAllow(),
        h("p", { class: "soft small" }, rich(
          "Or make the map with {command}",
          { command: h("code", null, "sokkuri map") }
        ))
      )
    );
  }
  /** @param {Grouping} shown */
  chooser(shown2) {
    const select = h(
      "select",
      { onchange: () => navigate(
        "/map",
        { ...this.address(), by: select.value === "folder" ? null : select.value },
        { replace: true }
      ) },
      Object.entries(GROUPINGS).map(([by, label]) => h("option", { value: by, selected: by === shown2 }, label))
    );
    return h("label", { class: "map-by" }, rich(
      "Colours and names by {choice}",
      { choice: select }
    ));
  }
  /** @param {MapRegionDocument[]} regions */
  regionList(regions) {
    return h(
      "div",
      null,
      h("h2", null, t("Regions")),
      h("ul", { class: "map-regions", role: "list" }, regions.map((region) => h("li", null, h("button", {
        type: "button",
        class: "button quiet small",
        title: region.name,
        onclick: () => this.onregion(region)
      }, shortName(region.name)))))
    );
  }
  /**
   * Shows the picture under the pointer.
   * @param {MapImageDocument} image
   */
  preview(image2) {
    this.el.querySelector(".map-preview")?.remove();
    this.el.append(h(
      "figure",
      { class: "map-preview" },
      h("img", { src: imageUrl(image2.id, "thumbnail", { size: 256, v: image2.v }), alt: "" }),
      h("figcaption", { class: "small" }, image2.name)
    ));
  }
};
function legend({ groups, copies }, by) {
  if (copies?.groups) {
    return h("p", { class: "soft small" }, t(
      "{number} pictures are in {count} group of copies. The pictures of a group have one colour.|{number} pictures are in {count} groups of copies. The pictures of a group have one colour.",
      { number: copies.images, count: copies.groups }
    ));
  }
  if (!groups.length) {
    return h("p", { class: "soft small" }, {
      label: t("No picture has a label."),
      date: t("Of no picture it is known when it was taken."),
      copies: t("No copies are known. The page Duplicates finds them."),
      folder: t("All pictures are in one folder.")
    }[by]);
  }
  return h("ul", { class: "map-legend", role: "list" }, groups.map(({ name: name2, count: count2 }, index) => h(
    "li",
    null,
    h("span", {
      class: `swatch map-colour-${shade(index, by, groups.length)}`,
      "aria-hidden": "true"
    }),
    h("span", { class: "map-name", title: name2 }, name2),
    h("span", { class: "number soft small" }, count(count2))
  )));
}

// rings/panning.js
var MOST8 = 16;
var SLACK = 0.2;
var CLICK2 = 5;
var PAN = 60;
var ZOOM = 1.4;
var EDGE2 = 12;
function panning(stage, world, options = {}) {
  return new Panning(stage, world, options);
}
var Panning = class {
  /**
   * @param {HTMLElement} stage
   * @param {HTMLElement} world
   * @param {PanningOptions} options
   */
  constructor(stage, world, { onchange, most = MOST8 }) {
    this.stage = stage;
    this.world = world;
    this.onchange = onchange;
    this.most = most;
    this.view = { x: 0, y: 0, scale: 1 };
    this.controller = new AbortController();
    this.drag = new Drag(this);
    const { signal } = this.controller;
    stage.addEventListener("wheel", (event) => this.wheeled(event), { passive: false, signal });
    stage.addEventListener("keydown", (event) => this.pressed(event), { signal });
    stage.addEventListener("dblclick", (event) => {
      if (!around(event, "a, button")) this.fit();
    }, { signal });
    this.drag.listen(signal);
  }
  /** @param {boolean} [smooth] */
  apply(smooth) {
    const { view: view2, world } = this;
    const { clientWidth: w, clientHeight: h2 } = this.stage;
    view2.x = clamp(view2.x, w * (1 - view2.scale - SLACK), w * SLACK);
    view2.y = clamp(view2.y, h2 * (1 - view2.scale - SLACK), h2 * SLACK);
    world.classList.toggle("smooth", Boolean(smooth));
    world.style.transform = `translate(${view2.x}px, ${view2.y}px) scale(${view2.scale})`;
    world.style.setProperty("--zoom", String(view2.scale));
    this.onchange?.();
  }
  /**
   * Zooms around a point of the stage.
   * @param {number} by
   * @param {Point} at
   * @param {boolean} [smooth]
   */
  zoom(by, { x, y }, smooth = false) {
    const { view: view2 } = this;
    const scale = clamp(view2.scale * by, 1, this.most);
    const part = scale / view2.scale;
    view2.x = x - (x - view2.x) * part;
    view2.y = y - (y - view2.y) * part;
    view2.scale = scale;
    if (scale === 1 && by < 1) view2.x = view2.y = 0;
    this.apply(smooth);
  }
  /**
   * Zooms one step around the middle: in, or out if `sign` is -1.
   * @param {number} sign
   */
  step(sign) {
    const { clientWidth, clientHeight } = this.stage;
    this.zoom(ZOOM ** sign, { x: clientWidth / 2, y: clientHeight / 2 }, true);
  }
  /**
   * @param {number} dx
   * @param {number} dy
   * @param {boolean} [smooth]
   */
  pan(dx, dy, smooth) {
    this.view.x += dx;
    this.view.y += dy;
    this.apply(smooth);
  }
  fit(smooth = true) {
    Object.assign(this.view, { x: 0, y: 0, scale: 1 });
    this.apply(smooth);
  }
  /**
   * Pans as little as needed to show a box of the world; x and y are its centre.
   * @param {{x: number, y: number, w: number, h: number}} box
   */
  reveal({ x, y, w, h: h2 }) {
    const { view: view2, stage } = this;
    const left = (x - w / 2) * view2.scale + view2.x;
    const top = (y - h2 / 2) * view2.scale + view2.y;
    const dx = outside(left, w * view2.scale, stage.clientWidth);
    const dy = outside(top, h2 * view2.scale, stage.clientHeight);
    if (dx || dy) this.pan(dx, dy, true);
  }
  /** @param {WheelEvent} event */
  wheeled(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const by = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 18e-4));
    this.zoom(clamp(by, 0.5, 2), inside(this.stage, event));
  }
  /**
   * Handles the keys of the stage; elements inside it may handle arrow keys themselves.
   * @param {KeyboardEvent} event
   */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const always = {
      "+": () => this.step(1),
      "=": () => this.step(1),
      "-": () => this.step(-1),
      0: () => this.fit()
    };
    const onStage = {
      ArrowLeft: () => this.pan(PAN, 0, true),
      ArrowRight: () => this.pan(-PAN, 0, true),
      ArrowUp: () => this.pan(0, PAN, true),
      ArrowDown: () => this.pan(0, -PAN, true)
    };
    const action = always[event.key] ?? (event.target === this.stage ? onStage[event.key] : null);
    if (!action) return;
    event.preventDefault();
    action();
  }
  destroy() {
    this.controller.abort();
  }
};
var Drag = class {
  /** @param {Panning} owner */
  constructor(owner) {
    this.owner = owner;
    this.held = /* @__PURE__ */ new Map();
    this.moved = 0;
  }
  /** @param {AbortSignal} signal */
  listen(signal) {
    const { stage } = this.owner;
    const on = (type, listener, capture = false) => stage.addEventListener(type, listener, { signal, capture });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    on("click", (event) => this.click(event), true);
    on("dragstart", (event) => event.preventDefault());
  }
  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0 || around(event, "button, input")) return;
    if (this.held.size === 0) this.moved = 0;
    if (this.held.size < 2) this.held.set(event.pointerId, inside(this.owner.stage, event));
  }
  /** @param {PointerEvent} event */
  move(event) {
    const { owner, held } = this;
    const before2 = held.get(event.pointerId);
    if (!before2) return;
    const now = inside(owner.stage, event);
    const old = held.size === 2 ? this.span() : null;
    held.set(event.pointerId, now);
    this.moved += Math.hypot(now.x - before2.x, now.y - before2.y);
    if (this.moved > CLICK2) this.capture(event.pointerId);
    if (old) {
      const { gap, middle } = this.span();
      owner.zoom(gap / Math.max(old.gap, 1), middle);
      owner.pan(middle.x - old.middle.x, middle.y - old.middle.y);
    } else if (this.moved > CLICK2) {
      owner.pan(now.x - before2.x, now.y - before2.y);
    }
  }
  /** @param {PointerEvent} event */
  up(event) {
    this.held.delete(event.pointerId);
    this.owner.stage.classList.remove("held");
  }
  /**
   * Suppresses the click at the end of a drag. A click by a key has no detail and is kept.
   * @param {MouseEvent} event
   */
  click(event) {
    if (this.moved <= CLICK2 || event.detail === 0) return;
    event.preventDefault();
    event.stopPropagation();
  }
  span() {
    const [first, second] = [...this.held.values()];
    return {
      gap: Math.hypot(first.x - second.x, first.y - second.y),
      middle: { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 }
    };
  }
  /** @param {number} pointer */
  capture(pointer) {
    const { stage } = this.owner;
    stage.classList.add("held");
    if (!stage.hasPointerCapture(pointer)) stage.setPointerCapture(pointer);
  }
};
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
function outside(start3, length, room) {
  if (start3 < EDGE2) return EDGE2 - start3;
  return Math.min(0, room - EDGE2 - start3 - length);
}
function inside(stage, { clientX, clientY }) {
  const box = stage.getBoundingClientRect();
  return { x: clientX - box.left, y: clientY - box.top };
}

// rings/zoom_buttons.js
function zoomButtons(panned, all) {
  const button = (label, name2, act) => h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(name2)
  );
  return h(
    "div",
    { class: "ring-zoom" },
    button(t("Zoom in (+)"), "plus", () => panned().step(1)),
    button(t("Zoom out (-)"), "minus", () => panned().step(-1)),
    button(t("Show all (0)"), all, () => panned().fit())
  );
}

// map/plot.js
var VERTEX = `#version 300 es
in vec2 place;
in float group;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
uniform vec4 colours[11];
out vec4 colour;
void main() {
  gl_Position = vec4(place * scale + shift, 0.0, 1.0);
  gl_PointSize = size;
  colour = colours[int(min(group, 10.0))];
}`;
var FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour;
out vec4 pixel;
void main() {
  float edge = length(gl_PointCoord - 0.5);
  if (edge > 0.5) discard;
  pixel = vec4(colour.rgb * colour.a, colour.a);
}`;
var Plot = class {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas2) {
    this.canvas = canvas2;
    this.points = null;
    this.lit = [];
    this.chosen = [];
    this.at = null;
    this.parts = {};
    this.onrestore = () => {
    };
    this.gl = canvas2.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    this.works = Boolean(this.gl);
    if (!this.gl) return;
    canvas2.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas2.addEventListener("webglcontextrestored", () => this.restore());
    this.prepare(this.gl);
  }
  /** @param {WebGL2RenderingContext} gl */
  prepare(gl) {
    const program = gl.createProgram();
    const shaders = [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]];
    for (const [type, source2] of shaders) {
      const shader = gl.createShader(type);
      if (!shader) return;
      gl.shaderSource(shader, source2);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "place");
    gl.bindAttribLocation(program, 1, "group");
    gl.linkProgram(program);
    gl.useProgram(program);
    this.at = {
      scale: gl.getUniformLocation(program, "scale"),
      shift: gl.getUniformLocation(program, "shift"),
      size: gl.getUniformLocation(program, "size"),
      colours: gl.getUniformLocation(program, "colours")
    };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }
  restore() {
    if (this.gl) this.prepare(this.gl);
    this.parts = {};
    const { lit, chosen, points } = this;
    if (points) this.setPoints(points);
    this.light(lit);
    this.choose(chosen);
    this.onrestore();
  }
  /** @param {Points} points */
  setPoints(points) {
    this.points = points;
    this.light([]);
    this.choose([]);
    this.filter();
  }
  /** Shows the points that pass the filter, and fades the others. */
  filter() {
    const { points } = this;
    if (!points) return;
    const { passes } = points;
    this.put("all", passes ? this.copy(points.numbers(true)) : [points.xy, points.groups]);
    this.put("faded", passes ? this.copy(points.numbers(false)) : null);
  }
  /**
   * Shows some points larger than the others.
   * @param {ArrayLike<number>} numbers
   */
  light(numbers2) {
    this.lit = numbers2;
    this.put("some", this.copy(numbers2));
  }
  /**
   * Shows some points as chosen.
   * @param {ArrayLike<number>} numbers
   */
  choose(numbers2) {
    this.chosen = numbers2;
    this.put("ringed", this.copy(numbers2));
  }
  /**
   * The places and groups of some points.
   * @param {ArrayLike<number>} numbers
   * @returns {?Content}
   */
  copy(numbers2) {
    if (!this.points || !numbers2.length) return null;
    const { xy, groups } = this.points;
    const places = new Uint16Array(2 * numbers2.length);
    const own = new Uint8Array(numbers2.length);
    for (let index = 0; index < numbers2.length; index++) {
      const point = numbers2[index];
      places[2 * index] = xy[2 * point];
      places[2 * index + 1] = xy[2 * point + 1];
      own[index] = groups[point];
    }
    return [places, own];
  }
  /**
   * Puts a part of the points in place of the old one.
   * @param {Part} name
   * @param {?Content} content
   */
  put(name2, content) {
    const { gl } = this;
    if (!gl) return;
    const old = this.parts[name2];
    if (old) {
      gl.deleteVertexArray(old.array);
      for (const buffer of old.buffers) gl.deleteBuffer(buffer);
    }
    this.parts[name2] = content ? buffers(gl, ...content) : null;
  }
  /**
   * @param {{x: number, y: number, size: number}} frame the square of the map on the canvas, in
   *   pixels of the page: its left and upper edge, and its length
   * @param {number[][]} colours red, green, blue (0 to 1) of each group, the last one for no group
   * @param {number[]} mark the colour around chosen points
   */
  draw({ x, y, size }, colours, mark) {
    const { gl, canvas: canvas2, at } = this;
    if (!gl) return;
    const density = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas2;
    const pixels2 = [Math.round(width * density), Math.round(height * density)];
    if (canvas2.width !== pixels2[0] || canvas2.height !== pixels2[1]) {
      [canvas2.width, canvas2.height] = pixels2;
    }
    gl.viewport(0, 0, canvas2.width, canvas2.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.points?.count || !at) return;
    gl.uniform2f(at.scale, 2 * size / width, 2 * size / height);
    gl.uniform2f(at.shift, 2 * x / width - 1, 1 - 2 * (y + size) / height);
    const diameter = pointSize(this.points.count, size);
    const { all, faded, some, ringed } = this.parts;
    const grey = colours.map(() => colours[colours.length - 1]);
    const marks = colours.map(() => mark);
    drawPart(gl, at, faded, diameter * density, grey, 0.15);
    drawPart(gl, at, all, diameter * density, colours, some || ringed ? 0.3 : 0.75);
    drawPart(gl, at, some, (diameter + 5) * density, colours, 1);
    drawPart(gl, at, ringed, (diameter + 6) * density, marks, 1);
    drawPart(gl, at, ringed, (diameter + 2) * density, colours, 1);
  }
  destroy() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
};
function buffers(gl, places, groups) {
  const array = gl.createVertexArray();
  const made = [];
  gl.bindVertexArray(array);
  const parts2 = [[0, places, 2, gl.UNSIGNED_SHORT], [1, groups, 1, gl.UNSIGNED_BYTE]];
  for (const [index, data, size, type] of parts2) {
    const buffer = gl.createBuffer();
    made.push(buffer);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(index);
    gl.vertexAttribPointer(index, size, type, index === 0, 0, 0);
  }
  return { array, buffers: made, count: groups.length };
}
function drawPart(gl, at, part, diameter, colours, alpha) {
  if (!part) return;
  gl.uniform4fv(at.colours, colours.flatMap((colour) => [...colour, alpha]));
  gl.uniform1f(at.size, diameter);
  gl.bindVertexArray(part.array);
  gl.drawArrays(gl.POINTS, 0, part.count);
}
function pointSize(count2, size) {
  return Math.min(Math.max(0.6 * size / Math.sqrt(count2), 1.5), 9);
}

// map/stage.js
var MOST9 = 400;
var MARGIN = 24;
var Stage = class {
  /**
   * @param {{signal: AbortSignal, onmove: () => void, ondraw: () => {by: string, groups: number}}} options
   *   onmove: called when another part of the map is in sight, or it looks different; ondraw: called
   *   before drawing, and says what the colours mean
   */
  constructor({ signal, onmove, ondraw }) {
    this.onmove = onmove;
    this.ondraw = ondraw;
    this.frameAsked = null;
    this.overlay = new Overlay();
    const canvas2 = h("canvas", { class: "map-canvas", "aria-hidden": "true" });
    const world = h("div", { class: "map-world" });
    this.el = h(
      "div",
      { class: "map-stage", tabindex: 0, role: "group" },
      canvas2,
      world,
      this.overlay.names,
      this.overlay.pictures,
      zoomButtons(() => this.panning, "map")
    );
    this.plot = new Plot(canvas2);
    this.plot.onrestore = () => this.redraw();
    this.panning = panning(this.el, world, { onchange: onmove, most: MOST9 });
    this.sizes = new ResizeObserver(onmove);
    this.sizes.observe(this.el);
    this.themes = new MutationObserver(onmove);
    this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onmove, { signal });
  }
  get size() {
    return { width: this.el.clientWidth, height: this.el.clientHeight };
  }
  /**
   * The square of the map on the stage, in pixels.
   * @returns {Frame}
   */
  frame() {
    const { width, height } = this.size;
    const size = Math.max(Math.min(width, height) - 2 * MARGIN, 1);
    const { x, y, scale } = this.panning.view;
    return {
      x: x + scale * (width - size) / 2,
      y: y + scale * (height - size) / 2,
      size: scale * size
    };
  }
  /**
   * The place of the map under a pointer.
   * @param {MouseEvent} event
   */
  placeOf(event) {
    const { left, top } = this.el.getBoundingClientRect();
    const { x, y, size } = this.frame();
    return { x: (event.clientX - left - x) / size, y: 1 - (event.clientY - top - y) / size };
  }
  /**
   * Zooms to a place of the map.
   * @param {{x: number, y: number}} place
   * @param {number} [scale]
   */
  goTo({ x, y }, scale = 8) {
    const { width, height } = this.size;
    this.panning.fit(false);
    const frame = this.frame();
    this.panning.zoom(scale, { x: frame.x + x * frame.size, y: frame.y + (1 - y) * frame.size });
    const now = this.frame();
    this.panning.pan(width / 2 - (now.x + x * now.size), height / 2 - (now.y + (1 - y) * now.size));
    this.focus();
  }
  focus() {
    this.el.focus({ preventScroll: true });
  }
  /** Draws at the next frame. */
  redrawSoon() {
    this.frameAsked ??= requestAnimationFrame(() => this.redraw());
  }
  redraw() {
    this.frameAsked = null;
    const frame = this.frame();
    const { by, groups } = this.ondraw();
    this.plot.draw(frame, groupColours(this.el, by, groups), colourOf(this.el, "--chosen"));
    this.overlay.arrange(frame);
  }
  stop() {
    cancelAnimationFrame(this.frameAsked ?? 0);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.panning.destroy();
    this.plot.destroy();
  }
};

// map/view.js
var title5 = t("Map");
var shortcuts5 = [
  ["← → ↑ ↓", t("Pan the map")],
  ["+ - 0", t("Zoom in, out, show all")],
  ["Tab", t("Move to the pictures in sight")],
  ["z", t("Open the viewer; it goes on with the nearest pictures")],
  ["Ctrl A", t("Select all pictures that pass the filter")],
  ["Shift, Ctrl", t("With a rectangle or a lasso: add to the selection, take from it")],
  ["Esc", t("Unselect all")],
  ["s", t("Search for the selected images")],
  ["Ctrl C", t("Copy the paths of the selected images")]
];
var FRESH2 = 4e3;
var EVERY3 = 1e3;
var CALM3 = 150;
var REACH2 = 10;
var { show: show6, update: update5 } = lasting((main2, { signal, info: info3 }) => new MapView(main2, signal, info3));
var MapView = class {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main2, signal, info3) {
    this.signal = signal;
    this.by = "folder";
    this.query = null;
    this.under = "";
    this.where = "";
    this.turn = 0;
    this.content = null;
    this.revision = null;
    this.changedAt = -Infinity;
    this.pictures = /* @__PURE__ */ new Map();
    this.pointedAt = null;
    this.following = 0;
    this.resting = 0;
    this.hovering = 0;
    this.side = new Side({
      address: () => this.address(),
      onmake: (rebuild) => this.make(rebuild),
      onregion: (region) => this.stage.goTo(region)
    });
    this.stage = new Stage({
      signal,
      onmove: () => this.moved(),
      ondraw: () => ({ by: this.by, groups: this.content?.map.groups.length ?? 0 })
    });
    this.none = null;
    this.room = h("div", { class: "map-room" }, this.stage.el);
    this.filter = new FilterBar({
      signal,
      onchange: (filter) => navigate("/map", { ...this.address(), ...filter })
    });
    this.choosing = new Choosing({
      stage: this.stage.el,
      frame: () => this.stage.frame(),
      onchange: () => this.chosen()
    });
    this.bar = this.actionBar(info3);
    this.root = h(
      "div",
      { class: "map" },
      h(
        "section",
        { class: "map-side", "aria-label": t("About the map") },
        h("h1", { tabindex: "-1" }, t("Map")),
        this.filter.toggle,
        this.filter.panel,
        this.side.el
      ),
      this.room
    );
    main2.append(this.root, this.bar.element);
    this.stopEvents = events((status2) => this.collectionChanged(status2));
    this.listen();
  }
  listen() {
    const options = { signal: this.signal };
    this.stage.overlay.pictures.addEventListener("click", (event) => this.followed(event), options);
    this.stage.el.addEventListener("pointermove", (event) => this.pointed(event), options);
    this.stage.el.addEventListener("click", (event) => this.clicked(event), options);
    document.addEventListener("keydown", (event) => this.pressed(event), options);
  }
  /** @param {InfoDocument} info */
  actionBar(info3) {
    const { choosing, signal } = this;
    const again = () => this.loadAgain();
    return new ActionBar({
      info: info3,
      signal,
      count: () => choosing.count,
      onclear: () => choosing.clear(),
      onchanged: () => {
        this.changedAt = performance.now();
        again();
      },
      onlabelled: () => (this.by === "label" || asksForLabels(this.where)) && again(),
      onended: (error) => {
        toast(t(
          "{reason}. The map was loaded again",
          { reason: capitalise(messageOf(error)) }
        ));
        again();
      },
      source: () => ({ map: {
        version: choosing.points?.version ?? "",
        points: choosing.bits(),
        under: this.under || null,
        where: this.where || null
      } })
    });
  }
  loadAgain() {
    this.load().catch((error) => {
      if (!this.signal.aborted) toast(capitalise(messageOf(error)));
    });
  }
  /**
   * After an action of this page, the server may notice the change later than it answers.
   * @param {StatusEventDocument} status
   */
  collectionChanged({ revision }) {
    const isOther = this.revision && revision !== this.revision;
    this.revision = revision;
    if (isOther && performance.now() - this.changedAt < FRESH2) this.loadAgain();
  }
  /** The parameters of the address. */
  address() {
    return {
      by: this.by === "folder" ? null : this.by,
      id: this.query,
      under: this.under,
      where: this.where
    };
  }
  /**
   * Shows the state of an address. Another filter leaves the map where it is.
   * @param {Query} params
   */
  async go(params) {
    const by = groupingOf(params.get("by"));
    const query = params.get("id");
    const isSame2 = this.content && by === this.by && query === this.query;
    this.by = by;
    this.query = query;
    this.under = params.get("under") ?? "";
    this.where = params.get("where") ?? "";
    this.root.classList.toggle("by-date", by === "date");
    this.filter.show(this);
    this.choosing.clear();
    if (isSame2) await this.applyFilter();
    else await this.load();
  }
  /** Loads the map, or says that there is none. */
  async load() {
    const turn2 = this.turn += 1;
    const { signal } = this;
    const map = await get2("/map", { by: this.by }, { signal });
    const bytes3 = await fetchPoints(this.by, map, { signal });
    if (turn2 !== this.turn) return;
    if (!bytes3) {
      await this.load();
      return;
    }
    const points = new Points(bytes3, map.version);
    const { plot, overlay } = this.stage;
    this.content = { map, points };
    plot.setPoints(points);
    overlay.show([], points);
    overlay.setRegions(map.regions);
    plot.light(await fetchAlike(map, this.query, { signal }));
    await this.applyFilter();
    if (map.running) this.follow();
  }
  /** Fades the points that do not pass the filter. */
  async applyFilter() {
    const { under, where, content, signal } = this;
    if (!content) return;
    const { map, points } = content;
    try {
      const bits = (under || where) && map.count ? await fetchPassing(map, { under, where }, { signal }) : null;
      if (under !== this.under || where !== this.where || content !== this.content) return;
      points.filter(bits);
    } catch (error) {
      if (this.signal.aborted) return;
      if (isConflict(error)) {
        await this.load();
        return;
      }
      if (!this.filter.explain(error)) throw error;
      points.filter(null);
    }
    this.stage.plot.filter();
    this.choosing.reset(points);
    this.describe();
    this.moved();
  }
  /** Shows what is chosen. */
  chosen() {
    this.stage.plot.choose(this.choosing.numbers());
    if (this.bar.show()) this.stage.focus();
    this.moved();
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    const { content, pointedAt } = this;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "a" && control && content?.points.count) this.choosing.chooseAll();
    else if (event.key === "z" && !control && content && pointedAt) this.open(content, pointedAt, true);
    else return;
    event.preventDefault();
  }
  /** Says in words what the map shows. */
  describe() {
    if (!this.content) return;
    const { map, points } = this.content;
    const { count: count2, regions } = map;
    const { el, plot } = this.stage;
    const regionText = regions.slice(0, 8).map((region) => `${shortName(region.name)}, ${count(region.count)}`).join("; ");
    el.setAttribute("aria-label", t("Map of {count} picture. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.|Map of {count} pictures. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.", { count: count2 }) + (regionText ? t(" Regions: {regions}.", { regions: regionText }) : ""));
    el.hidden = !count2;
    this.none?.remove();
    this.none = count2 ? null : panel({
      icon: "map",
      level: 2,
      title: map.made ? t("No picture is on the map") : t("There is no map yet"),
      text: t("A map shows all pictures as points. Similar pictures are near each other.")
    });
    if (this.none) this.room.append(this.none);
    this.side.show({
      map,
      by: this.by,
      passing: points.passes ? points.passing : null,
      query: this.query,
      lit: plot.lit.length,
      works: plot.works
    });
  }
  /** @param {boolean} rebuild */
  async make(rebuild) {
    try {
      await change("/map", { rebuild }, { signal: this.signal });
      if (this.content) this.content.map.running = { stage: "starting", done: 0, total: 0 };
      this.describe();
      this.follow();
    } catch (error) {
      if (!this.signal.aborted) toast(messageOf(error));
    }
  }
  /** Asks for the state of the run until it ends, then shows the new map. */
  follow() {
    clearTimeout(this.following);
    this.following = setTimeout(async () => {
      if (this.signal.aborted) return;
      try {
        const map = await get2("/map", { by: this.by }, { signal: this.signal });
        if (!map.running) {
          await this.load();
          announce(map.failure ? problemText(map.failure) : t("The map is ready"));
          return;
        }
        if (this.content) this.content.map.running = map.running;
        this.describe();
      } catch {
        if (this.signal.aborted) return;
      }
      this.follow();
    }, EVERY3);
  }
  /** Draws at the next frame, and fetches pictures when the map rests. */
  moved() {
    if (!this.content) return;
    this.stage.redrawSoon();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.showPictures(), CALM3);
  }
  async showPictures() {
    if (!this.content) return;
    const { map, points } = this.content;
    const { overlay } = this.stage;
    const chosen = choosePoints(points, this.stage.frame(), this.stage.size);
    try {
      const images3 = chosen.length ? await fetchImages(map, chosen, { signal: this.signal }) : [];
      this.pictures = new Map(images3.map((image2) => [image2.point, image2]));
      overlay.show(images3, points);
      overlay.arrange(this.stage.frame());
    } catch (error) {
      if (!this.signal.aborted && isConflict(error)) this.load().catch(() => {
      });
    }
  }
  /**
   * The image at a point, undefined if it cannot be fetched.
   * @param {Content} content
   * @param {number} point
   */
  async imageAt({ map }, point) {
    return (await fetchImages(map, [point], { signal: this.signal }).catch(() => []))[0];
  }
  /**
   * The number of the point under a pointer, -1 if there is none.
   * @param {Content} content
   * @param {MouseEvent} event
   */
  pointAt({ points }, event) {
    return points.nearest(this.stage.placeOf(event), REACH2 / this.stage.frame().size);
  }
  /**
   * Shows the picture under a resting pointer beside the map.
   * @param {MouseEvent} event
   */
  pointed(event) {
    clearTimeout(this.hovering);
    const { content } = this;
    if (!content?.points.count || around(event, "a, button")) return;
    const point = this.pointAt(content, event);
    this.stage.el.classList.toggle("on-point", point >= 0);
    this.pointedAt = null;
    if (point < 0) return;
    this.hovering = setTimeout(async () => {
      const image2 = await this.imageAt(content, point);
      if (!image2 || this.signal.aborted) return;
      this.pointedAt = image2;
      this.side.preview(image2);
    }, CALM3);
  }
  /** @param {MouseEvent} event */
  async clicked(event) {
    const { content } = this;
    if (!content?.points.count || around(event, "a, button")) return;
    const point = this.pointAt(content, event);
    if (point < 0) return;
    const image2 = await this.imageAt(content, point);
    if (image2) this.open(content, image2);
  }
  /**
   * A picture over the map is opened by its link.
   * @param {MouseEvent} event
   */
  followed(event) {
    const anchor = around(event, "a[data-point]");
    const image2 = anchor && this.pictures.get(Number(anchor.dataset.point));
    if (this.content && image2) this.noteList(this.content, image2);
  }
  /**
   * Shows the page of an image.
   * @param {Content} content
   * @param {MapImageDocument} image
   * @param {boolean} [viewer] whether the viewer is open at once
   */
  open(content, image2, viewer = false) {
    this.noteList(content, image2);
    navigate("/image", { id: image2.id }, { state: { viewer } });
  }
  /**
   * Makes the points around an image the list in which its page goes on.
   * @param {Content} content
   * @param {MapImageDocument} image
   */
  noteList({ map, points }, image2) {
    openFrom(nearList(pointsAround(points, image2.point), image2, (some) => fetchImages(map, some, {})));
  }
  stop() {
    for (const timer2 of [this.following, this.resting, this.hovering]) clearTimeout(timer2);
    this.stopEvents();
    this.stage.stop();
  }
};

// rings/view.js
var view_exports6 = {};
__export(view_exports6, {
  shortcuts: () => shortcuts6,
  show: () => show7,
  title: () => title6,
  update: () => update6
});

// rings/distance_rings.js
function distanceRings(distances, places, apart) {
  const rim = places.at(-1)?.radius ?? 0;
  const rings = [];
  for (const share of [0.4, 0.6, 0.8, 1]) {
    const rank = places.findLastIndex(({ radius }) => radius <= share * rim);
    if (rank < 0 || distances[rank] <= 0) continue;
    const ring = ringAt(distances, places, rounded(distances[rank], share === 1));
    const last3 = rings.at(-1);
    if (ring && (!last3 || ring.radius - last3.radius > apart)) rings.push(ring);
  }
  return rings;
}
function rounded(distance, up) {
  const unit = distance < 0.1 ? 10 ** (Math.floor(Math.log10(distance)) - 1) : 0.01;
  const whole = up ? Math.ceil(distance / unit - 1e-9) : Math.round(distance / unit);
  return Number((whole * unit).toPrecision(6));
}
function ringAt(distances, places, distance) {
  const beyond = distances.findIndex((other) => other > distance);
  if (beyond === 0) return null;
  const last3 = places[(beyond < 0 ? places.length : beyond) - 1];
  if (beyond < 0) return { radius: last3.radius + 0.01, distance };
  const share = (distance - distances[beyond - 1]) / (distances[beyond] - distances[beyond - 1]);
  return { radius: last3.radius + (places[beyond].radius - last3.radius) * share, distance };
}

// rings/free_angle.js
var SLACK2 = 1e-6;
function freeAngle(placed, i, radius, target, turn2, view2) {
  const rx = view2.a * radius;
  const ry = view2.b * radius;
  const edge = {
    x: view2.a - placed.w[i] / 2 + SLACK2,
    y: view2.b - placed.h[i] / 2 + SLACK2,
    blocker: null
  };
  const near = neighbours3(placed, i, radius, view2.unit);
  if (isFree(near, edge, rx * Math.cos(target), ry * Math.sin(target))) return target;
  let least = turn2;
  let best = null;
  const consider = (x, y) => {
    const difference = turned(Math.atan2(y / ry, x / rx) - target);
    if (Math.abs(difference) >= least - 1e-9 || !isFree(near, edge, x, y)) return;
    least = Math.abs(difference);
    best = target + difference;
  };
  for (const box of near) {
    const difference = Math.abs(turned(box.angle - target));
    if (difference - halfWidth(box, view2) < least) crossings(box, rx, ry, consider);
  }
  crossings({ x: 0, y: 0, w: edge.x - SLACK2, h: edge.y - SLACK2 }, rx, ry, consider);
  return best;
}
function neighbours3(placed, i, radius, unit) {
  const { x, y, w, h: h2, gap, angle, longest } = placed;
  const near = [];
  const reach = Math.hypot((w[i] + longest) / 2 + gap, (h2[i] + longest) / 2 + gap) / unit;
  for (let j = i - 1; j >= 0; j--) {
    if (placed.radius[j] < radius - reach) j = 0;
    near.push({
      x: x[j],
      y: y[j],
      w: (w[i] + w[j]) / 2 + gap,
      h: (h2[i] + h2[j]) / 2 + gap,
      angle: angle[j],
      radius: placed.radius[j]
    });
  }
  return near;
}
function halfWidth({ w, h: h2, radius }, { a, b }) {
  const ratio2 = Math.sqrt((w / a) ** 2 + (h2 / b) ** 2) / radius;
  return ratio2 < 1 ? ratio2 * Math.PI / 2 : Math.PI;
}
function isFree(near, edge, x, y) {
  if (Math.abs(x) > edge.x || Math.abs(y) > edge.y) return false;
  if (edge.blocker && isIn(edge.blocker, x, y)) return false;
  for (let n = 0; n < near.length; n++) {
    if (!isIn(near[n], x, y)) continue;
    edge.blocker = near[n];
    return false;
  }
  return true;
}
function isIn(box, x, y) {
  return Math.abs(x - box.x) < box.w - SLACK2 && Math.abs(y - box.y) < box.h - SLACK2;
}
function crossings(box, rx, ry, consider) {
  for (let sign = -1; sign <= 1; sign += 2) {
    const x = box.x + sign * box.w;
    if (Math.abs(x) <= rx) {
      const y2 = ry * Math.sqrt(1 - (x / rx) ** 2);
      if (Math.abs(y2 - box.y) <= box.h) consider(x, y2);
      if (Math.abs(-y2 - box.y) <= box.h) consider(x, -y2);
    }
    const y = box.y + sign * box.h;
    if (Math.abs(y) <= ry) {
      const x2 = rx * Math.sqrt(1 - (y / ry) ** 2);
      if (Math.abs(x2 - box.x) <= box.w) consider(x2, y);
      if (Math.abs(-x2 - box.x) <= box.w) consider(-x2, y);
    }
  }
}
function turned(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

// rings/layout.js
var GAP2 = 4;
var ORDER2 = 0.02;
var SPARE = 0.88;
var FARTHEST = 1.18;
var LARGEST = 0.18;
var LONGEST3 = 1.9;
var MIDDLE = 1.5;
var OUTER = 0.62;
var APART = 0.12;
function layout(images3, { width, height, power = 5, size }) {
  if (images3.length === 0) return { centre: null, places: [], rings: [], scale: 0 };
  const [query, ...others] = images3;
  const ranked = others.map((image2, order) => ({ image: image2, order, distance: image2.distance ?? 0 }));
  ranked.sort((a, b) => a.distance - b.distance || a.order - b.order);
  const view2 = { a: width / 2, b: height / 2, unit: Math.min(width, height) / 2 };
  const model = {
    view: view2,
    shapes: [query, ...ranked.map(({ image: image2 }) => image2)].map((image2, i, all) => shape2(image2, i === 0 ? MIDDLE : taper(i - 1, all.length - 1))),
    angles: ranked.map(({ image: image2 }) => Number.isFinite(image2.angle) ? Number(image2.angle) : 0),
    radii: targetRadii(ranked.map(({ distance }) => distance), power)
  };
  const cap = Math.min(size ?? Infinity, 2 * view2.unit * LARGEST);
  const { scale, placed } = fit(model, cap);
  const places = ranked.map(({ image: image2 }, rank) => place(image2, placed, rank + 1, view2));
  const distances = ranked.map(({ distance }) => distance);
  return {
    centre: place(query, placed, 0, view2),
    places,
    rings: distanceRings(distances, places, view2.unit * APART).map((ring) => onEllipse(ring, view2)),
    scale: round(scale)
  };
}
function shape2({ width, height }, side) {
  const ratio2 = width && height && width > 0 && height > 0 ? width / height : 1;
  const root = Math.sqrt(ratio2);
  const reduction = Math.min(1, LONGEST3 / Math.max(root, 1 / root));
  return { w: side * root * reduction, h: side / root * reduction };
}
function taper(rank, count2) {
  return 1 - (1 - OUTER) * Math.sqrt(rank / Math.max(count2 - 1, 1));
}
function targetRadii(distances, power) {
  const count2 = distances.length;
  const far = distances[count2 - 1] || 1;
  const raised = distances.map((distance) => Math.max(0, distance / far) ** power);
  const first = raised[0] ?? 0;
  const span = (raised[count2 - 1] ?? 1) - first;
  return distances.map((_, rank) => {
    const even = Math.sqrt((rank + 1) / count2);
    return { even, exact: span > 1e-9 ? (raised[rank] - first) / span : even };
  });
}
function fit(model, cap) {
  let scale = cap;
  let placed = attempt2(model, cap / SPARE, 1) && attempt2(model, cap, 1);
  if (!placed) {
    const top = largestScale(model, cap / SPARE);
    placed = attempt2(model, top * SPARE, 1) ?? attempt2(model, top, 1);
    if (!placed) throw new Error("the largest scale that fits does not fit");
    scale = placed.scale;
  }
  let low = 0;
  let high = 1;
  for (let tries = 0; tries < 4; tries++) {
    const ease = tries === 0 ? 0 : (low + high) / 2;
    const better = attempt2(model, scale, ease);
    if (better) {
      placed = better;
      high = ease;
      if (ease === 0) break;
    } else {
      low = ease;
    }
  }
  return { scale, placed };
}
function largestScale(model, cap) {
  const area = model.shapes.reduce((sum, { w, h: h2 }) => sum + w * h2, 0);
  let low = Math.min(cap / 2, Math.sqrt(1.9 * model.view.a * model.view.b / area));
  let high = cap;
  while (!attempt2(model, low, 1)) {
    high = low;
    low *= 0.7;
  }
  high = Math.min(high, low * 1.4);
  while (high / low > 1.08) {
    const between = Math.sqrt(low * high);
    if (attempt2(model, between, 1)) low = between;
    else high = between;
  }
  return low;
}
function attempt2(model, scale, ease) {
  const { view: view2, shapes, angles, radii } = model;
  const gap = Math.min(GAP2, scale * 0.08);
  const placed = { scale, gap, longest: 0, x: [0], y: [0], radius: [0], angle: [0], w: [], h: [] };
  for (const { w, h: h2 } of shapes) {
    placed.w.push(w * scale);
    placed.h.push(h2 * scale);
  }
  placed.longest = Math.max(...placed.w.slice(1), ...placed.h.slice(1));
  if (placed.w[0] > 2 * view2.a || placed.h[0] > 2 * view2.b) return null;
  const inner = Math.min(placed.w[0], placed.h[0]) / 2 / view2.unit;
  const rim = Math.max(inner, 1 - 0.62 * scale * OUTER / view2.unit);
  const turn2 = 0.3 + (Math.PI - 0.3) * ease * ease;
  const step = 0.07 * scale / view2.unit;
  let radius = 0;
  for (let i = 1; i < shapes.length; i++) {
    const target = (1 - ease) * radii[i - 1].exact + ease * radii[i - 1].even * 0.96;
    radius = Math.max(radius + ORDER2 / view2.unit, inner + (rim - inner) * target);
    let angle = freeAngle(placed, i, radius, angles[i - 1], turn2, view2);
    while (angle === null) {
      radius += step;
      if (radius > FARTHEST) return null;
      angle = freeAngle(placed, i, radius, angles[i - 1], turn2, view2);
    }
    placed.radius.push(radius);
    placed.angle.push(angle);
    placed.x.push(view2.a * radius * Math.cos(angle));
    placed.y.push(view2.b * radius * Math.sin(angle));
  }
  return placed;
}
function place(image2, placed, i, view2) {
  return {
    id: image2.id,
    x: round(view2.a + placed.x[i]),
    y: round(view2.b + placed.y[i]),
    w: round(placed.w[i]),
    h: round(placed.h[i]),
    radius: round(placed.radius[i] * view2.unit),
    angle: Math.round(turned(placed.angle[i]) * 1e4) / 1e4
  };
}
function round(pixels2) {
  return Math.round(pixels2 * 100) / 100;
}
function onEllipse({ radius, distance }, { a, b, unit }) {
  return {
    radius: round(radius),
    rx: round(radius * a / unit),
    ry: round(radius * b / unit),
    distance
  };
}

// rings/keys.js
var DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
};
function arrowTarget(key2, from, places) {
  const rank = places.findIndex(({ id }) => id === from.id);
  if (key2 === "Home") return places[0];
  if (key2 === "End") return places.at(-1);
  if (key2 === "." || key2 === "PageDown") return places[rank + 1];
  if (key2 === "," || key2 === "PageUp") return places[rank - 1];
  const direction = DIRECTIONS[key2];
  return direction ? nearest(direction, from, places) : void 0;
}
function nearest([dx, dy], from, places) {
  let best;
  let least = Infinity;
  for (const place2 of places) {
    const along = (place2.x - from.x) * dx + (place2.y - from.y) * dy;
    const aside = Math.abs((place2.x - from.x) * dy - (place2.y - from.y) * dx);
    if (along <= 0 || aside > along * 1.73) continue;
    const cost = along + 2 * aside;
    if (cost < least) {
      least = cost;
      best = place2;
    }
  }
  return best;
}

// rings/labels.js
var HALF = { w: 20, h: 9 };
var STEP4 = Math.PI / 48;
function labelSpot({ rx, ry }, places, width, height) {
  const pointAt = (angle) => ({
    x: width / 2 + rx * Math.sin(angle),
    y: height / 2 - ry * Math.cos(angle)
  });
  const inside2 = ({ x, y }) => Math.min(x, width - x) > HALF.w && Math.min(y, height - y) > HALF.h;
  const free = ({ x, y }) => places.every((place2) => Math.abs(x - place2.x) > place2.w / 2 + HALF.w || Math.abs(y - place2.y) > place2.h / 2 + HALF.h);
  for (let turn2 = 0; turn2 <= Math.PI; turn2 += STEP4) {
    for (const angle of [turn2, -turn2]) {
      const spot = pointAt(angle);
      if (inside2(spot) && free(spot)) return spot;
    }
  }
  const top = pointAt(0);
  return { x: top.x, y: Math.max(top.y, HALF.h) };
}

// rings/moving.js
var MOVE = 400;
var EASE = "cubic-bezier(0.3, 0, 0.15, 1)";
var prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
function placeAt(el, place2) {
  el.getAnimations().forEach((animation) => animation.cancel());
  el.style.width = `${place2.w}px`;
  el.style.height = `${place2.h}px`;
  el.style.transform = shift(place2.x - place2.w / 2, place2.y - place2.h / 2);
}
function boxOf({ li, place: place2 }) {
  const matrix = new DOMMatrixReadOnly(getComputedStyle(li).transform);
  return { x: matrix.e, y: matrix.f, w: matrix.a * place2.w, h: matrix.d * place2.h };
}
function move({ li, place: place2 }, from) {
  const x = place2.x - place2.w / 2;
  const y = place2.y - place2.h / 2;
  const to = { transform: shift(x, y), opacity: 1 };
  const start3 = from ? { transform: shift(from.x, from.y, from.w / place2.w, from.h / place2.h) } : { transform: shift(x + place2.w * 0.15, y + place2.h * 0.15, 0.7, 0.7), opacity: 0 };
  li.animate(
    [start3, to],
    { duration: MOVE, easing: EASE, delay: from ? 0 : 60, fill: "backwards" }
  );
}
function fadeAway(el) {
  const fading = el.animate(
    [{ opacity: 0 }],
    { duration: MOVE / 2, easing: "ease-out", fill: "forwards" }
  );
  fading.finished.then(() => el.remove(), () => el.remove());
}
function shift(x, y, sx = 1, sy = 1) {
  return `translate(${x}px, ${y}px) scale(${sx}, ${sy})`;
}

// rings/marks.js
var SVG4 = "http://www.w3.org/2000/svg";
var Marks = class {
  constructor() {
    this.ellipses = svg("svg", { class: "ring-marks", "aria-hidden": "true" });
    this.labels = svg("svg", { class: "ring-marks ring-labels", "aria-hidden": "true" });
  }
  /**
   * @param {Ring[]} rings
   * @param {Place[]} places of the pictures, which labels avoid
   * @param {{w: number, h: number}} size of the stage
   * @param {boolean} fades whether they appear slowly
   */
  draw(rings, places, { w, h: h2 }, fades) {
    this.ellipses.replaceChildren(...rings.map(({ rx, ry }) => svg("ellipse", { cx: w / 2, cy: h2 / 2, rx, ry })));
    this.labels.replaceChildren(...rings.map((ring) => svg("text", labelSpot(ring, places, w, h2), String(ring.distance))));
    for (const drawing2 of [this.ellipses, this.labels]) {
      drawing2.setAttribute("width", String(w));
      drawing2.setAttribute("height", String(h2));
      if (fades) drawing2.animate({ opacity: [0, 0, 1] }, MOVE);
    }
  }
};
function svg(tag, attributes, text2 = "") {
  const el = document.createElementNS(SVG4, tag);
  for (const [name2, value] of Object.entries(attributes)) el.setAttribute(name2, String(value));
  el.textContent = text2;
  return el;
}

// rings/canvas.js
var SIZES2 = [64, 128, 256, 512, 1024, 2048];
var EDGE3 = 10;
function ringsCanvas(container, options) {
  return new Canvas(container, options);
}
var Canvas = class {
  /**
   * @param {HTMLElement} container
   * @param {CanvasOptions} options
   */
  constructor(container, options) {
    this.options = options;
    this.items = /* @__PURE__ */ new Map();
    this.state = { centre: null, hits: [], power: 5 };
    this.size = { w: 0, h: 0 };
    this.places = [];
    this.tabStop = "";
    this.selected = "";
    this.tapped = "";
    this.resting = false;
    this.sharpening = 0;
    this.marks = new Marks();
    this.list = h("ol", { class: "ring-pictures", role: "list" });
    this.world = h(
      "div",
      { class: "ring-world" },
      this.marks.ellipses,
      this.list,
      this.marks.labels
    );
    this.element = h(
      "div",
      { class: "ring-stage", tabindex: 0, role: "group" },
      this.world,
      zoomButtons(() => this.panning, "rings")
    );
    container.append(this.element);
    this.panning = panning(this.element, this.world, { onchange: () => this.sharpenSoon() });
    this.listen();
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.element);
  }
  /**
   * Shows a query and its hits.
   * @param {Picture} centre
   * @param {Picture[]} hits without the query
   * @param {{power?: number, moves?: boolean}} [options] moves: whether pictures
   *   are seen to move to their new places
   */
  show(centre, hits, { power = this.state.power, moves = true } = {}) {
    const recentred = this.state.centre !== null && this.state.centre.id !== centre.id;
    const focused2 = this.list.contains(document.activeElement);
    this.state = { centre, hits, power };
    this.element.setAttribute(
      "aria-label",
      t(
        "{count} picture around {name}. Nearer pictures are more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.|{count} pictures around {name}. Nearer pictures are more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.",
        { count: hits.length, name: centre.name }
      )
    );
    if (recentred) this.panning.fit(moves);
    this.resting = recentred;
    this.arrange(moves && !prefersReducedMotion());
    this.setTabStop(recentred || !this.items.has(this.tabStop) ? centre.id : this.tabStop);
    if (focused2) this.items.get(this.tabStop)?.anchor.focus({ preventScroll: true });
  }
  /**
   * Changes the radii of the same pictures.
   * @param {number} power
   */
  setPower(power) {
    this.state.power = power;
    this.arrange(false);
  }
  resized() {
    const { clientWidth: w, clientHeight: h2 } = this.element;
    if (!this.state.centre || w === this.size.w && h2 === this.size.h) return;
    const isSmall = w === this.size.w && Math.abs(h2 - this.size.h) < 0.15 * h2;
    if (isSmall && matchMedia("(pointer: coarse)").matches) return;
    this.panning.fit(false);
    this.arrange(false);
  }
  /** @param {boolean} moves whether the pictures move to their places */
  arrange(moves) {
    const { centre, hits, power } = this.state;
    const { clientWidth: w, clientHeight: h2 } = this.element;
    if (!centre || w < 40 || h2 < 40) return;
    this.size = { w, h: h2 };
    const result = layout(
      [centre, ...hits],
      { width: w - 2 * EDGE3, height: h2 - 2 * EDGE3, power }
    );
    const pictures2 = new Map([centre, ...hits].map((picture) => [picture.id, picture]));
    const places = [result.centre, ...result.places].filter((place2) => place2 !== null);
    this.places = places.map((place2) => ({ ...place2, x: place2.x + EDGE3, y: place2.y + EDGE3 }));
    const before2 = new Map([...this.items].map(([id, item]) => [id, boxOf(item)]));
    const leaving = [...this.items.keys()].filter((id) => !pictures2.has(id));
    for (const id of leaving) this.removeItem(id, moves);
    this.places.forEach((place2, rank) => {
      const picture = pictures2.get(place2.id);
      if (!picture) return;
      const item = this.items.get(place2.id) ?? this.addItem(picture, place2);
      this.describe(item, picture, place2, rank);
      this.put(item, place2, rank);
      if (moves) move(item, before2.get(place2.id));
    });
    this.marks.draw(result.rings, this.places, this.size, moves);
    this.sharpen();
  }
  /**
   * @param {Picture} picture
   * @param {Place} place
   * @returns {Item}
   */
  addItem(picture, place2) {
    const img = h("img", { alt: "", decoding: "async", draggable: "false" });
    const anchor = h("a", { draggable: "false", tabindex: -1 }, img);
    const item = { img, anchor, li: h("li", { class: "ring" }, anchor), picture, place: place2, size: 0 };
    img.addEventListener("error", () => item.li.classList.add("broken"));
    img.addEventListener("load", () => item.li.classList.add("loaded"));
    anchor.dataset.id = picture.id;
    item.li.dataset.box = String(this.items.size % 4);
    this.items.set(picture.id, item);
    return item;
  }
  /**
   * @param {string} id
   * @param {boolean} fades
   */
  removeItem(id, fades) {
    const item = this.items.get(id);
    if (!item) return;
    this.items.delete(id);
    item.anchor.removeAttribute("href");
    item.anchor.tabIndex = -1;
    item.li.setAttribute("aria-hidden", "true");
    if (fades) fadeAway(item.li);
    else item.li.remove();
  }
  /**
   * @param {Item} item
   * @param {Picture} picture
   * @param {Place} place
   * @param {number} rank
   */
  describe(item, picture, place2, rank) {
    const { hits } = this.state;
    item.picture = picture;
    item.place = place2;
    item.li.classList.toggle("middle", rank === 0);
    const href = this.options.hrefOf(picture);
    if (href) item.anchor.setAttribute("href", href);
    else item.anchor.removeAttribute("href");
    item.anchor.setAttribute("aria-label", rank === 0 ? t("{name}, in the middle", { name: picture.name }) : t("{name}, distance {distance}, number {rank} of {total}", {
      name: picture.name,
      distance: shortDistance(picture.distance),
      rank,
      total: hits.length
    }));
    if (!href) item.anchor.setAttribute("role", "img");
    else item.anchor.removeAttribute("role");
  }
  /**
   * Places a picture, and orders it by rank in the document for Tab and screen readers.
   * @param {Item} item
   * @param {Place} place
   * @param {number} rank
   */
  put(item, place2, rank) {
    const { li } = item;
    placeAt(li, place2);
    if (this.list.children[rank] !== li) this.list.insertBefore(li, this.list.children[rank]);
  }
  sharpenSoon() {
    clearTimeout(this.sharpening);
    this.sharpening = setTimeout(() => this.sharpen(), 160);
  }
  /** Loads larger thumbnails of the visible pictures after zooming in, and never smaller ones. */
  sharpen() {
    const { x, y, scale } = this.panning.view;
    const { clientWidth, clientHeight } = this.element;
    for (const item of this.items.values()) {
      const { place: place2, picture } = item;
      const side = Math.max(place2.w, place2.h) * scale;
      const visible = Math.abs(place2.x * scale + x - clientWidth / 2) < (clientWidth + side) / 2 && Math.abs(place2.y * scale + y - clientHeight / 2) < (clientHeight + side) / 2;
      if (item.size && !visible) continue;
      const pixels2 = side * Math.min(devicePixelRatio, 2) * 0.8;
      const size = SIZES2.find((candidate) => candidate >= pixels2) ?? 2048;
      if (size <= item.size) continue;
      item.size = picture.src ? Infinity : size;
      item.img.src = picture.src ?? imageUrl(picture.id, "thumbnail", { size, v: picture.v });
    }
  }
  listen() {
    const select = (event) => {
      const item = this.itemOf(event);
      if (item) this.select(item.picture.id, event.type === "focusin");
    };
    this.list.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch" && !this.resting) select(event);
    });
    this.list.addEventListener("pointermove", (event) => {
      if (!this.resting || !event.movementX && !event.movementY) return;
      this.resting = false;
      if (event.pointerType !== "touch") select(event);
    });
    this.list.addEventListener("focusin", select);
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("click", (event) => {
      const item = this.itemOf(event);
      if (item?.anchor.pathname === "/image") this.noteList(item.picture);
    });
    this.list.addEventListener("click", (event) => {
      const item = this.itemOf(event);
      if (!item || event.pointerType !== "touch" || this.tapped === item.picture.id) return;
      event.preventDefault();
      this.tapped = item.picture.id;
      this.select(item.picture.id, true);
    });
  }
  /** @param {Event} event */
  itemOf(event) {
    return this.items.get(around(event, "a[data-id]")?.dataset.id ?? "");
  }
  /**
   * Selects a picture; with `tabStop`, Tab also enters the pictures there.
   * @param {string} id
   * @param {boolean} [tabStop]
   */
  select(id, tabStop = false) {
    const item = this.items.get(id);
    if (!item) return;
    if (tabStop) this.setTabStop(id);
    if (this.selected !== id || !item.li.classList.contains("selected")) {
      for (const other of this.list.querySelectorAll(".selected")) {
        other.classList.remove("selected");
      }
      item.li.classList.add("selected");
    }
    this.selected = id;
    this.options.onselect?.(item.picture);
  }
  /**
   * Makes a picture the one that Tab enters.
   * @param {string} id
   */
  setTabStop(id) {
    const old = this.items.get(this.tabStop);
    if (old) old.anchor.tabIndex = -1;
    this.tabStop = id;
    const item = this.items.get(id);
    if (item) item.anchor.tabIndex = 0;
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    const item = this.itemOf(event);
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "z" && this.options.hrefOf(item.picture) !== null) {
      event.preventDefault();
      this.open(item.picture, true);
      return;
    }
    const target = arrowTarget(event.key, item.place, this.places);
    const next = target && this.items.get(target.id);
    if (next) {
      event.preventDefault();
      next.anchor.focus({ preventScroll: true });
      this.panning.reveal(next.place);
    }
  }
  /**
   * Shows the page of a picture. Its list are the shown pictures, the nearest ones first.
   * @param {Picture} picture
   * @param {boolean} [viewer] whether the viewer is open at once
   */
  open(picture, viewer = false) {
    this.noteList(picture);
    navigate("/image", { id: picture.id }, { state: { viewer } });
  }
  /** @param {Picture} picture */
  noteList(picture) {
    const { centre, hits } = this.state;
    const shown2 = [centre, ...hits].filter((one) => one !== null);
    openFromList(shown2.filter((one) => this.options.hrefOf(one) !== null), picture.id);
  }
  /**
   * Whether a picture is in the left half of the visible stage.
   * @param {string} id
   */
  isLeft(id) {
    const { x, scale } = this.panning.view;
    const place2 = this.items.get(id)?.place;
    return place2 !== void 0 && place2.x * scale + x < this.element.clientWidth / 2;
  }
  destroy() {
    clearTimeout(this.sharpening);
    this.watcher.disconnect();
    this.panning.destroy();
    this.element.remove();
  }
};
function shortDistance(distance) {
  if (distance === void 0 || !Number.isFinite(distance)) return t("unknown");
  return distance < 5e-4 ? "0" : decimal(distance, distance < 10 ? 3 : 1);
}

// rings/preview.js
function ringPreview({ hrefOf, isCentre }) {
  const img = h("img", { alt: "", decoding: "async", class: "preview-picture" });
  const frame = h("div", { class: "preview-frame" }, img);
  const name2 = h("p", { class: "preview-name" });
  const facts3 = h("p", { class: "preview-facts soft small number" });
  const actions = h("div", { class: "row preview-actions" });
  const element2 = h(
    "div",
    { class: "ring-preview" },
    frame,
    h("div", { class: "preview-text" }, name2, facts3, actions)
  );
  let shown2 = null;
  function show11(picture) {
    const centre = isCentre(picture);
    name2.textContent = picture.name;
    name2.title = picture.folder ? `${picture.folder}/${picture.name}` : picture.name;
    facts3.replaceChildren(...factsOf(picture, centre));
    actions.replaceChildren(...linksOf(picture, centre ? null : hrefOf(picture)));
    if (shown2 !== picture) load3(picture);
    shown2 = picture;
  }
  function load3(picture) {
    if (picture.src) {
      img.src = picture.src;
      return;
    }
    const address2 = (size) => imageUrl(picture.id, "thumbnail", { size, v: picture.v });
    img.src = address2(128);
    const sharp2 = new Image();
    sharp2.addEventListener("load", () => {
      if (shown2 === picture) img.src = sharp2.src;
    });
    sharp2.src = address2(frame.clientWidth * devicePixelRatio > 560 ? 1024 : 512);
  }
  return { element: element2, show: show11 };
}
function factsOf(picture, centre) {
  const size = picture.width ? `${picture.width} × ${picture.height}` : null;
  const distance = centre ? t("in the middle") : t("distance {distance}", { distance: shortDistance(picture.distance) });
  return [[distance, size].filter(Boolean).join(" · ")];
}
function linksOf(picture, centreHref) {
  if (!centreHref && picture.src) return [];
  return present([
    centreHref && h(
      "a",
      { class: "button quiet to-middle", href: centreHref },
      icon("rings"),
      t("Move to the middle")
    ),
    link("/image", { id: picture.id }, { class: "button quiet" }, icon("open"), t("Details")),
    link("/search", { id: picture.id }, { class: "button quiet" }, icon("search"), t("Search"))
  ]);
}

// rings/view.js
var title6 = t("Rings");
var shortcuts6 = [
  ["← → ↑ ↓", t("Move to the next picture, or pan")],
  [", .", t("Move to a nearer or farther picture")],
  ["Home End", t("Move to the middle or the farthest picture")],
  ["Enter", t("Put the picture in the middle")],
  ["i", t("Open details")],
  ["z", t("Open the viewer; it goes on with the nearest pictures")],
  ["+ - 0", t("Zoom in, out, show all")]
];
var KEPT5 = 24;
var SLIDERS = {
  k: { label: t("Pictures"), min: 10, max: 300, step: 10, fallback: 100, wait: 250 },
  power: { label: t("Spread"), min: 0.5, max: 8, step: 0.5, fallback: 5, wait: 150 }
};
var view = null;
async function show7(main2, params, { signal }) {
  view = null;
  if (!params.get("id")) {
    await choose(main2, params.get("under"), signal);
    return null;
  }
  const mine = new RingsView(main2, signal);
  view = mine;
  const leave2 = () => {
    if (view === mine) view = null;
    mine.canvas.destroy();
  };
  try {
    await mine.go(params);
  } catch (error) {
    leave2();
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    main2.replaceChildren(refusal(error));
  }
  return leave2;
}
async function update6(params) {
  if (!view || !params.get("id")) return false;
  try {
    await view.go(params);
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
  return true;
}
var RingsView = class {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   */
  constructor(main2, signal) {
    this.signal = signal;
    this.answers = /* @__PURE__ */ new Map();
    this.state = { id: "", under: null, k: SLIDERS.k.fallback, power: SLIDERS.power.fallback };
    this.shows = false;
    this.turn = null;
    this.request = null;
    this.selected = null;
    const hrefOf = (picture) => this.hrefOf(picture);
    this.preview = ringPreview({ hrefOf, isCentre: ({ id }) => id === this.state.id });
    this.heading = h("h1", null, t("Rings"));
    this.note = h("p", { class: "rings-note small soft" });
    this.sliders = [this.slider("k", SLIDERS.k), this.slider("power", SLIDERS.power)];
    const room = h("div", { class: "rings-room" });
    main2.append(h(
      "div",
      { class: "rings" },
      h(
        "section",
        { class: "rings-side", "aria-label": t("About the picture") },
        this.heading,
        this.preview.element,
        h(
          "div",
          { class: "rings-settings" },
          this.sliders.map(({ element: element2 }) => element2),
          this.note
        )
      ),
      room
    ));
    this.canvas = ringsCanvas(room, {
      hrefOf,
      onselect: (picture) => this.selectPicture(picture)
    });
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }
  /**
   * @param {Key} key
   * @param {typeof SLIDERS[Key]} options
   */
  slider(key2, { label, min, max, step, fallback: fallback2, wait: wait2 }) {
    const input = h("input", { type: "range", min, max, step, value: fallback2 });
    const output = h("output", { class: "number" });
    let timer2 = 0;
    const set3 = (value) => {
      input.value = String(value);
      output.textContent = input.value;
    };
    input.addEventListener("input", () => {
      output.textContent = input.value;
      this.state[key2] = Number(input.value);
      if (key2 === "power") this.canvas.setPower(this.state.power);
      clearTimeout(timer2);
      const address2 = this.addressOf(this.state.id);
      timer2 = setTimeout(() => {
        navigate("/rings", address2, { replace: true, quiet: key2 === "power" });
      }, wait2);
    });
    const element2 = h("label", { class: "slider" }, h("span", null, label), input, output);
    return { key: key2, set: set3, element: element2, fallback: fallback2, min, max, stop: () => clearTimeout(timer2) };
  }
  /** @param {string} id */
  addressOf(id) {
    const { k, power, under } = this.state;
    return {
      id,
      k: k === SLIDERS.k.fallback ? null : k,
      power: power === SLIDERS.power.fallback ? null : power,
      under
    };
  }
  /** @param {Picture} picture */
  hrefOf(picture) {
    return picture.id === this.state.id ? `/image?${toQuery({ id: picture.id })}` : `/rings?${toQuery(this.addressOf(picture.id))}`;
  }
  /**
   * Shows the rings of an address.
   * @param {Query} params
   */
  async go(params) {
    const state = { ...this.state, id: params.get("id") ?? "", under: params.get("under") };
    for (const { key: key2, stop, min, max, fallback: fallback2 } of this.sliders) {
      stop();
      const value = Number.parseFloat(params.get(key2) ?? "");
      state[key2] = Number.isFinite(value) ? Math.min(Math.max(value, min), max) : fallback2;
    }
    state.k = Math.round(state.k);
    const turn2 = /* @__PURE__ */ Symbol("turn");
    this.turn = turn2;
    const answer = await this.fetch(state);
    if (this.turn !== turn2 || this.signal.aborted) return;
    const old = this.shows ? this.state : null;
    this.state = state;
    this.shows = true;
    for (const { key: key2, set: set3 } of this.sliders) set3(state[key2]);
    this.display(answer, old);
  }
  /**
   * The picture and similar images; each answer is fetched once.
   * @param {State} state
   * @returns {Promise<Answer>}
   */
  async fetch({ id, k, under }) {
    const key2 = JSON.stringify([id, k, under]);
    let answer = this.answers.get(key2);
    if (!answer) {
      this.request?.abort();
      this.request = new AbortController();
      const signal = AbortSignal.any([this.signal, this.request.signal]);
      const [image2, similar2] = await Promise.all([
        image(id, { signal }),
        similar(id, { k: k + 1, angles: 1, under }, { signal })
      ]);
      answer = { image: image2, similar: similar2 };
    }
    this.answers.delete(key2);
    this.answers.set(key2, answer);
    if (this.answers.size > KEPT5) this.answers.delete([...this.answers.keys()][0]);
    return answer;
  }
  /**
   * @param {Answer} answer
   * @param {?State} old
   */
  display({ image: image2, similar: similar2 }, old) {
    const hits = similar2.hits.filter(({ id }) => id !== image2.id).slice(0, this.state.k);
    this.canvas.show(image2, hits, { power: this.state.power, moves: old !== null });
    this.canvas.select(image2.id);
    this.selectPicture(image2);
    this.describe(similar2, hits);
    setTitle(`${image2.name} · ${title6}`);
    if (old && old.id !== image2.id) {
      announce(t(
        "{name} in the middle, {count} picture around it|{name} in the middle, {count} pictures around it",
        { name: image2.name, count: hits.length }
      ));
    }
  }
  /**
   * @param {SearchResultDocument} similar
   * @param {HitDocument[]} hits
   */
  describe({ metric, exact, recall: recall2, milliseconds: milliseconds2 }, hits) {
    const far = hits.at(-1)?.distance;
    const { id, under } = this.state;
    this.note.replaceChildren(
      hits.length === 0 ? t("No other pictures were found. ") : "",
      `${metric}, ${quality(exact, recall2)}, ${milliseconds(milliseconds2)}`,
      far === void 0 ? "" : t(
        "; the farthest at {distance}",
        { distance: shortDistance(far) }
      ),
      ...under ? [
        h("br"),
        t("Only in {folder}. ", { folder: under }),
        link("/rings", { ...this.addressOf(id), under: null }, null, t("Search all folders"))
      ] : []
    );
  }
  /** @param {Picture} picture */
  selectPicture(picture) {
    this.selected = picture;
    this.preview.show(picture);
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || event.defaultPrevented || isTyping(event) || !this.selected) return;
    if (!["i", "z"].includes(event.key) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.canvas.open(this.selected, event.key === "z");
  }
};
function refusal({ status: status2, detail }) {
  return panel(
    {
      icon: status2 === 404 ? "missing" : "problem",
      title: status2 === 404 ? t("Picture not found") : t("No rings for this picture"),
      text: t("{sentence}.", { sentence: capitalise(problemText(detail)) })
    },
    link("/rings", null, { class: "button" }, t("Choose another")),
    link("/browse", null, { class: "button quiet" }, t("Browse"))
  );
}
async function choose(main2, under, signal) {
  const { images: images3 } = await get2("/images", { limit: 12, under }, { signal });
  if (images3.length === 0) {
    main2.append(panel(
      {
        icon: "photos",
        title: t("No pictures yet"),
        text: t("Rings start from a picture, and this collection has none.")
      },
      link("/status", null, { class: "button" }, t("Status"))
    ));
    return;
  }
  main2.append(h(
    "section",
    { class: "rings-choose" },
    h("h1", null, t("Rings")),
    h("p", { class: "soft" }, t("One picture is in the middle, and similar pictures are around it. Nearer pictures are more similar. Choose a picture to start.")),
    h("ul", { class: "choose-tiles", role: "list" }, images3.map((image2) => h(
      "li",
      null,
      link("/rings", { id: image2.id, under }, { "aria-label": image2.name }, h("img", {
        alt: "",
        loading: "lazy",
        decoding: "async",
        src: imageUrl(image2.id, "thumbnail", { size: 256, v: image2.v })
      }))
    ))),
    h(
      "div",
      { class: "row" },
      link("/browse", { under }, { class: "button" }, icon("browse"), t("Choose another")),
      link("/search", null, { class: "button quiet" }, icon("search"), t("Search with a photo"))
    )
  ));
}

// search/past.js
var MOST_RECENT = 10;
var MOST_SAVED = 200;
function past(list4, collection) {
  return get(list4).filter((one) => one.collection === collection);
}
function add(list4, search2) {
  const others = get(list4).filter((one) => !isSame(one, search2));
  const most = list4 === "recent" ? MOST_RECENT : MOST_SAVED;
  let room = most - 1;
  set(list4, [search2, ...others.filter(({ collection }) => collection !== search2.collection || room-- > 0)]);
}
function remove(list4, search2) {
  set(list4, get(list4).filter((one) => !isSame(one, search2)));
}
function clearRecent(collection) {
  set("recent", get("recent").filter((one) => one.collection !== collection));
}
var isSaved = (search2) => get("saved").some((one) => isSame(one, search2));
var isSame = (one, other) => one.collection === other.collection && one.query === other.query;
function savedUploads() {
  const keys = get("saved").map(({ query }) => new Query(query).get("upload") ?? "");
  return new Set(keys.filter(Boolean));
}
function toPast(search2, uploads, collection) {
  const params = toParams({ ...search2, view: "grid" });
  return { collection, query: toQuery(params), label: labelOf(search2, uploads) };
}
function labelOf(search2, uploads) {
  const weightOf = (id) => search2.weights.get(id) ?? 1;
  const nameOf2 = (id) => id.slice(id.lastIndexOf("/") + 1);
  const terms = [
    ...search2.texts.map((written) => (
      /** @type {const} */
      [...splitWeight(written), false]
    )),
    ...search2.notTexts.map((written) => (
      /** @type {const} */
      [...splitWeight(written), true]
    )),
    ...uploads.map(({ name: name2, weight, not }) => (
      /** @type {const} */
      [name2 || t("a picture"), weight ?? 1, not]
    )),
    ...search2.ids.map((id) => (
      /** @type {const} */
      [nameOf2(id), weightOf(id), false]
    )),
    ...search2.nots.map((id) => (
      /** @type {const} */
      [nameOf2(id), weightOf(id), true]
    ))
  ];
  terms.sort((one, other) => Number(one[2]) - Number(other[2]));
  const parts2 = terms.map(([text2, weight, not]) => [not ? t("without {term}", { term: text2 }) : text2, weight !== 1 && `× ${weight}`].filter(Boolean).join(" "));
  if (search2.crop) parts2.push(t("a part"));
  if (search2.under) parts2.push(t("in {folder}", { folder: search2.under }));
  if (search2.where) parts2.push(search2.where);
  return list(parts2);
}

// search/uploads.js
var NAME = "sokkuri";
var STORE = "uploads";
var MOST10 = 20;
var memory2 = /* @__PURE__ */ new Map();
async function keep(uploads) {
  const key2 = newKey();
  memory2.set(key2, uploads);
  if (memory2.size > MOST10) memory2.delete([...memory2.keys()][0]);
  try {
    await withStore("readwrite", (store) => {
      store.put({ key: key2, uploads });
      prune(store);
    });
  } catch (error) {
    console.warn("uploaded pictures will not survive a reload:", error);
  }
  return key2;
}
async function recall(key2) {
  const uploads = memory2.get(key2);
  if (uploads) return uploads;
  try {
    const record = await withStore("readonly", (store) => store.get(key2));
    return record?.uploads ?? null;
  } catch {
    return null;
  }
}
function newKey() {
  const random = crypto.getRandomValues(new Uint32Array(1))[0];
  return Date.now().toString(36) + random.toString(36).padStart(7, "0");
}
function prune(store) {
  const keys = store.getAllKeys();
  keys.onsuccess = () => {
    const saved = savedUploads();
    for (const key2 of keys.result.slice(0, -MOST10)) if (!saved.has(String(key2))) store.delete(key2);
  };
}
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request2 = indexedDB.open(NAME, 1);
    request2.onupgradeneeded = () => request2.result.createObjectStore(STORE, { keyPath: "key" });
    request2.onsuccess = () => resolve(request2.result);
    request2.onerror = () => reject(request2.error);
  });
}
async function withStore(mode, use) {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request2 = use(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request2?.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

// search/terms.js
var LONGEST_NAME = 400;
var LIKE_A_FILE = /\.[a-z0-9]{2,5}$/i;
async function addTerms({ texts = [], ids = [], files: files2 = [], replaces = false }) {
  const { path, params } = current();
  const shown2 = fromParams(path === "/search" ? params : new Query());
  const search2 = replaces ? { ...shown2, ids: [], nots: [], upload: null, weights: /* @__PURE__ */ new Map() } : shown2;
  const words = texts.map((text2) => splitWeight(text2)[0]);
  const isOtherText = (text2) => !words.includes(splitWeight(text2)[0]);
  const isOtherId = (id) => ids.every(([added]) => added !== id);
  const changed = {
    ...search2,
    texts: [...search2.texts.filter(isOtherText), ...texts],
    notTexts: search2.notTexts.filter(isOtherText),
    ids: [...search2.ids.filter(isOtherId), ...ids.map(([id]) => id)],
    nots: search2.nots.filter(isOtherId),
    weights: new Map([...search2.weights, ...ids])
  };
  if (files2.length) {
    const before2 = search2.upload ? await recall(search2.upload) : null;
    const added = files2.map((file) => ({ name: file.name, blob: file, not: false }));
    changed.upload = await keep([...before2 ?? [], ...added]);
  }
  if (files2.length || ids.length) changed.crop = null;
  navigate("/search", toParams(changed));
}
async function findImages(written) {
  const [name2, weight] = splitWeight(written);
  const tries = name2 === written ? [[written, 1]] : [[written, 1], [name2, weight]];
  for (const [id, itsWeight] of tries) {
    const found = await withId(id) ?? await withName(id);
    if (found.length) return found.map((one) => [one, itsWeight]);
  }
  return [];
}
async function withId(id) {
  const found = await listed2(`id = ${quoted2(id)}`, id);
  return found.length ? found : null;
}
async function withName(name2) {
  if (!LIKE_A_FILE.test(name2)) return [];
  const isThis = (id) => id.endsWith(`/${name2}`);
  return (await listed2(`id like ${quoted2(`%/${name2}`)}`, name2)).filter(isThis).slice(0, 2);
}
async function listed2(where, name2) {
  if (name2.length > LONGEST_NAME || name2.includes("'") && name2.includes('"')) return [];
  const { images: images3 } = await get2("/images", { where, limit: 20 });
  return images3.map(({ id }) => id);
}
var quoted2 = (text2) => text2.includes("'") ? `"${text2}"` : `'${text2}'`;

// search/add_or_replace.js
var pictures = (count2) => t("{count} picture|{count} pictures", { count: count2 });
async function takeFiles(files2) {
  const before2 = await shownPictures();
  const choice = before2 ? await ask(before2, files2.length) : "add";
  if (choice) await addTerms({ files: files2, replaces: choice === "replace" });
}
async function shownPictures() {
  const { path, params } = current();
  if (path !== "/search") return 0;
  const { ids, nots, upload } = fromParams(params);
  const uploads = upload ? await recall(upload) : null;
  return ids.length + nots.length + (uploads?.length ?? 0);
}
function ask(before2, count2) {
  const button = (value, text2, props) => h("button", {
    type: "submit",
    value,
    class: "button",
    ...props
  }, text2);
  const cancel = h("button", { type: "button", class: "button quiet" }, t("Cancel"));
  const dialog = h(
    "dialog",
    { class: "add-or-replace", "aria-labelledby": "add-or-replace" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "add-or-replace" }, t("Add or replace?")),
      h("p", null, t(
        "The search has {pictures} already. Add this one to it, or search with this one instead? Words and filters stay.|The search has {pictures} already. Add these {count} to it, or search with these instead? Words and filters stay.",
        { pictures: pictures(before2), count: count2 }
      )),
      h(
        "div",
        { class: "row" },
        cancel,
        button("replace", t("Replace")),
        button("add", t("Add"), { class: "button primary", autofocus: true })
      )
    )
  );
  cancel.addEventListener("click", () => dialog.close());
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(
        /** @type {""|"add"|"replace"} */
        dialog.returnValue
      );
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// search/picking.js
function takePictures(ontake, { signal, onhover }) {
  let depth = 0;
  let ours = false;
  const hover = (over) => onhover?.(over);
  const on = (type, listener) => document.addEventListener(type, listener, { signal });
  const hasFiles = ({ dataTransfer }) => !ours && (dataTransfer?.types.includes("Files") ?? false);
  on("dragstart", () => {
    ours = true;
  });
  on("dragend", () => {
    ours = false;
  });
  on("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    hover(true);
  });
  on("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  on("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) hover(false);
  });
  on("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    hover(false);
    passOn(event.dataTransfer?.files, ontake);
  });
  on("paste", (event) => {
    const files2 = event.clipboardData?.files;
    const isText = isTyping(event) && event.clipboardData?.types.includes("text/plain");
    if (!files2?.length || isText) return;
    event.preventDefault();
    passOn(files2, ontake);
  });
  signal.addEventListener("abort", () => hover(false));
}
function pickButton(ontake, className, ...label) {
  const input = h("input", {
    type: "file",
    accept: "image/*,.heic,.heif,.avif,.tif,.tiff,.jxl",
    multiple: true,
    hidden: true
  });
  input.addEventListener("change", () => {
    passOn(input.files, ontake);
    input.value = "";
  });
  return [
    h("button", { type: "button", class: className, onclick: () => input.click() }, ...label),
    input
  ];
}
function passOn(files2, ontake) {
  const copy = [...files2 ?? []];
  if (copy.length > 0) ontake(copy);
}

// search/find.js
var MOST_CHARACTERS = 2e3;
var LISTS = (
  /** @type {const} */
  ["recent", "saved"]
);
function installFind(place2, getInfo3) {
  const field = new FindField(getInfo3);
  place2.append(field.element);
  const veil = h(
    "div",
    { class: "drop-veil", "aria-hidden": "true" },
    h("p", null, t("Drop to search"))
  );
  document.body.append(veil);
  const take = (files2) => {
    if (!document.querySelector("dialog[open]")) takeFiles(files2);
  };
  takePictures(take, {
    signal: new AbortController().signal,
    onhover: (over) => document.documentElement.toggleAttribute("data-dropping", over)
  });
  return () => field.input.focus();
}
var FindField = class {
  /** @param {() => Promise<InfoDocument>} getInfo */
  constructor(getInfo3) {
    this.info = null;
    this.input = h("input", {
      type: "search",
      id: "find",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: MOST_CHARACTERS,
      "aria-describedby": "find-problem find-hint"
    });
    this.problem = h("p", { class: "find-problem small", id: "find-problem", role: "alert" });
    this.hint = h("p", { class: "find-hint small soft", id: "find-hint" });
    this.lists = h("div", { class: "find-lists" });
    this.panel = h(
      "div",
      { class: "find-panel", tabindex: -1, hidden: true },
      this.problem,
      this.hint,
      h("div", { class: "row" }, pickButton(
        (files2) => this.addAll({ files: files2 }),
        "button",
        icon("photos", { size: 18 }),
        t("Choose a picture")
      )),
      this.lists
    );
    this.element = h(
      "form",
      { class: "find", role: "search", "aria-label": t("Search") },
      h(
        "label",
        { for: "find", class: "find-label" },
        icon("search", { size: 18 }),
        h("span", { class: "unseen" }, t("Words, a picture or an id"))
      ),
      this.input,
      this.panel
    );
    this.listen();
    this.load(getInfo3);
  }
  listen() {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(this.input.value.trim());
    });
    this.input.addEventListener("focus", () => this.open());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("input", () => this.say(""));
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.element.contains(relatedTarget))) this.close();
    });
    this.panel.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("a")) this.close();
    });
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    for (const list4 of LISTS) {
      subscribe(list4, () => !this.panel.hidden && this.showLists());
    }
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key === "Escape" && !this.panel.hidden) {
      this.input.focus();
      this.close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.panel.hidden) this.open();
      const stops = [this.input, ...findAll("a[href], button", this.panel)];
      const step = event.key === "ArrowDown" ? 1 : -1;
      const at = stops.findIndex((stop) => stop === document.activeElement) + step;
      stops[(at + stops.length) % stops.length].focus();
    } else return;
    event.preventDefault();
  }
  /**
   * Learns what the collection is called, and whether its model knows words.
   * @param {() => Promise<InfoDocument>} getInfo
   */
  async load(getInfo3) {
    this.info = await getInfo3().catch(() => this.info);
    const words = this.info?.words;
    this.input.placeholder = words ? t("Words, a picture or an id") : t("A picture or an id");
    this.hint.replaceChildren(...this.info?.no_words ? withCode(capitalise(this.info.no_words)) : [
      t("Type words or the id of an image, or paste or drop a picture on any page.")
    ]);
  }
  async open() {
    if (!this.panel.hidden) return;
    this.panel.hidden = false;
    const before2 = this.info?.name;
    this.showLists();
    await this.load(info);
    if (this.info?.name !== before2) this.showLists();
  }
  close() {
    this.panel.hidden = true;
    this.say("");
  }
  /** @param {string} text */
  say(text2) {
    this.problem.textContent = text2;
  }
  showLists() {
    const name2 = this.info?.name;
    const saved = this.listOf("saved", name2);
    const recent = this.listOf("recent", name2);
    const focused2 = this.lists.contains(document.activeElement);
    this.lists.replaceChildren(
      ...saved.length ? [
        h("h2", { class: "small soft" }, t("Saved searches")),
        h("ul", { role: "list" }, saved)
      ] : [],
      ...recent.length ? [
        h(
          "div",
          { class: "find-head" },
          h("h2", { class: "small soft" }, t("Recent searches")),
          h("button", {
            type: "button",
            class: "button quiet small",
            onclick: () => clearRecent(name2)
          }, t("Clear"))
        ),
        h("ul", { role: "list" }, recent)
      ] : []
    );
    if (focused2) this.input.focus();
  }
  /**
   * @param {"recent" | "saved"} list
   * @param {string | undefined} collection
   */
  listOf(list4, collection) {
    return past(list4, collection).map((one) => h(
      "li",
      null,
      h("a", { href: `/search?${one.query}` }, one.label),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          title: t("Remove"),
          "aria-label": list4 === "saved" ? t("Remove saved search {search}", { search: one.label }) : t("Remove recent search {search}", { search: one.label }),
          onclick: () => remove(list4, one)
        },
        icon("close", { size: 16 })
      )
    ));
  }
  /** @param {Parameters<typeof addTerms>[0]} terms */
  addAll(terms) {
    this.input.value = "";
    this.close();
    return addTerms(terms);
  }
  /**
   * Searches by the image that a text names, else by its words.
   * @param {string} written
   */
  async submit(written) {
    if (!written) {
      this.open();
      return;
    }
    if (!this.info) await this.load(info);
    let images3;
    try {
      images3 = await findImages(written);
    } catch (error) {
      this.fail(messageOf(error));
      return;
    }
    if (this.input.value.trim() !== written) return;
    if (images3.length === 1) await this.addAll({ ids: images3 });
    else if (images3.length > 1) {
      this.fail(t("Several images have this name. Write the whole id, with the folder."));
    } else if (this.info?.words) await this.addAll({ texts: [written] });
    else this.fail(t("No image has this id or name, and words are not known here."));
  }
  /** @param {string} text */
  async fail(text2) {
    await this.open();
    this.say(text2);
  }
};
function withCode(text2) {
  return text2.split("`").map((part, n) => n % 2 ? h("code", null, part) : part);
}

// search/view.js
var view_exports7 = {};
__export(view_exports7, {
  shortcuts: () => shortcuts7,
  show: () => show8,
  title: () => title7,
  update: () => update7
});

// search/drop_zone.js
function dropZone(addFiles) {
  return h(
    "div",
    { class: "drop-zone" },
    icon("photos", { size: 48 }),
    h("p", { class: "drop-title" }, t("Drop a photo here")),
    h("p", { class: "soft" }, t("or paste one, to find pictures that look like it. The photo is sent only to this server, and the server does not keep it.")),
    h(
      "div",
      { class: "row" },
      pickButton(addFiles, "button primary", t("Choose photos")),
      h("a", { class: "button", href: "/browse" }, t("Choose from the collection"))
    )
  );
}

// search/marks_offer.js
var MarksOffer = class {
  /** @param {{onexclude: (marks: string[]) => void}} options onexclude: gets the ids to exclude */
  constructor({ onexclude }) {
    this.onexclude = onexclude;
    this.el = h("div", { class: "search-offer" });
  }
  /** @param {{ids: string[], nots: string[]}} search */
  show({ ids, nots }) {
    const marks = get("notLike").filter((id) => !ids.includes(id) && !nots.includes(id));
    if (marks.length === 0) {
      this.el.replaceChildren();
      return;
    }
    this.el.replaceChildren(
      h("p", { class: "small soft" }, t("You marked one picture as “not this one”.|You marked {count} pictures as “not this one”.", { count: marks.length })),
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { type: "button", class: "button", onclick: () => this.onexclude(marks) },
          icon("not", { size: 18 }),
          marks.length === 1 ? t("Exclude it") : t("Exclude them")
        ),
        h("button", { type: "button", class: "button quiet", onclick: () => {
          set("notLike", nots);
          this.show({ ids, nots });
        } }, t("Forget the marks"))
      )
    );
  }
};

// search/local_picture.js
var BLOCKS = 12;
var SIDE2 = 480;
async function localPicture(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const { width, height } = bitmap;
  const shown2 = get("mosaic") ? await blocks(bitmap) : blob;
  bitmap.close();
  return { src: URL.createObjectURL(shown2), width, height };
}
function blocks(bitmap) {
  const longer = Math.max(bitmap.width, bitmap.height);
  const small = canvas(bitmap, BLOCKS / longer);
  small.context.imageSmoothingQuality = "high";
  small.context.drawImage(bitmap, 0, 0, small.element.width, small.element.height);
  const large = canvas(bitmap, SIDE2 / longer);
  large.context.imageSmoothingEnabled = false;
  large.context.drawImage(small.element, 0, 0, large.element.width, large.element.height);
  return new Promise((resolve, reject) => {
    large.element.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("The browser cannot write a picture"));
    }, "image/png");
  });
}
function canvas({ width, height }, scale) {
  const element2 = document.createElement("canvas");
  element2.width = Math.max(1, Math.round(width * scale));
  element2.height = Math.max(1, Math.round(height * scale));
  const context = element2.getContext("2d");
  if (!context) throw new Error("The browser cannot draw");
  return { element: element2, context };
}

// search/query_pictures.js
var MEBI = 1024 * 1024;
function entriesOf2({ ids, nots, weights }, uploads) {
  const weightOf = (id) => weights.get(id) ?? 1;
  return [
    ...uploads.map((upload, n) => ({
      key: `upload:${n}`,
      upload,
      not: upload.not,
      weight: upload.weight ?? 1
    })),
    ...ids.map((id) => ({ key: `id:${id}`, id, not: false, weight: weightOf(id) })),
    ...nots.map((id) => ({ key: `id:${id}`, id, not: true, weight: weightOf(id) }))
  ];
}
var isUpload = (key2) => key2.startsWith("upload:");
function parseKey(key2) {
  const value = key2.slice(key2.indexOf(":") + 1);
  return isUpload(key2) ? { upload: Number(value), id: null } : { upload: null, id: value };
}
var QueryPictures = class {
  /** @param {{signal: AbortSignal, mostBytes: number}} options mostBytes: of a request */
  constructor({ signal, mostBytes }) {
    this.signal = signal;
    this.mostBytes = mostBytes;
    this.known = /* @__PURE__ */ new Map();
    this.unreadable = /* @__PURE__ */ new Map();
  }
  stop() {
    for (const { src } of this.known.values()) {
      if (src?.startsWith("blob:")) URL.revokeObjectURL(src);
    }
  }
  /**
   * @param {Entry} entry
   * @returns {Promise<Tile>}
   */
  async tileOf({ key: key2, upload, id = "", not, weight }) {
    const picture = upload ? await this.localOf(upload) : await this.imageOf(id);
    return {
      key: key2,
      not,
      weight,
      name: upload?.name || picture?.name || id || t("Pasted picture"),
      src: picture?.src ?? null,
      width: picture?.width ?? 0,
      height: picture?.height ?? 0,
      problem: upload ? this.faultOf(upload) : ""
    };
  }
  /** @param {Upload} upload */
  async localOf(upload) {
    if (!this.known.has(upload.blob)) {
      this.known.set(upload.blob, await localPicture(upload.blob) ?? {});
    }
    return this.known.get(upload.blob);
  }
  /** @param {string} id */
  async imageOf(id) {
    if (!this.known.has(id)) {
      try {
        const { name: name2, width, height, v } = await image(id, { signal: this.signal });
        const src = imageUrl(id, "thumbnail", { size: 512, v });
        this.known.set(id, { name: name2, width, height, src });
      } catch {
        return null;
      }
    }
    return this.known.get(id);
  }
  /**
   * Notes what is wrong with an upload.
   * @param {Upload} upload
   * @param {string} text
   */
  refuse(upload, text2) {
    this.unreadable.set(upload.blob, text2);
  }
  /** @param {Upload} upload */
  isUnreadable(upload) {
    return this.unreadable.has(upload.blob);
  }
  /**
   * What is wrong with an upload, "" if nothing is known.
   * @param {Upload} upload
   */
  faultOf(upload) {
    return this.tooLarge(upload) || (this.unreadable.get(upload.blob) ?? "");
  }
  /**
   * A message if an upload exceeds the limit of the server, else "".
   * @param {Upload} upload
   */
  tooLarge({ blob }) {
    if (blob.size <= this.mostBytes) return "";
    return t(
      "Too large: {size} MiB. The server accepts {most} MiB at most.",
      { size: Math.ceil(blob.size / MEBI), most: Math.floor(this.mostBytes / MEBI) }
    );
  }
};

// search/crop.js
var CORNERS = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
var LEAST2 = 0.03;
var STEP5 = 0.02;
var BEGIN = { x: 0.15, y: 0.15, w: 0.7, h: 0.7 };
var ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
};
var HELP = t("Arrow keys move the frame, Shift and arrow keys resize it, Enter searches, Escape cancels.");
function cropper(picture, options = {}) {
  return new Cropper(picture, options);
}
var Cropper = class {
  /**
   * @param {HTMLImageElement | string} picture
   * @param {CropOptions} options
   */
  constructor(picture, options) {
    this.options = options;
    this.img = typeof picture === "string" ? h("img", { src: picture, alt: "" }) : picture;
    this.img.draggable = false;
    this.frame = h(
      "div",
      { class: "crop-frame", tabindex: 0, role: "group", "aria-label": t("Selected part") },
      CORNERS.map((corner) => h("span", { class: "crop-handle", dataset: { corner } }))
    );
    this.element = h("div", { class: "cropper" }, this.img, this.frame);
    this.controller = new AbortController();
    this.part = null;
    this.drag = null;
    this.begin();
    if (!this.size().width) this.img.addEventListener("load", () => this.begin(), { once: true });
    this.listen();
  }
  listen() {
    const { element: element2 } = this;
    const { signal } = this.controller;
    element2.addEventListener("keydown", (event) => this.pressed(event), { signal });
    element2.addEventListener("pointerdown", (event) => this.startDrag(event), { signal });
    element2.addEventListener("pointermove", (event) => this.continueDrag(event), { signal });
    for (const type of ["pointerup", "pointercancel"]) {
      element2.addEventListener(type, () => {
        this.drag = null;
      }, { signal });
    }
  }
  begin() {
    const { box } = this.options;
    this.part = box && this.size().width ? toShares(box, this.size()) : { ...BEGIN };
    this.draw();
  }
  /** @returns {Size} */
  size() {
    return this.options.natural ?? { width: this.img.naturalWidth, height: this.img.naturalHeight };
  }
  box() {
    return this.part && this.size().width ? toPixels(this.part, this.size()) : null;
  }
  /** @param {?Part} part */
  set(part) {
    this.part = part;
    this.draw();
    this.options.onchange?.(this.box());
  }
  draw() {
    const { frame, part } = this;
    frame.hidden = part === null;
    if (part === null) return;
    frame.style.left = `${part.x * 100}%`;
    frame.style.top = `${part.y * 100}%`;
    frame.style.width = `${part.w * 100}%`;
    frame.style.height = `${part.h * 100}%`;
    const box = this.box();
    const label = !box ? t("Selected part") : t(
      "Selected part: {width} by {height} pixels, at {x}, {y}",
      { width: box.w, height: box.h, x: String(box.x), y: String(box.y) }
    );
    frame.setAttribute("aria-label", `${label}. ${HELP}`);
  }
  /** @param {KeyboardEvent} event */
  pressed(event) {
    const { onaccept, oncancel } = this.options;
    if (event.key === "Enter") onaccept?.(this.box());
    else if (event.key === "Escape") oncancel?.();
    else if (event.key in ARROWS && this.part) this.set(stepped(event, this.part));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  /**
   * Starts a drag: of a handle to resize, of the frame to move, or outside it for a new frame.
   * @param {PointerEvent} event
   */
  startDrag(event) {
    if (event.button !== 0) return;
    const corner = around(event, "[data-corner]")?.dataset.corner;
    const inFrame = around(event, ".crop-frame");
    this.drag = {
      from: this.pointOf(event),
      part: this.part,
      act: corner ?? (inFrame ? "move" : "draw")
    };
    this.element.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (inFrame) this.focus();
  }
  /** @param {PointerEvent} event */
  continueDrag(event) {
    if (!this.drag) return;
    const { from, part, act } = this.drag;
    const to = this.pointOf(event);
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    if (part && act === "move") this.set(moved(part, dx, dy));
    else if (part && act !== "draw") this.set(resized(part, act, dx, dy));
    else if (Math.abs(dx) > LEAST2 && Math.abs(dy) > LEAST2) {
      this.set({
        x: Math.min(to.x, from.x),
        y: Math.min(to.y, from.y),
        w: Math.abs(dx),
        h: Math.abs(dy)
      });
    }
  }
  /**
   * The position of a pointer, in shares of the picture.
   * @param {PointerEvent} event
   */
  pointOf({ clientX, clientY }) {
    const box = this.element.getBoundingClientRect();
    return {
      x: within2((clientX - box.left) / box.width, 0, 1),
      y: within2((clientY - box.top) / box.height, 0, 1)
    };
  }
  clear() {
    this.set(null);
  }
  focus() {
    this.frame.focus({ preventScroll: true });
  }
  destroy() {
    this.controller.abort();
    this.element.remove();
  }
};
function toPixels({ x, y, w, h: high }, { width, height }) {
  const left = Math.min(Math.round(x * width), width - 1);
  const top = Math.min(Math.round(y * height), height - 1);
  const box = {
    x: left,
    y: top,
    w: Math.max(1, Math.min(Math.round((x + w) * width), width) - left),
    h: Math.max(1, Math.min(Math.round((y + high) * height), height) - top)
  };
  return box.w === width && box.h === height ? null : box;
}
function toShares({ x, y, w, h: high }, { width, height }) {
  const left = Math.min(x / width, 1 - LEAST2);
  const top = Math.min(y / height, 1 - LEAST2);
  return { x: left, y: top, w: Math.min(w / width, 1 - left), h: Math.min(high / height, 1 - top) };
}
function stepped({ key: key2, shiftKey }, part) {
  const [dx, dy] = ARROWS[key2].map((direction) => direction * STEP5);
  return shiftKey ? resized(part, "se", dx, dy) : moved(part, dx, dy);
}
function moved(part, dx, dy) {
  return { ...part, x: within2(part.x + dx, 0, 1 - part.w), y: within2(part.y + dy, 0, 1 - part.h) };
}
function resized({ x, y, w, h: high }, corner, dx, dy) {
  let right = x + w;
  let bottom = y + high;
  let left = x;
  let top = y;
  if (corner.includes("w")) left = within2(left + dx, 0, right - LEAST2);
  if (corner.includes("e")) right = within2(right + dx, left + LEAST2, 1);
  if (corner.includes("n")) top = within2(top + dy, 0, bottom - LEAST2);
  if (corner.includes("s")) bottom = within2(bottom + dy, top + LEAST2, 1);
  return { x: left, y: top, w: right - left, h: bottom - top };
}
function within2(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

// search/weight_field.js
var WEIGHTS = [0.25, 0.5, 1, 2, 3, 5];
function weightField({ name: name2, weight, onchange }) {
  const choices = [.../* @__PURE__ */ new Set([...WEIGHTS, weight])].sort((a, b) => a - b);
  const select = h(
    "select",
    {
      class: "weight",
      title: t("Weight"),
      "aria-label": t("Weight of {name}", { name: name2 }),
      onchange: () => onchange(Number(select.value))
    },
    choices.map((choice) => h("option", { value: choice }, `× ${choice}`))
  );
  select.value = String(weight);
  return select;
}

// search/query_tiles.js
var QueryTiles = class {
  /**
   * @param {{onremove: (key: string) => void, onsign: (key: string) => void,
   *   onweight: (key: string, weight: number) => void,
   *   oncrop: (box: ?Box) => void}} options
   */
  constructor(options) {
    this.options = options;
    this.element = h("ul", { class: "query-tiles", role: "list" });
    this.frame = null;
    this.crop = null;
    this.several = false;
  }
  /**
   * @param {Tile[]} tiles
   * @param {{crop: ?Box, canCrop: boolean}} options
   */
  show(tiles2, { crop, canCrop: canCrop2 }) {
    const { element: element2 } = this;
    const focused2 = element2.contains(document.activeElement);
    this.removeFrame();
    this.crop = crop;
    this.several = tiles2.length > 1;
    element2.classList.toggle("several", this.several);
    element2.replaceChildren(...tiles2.map((tile) => this.tileOf(tile, canCrop2)));
    if (focused2 && this.frame) this.frame.focus();
    else if (focused2) element2.querySelector("button")?.focus();
  }
  /**
   * @param {Tile} tile
   * @param {boolean} canCrop
   */
  tileOf(tile, canCrop2) {
    const image2 = tile.src && h("img", { class: "query-picture", src: tile.src, alt: tile.name, decoding: "async" });
    const picture = image2 || h(
      "div",
      { class: "query-picture unseeable" },
      icon("photos", { size: 32 }),
      h("span", { class: "small" }, t("No preview"))
    );
    const stage = h("div", { class: "query-stage" }, picture);
    const tools = h("div", { class: "row crop-tools" });
    if (canCrop2 && image2 && !tile.not) {
      const place2 = { stage, tools, picture: image2, tile };
      if (this.crop) this.putFrame(place2);
      else this.offerFrame(place2);
    }
    return h(
      "li",
      {
        class: tile.not ? "query-tile not" : "query-tile",
        dataset: { key: tile.key }
      },
      stage,
      h("p", { class: "query-name small", title: tile.name }, tile.name),
      this.signAndRemove(tile),
      tools,
      h("p", { class: "query-problem small", role: "alert" }, tile.problem ?? "")
    );
  }
  /** @param {Tile} tile */
  signAndRemove({ key: key2, name: name2, not, weight }) {
    const { onsign, onremove, onweight } = this.options;
    const sign = this.several ? not ? t("Not like") : t("Like") : not ? t("Not like this") : t("Like this");
    return h(
      "div",
      { class: "row query-tools" },
      h(
        "button",
        {
          type: "button",
          class: "button quiet sign",
          onclick: () => onsign(key2),
          "aria-label": not ? t("Not like this: {name}. Press to change", { name: name2 }) : t("Like this: {name}. Press to change", { name: name2 })
        },
        icon(not ? "not" : "plus", { size: 18 }),
        sign
      ),
      weightField({ name: name2, weight, onchange: (changed) => onweight(key2, changed) }),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          title: t("Remove"),
          "aria-label": t("Remove {name}", { name: name2 }),
          onclick: () => onremove(key2)
        },
        icon("close", { size: 18 })
      )
    );
  }
  /**
   * Shows the picture without a frame, and a button that shows the frame.
   * @param {Place} place
   */
  offerFrame(place2) {
    this.removeFrame();
    const begin = h("button", { type: "button", class: "button", onclick: () => {
      this.putFrame(place2);
      this.frame?.focus();
    } }, this.several ? t("Select a part") : t("Search a part of this picture"));
    place2.stage.replaceChildren(place2.picture);
    place2.tools.replaceChildren(begin);
    return begin;
  }
  /**
   * Shows the frame over the picture, at the part of the last search.
   * @param {Place} place
   */
  putFrame(place2) {
    this.removeFrame();
    const { crop, options } = this;
    const accept = () => options.oncrop(frame.box());
    const cancel = () => this.cancel(place2);
    const go = h(
      "button",
      { type: "button", class: "button primary", onclick: accept },
      this.several ? t("Search") : t("Search this part")
    );
    const changed = (box) => {
      go.hidden = Boolean(crop && box && fromBox(box) === fromBox(crop));
    };
    const frame = cropper(place2.picture, {
      box: crop,
      natural: place2.tile,
      onaccept: accept,
      oncancel: cancel,
      onchange: changed
    });
    this.frame = frame;
    changed(frame.box());
    const back = crop ? { label: t("Whole picture"), act: () => options.oncrop(null) } : { label: t("Cancel"), act: cancel };
    place2.stage.replaceChildren(frame.element);
    place2.tools.replaceChildren(
      go,
      h("button", { type: "button", class: "button quiet", onclick: back.act }, back.label)
    );
  }
  /** @param {Place} place */
  cancel(place2) {
    if (this.crop) {
      this.putFrame(place2);
      this.frame?.focus();
    } else {
      this.offerFrame(place2).focus();
    }
  }
  removeFrame() {
    this.frame?.destroy();
    this.frame = null;
  }
  /**
   * Shows a problem under the pictures for whose key `isMatch` is true.
   * @param {string} text
   * @param {(key: string) => boolean} isMatch
   */
  showProblem(text2, isMatch) {
    for (const li of this.element.querySelectorAll("li")) {
      if (isMatch(li.dataset.key ?? "")) mustFind(".query-problem", li).textContent = text2;
    }
  }
};

// search/hit_rows.js
var NARROWEST3 = 0.4;
var WIDEST2 = 3;
function hitRows(ratios, { width, gap, first, later, fall = 0.55 }) {
  const rows = [];
  let target = first;
  let row = [];
  let sum = 0;
  const close = (stretch) => {
    const room = width - gap * (row.length - 1);
    const height = Math.floor(stretch ? room / sum : Math.min(target, room / sum));
    rows.push({ height, widths: wholeWidths(row, height, stretch ? room : null) });
    target = Math.min(later + (target - later) * fall, Math.max(height, later));
    row = [];
    sum = 0;
  };
  for (const ratio2 of ratios) {
    const shown2 = Math.min(Math.max(ratio2 || 1, NARROWEST3), WIDEST2);
    const without = row.length ? (width - gap * (row.length - 1)) / sum : Infinity;
    const including = (width - gap * row.length) / (sum + shown2);
    if (row.length && including < target && without - target < target - including) close(true);
    row.push(shown2);
    sum += shown2;
    if ((width - gap * (row.length - 1)) / sum <= target * 0.9) close(true);
  }
  if (row.length) close((width - gap * (row.length - 1)) / sum <= target * 1.1);
  return rows;
}
function wholeWidths(row, height, room) {
  const widths = row.map((ratio2) => Math.floor(ratio2 * height));
  if (room !== null) widths[widths.length - 1] += room - widths.reduce((a, b) => a + b, 0);
  return widths;
}

// search/results.js
var SIZES3 = [128, 256, 512, 1024];
var GAP3 = 6;
function hitsGrid(hits, options = {}) {
  const cells = hits.map((hit, index) => makeCell(hit, index + 1, hits.length, options));
  const element2 = h("ol", { class: "hits", role: "list" }, cells.map(({ li }) => li));
  element2.addEventListener("click", (event) => {
    const { target } = event;
    const place2 = cells.findIndex(({ anchor }) => target instanceof Node && anchor.contains(target));
    if (place2 >= 0) openFromList(hits, hits[place2].id);
  });
  const watcher = new ResizeObserver(() => {
    if (element2.isConnected) arrange(element2, cells);
  });
  watcher.observe(element2);
  return element2;
}
function makeCell(hit, rank, count2, { onclick, onlike, onunlike, under }) {
  const img = h("img", { alt: "", decoding: "async", loading: "lazy" });
  const distance = shortDistance(hit.distance);
  const anchor = link("/image", { id: hit.id, under }, {
    class: "hit-picture",
    "aria-label": t(
      "{name}, distance {distance}, number {rank} of {total}",
      { name: hit.name, distance, rank, total: count2 }
    ) + (hit.good ? t(", good match") : "") + (hit.copies ? `, ${copiesText(hit.copies)}` : ""),
    onclick: onclick && ((event) => onclick(hit, event))
  }, img);
  img.addEventListener("load", () => anchor.classList.add("loaded"));
  const button = (label, name2, act) => act && h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": `${label}: ${hit.name}`,
      title: label,
      onclick: () => act(hit)
    },
    icon(name2, { size: 18 })
  );
  const li = h(
    "li",
    { class: "hit", dataset: { box: String(rank % 4) } },
    anchor,
    (onlike || onunlike) && h(
      "div",
      { class: "hit-tools" },
      button(t("Like this too"), "plus", onlike),
      button(t("Not this one"), "not", onunlike)
    ),
    h(
      "div",
      { class: "hit-caption", "aria-hidden": "true" },
      h("span", { class: "number" }, typeof hit.probability === "number" ? `${(100 * hit.probability).toFixed(1)}%` : distance),
      hit.good && h(
        "span",
        { class: "hit-good", title: t("Nearer to the words than is usual here") },
        icon("check", { size: 14 })
      ),
      h(
        "span",
        { class: "hit-name", title: hit.folder ? `${hit.folder}/${hit.name}` : hit.name },
        hit.name
      )
    ),
    hit.copies ? copiesOf(hit.copies, hit.copy_ids ?? [], under) : null
  );
  selectable(li, hit);
  return { li, img, anchor, hit, size: 0 };
}
function copiesOf(copies, ids, under) {
  const rest = copies - ids.length;
  return h(
    "details",
    { class: "hit-copies small" },
    h("summary", null, copiesText(copies)),
    ids.map((id) => h("p", null, link("/image", { id, under }, null, id))),
    rest > 0 && h("p", { class: "soft" }, t("and {count} more", { count: rest }))
  );
}
var copiesText = (count2) => t("and {count} copy|and {count} copies", { count: count2 });
function arrange(element2, cells) {
  const width = Math.floor(element2.getBoundingClientRect().width);
  if (width < 40) return;
  const first = Math.min(Math.max(width * 0.24, 170), 420);
  const later = Math.min(Math.max(width * 0.13, 110), 230);
  const ratios = cells.map(({ hit }) => (hit.width ?? 0) / (hit.height ?? 0));
  let index = 0;
  for (const { height, widths } of hitRows(ratios, { width, gap: GAP3, first, later })) {
    for (const cellWidth of widths) {
      const { li, anchor } = cells[index];
      li.style.width = `${cellWidth}px`;
      anchor.style.height = `${height}px`;
      load2(cells[index], Math.max(cellWidth, height));
      index += 1;
    }
  }
}
function load2(cell, side) {
  const pixels2 = side * Math.min(devicePixelRatio, 2) * 0.9;
  const size = SIZES3.find((candidate) => candidate >= pixels2) ?? SIZES3[SIZES3.length - 1];
  if (size <= cell.size) return;
  cell.size = size;
  cell.img.src = imageUrl(cell.hit.id, "thumbnail", { size, v: cell.hit.v });
}

// search/answer.js
var WAIT_SHOWN_AFTER = 350;
var SearchAnswer = class {
  /**
   * @param {{onview: (view: "grid"|"rings") => void, onlike: (id: string) => void,
   *   onunlike: (id: string) => void, onretry: () => void, oncancel: () => void,
   *   info: InfoDocument, signal: AbortSignal}} options
   */
  constructor(options) {
    this.options = options;
    this.canvas = null;
    this.selection = null;
    this.waiting = 0;
    this.summary = h("p", { class: "answer-said soft small number" });
    this.choices = {
      grid: this.choice("grid", "browse", t("Rows")),
      rings: this.choice("rings", "rings", t("Rings"))
    };
    this.choose = h("div", {
      class: "choice",
      role: "group",
      "aria-label": t("Show results as"),
      hidden: true
    }, Object.values(this.choices));
    this.body = h("div", { class: "answer-body" });
    this.element = h(
      "section",
      { class: "search-answer", "aria-label": t("Results") },
      h("div", { class: "answer-bar" }, this.summary, this.choose),
      this.body
    );
  }
  /**
   * @param {"grid" | "rings"} view
   * @param {string} name
   * @param {string} label
   */
  choice(view2, name2, label) {
    const choose2 = () => this.options.onview(view2);
    return h(
      "button",
      { type: "button", class: "button quiet", onclick: choose2 },
      icon(name2, { size: 18 }),
      label
    );
  }
  /** @param {string} text says what the page waits for */
  wait(text2) {
    clearTimeout(this.waiting);
    this.body.setAttribute("aria-busy", "true");
    this.waiting = setTimeout(() => {
      this.body.classList.add("stale");
      this.summary.replaceChildren(h(
        "span",
        { class: "answer-wait" },
        h("progress", { "aria-label": text2 }),
        text2,
        h(
          "button",
          { type: "button", class: "button quiet", onclick: this.options.oncancel },
          t("Cancel")
        )
      ));
    }, WAIT_SHOWN_AFTER);
  }
  /**
   * @param {SearchResultDocument} answer
   * @param {{view: string, centre: ?Picture, under: string}} options centre: the picture in the
   *   middle of the rings
   */
  show(answer, { view: view2, centre, under }) {
    if (answer.hits.length === 0) {
      this.showHint(t("No results"), t("No picture is near enough and passes the filters."));
    } else if (view2 === "rings" && centre) {
      this.showRings(answer.hits, centre, under);
    } else {
      const host = hitsGrid(answer.hits, {
        under,
        onlike: ({ id }) => this.options.onlike(id),
        onunlike: ({ id }) => this.options.onunlike(id)
      });
      this.put(host);
      const { info: info3, signal, onretry } = this.options;
      this.selection = new ListSelection({ host, info: info3, signal, onchanged: onretry });
    }
    this.summary.textContent = summaryOf(answer);
    this.choose.hidden = answer.hits.length === 0;
    for (const [name2, button] of Object.entries(this.choices)) {
      button.setAttribute("aria-pressed", String(name2 === view2));
    }
  }
  /**
   * @param {HitDocument[]} hits
   * @param {Picture} centre
   * @param {string} under
   */
  showRings(hits, centre, under) {
    const room = h("div", { class: "answer-rings" });
    this.put(room);
    const isUpload2 = ({ id, src }) => Boolean(src) && id.startsWith("upload:");
    const hrefOf = (picture) => isUpload2(picture) ? null : `/rings?${toQuery({ id: picture.id, under })}`;
    const preview = ringPreview({ hrefOf, isCentre: ({ id }) => id === centre.id });
    preview.element.hidden = true;
    room.append(preview.element);
    const canvas2 = ringsCanvas(room, { hrefOf, onselect: (picture) => {
      preview.element.hidden = false;
      preview.show(picture);
      preview.element.classList.toggle("opposite", canvas2.isLeft(picture.id));
    } });
    this.canvas = canvas2;
    canvas2.show(centre, hits.filter(({ id }) => id !== centre.id), { moves: false });
  }
  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof Problem) || error.status !== 503) {
      this.replaceHits(problemPanel(error, this.options.onretry, 2));
      return;
    }
    this.showHint(
      t("The server is busy"),
      t("It has too many requests. Try again in a moment."),
      h(
        "button",
        { type: "button", class: "button", onclick: this.options.onretry },
        t("Try again")
      )
    );
  }
  /**
   * @param {string} title
   * @param {string} text
   * @param {...HTMLElement} actions
   */
  showHint(title10, text2, ...actions) {
    this.replaceHits(panel({ icon: "photos", level: 2, title: title10, text: text2 }, actions));
  }
  /** @param {HTMLElement} content */
  replaceHits(content) {
    this.summary.textContent = "";
    this.choose.hidden = true;
    this.put(content);
  }
  /** @param {...HTMLElement} content */
  put(...content) {
    clearTimeout(this.waiting);
    this.body.classList.remove("stale");
    this.body.removeAttribute("aria-busy");
    this.canvas?.destroy();
    this.canvas = null;
    this.selection?.stop();
    this.selection = null;
    this.body.replaceChildren(...content);
  }
  destroy() {
    this.put();
  }
};
function summaryOf({ hits, metric, exact, recall: recall2, milliseconds: milliseconds2, not_compared: left }) {
  const count2 = t("{count} picture|{count} pictures", { count: hits.length });
  const rest = left ? t(" · {count} not yet compared for copies", { count: left }) : "";
  const how = quality(exact, recall2);
  return `${count2} · ${metric}, ${how} · ${milliseconds(milliseconds2)}${rest}`;
}

// search/words.js
var QueryWords = class {
  /** @param {{onchange: (fields: {texts: string[], notTexts: string[]}) => void}} options */
  constructor({ onchange }) {
    this.onchange = onchange;
    this.texts = [];
    this.notTexts = [];
    this.problem = h("p", { class: "field-problem small", role: "alert" });
    this.chips = h("ul", { class: "word-chips", role: "list", "aria-label": t("Words") });
    this.element = h("div", { class: "query-words" }, this.chips, this.problem);
  }
  /**
   * Keeps the texts for which `isKept` is true, and adds others.
   * @param {(text: string) => boolean} isKept
   * @param {{texts?: string[], notTexts?: string[]}} [added]
   */
  change(isKept, { texts = [], notTexts = [] } = {}) {
    this.onchange({
      texts: [...this.texts.filter(isKept), ...texts],
      notTexts: [...this.notTexts.filter(isKept), ...notTexts]
    });
  }
  /** @param {import("./state.js").Search} search */
  show({ texts, notTexts }) {
    this.texts = texts;
    this.notTexts = notTexts;
    this.problem.textContent = "";
    const focused2 = this.chips.contains(document.activeElement);
    this.chips.replaceChildren(
      ...texts.map((written) => this.chipOf(written, false)),
      ...notTexts.map((written) => this.chipOf(written, true))
    );
    if (focused2) find(".sign", this.chips)?.focus();
  }
  /**
   * @param {string} written
   * @param {boolean} not
   */
  chipOf(written, not) {
    const [words, weight] = splitWeight(written);
    const isOther = (other) => other !== written;
    const weigh = (changed) => {
      const other = withWeight(words, changed);
      this.change(isOther, not ? { notTexts: [other] } : { texts: [other] });
    };
    const sign = not ? t("Without") : t("With");
    return h(
      "li",
      { class: not ? "word-chip not" : "word-chip" },
      h("span", { class: "word-text" }, words),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          title: t("Remove"),
          "aria-label": t("Remove {name}", { name: words }),
          onclick: () => this.change(isOther)
        },
        icon("close", { size: 18 })
      ),
      h("button", {
        type: "button",
        class: "button quiet sign",
        "aria-label": not ? t("Without these words: {words}. Press to change", { words }) : t("With these words: {words}. Press to change", { words }),
        onclick: () => this.change(isOther, not ? { texts: [written] } : { notTexts: [written] })
      }, icon(not ? "not" : "plus", { size: 18 }), sign),
      weightField({ name: words, weight, onchange: weigh })
    );
  }
  /** @param {string} text */
  showProblem(text2) {
    this.problem.textContent = text2;
  }
};

// search/readiness.js
function readinessOf(search2, uploads, pictures2) {
  const usable = uploads.filter((upload) => !pictures2.faultOf(upload));
  if (search2.ids.length + search2.texts.length + usable.filter(({ not }) => !not).length) {
    return { isReady: true };
  }
  if (uploads.some((upload) => pictures2.isUnreadable(upload))) {
    return {
      isReady: false,
      title: t("No search was made"),
      text: t("See the message under the picture.")
    };
  }
  if (uploads.some((upload) => pictures2.tooLarge(upload))) {
    return {
      isReady: false,
      title: t("Picture too large"),
      text: t("Remove the picture that is too large, or use a smaller copy.")
    };
  }
  if (uploads.length + search2.nots.length + search2.notTexts.length === 0) return { isReady: false };
  return {
    isReady: false,
    title: t("Nothing to search for"),
    text: t("The query says only what the results should not be like. Add a picture or words that they should be like.")
  };
}

// search/save_button.js
var SaveButton = class {
  /** @param {{signal: AbortSignal, search: () => ?Past}} options search: the shown one */
  constructor({ signal, search: search2 }) {
    this.search = search2;
    this.el = h("button", { type: "button", class: "button quiet", onclick: () => this.toggle() });
    for (
      const list4 of
      /** @type {const} */
      ["recent", "saved"]
    ) {
      const stop = subscribe(list4, () => this.show());
      signal.addEventListener("abort", stop);
    }
  }
  /** Shows whether the search is kept. */
  show() {
    const search2 = this.search();
    if (!search2) return;
    const saved = isSaved(search2);
    this.el.setAttribute("aria-pressed", String(saved));
    this.el.replaceChildren(icon("star", { size: 18 }), saved ? t("Saved") : t("Save this search"));
  }
  toggle() {
    const search2 = this.search();
    if (!search2) return;
    if (isSaved(search2)) remove("saved", search2);
    else add("saved", search2);
    announce(isSaved(search2) ? t("Search saved in this browser") : t("Search no longer saved"));
  }
};

// search/view.js
var title7 = t("Search");
var shortcuts7 = [
  ...SELECTION_KEYS,
  ["← → ↑ ↓", t("Move the frame around a part; with Shift, resize it")],
  ["Enter", t("Search the part in the frame")],
  ["Esc", t("Close the frame")]
];
var MEBI2 = 1024 * 1024;
var { show: show8, update: update7 } = lasting((main2, { signal, info: info3 }) => new SearchView(main2, signal, info3));
var SearchView = class {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main2, signal, info3) {
    this.signal = signal;
    this.collection = info3?.name ?? "";
    this.pictures = new QueryPictures({ signal, mostBytes: info3?.max_upload ?? Infinity });
    this.search = fromParams(new Query());
    this.shows = false;
    this.uploads = [];
    this.uploadsLost = false;
    this.answer = null;
    this.answered = null;
    this.shownTiles = null;
    this.problem = null;
    this.request = null;
    this.turn = null;
    this.lostServer = false;
    this.tilesState = "";
    this.tilesHaveProblem = false;
    this.tiles = new QueryTiles({
      onremove: (key2) => this.removePicture(key2),
      onsign: (key2) => this.changeSign(key2),
      onweight: (key2, weight) => this.changeWeight(key2, weight),
      oncrop: (crop) => this.change({ crop })
    });
    this.words = new QueryWords({ onchange: (fields) => this.change(fields) });
    this.filters = new SearchFilters({ signal, onchange: (fields) => this.change(fields) });
    this.results = new SearchAnswer({
      info: info3,
      signal,
      onview: (kind) => this.change({ view: kind }),
      onlike: (id) => this.mark(id, false),
      onunlike: (id) => this.mark(id, true),
      onretry: () => this.run(true),
      oncancel: () => this.cancel()
    });
    this.heading = h("h1", { tabindex: -1 }, t("Search"));
    this.offer = new MarksOffer({ onexclude: (marks) => this.change({ nots: [...this.search.nots, ...marks], crop: null }) });
    this.save = new SaveButton({ signal, search: () => this.shows ? this.toPast() : null });
    this.element = this.build();
    main2.append(this.element);
    connection.addEventListener("found", () => {
      if (this.lostServer) this.run(true);
    }, { signal });
  }
  build() {
    const addFiles = (files2) => addTerms({ files: files2 });
    return h(
      "div",
      { class: "search" },
      h(
        "section",
        { class: "search-side", "aria-label": t("Query") },
        this.heading,
        this.words.element,
        dropZone(addFiles),
        this.tiles.element,
        h(
          "div",
          { class: "row search-add" },
          pickButton(addFiles, "button", icon("plus", { size: 18 }), t("Add a picture")),
          this.save.el
        ),
        this.offer.el,
        this.filters.element
      ),
      this.results.element
    );
  }
  stop() {
    this.request?.abort();
    this.results.destroy();
    this.pictures.stop();
  }
  /**
   * Shows the search of an address.
   * @param {Query} params
   */
  async go(params) {
    const search2 = fromParams(params);
    const turn2 = /* @__PURE__ */ Symbol("turn");
    this.turn = turn2;
    const uploads = search2.upload ? await recall(search2.upload) : [];
    if (this.turn !== turn2 || this.signal.aborted) return;
    this.search = search2;
    this.shows = true;
    this.uploads = uploads ?? [];
    this.uploadsLost = uploads === null;
    const hasTerms = this.uploads.length + search2.ids.length + search2.nots.length + search2.texts.length + search2.notTexts.length > 0;
    const wasEmpty = this.element.classList.contains("empty");
    this.element.classList.toggle("empty", !hasTerms && !this.uploadsLost);
    if (wasEmpty && hasTerms) this.heading.focus({ preventScroll: true });
    this.words.show(search2);
    this.filters.show(search2);
    this.save.show();
    this.offer.show(search2);
    this.shownTiles = null;
    const run = this.run();
    await this.showTiles(turn2);
    await run;
  }
  // --- the pictures of the query
  /** @param {?symbol} turn */
  async showTiles(turn2) {
    const tiles2 = await Promise.all(entriesOf2(this.search, this.uploads).map((entry) => this.pictures.tileOf(entry)));
    if (this.turn !== turn2 || this.signal.aborted) return;
    const options = { crop: this.search.crop, canCrop: canCrop(this.search, this.uploads) };
    const state = JSON.stringify([tiles2, options]);
    if (state !== this.tilesState || this.tilesHaveProblem) this.tiles.show(tiles2, options);
    this.tilesState = state;
    this.tilesHaveProblem = false;
    this.shownTiles = tiles2;
    if (this.problem) this.showProblem(this.problem);
    const [first] = [...this.search.texts, ...tiles2.map(({ name: name2 }) => name2)];
    setTitle(first ? `${first} · ${title7}` : title7);
    if (this.search.view === "rings") this.showAnswer();
  }
  /** The uploaded pictures that can be sent: one bad picture does not block the others. */
  usable() {
    return this.uploads.filter((upload) => !this.pictures.faultOf(upload));
  }
  // --- changes of the query; each one is a new address
  /** @param {Partial<Search>} fields */
  change(fields) {
    navigate("/search", toParams({ ...this.search, ...fields }));
  }
  /**
   * @param {Upload[]} uploads
   * @param {Partial<Search>} [fields]
   */
  async changeUploads(uploads, fields = {}) {
    const upload = uploads.length ? await keep(uploads) : null;
    if (!this.signal.aborted) this.change({ upload, crop: null, ...fields });
  }
  /** @param {string} key */
  removePicture(key2) {
    const { upload, id } = parseKey(key2);
    if (id === null) {
      this.changeUploads(this.uploads.filter((_, n) => n !== upload));
    } else {
      const isOther = (other) => other !== id;
      this.change({
        ids: this.search.ids.filter(isOther),
        nots: this.search.nots.filter(isOther),
        crop: null
      });
    }
  }
  /**
   * Changes a picture from "like" to "not like", or back.
   * @param {string} key
   */
  changeSign(key2) {
    const { upload: index, id } = parseKey(key2);
    if (id === null) {
      this.changeUploads(this.uploads.map((upload, n) => n === index ? { ...upload, not: !upload.not } : upload));
    } else {
      this.mark(id, this.search.ids.includes(id));
    }
  }
  /**
   * @param {string} key
   * @param {number} weight
   */
  changeWeight(key2, weight) {
    const { upload: index, id } = parseKey(key2);
    if (id === null) {
      this.changeUploads(this.uploads.map((upload, n) => n === index ? { ...upload, weight } : upload), { crop: this.search.crop });
    } else {
      this.change({ weights: new Map([...this.search.weights, [id, weight]]) });
    }
  }
  /**
   * Adds an image of the collection to the query, as "like" or as "not like".
   * @param {string} id
   * @param {boolean} not
   */
  mark(id, not) {
    const isOther = (other) => other !== id;
    const ids = this.search.ids.filter(isOther);
    const nots = this.search.nots.filter(isOther);
    (not ? nots : ids).push(id);
    const marked = get("notLike").filter(isOther);
    set("notLike", not ? [...marked, id] : marked);
    announce(not ? t("Marked as not wanted") : t("Added to the query"));
    this.change({ ids, nots, crop: null });
  }
  /** The shown search, as it is kept among the recent and saved ones. */
  toPast() {
    return toPast(this.search, this.uploads, this.collection);
  }
  // --- the search
  /**
   * Searches, unless `again` is false and the shown answer is for the same query.
   * @param {boolean} [again]
   */
  async run(again = false) {
    const { search: search2 } = this;
    const uploads = this.usable();
    const key2 = JSON.stringify({ ...toParams(search2), view: null });
    if (!again && key2 === this.answered) {
      this.showAnswer();
      return;
    }
    this.request?.abort();
    this.answered = null;
    this.answer = null;
    this.problem = null;
    if (!this.checkQuery()) return;
    const request2 = new AbortController();
    this.request = request2;
    this.results.wait(this.waitText(uploads));
    try {
      const signal = AbortSignal.any([this.signal, request2.signal]);
      const answer = await search(toRequest(search2, uploads), { signal });
      this.answer = answer;
      this.answered = key2;
      if (this.request === request2) this.showAnswer();
      if (this.request === request2) add("recent", this.toPast());
      if (this.request === request2) {
        announce(t(
          "{count} picture found|{count} pictures found",
          { count: answer.hits.length }
        ));
      }
    } catch (error) {
      if (this.request === request2 && !isAbort(error)) this.failed(error);
    }
  }
  /** Whether the query can be sent; shows a hint if not. */
  checkQuery() {
    if (this.uploadsLost) {
      this.results.showHint(t("This picture is no longer available"), t("Only your browser keeps the pictures that you search with, and only the latest ones. Add the picture again."));
      return false;
    }
    const { isReady, title: head, text: text2 = "" } = readinessOf(this.search, this.uploads, this.pictures);
    if (head) this.results.showHint(head, text2);
    return isReady;
  }
  /** @param {Upload[]} uploads */
  waitText(uploads) {
    const bytes3 = uploads.reduce((sum, { blob }) => sum + blob.size, 0);
    return bytes3 > MEBI2 ? t(
      "Sending {size} MiB, then searching",
      { size: decimal(bytes3 / MEBI2, 1) }
    ) : t("Searching");
  }
  cancel() {
    this.request?.abort();
    this.request = null;
    this.results.showHint(t("Cancelled"), "", h(
      "button",
      { type: "button", class: "button", onclick: () => this.run(true) },
      t("Search again")
    ));
  }
  showAnswer() {
    const { view: kind, under } = this.search;
    if (!this.answer || kind === "rings" && !this.shownTiles) return;
    const tile = this.shownTiles?.find(({ not }) => !not);
    const centre = !tile ? null : {
      ...tile,
      id: tile.key.replace(/^id:/, ""),
      width: tile.width || 1,
      height: tile.height || 1
    };
    this.results.show(this.answer, { view: kind, centre, under });
  }
  /** @param {unknown} error */
  failed(error) {
    this.lostServer = error instanceof LostServer;
    const problem = error instanceof Problem ? error : null;
    const place2 = problem ? placeOf(problem) : "all";
    const sent = this.usable();
    const names = sentNames(sent);
    const number = names.findIndex((name2) => problem?.detail.startsWith(`${name2}: `));
    const prefix = number < 0 ? 0 : names[number].length + 2;
    const text2 = toSentence(problem?.detail ? problemText(problem.detail.slice(prefix)) : messageOf(error));
    if (place2 === "picture" && number >= 0 && problem?.status === 422) {
      this.goOnWithout(sent[number], text2);
      return;
    }
    if (place2 === "words") {
      this.words.showProblem(text2);
      this.results.showHint(t("No search was made"), t("See the message under the words."));
    } else if (this.filters.showProblem(place2, text2)) {
      this.results.showHint(t("A filter is not valid"), t("See the message under the filter."));
    } else if (problem && (place2 === "picture" || place2 === "id")) {
      this.problem = {
        place: place2,
        detail: problem.detail,
        text: problem.status === 413 ? t("Too large for the server. Use a smaller copy.") : text2
      };
      this.showProblem(this.problem);
      this.results.showHint(t("No search was made"), t("See the message under the picture."));
    } else {
      this.results.fail(error);
    }
  }
  /**
   * Shows what is wrong with a picture, and searches with the others.
   * @param {Upload} upload
   * @param {string} text
   */
  goOnWithout(upload, text2) {
    this.pictures.refuse(upload, text2);
    this.showTiles(this.turn);
    this.run(true);
  }
  /**
   * Shows a problem under the picture that has it. For an unreadable upload these are the uploads
   * that the browser cannot show either, or all uploads.
   * @param {{place: string, text: string, detail: string}} problem
   */
  showProblem({ place: place2, text: text2, detail }) {
    this.tilesHaveProblem = true;
    const unseen = (this.shownTiles ?? []).filter(({ key: key2, src }) => isUpload(key2) && !src);
    this.tiles.showProblem(text2, (key2) => {
      if (place2 === "id") return key2.startsWith("id:") && detail.includes(key2.slice(3));
      return isUpload(key2) ? unseen.length === 0 || unseen.some((tile) => tile.key === key2) : this.uploads.length === 0;
    });
  }
};
function toSentence(text2) {
  return capitalise(/[.!?。！？]$/.test(text2) ? text2 : `${text2}.`);
}

// setup/view.js
var view_exports8 = {};
__export(view_exports8, {
  show: () => show9,
  title: () => title8
});
var title8 = t("First run");
async function show9(main2, _params, { signal, info: info3 }) {
  const place2 = h(
    "div",
    { class: "setup" },
    h("h1", { tabindex: "-1" }, info3.name),
    h("p", { class: "soft", role: "status" }, t("Looking at the folder…"))
  );
  main2.append(place2);
  setTitle(title8);
  const look = async () => {
    try {
      const found = await get2("/setup", null, { signal });
      place2.replaceChildren(...parts(found, info3, signal, look));
    } catch (error) {
      if (!isAbort(error)) place2.replaceChildren(problemPanel(error, look));
    }
  };
  await look();
}
function parts(found, info3, signal, look) {
  const heading2 = [
    h("h1", { tabindex: "-1" }, info3.name),
    h("p", { class: "soft setup-folder" }, h("code", null, found.folder))
  ];
  if (found.problem) {
    return present([
      ...heading2,
      panel({
        icon: "problem",
        level: 2,
        title: t("This folder cannot be indexed"),
        text: found.problem
      }, h(
        "button",
        { type: "button", class: "button", onclick: look },
        t("Look again")
      )),
      leftOut(found)
    ]);
  }
  return present([
    ...heading2,
    contents(found),
    leftOut(found),
    outer(found),
    new Start(found, signal).form
  ]);
}
function contents({ images: images3, bytes: bytes3, formats }) {
  return h(
    "section",
    { "aria-labelledby": "setup-found" },
    h(
      "h2",
      { id: "setup-found" },
      t(
        "{count} image|{count} images",
        { count: images3 }
      ),
      h("span", { class: "soft small number" }, ` ${bytes2(bytes3)}`)
    ),
    h(
      "ul",
      { class: "setup-formats", "aria-label": t("Formats") },
      Object.entries(formats).map(([ending, count2]) => h(
        "li",
        null,
        ending || t("no ending"),
        h("span", { class: "number soft" }, ` ${count(count2)}`)
      ))
    )
  );
}
function leftOut({ not_read: notRead, unlisted }) {
  const lines = [notRead && capitalise(notRead), unlisted && t(
    "{count} folder could not be read|{count} folders could not be read",
    { count: unlisted }
  )].filter(Boolean);
  return lines.length > 0 && h("p", { class: "soft small" }, `${lines.join(". ")}.`);
}
function outer({ inside: inside2 }) {
  return inside2 && h("p", { class: "soft small" }, rich(
    "This folder is inside a folder that has a collection already. To look around in that one, run {command}.",
    { command: h("code", null, `sokkuri serve ${inside2}`) }
  ));
}
var Start = class {
  /**
   * @param {SetupDocument} found
   * @param {AbortSignal} signal
   */
  constructor(found, signal) {
    this.found = found;
    this.signal = signal;
    this.turn = 0;
    this.estimate = h("p", { class: "setup-estimate number", role: "status" });
    this.button = h("button", { type: "submit", class: "button primary" }, t("Index"));
    this.fault = h("p", { class: "setup-fault", role: "alert" });
    this.form = h(
      "form",
      { class: "setup-form" },
      h(
        "fieldset",
        null,
        h("legend", null, t("Network")),
        found.networks.map((network, number) => this.choice(network, number === 0)),
        h("p", { class: "soft small" }, rich(
          "To search by words, or for other networks, see {command}. A collection can get another network later.",
          { command: h("code", null, "sokkuri models") }
        ))
      ),
      this.estimate,
      h("p", { class: "soft small" }, rich("The collection is kept in {folder}. Images are only read, never changed.", { folder: h("code", null, found.store) })),
      this.fault,
      h("div", { class: "row" }, this.button)
    );
    this.form.addEventListener("change", () => this.ask());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.begin();
    });
    this.ask();
  }
  /**
   * @param {NetworkDocument} network
   * @param {boolean} checked
   */
  choice({ name: name2, source: source2, words, dimension }, checked) {
    return h(
      "label",
      { class: "setup-network" },
      h("input", { type: "radio", name: "network", value: name2, checked }),
      h(
        "span",
        null,
        h("strong", null, name2),
        h("span", { class: "soft small" }, " ", words ? t(
          "{number} numbers an image, searches by words too. {source}",
          { number: dimension, source: source2 }
        ) : t("{number} numbers an image. {source}", { number: dimension, source: source2 }))
      )
    );
  }
  get network() {
    return String(new FormData(this.form).get("network"));
  }
  /** Asks what a run with the chosen network needs. The button works meanwhile. */
  async ask() {
    const thisTurn = ++this.turn;
    this.estimate.textContent = t("Estimating time and space with a few images…");
    let text2 = "";
    try {
      const needs = await get2(
        "/setup/estimate",
        { network: this.network },
        { signal: this.signal }
      );
      text2 = this.describe(needs);
    } catch (error) {
      if (isAbort(error)) return;
      text2 = t("There is no estimate: {reason}", { reason: messageOf(error) });
    }
    if (thisTurn === this.turn) this.estimate.textContent = text2;
  }
  /** @param {EstimateDocument} needs */
  describe({ seconds, disk_bytes: disk, memory_bytes: memory3 }) {
    const { free_bytes: free } = this.found;
    const values = {
      time: duration(seconds),
      disk: bytes2(disk),
      free: bytes2(free),
      memory: bytes2(memory3)
    };
    return disk > free ? t("About {time}, {disk} on disk, but only {free} are free, up to {memory} of memory.", values) : t("About {time}, {disk} on disk of {free} that are free, up to {memory} of memory.", values);
  }
  async begin() {
    this.button.disabled = true;
    this.fault.textContent = "";
    announce(t("The collection is being created"));
    try {
      await change("/setup", { network: this.network });
      location.assign("/browse");
    } catch (error) {
      this.fault.textContent = capitalise(messageOf(error));
      this.button.disabled = false;
    }
  }
};

// status/view.js
var view_exports9 = {};
__export(view_exports9, {
  show: () => show10,
  title: () => title9
});

// status/watched.js
function makeWatched() {
  const el = h("p", { class: "watched", role: "status", hidden: true });
  let shown2 = null;
  const update8 = ({ watch }) => {
    const text2 = watch ? describe2(watch) : "";
    if (text2 === shown2) return;
    shown2 = text2;
    el.hidden = !text2;
    el.classList.toggle("waiting", watch?.state === "waiting");
    el.textContent = text2;
  };
  return { el, update: update8 };
}
function describe2({ state, text: text2, poll }) {
  if (state === "waiting") return t("{reason}.", { reason: capitalise(serverText(text2)) });
  if (state === "starting") return t("The server begins to watch the folder.");
  if (poll === null) return t("The server indexes changes of the folder as they come.");
  return t(
    "The server looks for changes of the folder every {seconds} s.",
    { seconds: count(poll) }
  );
}

// status/view.js
var title9 = t("Status");
var PAGE3 = 50;
var CALM4 = 3e3;
async function show10(main2, _params, { signal, info: info3 }) {
  const tasks = [makeProgress(t("Indexing"), indexing), makeProgress(t("Replacing"), replacing)];
  const runs = makeRuns({ signal, buttons: true });
  const watched = makeWatched();
  const numbers2 = h("section", { class: "numbers", "aria-label": t("Counts") });
  const about2 = h("section", { class: "about-index", "aria-label": t("Index") });
  const failed = h("section", { class: "failures", "aria-labelledby": "failures" });
  const damaged2 = h("section", { class: "failures", "aria-labelledby": "damaged", hidden: true });
  main2.append(h(
    "div",
    { class: "status" },
    h("h1", { tabindex: "-1" }, t("Status")),
    tasks.map((task) => task.el),
    numbers2,
    watched.el,
    runs.el,
    about2,
    failed,
    damaged2
  ));
  const selecting = new ListSelection({ host: main2, info: info3, signal, searchable: false });
  for (let i = 0; i < 5; i++) numbers2.append(h("div", { class: "skeleton tile" }));
  let seen = null;
  let wasReplacing = false;
  const draw = async () => {
    const status2 = await status({ signal });
    numbers2.replaceChildren(...tiles(status2));
    about2.replaceChildren(...indexFacts(status2, info3));
    const isNew = seen?.failed !== status2.failed || seen?.damaged !== status2.damaged;
    if (isNew) selecting.selection.clear();
    if (seen?.failed !== status2.failed) await listFailures(failed, status2.failed, signal);
    if (seen?.damaged !== status2.damaged) await listDamaged(damaged2, status2.damaged, signal);
    seen = status2;
  };
  await draw();
  const stop = follow((status2) => {
    for (const task of tasks) task.update(status2);
    runs.update(status2);
    watched.update(status2);
    numbers2.replaceChildren(...tiles({ ...seen, ...status2 }));
    const replaced = wasReplacing && !status2.replacement;
    wasReplacing = Boolean(status2.replacement);
    return status2.revision !== seen?.revision || status2.failed !== seen.failed || replaced;
  }, draw);
  return () => {
    for (const task of tasks) task.stop();
    stop();
  };
}
function follow(update8, draw) {
  let timer2 = 0;
  const stop = events((status2) => {
    if (!update8(status2)) return;
    clearTimeout(timer2);
    timer2 = setTimeout(() => draw().catch(() => {
    }), CALM4);
  });
  return () => {
    clearTimeout(timer2);
    stop();
  };
}
function tiles({ total, waiting, failed = 0, damaged: damaged2 = 0, missing, removed }) {
  const all = [
    [t("Images"), total, t("can be searched")],
    [t("Waiting"), waiting, t("to be indexed")],
    [t("Failed"), failed, t("could not be read"), failed > 0],
    [t("Damaged"), damaged2, t("read in part"), damaged2 > 0],
    [t("Missing"), missing, t("files that no longer exist")],
    [t("Removed"), removed, t("excluded from searches")]
  ];
  return all.map(([label, value, text2, bad]) => h(
    "div",
    { class: `tile${bad ? " bad" : ""}` },
    h("h2", null, label),
    h("p", { class: "figure number" }, count(value ?? 0)),
    h("p", { class: "soft small" }, text2)
  ));
}
function indexFacts(status2, info3) {
  const { root, store, model, dimension, dtype, bytes: bytes3, ann } = status2;
  const lines = [
    [t("Searches"), ann ? t("Approximate") : t("Exact")],
    [t("Distance"), ann?.metric ?? info3.metric],
    [t("Model"), `${model}, ${dimension} × ${dtype}`],
    [t("On disk"), bytes2(bytes3)],
    [t("Folder"), h("code", null, root)],
    [t("Store"), h("code", null, store)],
    [t("Version"), `sokkuri ${info3.version}`]
  ];
  return present([
    h("h2", null, t("Index")),
    h("p", { class: "soft" }, ann ? t("Share of the true nearest neighbours that a search finds:") : t("Every search returns exactly the nearest images.")),
    ann && h(
      "div",
      { class: "recalls" },
      Object.entries(ann.recall).map(([k, share]) => recallLine(k, share)),
      Object.entries(ann.text_recall).map(([k, share]) => recallLine(k, share, true)),
      h(
        "p",
        { class: "soft small" },
        t(
          "{number} of {total} rows are in the index.",
          { number: ann.covered, total: ann.rows }
        )
      )
    ),
    h("dl", null, lines.map(([label, value]) => h("div", null, h("dt", null, label), h("dd", null, value)))),
    h("div", { class: "row" }, h("button", {
      type: "button",
      class: "button quiet",
      title: t("Versions and counts to report a bug with. It names no file."),
      onclick: () => copyReport()
    }, icon("copy", { size: 18 }), t("Copy a report")))
  ]);
}
async function copyReport() {
  try {
    const { text: text2 } = await get2("/report");
    await copyText(text2, t("Report copied"));
  } catch (error) {
    toast(t("The report could not be made: {reason}", { reason: messageOf(error) }));
  }
}
function recallLine(k, share, byWords = false) {
  const nearest2 = k === "1" ? t("The nearest") : t("The nearest {k}", { k });
  const label = byWords ? t("{nearest}, by words", { nearest: nearest2 }) : nearest2;
  return h(
    "div",
    { class: "recall" },
    h("span", null, label),
    h("meter", { min: 0, max: 1, value: share, "aria-label": byWords ? t("Recall at {k}, by words", { k }) : t("Recall at {k}", { k }) }),
    h("span", { class: "number" }, percent(share))
  );
}
async function listFailures(host, total, signal) {
  clear(host);
  host.append(h("h2", { id: "failures" }, t("Failures")));
  if (!total) {
    host.append(h("p", { class: "soft" }, t("Every image could be read.")));
    return;
  }
  await listImages(host, async (cursor) => {
    const { failures: failures2, next } = await failures({ limit: PAGE3, cursor }, { signal });
    const lines = failures2.map(({ id, stage, reason }) => ({
      id,
      text: t("{stage}: {reason}", { stage: serverText(stage), reason: serverText(reason) })
    }));
    return { lines, next };
  });
}
async function listDamaged(host, total, signal) {
  clear(host);
  host.hidden = !total;
  if (!total) return;
  host.append(h("h2", { id: "damaged" }, t("Read in part")));
  await listImages(host, async (cursor) => {
    const { damaged: damaged2, next } = await damaged({ limit: PAGE3, cursor }, { signal });
    return { lines: damaged2.map(({ id, reason }) => ({ id, text: serverText(reason) })), next };
  });
}
async function listImages(host, read3) {
  const list4 = h("ul", null);
  const more = h("button", { type: "button", class: "button" }, t("Show more"));
  host.append(list4, more);
  let cursor = null;
  const load3 = async () => {
    more.disabled = true;
    try {
      const page = await read3(cursor);
      list4.append(...page.lines.map(imageItem));
      cursor = page.next;
      more.hidden = !cursor;
    } catch (error) {
      if (!isAbort(error)) host.append(problemPanel(error, null, 3));
    }
    more.disabled = false;
  };
  more.addEventListener("click", load3);
  await load3();
}
function imageItem({ id, text: text2 }) {
  const img = h("img", {
    alt: "",
    loading: "lazy",
    src: imageUrl(id, "thumbnail", { size: 64 })
  });
  img.addEventListener("error", () => img.replaceWith(icon("missing")));
  return selectable(h(
    "li",
    null,
    h("span", { class: "thumb" }, img),
    h(
      "div",
      null,
      link("/image", { id }, null, id),
      h("p", { class: "soft small" }, text2)
    )
  ), { id, name: id });
}

// app.js
var ROUTES = {
  "/browse": view_exports,
  "/search": view_exports7,
  "/rings": view_exports6,
  "/map": view_exports5,
  "/image": view_exports3,
  "/duplicates": view_exports2,
  "/label": view_exports4,
  "/status": view_exports9
};
var THEMES = {
  auto: t("Theme: same as the system"),
  light: t("Theme: light"),
  dark: t("Theme: dark")
};
var PLACES = {
  b: "/browse",
  s: "/search",
  r: "/rings",
  m: "/map",
  d: "/duplicates",
  l: "/label",
  t: "/status"
};
var MOSAIC_FORCED = t("Mosaic stays on: the server was started with --mosaic");
var info2 = null;
function getInfo2() {
  info2 ??= info().then((answer) => {
    if (answer.mosaic) force("mosaic", true);
    return answer;
  }).catch((error) => {
    info2 = null;
    throw error;
  });
  return info2;
}
function themeButton() {
  const order = (
    /** @type {(keyof typeof THEMES)[]} */
    Object.keys(THEMES)
  );
  const button = h("button", { type: "button", class: "icon-button" });
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.replaceChildren(icon({ auto: "auto", light: "sun", dark: "moon" }[theme]));
    button.setAttribute("aria-label", THEMES[theme]);
    button.title = THEMES[theme];
  };
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(get("theme")) + 1) % order.length];
    set("theme", next);
    toast(THEMES[next]);
  });
  subscribe("theme", apply);
  apply(get("theme"));
  return button;
}
function mosaicButton() {
  const button = h("button", {
    type: "button",
    class: "icon-button",
    role: "switch",
    "aria-label": t("Mosaic: show pictures as blocks")
  }, icon("mosaic"));
  const apply = (on) => {
    const forced2 = isForced("mosaic");
    button.setAttribute("aria-checked", String(on));
    button.setAttribute("aria-disabled", String(forced2));
    button.title = forced2 ? MOSAIC_FORCED : on ? t("Mosaic is on") : t("Mosaic: show pictures as blocks");
  };
  button.addEventListener("click", () => {
    if (isForced("mosaic")) toast(MOSAIC_FORCED);
    else set("mosaic", !get("mosaic"));
  });
  subscribe("mosaic", (on) => {
    apply(on);
    if (!isForced("mosaic")) reload();
  });
  apply(get("mosaic"));
  return button;
}
function helpButton() {
  return h("button", {
    type: "button",
    class: "icon-button",
    "aria-label": t("Keyboard shortcuts"),
    title: t("Keyboard shortcuts (?)"),
    onclick: openHelp
  }, icon("help"));
}
function listenForShortcuts(focusFind) {
  let prefixTime = -Infinity;
  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || event.defaultPrevented || isTyping(event)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") openHelp();
    else if (event.key === "/") focusFind();
    else if (event.key === "g") prefixTime = event.timeStamp;
    else if (event.timeStamp - prefixTime < 1200 && event.key in PLACES) {
      prefixTime = -Infinity;
      navigate(PLACES[event.key]);
    } else return;
    event.preventDefault();
  });
}
function listenForSkip(main2) {
  mustFind(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main2.focus();
  });
}
function bootSetup(main2) {
  document.body.classList.add("setting-up");
  mustFind("#tools").append(themeButton());
  listenForSkip(main2);
  start({ "/setup": view_exports8 }, main2, getInfo2);
}
function boot() {
  translateDocument(document.body);
  for (const placeholder of findAll("[data-icon]", document)) {
    const name2 = placeholder.dataset.icon ?? "";
    placeholder.replaceWith(icon(name2, { size: name2 === "mark" ? 24 : 20 }));
  }
  mustFind(".wordmark .kana").append(kana());
  const main2 = mustFind("#view");
  if (location.pathname === "/setup") {
    bootSetup(main2);
    return;
  }
  mustFind("#tools").append(mosaicButton(), themeButton(), helpButton());
  watchConnection(mustFind("#banner"), () => {
    if (!main2.firstElementChild || main2.querySelector("[data-lost]")) reload();
  });
  listenForShortcuts(installFind(mustFind("#find-place"), getInfo2));
  listenForZoom();
  listenForSkip(main2);
  start(ROUTES, main2, getInfo2);
}
boot();
