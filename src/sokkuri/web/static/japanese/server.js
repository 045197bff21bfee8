// Japanese: texts that the server writes. Names in braces stand for any text. A text that is not
// here, such as the reason of a rare fault, is shown in English.

export const SERVER = {
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
  "the file is cut short, and only whole {kind} files can be read":
    "ファイルが途中で切れています。{kind} は全体がそろっていないと読み取れません",
  "the file is cut short: {share} of the picture is missing":
    "ファイルが途中で切れています（{share} が欠けています）",
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
  "stands for itself: all others are nearer to another labelled or suggested one":
    "この画像だけを代表します。ほかの画像は、別のラベル付きまたは提案済みの画像のほうが近くにあります",
  "stands for about {number} images: no labelled or suggested one is nearer to them":
    "およそ {number} 枚を代表します。それらに、より近いラベル付きまたは提案済みの画像はありません",
  "no image has a label yet, and this one is nearest to the average":
    "ラベルの付いた画像がまだなく、この画像が平均に最も近いため",
  "{name} is the nearest, at {distance}": "最も近いのは {name}、距離 {distance}",

  // words
  "the collection's model {name} knows no words: give it one that does: install the extras words and hub, then {first} (it fetches {size} MB), then {second}":
    "このコレクションのモデル {name} では、言葉で検索できません。言葉を扱えるモデルにするには、追加機能 words と hub をインストールし、{first} を実行して（{size} MB を取得）、{second} を実行してください",

  // the first run
  "The server may not read {folder}.": "サーバーに {folder} を読み取る権限がありません。",
  "There are no images in {folder}.": "{folder} に画像がありません。",
};
