// Buttons to zoom what is panned, the rings or the map: nearer, farther, and all of it.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";

/** @import { panning } from "./panning.js" */

/**
 * @param {() => ReturnType<typeof panning>} panned what the buttons move; called on a click
 * @param {string} all the name of the icon of the button that shows all
 */
export function zoomButtons(panned, all) {
  /**
   * @param {string} label
   * @param {string} name
   * @param {() => void} act
   */
  const button = (label, name, act) => h("button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(name));
  return h("div", { class: "ring-zoom" },
    button(t("Zoom in (+)"), "plus", () => panned().step(1)),
    button(t("Zoom out (-)"), "minus", () => panned().step(-1)),
    button(t("Show all (0)"), all, () => panned().fit()));
}
