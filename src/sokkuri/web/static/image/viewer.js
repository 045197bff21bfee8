// The viewer: one picture in the whole window, to zoom and to move. It shows a thumbnail, and loads
// the original when the thumbnail has too few pixels.

import { imageUrl } from "../base/api.js";
import { around, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { Zoom } from "./zoom.js";

/** @import { ImageDocument } from "../base/api_types.js" */

const THUMBNAIL = 2048; // pixels of the longer side
const STEP = 1.5; // of the keys and buttons that zoom
const ARROW = 80; // pixels that an arrow key moves the picture
const SWIPE = 80; // pixels of a swipe to another picture
/** @type {Record<string, number[]>} */
const MOVES = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {{x: number, y: number}} Point in pixels of the window */

/**
 * The size of a picture; a picture without a size is not zoomed.
 * @param {ImageDocument} image
 */
const sizeOf = ({ width, height }) => ({ width: width ?? 1, height: height ?? 1 });

export class Viewer {
  /** @type {ResizeObserver} */
  resizes;
  /** @type {ImageDocument} */
  image;
  /** @type {?HTMLImageElement} */
  original;
  /** @type {Zoom} */
  zoom;

  /**
   * Opens the viewer.
   * @param {ImageDocument} image with its size
   * @param {{onstep: (which: "previous"|"next") => void, onclose: () => void}} options
   */
  constructor(image, { onstep, onclose }) {
    this.onstep = onstep;
    /** @type {Map<number, Point>} */
    this.pointers = new Map();
    /** @type {?Point} */
    this.start = null;
    this.sheet = h("div", { class: "viewer-sheet" });
    this.percent = h("output", { class: "number" });
    /**
     * @param {string} label
     * @param {string} name
     * @param {() => void} onclick
     */
    const button = (label, name, onclick) => h("button", { type: "button", class: "icon-button",
      "aria-label": label, title: label, onclick }, icon(name));
    this.el = h("dialog", { class: "viewer" }, this.sheet,
      h("div", { class: "viewer-tools" }, this.percent,
        button("Smaller", "minus", () => this.zoomBy(1 / STEP)),
        button("Larger", "plus", () => this.zoomBy(STEP)),
        button("Close", "close", () => this.close())));
    this.el.addEventListener("close", () => {
      this.resizes.disconnect();
      this.el.remove();
      onclose();
    });
    this.listen();
    document.body.append(this.el);
    this.el.showModal();
    this.resizes = new ResizeObserver(() => this.resized());
    this.resizes.observe(this.el);
    this.show(image);
  }

  close() {
    this.el.close();
  }

  /**
   * Shows another picture.
   * @param {ImageDocument} image
   */
  show(image) {
    const { id, name, v } = image;
    const { width, height } = sizeOf(image);
    this.image = image;
    this.original = null;
    this.el.setAttribute("aria-label", name);
    const size = { width: width / devicePixelRatio, height: height / devicePixelRatio };
    this.sheet.style.width = `${size.width}px`;
    this.sheet.style.height = `${size.height}px`;
    this.sheet.replaceChildren(h("img", { alt: name, draggable: "false",
      src: imageUrl(id, "thumbnail", { size: THUMBNAIL, v }) }));
    this.zoom = new Zoom(size, this.room());
    this.draw();
  }

  room() {
    return { width: this.el.clientWidth, height: this.el.clientHeight };
  }

  resized() {
    this.zoom.resize(this.room());
    this.draw();
  }

  draw() {
    const { x, y, scale } = this.zoom;
    this.sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.el.classList.toggle("zoomed", !this.zoom.isWhole);
    const percent = `${Math.round(100 * scale)} %`;
    if (this.percent.textContent !== percent) this.percent.textContent = percent;
    this.sharpen(scale);
  }

  /**
   * Loads the original as soon as the thumbnail has too few pixels.
   * @param {number} scale
   */
  sharpen(scale) {
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

  listen() {
    const { el } = this;
    /** @param {MouseEvent} event */
    const at = ({ clientX: x, clientY: y }) => ({ x, y });
    el.addEventListener("wheel", (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      this.zoomBy(Math.exp(-event.deltaY * pixels * 0.002), at(event));
    }, { passive: false });
    el.addEventListener("dblclick", (event) => {
      if (!around(event, "button")) this.toggle(at(event));
    });
    el.addEventListener("keydown", (event) => this.pressed(event));
    el.addEventListener("pointerdown", (event) => {
      if (around(event, "button") || event.button !== 0) return;
      el.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, at(event));
      this.start = this.pointers.size === 1 && this.zoom.isWhole ? at(event) : null;
    });
    el.addEventListener("pointermove", (event) => this.dragged(event.pointerId, at(event)));
    el.addEventListener("pointerup", (event) => this.lifted(event.pointerId, at(event)));
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

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key in MOVES && !this.zoom.isWhole) {
      const [x, y] = MOVES[key];
      this.zoom.move(x * ARROW, y * ARROW);
      this.draw();
    } else if (key === "ArrowLeft") this.onstep("previous");
    else if (key === "ArrowRight") this.onstep("next");
    else if (key === "+" || key === "=") this.zoomBy(STEP);
    else if (key === "-") this.zoomBy(1 / STEP);
    else if (key === "0") this.zoomBy(this.zoom.whole / this.zoom.scale);
    else if (key === "1") this.zoomBy(1 / this.zoom.scale);
    else if (key === "z") this.close();
    else return;
    event.preventDefault();
  }
}
