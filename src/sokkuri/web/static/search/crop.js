// A frame over a picture that says which part of it is meant: mouse, touch and keyboard.

import { h } from "../base/dom.js";

const CORNERS = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const LEAST = 0.03; // of the picture: no part is smaller
const STEP = 0.02; // of the picture, by a key
const BEGIN = { x: 0.15, y: 0.15, w: 0.7, h: 0.7 };
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const HELP = "Arrow keys move it, with Shift they change its size; Enter searches, Escape cancels.";

/** @typedef {{x: number, y: number, w: number, h: number}} Box in pixels of the upright picture */

/**
 * A picture with a frame.
 * @param {HTMLImageElement | string} picture an image element or an address
 * @param {{onchange?: (box: ?Box) => void, onaccept?: (box: ?Box) => void,
 *   oncancel?: () => void, box?: ?Box, natural?: {width: number, height: number}}} [options]
 *   natural: size of the picture, where that of the image element is not it (a thumbnail);
 *   onaccept: Enter was pressed; oncancel: Escape
 * @returns {{element: HTMLElement, box: () => ?Box, clear: () => void, focus: () => void,
 *   destroy: () => void}} box: null for the whole picture
 */
export function cropper(picture, options = {}) {
  return new Cropper(picture, options);
}

class Cropper {
  constructor(picture, options) {
    this.options = options;
    this.img = typeof picture === "string" ? h("img", { src: picture, alt: "" }) : picture;
    this.img.draggable = false;
    this.frame = h("div",
      { class: "crop-frame", tabindex: 0, role: "group", "aria-label": "A part" },
      CORNERS.map((corner) => h("span", { class: "crop-handle", dataset: { corner } })));
    this.element = h("div", { class: "cropper" }, this.img, this.frame);
    this.controller = new AbortController();
    // In parts of the picture, 0 to 1: its size may not be known before it has come.
    this.part = null;
    this.begin();
    if (!this.size().width) this.img.addEventListener("load", () => this.begin(), { once: true });
    this.listen();
  }

  listen() {
    const { element } = this;
    const { signal } = this.controller;
    element.addEventListener("keydown", (event) => this.pressed(event), { signal });
    element.addEventListener("pointerdown", (event) => this.take(event), { signal });
    element.addEventListener("pointermove", (event) => this.pull(event), { signal });
    for (const type of ["pointerup", "pointercancel"]) {
      element.addEventListener(type, () => {
        this.drag = null;
      }, { signal });
    }
  }

  begin() {
    const { box } = this.options;
    this.part = box && this.size().width ? parts(box, this.size()) : { ...BEGIN };
    this.draw();
  }

  size() {
    return this.options.natural
      ?? { width: this.img.naturalWidth, height: this.img.naturalHeight };
  }

  box() {
    return this.part && this.size().width ? pixels(this.part, this.size()) : null;
  }

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
    const label = box ? `A part of ${box.w} by ${box.h} pixels, at ${box.x}, ${box.y}` : "A part";
    frame.setAttribute("aria-label", `${label}. ${HELP}`);
  }

  pressed(event) {
    const { onaccept, oncancel } = this.options;
    if (event.key === "Enter") onaccept?.(this.box());
    else if (event.key === "Escape") oncancel?.();
    else if (event.key in ARROWS && this.part) this.set(stepped(event, this.part));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A handle resizes, the frame moves, and beside it a new frame is drawn. */
  take(event) {
    if (event.button !== 0) return;
    const { corner } = event.target.dataset;
    const framed = event.target.closest(".crop-frame");
    this.drag = {
      from: this.at(event),
      part: this.part,
      act: corner ?? (framed ? "move" : "draw"),
    };
    this.element.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (framed) this.focus();
  }

  pull(event) {
    if (!this.drag) return;
    const { from, part, act } = this.drag;
    const to = this.at(event);
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    if (act === "move") this.set(moved(part, dx, dy));
    else if (act !== "draw") this.set(resized(part, act, dx, dy));
    else if (Math.abs(dx) > LEAST && Math.abs(dy) > LEAST) {
      this.set({ x: Math.min(to.x, from.x), y: Math.min(to.y, from.y),
        w: Math.abs(dx), h: Math.abs(dy) });
    }
  }

  at({ clientX, clientY }) {
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

function pixels({ x, y, w, h: high }, { width, height }) {
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

function parts({ x, y, w, h: high }, { width, height }) {
  const left = Math.min(x / width, 1 - LEAST);
  const top = Math.min(y / height, 1 - LEAST);
  return { x: left, y: top, w: Math.min(w / width, 1 - left), h: Math.min(high / height, 1 - top) };
}

/** What a key makes of the part. */
function stepped({ key, shiftKey }, part) {
  const [dx, dy] = ARROWS[key].map((direction) => direction * STEP);
  return shiftKey ? resized(part, "se", dx, dy) : moved(part, dx, dy);
}

function moved(part, dx, dy) {
  return { ...part, x: within(part.x + dx, 0, 1 - part.w), y: within(part.y + dy, 0, 1 - part.h) };
}

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

function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
