// Japanese: the page Status, and the page of the first run.

export const STATUS = {
  // progress and runs
  "Indexing": "登録中",
  "Replacing": "モデルを交換中",
  "Replacing the model with {model}": "モデルを {model} に交換しています",
  "Searches use the present model until all images have new vectors.":
    "すべての画像の新しいベクトルがそろうまで、検索には今のモデルを使います。",
  "No process works on it now. To go on, run the same {command} again.":
    "今は処理していません。続けるには、同じ {command} をもう一度実行してください。",
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
  "Versions and counts to report a bug with. It names no file.":
    "不具合の報告に使うバージョンと件数です。ファイル名は含みません。",
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
  "{count} folder could not be read|{count} folders could not be read":
    "読み取れないフォルダーが {count} 個あります",
  "This folder is inside a folder that has a collection already. To look around in that one, run {command}.":
    "上位のフォルダーに、すでにコレクションがあります。そちらを見るには {command} を実行してください。",
  "Network": "ネットワーク",
  "To search by words, or for other networks, see {command}. A collection can get another network later.":
    "言葉での検索やほかのネットワークについては {command} をご覧ください。ネットワークは後から変更できます。",
  "The collection is kept in {folder}. Images are only read, never changed.":
    "コレクションは {folder} に保存します。画像は読み取るだけで、変更しません。",
  "{number} numbers an image, searches by words too. {source}":
    "1枚につき {number} 個の数値。言葉でも検索できます。{source}",
  "{number} numbers an image. {source}": "1枚につき {number} 個の数値。{source}",
  "Estimating time and space with a few images…": "数枚の画像で、時間と容量を見積もっています…",
  "There is no estimate: {reason}": "見積もれませんでした：{reason}",
  "About {time}, {disk} on disk, but only {free} are free, up to {memory} of memory.":
    "約{time}。ディスクに {disk} 必要ですが、空きは {free} しかありません。メモリーは最大 {memory}。",
  "About {time}, {disk} on disk of {free} that are free, up to {memory} of memory.":
    "約{time}。ディスク {disk}（空き {free}）、メモリーは最大 {memory}。",
  "The collection is being created": "コレクションを作成しています",

  // serve --watch
  "{reason}.": "{reason}。",
  "The server begins to watch the folder.": "サーバーがフォルダーの監視を始めています。",
  "The server indexes changes of the folder as they come.":
    "サーバーはフォルダーの変更をすぐに取り込みます。",
  "The server looks for changes of the folder every {seconds} s.":
    "サーバーは {seconds} 秒ごとにフォルダーの変更を確認します。",
};
