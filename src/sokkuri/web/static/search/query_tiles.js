// The pictures of the query. Each has a sign (like or not like) and a weight, and can be cropped
// and removed.

import { t } from "../base/messages.js";
import { cropper } from "./crop.js";
import { h, mustFind } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { fromBox } from "./state.js";
import { weightField } from "./weight_field.js";

/** @import { Box } from "./crop.js" */

/**
 * @typedef {{key: string, name: string, src: ?string, width: number, height: number, not: boolean,
 *   weight: number, problem?: string}} Tile  src null: the browser cannot show the picture
 * @typedef {{stage: HTMLElement, tools: HTMLElement, picture: HTMLImageElement, tile: Tile}} Place
 */

export class QueryTiles {
  /**
   * @param {{onremove: (key: string) => void, onsign: (key: string) => void,
   *   onweight: (key: string, weight: number) => void,
   *   oncrop: (box: ?Box) => void}} options
   */
  constructor(options) {
    this.options = options;
    this.element = h("ul", { class: "query-tiles", role: "list" });
    /** @type {?ReturnType<typeof cropper>} */
    this.frame = null;
    /** @type {?Box} */
    this.crop = null;
    this.several = false;
  }

  /**
   * @param {Tile[]} tiles
   * @param {{crop: ?Box, canCrop: boolean}} options
   */
  show(tiles, { crop, canCrop }) {
    const { element } = this;
    const focused = element.contains(document.activeElement);
    this.removeFrame();
    this.crop = crop;
    this.several = tiles.length > 1;
    element.classList.toggle("several", this.several);
    element.replaceChildren(...tiles.map((tile) => this.tileOf(tile, canCrop)));
    if (focused && this.frame) this.frame.focus();
    else if (focused) element.querySelector("button")?.focus();
  }

  /**
   * @param {Tile} tile
   * @param {boolean} canCrop
   */
  tileOf(tile, canCrop) {
    const image = tile.src
      && h("img", { class: "query-picture", src: tile.src, alt: tile.name, decoding: "async" });
    const picture = image
      || h("div", { class: "query-picture unseeable" }, icon("photos", { size: 32 }),
        h("span", { class: "small" }, t("No preview")));
    const stage = h("div", { class: "query-stage" }, picture);
    const tools = h("div", { class: "row crop-tools" });
    if (canCrop && image && !tile.not) {
      const place = { stage, tools, picture: image, tile };
      if (this.crop) this.putFrame(place);
      else this.offerFrame(place);
    }
    return h("li", { class: tile.not ? "query-tile not" : "query-tile",
      dataset: { key: tile.key } },
    stage,
    h("p", { class: "query-name small", title: tile.name }, tile.name),
    this.signAndRemove(tile),
    tools,
    h("p", { class: "query-problem small", role: "alert" }, tile.problem ?? ""));
  }

  /** @param {Tile} tile */
  signAndRemove({ key, name, not, weight }) {
    const { onsign, onremove, onweight } = this.options;
    const sign = this.several ? (not ? t("Not like") : t("Like"))
      : not ? t("Not like this") : t("Like this");
    return h("div", { class: "row query-tools" },
      h("button", { type: "button", class: "button quiet sign", onclick: () => onsign(key),
        "aria-label": not ? t("Not like this: {name}. Press to change", { name })
          : t("Like this: {name}. Press to change", { name }) },
      icon(not ? "not" : "plus", { size: 18 }), sign),
      weightField({ name, weight, onchange: (changed) => onweight(key, changed) }),
      h("button", { type: "button", class: "icon-button", title: t("Remove"),
        "aria-label": t("Remove {name}", { name }), onclick: () => onremove(key) },
      icon("close", { size: 18 })));
  }

  /**
   * Shows the picture without a frame, and a button that shows the frame.
   * @param {Place} place
   */
  offerFrame(place) {
    this.removeFrame();
    const begin = h("button", { type: "button", class: "button", onclick: () => {
      this.putFrame(place);
      this.frame?.focus();
    } }, this.several ? t("Select a part") : t("Search a part of this picture"));
    place.stage.replaceChildren(place.picture);
    place.tools.replaceChildren(begin);
    return begin;
  }

  /**
   * Shows the frame over the picture, at the part of the last search.
   * @param {Place} place
   */
  putFrame(place) {
    this.removeFrame();
    const { crop, options } = this;
    const accept = () => options.oncrop(frame.box());
    const cancel = () => this.cancel(place);
    const go = h("button", { type: "button", class: "button primary", onclick: accept },
      this.several ? t("Search") : t("Search this part"));
    /** @param {?Box} box */
    const changed = (box) => {
      go.hidden = Boolean(crop && box && fromBox(box) === fromBox(crop));
    };
    const frame = cropper(place.picture, { box: crop, natural: place.tile, onaccept: accept,
      oncancel: cancel, onchange: changed });
    this.frame = frame;
    changed(frame.box());
    const back = crop
      ? { label: t("Whole picture"), act: () => options.oncrop(null) }
      : { label: t("Cancel"), act: cancel };
    place.stage.replaceChildren(frame.element);
    place.tools.replaceChildren(go,
      h("button", { type: "button", class: "button quiet", onclick: back.act }, back.label));
  }

  /** @param {Place} place */
  cancel(place) {
    if (this.crop) {
      this.putFrame(place);
      this.frame?.focus();
    } else {
      this.offerFrame(place).focus();
    }
  }

  removeFrame() {
    this.frame?.destroy();
    this.frame = null;
  }

  /**
   * Shows a problem under the pictures for whose key `isMatch` is true.
   * @param {string} text
   * @param {(key: string) => boolean} isMatch
   */
  showProblem(text, isMatch) {
    for (const li of this.element.querySelectorAll("li")) {
      if (isMatch(li.dataset.key ?? "")) mustFind(".query-problem", li).textContent = text;
    }
  }
}
