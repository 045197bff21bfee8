// Filters as chips: date, camera, label, folder, size, format. A chip opens a form; the expression
// below shows the same, except for the folder.

import * as api from "../base/api.js";
import { find, h, present } from "../base/dom.js";
import { suggestFolders } from "../base/folders.js";
import { icon } from "../base/icons.js";
import { list, t } from "../base/messages.js";
import { read, write } from "./where.js";

/** @import { Fields, Kind } from "./where.js" */

/** @typedef {Kind | "folder"} FormKind the folder has a form, too, but is no part of the expression */

const MEGA = 1e6;

/**
 * Each kind of filter: its name, its fields (name, label, type), and what its chip says.
 * @type {Record<FormKind, {name: string, fields: string[][], say: (fields: Fields) => string}>}
 */
const KINDS = {
  date: { name: t("Date"),
    fields: [["from", t("Taken from"), "date"], ["to", t("Taken until"), "date"]],
    say: ({ from, to }) => (from && to ? t("Taken {from} to {to}", { from, to })
      : from ? t("Taken from {from}", { from }) : t("Taken until {to}", { to })) },
  camera: { name: t("Camera"), fields: [["camera", t("Camera"), "text"]],
    say: ({ camera }) => t("Camera {camera}", { camera }) },
  label: { name: t("Label"), fields: [["label", t("Label"), "text"]],
    say: ({ label }) => t("Label {label}", { label }) },
  folder: { name: t("Folder"), fields: [["folder", t("Folder"), "text"]],
    say: ({ folder }) => t("Folder {folder}", { folder }) },
  size: { name: t("Size"), fields: [["width", t("Width at least (pixels)"), "number"],
    ["bytes", t("File at least (MB)"), "number"]],
  say: ({ width, bytes }) => list(present([width && t("{width} pixels wide or more", { width }),
    bytes && t("{number} MB or more", { number: Number(bytes) / MEGA })])) },
  format: { name: t("Format"), fields: [["format", t("Format"), "text"]],
    say: ({ format }) => t("Format {format}", { format }) },
};

/** Formats that most collections have; others can be typed. */
const FORMATS = ["JPEG", "PNG", "HEIF", "WEBP", "AVIF", "TIFF", "GIF", "BMP", "DNG", "CR2", "CR3",
  "NEF", "ARW", "RAF", "ORF", "RW2"];

/**
 * Fields with suggestions: each has a function that fills its list.
 * @type {Partial<Record<string, (list: HTMLDataListElement, signal: AbortSignal) => unknown>>}
 */
const SUGGESTED = {
  label: (list, signal) => api.get("/labels", null, { signal }).then(({ labels }) => {
    list.replaceChildren(...labels.map(({ label }) => h("option", { value: label })));
  }).catch(() => {}), // without the list, a label can still be typed
  folder: suggestFolders,
  format: (list) => list.replaceChildren(...FORMATS.map((value) => h("option", { value }))),
};
const ALL = /** @type {FormKind[]} */ (Object.keys(KINDS));

export class FilterChips {
  /** @param {{onchange: (where: string, under: string) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.onchange = onchange;
    this.signal = signal;
    /** @type {?string} */
    this.where = null;
    this.under = "";
    this.list = h("ul",
      { class: "filter-chips", role: "list", "aria-label": t("Filters that apply") });
    this.adds = h("div",
      { class: "row filter-adds", role: "group", "aria-label": t("Add a filter") });
    this.place = h("div", null);
    this.element = h("div", { class: "filter-forms" }, this.list, this.adds, this.place);
  }

  /**
   * @param {string} where the expression
   * @param {string} under the folder, "" for all
   */
  show(where, under) {
    if (where === this.where && under === this.under) return; // the focus stays
    this.where = where;
    this.under = under;
    const filters = this.filters();
    this.list.hidden = !Object.keys(filters).length;
    const used = /** @type {FormKind[]} */ (Object.keys(filters));
    this.list.replaceChildren(...used.map((kind) =>
      this.chip(kind, KINDS[kind].say(filters[kind] ?? {}))));
    this.adds.replaceChildren(...ALL.filter((kind) => !(kind in filters))
      .map((kind) => h("button", { type: "button", class: "button quiet small", dataset: { kind },
        onclick: () => this.edit(kind) }, icon("plus", { size: 14 }), KINDS[kind].name)));
  }

  /**
   * The fields of each form that has some.
   * @returns {Partial<Record<FormKind, Fields>>}
   */
  filters() {
    const { filters } = read(this.where ?? "");
    return this.under ? { ...filters, folder: { folder: this.under } } : filters;
  }

  /**
   * @param {FormKind} kind
   * @param {string} text
   */
  chip(kind, text) {
    return h("li", { class: "filter-chip" },
      h("button", { type: "button", class: "chip-text", dataset: { kind },
        "aria-label": t("Change the filter: {filter}", { filter: text }),
        onclick: () => this.edit(kind) }, text),
      h("button", { type: "button", class: "icon-button", title: t("Remove"),
        "aria-label": t("Remove the filter: {filter}", { filter: text }),
        onclick: () => this.apply(kind, null) }, icon("close", { size: 14 })));
  }

  /**
   * Opens the form of a kind of filter.
   * @param {FormKind} kind
   */
  edit(kind) {
    const values = this.filters()[kind] ?? {};
    const fields = KINDS[kind].fields.map(([name, label, type]) => {
      const value = name === "bytes" && values.bytes ? Number(values.bytes) / MEGA
        : values[name] ?? "";
      const input = h("input", { type, name, id: `filter-${name}`, value, autocomplete: "off",
        min: type === "number" ? 0 : null, step: type === "number" ? "any" : null,
        list: name in SUGGESTED ? `filter-${name}s` : null });
      return [h("label", { for: input.id }, label), input];
    });
    const form = h("form", { class: "filter-form", "aria-label": KINDS[kind].name }, fields,
      kind in SUGGESTED && this.suggestions(kind),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => this.close(kind) }, t("Cancel")),
        h("button", { type: "submit", class: "button primary" }, t("Apply"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply(kind, valuesOf(form));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.close(kind);
      event.preventDefault();
    });
    this.place.replaceChildren(form);
    form.querySelector("input")?.focus();
  }

  /** @param {FormKind} kind */
  suggestions(kind) {
    const list = h("datalist", { id: `filter-${kind}s` });
    SUGGESTED[kind]?.(list, this.signal);
    return list;
  }

  /**
   * @param {FormKind} kind
   * @param {?Fields} values
   */
  apply(kind, values) {
    this.place.replaceChildren();
    const isFolder = kind === "folder"; // it is no part of the expression
    const where = isFolder ? this.where ?? "" : write(this.where ?? "", kind, values);
    const under = isFolder ? (values?.folder ?? "").replace(/^\/+|\/+$/g, "") : this.under;
    this.show(where, under);
    this.focus(kind);
    this.onchange(where, under);
  }

  /** @param {FormKind} kind */
  close(kind) {
    this.place.replaceChildren();
    this.focus(kind);
  }

  /** @param {FormKind} kind */
  focus(kind) {
    find(`[data-kind="${kind}"]`, this.element)?.focus();
  }
}

/**
 * @param {HTMLFormElement} form
 * @returns {Fields}
 */
function valuesOf(form) {
  /** @type {Fields} */
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) =>
    [name, String(value).trim()]));
  if (values.width) values.width = String(Math.ceil(Number(values.width)));
  if (values.bytes) values.bytes = String(Math.round(Number(values.bytes) * MEGA));
  return values;
}
