// The details of an image: its path, size, date and EXIF data.

import { copyText } from "../base/copying.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";

/** @import { ImageDocument } from "../base/api_types.js" */

/**
 * @param {ImageDocument} image
 * @param {string} [exifId] the id of the heading of the EXIF data
 * @returns {HTMLElement}
 */
export function facts(image, exifId = "exif") {
  const { width, height, size, modified, exif, path } = image;
  /** @type {[string, ?string][]} */
  const lines = [
    ["Pixels", width && height ? `${width} × ${height}` : null],
    ["Size", size === null ? null : format.bytes(size)],
    ["Modified", modified ? format.date(modified) : null],
  ];
  const camera = Object.entries(exif ?? {});
  return h("div", { class: "facts" },
    h("section", { "aria-label": "File" }, pathLine(path),
      list(lines.filter(([, value]) => value))),
    camera.length > 0 && h("section", { "aria-labelledby": exifId },
      h("h2", { id: exifId }, "EXIF"), list(camera)));
}

/** @param {[string, ?string][]} lines */
function list(lines) {
  return h("dl", null, lines.map(([label, value]) =>
    h("div", null, h("dt", null, label), h("dd", { class: "number" }, value))));
}

/** @param {string} path */
function pathLine(path) {
  const copy = h("button", { type: "button", class: "icon-button copy", title: "Copy the path",
    "aria-label": "Copy the path", dataset: { keep: "copy" }, onclick: () => copyText(path, "Path copied") },
  icon("copy"));
  return h("div", { class: "path" }, h("code", null, path), copy);
}
