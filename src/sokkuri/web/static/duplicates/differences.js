// What tells the pictures of a group from the one that stays: sizes, dates, folders. Pure.

import * as format from "../base/format.js";

/** What each grade means, in a few words. */
export const GRADES = {
  identical: "the same bytes",
  same: "the same picture, resized or saved anew",
  edited: "cropped, marked, recoloured or turned",
  alike: "the same scene or object",
};

const pixels = ({ width, height }) => (width && height ? width * height : null);

/**
 * An image's facts beside those of the one that stays.
 * @param {*} image of a group
 * @param {*} keeper the group's image that stays
 * @returns {{label: string, text: string, differs: boolean, note: string}[]}
 */
export function facts(image, keeper) {
  const own = image.id === keeper.id;
  const line = (label, text, differs, note = "") =>
    ({ label, text, differs: !own && differs, note: !own && differs ? note : "" });
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

/** How much of the other one that is: "25%", "3.2×". */
function ratio(value, other) {
  if (!value || !other || value === other) return "";
  const share = value / other;
  if (share >= 10) return `${Math.round(share)}×`;
  if (share >= 1.995) return `${share.toFixed(1)}×`;
  const percent = share * 100;
  return percent < 1 ? "under 1%" : `${Math.round(percent)}%`;
}

/**
 * What is known of two images of a group.
 * @param {*} group
 * @returns {?{grade: string, score: number}}
 */
export function pairOf(group, one, other) {
  return group.pairs.find(({ a, b }) =>
    (a === one && b === other) || (a === other && b === one)) ?? null;
}

/** @returns {string} "1 file", "1,200 files" */
export const files = (count) => `${format.count(count)} ${count === 1 ? "file" : "files"}`;
