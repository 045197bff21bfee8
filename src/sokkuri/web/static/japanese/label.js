// Japanese: the page Label.

export const LABEL = {
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
  "One label is not saved yet: {reason}|{count} labels are not saved yet: {reason}":
    "{count} 件のラベルがまだ保存されていません：{reason}",
  "Could not be loaded: {reason}": "読み込めませんでした：{reason}",

  // suggestions
  "Looking for the images whose labels help most…":
    "ラベルを付けると最も役に立つ画像を探しています…",
  "Looking for images": "画像を探しています",
  "{stage} · {number} of {total}": "{stage} · {total} 件中 {number} 件",
  "Why this image? {reason}.": "この画像を選んだ理由：{reason}。",
  "Suggested by its neighbours: {label} ({percent}%)":
    "近い画像からの提案：{label}（{percent}%）",
  "Nearest labelled images": "最も近いラベル付きの画像",
  "No image has a label yet.": "ラベルの付いた画像はまだありません。",
  "{label}: {name}, distance {distance}": "{label}：{name}、距離 {distance}",
  "To add pictures, run {command}": "画像を追加するには {command} を実行してください",
  "Show skipped images again": "スキップした画像をもう一度表示",
  "Nothing left to suggest": "提案できる画像はもうありません",
  "Every image has a label.": "すべての画像にラベルが付いています。",
  "Each image without a label in this part was skipped, or is nearly the same as a labelled image.":
    "この範囲でラベルのない画像は、スキップしたか、ラベル付きの画像とほとんど同じです。",
  "Each image without a label was skipped, or is nearly the same as a labelled image.":
    "ラベルのない画像は、スキップしたか、ラベル付きの画像とほとんど同じです。",

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
  "Each image without a label goes to the label whose words it fits best. The confidence is its share among these labels. No image is labelled until you accept it.":
    "ラベルのない画像を、言葉が最もよく合うラベルに振り分けます。確信度は、これらのラベルの中での割合です。承認するまでラベルは付きません。",
  "Write two labels or more, to choose from.": "ラベルを2つ以上入力してください。",
  "{count} candidate|{count} candidates": "候補 {count} 枚",
  "Candidates for {label}": "{label} の候補",
  "No image without a label fits these words well enough.":
    "ラベルのない画像のうち、この言葉によく合うものはありません。",
  "Accept all {number} that are shown": "表示中の {number} 枚をすべて承認",
  "{name}, {label} with confidence {share}": "{name}、{label}、確信度 {share}",
  "Accept": "承認",
  "Refuse": "却下",
  "Refused: {name}": "却下しました：{name}",

  // where labelling stands
  "Labelled images": "ラベル付きの画像",
  "{number} of {total} labelled": "{total} 枚中 {number} 枚にラベル",
  "Estimated accuracy": "推定の正解率",
  "When you have labelled some images of two or more kinds, this shows how well a label can be predicted from the other labels.":
    "2種類以上の画像にラベルを付けると、ほかのラベルからどれだけ正しく予測できるかをここに表示します。",
  "{share} at {count} label|{share} at {count} labels": "{share}（ラベル {count} 件）",
  ", from {share} at {count}": "、{count} 件のときは {share}",
  "Each label is predicted from the nearest other labelled images.":
    "各ラベルを、最も近いほかのラベル付き画像から予測しています。",
  "Rename or delete labels": "ラベルの名前変更と削除",
  "Export as CSV": "CSVで書き出す",

  // rename, merge, delete
  "Rename": "名前を変更",
  "Browse {label}": "{label} を一覧で表示",
  "Rename {label}": "{label} の名前を変更",
  "Delete {label}": "{label} を削除",
  "New name of {label}": "{label} の新しい名前",
  "Merge with {images}": "{images}と統合",
  "{count} image no longer has the label “{label}”. |{count} images no longer have the label “{label}”. ":
    "{count} 枚からラベル「{label}」を外しました。",
  "{count} image now has the label “{to}” instead of “{label}”. |{count} images now have the label “{to}” instead of “{label}”. ":
    "{count} 枚のラベルを「{label}」から「{to}」に変更しました。",
  "{count} image has the label “{label}” again.|{count} images have the label “{label}” again.":
    "{count} 枚のラベルを「{label}」に戻しました。",

  // shortcuts
  "Give the label with this number": "この番号のラベルを付ける",
  "Give the suggested label": "提案されたラベルを付ける",
  "Find or add a label; by words: write labels": "ラベルを探す、追加する。言葉で：ラベルを入力",
  "Switch between single images and groups": "1枚ずつとまとめての切り替え",
  "In a group: move": "まとめて：移動",
  "In a group: select all or none": "まとめて：すべて選択、解除",
  "In a group: open the image": "まとめて：画像を開く",
};
