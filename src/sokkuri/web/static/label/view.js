// Label: labels suggested images one by one, or several similar images together, by keyboard; or
// those that fit the words of a label.

import * as api from "../base/api.js";
import { announce, h, isTyping, toast } from "../base/dom.js";
import { events } from "../base/events.js";
import { t } from "../base/messages.js";
import { Alike } from "./alike.js";
import { ByWords, USUAL_CONFIDENCE } from "./by_words.js";
import { howToAllow } from "../base/changes.js";
import { endPanel } from "./end_panel.js";
import { GuessButton } from "./guess.js";
import { keyButton } from "./key_button.js";
import { modeOf, Modes } from "./modes.js";
import { makeOne, preload } from "./one.js";
import { makePicker } from "./picker.js";
import { Outbox } from "./outbox.js";
import { openLabels } from "./manage.js";
import { lasting } from "../base/lasting.js";
import { SELECTION_KEYS } from "../selection/action_bar.js";
import { problemPanel } from "../base/problem.js";
import { navigate } from "../base/router.js";
import { Standing } from "./standing.js";
import { Suggestions } from "./suggestions.js";
import { UnsavedNotice } from "./unsaved.js";
import { Waiting } from "./waiting.js";

/**
 * @import { InfoDocument } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { Choice } from "./alike.js"
 * @import { Filters, Mode } from "./modes.js"
 * @import { ImageToLabel } from "./suggestions.js"
 */

export const title = t("Label");

export const shortcuts = [
  ["1 … 9", t("Give the label with this number")],
  ["0", t("Give the suggested label")],
  ["l", t("Find or add a label; by words: write labels")],
  ["s", t("Skip")],
  ["u", t("Undo")],
  ["m", t("Switch between single images and groups")],
  ["← → ↑ ↓", t("In a group: move")],
  ["a", t("In a group: select all or none")],
  ...SELECTION_KEYS.filter(([key]) => key !== "s"),
  ["o", t("In a group: open the image")],
];

/**
 * @typedef {{images: ImageToLabel[], tiles: ?Choice[], label: string, words: boolean}} About what
 *   was labelled: the images, or the tiles of a group
 */

// These stay when the view is closed: labels that are not saved yet, and skipped images.
/** @type {Outbox<About>} */
const outbox = new Outbox();
/** @type {Set<string>} */
const skipped = new Set();

export const { show, update } = lasting((main, { signal, info }) =>
  new LabelView(main, signal, info));

