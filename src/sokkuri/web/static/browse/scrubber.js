// A strip at the right edge that shows where in the collection we are, and takes us elsewhere. It
// only adds to the scroll bar and the keys, so screen readers are spared it.

import { h } from "../base/dom.js";

const MARKS = 60;

/**
 * @param {import("./grid.js").Grid} grid
 * @returns {{el: HTMLElement, refresh: () => void, stop: () => void}} `refresh` after new data
 */
export function makeScrubber(grid) {
  const thumb = h("div", { class: "thumb" });
  const where = h("div", { class: "where" });
  const marks = h("div", null);
  const el = h("div", { class: "scrubber", "aria-hidden": "true" }, marks, thumb, where);
  const stops = new AbortController();
  let hiding = 0;
  const place = () => {
    thumb.style.top = `${Math.min(1, scrollY / range()) * 100}%`;
    el.classList.add("moving");
    clearTimeout(hiding);
    hiding = setTimeout(() => el.classList.remove("moving"), 1200);
  };
  listen(el, (part, dragging) => {
    where.style.top = `${part * 100}%`;
    where.textContent = titleAt(grid, part * range());
    if (dragging) scrollTo(0, part * range());
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

/** How far the page can be scrolled. */
const range = () => Math.max(1, document.documentElement.scrollHeight - innerHeight);

/** Tells which part of the strip a pointer is at, and whether it drags. */
function listen(el, onmove) {
  const move = (event) => {
    const { top, height } = el.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientY - top) / height));
    onmove(part, el.classList.contains("dragging"));
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

function titleAt(grid, y) {
  const { layout, data } = grid;
  if (!layout?.groups) return "";
  const inside = y - grid.top() + grid.covered();
  let group = 0;
  while (group + 1 < layout.groups && layout.groupTop[group + 1] <= inside) group += 1;
  return data.groups[group]?.title ?? "";
}

/** Lines where groups begin, no closer together than can be told apart. */
function groupMarks(grid) {
  const { layout } = grid;
  const top = grid.top();
  const whole = range();
  const out = [];
  let last = -1;
  for (let group = 0; group < (layout?.groups ?? 0); group++) {
    const part = Math.min(1, (top + layout.groupTop[group]) / whole);
    if (part - last < 1 / MARKS) continue;
    last = part;
    const mark = h("div", { class: "mark" });
    mark.style.top = `${part * 100}%`;
    out.push(mark);
  }
  return out;
}
