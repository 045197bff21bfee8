// The fields that narrow a search: folder, expression, distance, number. They act when left.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { MOST_K } from "./state.js";

const WIDE = "(min-width: 800px)"; // as in search.css
const HINT = "width, height, size, modified, id, path; for example "
  + "modified >= 2024-01-01 and width > 1000";
const PLAIN = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
const NUMBERS = [10, 20, 50, 100, 200, MOST_K];

export class SearchFilters {
  /**
   * @param {{onchange: (fields: {under: string, where: string, maxDistance: string, k: number})
   *   => void, signal: AbortSignal}} options
   */
  constructor({ onchange, signal }) {
    this.folders = h("datalist", { id: "search-folders" });
    this.under = h("input", { ...PLAIN, list: "search-folders", placeholder: "all folders" });
    this.where = h("input", { ...PLAIN, placeholder: "width > 1000" });
    this.maxDistance = h("input", { type: "number", min: 0, step: 0.05, placeholder: "any" });
    this.k = h("select", null);
    this.fields = {
      under: field("under", "In folder", this.under),
      where: field("where", "Where", this.where, HINT),
      max_distance: field("max_distance", "Distance at most", this.maxDistance),
      k: field("k", "Pictures", this.k),
    };
    this.form = h("form", { class: "search-filters", "aria-label": "Filters" },
      Object.values(this.fields).map((one) => one.element), this.folders,
      // A form of several fields submits on Enter only with a button.
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, "Search"));
    // Where all is one column the fields would push what was found off the screen.
    this.element = h("details", { class: "filters", open: matchMedia(WIDE).matches },
      h("summary", null, "Filters"), this.form);
    this.listen(onchange, signal);
  }

  listen(onchange, signal) {
    this.form.addEventListener("change", () => onchange(this.values()));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      onchange(this.values());
    });
    matchMedia(WIDE).addEventListener("change", ({ matches }) => {
      this.element.open = matches;
    }, { signal });
    this.under.addEventListener("focus", () => suggest(this.folders, signal), { once: true });
  }

  values() {
    return {
      under: this.under.value.trim(),
      where: this.where.value.trim(),
      maxDistance: this.maxDistance.value.trim(),
      k: Number(this.k.value),
    };
  }

  /** @param {import("./state.js").Search} search */
  show(search) {
    this.under.value = search.under;
    this.where.value = search.where;
    this.maxDistance.value = search.maxDistance;
    const numbers = [...new Set([...NUMBERS, search.k])].sort((a, b) => a - b);
    this.k.replaceChildren(...numbers.map((number) => h("option", { value: number }, number)));
    this.k.value = String(search.k);
    for (const one of Object.values(this.fields)) one.complain("");
    if (search.under || search.where || search.maxDistance) this.element.open = true;
  }

  /** Says at a field what is wrong with it; false when there is no such field. */
  blame(name, text) {
    this.fields[name]?.complain(text);
    if (name in this.fields) this.element.open = true;
    return name in this.fields;
  }
}

function field(name, label, input, hint) {
  input.id = `search-${name}`;
  const about = h("p", { class: "field-hint small soft", id: `search-${name}-hint` }, hint);
  const wrong = h("p", { class: "field-problem small", id: `search-${name}-problem`,
    role: "alert" });
  input.setAttribute("aria-describedby", `${wrong.id}${hint ? ` ${about.id}` : ""}`);
  const element = h("div", { class: "field" }, h("label", { for: input.id }, label), input, wrong,
    hint && about);
  const complain = (text) => {
    wrong.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  return { element, complain };
}

async function suggest(datalist, signal) {
  try {
    const { folders } = await api.folders({ signal });
    datalist.replaceChildren(...folders.filter(({ path }) => path).map(({ path, count }) =>
      h("option", { value: path }, String(count))));
  } catch {
    // Folders can be typed too.
  }
}
