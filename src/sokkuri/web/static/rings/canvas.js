// Draws the rings: the query in the middle, the hits around it, and faint rings with distances.
// Pictures move when the query changes. Used by the rings page and by the search page.

import { imageUrl } from "../base/api.js";
import { around, h } from "../base/dom.js";
import { decimal } from "../base/format.js";
import { t } from "../base/messages.js";
import { navigate } from "../base/router.js";
import { openFromList } from "../base/trail.js";
import { layout } from "./layout.js";
import { panning } from "./panning.js";
import { arrowTarget } from "./keys.js";
import { Marks } from "./marks.js";
import { boxOf, fadeAway, move, placeAt, prefersReducedMotion } from "./moving.js";
import { zoomButtons } from "./zoom_buttons.js";

/** @import { Place } from "./layout.js" */

const SIZES = [64, 128, 256, 512, 1024, 2048];
const EDGE = 10; // pixels kept free around the rings

/**
 * @typedef {{id: string, name: string, width: ?number, height: ?number, folder?: string,
 *   v?: string, src?: ?string, distance?: number, angle?: ?number}} Picture  src: address of a
 *   picture that is only in this browser
 * @typedef {{hrefOf: (picture: Picture) => ?string, onselect?: (picture: Picture) => void}}
 *   CanvasOptions
 *   hrefOf: the link of a picture; onselect: called when the pointer or the focus is on a picture
 * @typedef {{img: HTMLImageElement, anchor: HTMLAnchorElement, li: HTMLLIElement,
 *   picture: Picture, place: Place, size: number}} Item
 */

/**
 * A canvas of rings that fills `container`.
 * @param {HTMLElement} container
 * @param {CanvasOptions} options
 */
export function ringsCanvas(container, options) {
  return new Canvas(container, options);
}

