// Filters as chips: date, camera, label, size. A chip opens a form; the expression below shows the same.

import * as api from "../base/api.js";
import { find, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { read, write } from "./where.js";

/** @import { Fields, Kind } from "./where.js" */

const MEGA = 1e6;

/**
 * Each kind of filter: its name, its fields (name, label, type), and what its chip says.
 * @type {Record<Kind, {name: string, fields: string[][], say: (fields: Fields) => string}>}
 */
const KINDS = {
  date: { name: "Date", fields: [["from", "Taken from", "date"], ["to", "Taken until", "date"]],
    say: ({ from, to }) => (from && to ? `Taken ${from} to ${to}`
      : from ? `Taken from ${from}` : `Taken until ${to}`) },
  camera: { name: "Camera", fields: [["camera", "Camera", "text"]],
    say: ({ camera }) => `Camera ${camera}` },
  label: { name: "Label", fields: [["label", "Label", "text"]], say: ({ label }) => `Label ${label}` },
  size: { name: "Size", fields: [["width", "Width at least (pixels)", "number"],
    ["bytes", "File at least (MB)", "number"]],
  say: ({ width, bytes }) => [width && `${width} pixels wide or more`,
    bytes && `${Number(bytes) / MEGA} MB or more`].filter(Boolean).join(", ") },
};
const ALL = /** @type {Kind[]} */ (Object.keys(KINDS));

export class FilterChips {
  /** @param {{onchange: (where: string) => void, signal: AbortSignal}} options */
  constructor({ onchange, signal }) {
    this.onchange = onchange;
    this.signal = signal;
    /** @type {?string} */
    this.where = null;
    this.list = h("ul", { class: "filter-chips", role: "list", "aria-label": "Filters that apply" });
    this.adds = h("div", { class: "row filter-adds", role: "group", "aria-label": "Add a filter" });
    this.place = h("div", null);
    this.element = h("div", { class: "filter-forms" }, this.list, this.adds, this.place);
  }

  /** @param {string} where the expression */
  show(where) {
    if (where === this.where) return; // the focus stays
    this.where = where;
    const { filters } = read(where);
    this.list.hidden = !Object.keys(filters).length;
    const used = /** @type {Kind[]} */ (Object.keys(filters));
    this.list.replaceChildren(...used.map((kind) =>
      this.chip(kind, KINDS[kind].say(filters[kind] ?? {}))));
    this.adds.replaceChildren(...ALL.filter((kind) => !(kind in filters))
      .map((kind) => h("button", { type: "button", class: "button quiet small", dataset: { kind },
        onclick: () => this.edit(kind) }, icon("plus", { size: 14 }), KINDS[kind].name)));
  }

  /**
   * @param {Kind} kind
   * @param {string} text
   */
  chip(kind, text) {
    return h("li", { class: "filter-chip" },
      h("button", { type: "button", class: "chip-text", dataset: { kind },
        "aria-label": `Change the filter: ${text}`, onclick: () => this.edit(kind) }, text),
      h("button", { type: "button", class: "icon-button", title: "Remove",
        "aria-label": `Remove the filter: ${text}`,
        onclick: () => this.apply(kind, null) }, icon("close", { size: 14 })));
  }

  /**
   * Opens the form of a kind of filter.
   * @param {Kind} kind
   */
  edit(kind) {
    const values = read(this.where ?? "").filters[kind] ?? {};
    const fields = KINDS[kind].fields.map(([name, label, type]) => {
      const value = name === "bytes" && values.bytes ? Number(values.bytes) / MEGA
        : values[name] ?? "";
      const input = h("input", { type, name, id: `filter-${name}`, value, autocomplete: "off",
        min: type === "number" ? 0 : null, step: type === "number" ? "any" : null,
        list: name === "label" ? "filter-labels" : null });
      return [h("label", { for: input.id }, label), input];
    });
    const form = h("form", { class: "filter-form", "aria-label": KINDS[kind].name }, fields,
      kind === "label" && this.knownLabels(),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => this.close(kind) }, "Cancel"),
        h("button", { type: "submit", class: "button primary" }, "Apply")));
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

  knownLabels() {
    const list = h("datalist", { id: "filter-labels" });
    api.get("/labels", null, { signal: this.signal }).then(({ labels }) => {
      list.replaceChildren(...labels.map(({ label }) => h("option", { value: label })));
    }).catch(() => {}); // without the list, a label can still be typed
    return list;
  }

  /**
   * @param {Kind} kind
   * @param {?Fields} values
   */
  apply(kind, values) {
    this.place.replaceChildren();
    const where = write(this.where ?? "", kind, values);
    this.show(where);
    this.focus(kind);
    this.onchange(where);
  }

  /** @param {Kind} kind */
  close(kind) {
    this.place.replaceChildren();
    this.focus(kind);
  }

  /** @param {Kind} kind */
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
