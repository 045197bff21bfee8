// The filters of a search: folder, expression, maximum distance, number of results. A change takes
// effect when the field loses the focus or on Enter.

import { h } from "../base/dom.js";
import { suggestFolders } from "../base/folders.js";
import { t } from "../base/messages.js";
import { FilterChips } from "./filter_chips.js";
import { MOST_K } from "./state.js";

const WIDE = "(min-width: 800px)"; // as in search.css
const COLUMNS = "taken, camera, lens, iso, rating, keyword, label, format, width, height, "
  + "size, modified, path, has_gps, latitude, longitude";
export const HINT = t("Columns: {columns}. Example: {example}",
  { columns: COLUMNS, example: "taken >= 2024-05 and rating >= 4" });
const PLAIN = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
const NUMBERS = [10, 20, 50, 100, 200, MOST_K];

/**
 * @typedef {{under: string, where: string, maxDistance: string, k: number, collapse: boolean}}
 *   FilterFields
 */

export class SearchFilters {
  /** @param {{onchange: (fields: FilterFields) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.folders = h("datalist", { id: "search-folders" });
    this.under = h("input", { ...PLAIN, list: "search-folders", placeholder: t("all folders") });
    this.where = h("input", { ...PLAIN, placeholder: "width > 1000" });
    this.maxDistance = h("input", { type: "number", min: 0, step: 0.05, placeholder: t("any") });
    this.k = h("select", null);
    this.collapse = h("input", { type: "checkbox", id: "search-collapse",
      "aria-describedby": "search-collapse-hint" });
    /** @type {Record<string, ReturnType<typeof makeField>>} */
    this.fields = {
      under: makeField("under", t("In folder"), this.under),
      where: makeField("where", t("Where"), this.where, HINT),
      max_distance: makeField("max_distance", t("Maximum distance"), this.maxDistance),
      k: makeField("k", t("Pictures"), this.k),
    };
    this.form = h("form", { class: "search-filters", "aria-label": t("Filters") },
      Object.values(this.fields).map(({ element }) => element), this.folders,
      h("div", { class: "field-switch" }, this.collapse,
        h("label", { for: this.collapse.id }, t("Show copies as one")),
        h("p", { class: "field-hint small soft", id: "search-collapse-hint" },
          t("The nearest of some copies stands for all that were found on the page Duplicates."))),
      // A form with several fields needs a button to submit on Enter.
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, t("Search")));
    this.chips = new FilterChips({ signal, onchange: (where, under) => {
      this.where.value = where;
      this.under.value = under;
      onchange(this.values());
    } });
    // In one column, open fields would push the results off the screen.
    this.element = h("details", { class: "filters", open: matchMedia(WIDE).matches },
      h("summary", null, t("Filters")), this.chips.element, this.form);
    this.listen(onchange, signal);
  }

  /**
   * @param {(fields: FilterFields) => void} onchange
   * @param {AbortSignal} signal
   */
  listen(onchange, signal) {
    this.form.addEventListener("change", () => onchange(this.values()));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      onchange(this.values());
    });
    matchMedia(WIDE).addEventListener("change", ({ matches }) => {
      this.element.open = matches;
    }, { signal });
    this.under.addEventListener("focus", () => suggestFolders(this.folders, signal),
      { once: true });
  }

  values() {
    return {
      under: this.under.value.trim(),
      where: this.where.value.trim(),
      maxDistance: this.maxDistance.value.trim(),
      k: Number(this.k.value),
      collapse: this.collapse.checked,
    };
  }

  /** @param {import("./state.js").Search} search */
  show(search) {
    this.under.value = search.under;
    this.where.value = search.where;
    this.chips.show(search.where, search.under);
    this.maxDistance.value = search.maxDistance;
    const numbers = [...new Set([...NUMBERS, search.k])].sort((a, b) => a - b);
    this.k.replaceChildren(...numbers.map((number) => h("option", { value: number }, number)));
    this.k.value = String(search.k);
    this.collapse.checked = search.collapse;
    for (const field of Object.values(this.fields)) field.showProblem("");
    if (search.under || search.where || search.maxDistance) this.element.open = true;
  }

  /**
   * Shows a problem under a field; returns false if there is no such field.
   * @param {string} name
   * @param {string} text
   */
  showProblem(name, text) {
    if (!Object.hasOwn(this.fields, name)) return false;
    this.fields[name].showProblem(text);
    this.element.open = true;
    return true;
  }
}

/**
 * @param {string} name
 * @param {string} label
 * @param {HTMLInputElement | HTMLSelectElement} input
 * @param {string} [hint]
 */
function makeField(name, label, input, hint) {
  input.id = `search-${name}`;
  const help = h("p", { class: "field-hint small soft", id: `search-${name}-hint` }, hint);
  const problem = h("p", { class: "field-problem small", id: `search-${name}-problem`,
    role: "alert" });
  input.setAttribute("aria-describedby", `${problem.id}${hint ? ` ${help.id}` : ""}`);
  const element = h("div", { class: "field" }, h("label", { for: input.id }, label), input, problem,
    hint && help);
  /** @param {string} text */
  const showProblem = (text) => {
    problem.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  return { element, showProblem };
}
