// Choosing points of the map: with a rectangle, a lasso, a click, or all that are in sight. The chosen
// points are marks, a byte for each, so any number can be chosen.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { onScreen } from "./overlay.js";

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 4; // pixels that the pointer must move, so that it draws a shape
const REACH = 10; // pixels around a click in which a point is found

/**
 * @import { Props } from "../base/dom.js"
 * @import { Points } from "./points.js"
 */

/**
 * @typedef {{x: number, y: number}} Place in pixels of the stage
 * @typedef {"pan" | "box" | "lasso"} Tool
 * @typedef {"only" | "add" | "take" | "turn"} Way to choose points: only these, these too, these no
 *   longer, or each as it was not
 */

/**
 * The tools: what the pointer does on the map.
 * @type {Record<Tool, [label: string, icon: string]>}
 */
const TOOLS = {
  pan: [t("Move the map"), "hand"],
  box: [t("Select by a rectangle"), "box"],
  lasso: [t("Select by a lasso"), "lasso"],
};

export class Choosing {
  /**
   * @param {{stage: HTMLElement, frame: () => {x: number, y: number, size: number},
   *   onchange: () => void}} options frame: the square of the map, see Plot.draw
   */
  constructor({ stage, frame, onchange }) {
    this.stage = stage;
    this.frame = frame;
    this.onchange = onchange;
    this.count = 0;
    /** @type {?Points} */
    this.points = null;
    this.marks = new Uint8Array(0);
    /** @type {Tool} */
    this.tool = "pan";
    /** @type {?Place[]} */
    this.path = null;
    this.shape = document.createElementNS(SVG, "polygon");
    const drawing = document.createElementNS(SVG, "svg");
    drawing.append(this.shape);
    this.sheet = h("div", { class: "map-sheet", hidden: true, "aria-hidden": "true" }, drawing);
    this.buttons = /** @type {Tool[]} */ (Object.keys(TOOLS)).map((tool) =>
      this.button(...TOOLS[tool], () => this.use(tool), { dataset: { tool } }));
    this.tools = h("div", { class: "map-tools", role: "group", "aria-label": t("Tools") },
      this.buttons, this.button(t("Select all in sight"), "check", () => this.chooseInSight()));
    stage.append(this.sheet, this.tools);
    this.use("pan");
    this.listen();
  }

