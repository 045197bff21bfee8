// The similar images below the page of an image: a list of its own, in which images can be selected.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { decimal } from "../base/format.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";
import { openFromList } from "../base/trail.js";
import { ListSelection, selectable } from "../selection/list_selection.js";

/** @import { HitDocument, ImageDocument, InfoDocument } from "../base/api_types.js" */

const COUNT = 20;
const SKELETONS = 8;

export class SimilarStrip {
  /**
   * @param {ImageDocument} image
   * @param {{info: InfoDocument, signal: AbortSignal, under: ?string}} options `under`: the folder to
   *   which the user returns
   */
  constructor(image, { info, signal, under }) {
    this.image = image;
    this.info = info;
    this.signal = signal;
    this.under = under;
    /** @type {?ListSelection} */
    this.selection = null;
    this.el = h("div", { class: "strip", role: "list", "aria-labelledby": "similar" });
    for (let i = 0; i < SKELETONS; i++) this.el.append(h("div", { class: "skeleton hit" }));
  }

  /** Fetches the images and shows them. */
  async load() {
    const { id, state } = this.image;
    const { signal } = this;
    if (state !== "live") {
      this.el.replaceWith(h("p", { class: "soft" }, t("Only indexed images can be compared")));
      return;
    }
    try {
      const { hits } = await api.similar(id, { k: COUNT + 1 }, { signal });
      this.show(hits.filter((hit) => hit.id !== id).slice(0, COUNT));
    } catch (error) {
      if (!api.isAbort(error)) this.fail(error);
    }
  }

  /** @param {HitDocument[]} hits */
  show(hits) {
    if (!hits.length) {
      this.el.replaceWith(h("p", { class: "soft" }, t("There are no other images")));
      return;
    }
    this.el.replaceChildren(...hits.map((hit) => selectable(this.hit(hit, hits), hit)));
    this.selection?.stop();
    this.selection = new ListSelection({ host: this.el, info: this.info, signal: this.signal,
      isMain: false, onchanged: () => this.load() });
  }

  /** @param {unknown} error */
  fail(error) {
    const failed = h("div", { class: "row" }, h("p", { class: "soft" }, api.messageOf(error)),
      h("button", { type: "button", class: "button", onclick: () => {
        failed.replaceWith(this.el);
        this.load();
      } }, t("Try again")));
    this.el.replaceWith(failed);
  }

  /**
   * @param {HitDocument} hit
   * @param {HitDocument[]} hits
   */
  hit({ id, name, distance, width, height, v }, hits) {
    const far = decimal(distance, 3);
    const img = h("img", { alt: "", src: api.imageUrl(id, "thumbnail", { size: 256, v }),
      loading: "lazy", decoding: "async" });
    img.addEventListener("load", () => img.classList.add("shown"));
    const box = h("span", { class: "box" }, img);
    const ratio = (width ?? 0) / (height ?? 0) || 1;
    box.style.aspectRatio = String(Math.min(2.2, Math.max(0.55, ratio)));
    return h("div", { role: "listitem", class: "hit" },
      link("/image", { id, under: this.under, from: this.image.id },
        { title: name, "aria-label": t("{name}, distance {distance}", { name, distance: far }),
          onclick: () => openFromList(hits, id) }, box,
        h("span", { class: "number soft small" }, far)));
  }

  /** Ends the selection. */
  stop() {
    this.selection?.stop();
  }
}
