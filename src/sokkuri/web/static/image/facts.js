// The details of an image: its path, size, date and EXIF data.

import { copyText } from "../base/copying.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { serverText, t } from "../base/messages.js";

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
    [t("Pixels"), width && height ? `${width} × ${height}` : null],
    [t("Size"), size === null ? null : format.bytes(size)],
    [t("Modified"), modified ? format.date(modified) : null],
  ];
  /** @type {[string, string][]} */
  const camera = Object.entries(exif ?? {}).map(([name, value]) => [serverText(name), value]);
  return h("div", { class: "facts" },
    h("section", { "aria-label": t("File") }, pathLine(path),
      list(lines.filter(([, value]) => value))),
    camera.length > 0 && h("section", { "aria-labelledby": exifId },
      h("h2", { id: exifId }, t("EXIF")), list(camera)));
}

/** @param {[string, ?string][]} lines */
function list(lines) {
  return h("dl", null, lines.map(([label, value]) =>
    h("div", null, h("dt", null, label), h("dd", { class: "number" }, value))));
}

/** @param {string} path */
function pathLine(path) {
  const copy = h("button", { type: "button", class: "icon-button copy", title: t("Copy the path"),
    "aria-label": t("Copy the path"), dataset: { keep: "copy" }, onclick: () => copyText(path, t("Path copied")) },
  icon("copy"));
  return h("div", { class: "path" }, h("code", null, path), copy);
}
