// Zooms and moves two pictures together, so that both show the same place. Loads an original when
// its thumbnail has too few pixels.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";

/** @import { DuplicateImageDocument } from "../base/api_types.js" */

const THUMBNAIL = 1024; // pixels of the longer side
const STEP = 1.5;
const ARROW = 0.1; // of the window, for an arrow key
const MOST = 8; // screen pixels for a pixel of the picture
/** @type {Record<string, number[]>} */
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @typedef {{image: DuplicateImageDocument, img: HTMLImageElement, sheet: HTMLElement,
 *   view: HTMLElement, original: ?HTMLImageElement}} Half
 * @typedef {{x: number, y: number}} Point in pixels of a view
 */

/** Two pictures at one zoom: `factor` 1 shows the whole of each; x and y, from 0 to 1, are the place
 * in the middle of the window. */
export class JointZoom {
  constructor() {
    /** @type {Half[]} */
    this.halves = [];
    this.factor = 1;
    this.x = 0.5;
    this.y = 0.5;
    this.resizes = new ResizeObserver(() => this.draw());
    this.fit();
  }

  get isWhole() {
    return this.factor <= 1.001;
  }

  /** Shows both pictures whole. */
  fit() {
    Object.assign(this, { factor: 1, x: 0.5, y: 0.5 });
    this.draw();
  }

  /** Forgets the pictures, which are on the page no longer. */
  clear() {
    this.resizes.disconnect();
    this.halves = [];
  }

  /**
   * Makes the element that shows a picture.
   * @param {DuplicateImageDocument} image
   * @param {{mirrored: boolean}} options
   * @returns {HTMLElement}
   */
  add(image, { mirrored }) {
    const img = h("img", { alt: image.name, draggable: "false",
      src: imageUrl(image.id, "thumbnail", { size: THUMBNAIL, v: image.v }) });
    const sheet = h("div", { class: "compare-sheet" },
      h("div", { class: mirrored ? "mirrored" : null }, img));
    const view = h("div", { class: "compare-view" }, sheet);
    /** @type {Half} */
    const half = { image, img, sheet, view, original: null };
    img.addEventListener("load", () => this.draw());
    img.addEventListener("error", () => {
      this.halves = this.halves.filter((other) => other !== half);
    });
    this.listen(half);
    this.halves.push(half);
    this.resizes.observe(view);
    return view;
  }

  /** @param {Half} half */
  listen(half) {
    const { view } = half;
    /** @param {MouseEvent} event */
    const at = ({ clientX, clientY }) => {
      const { left, top } = view.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      this.zoomBy(Math.exp(-event.deltaY * pixels * 0.002), half, at(event));
    }, { passive: false });
    view.addEventListener("dblclick", (event) => {
      if (this.isWhole) this.zoomBy(this.fullSize(half), half, at(event));
      else this.fit();
    });
    view.addEventListener("pointerdown", (event) => {
      if (event.button === 0) view.setPointerCapture(event.pointerId);
    });
    view.addEventListener("pointermove", (event) => {
      if (!view.hasPointerCapture(event.pointerId)) return;
      const { width, height } = this.placeOf(half);
      this.move(-event.movementX / width, -event.movementY / height);
    });
  }

  /**
   * The factor at which a pixel of the picture is a pixel of the screen.
   * @param {Half} half
   */
  fullSize(half) {
    const { width, shown } = this.placeOf(half);
    return Math.max(STEP, shown.width / devicePixelRatio / (width / this.factor));
  }

  /**
   * Where a picture lies in its view.
   * @param {Half} half
   */
  placeOf({ view, image, img }) {
    const { width: wide, height: high } = image;
    const shown = wide && high ? { width: wide, height: high }
      : { width: img.naturalWidth || 1, height: img.naturalHeight || 1 };
    const room = { width: view.clientWidth, height: view.clientHeight };
    const scale = Math.min(room.width / shown.width, room.height / shown.height) * this.factor;
    const [width, height] = [shown.width * scale, shown.height * scale];
    return { width, height, shown, left: start(this.x, width, room.width),
      top: start(this.y, height, room.height), room };
  }

  /**
   * Zooms; the place of the picture at `at` stays where it is.
   * @param {number} by
   * @param {Half | undefined} [half]
   * @param {?Point} [at]
   */
  zoomBy(by, half = this.halves[0], at = null) {
    if (!half) return;
    const { left, top, width, height, room, shown } = this.placeOf(half);
    const most = Math.max(2, (MOST * shown.width * this.factor) / width);
    const factor = Math.min(most, Math.max(1, this.factor * by));
    const grown = factor / this.factor;
    const { x, y } = at ?? { x: room.width / 2, y: room.height / 2 };
    this.factor = factor;
    this.x = (room.width / 2 - x + (x - left) * grown) / (width * grown);
    this.y = (room.height / 2 - y + (y - top) * grown) / (height * grown);
    this.move(0, 0);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  move(dx, dy) {
    /** @param {number} place */
    const within = (place) => Math.min(1, Math.max(0, place));
    this.x = within(this.x + dx);
    this.y = within(this.y + dy);
    this.draw();
  }

  draw() {
    for (const half of this.halves) {
      const { left, top, width, height, shown } = this.placeOf(half);
      Object.assign(half.sheet.style, { width: `${width}px`, height: `${height}px`,
        transform: `translate(${left}px, ${top}px)` });
      half.view.classList.toggle("zoomed", !this.isWhole);
      this.sharpen(half, Math.max(width, height), Math.max(shown.width, shown.height));
    }
  }

  /**
   * Loads the original as soon as the thumbnail has too few pixels.
   * @param {Half} half
   * @param {number} drawn
   * @param {number} longest
   */
  sharpen(half, drawn, longest) {
    if (half.original || longest <= THUMBNAIL || drawn * devicePixelRatio <= THUMBNAIL) return;
    const { image, img } = half;
    const original = h("img", { alt: "", class: "original", draggable: "false" });
    half.original = original;
    original.addEventListener("error", () => original.remove());
    original.src = imageUrl(image.id, "file", { v: image.v });
    img.after(original);
  }

  /**
   * @param {string} key
   * @returns {boolean} whether the key zoomed or moved the pictures
   */
  pressed(key) {
    if (key === "+" || key === "=") this.zoomBy(STEP);
    else if (key === "-") this.zoomBy(1 / STEP);
    else if (key === "0") this.fit();
    else if (key in MOVES && !this.isWhole) {
      const [x, y] = MOVES[key];
      this.move((x * ARROW) / this.factor, (y * ARROW) / this.factor);
    } else return false;
    return true;
  }
}

/**
 * Where a picture starts in a window, with its `place` in the middle, but without a gap.
 * @param {number} place
 * @param {number} length
 * @param {number} room
 */
function start(place, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, room / 2 - place * length));
}
