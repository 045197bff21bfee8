// A picture to zoom and to move by wheel, pointers and keys. It shows a thumbnail, and loads the
// original when the thumbnail has too few pixels.

import { imageUrl } from "../base/api.js";
import { around, find, h } from "../base/dom.js";
import { Zoom } from "./zoom.js";

/** @import { ImageDocument } from "../base/api_types.js" */

const EARLY = 256; // pixels of the longer side of the thumbnail that is shown at first
const THUMBNAIL = 2048; // pixels of the longer side
const STEP = 1.5; // of the keys and buttons that zoom
const ARROW = 80; // pixels that an arrow key moves the picture
const SWIPE = 80; // pixels of a swipe to another picture
/** @type {Record<string, number[]>} */
const MOVES = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {{x: number, y: number}} Point in pixels, from the corner of the stage */

/**
 * The size of a picture; a picture without a size is not zoomed.
 * @param {ImageDocument} image
 */
const sizeOf = ({ width, height }) => ({ width: width ?? 1, height: height ?? 1 });

export class ZoomStage {
  /**
   * @param {{onstep: (which: "previous"|"next") => void, onzoom: (scale: number) => void}} options
   *   onstep: called by a swipe; onzoom: called with the scale
   */
  constructor({ onstep, onzoom }) {
    this.onstep = onstep;
    this.onzoom = onzoom;
    /** @type {?ImageDocument} */
    this.image = null;
    /** @type {?HTMLImageElement} */
    this.original = null;
    this.zoom = new Zoom({ width: 1, height: 1 }, { width: 1, height: 1 }); // until there is an image
    /** @type {Map<number, Point>} */
    this.pointers = new Map();
    /** @type {?Point} */
    this.start = null;
    this.sheet = h("div", { class: "viewer-sheet" });
    this.el = h("div", { class: "viewer-stage", tabindex: "-1" }, this.sheet);
    this.listen();
    this.resizes = new ResizeObserver(() => this.resized());
    this.resizes.observe(this.el);
  }

  stop() {
    this.resizes.disconnect();
  }

  get isWhole() {
    return this.zoom.isWhole;
  }

  /**
   * Shows another picture.
   * @param {ImageDocument} image with its size
   * @param {boolean} [fades] whether the picture before fades into this one
   * @returns {Promise<void>} when the picture is there, or cannot be shown
   */
  show(image, fades = false) {
    const { id, name, v } = image;
    const { width, height } = sizeOf(image);
    this.image = image;
    this.original = null;
    if (fades) this.fade();
    const size = { width: width / devicePixelRatio, height: height / devicePixelRatio };
    const img = h("img", { alt: name, draggable: "false",
      src: imageUrl(id, "thumbnail", { size: THUMBNAIL, v }) });
    const { style } = this.sheet;
    style.width = `${size.width}px`;
    style.height = `${size.height}px`;
    style.backgroundImage = `url("${imageUrl(id, "thumbnail", { size: EARLY, v })}")`;
    this.sheet.replaceChildren(img);
    this.zoom = new Zoom(size, this.room());
    this.draw();
    return img.decode().then(() => {
      if (this.image === image) style.backgroundImage = "";
    }, () => {}); // without the picture, its name is shown
  }

  /** Lets the old picture stay below the new one while the new one appears. */
  fade() {
    const old = h("div", { class: "viewer-sheet", "aria-hidden": "true" },
      [...this.sheet.childNodes].map((node) => node.cloneNode(true)));
    old.style.cssText = this.sheet.style.cssText;
    find(".viewer-sheet.old", this.el)?.remove();
    old.classList.add("old");
    this.sheet.before(old);
    this.sheet.classList.add("appearing");
    this.sheet.addEventListener("animationend", () => {
      this.sheet.classList.remove("appearing");
      old.remove();
    }, { once: true });
  }

  room() {
    return { width: this.el.clientWidth, height: this.el.clientHeight };
  }

  resized() {
    if (!this.image) return;
    this.zoom.resize(this.room());
    this.draw();
  }

  draw() {
    const { x, y, scale } = this.zoom;
    this.sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.el.classList.toggle("zoomed", !this.zoom.isWhole);
    this.onzoom(scale);
    this.sharpen(scale);
  }

