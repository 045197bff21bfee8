// Selecting by dragging the mouse from the check mark of an item over other items.

import { around } from "../base/dom.js";

/** @import { Selection } from "./selection.js" */

/**
 * Selects the items from the one whose check mark is pressed to the one under the pointer.
 * @param {HTMLElement} host
 * @param {string} selector of the items inside it
 * @param {{selection: Selection, indexOf: (item: HTMLElement) => number, signal: AbortSignal}} options
 *   signal: ends the listening
 */
export function onDrag(host, selector, { selection, indexOf, signal }) {
  /** @type {?HTMLElement} */
  let first = null;
  /** @type {?HTMLElement} */
  let last = null;
  host.addEventListener("pointerdown", (event) => {
    const isTick = event.pointerType === "mouse" && event.button === 0 && around(event, ".tick");
    first = isTick ? around(event, selector) : null;
    last = first;
  }, { signal });
  host.addEventListener("pointerover", (event) => {
    const item = first && event.buttons === 1 ? around(event, selector) : null;
    if (!first || !item || item === last) return;
    last = item;
    if (!selection.has(indexOf(first))) selection.toggle(indexOf(first));
    selection.anchor = indexOf(first);
    selection.extend(indexOf(item));
  }, { signal });
  addEventListener("pointerup", () => {
    first = null;
  }, { signal });
}