class Canvas {
  /**
   * @param {HTMLElement} container
   * @param {CanvasOptions} options
   */
  constructor(container, options) {
    this.options = options;
    /** @type {Map<string, Item>} */
    this.items = new Map();
    /** @type {{centre: ?Picture, hits: Picture[], power: number}} */
    this.state = { centre: null, hits: [], power: 5 };
    this.size = { w: 0, h: 0 };
    /** @type {Place[]} */
    this.places = [];
    this.tabStop = ""; // the id of the picture that Tab enters
    this.selected = "";
    this.tapped = "";
    this.resting = false;
    this.sharpening = 0;
    this.marks = new Marks();
    this.list = h("ol", { class: "ring-pictures", role: "list" });
    this.world = h("div", { class: "ring-world" }, this.marks.ellipses, this.list,
      this.marks.labels);
    this.element = h("div", { class: "ring-stage", tabindex: 0, role: "group" }, this.world,
      zoomButtons(() => this.panning, "rings"));
    container.append(this.element);
    this.panning = panning(this.element, this.world, { onchange: () => this.sharpenSoon() });
    this.listen();
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.element);
  }

  /**
   * Shows a query and its hits.
   * @param {Picture} centre
   * @param {Picture[]} hits without the query
   * @param {{power?: number, moves?: boolean}} [options] moves: whether pictures
   *   are seen to move to their new places
   */
  show(centre, hits, { power = this.state.power, moves = true } = {}) {
    const recentred = this.state.centre !== null && this.state.centre.id !== centre.id;
    const focused = this.list.contains(document.activeElement);
    this.state = { centre, hits, power };
    this.element.setAttribute("aria-label",
      t("{count} picture around {name}. Nearer pictures are more similar. Arrow keys pan, plus and "
        + "minus zoom, Tab moves to the pictures.|{count} pictures around {name}. Nearer pictures are "
        + "more similar. Arrow keys pan, plus and minus zoom, Tab moves to the pictures.",
      { count: hits.length, name: centre.name }));
    if (recentred) this.panning.fit(moves);
    // A picture that moves under a resting pointer must not be selected.
    this.resting = recentred;
    this.arrange(moves && !prefersReducedMotion());
    this.setTabStop(recentred || !this.items.has(this.tabStop) ? centre.id : this.tabStop);
    if (focused) this.items.get(this.tabStop)?.anchor.focus({ preventScroll: true });
  }

  /**
   * Changes the radii of the same pictures.
   * @param {number} power
   */
  setPower(power) {
    this.state.power = power;
    this.arrange(false);
  }

  resized() {
    const { clientWidth: w, clientHeight: h } = this.element;
    if (!this.state.centre || (w === this.size.w && h === this.size.h)) return;
    // The address bar of a phone appears and disappears. The layout ignores this change.
    const isSmall = w === this.size.w && Math.abs(h - this.size.h) < 0.15 * h;
    if (isSmall && matchMedia("(pointer: coarse)").matches) return;
    this.panning.fit(false);
    this.arrange(false);
  }

  /** @param {boolean} moves whether the pictures move to their places */
  arrange(moves) {
    const { centre, hits, power } = this.state;
    const { clientWidth: w, clientHeight: h } = this.element;
    if (!centre || w < 40 || h < 40) return;
    this.size = { w, h };
    const result = layout([centre, ...hits],
      { width: w - 2 * EDGE, height: h - 2 * EDGE, power });
    const pictures = new Map([centre, ...hits].map((picture) => [picture.id, picture]));
    const places = [result.centre, ...result.places].filter((place) => place !== null);
    this.places = places.map((place) => ({ ...place, x: place.x + EDGE, y: place.y + EDGE }));
    const before = new Map([...this.items].map(([id, item]) => [id, boxOf(item)]));
    const leaving = [...this.items.keys()].filter((id) => !pictures.has(id));
    for (const id of leaving) this.removeItem(id, moves);
    this.places.forEach((place, rank) => {
      const picture = pictures.get(place.id);
      if (!picture) return;
      const item = this.items.get(place.id) ?? this.addItem(picture, place);
      this.describe(item, picture, place, rank);
      this.put(item, place, rank);
      if (moves) move(item, before.get(place.id));
    });
    this.marks.draw(result.rings, this.places, this.size, moves);
    this.sharpen();
  }

  /**
   * @param {Picture} picture
   * @param {Place} place
   * @returns {Item}
   */
  addItem(picture, place) {
    const img = h("img", { alt: "", decoding: "async", draggable: "false" });
    const anchor = h("a", { draggable: "false", tabindex: -1 }, img);
    const item = { img, anchor, li: h("li", { class: "ring" }, anchor), picture, place, size: 0 };
    img.addEventListener("error", () => item.li.classList.add("broken"));
    img.addEventListener("load", () => item.li.classList.add("loaded"));
    anchor.dataset.id = picture.id;
    item.li.dataset.box = String(this.items.size % 4);
    this.items.set(picture.id, item);
    return item;
  }

  /**
   * @param {string} id
   * @param {boolean} fades
   */
  removeItem(id, fades) {
    const item = this.items.get(id);
    if (!item) return;
    this.items.delete(id);
    item.anchor.removeAttribute("href");
    item.anchor.tabIndex = -1;
    item.li.setAttribute("aria-hidden", "true");
    if (fades) fadeAway(item.li);
    else item.li.remove();
  }

  /**
   * @param {Item} item
   * @param {Picture} picture
   * @param {Place} place
   * @param {number} rank
   */
  describe(item, picture, place, rank) {
    const { hits } = this.state;
    item.picture = picture;
    item.place = place;
    item.li.classList.toggle("middle", rank === 0);
    const href = this.options.hrefOf(picture);
    if (href) item.anchor.setAttribute("href", href);
    else item.anchor.removeAttribute("href");
    item.anchor.setAttribute("aria-label", rank === 0
      ? t("{name}, in the middle", { name: picture.name })
      : t("{name}, distance {distance}, number {rank} of {total}", { name: picture.name,
        distance: shortDistance(picture.distance), rank, total: hits.length }));
    if (!href) item.anchor.setAttribute("role", "img");
    else item.anchor.removeAttribute("role");
  }

  /**
   * Places a picture, and orders it by rank in the document for Tab and screen readers.
   * @param {Item} item
   * @param {Place} place
   * @param {number} rank
   */
  put(item, place, rank) {
    const { li } = item;
    placeAt(li, place);
    if (this.list.children[rank] !== li) this.list.insertBefore(li, this.list.children[rank]);
  }

  sharpenSoon() {
    clearTimeout(this.sharpening);
    this.sharpening = setTimeout(() => this.sharpen(), 160);
  }

  /** Loads larger thumbnails of the visible pictures after zooming in, and never smaller ones. */
  sharpen() {
    const { x, y, scale } = this.panning.view;
    const { clientWidth, clientHeight } = this.element;
    for (const item of this.items.values()) {
      const { place, picture } = item;
      const side = Math.max(place.w, place.h) * scale;
      const visible = Math.abs(place.x * scale + x - clientWidth / 2) < (clientWidth + side) / 2
        && Math.abs(place.y * scale + y - clientHeight / 2) < (clientHeight + side) / 2;
      if (item.size && !visible) continue;
      const pixels = side * Math.min(devicePixelRatio, 2) * 0.8;
      const size = SIZES.find((candidate) => candidate >= pixels) ?? 2048;
      if (size <= item.size) continue;
      item.size = picture.src ? Infinity : size;
      item.img.src = picture.src ?? imageUrl(picture.id, "thumbnail", { size, v: picture.v });
    }
  }

  listen() {
    /** @param {Event} event */
    const select = (event) => {
      const item = this.itemOf(event);
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
    this.list.addEventListener("click", (event) => {
      const item = this.itemOf(event);
      if (item?.anchor.pathname === "/image") this.noteList(item.picture);
    });
    // A finger cannot hover: the first tap selects the picture, the second follows its link.
    this.list.addEventListener("click", (event) => {
      const item = this.itemOf(event);
      if (!item || event.pointerType !== "touch" || this.tapped === item.picture.id) return;
      event.preventDefault();
      this.tapped = item.picture.id;
      this.select(item.picture.id, true);
    });
  }

  /** @param {Event} event */
  itemOf(event) {
    return this.items.get(around(event, "a[data-id]")?.dataset.id ?? "");
  }

  /**
   * Selects a picture; with `tabStop`, Tab also enters the pictures there.
   * @param {string} id
   * @param {boolean} [tabStop]
   */
  select(id, tabStop = false) {
    const item = this.items.get(id);
    if (!item) return;
    if (tabStop) this.setTabStop(id);
    if (this.selected !== id || !item.li.classList.contains("selected")) {
      for (const other of this.list.querySelectorAll(".selected")) {
        other.classList.remove("selected");
      }
      item.li.classList.add("selected");
    }
    this.selected = id;
    this.options.onselect?.(item.picture);
  }

  /**
   * Makes a picture the one that Tab enters.
   * @param {string} id
   */
  setTabStop(id) {
    const old = this.items.get(this.tabStop);
    if (old) old.anchor.tabIndex = -1;
    this.tabStop = id;
    const item = this.items.get(id);
    if (item) item.anchor.tabIndex = 0;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const item = this.itemOf(event);
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "z" && this.options.hrefOf(item.picture) !== null) {
      event.preventDefault();
      this.open(item.picture, true);
      return;
    }
    const target = arrowTarget(event.key, item.place, this.places);
    const next = target && this.items.get(target.id);
    if (next) {
      event.preventDefault();
      next.anchor.focus({ preventScroll: true });
      this.panning.reveal(next.place);
    }
  }

  /**
   * Shows the page of a picture. Its list are the shown pictures, the nearest ones first.
   * @param {Picture} picture
   * @param {boolean} [viewer] whether the viewer is open at once
   */
  open(picture, viewer = false) {
    this.noteList(picture);
    navigate("/image", { id: picture.id }, { state: { viewer } });
  }

  /** @param {Picture} picture */
  noteList(picture) {
    const { centre, hits } = this.state;
    const shown = [centre, ...hits].filter((one) => one !== null);
    openFromList(shown.filter((one) => this.options.hrefOf(one) !== null), picture.id);
  }

  /**
   * Whether a picture is in the left half of the visible stage.
   * @param {string} id
   */
  isLeft(id) {
    const { x, scale } = this.panning.view;
    const place = this.items.get(id)?.place;
    return place !== undefined && place.x * scale + x < this.element.clientWidth / 2;
  }

  destroy() {
    clearTimeout(this.sharpening);
    this.watcher.disconnect();
    this.panning.destroy();
    this.element.remove();
  }
}

/** @param {number | undefined} distance */
export function shortDistance(distance) {
  if (distance === undefined || !Number.isFinite(distance)) return t("unknown");
  return distance < 0.0005 ? "0" : decimal(distance, distance < 10 ? 3 : 1);
}
