// The filter of a page that shows all images: chips with forms, and the expression. It is the same as
// on the page Search, and as `--where` and `--under` on the command line.

import { Problem } from "../base/api.js";
import { h } from "../base/dom.js";
import { capitalise } from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { FilterChips } from "./filter_chips.js";
import { HINT } from "./filters.js";
import { placeOf } from "./state.js";

/** @typedef {{under: string, where: string}} Filter */

const WIDE = "(min-width: 640px)"; // narrower, an open panel would push the images off the screen

export class FilterBar {
  /** @param {{onchange: (filter: Filter) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.onchange = onchange;
    this.under = "";
    this.where = "";
    this.isNew = true;
    this.chips = new FilterChips({ signal,
      onchange: (where, under) => onchange({ where, under }) });
    this.input = h("input", { type: "text", id: "filter-where", autocomplete: "off",
      spellcheck: "false", autocapitalize: "off", placeholder: "width > 1000",
      "aria-describedby": "filter-where-problem filter-where-hint" });
    this.problem = h("p", { class: "field-problem small", id: "filter-where-problem",
      role: "alert" });
    const form = h("form", { class: "filter-expression", "aria-label": t("Filter by an expression") },
      h("label", { for: this.input.id }, t("Where")), this.input, this.problem,
      h("p", { class: "field-hint small soft", id: "filter-where-hint" }, HINT));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.typed();
    });
    this.input.addEventListener("change", () => this.typed());
    this.panel = h("div", { class: "filter-bar", id: "filter-panel" }, this.chips.element, form);
    this.toggle = h("button", { type: "button", class: "button toggle filter-toggle",
      "aria-controls": this.panel.id, onclick: () => this.open(this.panel.hidden === true) },
    icon("filter"), h("span", { class: "text" }, t("Filter")));
    this.open(false);
  }

  /**
   * Shows or hides the panel.
   * @param {boolean} on
   */
  open(on) {
    this.panel.hidden = !on;
    this.toggle.setAttribute("aria-expanded", String(on));
  }

  typed() {
    const where = this.input.value.trim();
    if (where === this.where) return; // Enter is a change and a submission
    this.where = where;
    this.onchange({ where, under: this.under });
  }

  /**
   * Shows the filter of an address.
   * @param {Filter} filter
   */
  show({ under, where }) {
    this.under = under;
    this.where = where;
    this.input.value = where;
    this.chips.show(where, under);
    this.showProblem("");
    // Later, it stays as the user has left it.
    if (this.isNew && where && matchMedia(WIDE).matches) this.open(true);
    this.isNew = false;
    this.toggle.classList.toggle("active", Boolean(where));
  }

  /**
   * Shows what is wrong with the expression.
   * @param {unknown} error of a request with this filter
   * @returns {boolean} whether the expression is wrong
   */
  explain(error) {
    if (!this.where || !(error instanceof Problem) || placeOf(error) === "all") return false;
    this.showProblem(capitalise(error.message));
    return true;
  }

  /** @param {string} text */
  showProblem(text) {
    this.problem.textContent = text;
    if (text) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    if (text) this.open(true);
  }
}

/**
 * Whether what passes a filter may change without a new revision of the collection.
 * @param {string} where
 */
export const asksForLabels = (where) => /label/i.test(where);
