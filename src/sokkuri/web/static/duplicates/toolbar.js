// The bar above the groups: filters, the state of the comparison, and totals and actions by grade.

import { find, focused, h, present } from "../base/dom.js";
import { suggestFolders } from "../base/folders.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { files, GRADES, MEANINGS } from "./differences.js";
import { KeepRules } from "./keep_rules.js";

/**
 * @import {
 *   DuplicatePageDocument, DuplicateRunDocument, FindRequestDocument, GradeTotalDocument
 * } from "../base/api_types.js"
 * @import { Child } from "../base/dom.js"
 * @import { Params } from "../base/query.js"
 * @import { Grade } from "./differences.js"
 */

/**
 * @typedef {{min_grade: NonNullable<FindRequestDocument["min_grade"]>, under: ?string,
 *   where: ?string, keep: string[], bursts: boolean}} Filters
 */

const PLAIN = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
/** @type {Grade[]} */
const BULK = ["identical", "same", "edited"]; // "alike" images never go to the trash without a look

export class Toolbar {
  /**
   * @param {{allowed: boolean, onfilter: (filters: Params) => void, onfind: () => void,
   *   onbulk: (grade: Grade) => void}} options
   */
  constructor({ allowed, onfilter, onfind, onbulk }) {
    this.allowed = allowed;
    this.onbulk = onbulk;
    this.grade = "edited";
    this.showsBursts = false;
    this.grades = h("div", { class: "choice", role: "group", "aria-label": "Show grades up to" },
      Object.keys(GRADES).map((grade, n, all) => h("button", { type: "button", class: "button",
        dataset: { grade }, title: n ? `${all.slice(0, n + 1).join(", ")}` : GRADES.identical,
        onclick: () => onfilter(this.values(grade)) }, grade)));
    this.bursts = h("button", { type: "button", class: "button", title: MEANINGS.burst,
      onclick: () => onfilter({ ...this.values(), bursts: this.showsBursts ? null : 1 }) },
    "Bursts");
    this.keep = new KeepRules({ onchange: (keep) => onfilter({ ...this.values(), keep }) });
    this.folders = h("datalist", { id: "duplicates-folders" });
    this.under = h("input", { ...PLAIN, id: "duplicates-under", list: "duplicates-folders",
      placeholder: "all folders" });
    this.where = h("input", { ...PLAIN, id: "duplicates-where", placeholder: "width > 1000" });
    this.under.addEventListener("focus", () => suggestFolders(this.folders), { once: true });
    const form = h("form", { class: "row copies-filters", "aria-label": "Filters" },
      h("label", { for: "duplicates-under" }, "In folder"), this.under, this.folders,
      h("label", { for: "duplicates-where" }, "Where"), this.where,
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, "Show"));
    /** @param {Event} event */
    const filter = (event) => {
      event.preventDefault();
      onfilter(this.values());
    };
    form.addEventListener("change", filter);
    form.addEventListener("submit", filter);
    this.totals = h("ul", { class: "copies-totals", "aria-label": "Grades" });
    this.find = h("button", { type: "button", class: "button", hidden: true, onclick: onfind });
    this.state = h("p", { class: "soft small" });
    this.unread = h("div", { class: "row copies-unread", hidden: true });
    this.onfind = onfind;
    this.el = h("div", { class: "copies-bar" },
      h("div", { class: "row" }, h("span", { class: "soft small" }, "Show grades up to"),
        this.grades, this.bursts),
      form, this.keep.el, h("div", { class: "row copies-state" }, this.state, this.find),
      this.unread, this.totals);
  }

  /** @param {string} [grade] */
  values(grade = this.grade) {
    return { grade: grade === "edited" ? null : grade, under: this.under.value.trim(),
      where: this.where.value.trim(), keep: this.keep.rules, bursts: this.showsBursts ? 1 : null };
  }

  /** @param {Filters} filters */
  showFilters({ min_grade: grade, under, where, keep, bursts }) {
    this.grade = grade;
    this.showsBursts = bursts;
    this.bursts.setAttribute("aria-pressed", String(bursts));
    this.keep.show(keep);
    this.under.value = under ?? "";
    this.where.value = where ?? "";
    for (const button of this.grades.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.grade === grade));
    }
  }

  /**
   * Shows how many images were compared, and whether more can be compared.
   * @param {DuplicateRunDocument} state
   */
  showState({ compared, of, running, failure, notes }) {
    const remaining = of - compared;
    const parts = [`${format.count(compared)} of ${format.count(of)} pictures compared`];
    if (failure && !running) parts.push(`the last comparison stopped early: ${failure}`);
    const showCommand = remaining > 0 && !running && !this.allowed;
    this.state.replaceChildren(`${[...parts, ...notes].join("; ")}.`, ...(showCommand
      ? [compared ? " To compare the rest, run " : " To compare them, run ",
        h("code", null, "sokkuri duplicates")] : []));
    this.find.hidden = Boolean(running) || remaining <= 0 || !this.allowed;
    this.find.textContent = compared ? "Compare the rest" : "Find duplicates";
  }

  /**
   * Says how many pictures must be read, and how, to know which one to keep and the bursts.
   * @param {DuplicatePageDocument} page
   */
  showUnread({ unread, running }) {
    this.unread.hidden = !unread || Boolean(running);
    if (this.unread.hidden) {
      this.unread.replaceChildren();
      return;
    }
    const command = `sokkuri duplicates${this.showsBursts ? " --bursts" : ""}`;
    const text = unread === 1 ? "1 picture was" : `${format.count(unread)} pictures were`;
    this.unread.replaceChildren(...present([h("p", { class: "soft small" },
      `${text} not read yet for the `
      + `evidence on which picture to keep${this.showsBursts ? ", or for bursts" : ""}. To read `
      + `${unread === 1 ? "it" : "them"}, run `, h("code", null, command), "."),
    this.allowed && h("button", { type: "button", class: "button quiet small",
      onclick: () => this.onfind() }, "Read now")]));
  }

  /**
   * Shows the totals of each grade, with a button that trashes all its copies.
   * @param {DuplicatePageDocument} page
   */
  showTotals({ grades, total }) {
    const before = this.totals.contains(document.activeElement) ? focused()?.dataset.grade : null;
    this.totals.hidden = !total;
    const all = /** @type {[Grade, GradeTotalDocument][]} */ (Object.entries(grades));
    this.totals.replaceChildren(...all.filter(([, { groups }]) => groups)
      .map(([grade, { groups, drops, bytes, conflicts }]) => h("li", null,
        h("span", { class: `grade ${grade}`, title: MEANINGS[grade] }, grade),
        h("span", { class: "number small" }, `${format.count(groups)} `
          + `${groups === 1 ? "group" : "groups"}` + (grade === "burst" ? ", no copies"
          : `, ${files(drops)} that can go, ${format.bytes(bytes)}`)
          + (conflicts ? `, ${format.count(conflicts)} to look at` : "")),
        this.allowed && BULK.includes(grade) && h("button", { type: "button",
          class: "button quiet small", dataset: { grade }, onclick: () => this.onbulk(grade),
          "aria-label": `Trash all copies that are ${grade}` }, icon("trash", { size: 16 }),
        "Trash all…"))));
    if (before) find(`[data-grade="${before}"]`, this.totals)?.focus();
  }
}

/**
 * The panel to show when there are no groups.
 * @param {DuplicatePageDocument} page
 * @param {Filters} filters
 * @param {boolean} allowed
 * @returns {{icon: string, title: string, text: Child}}
 */
export function emptyText({ compared, of }, { min_grade: grade, under, where }, allowed) {
  if (!of) {
    return { icon: "photos", title: "No pictures yet",
      text: ["Index a folder first: ", h("code", null, "sokkuri index FOLDER")] };
  }
  if (!compared) {
    return { icon: "compare", title: "No pictures were compared yet",
      text: allowed ? "Press “Find duplicates” above to compare every picture with similar ones. "
        + "This may take some minutes; you can use the pages meanwhile."
        : "So far, only files with identical bytes count as duplicates." };
  }
  if (under || where) {
    return { icon: "done", title: "No duplicates here", text: "No group passes these filters." };
  }
  return { icon: "done", title: "No duplicates", text: grade === "alike"
    ? "No pictures are alike either."
    : `No picture of ${format.count(compared)} is ${
      { identical: "identical to", same: "the same as", edited: "an edited copy of" }[grade]
    } another one.` };
}
