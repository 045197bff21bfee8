// A frame that selects a part of a picture, by mouse, touch or keyboard.

import { around, h } from "../base/dom.js";
import { t } from "../base/messages.js";

const CORNERS = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const LEAST = 0.03; // smallest side of the frame, as a share of the picture
const STEP = 0.02; // one key press, as a share of the picture
const BEGIN = { x: 0.15, y: 0.15, w: 0.7, h: 0.7 };
/** @type {Record<string, number[]>} */
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const HELP = t("Arrow keys move the frame, Shift and arrow keys resize it, Enter searches, "
  + "Escape cancels.");

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Box in pixels of the picture, after its
 *   EXIF rotation
 * @typedef {{x: number, y: number, w: number, h: number}} Part in shares of the picture, 0 to 1
 * @typedef {{width: number, height: number}} Size
 * @typedef {{onchange?: (box: ?Box) => void, onaccept?: (box: ?Box) => void,
 *   oncancel?: () => void, box?: ?Box, natural?: Size}} CropOptions
 *   natural: size of the picture, if the image element shows a thumbnail; onaccept: called on
 *   Enter; oncancel: called on Escape
 */

/**
 * A picture with a frame.
 * @param {HTMLImageElement | string} picture an image element or an address
 * @param {CropOptions} [options]
 * @returns {{element: HTMLElement, box: () => ?Box, clear: () => void, focus: () => void,
 *   destroy: () => void}} box: null for the whole picture
 */
export function cropper(picture, options = {}) {
  return new Cropper(picture, options);
}

class Cropper {
  /**
   * @param {HTMLImageElement | string} picture
   * @param {CropOptions} options
   */
  constructor(picture, options) {
    this.options = options;
    this.img = typeof picture === "string" ? h("img", { src: picture, alt: "" }) : picture;
    this.img.draggable = false;
    this.frame = h("div",
      { class: "crop-frame", tabindex: 0, role: "group", "aria-label": t("Selected part") },
      CORNERS.map((corner) => h("span", { class: "crop-handle", dataset: { corner } })));
    this.element = h("div", { class: "cropper" }, this.img, this.frame);
    this.controller = new AbortController();
    // In shares, because the size of the picture is unknown until it has loaded.
    /** @type {?Part} */
    this.part = null;
    /** @type {?{from: {x: number, y: number}, part: ?Part, act: string}} */
    this.drag = null;
    this.begin();
    if (!this.size().width) this.img.addEventListener("load", () => this.begin(), { once: true });
    this.listen();
  }

  listen() {
    const { element } = this;
    const { signal } = this.controller;
    element.addEventListener("keydown", (event) => this.pressed(event), { signal });
    element.addEventListener("pointerdown", (event) => this.startDrag(event), { signal });
    element.addEventListener("pointermove", (event) => this.continueDrag(event), { signal });
    for (const type of ["pointerup", "pointercancel"]) {
      element.addEventListener(type, () => {
        this.drag = null;
      }, { signal });
    }
  }

  begin() {
    const { box } = this.options;
    this.part = box && this.size().width ? toShares(box, this.size()) : { ...BEGIN };
    this.draw();
  }

  /** @returns {Size} */
  size() {
    return this.options.natural
      ?? { width: this.img.naturalWidth, height: this.img.naturalHeight };
  }

  box() {
    return this.part && this.size().width ? toPixels(this.part, this.size()) : null;
  }

  /** @param {?Part} part */
  set(part) {
    this.part = part;
    this.draw();
    this.options.onchange?.(this.box());
  }

