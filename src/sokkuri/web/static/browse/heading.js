// The head of the page Browse: the folders above, the name of the folder, the count, and the orders.

import { h, present } from "../base/dom.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";

/** @import { Params } from "../base/query.js" */

/** @typedef {keyof typeof SORTS} Sort */

const SORTS = { folder: t("By folder"), newest: t("Newest"), oldest: t("Oldest"),
  name: t("Name"), size: t("Size"), pixels: t("Pixels") };

/**
 * The order that an address names, by default by folder.
 * @param {?string} named
 * @returns {Sort}
 */
export const sortOf = (named) =>
  (named !== null && Object.hasOwn(SORTS, named) ? /** @type {Sort} */ (named) : "folder");

export class Heading {
  /** @param {string} collection its name, which stands for the top folder */
  constructor(collection) {
    this.collection = collection;
    this.el = h("div", { class: "heading" });
    this.count = h("span", { class: "soft small number" });
    this.sorts = h("div", { class: "choice sorts", role: "group", "aria-label": t("Order") });
  }

  /**
   * Shows a folder and an order, without a count.
   * @param {{under: string, sort: Sort}} shown
   * @param {(under: string) => Params} address what the links to another folder or order keep
   */
  show({ under, sort }, address) {
    const parts = under ? under.split("/") : [];
    const name = parts.at(-1) ?? this.collection;
    const above = ["", ...parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("/"))];
    const crumbs = parts.length > 0 && h("nav", { class: "crumbs", "aria-label": t("Parent folders") },
      h("ol", null, above.map((path) => h("li", null,
        link("/browse", address(path), null,
          path ? path.slice(path.lastIndexOf("/") + 1) : this.collection)))));
    this.count.textContent = "";
    this.el.replaceChildren(...present([crumbs, h("h1", { tabindex: "-1" }, name), this.count]));
    this.sorts.replaceChildren(...Object.entries(SORTS).map(([one, label]) =>
      link("/browse", { ...address(under), sort: one === "folder" ? null : one },
        { class: "button quiet", "aria-current": one === sort ? "true" : null }, label)));
  }

  /** @param {?number} count of images; null if it is unknown */
  showCount(count) {
    this.count.textContent = count === null ? "" : t("{count} image|{count} images", { count });
  }
}
