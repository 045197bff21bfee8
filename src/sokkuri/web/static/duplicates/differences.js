// How the pictures of a group differ from the kept one: size, date, folder. Pure functions.

import * as format from "../base/format.js";
import { t } from "../base/messages.js";

/** @import { DuplicateGroupDocument, DuplicateImageDocument } from "../base/api_types.js" */

/** @typedef {DuplicateGroupDocument["grade"]} Grade */

/**
 * The name of each grade.
 * @type {Record<string, string>}
 */
export const NAMES = {
  identical: t("identical"),
  same: t("same"),
  edited: t("edited"),
  alike: t("alike"),
  burst: t("burst"),
};

/** The meaning of each grade, in a few words. */
export const GRADES = {
  identical: t("the same bytes"),
  same: t("the same picture, resized or saved again"),
  edited: t("cropped, marked, recoloured or turned"),
  alike: t("the same scene or object"),
};

/** The same with the grade of bursts, which are no copies. */
export const MEANINGS = { ...GRADES, burst: t("alike and taken within seconds, but no copies") };

/** @param {DuplicateImageDocument} image */
const pixels = ({ width, height }) => (width && height ? width * height : null);

/**
 * The facts of an image, compared with those of the kept image.
 * @param {DuplicateImageDocument} image of a group
 * @param {DuplicateImageDocument} keeper the image of the group that is kept
 * @returns {{label: string, text: string, differs: boolean, note: string}[]}
 */
export function facts(image, keeper) {
  const isKeeper = image.id === keeper.id;
  /**
   * @param {string} label
   * @param {string} text
   * @param {boolean} differs
   */
  const line = (label, text, differs, note = "") =>
    ({ label, text, differs: !isKeeper && differs, note: !isKeeper && differs ? note : "" });
  /** @param {DuplicateImageDocument} shown */
  const shape = ({ width, height }) => (width && height ? `${width} × ${height}` : t("unknown"));
  return [
    line(t("Pixels"), shape(image), shape(image) !== shape(keeper),
      ratio(pixels(image), pixels(keeper))),
    line(t("Size"), format.bytes(image.size), image.size !== keeper.size,
      ratio(image.size, keeper.size)),
    line(t("Modified"), format.date(image.modified), image.modified !== keeper.modified,
      image.modified < keeper.modified ? t("older") : t("newer")),
    line(t("Folder"), image.folder || t("Top folder"), image.folder !== keeper.folder),
  ];
}

/**
 * The ratio of two values as text: "25%", "3.2×".
 * @param {?number} value
 * @param {?number} other
 */
function ratio(value, other) {
  if (!value || !other || value === other) return "";
  const share = value / other;
  if (share >= 10) return `${Math.round(share)}×`;
  if (share >= 1.995) return `${format.decimal(share, 1)}×`;
  const percent = share * 100;
  return percent < 1 ? t("under 1%") : `${Math.round(percent)}%`;
}

/**
 * The compared pair of two images of a group, or null.
 * @param {DuplicateGroupDocument} group
 * @param {string} first id of an image
 * @param {string} second id of another image
 */
export function pairOf(group, first, second) {
  return group.pairs.find(({ a, b }) =>
    (a === first && b === second) || (a === second && b === first)) ?? null;
}

/** @param {number} count @returns {string} "1 file", "1,200 files" */
export const files = (count) => t("{count} file|{count} files", { count });
