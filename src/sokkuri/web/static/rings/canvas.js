// The rings as a picture: the query in the middle, hits around it, faint rings with distances,
// moving from one query to the next. Used by the rings view and by the search view.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { layout } from "./layout.js";
import { panning } from "./panning.js";
import { arrowTarget } from "./keys.js";
import { labelSpot } from "./labels.js";

const MOVE = 400; // milliseconds
const EASE = "cubic-bezier(0.3, 0, 0.15, 1)";
const SIZES = [64, 128, 256, 512, 1024, 2048];
const EDGE = 10; // pixels kept free around the rings
const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {{id: string, name: string, width: number, height: number, v?: string, src?: string,
 *   distance?: number, angle?: number}} Picture  src: where its pixels are, if not on the server
 */

/**
 * A canvas of rings that fills `container`.
 * @param {HTMLElement} container
 * @param {{hrefOf: (picture: Picture) => ?string, onselect?: (picture: Picture) => void}} options
 *   hrefOf: where a click leads; onselect: a picture is pointed at or has the focus
 */
export function ringsCanvas(container, options) {
  return new Canvas(container, options);
}

class Canvas {
  constructor(container, options) {
    this.options = options;
    this.items = new Map();
    this.state = { centre: null, hits: [], power: 5 };
    this.marks = svg("svg", { class: "ring-marks", "aria-hidden": "true" });
    this.labels = svg("svg", { class: "ring-marks ring-labels", "aria-hidden": "true" });
    this.list = h("ol", { class: "ring-pictures", role: "list" });
    this.world = h("div", { class: "ring-world" }, this.marks, this.list, this.labels);
    this.element = h("div", { class: "ring-stage", tabindex: 0, role: "group" }, this.world,
      this.zoomButtons());
    container.append(this.element);
    this.panning = panning(this.element, this.world, { onchange: () => this.sharpenSoon() });
    this.listen();
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.element);
  }

  zoomButtons() {
    const button = (label, name, act) => h("button",
      { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
      icon(name));
    return h("div", { class: "ring-zoom" },
      button("Zoom in (+)", "plus", () => this.panning.step(1)),
      button("Zoom out (-)", "minus", () => this.panning.step(-1)),
      button("Show all (0)", "rings", () => this.panning.fit()));
  }

  /**
   * Shows a query and its hits.
   * @param {Picture} centre
   * @param {Picture[]} hits without the query
   * @param {{power?: number, move?: boolean}} [how] move: what is there already moves to its place
   */
  show(centre, hits, { power = this.state.power, move = true } = {}) {
    const recentred = this.state.centre && this.state.centre.id !== centre.id;
    const focused = this.list.contains(document.activeElement);
    this.state = { centre, hits, power };
    this.element.setAttribute("aria-label",
      `${hits.length} pictures around ${centre.name}, the nearer the more alike. `
      + "Arrow keys pan, plus and minus zoom; Tab goes to the pictures.");
    if (recentred) this.panning.fit(move);
    // Pictures that move under a pointer at rest are not pointed at.
    this.resting = Boolean(recentred);
    this.arrange(move && !still());
    this.rove(recentred || !this.items.has(this.roving) ? centre.id : this.roving);
    if (focused) this.items.get(this.roving).anchor.focus({ preventScroll: true });
  }

  /** Other radii for the same pictures. */
  setPower(power) {
    this.state.power = power;
    this.arrange(false);
  }

  resized() {
    const { clientWidth: w, clientHeight: h } = this.element;
    if (!this.state.centre || (w === this.laid?.w && h === this.laid?.h)) return;
    // A phone's address bar comes and goes; that is no reason to lay out anew.
    const little = w === this.laid?.w && Math.abs(h - this.laid.h) < 0.15 * h;
    if (little && matchMedia("(pointer: coarse)").matches) return;
    this.panning.fit(false);
    this.arrange(false);
  }

  arrange(move) {
    const { centre, hits, power } = this.state;
    const { clientWidth: w, clientHeight: h } = this.element;
    if (!centre || w < 40 || h < 40) return;
    this.laid = { w, h };
    const made = layout([centre, ...hits],
      { width: w - 2 * EDGE, height: h - 2 * EDGE, power });
    const pictures = new Map([centre, ...hits].map((picture) => [picture.id, picture]));
    this.places = [made.centre, ...made.places].map((place) =>
      ({ ...place, x: place.x + EDGE, y: place.y + EDGE }));
    const before = new Map([...this.items].map(([id, item]) => [id, where(item)]));
    const leaving = [...this.items.keys()].filter((id) => !pictures.has(id));
    for (const id of leaving) this.leave(id, move);
    this.places.forEach((place, rank) => {
      const item = this.items.get(place.id) ?? this.enter(pictures.get(place.id));
      this.describe(item, pictures.get(place.id), place, rank);
      this.put(item, place, rank);
      if (move) animate(item, before.get(place.id));
    });
    this.drawMarks(made.rings, move);
    this.sharpen();
  }

  enter(picture) {
    const img = h("img", { alt: "", decoding: "async", draggable: "false" });
    const anchor = h("a", { draggable: "false", tabindex: -1 }, img);
    const item = { img, anchor, li: h("li", { class: "ring" }, anchor), picture, size: 0 };
    img.addEventListener("error", () => item.li.classList.add("broken"));
    img.addEventListener("load", () => item.li.classList.add("loaded"));
    anchor.dataset.id = picture.id;
    item.li.dataset.box = String(this.items.size % 4);
    this.items.set(picture.id, item);
    return item;
  }

  leave(id, move) {
    const item = this.items.get(id);
    this.items.delete(id);
    item.anchor.removeAttribute("href");
    item.anchor.tabIndex = -1;
    item.li.setAttribute("aria-hidden", "true");
    if (!move) {
      item.li.remove();
      return;
    }
    const fading = item.li.animate([{ opacity: 0 }],
      { duration: MOVE / 2, easing: "ease-out", fill: "forwards" });
    fading.finished.then(() => item.li.remove(), () => item.li.remove());
  }

  describe(item, picture, place, rank) {
    const { hits } = this.state;
    item.picture = picture;
    item.place = place;
    item.li.classList.toggle("middle", rank === 0);
    const href = this.options.hrefOf(picture);
    if (href) item.anchor.setAttribute("href", href);
    else item.anchor.removeAttribute("href");
    item.anchor.setAttribute("aria-label", rank === 0
      ? `${picture.name}, in the middle`
      : `${picture.name}, distance ${shortDistance(picture.distance)}, `
        + `number ${rank} of ${hits.length}`);
    if (!href) item.anchor.setAttribute("role", "img");
    else item.anchor.removeAttribute("role");
  }

  /** Puts a picture in its place and in its turn, so that Tab and readers go by rank. */
  put(item, place, rank) {
    const { li } = item;
    li.getAnimations().forEach((animation) => animation.cancel());
    li.style.width = `${place.w}px`;
    li.style.height = `${place.h}px`;
    li.style.transform = shift(place.x - place.w / 2, place.y - place.h / 2);
    if (this.list.children[rank] !== li) this.list.insertBefore(li, this.list.children[rank]);
  }

  drawMarks(rings, move) {
    const { w, h: high } = this.laid;
    this.marks.replaceChildren(...rings.map(({ rx, ry }) =>
      svg("ellipse", { cx: w / 2, cy: high / 2, rx, ry })));
    this.labels.replaceChildren(...rings.map((ring) =>
      svg("text", labelSpot(ring, this.places, w, high), String(ring.distance))));
    for (const drawing of [this.marks, this.labels]) {
      drawing.setAttribute("width", String(w));
      drawing.setAttribute("height", String(high));
      if (move) drawing.animate({ opacity: [0, 0, 1] }, MOVE);
    }
  }

  sharpenSoon() {
    clearTimeout(this.sharpening);
    this.sharpening = setTimeout(() => this.sharpen(), 160);
  }

  /** Asks for as many pixels as are seen: larger thumbnails when zoomed in, never smaller again. */
  sharpen() {
    const { x, y, scale } = this.panning.view;
    const { clientWidth, clientHeight } = this.element;
    for (const item of this.items.values()) {
      const { place, picture } = item;
      const across = Math.max(place.w, place.h) * scale;
      const seen = Math.abs(place.x * scale + x - clientWidth / 2) < (clientWidth + across) / 2
        && Math.abs(place.y * scale + y - clientHeight / 2) < (clientHeight + across) / 2;
      if (item.size && !seen) continue;
      const wanted = across * Math.min(devicePixelRatio, 2) * 0.8;
      const size = SIZES.find((side) => side >= wanted) ?? 2048;
      if (size <= item.size) continue;
      item.size = picture.src ? Infinity : size;
      item.img.src = picture.src ?? imageUrl(picture.id, "thumbnail", { size, v: picture.v });
    }
  }

  listen() {
    const select = (event) => {
      const item = this.itemOf(event.target);
      if (item) this.select(item.picture.id, event.type === "focusin");
    };
    this.list.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch" && !this.resting) select(event);
    });
    this.list.addEventListener("pointermove", (event) => {
      if (!this.resting || (!event.movementX && !event.movementY)) return;
      this.resting = false;
      if (event.pointerType !== "touch") select(event);
    });
    this.list.addEventListener("focusin", select);
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    // A finger cannot hover: its first tap shows the picture, its second goes there.
    this.list.addEventListener("click", (event) => {
      const item = this.itemOf(event.target);
      if (!item || event.pointerType !== "touch" || this.tapped === item.picture.id) return;
      event.preventDefault();
      this.tapped = item.picture.id;
      this.select(item.picture.id, true);
    });
  }

  itemOf(target) {
    const anchor = target.closest("a[data-id]");
    return anchor ? this.items.get(anchor.dataset.id) : null;
  }

  /** Marks a picture as the one that is looked at. */
  select(id, rove = false) {
    const item = this.items.get(id);
    if (!item) return;
    if (rove) this.rove(id);
    if (this.selected !== id || !item.li.classList.contains("selected")) {
      for (const other of this.list.querySelectorAll(".selected")) {
        other.classList.remove("selected");
      }
      item.li.classList.add("selected");
    }
    this.selected = id;
    this.options.onselect?.(item.picture);
  }

  /** One picture is where Tab comes in. */
  rove(id) {
    const old = this.items.get(this.roving);
    if (old) old.anchor.tabIndex = -1;
    this.roving = id;
    this.items.get(id).anchor.tabIndex = 0;
  }

  pressed(event) {
    const item = this.itemOf(event.target);
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = arrowTarget(event.key, item.place, this.places);
    if (target) {
      event.preventDefault();
      const { anchor, place } = this.items.get(target.id);
      anchor.focus({ preventScroll: true });
      this.panning.reveal(place);
    }
  }

  /** Whether a picture lies in the left half, as it is seen. */
  isLeft(id) {
    const { x, scale } = this.panning.view;
    const place = this.items.get(id)?.place;
    return Boolean(place) && place.x * scale + x < this.element.clientWidth / 2;
  }

  destroy() {
    clearTimeout(this.sharpening);
    this.watcher.disconnect();
    this.panning.destroy();
    this.element.remove();
  }
}

