// The bar above the groups: filters, the state of the comparison, and totals and actions by grade.

import { find, focused, h, present } from "../base/dom.js";
import { suggestFolders } from "../base/folders.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { list, rich, t } from "../base/messages.js";
import { problemText } from "../base/problem_text.js";
import { files, GRADES, MEANINGS, NAMES } from "./differences.js";
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
    this.grades = h("div", { class: "choice", role: "group", "aria-label": t("Show grades up to") },
      Object.keys(GRADES).map((grade, n, all) => h("button", { type: "button", class: "button",
        dataset: { grade },
        title: n ? list(all.slice(0, n + 1).map((one) => NAMES[one])) : GRADES.identical,
        onclick: () => onfilter(this.values(grade)) }, NAMES[grade])));
    this.bursts = h("button", { type: "button", class: "button", title: MEANINGS.burst,
      onclick: () => onfilter({ ...this.values(), bursts: this.showsBursts ? null : 1 }) },
    t("Bursts"));
    this.keep = new KeepRules({ onchange: (keep) => onfilter({ ...this.values(), keep }) });
    this.folders = h("datalist", { id: "duplicates-folders" });
    this.under = h("input", { ...PLAIN, id: "duplicates-under", list: "duplicates-folders",
      placeholder: t("all folders") });
    this.where = h("input", { ...PLAIN, id: "duplicates-where", placeholder: "width > 1000" });
    this.under.addEventListener("focus", () => suggestFolders(this.folders), { once: true });
    const form = h("form", { class: "row copies-filters", "aria-label": t("Filters") },
      h("label", { for: "duplicates-under" }, t("In folder")), this.under, this.folders,
      h("label", { for: "duplicates-where" }, t("Where")), this.where,
      h("button", { type: "submit", class: "unseen", tabindex: -1 }, t("Show")));
    /** @param {Event} event */
    const filter = (event) => {
      event.preventDefault();
      onfilter(this.values());
    };
    form.addEventListener("change", filter);
    form.addEventListener("submit", filter);
    this.totals = h("ul", { class: "copies-totals", "aria-label": t("Grades") });
    this.find = h("button", { type: "button", class: "button", hidden: true, onclick: onfind });
    this.state = h("p", { class: "soft small" });
    this.unread = h("div", { class: "row copies-unread", hidden: true });
    this.onfind = onfind;
    this.el = h("div", { class: "copies-bar" },
      h("div", { class: "row" }, h("span", { class: "soft small" }, t("Show grades up to")),
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
    const parts = [t("{number} of {total} pictures compared", { number: compared, total: of })];
    if (failure && !running) {
      parts.push(t("the last comparison stopped early: {reason}", { reason: problemText(failure) }));
    }
    const showCommand = remaining > 0 && !running && !this.allowed;
    const command = h("code", null, "sokkuri duplicates");
    this.state.replaceChildren(t("{state}.", { state: [...parts, ...notes].join("; ") }),
      ...(!showCommand ? [] : compared ? rich(" To compare the rest, run {command}", { command })
        : rich(" To compare them, run {command}", { command })));
    this.find.hidden = Boolean(running) || remaining <= 0 || !this.allowed;
    this.find.textContent = compared ? t("Compare the rest") : t("Find duplicates");
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
    const values = { count: unread, command: h("code", null, command) };
    this.unread.replaceChildren(...present([h("p", { class: "soft small" }, this.showsBursts
      ? rich("{count} picture was not read yet for the evidence on which picture to keep, or for "
        + "bursts. To read it, run {command}.|{count} pictures were not read yet for the evidence on "
        + "which picture to keep, or for bursts. To read them, run {command}.", values)
      : rich("{count} picture was not read yet for the evidence on which picture to keep. To read it, "
        + "run {command}.|{count} pictures were not read yet for the evidence on which picture to "
        + "keep. To read them, run {command}.", values)),
    this.allowed && h("button", { type: "button", class: "button quiet small",
      onclick: () => this.onfind() }, t("Read now"))]));
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
        h("span", { class: `grade ${grade}`, title: MEANINGS[grade] }, NAMES[grade]),
        h("span", { class: "number small" }, t("{count} group|{count} groups", { count: groups })
          + (grade === "burst" ? t(", no copies") : t(", {files} that can go, {bytes}",
            { files: files(drops), bytes: format.bytes(bytes) }))
          + (conflicts ? t(", {count} to look at", { count: conflicts }) : "")),
        this.allowed && BULK.includes(grade) && h("button", { type: "button",
          class: "button quiet small", dataset: { grade }, onclick: () => this.onbulk(grade),
          "aria-label": t("Trash all copies that are {grade}", { grade: NAMES[grade] }) },
        icon("trash", { size: 16 }), t("Trash all…")))));
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
    return { icon: "photos", title: t("No pictures yet"),
      text: rich("Index a folder first: {command}",
        { command: h("code", null, "sokkuri index FOLDER") }) };
  }
  if (!compared) {
    return { icon: "compare", title: t("No pictures were compared yet"),
      text: allowed ? t("Press “Find duplicates” above to compare every picture with similar ones. "
        + "This may take some minutes; you can use the pages meanwhile.")
        : t("So far, only files with identical bytes count as duplicates.") };
  }
  if (under || where) {
    return { icon: "done", title: t("No duplicates here"),
      text: t("No group passes these filters.") };
  }
  const number = { count: compared };
  const text = {
    identical: t("No picture of {count} is identical to another one.", number),
    same: t("No picture of {count} is the same as another one.", number),
    edited: t("No picture of {count} is an edited copy of another one.", number),
    alike: t("No pictures are alike either."),
  }[grade];
  return { icon: "done", title: t("No duplicates"), text };
}
