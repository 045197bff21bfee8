// The button that keeps the shown search in this browser, or forgets it.

import { announce, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import * as settings from "../base/settings.js";
import { add, isSaved, remove } from "./past.js";

/** @import { Past } from "./past.js" */

export class SaveButton {
  /** @param {{signal: AbortSignal, search: () => ?Past}} options search: the shown one */
  constructor({ signal, search }) {
    this.search = search;
    this.el = h("button", { type: "button", class: "button quiet", onclick: () => this.toggle() });
    for (const list of /** @type {const} */ (["recent", "saved"])) {
      const stop = settings.subscribe(list, () => this.show());
      signal.addEventListener("abort", stop);
    }
  }

  /** Shows whether the search is kept. */
  show() {
    const search = this.search();
    if (!search) return;
    const saved = isSaved(search);
    this.el.setAttribute("aria-pressed", String(saved));
    this.el.replaceChildren(icon("star", { size: 18 }), saved ? t("Saved") : t("Save this search"));
  }

  toggle() {
    const search = this.search();
    if (!search) return;
    if (isSaved(search)) remove("saved", search);
    else add("saved", search);
    announce(isSaved(search) ? t("Search saved in this browser") : t("Search no longer saved"));
  }
}