  draw() {
    const { frame, part } = this;
    frame.hidden = part === null;
    if (part === null) return;
    frame.style.left = `${part.x * 100}%`;
    frame.style.top = `${part.y * 100}%`;
    frame.style.width = `${part.w * 100}%`;
    frame.style.height = `${part.h * 100}%`;
    const box = this.box();
    const label = !box ? t("Selected part")
      : t("Selected part: {width} by {height} pixels, at {x}, {y}",
        { width: box.w, height: box.h, x: String(box.x), y: String(box.y) });
    frame.setAttribute("aria-label", `${label}. ${HELP}`);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const { onaccept, oncancel } = this.options;
    if (event.key === "Enter") onaccept?.(this.box());
    else if (event.key === "Escape") oncancel?.();
    else if (event.key in ARROWS && this.part) this.set(stepped(event, this.part));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * Starts a drag: of a handle to resize, of the frame to move, or outside it for a new frame.
   * @param {PointerEvent} event
   */
  startDrag(event) {
    if (event.button !== 0) return;
    const corner = around(event, "[data-corner]")?.dataset.corner;
    const inFrame = around(event, ".crop-frame");
    this.drag = {
      from: this.pointOf(event),
      part: this.part,
      act: corner ?? (inFrame ? "move" : "draw"),
    };
    this.element.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (inFrame) this.focus();
  }

  /** @param {PointerEvent} event */
  continueDrag(event) {
    if (!this.drag) return;
    const { from, part, act } = this.drag;
    const to = this.pointOf(event);
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    if (part && act === "move") this.set(moved(part, dx, dy));
    else if (part && act !== "draw") this.set(resized(part, act, dx, dy));
    else if (Math.abs(dx) > LEAST && Math.abs(dy) > LEAST) {
      this.set({ x: Math.min(to.x, from.x), y: Math.min(to.y, from.y),
        w: Math.abs(dx), h: Math.abs(dy) });
    }
  }

  /**
   * The position of a pointer, in shares of the picture.
   * @param {PointerEvent} event
   */
  pointOf({ clientX, clientY }) {
    const box = this.element.getBoundingClientRect();
    return {
      x: within((clientX - box.left) / box.width, 0, 1),
      y: within((clientY - box.top) / box.height, 0, 1),
    };
  }

  clear() {
    this.set(null);
  }

  focus() {
    this.frame.focus({ preventScroll: true });
  }

  destroy() {
    this.controller.abort();
    this.element.remove();
  }
}

/**
 * The box of a part, in pixels; null for the whole picture.
 * @param {Part} part
 * @param {Size} size
 * @returns {?Box}
 */
function toPixels({ x, y, w, h: high }, { width, height }) {
  const left = Math.min(Math.round(x * width), width - 1);
  const top = Math.min(Math.round(y * height), height - 1);
  const box = {
    x: left,
    y: top,
    w: Math.max(1, Math.min(Math.round((x + w) * width), width) - left),
    h: Math.max(1, Math.min(Math.round((y + high) * height), height) - top),
  };
  return box.w === width && box.h === height ? null : box;
}

/**
 * @param {Box} box
 * @param {Size} size
 * @returns {Part}
 */
function toShares({ x, y, w, h: high }, { width, height }) {
  const left = Math.min(x / width, 1 - LEAST);
  const top = Math.min(y / height, 1 - LEAST);
  return { x: left, y: top, w: Math.min(w / width, 1 - left), h: Math.min(high / height, 1 - top) };
}

/**
 * The part after an arrow key: moved, or resized with Shift.
 * @param {KeyboardEvent} event
 * @param {Part} part
 */
function stepped({ key, shiftKey }, part) {
  const [dx, dy] = ARROWS[key].map((direction) => direction * STEP);
  return shiftKey ? resized(part, "se", dx, dy) : moved(part, dx, dy);
}

/**
 * @param {Part} part
 * @param {number} dx
 * @param {number} dy
 */
function moved(part, dx, dy) {
  return { ...part, x: within(part.x + dx, 0, 1 - part.w), y: within(part.y + dy, 0, 1 - part.h) };
}

/**
 * @param {Part} part
 * @param {string} corner
 * @param {number} dx
 * @param {number} dy
 */
function resized({ x, y, w, h: high }, corner, dx, dy) {
  let right = x + w;
  let bottom = y + high;
  let left = x;
  let top = y;
  if (corner.includes("w")) left = within(left + dx, 0, right - LEAST);
  if (corner.includes("e")) right = within(right + dx, left + LEAST, 1);
  if (corner.includes("n")) top = within(top + dy, 0, bottom - LEAST);
  if (corner.includes("s")) bottom = within(bottom + dy, top + LEAST, 1);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
