// The modes of the page Label as links, and the part of the collection that the page is limited to.

import { h } from "../base/dom.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";

/**
 * @typedef {"one" | "alike" | "words"} Mode
 * @typedef {{under: ?string, where: ?string}} Filters
 */

/** @type {Record<Mode, string>} */
const MODES = { one: t("One by one"), alike: t("Similar together"), words: t("By words") };

/**
 * The mode that an address names, by default one by one.
 * @param {?string} named
 * @returns {Mode}
 */
export const modeOf = (named) =>
  (named !== null && Object.hasOwn(MODES, named) ? /** @type {Mode} */ (named) : "one");

/** @param {Mode} mode */
const inAddress = (mode) => (mode === "one" ? null : mode);

export class Modes {
  constructor() {
    this.el = h("div", { class: "choice", role: "group", "aria-label": t("Labelling mode") });
    this.limits = h("p", { class: "soft small", hidden: true });
  }

  /**
   * @param {Mode} shown
   * @param {Filters} filters
   */
  show(shown, { under, where }) {
    this.el.replaceChildren(...Object.entries(MODES).map(([mode, text]) =>
      link("/label", { mode: inAddress(/** @type {Mode} */ (mode)), under, where },
        { class: "button", "aria-current": mode === shown ? "true" : null }, text)));
    this.limits.hidden = !under && !where;
    this.limits.replaceChildren(
      under ? t("Only in {folder}. ", { folder: under }) : "",
      where ? t("Only {where}. ", { where }) : "",
      link("/label", { mode: inAddress(shown) }, null, t("Show all images")));
  }
}
