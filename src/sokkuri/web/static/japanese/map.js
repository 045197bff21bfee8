// Japanese: the pages Map and Rings.

export const MAP = {
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
  "With a rectangle or a lasso: add to the selection, take from it":
    "四角やなげなわで：選択に追加、選択から外す",
  "{reason}. The map was loaded again": "{reason}。マップを読み込み直しました",
  "About the map": "マップについて",
  "Map of {count} picture. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.|Map of {count} pictures. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.":
    "{count} 枚の画像のマップ。似ている画像は近くにあります。矢印キーで移動、プラスとマイナスで拡大と縮小。拡大すると、Tab で画像へ移動できます。",
  " Regions: {regions}.": "領域：{regions}。",
  "No picture is on the map": "マップに画像がありません",
  "There is no map yet": "マップはまだありません",
  "A map shows all pictures as points. Similar pictures are near each other.":
    "マップは、すべての画像を点で表します。似ている画像ほど近くに並びます。",
  ", {count} more without a place": "、ほかに未配置 {count} 枚",
  "This browser cannot draw the points: it has no WebGL 2.":
    "このブラウザーは WebGL 2 に対応していないため、点を描けません。",
  "The picture most like {name} is lit. |The {count} pictures most like {name} are lit. ":
    "{name} に最も似ている {count} 枚を強調しています。",
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
  "No copies are known. The page Duplicates finds them.":
    "コピーはまだ見つかっていません。「重複」ページで探せます。",
  "{number} pictures are in {count} group of copies. The pictures of a group have one colour.|{number} pictures are in {count} groups of copies. The pictures of a group have one colour.":
    "{number} 枚が {count} グループのコピーに属します。同じグループの画像は同じ色です。",
  "Regions": "領域",

  // rings
  "{count} picture around {name}. Nearer pictures are more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.|{count} pictures around {name}. Nearer pictures are more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.":
    "{name} の周りに {count} 枚の画像。近いほど似ています。矢印キーで移動、プラスとマイナスで拡大と縮小、Tab で画像へ移動します。",
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
  "{name} in the middle, {count} picture around it|{name} in the middle, {count} pictures around it":
    "中心は {name}、周りに {count} 枚",
  "No other pictures were found. ": "ほかの画像は見つかりませんでした。",
  "; the farthest at {distance}": "、最も遠い画像の距離 {distance}",
  "Search all folders": "すべてのフォルダーを検索",
  "Picture not found": "画像が見つかりません",
  "No rings for this picture": "この画像のリングは表示できません",
  "Choose another": "ほかの画像を選ぶ",
  "Rings start from a picture, and this collection has none.":
    "リングには起点の画像が必要ですが、このコレクションには画像がありません。",
  "One picture is in the middle, and similar pictures are around it. Nearer pictures are more similar. Choose a picture to start.":
    "1枚の画像を中心に、似ている画像を周りに並べます。近いほど似ています。最初の画像を選んでください。",
  "Search with a photo": "写真で検索",
};
