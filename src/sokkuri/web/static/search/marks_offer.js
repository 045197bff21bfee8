// The offer to exclude the images that the user marked as not wanted.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import * as settings from "../base/settings.js";

export class MarksOffer {
  /** @param {{onexclude: (marks: string[]) => void}} options onexclude: gets the ids to exclude */
  constructor({ onexclude }) {
    this.onexclude = onexclude;
    this.el = h("div", { class: "search-offer" });
  }

  /** @param {{ids: string[], nots: string[]}} search */
  show({ ids, nots }) {
    const marks = settings.get("notLike").filter((id) => !ids.includes(id) && !nots.includes(id));
    if (marks.length === 0) {
      this.el.replaceChildren();
      return;
    }
    this.el.replaceChildren(
      h("p", { class: "small soft" }, t("You marked one picture as “not this one”.|"
        + "You marked {count} pictures as “not this one”.", { count: marks.length })),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => this.onexclude(marks) },
          icon("not", { size: 18 }), marks.length === 1 ? t("Exclude it") : t("Exclude them")),
        h("button", { type: "button", class: "button quiet", onclick: () => {
          settings.set("notLike", nots);
          this.show({ ids, nots });
        } }, t("Forget the marks"))));
  }
}
