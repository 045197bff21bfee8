// A suggested image and the unlabelled images most similar to it, to be labelled together.

import * as api from "../base/api.js";
import { h, toast } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { whyThis } from "./one.js";

/** @import { ImageToLabel } from "./suggestions.js" */

/**
 * @typedef {{image: ImageToLabel, press: HTMLButtonElement, chosen: boolean, item: HTMLLIElement}}
 *   Tile
 * @typedef {{image: ImageToLabel, chosen: boolean}} Choice
 */

const BESIDE = 23; // images beside the suggested one
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** Pictures as toggle buttons. The arrow keys move between them. */
export class Alike {
  /**
   * @param {{signal: AbortSignal, onlook: (image: ImageToLabel) => void}} options `onlook` opens the
   *   page of an image
   */
  constructor({ signal, onlook }) {
    this.signal = signal;
    this.onlook = onlook;
    this.turn = 0; // of suggesting
    this.summary = h("p", { class: "number", "aria-live": "polite" });
    this.all = h("button", { type: "button", class: "button quiet", onclick: () => this.toggleAll(),
      "aria-keyshortcuts": "a" }, t("All or none"), h("kbd", { "aria-hidden": "true" }, "a"));
    this.why = h("p", { class: "soft small" });
    this.list = h("ul", { class: "alike-list", role: "list", "aria-label": t("Similar images") });
    this.element = h("div", { class: "label-alike" },
      h("div", { class: "alike-head" }, this.summary, this.all), this.why, this.list);
    /** @type {Tile[]} */
    this.tiles = [];
    this.current = 0;
    this.list.addEventListener("keydown", (event) => this.pressed(event));
  }

  /**
   * Shows a suggested image at once, then the images most similar to it.
   * @param {ImageToLabel} image
   * @param {{under: ?string, where: ?string, done: Set<string>}} limits `done`: ids of images that were
   *   labelled just now
   */
  async suggest(image, { under, where, done }) {
    const turn = this.turn += 1;
    this.show([image], { more: true });
    try {
      const { unlabelled } = await api.get("/labels/near",
        { id: image.id, labelled: 0, unlabelled: BESIDE, under, where }, { signal: this.signal });
      if (this.turn === turn) this.show([image, ...unlabelled.filter(({ id }) => !done.has(id))]);
    } catch (error) {
      if (this.turn !== turn || api.isAbort(error)) return;
      this.show([image]);
      toast(t("Similar images could not be loaded: {reason}", { reason: api.messageOf(error) }));
    }
  }

  /** Ignores similar images that are still being fetched. */
  leave() {
    this.turn += 1;
  }

  /**
   * @param {ImageToLabel[]} images the suggested image first
   * @param {{chosen?: (image: ImageToLabel) => boolean, more?: boolean}} [options] `chosen` says
   *   which images are selected: only the first by default, because similar photos need not be of
   *   one kind. `more` shows placeholders for images that are still loading
   */
  show(images, { chosen = (image) => image === images[0], more = false } = {}) {
    const hadFocus = this.list.contains(document.activeElement);
    this.tiles = images.map((image) => this.makeTile(image, chosen(image)));
    this.why.textContent = images[0]?.why ? whyThis(images[0].why) : "";
    this.list.replaceChildren(...this.tiles.map(({ item }) => item),
      ...(more ? Array.from({ length: 11 }, () => h("li", { class: "skeleton tile-box" })) : []));
    this.setCurrent(0, hadFocus);
    this.showSummary();
  }

  /**
   * @param {ImageToLabel} image
   * @param {boolean} chosen
   * @returns {Tile}
   */
  makeTile(image, chosen) {
    const img = h("img", { alt: "", decoding: "async",
      src: api.imageUrl(image.id, "thumbnail",
        { size: devicePixelRatio > 1 ? 512 : 256, v: image.v }) });
    const press = h("button", { type: "button", class: "tile-box", "aria-pressed": chosen,
      "aria-label": image.name, title: image.name, tabindex: -1 }, img,
    h("span", { class: "tile-mark", "aria-hidden": "true" }, icon("check", { size: 16 })));
    const tile = { image, press, chosen, item: h("li", null, press) };
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    press.addEventListener("click", (event) => {
      if (event.shiftKey) this.extend(this.tiles.indexOf(tile));
      else this.choose(tile, !tile.chosen);
    });
    return tile;
  }

