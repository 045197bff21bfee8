// The words of the query: a field that takes them, and a chip for each text with its sign and
// weight.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { splitWeight, withWeight } from "./state.js";

const MOST_CHARACTERS = 2000; // as the server accepts
const WEIGHTS = [0.25, 0.5, 1, 2, 3, 5];

export class QueryWords {
  /**
   * @param {{knows: boolean, onchange: (fields: {texts: string[], notTexts: string[]}) => void}}
   *   options  knows: whether the model of the collection knows words
   */
  constructor({ knows, onchange }) {
    this.onchange = onchange;
    this.texts = [];
    this.notTexts = [];
    this.field = h("input", { type: "search", id: "search-words", autocomplete: "off",
      maxlength: MOST_CHARACTERS, placeholder: "a red bicycle" });
    this.problem = h("p", { class: "field-problem small", role: "alert" });
    this.chips = h("ul", { class: "word-chips", role: "list", "aria-label": "Words" });
    this.form = h("form", { class: "word-form field", role: "search", onsubmit: (event) => {
      event.preventDefault();
      this.add(this.field.value.trim());
    } }, h("label", { for: this.field.id }, "Words"),
    h("div", { class: "word-row" }, this.field,
      h("button", { type: "submit", class: "button" }, icon("search", { size: 18 }), "Search")),
    this.problem);
    // Words of an address are shown in any case, so that they can be removed.
    this.form.hidden = !knows;
    this.element = h("div", { class: "query-words" }, this.form, this.chips);
  }

  add(written) {
    if (!written) return;
    this.field.value = "";
    const [words] = splitWeight(written);
    this.change((other) => splitWeight(other)[0] !== words, { texts: [written] });
  }

  /** Keeps the texts for which `isKept` is true, and adds others. */
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
    if (focused) (this.chips.querySelector(".sign") ?? this.field).focus();
  }

  chipOf(written, not) {
    const [words, weight] = splitWeight(written);
    const isOther = (other) => other !== written;
    const choices = [...new Set([...WEIGHTS, weight])].sort((a, b) => a - b);
    const select = h("select", { "aria-label": `Weight of ${words}`, onchange: () => {
      const changed = withWeight(words, Number(select.value));
      this.change(isOther, not ? { notTexts: [changed] } : { texts: [changed] });
    } }, choices.map((choice) => h("option", { value: choice }, `× ${choice}`)));
    select.value = String(weight);
    const sign = not ? "Without" : "With";
    return h("li", { class: not ? "word-chip not" : "word-chip" },
      h("span", { class: "word-text" }, words),
      h("button", { type: "button", class: "icon-button", title: "Remove",
        "aria-label": `Remove ${words}`, onclick: () => this.change(isOther) },
      icon("close", { size: 18 })),
      h("button", { type: "button", class: "button quiet sign",
        "aria-label": `${sign} these words: ${words}. Press to change`,
        onclick: () => this.change(isOther, not ? { texts: [written] } : { notTexts: [written] }),
      }, icon(not ? "not" : "plus", { size: 18 }), sign), select);
  }

  showProblem(text) {
    this.problem.textContent = text;
    this.form.hidden = false;
  }
}
