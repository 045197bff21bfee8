// The mark "not this one": searches can exclude the images that have it.

import { toast } from "../base/dom.js";
import { t } from "../base/messages.js";
import { navigate, previous } from "../base/router.js";
import * as settings from "../base/settings.js";

/** @param {string} id */
export const isMarked = (id) => settings.get("notLike").includes(id);

/**
 * Marks an image as not wanted, or removes the mark.
 * @param {string} id
 * @param {?string} from the image whose similar images led here
 * @returns {boolean} whether it is marked now
 */
export function toggleMark(id, from) {
  const marks = settings.get("notLike");
  const marked = !marks.includes(id);
  settings.set("notLike", marked ? [...marks, id] : marks.filter((other) => other !== id));
  if (!marked) {
    toast(t("Unmarked"));
    return false;
  }
  toast(t("Marked as not wanted"), {
    action: t("Search without it"),
    onaction: () => navigate("/search", searchWithout(id, from)),
  });
  return true;
}

/**
 * The search that led to an image, or a search for the image that led there, without it.
 * @param {string} id
 * @param {?string} from
 */
function searchWithout(id, from) {
  const not = settings.get("notLike");
  if (from) return { id: from, not };
  const before = previous();
  if (!before || !["/search", "/rings"].includes(before.path)) return { not };
  const params = before.params.toObject();
  const unlike = new Set([...before.params.getAll("not"), ...not]);
  const ids = before.params.getAll("id").filter((other) => other !== id);
  return { ...params, id: ids, not: [...unlike] };
}