  /**
   * @param {string} label
   * @param {string} name of the icon
   * @param {() => void} onclick
   * @param {Props} [props]
   */
  button(label, name, onclick, props = {}) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
      onclick, ...props }, icon(name));
  }

  /** @param {Tool} tool */
  use(tool) {
    this.tool = tool;
    this.sheet.hidden = tool === "pan";
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
  }

  /**
   * Begins anew with the points of a map.
   * @param {Points} points
   */
  reset(points) {
    this.points = points;
    this.marks = new Uint8Array(points.count);
    this.count = 0;
    this.onchange();
  }

  clear() {
    if (this.points && this.count) this.reset(this.points);
  }

  /** The numbers of the chosen points. */
  numbers() {
    const { marks } = this;
    const numbers = new Uint32Array(this.count);
    for (let point = 0, at = 0; point < marks.length; point++) if (marks[point]) numbers[at++] = point;
    return numbers;
  }

  /** The chosen points as bits in base64, as the server takes them. */
  bits() {
    const bytes = new Uint8Array(Math.ceil(this.marks.length / 8));
    for (const point of this.numbers()) bytes[point >> 3] |= 1 << (point & 7);
    const parts = [];
    for (let start = 0; start < bytes.length; start += 32768) {
      parts.push(String.fromCharCode(...bytes.subarray(start, start + 32768)));
    }
    return btoa(parts.join(""));
  }

  /**
   * Chooses points.
   * @param {number[]} numbers
   * @param {Way} way
   */
  choose(numbers, way) {
    const { marks } = this;
    if (way === "only") marks.fill(0);
    for (const point of numbers) {
      marks[point] = way === "turn" ? 1 - marks[point] : Number(way !== "take");
    }
    this.count = marks.reduce((sum, mark) => sum + mark, 0);
    this.onchange();
  }

  chooseAll() {
    /** @type {number[]} */
    const all = [];
    this.points?.visit({ left: 0, right: 1, bottom: 0, top: 1 }, (point) => all.push(point));
    this.choose(all, "only");
  }

  chooseInSight() {
    const { clientWidth: x, clientHeight: y } = this.stage;
    this.choose(this.inside([{ x: 0, y: 0 }, { x, y: 0 }, { x, y }, { x: 0, y }]), "only");
  }

  /**
   * The points inside a shape that pass the filter.
   * @param {Place[]} shape its corners
   */
  inside(shape) {
    /** @type {number[]} */
    const found = [];
    const { points } = this;
    if (!points) return found;
    const frame = this.frame();
    const xs = shape.map(({ x }) => (x - frame.x) / frame.size);
    const ys = shape.map(({ y }) => 1 - (y - frame.y) / frame.size);
    const box = { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys),
      top: Math.max(...ys) };
    points.visit(box, (point) => {
      if (isInside(onScreen(points.at(point), frame), shape)) found.push(point);
    });
    return found;
  }

  listen() {
    const { sheet } = this;
    sheet.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation(); // the map stays where it is
      event.preventDefault();
      sheet.setPointerCapture(event.pointerId);
      this.stage.focus({ preventScroll: true });
      this.path = [this.placeOf(event)];
    });
    sheet.addEventListener("pointermove", (event) => {
      if (!this.path) return;
      event.stopPropagation();
      this.path.push(this.placeOf(event));
      this.draw(this.corners(this.path));
    });
    sheet.addEventListener("pointerup", (event) => this.finish(event));
    sheet.addEventListener("pointercancel", () => this.stop());
    for (const type of ["click", "dblclick"]) {
      sheet.addEventListener(type, (event) => event.stopPropagation());
    }
    this.stage.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.path) return;
      this.stop();
      event.preventDefault();
    });
  }

  /**
   * @param {PointerEvent} event
   * @returns {Place}
   */
  placeOf({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /**
   * The corners of the shape that is being drawn.
   * @param {Place[]} path of the pointer
   * @returns {Place[]}
   */
  corners(path) {
    const first = path[0];
    const last = path[path.length - 1];
    return this.tool === "lasso" ? path
      : [first, { x: last.x, y: first.y }, last, { x: first.x, y: last.y }];
  }

  /** @param {Place[]} corners */
  draw(corners) {
    this.shape.setAttribute("points", corners.map(({ x, y }) => `${x},${y}`).join(" "));
  }

  /** @param {PointerEvent} event */
  finish(event) {
    const { path } = this;
    if (!path) return;
    const [first] = path;
    const isClick = path.every(({ x, y }) => Math.hypot(x - first.x, y - first.y) < LEAST);
    const takes = event.altKey || event.ctrlKey || event.metaKey; // Alt may move the window
    const way = event.shiftKey ? "add" : takes ? "take" : "only";
    if (isClick) this.clicked(first);
    else this.choose(this.inside(this.corners(path)), way);
    this.stop();
  }

  /**
   * Chooses the point at a place, or no longer.
   * @param {Place} place
   */
  clicked({ x, y }) {
    if (!this.points) return;
    const frame = this.frame();
    const point = this.points.nearest(
      { x: (x - frame.x) / frame.size, y: 1 - (y - frame.y) / frame.size }, REACH / frame.size);
    if (point >= 0) this.choose([point], "turn");
  }

  stop() {
    this.path = null;
    this.draw([]);
  }
}

/**
 * Whether a place is inside a shape: a line from it to the right crosses the edges an odd number of
 * times.
 * @param {Place} place
 * @param {Place[]} shape
 */
export function isInside({ x, y }, shape) {
  let odd = false;
  for (let i = 0, j = shape.length - 1; i < shape.length; j = i++) {
    const a = shape[i];
    const b = shape[j];
    if ((a.y > y) === (b.y > y)) continue;
    if (x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x) odd = !odd;
  }
  return odd;
}
