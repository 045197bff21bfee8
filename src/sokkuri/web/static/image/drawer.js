// The drawer of the viewer: the facts of the picture, and similar pictures.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { facts } from "./facts.js";

/** @import { HitDocument, ImageDocument } from "../base/api_types.js" */

const SIMILAR = 12;

export class Drawer {
  /**
   * @param {{signal: AbortSignal, onpick: (id: string, images: HitDocument[]) => void,
   *   onpage: () => void}} options onpick: shows one of some similar images; onpage: shows the page of the image
   */
  constructor({ signal, onpick, onpage }) {
    this.signal = signal;
    this.onpick = onpick;
    /** @type {?ImageDocument} */
    this.image = null;
    /** @type {?ImageDocument} */
    this.drawn = null;
    this.similar = h("div", { class: "drawer-similar" });
    this.body = h("div", { class: "drawer-body" });
    this.el = h("section", { class: "viewer-drawer", "aria-label": t("Details"), tabindex: "-1",
      hidden: true }, this.body,
    h("button", { type: "button", class: "button", onclick: onpage }, icon("open", { size: 18 }),
      t("Page of the image")));
  }

  /** Opens or closes the drawer. @returns {boolean} whether it is open now */
  toggle() {
    this.el.hidden = !this.el.hidden;
    this.draw();
    return !this.el.hidden;
  }

  /**
   * Shows the facts of another image, if the drawer is open.
   * @param {ImageDocument} image
   */
  show(image) {
    this.image = image;
    this.draw();
  }

  draw() {
    const { image } = this;
    if (this.el.hidden || !image || this.drawn === image) return;
    this.drawn = image;
    if (this.body.contains(document.activeElement)) this.el.focus();
    this.similar = h("div", { class: "drawer-similar" });
    this.body.replaceChildren(h("h2", null, image.name),
      h("p", { class: "soft small" }, image.folder || t("Top folder")), facts(image, "drawer-exif"),
      h("section", { "aria-labelledby": "drawer-similar" },
        h("h2", { id: "drawer-similar" }, t("Similar")), this.similar));
    this.el.scrollTop = 0;
    this.load(image);
  }

  /** @param {ImageDocument} image */
  async load(image) {
    try {
      const { hits } = await api.similar(image.id, { k: SIMILAR + 1 }, { signal: this.signal });
      if (this.drawn !== image) return;
      const others = hits.filter(({ id }) => id !== image.id).slice(0, SIMILAR);
      this.similar.replaceChildren(...others.map((hit) => this.hit(hit, others)));
      if (!others.length) this.similar.replaceChildren(t("There are no other images"));
    } catch (error) {
      if (!api.isAbort(error) && this.drawn === image) {
        this.similar.replaceChildren(api.messageOf(error));
      }
    }
  }

  /**
   * @param {HitDocument} hit
   * @param {HitDocument[]} others
   */
  hit({ id, name, distance, v }, others) {
    return h("button", { type: "button", title: name,
      "aria-label": t("{name}, distance {distance}",
        { name, distance: format.decimal(distance, 3) }),
      onclick: () => this.onpick(id, others) },
    h("img", { alt: "", loading: "lazy", decoding: "async",
      src: api.imageUrl(id, "thumbnail", { size: 256, v }) }));
  }
}
