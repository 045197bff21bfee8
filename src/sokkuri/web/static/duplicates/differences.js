// How the pictures of a group differ from the kept one: size, date, folder. Pure functions.

import * as format from "../base/format.js";

/** @import { DuplicateGroupDocument, DuplicateImageDocument } from "../base/api_types.js" */

/** @typedef {DuplicateGroupDocument["grade"]} Grade */

/** The meaning of each grade, in a few words. */
export const GRADES = {
  identical: "the same bytes",
  same: "the same picture, resized or saved again",
  edited: "cropped, marked, recoloured or turned",
  alike: "the same scene or object",
};

/** The same with the grade of bursts, which are no copies. */
export const MEANINGS = { ...GRADES, burst: "alike and taken within seconds, but no copies" };

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
  const shape = ({ width, height }) => (width && height ? `${width} × ${height}` : "unknown");
  return [
    line("Pixels", shape(image), shape(image) !== shape(keeper),
      ratio(pixels(image), pixels(keeper))),
    line("Size", format.bytes(image.size), image.size !== keeper.size,
      ratio(image.size, keeper.size)),
    line("Modified", format.date(image.modified), image.modified !== keeper.modified,
      image.modified < keeper.modified ? "older" : "newer"),
    line("Folder", image.folder || "Top folder", image.folder !== keeper.folder),
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
  if (share >= 1.995) return `${share.toFixed(1)}×`;
  const percent = share * 100;
  return percent < 1 ? "under 1%" : `${Math.round(percent)}%`;
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
export const files = (count) => `${format.count(count)} ${count === 1 ? "file" : "files"}`;
