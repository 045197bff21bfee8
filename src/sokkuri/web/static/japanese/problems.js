// Japanese: what the server says when it does not do what a page asks for. Names in braces stand for any
// text; {reason}, {wanted} and {there} for one that may have its own translation.

export const PROBLEMS = {
  // another change came first
  "the images of this grid have changed: load it again": "この一覧の画像が変わりました。読み込み直してください",
  "the map has changed: load it again": "マップが変わりました。読み込み直してください",
  "the collection has changed since these images were selected":
    "選択した後にコレクションが変わりました",
  "the images, or those that pass the filter, have changed since these were selected: nothing was done, select again":
    "選択した後に、画像または絞り込みの結果が変わりました。何も行っていません。選択し直してください",
  "some of these images no longer pass the filter: nothing was done, select again":
    "絞り込みに合わなくなった画像があります。何も行っていません。選択し直してください",
  "{name} has {there} by now: another page gave it":
    "{name} のラベルは、別のページで変わりました（現在：{there}）",
  "no label": "ラベルなし",
  "the label {label}": "ラベル {label}",
  "the server has forgotten this selection: select again":
    "サーバーにこの選択が残っていません。選択し直してください",

  // busy, too large, too slow, not allowed
  "too many searches are waiting: try again in a moment":
    "待っている検索が多すぎます。しばらくしてからもう一度お試しください",
  "too many {kind} are waiting: try again in a moment":
    "待っている要求が多すぎます（{kind}）。しばらくしてからもう一度お試しください",
  "the body of the request is larger than {size}, the limit for this address: see --max-upload for pictures":
    "送信したデータが上限 {size} を超えています。画像の上限は --max-upload で変えられます",
  "the body of the request did not arrive in time": "送信したデータが時間内に届きませんでした",
  "the body of the request arrives too slowly": "送信したデータの届き方が遅すぎます",
  "this server sends mosaics only, and no films": "このサーバーはモザイクだけを送り、動画は送りません",
  "this server sends mosaics only, and no original files":
    "このサーバーはモザイクだけを送り、元のファイルは送りません",
  "only this server's own pages may change the collection":
    "コレクションを変更できるのは、このサーバー自身のページだけです",
  "this server is read-only: start it with --allow-changes":
    "このサーバーは読み取り専用です。変更するには --allow-changes を付けて起動してください",
  "the header {header} does not carry this server's key: get it from /api/v1/changes again":
    "ヘッダー {header} の鍵がこのサーバーのものではありません。ページを読み込み直してください",
  "the Host header does not name this server: see --allow-host":
    "Host ヘッダーがこのサーバーを指していません。--allow-host をご覧ください",
  "a page of another site may not send this: see --cors for searches":
    "ほかのサイトのページからは送信できません。検索については --cors をご覧ください",
  "this server needs a token: send the header Authorization: Bearer TOKEN":
    "このサーバーにはトークンが必要です。ヘッダー Authorization: Bearer TOKEN を送ってください",

  // images and their files
  "the collection has no image {name}": "コレクションに画像 {name} がありません",
  "the collection has no folder {name}": "コレクションにフォルダー {name} がありません",
  "{name} is an image of the collection, but it has no vector: see `sokkuri status`":
    "{name} はコレクションの画像ですが、特徴ベクトルがありません。`sokkuri status` をご覧ください",
  "{name} is neither an image file nor an id of the collection in {folder}":
    "{name} は画像ファイルでも、{folder} のコレクションの ID でもありません",
  "{name} does not exist": "{name} がありません",
  "the file of {name} does not exist, so it cannot be cropped":
    "{name} のファイルがないため、一部を切り出せません",
  "the file of {name} is gone": "{name} のファイルがなくなりました",
  "{name} lies outside the collection's address": "{name} はコレクションの場所の外にあります",
  "{name} is a link to a file outside the collection's folder":
    "{name} は、コレクションのフォルダーの外にあるファイルへのリンクです",
  "{name} is no frame of a film": "{name} は動画のコマではありません",
  "it may not be sent": "送信できません",
  "it is no regular file": "通常のファイルではありません",
  "{name} is a frame of {film}, so nothing was moved: frames have no file of their own, and the whole film is never moved for one of them":
    "{name} は {film} のコマのため、何も移動していません。コマに独自のファイルはなく、1 コマのために動画全体を移動することはありません",

  // searches
  "nothing to search for: send a picture in the field image, or ids, or texts":
    "検索条件がありません。画像、ID、または言葉を指定してください",
  "words are compared by cosine: leave the metric out":
    "言葉はコサイン距離で比べます。距離の種類を指定しないでください",
  "there are {number} weights for {pictures} pictures":
    "画像 {pictures} 枚に対して、重みが {number} 個あります",
  "the weight of a picture must be a number": "画像の重みは数でなければなりません",
  "the weight {weight} must be above 0 and at most {most}: to search away from a term, use --not or --not-text":
    "重み {weight} は、0 より大きく {most} 以下でなければなりません",
  "the field {name} must be a file": "{name} はファイルでなければなりません",
  "send pictures in the field image, not in {name}": "画像は {name} ではなく image で送ってください",
  "{field}: must be x,y,width,height in pixels":
    "{field}：x,y,幅,高さを画素で指定してください",
  "{field}: must be a text": "{field}：文字列でなければなりません",
  "{field}: must not contain a NUL character": "{field}：NUL 文字は使えません",
  "{field}: contains characters that no file name can have":
    "{field}：ファイル名に使えない文字があります",
  "{field}: must be a folder relative to the collection's root, without '..'":
    "{field}：「..」を含まない、コレクションの中のフォルダーを指定してください",
  "{field}: has {number} fields, most of them unknown":
    "{field}：{number} 個の項目の大半が不明です",
  "{field}: must have the order of the grid, because it has a filter":
    "{field}：絞り込みがあるため、一覧の順序が必要です",
  "{field}: must have one of grid, map and ids": "{field}：grid、map、ids のどれか一つが必要です",
  "ranges: they must follow each other, and end at {number} at most":
    "範囲は順に並び、{number} 以下で終わらなければなりません",
  "points: they must be bits in base64": "点は base64 のビット列でなければなりません",
  "points: there must be some, and {number} at most": "点は 1 個以上、{number} 個以下でなければなりません",
  "this is not a cursor: send the `next` that a page returned":
    "続きの位置が正しくありません。ページを読み込み直してください",

  // filters
  "{name} is not below {folder}": "{name} は {folder} の中にありません",
  "in `{text}`: expected {wanted}, but found {there}":
    "「{text}」に誤りがあります。必要なもの：{wanted}、見つかったもの：{there}",
  "in `{text}`: unknown text {word}": "「{text}」の {word} を理解できません",
  "the expression is nested too deeply": "式の入れ子が深すぎます",
  "the expression has more than {number} comparisons": "式の比較が {number} 個を超えています",
  "{name} cannot be used here: this server shows no places":
    "{name} は使えません。このサーバーは場所を表示しません",
  "{name} is photo metadata, which was not read yet: run `sokkuri index --metadata`":
    "{name} は写真の情報で、まだ読み取られていません。`sokkuri index --metadata` を実行してください",
  "the end": "終わり",
  "`and` or `or`": "`and` または `or`",
  "a number": "数",
  "a date": "日付",
  "a text": "文字列",
  "a yes or no": "yes または no",
  "one of {names}": "次のどれか：{names}",
  "= or != and a {kind}": "= または != と値（{kind}）",
  "a date such as 2024, 2024-01-31 or 2024-01-31T18:00":
    "2024、2024-01-31、2024-01-31T18:00 のような日付",

  // labels, the first run, duplicates
  "the label is {label} already": "ラベルはすでに {label} です",
  "no image has the label {label}": "ラベル {label} の付いた画像がありません",
  "no such change of labels is left to undo": "取り消せるラベルの変更が残っていません",
  "a label has 1 to {most} characters, not {number}":
    "ラベルは 1 文字以上 {most} 文字以下です（現在 {number} 文字）",
  "a label is printable text, unlike {label}": "{label} には、ラベルに使えない文字があります",
  "no network {name}: see `sokkuri models`":
    "ネットワーク {name} がありません。`sokkuri models` をご覧ください",
  "{path} has moves of another collection: use `sokkuri duplicates --undo`":
    "{path} は別のコレクションの移動の記録です。`sokkuri duplicates --undo` を使ってください",
  "there is no such log: send the `log` that a drop returned": "この移動の記録がありません",

  // why a file stays where it is
  "{name}, which it belongs to, stays": "元の {name} が残るため",
  "it and the file to keep are the same file": "残すファイルと同じファイルのため",
  "the plan keeps it": "残すと決められたファイルのため",
  "it was changed after the plan was made": "比較した後に変更されたため",
  "the file to keep, {name}, was changed after the plan was made":
    "残すファイル {name} が、比較した後に変更されたため",
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
  "the trash did not take it": "ゴミ箱に移動できませんでした",
};
