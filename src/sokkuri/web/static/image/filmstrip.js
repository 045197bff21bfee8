// The filmstrip of the viewer: the pictures of a list around the shown one. The list may be long, so
// only the pictures in sight are in the document.

import { imageUrl } from "../base/api.js";
import { around, h } from "../base/dom.js";
import { t } from "../base/messages.js";

/** @import { Trail } from "../base/trail.js" */

const STEP = 68; // pixels from one picture to the next
const SIDE = 64; // pixels of a picture
const BEYOND = 6; // pictures beyond both edges
const CLICK = 6; // pixels that a pointer may move in a click

/** @typedef {{cell: HTMLElement, button: HTMLButtonElement}} Cell */

export class Filmstrip {
  /** @param {{onpick: (id: string) => void}} options */
  constructor({ onpick }) {
    this.onpick = onpick;
    this.track = h("ol", { class: "film-track", role: "list" });
    this.el = h("nav", { class: "filmstrip", "aria-label": t("Filmstrip"), hidden: true }, this.track);
    /** @type {?Trail} */
    this.trail = null;
    this.index = 0;
    this.origin = 0; // the picture at the start of the track
    this.left = 0; // pixels from the start of the list to the left edge
    /** @type {Map<number, Cell>} the pictures in the document, by their places */
    this.cells = new Map();
    this.listen();
    this.resizes = new ResizeObserver(() => this.trail && this.centre());
    this.resizes.observe(this.el);
  }

  stop() {
    this.resizes.disconnect();
  }

  /**
   * Shows a list, with one of its pictures in the middle.
   * @param {?Trail} trail null hides the strip
   * @param {number} index
   */
  show(trail, index) {
    const isOther = trail !== this.trail;
    this.trail = trail;
    this.index = index;
    this.el.hidden = !trail || trail.count < 2;
    if (isOther) {
      this.origin = index;
      for (const { cell } of this.cells.values()) cell.remove();
      this.cells.clear();
    }
    if (this.el.hidden) return;
    this.track.classList.toggle("still", isOther);
    this.centre();
  }

  /** Scrolls until the shown picture is in the middle. */
  centre() {
    this.scrollTo(this.index * STEP - (this.el.clientWidth - SIDE) / 2);
    this.mark();
  }

  /** @param {number} left pixels from the start of the list */
  scrollTo(left) {
    if (!this.trail) return;
    const width = this.el.clientWidth;
    const length = this.trail.count * STEP - (STEP - SIDE);
    this.left = length <= width ? (length - width) / 2
      : Math.min(length - width, Math.max(0, left));
    this.track.style.transform = `translateX(${this.origin * STEP - this.left}px)`;
    this.draw(this.trail, width);
  }

  /**
   * @param {Trail} trail
   * @param {number} width
   */
  draw(trail, width) {
    const first = Math.max(0, Math.floor(this.left / STEP) - BEYOND);
    const end = Math.min(trail.count, Math.ceil((this.left + width) / STEP) + BEYOND);
    for (const [index, { cell }] of this.cells) {
      if ((index >= first && index < end) || cell.contains(document.activeElement)) continue;
      cell.remove();
      this.cells.delete(index);
    }
    for (let index = first; index < end; index++) if (!this.cells.has(index)) this.add(index, trail);
  }

  /**
   * @param {number} index
   * @param {Trail} trail
   */
  add(index, trail) {
    const button = h("button", { type: "button", tabindex: "-1", class: "film-picture" });
    const cell = h("li", { dataset: { index: String(index) } }, button);
    cell.style.left = `${(index - this.origin) * STEP}px`;
    this.cells.set(index, { cell, button });
    const next = Math.min(...[...this.cells.keys()].filter((other) => other > index));
    this.track.insertBefore(cell, this.cells.get(next)?.cell ?? null);
    this.fill(index, button, trail).catch(() => {}); // it is tried again when it is in sight again
  }

  /**
   * @param {number} index
   * @param {HTMLButtonElement} button
   * @param {Trail} trail
   */
  async fill(index, button, trail) {
    const place = t("{number} of {total}", { number: index + 1, total: trail.count });
    button.setAttribute("aria-label", place);
    const image = await trail.imageAt(index);
    if (!image || !button.isConnected) return;
    const { id, name, v } = image;
    trail.places.set(id, index);
    button.dataset.id = id;
    button.setAttribute("aria-label", `${name ?? id.slice(id.lastIndexOf("/") + 1)}, ${place}`);
    button.append(h("img", { alt: "", decoding: "async", draggable: "false",
      src: imageUrl(id, "thumbnail", { size: 128, v }) }));
    this.markOne(index, button);
  }

  /** Marks the shown picture, and those in the trash. */
  mark() {
    const hadFocus = this.track.contains(document.activeElement);
    for (const [index, { button }] of this.cells) this.markOne(index, button);
    if (hadFocus) this.cells.get(this.index)?.button.focus({ preventScroll: true });
  }

  /**
   * @param {number} index
   * @param {HTMLButtonElement} button
   */
  markOne(index, button) {
    const isShown = index === this.index;
    button.tabIndex = isShown ? 0 : -1;
    button.disabled = this.trail?.gone.has(button.dataset.id ?? "") ?? false;
    if (isShown) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }

  listen() {
    /** @type {?{x: number, left: number}} */
    let from = null;
    let isDragged = false;
    const { el, track } = this;
    el.addEventListener("wheel", (event) => {
      event.preventDefault();
      track.classList.add("still");
      const isAcross = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      this.scrollTo(this.left + (isAcross ? event.deltaX : event.deltaY));
    }, { passive: false });
    el.addEventListener("pointerdown", (event) => {
      from = event.button === 0 ? { x: event.clientX, left: this.left } : null;
      isDragged = false;
    });
    el.addEventListener("pointermove", (event) => {
      if (!from || (!isDragged && Math.abs(event.clientX - from.x) < CLICK)) return;
      if (!isDragged) el.setPointerCapture(event.pointerId);
      isDragged = true;
      track.classList.add("still");
      this.scrollTo(from.left + from.x - event.clientX);
    });
    const release = () => {
      from = null;
    };
    el.addEventListener("pointerup", release);
    el.addEventListener("pointercancel", release);
    el.addEventListener("click", (event) => {
      const id = isDragged ? null : around(event, "button")?.dataset.id;
      isDragged = false;
      if (id) this.onpick(id);
    });
  }
}
