// Images that fit the words of a label, with their confidence. Each is accepted or refused.

import * as api from "../base/api.js";
import { announce, h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { serverText, t } from "../base/messages.js";
import { link } from "../base/router.js";
import { ListSelection, selectable } from "../selection/list_selection.js";

/**
 * @import {
 *   CandidateDocument, InfoDocument, LabelCandidatesDocument
 * } from "../base/api_types.js"
 */

const SHOWN = 24; // candidates of a label
const MOST = 500; // candidates that a request can ask for
const CONFIDENCES = [0.3, 0.5, 0.7, 0.9];
export const USUAL_CONFIDENCE = 0.5;

/** @param {string} text labels with commas between @returns {string[]} */
export const splitLabels = (text) =>
  [...new Set(text.split(",").map((label) => label.trim()).filter(Boolean))];

/**
 * @typedef {{under: ?string, where: ?string}} Filters
 * @typedef {Filters & {labels: string[], confidence: number}} Query
 * @typedef {{label: string, more: boolean, shown: CandidateDocument[],
 *   tiles: Map<string, HTMLElement>, heading: HTMLElement, number: HTMLElement,
 *   all: HTMLButtonElement, none: HTMLElement, element: HTMLElement}} Section
 */

export class ByWords {
  /**
   * @param {{allowed: boolean, info: InfoDocument, signal: AbortSignal,
   *   onask: (words: string, confidence: number) => void,
   *   onaccept: (images: CandidateDocument[], label: string) => void}} options
   */
  constructor({ allowed, info, signal, onask, onaccept }) {
    this.allowed = allowed;
    this.info = info;
    this.signal = signal;
    /** @type {?ListSelection} while the candidates are shown */
    this.selecting = null;
    this.onask = onask;
    this.onaccept = onaccept;
    /** @type {Set<string>} texts `label/id` */
    this.refused = new Set();
    /** @type {Set<string>} ids; an answer of the server may still contain them */
    this.accepted = new Set();
    this.asked = "";
    /** @type {Query} */
    this.query = { labels: [], confidence: USUAL_CONFIDENCE, under: null, where: null };
    /** @type {Section[]} */
    this.sections = [];
    this.undone = false; // the label of an accepted image was undone
    this.field = h("input", { type: "text", id: "label-words", autocomplete: "off",
      placeholder: t("cat, dog, car") });
    this.confidence = h("select", { id: "label-confidence" },
      CONFIDENCES.map((share) => h("option", { value: share }, `${Math.round(share * 100)}%`)));
    this.problem = h("p", { class: "field-problem small", role: "alert" });
    this.results = h("div", { class: "words-results" });
    const form = h("form", { class: "row words-form", onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      this.submit();
    } },
    h("label", { for: "label-words" }, t("Labels, with commas between")), this.field,
    h("label", { for: "label-confidence" }, t("Confidence at least")), this.confidence,
    h("button", { type: "submit", class: "button primary" }, t("Show candidates")));
    this.element = h("div", { class: "label-words" },
      info.words ? form : h("p", { class: "soft" },
        format.capitalise(serverText((info.no_words ?? "").replaceAll("`", "")))),
      h("p", { class: "soft small" }, t("Each image without a label goes to the label whose words it "
        + "fits best. The confidence is its share among these labels. No image is labelled until "
        + "you accept it.")), this.problem, this.results);
  }

  /** Lets candidates be selected. */
  enter() {
    this.selecting ??= new ListSelection({ host: this.results, info: this.info, signal: this.signal,
      onchanged: () => this.load(), onlabelled: () => this.load() });
  }

  /** Ends the selection. */
  leave() {
    this.selecting?.stop();
    this.selecting = null;
  }

  submit() {
    const labels = splitLabels(this.field.value);
    if (labels.length < 2) {
      this.problem.textContent = t("Write two labels or more, to choose from.");
      return;
    }
    this.onask(labels.join(", "), Number(this.confidence.value));
  }

  /**
   * Shows the candidates for labels.
   * @param {string} words with commas between
   * @param {number} confidence
   * @param {Filters} filters
   */
  async show(words, confidence, { under, where }) {
    const key = JSON.stringify([words, confidence, under, where]);
    if (key === this.asked) return;
    this.asked = key;
    this.query = { labels: splitLabels(words), confidence, under, where };
    this.field.value = words;
    this.confidence.value = String(confidence);
    this.sections = [];
    this.results.replaceChildren();
    if (this.query.labels.length > 1) await this.load();
  }

  async load() {
    const { labels, confidence, under, where } = this.query;
    const { asked } = this;
    this.problem.textContent = "";
    this.results.setAttribute("aria-busy", "true");
    const n = Math.min(MOST, SHOWN + this.refused.size + this.accepted.size);
    try {
      const { words } = await api.get("/suggestions/words",
        { label: labels, n, min_confidence: confidence, under, where }, { signal: this.signal });
      if (this.asked === asked) this.draw(words);
    } catch (error) {
      if (api.isAbort(error) || this.asked !== asked) return;
      this.problem.textContent = format.capitalise(api.messageOf(error));
      this.asked = "";
    } finally {
      this.results.removeAttribute("aria-busy");
    }
  }

  /** @param {LabelCandidatesDocument[]} words */
  draw(words) {
    const focused = this.results.contains(document.activeElement);
    this.selecting?.selection.clear();
    this.sections = words.map(({ label, count, candidates }) => {
      /** @param {CandidateDocument} candidate */
      const isOpen = ({ id }) => !this.accepted.has(id) && !this.refused.has(`${label}/${id}`);
      const more = count > candidates.length;
      return this.sectionOf(label, more, candidates.filter(isOpen).slice(0, SHOWN));
    });
    this.results.replaceChildren(...this.sections.map(({ element }) => element));
    const found = this.sections.reduce((sum, { shown }) => sum + shown.length, 0);
    announce(t("{count} candidate|{count} candidates", { count: found }));
    if (focused) this.results.querySelector("button")?.focus();
  }

  /**
   * @param {string} label
   * @param {boolean} more
   * @param {CandidateDocument[]} shown
   * @returns {Section}
   */
  sectionOf(label, more, shown) {
    const number = h("span", { class: "soft small number" });
    const heading = h("h2", null, label, " ", number);
    const all = h("button", { type: "button", class: "button", disabled: !this.allowed,
      onclick: () => this.accept(section.shown, section) });
    const none = h("p", { class: "soft small" }, t("No image without a label fits these words "
      + "well enough."));
    const list = h("ul", { class: "alike-list", role: "list" });
    const element = h("section", { "aria-label": t("Candidates for {label}", { label }) },
      h("div", { class: "alike-head" }, heading, all), none, list);
    /** @type {Section} */
    const section = { label, more, shown, tiles: new Map(), heading, number, all, none, element };
    for (const one of shown) section.tiles.set(one.id, this.tileOf(one, section));
    list.append(...section.tiles.values());
    this.showCount(section);
    return section;
  }

  /** @param {Section} section */
  showCount(section) {
    const { length } = section.shown;
    section.number.textContent = format.count(length);
    section.all.textContent = t("Accept all {number} that are shown",
      { number: length });
    section.all.hidden = length === 0;
    section.none.hidden = length > 0;
  }

  /**
   * @param {CandidateDocument} image
   * @param {Section} section
   */
  tileOf(image, section) {
    const { label } = section;
    const share = format.percent(image.confidence);
    const img = h("img", { alt: "", decoding: "async", loading: "lazy",
      src: api.imageUrl(image.id, "thumbnail",
        { size: devicePixelRatio > 1 ? 512 : 256, v: image.v }) });
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    /**
     * @param {string} name
     * @param {string} text
     * @param {() => void} act
     */
    const button = (name, text, act) => h("button", { type: "button", class: "icon-button",
      title: text, "aria-label": `${text} ${label}: ${image.name}`, disabled: !this.allowed,
      onclick: act }, icon(name, { size: 18 }));
    return selectable(h("li", { class: "word-candidate" },
      link("/image", { id: image.id }, { class: "tile-box", title: image.name,
        "aria-label": t("{name}, {label} with confidence {share}",
          { name: image.name, label, share }) }, img),
      h("div", { class: "row" }, h("span", { class: "number small" }, share),
        button("check", t("Accept"), () => this.accept([image], section)),
        button("close", t("Refuse"), () => this.refuse(image, section)))), image);
  }

  /**
   * @param {CandidateDocument[]} images
   * @param {Section} section
   */
  accept(images, section) {
    const chosen = [...images];
    for (const { id } of chosen) this.accepted.add(id);
    this.take(chosen, section);
    this.onaccept(chosen, section.label);
  }

  /**
   * @param {CandidateDocument} image
   * @param {Section} section
   */
  refuse(image, section) {
    this.refused.add(`${section.label}/${image.id}`);
    this.take([image], section);
    announce(t("Refused: {name}", { name: image.name }));
  }

  /**
   * Takes images out of a section, and moves the focus to what follows.
   * @param {CandidateDocument[]} images
   * @param {Section} section
   */
  take(images, section) {
    const taken = new Set(images.map(({ id }) => id));
    this.selecting?.selection.clear();
    const tile = section.tiles.get(images[0].id);
    const next = tile?.nextElementSibling ?? tile?.previousElementSibling;
    const focused = section.element.contains(document.activeElement);
    for (const id of taken) section.tiles.get(id)?.remove();
    section.shown = section.shown.filter(({ id }) => !taken.has(id));
    this.showCount(section);
    if (focused) ((next?.isConnected && next.querySelector("button")) || this.field).focus();
    if (section.shown.length === 0 && section.more) this.load();
  }

  /**
   * Shows images again whose labels were undone, when the server knows of it.
   * @param {string[]} ids
   */
  restore(ids) {
    const known = ids.filter((id) => this.accepted.delete(id));
    this.undone ||= known.length > 0;
  }

  /** Asks again after an undo, when the server has all labels. */
  refresh() {
    if (!this.undone) return;
    this.undone = false;
    if (this.query.labels.length > 1) this.load();
  }

  focus() {
    this.field.focus();
  }
}
