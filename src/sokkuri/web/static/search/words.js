// The words of the query: a chip for each text with its sign and weight.

import { find, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { splitWeight, withWeight } from "./state.js";
import { weightField } from "./weight_field.js";

export class QueryWords {
  /** @param {{onchange: (fields: {texts: string[], notTexts: string[]}) => void}} options */
  constructor({ onchange }) {
    this.onchange = onchange;
    /** @type {string[]} */
    this.texts = [];
    /** @type {string[]} */
    this.notTexts = [];
    this.problem = h("p", { class: "field-problem small", role: "alert" });
    this.chips = h("ul", { class: "word-chips", role: "list", "aria-label": t("Words") });
    this.element = h("div", { class: "query-words" }, this.chips, this.problem);
  }

  /**
   * Keeps the texts for which `isKept` is true, and adds others.
   * @param {(text: string) => boolean} isKept
   * @param {{texts?: string[], notTexts?: string[]}} [added]
   */
  change(isKept, { texts = [], notTexts = [] } = {}) {
    this.onchange({ texts: [...this.texts.filter(isKept), ...texts],
      notTexts: [...this.notTexts.filter(isKept), ...notTexts] });
  }

  /** @param {import("./state.js").Search} search */
  show({ texts, notTexts }) {
    this.texts = texts;
    this.notTexts = notTexts;
    this.problem.textContent = "";
    const focused = this.chips.contains(document.activeElement);
    this.chips.replaceChildren(...texts.map((written) => this.chipOf(written, false)),
      ...notTexts.map((written) => this.chipOf(written, true)));
    if (focused) find(".sign", this.chips)?.focus();
  }

  /**
   * @param {string} written
   * @param {boolean} not
   */
  chipOf(written, not) {
    const [words, weight] = splitWeight(written);
    /** @param {string} other */
    const isOther = (other) => other !== written;
    /** @param {number} changed */
    const weigh = (changed) => {
      const other = withWeight(words, changed);
      this.change(isOther, not ? { notTexts: [other] } : { texts: [other] });
    };
    const sign = not ? t("Without") : t("With");
    return h("li", { class: not ? "word-chip not" : "word-chip" },
      h("span", { class: "word-text" }, words),
      h("button", { type: "button", class: "icon-button", title: t("Remove"),
        "aria-label": t("Remove {name}", { name: words }), onclick: () => this.change(isOther) },
      icon("close", { size: 18 })),
      h("button", { type: "button", class: "button quiet sign",
        "aria-label": not ? t("Without these words: {words}. Press to change", { words })
          : t("With these words: {words}. Press to change", { words }),
        onclick: () => this.change(isOther, not ? { texts: [written] } : { notTexts: [written] }),
      }, icon(not ? "not" : "plus", { size: 18 }), sign),
      weightField({ name: words, weight, onchange: weigh }));
  }

  /** @param {string} text */
  showProblem(text) {
    this.problem.textContent = text;
  }
}