/** @param {number} distance */
export function shortDistance(distance) {
  if (!Number.isFinite(distance)) return "unknown";
  return distance < 0.0005 ? "0" : distance < 10 ? distance.toFixed(3) : distance.toFixed(1);
}

function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function shift(x, y, sx = 1, sy = 1) {
  return `translate(${x}px, ${y}px) scale(${sx}, ${sy})`;
}

/** Where a picture is just now, also on its way. */
function where({ li, place }) {
  const matrix = new DOMMatrixReadOnly(getComputedStyle(li).transform);
  return { x: matrix.e, y: matrix.f, w: matrix.a * place.w, h: matrix.d * place.h };
}

function animate({ li, place }, from) {
  const x = place.x - place.w / 2;
  const y = place.y - place.h / 2;
  const to = { transform: shift(x, y), opacity: 1 };
  const start = from
    ? { transform: shift(from.x, from.y, from.w / place.w, from.h / place.h) }
    : { transform: shift(x + place.w * 0.15, y + place.h * 0.15, 0.7, 0.7), opacity: 0 };
  li.animate([start, to],
    { duration: MOVE, easing: EASE, delay: from ? 0 : 60, fill: "backwards" });
}

function svg(tag, attributes, text = "") {
  const el = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, String(value));
  el.textContent = text;
  return el;
}
