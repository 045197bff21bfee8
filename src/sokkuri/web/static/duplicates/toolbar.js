// Above the groups: which are shown, how many of each grade, and what can be done with all of them.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { files, GRADES } from "./differences.js";

const PLAIN = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
const BULK = ["identical", "same", "edited"]; // what is alike is never dropped unseen

export class Toolbar {
  /**
   * @param {{allowed: boolean, onfilter: (filters: *) => void, onfind: () => void,
   *   onbulk: (grade: string) => void}} options
   */
  constructor({ allowed, onfilter, onfind, onbulk }) {
    Object.assign(this, { allowed, onbulk });
    this.grades = h("div", { class: "choice", role: "group", "aria-label": "How near" },
      Object.keys(GRADES).map((grade, n, all) => h("button", { type: "button", class: "button",
        dataset: { grade }, title: n ? `${all.slice(0, n + 1).join(", ")}` : GRADES[grade],
        onclick: () => onfilter(this.values(grade)) }, grade)));
    this.folders = h("datalist", { id: "duplicates-folders" });
    this.under = h("input", { ...PLAIN, id: "duplicates-under", list: "duplicates-folders",
      placeholder: "all folders" });
    this.where = h("input", { ...PLAIN, id: "duplicates-where", placeholder: "width > 1000" });
    this.under.addEventListener("focus", () => this.suggest(), { once: true });
    const form = h("form", { class: "row copies-filters", "aria-label": "Filters" },
      h("label", { for: "duplicates-under" }, "In folder"), this.under, this.folders,
      h("label", { for: "duplicates-where" }, "Where"), this.where,
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, "Show"));
    const filter = (event) => {
      event.preventDefault();
      onfilter(this.values());
    };
    form.addEventListener("change", filter);
    form.addEventListener("submit", filter);
    this.totals = h("ul", { class: "copies-totals", "aria-label": "Grades" });
    this.find = h("button", { type: "button", class: "button", hidden: true, onclick: onfind });
    this.state = h("p", { class: "soft small" });
    this.el = h("div", { class: "copies-bar" },
      h("div", { class: "row" }, h("span", { class: "soft small" }, "Up to"), this.grades),
      form, h("div", { class: "row copies-state" }, this.state, this.find), this.totals);
  }

  values(grade = this.grade) {
    return { grade: grade === "edited" ? null : grade, under: this.under.value.trim(),
      where: this.where.value.trim() };
  }

  async suggest() {
    try {
      const { folders } = await api.folders();
      this.folders.replaceChildren(...folders.filter(({ path }) => path).map(({ path, count }) =>
        h("option", { value: path }, String(count))));
    } catch {
      // Folders can be typed too.
    }
  }

  showFilters({ min_grade: grade, under, where }) {
    this.grade = grade;
    this.under.value = under ?? "";
    this.where.value = where ?? "";
    for (const button of this.grades.children) {
      button.setAttribute("aria-pressed", String(button.dataset.grade === grade));
    }
  }

  /** How much was compared, and whether more can be. */
  showState({ compared, of, running, failure, notes }) {
    const open = of - compared;
    const parts = [`${format.count(compared)} of ${format.count(of)} pictures compared`];
    if (failure && !running) parts.push(`the last run ended early: ${failure}`);
    const shell = open > 0 && !running && !this.allowed;
    this.state.replaceChildren(`${[...parts, ...notes].join("; ")}.`, ...(shell
      ? [" Compare them in the shell: ", h("code", null, "sokkuri duplicates")] : []));
    this.find.hidden = Boolean(running) || open <= 0 || !this.allowed;
    this.find.textContent = compared ? "Compare the rest" : "Find duplicates";
  }

  /** The groups of each grade, with what can be done to all of them. */
  showTotals({ grades, total }) {
    const held = this.totals.contains(document.activeElement)
      ? document.activeElement.dataset.grade : null;
    this.totals.hidden = !total;
    this.totals.replaceChildren(...Object.entries(grades).filter(([, { groups }]) => groups)
      .map(([grade, { groups, drops, bytes }]) => h("li", null,
        h("span", { class: `grade ${grade}`, title: GRADES[grade] }, grade),
        h("span", { class: "number small" }, `${format.count(groups)} `
          + `${groups === 1 ? "group" : "groups"}, ${files(drops)} more than needed, `
          + format.bytes(bytes)),
        this.allowed && BULK.includes(grade) && h("button", { type: "button",
          class: "button quiet small", dataset: { grade }, onclick: () => this.onbulk(grade),
          "aria-label": `Drop all copies that are ${grade}` }, icon("trash", { size: 16 }),
        "Drop all…"))));
    if (held) this.totals.querySelector(`[data-grade="${held}"]`)?.focus();
  }
}

/**
 * What to say where there is no group.
 * @returns {{icon: string, title: string, text: *}}
 */
export function emptyText({ compared, of }, { min_grade: grade, under, where }, allowed) {
  if (!of) {
    return { icon: "photos", title: "No pictures yet",
      text: ["Index a folder first: ", h("code", null, "sokkuri index FOLDER")] };
  }
  if (!compared) {
    return { icon: "compare", title: "Nothing was compared yet",
      text: allowed ? "Find duplicates above: every picture is compared with those that are like "
        + "it. It may take some minutes; you can go on meanwhile."
        : "Only files of the same bytes are known to be duplicates so far." };
  }
  if (under || where) {
    return { icon: "done", title: "No duplicates here", text: "None passes these filters." };
  }
  return { icon: "done", title: "No duplicates", text: grade === "alike" ? "Nor anything alike."
    : `Among ${format.count(compared)} pictures none is ${
      { identical: "identical to", same: "the same as", edited: "an edited copy of" }[grade]
    } another.` };
}