  /**
   * @param {Tile} tile
   * @param {boolean} chosen
   */
  choose(tile, chosen) {
    this.setChosen(tile, chosen);
    this.setCurrent(this.tiles.indexOf(tile), false);
    this.showSummary();
  }

  /**
   * Selects all images from the current one to this one.
   * @param {number} to
   */
  extend(to) {
    const [first, last] = [Math.min(this.current, to), Math.max(this.current, to)];
    for (const tile of this.tiles.slice(first, last + 1)) this.setChosen(tile, true);
    this.setCurrent(to, true);
    this.showSummary();
  }

  /**
   * @param {Tile} tile
   * @param {boolean} chosen
   */
  setChosen(tile, chosen) {
    tile.chosen = chosen;
    tile.press.setAttribute("aria-pressed", String(chosen));
  }

  toggleAll() {
    const chosen = !this.tiles.every((tile) => tile.chosen);
    for (const tile of this.tiles) this.setChosen(tile, chosen);
    this.showSummary();
  }

  showSummary() {
    this.summary.textContent =
      t("{number} of {total} selected",
        { number: this.chosen().length, total: this.tiles.length });
  }

  /** @returns {ImageToLabel[]} the images that are selected */
  chosen() {
    return this.tiles.filter((tile) => tile.chosen).map(({ image }) => image);
  }

  /**
   * The images and the selection, for `restore`.
   * @returns {Choice[]}
   */
  snapshot() {
    return this.tiles.map(({ image, chosen }) => ({ image, chosen }));
  }

  /** @param {Choice[]} snapshot */
  restore(snapshot) {
    const chosen = new Set(snapshot.filter((tile) => tile.chosen).map(({ image }) => image));
    this.show(snapshot.map(({ image }) => image), { chosen: (image) => chosen.has(image) });
  }

  /**
   * Removes images.
   * @returns {number} how many are left
   * @param {Set<string>} ids
   */
  remove(ids) {
    const hadFocus = this.list.contains(document.activeElement);
    for (const { image, item } of this.tiles) if (ids.has(image.id)) item.remove();
    this.tiles = this.tiles.filter(({ image }) => !ids.has(image.id));
    this.setCurrent(0, hadFocus);
    this.showSummary();
    return this.tiles.length;
  }

  /**
   * Makes a tile the one that Tab reaches.
   * @param {number} index
   * @param {boolean} focus
   */
  setCurrent(index, focus) {
    this.tiles.forEach(({ press }, n) => {
      press.tabIndex = n === index ? 0 : -1;
    });
    this.current = index;
    if (focus) this.tiles[index]?.press.focus();
  }

  columns() {
    const top = this.tiles[0]?.item.offsetTop;
    return Math.max(1, this.tiles.filter(({ item }) => item.offsetTop === top).length);
  }

  /** Moves the focus to the tiles. */
  focus() {
    this.setCurrent(this.current, true);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const last = this.tiles.length - 1;
    /** @type {?number} */
    let to = null;
    if (key in STEPS) to = this.current + STEPS[key];
    else if (key === "ArrowDown") to = this.current + this.columns();
    else if (key === "ArrowUp") to = this.current - this.columns();
    else if (key === "Home") to = 0;
    else if (key === "End") to = last;
    else if (key === "o") this.onlook(this.tiles[this.current].image);
    else return;
    event.preventDefault();
    if (to === null || to < 0 || to > last) return;
    if (event.shiftKey) this.extend(to);
    else this.setCurrent(to, true);
  }
}
