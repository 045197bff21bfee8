// A button that shows its key.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";

/**
 * @param {string} key
 * @param {string} text
 * @param {string} name of its icon
 * @param {() => void} act
 */
export function keyButton(key, text, name, act) {
  return h("button", { type: "button", class: "button", "aria-keyshortcuts": key, onclick: act },
    icon(name, { size: 18 }), text, h("kbd", { "aria-hidden": "true" }, key));
}