  /**
   * Loads the original as soon as the thumbnail has too few pixels.
   * @param {number} scale
   */
  sharpen(scale) {
    if (!this.image) return;
    const { id, v } = this.image;
    const { width, height } = sizeOf(this.image);
    const longest = Math.max(width, height);
    if (this.original || longest <= THUMBNAIL || longest * scale <= THUMBNAIL) return;
    const img = h("img", { alt: "", draggable: "false" });
    this.original = img;
    img.addEventListener("load", () => img.classList.add("shown"));
    img.addEventListener("error", () => img.remove()); // a format that the browser cannot show
    img.src = imageUrl(id, "file", { v });
    this.sheet.append(img);
  }

  /** Makes the picture larger or smaller by one step. @param {1|-1} by */
  step(by) {
    this.zoomBy(STEP ** by);
  }

  /**
   * @param {number} factor
   * @param {Point} [at]
   */
  zoomBy(factor, at) {
    this.zoom.zoomTo(this.zoom.scale * factor, at);
    this.draw();
  }

  /**
   * Shows the whole picture or, if it is shown, each pixel of the picture as one of the screen.
   * @param {Point} [at]
   */
  toggle(at) {
    if (this.zoom.isWhole) this.zoom.zoomTo(this.zoom.whole < 1 ? 1 : this.zoom.whole * STEP, at);
    else this.zoom.fit();
    this.draw();
  }

  /**
   * The point of an event.
   * @param {MouseEvent} event
   */
  at({ clientX, clientY }) {
    const { left, top } = this.el.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  listen() {
    const { el } = this;
    el.addEventListener("wheel", (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      this.zoomBy(Math.exp(-event.deltaY * pixels * 0.002), this.at(event));
    }, { passive: false });
    el.addEventListener("dblclick", (event) => {
      if (!around(event, "button")) this.toggle(this.at(event));
    });
    el.addEventListener("pointerdown", (event) => {
      if (around(event, "button") || event.button !== 0) return;
      el.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.at(event));
      this.start = this.pointers.size === 1 && this.zoom.isWhole ? this.at(event) : null;
    });
    el.addEventListener("pointermove", (event) => this.dragged(event.pointerId, this.at(event)));
    el.addEventListener("pointerup", (event) => this.lifted(event.pointerId, this.at(event)));
    el.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
  }

  /**
   * Moves the picture with one pointer; with two, zooms it too.
   * @param {number} pointer
   * @param {Point} now
   */
  dragged(pointer, now) {
    const before = this.pointers.get(pointer);
    if (!before) return;
    this.pointers.set(pointer, now);
    const [other] = [...this.pointers].filter(([id]) => id !== pointer).map(([, place]) => place);
    if (other) {
      /** @param {Point} place */
      const spread = (place) => Math.max(1, Math.hypot(place.x - other.x, place.y - other.y));
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.zoom.zoomTo(this.zoom.scale * spread(now) / spread(before), middle);
    }
    const share = other ? 2 : 1; // the middle of two pointers moves half as far
    this.zoom.move((now.x - before.x) / share, (now.y - before.y) / share);
    this.draw();
  }

  /**
   * @param {number} pointer
   * @param {Point} now
   */
  lifted(pointer, now) {
    this.pointers.delete(pointer);
    const { start } = this;
    this.start = null;
    if (!start || this.pointers.size) return;
    const across = now.x - start.x;
    if (Math.abs(across) < SWIPE || Math.abs(across) < 2 * Math.abs(now.y - start.y)) return;
    this.onstep(across > 0 ? "previous" : "next");
  }

  /**
   * Takes a key that zooms, or moves a zoomed picture.
   * @param {string} key
   * @returns {boolean} whether it did
   */
  pressed(key) {
    if (key in MOVES && !this.zoom.isWhole) {
      const [x, y] = MOVES[key];
      this.zoom.move(x * ARROW, y * ARROW);
      this.draw();
    } else if (key === "+" || key === "=") this.step(1);
    else if (key === "-") this.step(-1);
    else if (key === "0") this.zoomBy(this.zoom.whole / this.zoom.scale);
    else if (key === "1") this.zoomBy(1 / this.zoom.scale);
    else return false;
    return true;
  }
}
