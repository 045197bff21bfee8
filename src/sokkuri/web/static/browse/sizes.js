// The size of the pictures of the grid, which the user sets.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import * as settings from "../base/settings.js";

const MOST = 3; // steps from the normal size

/**
 * Makes the pictures larger or smaller.
 * @param {number} step
 */
export function resize(step) {
  settings.set("size", Math.min(MOST, Math.max(-MOST, settings.get("size") + step)));
}

/**
 * The target height of a row: higher on wide pages, and scaled by the set size.
 * @param {number} width of the grid, in pixels
 */
export function rowHeight(width) {
  const normal = Math.min(300, Math.max(116, 90 + width * 0.085));
  return normal * 1.25 ** settings.get("size");
}

/**
 * The buttons that make the pictures smaller and larger.
 * @param {(step: number) => void} onstep
 */
export function sizeButtons(onstep) {
  /**
   * @param {number} step
   * @param {string} name
   * @param {string} label
   */
  const button = (step, name, label) => h("button", { type: "button", class: "icon-button",
    "aria-label": label, title: label, onclick: () => onstep(step) }, icon(name));
  return h("div", { class: "choice sizes", role: "group", "aria-label": t("Size") },
    button(-1, "minus", t("Smaller")), button(1, "plus", t("Larger")));
}
