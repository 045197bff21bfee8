// The Japanese texts of the pages. A key is the English text; base/messages.js says how it is used.
//
// Glossary. One word for one thing, as users of photo software in Japan know it:
//   picture, image 画像       photo 写真          collection コレクション   folder フォルダー
//   search 検索               query 検索条件      filter 絞り込み           result 検索結果
//   similar, like 似ている    distance 距離       recall 再現率             exact 厳密
//   duplicate 重複            copy コピー         group グループ            burst 連写
//   keep 残す                 trash ゴミ箱        undo 取り消す             restore 元に戻す
//   label ラベル              suggest 提案        confidence 確信度         accuracy 正解率
//   index (verb) 登録する     Index (noun) 索引   network ネットワーク      model モデル
//   failed 失敗               damaged 破損        missing 見つからない      removed 除外
//   rings リング              map マップ          mosaic モザイク           browse 一覧
//   cancel キャンセル         close 閉じる        remove, clear 消去        delete 削除

import { BASE } from "./base.js";
import { BROWSE } from "./browse.js";
import { DUPLICATES } from "./duplicates.js";
import { LABEL } from "./label.js";
import { MAP } from "./map.js";
import { SEARCH } from "./search.js";
import { STATUS } from "./status.js";

/** @type {Object<string, string>} */
export const JAPANESE = {
  ...BASE, ...BROWSE, ...SEARCH, ...DUPLICATES, ...LABEL, ...MAP, ...STATUS,
};
