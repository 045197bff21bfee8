// Whether a query can be sent, and what to say if not.

import { t } from "../base/messages.js";

/**
 * @import { QueryPictures } from "./query_pictures.js"
 * @import { Search } from "./state.js"
 * @import { Upload } from "./uploads.js"
 */

/**
 * @param {Search} search
 * @param {Upload[]} uploads
 * @param {QueryPictures} pictures
 * @returns {{isReady: boolean, title?: string, text?: string}} title and text: a hint, if the query is
 *   not empty
 */
export function readinessOf(search, uploads, pictures) {
  const usable = uploads.filter((upload) => !pictures.faultOf(upload));
  if (search.ids.length + search.texts.length + usable.filter(({ not }) => !not).length) {
    return { isReady: true };
  }
  if (uploads.some((upload) => pictures.isUnreadable(upload))) {
    return { isReady: false, title: t("No search was made"),
      text: t("See the message under the picture.") };
  }
  if (uploads.some((upload) => pictures.tooLarge(upload))) {
    return { isReady: false, title: t("Picture too large"),
      text: t("Remove the picture that is too large, or use a smaller copy.") };
  }
  if (uploads.length + search.nots.length + search.notTexts.length === 0) return { isReady: false };
  return { isReady: false, title: t("Nothing to search for"),
    text: t("The query says only what the results should not be like. Add a picture or words that "
      + "they should be like.") };
}
