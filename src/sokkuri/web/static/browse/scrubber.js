// A strip at the right edge that shows the position in the collection and scrolls to others. Screen
// readers skip it, because the scroll bar and the keys do the same.

import { h } from "../base/dom.js";

/** @import { Grid } from "./grid.js" */

const MARKS = 60;

/**
 * @param {Grid} grid
 * @returns {{el: HTMLElement, refresh: () => void, stop: () => void}} `refresh` after new data
 */
export function makeScrubber(grid) {
  const thumb = h("div", { class: "thumb" });
  const title = h("div", { class: "where" });
  const marks = h("div", null);
  const el = h("div", { class: "scrubber", "aria-hidden": "true" }, marks, thumb, title);
  const stops = new AbortController();
  let hiding = 0;
  const place = () => {
    thumb.style.top = `${Math.min(1, scrollY / range()) * 100}%`;
    el.classList.add("moving");
    clearTimeout(hiding);
    hiding = setTimeout(() => el.classList.remove("moving"), 1200);
  };
  listen(el, (share, dragging) => {
    title.style.top = `${share * 100}%`;
    title.textContent = titleAt(grid, share * range());
    if (dragging) scrollTo(0, share * range());
  });
  addEventListener("scroll", place, { passive: true, signal: stops.signal });
  return {
    el,
    refresh: () => {
      el.hidden = !grid.layout || grid.layout.height < innerHeight * 3;
      marks.replaceChildren(...groupMarks(grid));
    },
    stop: () => stops.abort(),
  };
}

/** The largest scroll position of the page. */
const range = () => Math.max(1, document.documentElement.scrollHeight - innerHeight);

/**
 * Calls back with the position of the pointer on the strip, 0 to 1, and whether it drags.
 * @param {HTMLElement} el
 * @param {(share: number, dragging: boolean) => void} onmove
 */
function listen(el, onmove) {
  /** @param {PointerEvent} event */
  const move = (event) => {
    const { top, height } = el.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientY - top) / height));
    onmove(share, el.classList.contains("dragging"));
  };
  el.addEventListener("pointerdown", (event) => {
    el.setPointerCapture(event.pointerId);
    el.classList.add("dragging");
    move(event);
    event.preventDefault();
  });
  el.addEventListener("pointermove", move);
  for (const end of ["pointerup", "pointercancel"]) {
    el.addEventListener(end, () => el.classList.remove("dragging"));
  }
}

/**
 * @param {Grid} grid
 * @param {number} y
 */
function titleAt(grid, y) {
  const { layout, data } = grid;
  if (!layout?.groups) return "";
  const inside = grid.page.toGrid(y - grid.top()) + grid.covered();
  let group = 0;
  while (group + 1 < layout.groups && layout.groupTop[group + 1] <= inside) group += 1;
  return data?.groups[group]?.title ?? "";
}

/**
 * Lines at the starts of groups, with a minimum distance between two lines.
 * @param {Grid} grid
 */
function groupMarks(grid) {
  const { layout } = grid;
  const top = grid.top();
  const whole = range();
  /** @type {HTMLElement[]} */
  const out = [];
  if (!layout) return out;
  let last = -1;
  for (let group = 0; group < layout.groups; group++) {
    const share = Math.min(1, (top + grid.page.toPage(layout.groupTop[group])) / whole);
    if (share - last < 1 / MARKS) continue;
    last = share;
    const mark = h("div", { class: "mark" });
    mark.style.top = `${share * 100}%`;
    out.push(mark);
  }
  return out;
}
