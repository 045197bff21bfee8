// A suggested image with those most like it that have no label, to be labelled together.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { whyThis } from "./one.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** Pictures as buttons that are pressed or not; the arrow keys move between them. */
export class Alike {
  /** @param {{onlook: (image: *) => void}} options `onlook` opens an image by itself */
  constructor({ onlook }) {
    this.onlook = onlook;
    this.said = h("p", { class: "number", "aria-live": "polite" });
    this.all = h("button", { type: "button", class: "button quiet", onclick: () => this.toggleAll(),
      "aria-keyshortcuts": "a" }, "All or none", h("kbd", { "aria-hidden": "true" }, "a"));
    this.why = h("p", { class: "soft small" });
    this.list = h("ul", { class: "alike-list", role: "list", "aria-label": "Images alike" });
    this.element = h("div", { class: "label-alike" },
      h("div", { class: "alike-head" }, this.said, this.all), this.why, this.list);
    this.tiles = [];
    this.list.addEventListener("keydown", (event) => this.pressed(event));
  }

  /**
   * @param {Array<*>} images the suggested one first
   * @param {{chosen?: (image: *) => boolean, more?: boolean}} [options] `chosen` : only the first
   *   by default, since of photos that look alike not all are of one kind; `more` are to come
   */
  show(images, { chosen = (image) => image === images[0], more = false } = {}) {
    const held = this.list.contains(document.activeElement);
    this.tiles = images.map((image) => this.tile(image, chosen(image)));
    this.why.textContent = images[0]?.why ? whyThis(images[0].why) : "";
    this.list.replaceChildren(...this.tiles.map(({ item }) => item),
      ...(more ? Array.from({ length: 11 }, () => h("li", { class: "skeleton tile-box" })) : []));
    this.aim(0, held);
    this.tell();
  }

  tile(image, chosen) {
    const img = h("img", { alt: "", decoding: "async",
      src: api.imageUrl(image.id, "thumbnail",
        { size: devicePixelRatio > 1 ? 512 : 256, v: image.v }) });
    const press = h("button", { type: "button", class: "tile-box", "aria-pressed": chosen,
      "aria-label": image.name, title: image.name, tabindex: -1 }, img,
    h("span", { class: "tile-mark", "aria-hidden": "true" }, icon("check", { size: 16 })));
    const made = { image, press, chosen, item: h("li", null, press) };
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    press.addEventListener("click", (event) => {
      if (event.shiftKey) this.extend(this.tiles.indexOf(made));
      else this.choose(made, !made.chosen);
    });
    return made;
  }

  choose(tile, chosen) {
    this.press(tile, chosen);
    this.aim(this.tiles.indexOf(tile), false);
    this.tell();
  }

  /** Selects all from the one that was last looked at to this one. */
  extend(to) {
    const [first, last] = [Math.min(this.at, to), Math.max(this.at, to)];
    for (const tile of this.tiles.slice(first, last + 1)) this.press(tile, true);
    this.aim(to, true);
    this.tell();
  }

  press(tile, chosen) {
    tile.chosen = chosen;
    tile.press.setAttribute("aria-pressed", String(chosen));
  }

  toggleAll() {
    const chosen = !this.tiles.every((tile) => tile.chosen);
    for (const tile of this.tiles) this.press(tile, chosen);
    this.tell();
  }

  tell() {
    this.said.textContent =
      `${format.count(this.chosen().length)} of ${format.count(this.tiles.length)} selected`;
  }

  /** @returns {Array<*>} the images that are selected */
  chosen() {
    return this.tiles.filter((tile) => tile.chosen).map(({ image }) => image);
  }

  /** What `restore` shows again. */
  snapshot() {
    return this.tiles.map(({ image, chosen }) => ({ image, chosen }));
  }

  restore(snapshot) {
    const chosen = new Set(snapshot.filter((one) => one.chosen).map(({ image }) => image));
    this.show(snapshot.map(({ image }) => image), { chosen: (image) => chosen.has(image) });
  }

  /** Takes images out. @returns {number} how many are left */
  remove(ids) {
    const held = this.list.contains(document.activeElement);
    for (const { image, item } of this.tiles) if (ids.has(image.id)) item.remove();
    this.tiles = this.tiles.filter(({ image }) => !ids.has(image.id));
    this.aim(0, held);
    this.tell();
    return this.tiles.length;
  }

  /** The one that Tab reaches. */
  aim(at, focus) {
    this.tiles.forEach(({ press }, n) => {
      press.tabIndex = n === at ? 0 : -1;
    });
    this.at = at;
    if (focus) this.tiles[at]?.press.focus();
  }

  columns() {
    const top = this.tiles[0]?.item.offsetTop;
    return Math.max(1, this.tiles.filter(({ item }) => item.offsetTop === top).length);
  }

  /** Brings the keyboard to the tiles. */
  focus() {
    this.aim(this.at ?? 0, true);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const last = this.tiles.length - 1;
    let to = null;
    if (key in STEPS) to = this.at + STEPS[key];
    else if (key === "ArrowDown") to = this.at + this.columns();
    else if (key === "ArrowUp") to = this.at - this.columns();
    else if (key === "Home") to = 0;
    else if (key === "End") to = last;
    else if (key === "o") this.onlook(this.tiles[this.at].image);
    else return;
    event.preventDefault();
    if (to === null || to < 0 || to > last) return;
    if (event.shiftKey) this.extend(to);
    else this.aim(to, true);
  }
}
