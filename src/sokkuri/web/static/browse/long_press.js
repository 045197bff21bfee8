// A long press on a touch screen, which replaces a click with a modifier key.

import { around } from "../base/dom.js";

const LONG = 450; // milliseconds
const STRAY = 10; // pixels that the finger may move

/**
 * Calls back on a long press on an element, and suppresses the click and the menu that follow.
 * @param {HTMLElement} host
 * @param {string} selector of elements inside it
 * @param {(el: HTMLElement) => void} callback
 * @param {AbortSignal} signal ends the listening
 */
export function onLongPress(host, selector, callback, signal) {
  let timer = 0;
  /** @type {?PointerEvent} */
  let start = null;
  let pressed = false;
  const cancel = () => clearTimeout(timer);
  host.addEventListener("pointerdown", (event) => {
    cancel();
    pressed = false;
    const el = event.pointerType === "touch" && around(event, selector);
    if (!el) return;
    start = event;
    timer = setTimeout(() => {
      pressed = true;
      navigator.vibrate?.(10);
      callback(el);
    }, LONG);
  }, { signal });
  host.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > STRAY) {
      cancel();
    }
  }, { signal });
  for (const end of ["pointerup", "pointercancel"]) host.addEventListener(end, cancel, { signal });
  host.addEventListener("contextmenu", (event) => pressed && event.preventDefault(), { signal });
  host.addEventListener("click", (event) => {
    if (!pressed) return;
    pressed = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { signal, capture: true });
}
