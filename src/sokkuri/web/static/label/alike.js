// A suggested image and the unlabelled images most similar to it, to be labelled together.

import * as api from "../base/api.js";
import { h, toast } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";
import { openFromList } from "../base/trail.js";
import { ListSelection, selectable } from "../selection/list_selection.js";
import { whyThis } from "./one.js";

/**
 * @import { InfoDocument } from "../base/api_types.js"
 * @import { ImageToLabel } from "./suggestions.js"
 */

/**
 * @typedef {{image: ImageToLabel, anchor: HTMLAnchorElement, item: HTMLElement}} Tile
 * @typedef {{image: ImageToLabel, chosen: boolean}} Choice
 */

const BESIDE = 23; // images beside the suggested one
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** Pictures that are selected as on every page. The arrow keys move between them. */
export class Alike {
  /**
   * @param {{info: InfoDocument, signal: AbortSignal, onchanged: () => void}} options onchanged: called
   *   when an action of the bar has changed images or labels
   */
  constructor({ info, signal, onchanged }) {
    this.info = info;
    this.signal = signal;
    this.onchanged = onchanged;
    /** @type {?ListSelection} while the group is shown */
    this.selecting = null;
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
    this.list.addEventListener("focusin", (event) => {
      const index = this.tiles.findIndex(({ anchor }) => anchor === event.target);
      if (index >= 0) this.setCurrent(index, false);
    });
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

  /** Ends the selection, and ignores similar images that are still being fetched. */
  leave() {
    this.turn += 1;
    this.selecting?.stop();
    this.selecting = null;
  }

  /**
   * @param {ImageToLabel[]} images the suggested image first
   * @param {{chosen?: (image: ImageToLabel) => boolean, more?: boolean}} [options] `chosen` says
   *   which images are selected: only the first by default, because similar photos need not be of
   *   one kind. `more` shows placeholders for images that are still loading
   */
  show(images, { chosen = (image) => image === images[0], more = false } = {}) {
    const hadFocus = this.list.contains(document.activeElement);
    this.tiles = images.map((image) => this.makeTile(image, images));
    this.why.textContent = images[0]?.why ? whyThis(images[0].why) : "";
    this.list.replaceChildren(...this.tiles.map(({ item }) => item),
      ...(more ? Array.from({ length: 11 }, () => h("li", { class: "skeleton tile-box" })) : []));
    this.selecting ??= new ListSelection({ host: this.list, info: this.info, signal: this.signal,
      onselect: () => this.showSummary(), onchanged: this.onchanged, onlabelled: this.onchanged });
    this.selecting.selection.choose([...images.keys()].filter((index) => chosen(images[index])));
    this.setCurrent(0, hadFocus);
  }

  /**
   * @param {ImageToLabel} image
   * @param {ImageToLabel[]} images the list in which its page goes on
   * @returns {Tile}
   */
  makeTile(image, images) {
    const { id, name, v } = image;
    const img = h("img", { alt: "", decoding: "async", draggable: "false",
      src: api.imageUrl(id, "thumbnail", { size: devicePixelRatio > 1 ? 512 : 256, v }) });
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    const anchor = link("/image", { id }, { class: "tile-box", title: name, "aria-label": name,
      tabindex: -1, draggable: "false", onclick: () => openFromList(images, id) }, img);
    return { image, anchor, item: selectable(h("li", null, anchor), image) };
  }

  toggleAll() {
    const { selecting, tiles } = this;
    if (selecting?.selection.size === tiles.length) selecting.selection.clear();
    else selecting?.selection.all(tiles.length);
  }

  showSummary() {
    this.summary.textContent =
      t("{number} of {total} selected",
        { number: this.chosen().length, total: this.tiles.length });
  }

  /** @returns {ImageToLabel[]} the images that are selected */
  chosen() {
    return this.tiles.filter((_, index) => this.selecting?.selection.has(index))
      .map(({ image }) => image);
  }

  /**
   * The images and the selection, for `restore`.
   * @returns {Choice[]}
   */
  snapshot() {
    return this.tiles.map(({ image }, index) =>
      ({ image, chosen: Boolean(this.selecting?.selection.has(index)) }));
  }

  /** @param {Choice[]} snapshot */
  restore(snapshot) {
    const chosen = new Set(snapshot.filter((tile) => tile.chosen).map(({ image }) => image));
    this.show(snapshot.map(({ image }) => image), { chosen: (image) => chosen.has(image) });
  }

  /**
   * Removes images. None of the others is selected.
   * @returns {number} how many are left
   * @param {Set<string>} ids
   */
  remove(ids) {
    const hadFocus = this.list.contains(document.activeElement);
    for (const { image, item } of this.tiles) if (ids.has(image.id)) item.remove();
    this.tiles = this.tiles.filter(({ image }) => !ids.has(image.id));
    this.selecting?.selection.clear();
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
    this.tiles.forEach(({ anchor }, n) => {
      anchor.tabIndex = n === index ? 0 : -1;
    });
    this.current = index;
    if (focus) this.tiles[index]?.anchor.focus();
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
    else if (key === "o") this.tiles[this.current]?.anchor.click();
    else return;
    event.preventDefault();
    if (to === null || to < 0 || to > last) return;
    const { selecting, current } = this;
    this.setCurrent(to, true);
    if (!event.shiftKey || !selecting) return;
    if (selecting.selection.anchor < 0) selecting.selection.toggle(current);
    selecting.selection.extend(to);
  }
}