class LabelView {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main, signal, info) {
    this.signal = signal;
    this.allowed = info.changes === true;
    /** @type {Mode} */
    this.mode = "one";
    /** @type {?ImageToLabel} */
    this.current = null;
    /** @type {?string} */
    this.revision = null;
    this.shows = false; // whether `suggestions` are those of an address
    this.suggestions = this.suggestionsFor({ under: null, where: null });
    this.modes = new Modes();
    this.notice = new UnsavedNotice({ onretry: () => outbox.flush(), ondiscard: () => this.discard() });
    this.standing = new Standing({ signal, isBusy: () => outbox.waiting.length > 0,
      onchange: () => this.picker.show(this.standing.labels), onmanage: () => this.manage() });
    this.picker = makePicker({ allowed: this.allowed, onpick: (label) => this.give(label),
      onleave: () => this.leaveField() });
    this.one = makeOne({ signal, isBusy: () => this.isSending(),
      onguess: (guess) => this.guess.show(guess) });
    this.waiting = new Waiting({ signal });
    this.alike = new Alike({ info, signal, onchanged: () => this.startAnew() });
    this.byWords = new ByWords({ allowed: this.allowed, info, signal,
      onask: (labels, confidence) => this.ask(labels, confidence),
      onaccept: (images, label) => this.send(images, label, { words: true }) });
    this.heading = h("h1", { tabindex: "-1" }, t("Label"));
    this.stage = h("section", { class: "label-main", "aria-label": t("Images to label") });
    this.guess = new GuessButton({ allowed: this.allowed, onpick: (label) => this.give(label) });
    this.undoButton = keyButton("u", t("Undo"), "undo", () => this.undo());
    this.skipButton = keyButton("s", t("Skip"), "right", () => this.skip());
    this.root = this.build();
    main.append(this.root);
    this.stopEvents = this.listen();
    this.showUnsaved();
  }

  build() {
    return h("div", { class: "labelling" },
      h("header", { class: "label-head" }, this.heading, this.modes.el, this.standing.progress),
      this.allowed ? null : howToAllow(), this.notice.el, this.modes.limits, this.stage,
      h("aside", { class: "label-side", "aria-label": t("Labels") },
        this.guess.el, this.picker.element,
        h("div", { class: "row label-actions" }, this.skipButton, this.undoButton), this.one.near,
        this.standing.element));
  }

  /** @returns {() => void} ends the stream of events */
  listen() {
    const options = { signal: this.signal };
    document.addEventListener("keydown", (event) => this.pressed(event), options);
    outbox.addEventListener("change", () => this.showUnsaved(), options);
    api.connection.addEventListener("found", () => this.retryFailed(), options);
    return events(({ revision }) => {
      if (this.revision && this.revision !== revision) this.standing.loadSoon();
      this.revision = revision;
    });
  }

  /** @param {Filters} filters */
  suggestionsFor({ under, where }) {
    return new Suggestions({ under, where, signal: this.signal, skipped,
      unsaved: () => outbox.unsaved(), onchange: () => this.suggestionsChanged() });
  }

  /**
   * Shows the mode and the filters of an address.
   * @param {Query} params
   */
  async go(params) {
    const mode = modeOf(params.get("mode"));
    const under = params.get("under");
    const where = params.get("where");
    const filtersChanged = !this.shows || this.suggestions.under !== under ||
      this.suggestions.where !== where;
    this.mode = mode;
    this.shows = true;
    this.drawMode({ under, where });
    if (mode === "words") {
      this.byWords.show(params.get("labels") ?? "",
        Number(params.get("confidence")) || USUAL_CONFIDENCE, { under, where });
    }
    if (filtersChanged) this.suggestions = this.suggestionsFor({ under, where });
    this.draw();
    if (filtersChanged) await Promise.all([this.standing.load(), this.suggestions.fill()]);
  }

  /** Shows all labels, to rename or delete them. */
  manage() {
    openLabels({ allowed: this.allowed, signal: this.signal,
      onchange: (label) => this.standing.replaced(label) });
  }

  /** @param {Filters} filters */
  drawMode(filters) {
    this.modes.show(this.mode, filters);
    this.one.near.hidden = this.mode !== "one";
    const byWords = this.mode === "words";
    this.picker.element.hidden = byWords;
    this.skipButton.hidden = byWords;
  }

  /**
   * Shows the candidates for labels at their own address.
   * @param {string} labels
   * @param {number} confidence
   */
  ask(labels, confidence) {
    const { under, where } = this.suggestions;
    navigate("/label", { mode: "words", labels,
      confidence: confidence === USUAL_CONFIDENCE ? null : confidence, under, where });
  }

  /** More suggestions were fetched, or could not be fetched. */
  suggestionsChanged() {
    if (this.current) this.preload();
    else this.draw();
  }

  draw() {
    this.alike.leave();
    if (this.mode === "words") {
      this.drawByWords();
      return;
    }
    this.byWords.leave();
    const image = this.suggestions.current;
    this.current = image;
    this.stage.classList.toggle("none", !image);
    if (!image) this.drawNone();
    else if (this.mode === "alike") this.drawGroup(image);
    else {
      this.stage.replaceChildren(this.one.element);
      this.one.show(image);
    }
    this.one.near.hidden = !image || this.mode !== "one";
    if (!image) this.guess.show(null);
    this.preload();
  }

  drawByWords() {
    this.current = null;
    this.stage.classList.remove("none");
    if (!this.byWords.element.isConnected) this.stage.replaceChildren(this.byWords.element);
    this.guess.show(null);
    this.byWords.enter();
  }

  drawNone() {
    const { request, problem, ended } = this.suggestions;
    if (request || !(problem || ended)) {
      this.waiting.show(this.stage);
    } else if (problem) {
      this.stage.replaceChildren(problemPanel(problem, () => this.fillAgain(), 2));
    } else {
      this.stage.replaceChildren(endPanel(this.standing, this.suggestions, () => {
        this.suggestions.restoreSkipped();
        this.draw();
      }));
    }
  }

  /** Asks for suggestions anew, after images or labels have changed by other means. */
  startAnew() {
    this.suggestions = this.suggestionsFor(this.suggestions);
    this.standing.loadSoon();
    this.fillAgain();
  }

  fillAgain() {
    this.suggestions.fill();
    this.draw();
  }

  preload() {
    const { next } = this.suggestions;
    if (next && this.mode === "one") preload(next);
  }

  /**
   * Shows the suggested image, and similar ones beside it.
   * @param {ImageToLabel} image
   */
  drawGroup(image) {
    this.stage.replaceChildren(this.alike.element);
    this.one.showNear(image);
    this.alike.suggest(image, this.suggestions);
  }

  // --- actions

  /**
   * Labels the shown images and goes on at once; the labels are sent in the background.
   * @param {string} label
   */
  give(label) {
    if (!this.allowed) {
      toast(t("This server does not allow changes"));
      return;
    }
    if (!this.current) return;
    const together = this.mode === "alike";
    const images = together ? this.alike.chosen() : [this.current];
    if (!images.length) {
      toast(t("No image is selected"));
      return;
    }
    const tiles = together ? this.alike.snapshot() : null;
    const ids = this.send(images, label, { tiles });
    if (!together || this.alike.remove(ids) === 0) this.draw();
  }

  /**
   * Sends a label of images in the background.
   * @param {ImageToLabel[]} images
   * @param {string} label
   * @param {{tiles?: ?Choice[], words?: boolean}} how
   * @returns {Set<string>} the ids of the images
   */
  send(images, label, { tiles = null, words = false }) {
    this.standing.count(label, images.length);
    outbox.give(images.map(({ id }) => ({ id, label })), { images, tiles, label, words });
    const ids = new Set(images.map(({ id }) => id));
    this.suggestions.remove(ids);
    announce(`${label}: ${images.length > 1
      ? t("{count} image|{count} images", { count: images.length }) : images[0].name}`);
    return ids;
  }

  skip() {
    if (!this.current) return;
    // When a part of a group is labelled, the suggested image may be labelled already.
    if (this.suggestions.current?.id === this.current.id) this.suggestions.skip();
    this.draw();
    announce(t("Skipped"));
  }

  undo() {
    const last = outbox.undo()?.about;
    if (!last) {
      toast(t("Nothing to undo"));
      return;
    }
    const { images, tiles, label, words } = last;
    this.standing.count(label, -images.length);
    this.byWords.restore(images.map(({ id }) => id));
    if (words) this.suggestions.forget(images);
    else this.suggestions.restore(tiles ? tiles.map(({ image }) => image) : images);
    if (tiles && this.mode === "alike") this.restoreGroup(tiles);
    else this.draw();
    toast(t("Undone: {label}", { label }));
  }

  /**
   * Shows a group as it was before it was labelled.
   * @param {Choice[]} tiles
   */
  restoreGroup(tiles) {
    this.alike.leave();
    this.current = this.suggestions.current;
    this.stage.classList.remove("none");
    this.stage.replaceChildren(this.alike.element);
    this.alike.restore(tiles);
  }

  /** Shows whether labels are unsaved, after the server has accepted or refused some. */
  showUnsaved() {
    const { problem, waiting, undoable } = outbox;
    this.undoButton.disabled = !undoable.length;
    this.root.dataset.unsaved = String(waiting.length);
    this.notice.show(problem, outbox.unsaved().length);
    if (this.isSending()) return;
    if (this.mode === "words" && !waiting.length) this.byWords.refresh();
    this.one.refresh();
    if (!waiting.length) this.standing.loadSoon();
  }

  /** Whether labels are being sent, and the server has not refused them. */
  isSending() {
    return outbox.waiting.length > 0 && !outbox.problem;
  }

  discard() {
    const refused = outbox.discard();
    if (refused?.about) this.standing.count(refused.about.label, -refused.labels.length);
  }

  /** Loads again what failed, after the server came back. */
  retryFailed() {
    this.standing.loadSoon();
    if (this.suggestions.problem) this.fillAgain();
    else if (this.mode === "one") this.one.refresh();
  }

  /** Moves the focus out of the field, so that keys are commands again. */
  leaveField() {
    if (this.mode === "alike" && this.current) this.alike.focus();
    else this.heading.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const label = /^[1-9]$/.test(key) ? this.picker.labelOf(Number(key)) : null;
    if (label !== null) this.give(label);
    else if (key === "0" && this.guess.label !== null) this.guess.pick();
    else if (key === "l" && this.mode === "words") this.byWords.focus();
    else if (key === "l" && this.allowed) this.picker.focus();
    else if (key === "s") this.skip();
    else if (key === "u") this.undo();
    else if (key === "m") this.switchMode();
    else if (this.mode === "alike" && key === "a") this.alike.toggleAll();
    else if (this.mode === "alike" && key.startsWith("Arrow")) this.alike.focus();
    else return;
    event.preventDefault();
  }

  switchMode() {
    const { under, where } = this.suggestions;
    navigate("/label", { mode: this.mode === "one" ? "alike" : null, under, where });
  }

  stop() {
    this.stopEvents();
    this.standing.stop();
  }
}
