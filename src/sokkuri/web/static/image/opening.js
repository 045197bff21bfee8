// The key `z` on a picture of any list opens the viewer at once. Esc then leads back to the list.

import { focused, isTyping } from "../base/dom.js";

/** Listens on the whole page. */
export function listenForZoom() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || event.defaultPrevented || isTyping(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const anchor = focused();
    if (!anchor?.matches("a[href^='/image?']") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const before = location.href;
    anchor.click(); // as a click, so that the list notes which image is opened
    if (location.href !== before) setOpen(true);
  });
}

/** Whether the viewer of this entry of the history was opened from a list. */
export const isOpenAtOnce = () => Boolean(history.state?.viewer);

/** Notes for this entry of the history whether the viewer is open at once. @param {boolean} open */
export function setOpen(open) {
  history.replaceState({ ...history.state, viewer: open }, "");
}
