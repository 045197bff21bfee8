// Japanese: the page Search, and the search field of every page.

export const SEARCH = {
  // the field at the top
  "Drop to search": "ドロップして検索",
  "Choose a picture": "画像を選ぶ",
  "Words, a picture or an id": "言葉、画像、ID",
  "A picture or an id": "画像またはID",
  "Type words or the id of an image, or paste or drop a picture on any page.":
    "言葉か画像のIDを入力します。どのページでも、画像を貼り付けたりドロップしたりできます。",
  "Saved searches": "保存した検索",
  "Recent searches": "最近の検索",
  "Remove saved search {search}": "保存した検索「{search}」を消去",
  "Remove recent search {search}": "最近の検索「{search}」を消去",
  "Several images have this name. Write the whole id, with the folder.":
    "同じ名前の画像が複数あります。フォルダーを含むID全体を入力してください。",
  "No image has this id or name, and words are not known here.":
    "このIDや名前の画像はありません。また、このコレクションは言葉では検索できません。",
  "a picture": "画像",
  "without {term}": "{term} を除く",
  "a part": "一部分",

  // the query
  "Query": "検索条件",
  "Add a picture": "画像を追加",
  "Pasted picture": "貼り付けた画像",
  "Added to the query": "検索条件に追加しました",
  "Add or replace?": "追加しますか、置き換えますか？",
  "The search has {pictures} already. Add this one to it, or search with this one instead? Words and filters stay.|The search has {pictures} already. Add these {count} to it, or search with these instead? Words and filters stay.":
    "検索条件に画像がすでに {pictures}あります。この {count} 枚を追加しますか、それとも置き換えて検索しますか？ 言葉と絞り込みはそのまま残ります。",
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
  "You marked one picture as “not this one”.|You marked {count} pictures as “not this one”.":
    "「これではない」と印を付けた画像が {count} 枚あります。",
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
  "Selected part: {width} by {height} pixels, at {x}, {y}":
    "選んだ部分：{width} × {height} ピクセル、位置 {x}, {y}",
  "Arrow keys move the frame, Shift and arrow keys resize it, Enter searches, Escape cancels.":
    "矢印キーで枠を移動、Shift と矢印キーで大きさを変更、Enter で検索、Escape でキャンセル。",
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
  "The nearest of some copies stands for all that were found on the page Duplicates.":
    "「重複」ページで見つかったコピーは、最も近い1枚で代表して表示します。",

  // the answer
  "Results": "検索結果",
  "Show results as": "結果の表示方法",
  "Rows": "並べて表示",
  "No results": "見つかりませんでした",
  "No picture is near enough and passes the filters.":
    "距離と絞り込みの条件を満たす画像がありません。",
  "The server is busy": "サーバーが混み合っています",
  "It has too many requests. Try again in a moment.":
    "要求が多すぎます。少し待ってから、もう一度お試しください。",
  " · {count} not yet compared for copies": " · コピーの比較がまだの画像 {count} 枚",
  ", good match": "、よく合っています",
  "Like this too": "これにも似ている",
  "Nearer to the words than is usual here": "このコレクションの中では、言葉によく合っています",
  "and {count} more": "ほか {count} 枚",
  "and {count} copy|and {count} copies": "ほかにコピー {count} 枚",
  "{count} picture found|{count} pictures found": "{count} 枚見つかりました",
  "This picture is no longer available": "この画像はもう使えません",
  "Only your browser keeps the pictures that you search with, and only the latest ones. Add the picture again.":
    "検索に使った画像はブラウザーだけが保存し、新しいものしか残りません。もう一度追加してください。",
  "No search was made": "検索しませんでした",
  "See the message under the picture.": "画像の下のメッセージをご覧ください。",
  "See the message under the words.": "言葉の下のメッセージをご覧ください。",
  "A filter is not valid": "絞り込みの指定が正しくありません",
  "See the message under the filter.": "絞り込みの下のメッセージをご覧ください。",
  "Picture too large": "画像が大きすぎます",
  "Remove the picture that is too large, or use a smaller copy.":
    "大きすぎる画像を外すか、縮小した画像を使ってください。",
  "Too large: {size} MiB. The server accepts {most} MiB at most.":
    "大きすぎます：{size} MiB。サーバーが受け付けるのは {most} MiB までです。",
  "Too large for the server. Use a smaller copy.":
    "サーバーが受け付ける大きさを超えています。縮小した画像を使ってください。",
  "Nothing to search for": "検索するものがありません",
  "The query says only what the results should not be like. Add a picture or words that they should be like.":
    "検索条件に、除くものしかありません。似ている画像か言葉を追加してください。",
  "Sending {size} MiB, then searching": "{size} MiB を送信してから検索します",
  "Searching": "検索しています",
  "Cancelled": "キャンセルしました",
  "Search again": "もう一度検索",
  "Drop a photo here": "ここに写真をドロップ",
  "or paste one, to find pictures that look like it. The photo is sent only to this server, and the server does not keep it.":
    "または貼り付けると、似ている画像が見つかります。写真はこのサーバーだけに送られ、サーバーには残りません。",
  "Choose photos": "写真を選ぶ",
  "Choose from the collection": "コレクションから選ぶ",
};
