// Label: labels suggested images one by one, or several similar images together, by keyboard; or
// those that fit the words of a label.

import * as api from "../base/api.js";
import { announce, h, isTyping, present, toast } from "../base/dom.js";
import { events } from "../base/events.js";
import { icon } from "../base/icons.js";
import { rich, t } from "../base/messages.js";
import { Alike } from "./alike.js";
import { ByWords, USUAL_CONFIDENCE } from "./by_words.js";
import { howToAllow } from "../base/changes.js";
import { makeOne, preload } from "./one.js";
import { makePicker } from "./picker.js";
import { Outbox } from "./outbox.js";
import { openLabels } from "./manage.js";
import { lasting } from "../base/lasting.js";
import { panel, problemPanel } from "../base/problem.js";
import { link, navigate } from "../base/router.js";
import { Standing } from "./standing.js";
import { Suggestions } from "./suggestions.js";
import { Waiting } from "./waiting.js";

/**
 * @import { GuessDocument, InfoDocument } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { Choice } from "./alike.js"
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
  ["Space", t("In a group: select or unselect the image")],
  ["Shift →", t("In a group: move and select")],
  ["a", t("In a group: select all or none")],
  ["o", t("In a group: open the image")],
];

/**
 * @typedef {{images: ImageToLabel[], tiles: ?Choice[], label: string, words: boolean}} About what
 *   was labelled: the images, or the tiles of a group
 * @typedef {{under: ?string, where: ?string}} Filters
 */

const MODES = ["one", "alike", "words"];
const ALIKE = 23; // images beside the suggested one

// These stay when the view is closed: labels that are not saved yet, and skipped images.
/** @type {Outbox<About>} */
const outbox = new Outbox();
/** @type {Set<string>} */
const skipped = new Set();

export const { show, update } = lasting((main, { signal, info }) =>
  new LabelView(main, signal, info));

class LabelView {
  /** @type {HTMLElement} */
  heading;
  /** @type {HTMLElement} */
  modes;
  /** @type {HTMLElement} */
  notice;
  /** @type {HTMLElement} */
  where;
  /** @type {HTMLElement} */
  stage;
  /** @type {HTMLButtonElement} */
  guessButton;
  /** @type {HTMLElement} */
  root;
  /** @type {HTMLButtonElement} */
  undoButton;
  /** @type {HTMLButtonElement} */
  skipButton;
  /** @type {Suggestions} */
  suggestions;

  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main, signal, info) {
    this.signal = signal;
    this.info = info;
    this.allowed = info.changes === true;
    /** @type {?string} */
    this.mode = null;
    /** @type {?GuessDocument} */
    this.guess = null;
    /** @type {?ImageToLabel} */
    this.current = null;
    /** @type {?symbol} */
    this.group = null;
    /** @type {?string} */
    this.revision = null;
    /** @type {?string} */
    this.preloaded = null;
    this.standing = new Standing({ signal, isBusy: () => outbox.waiting.length > 0,
      onchange: () => this.picker.show(this.standing.labels), onmanage: () => this.manage() });
    this.picker = makePicker({ allowed: this.allowed, onpick: (label) => this.give(label),
      onleave: () => this.leaveField() });
    this.one = makeOne({ signal, isBusy: () => this.isSending(),
      onguess: (guess) => this.showGuess(guess) });
    this.waiting = new Waiting({ signal });
    this.alike = new Alike({ onlook: ({ id }) => navigate("/image", { id }) });
    this.byWords = new ByWords({ allowed: this.allowed, info, signal,
      onask: (labels, confidence) => this.ask(labels, confidence),
      onaccept: (images, label) => this.send(images, label, { words: true }) });
    this.build(main);
    const options = { signal };
    document.addEventListener("keydown", (event) => this.pressed(event), options);
    outbox.addEventListener("change", () => this.showUnsaved(), options);
    api.connection.addEventListener("found", () => this.retryFailed(), options);
    this.stopEvents = events(({ revision }) => {
      if (this.revision && this.revision !== revision) this.standing.loadSoon();
      this.revision = revision;
    });
    this.showUnsaved();
  }

  /** @param {HTMLElement} main */
  build(main) {
    this.heading = h("h1", { tabindex: "-1" }, t("Label"));
    this.modes = h("div", { class: "choice", role: "group", "aria-label": t("Labelling mode") });
    this.notice = h("div", { class: "label-notice", role: "alert", hidden: true });
    this.where = h("p", { class: "soft small", hidden: true });
    this.stage = h("section", { class: "label-main", "aria-label": t("Images to label") });
    this.guessButton = h("button", { type: "button", class: "button quiet label-guess",
      hidden: true, disabled: !this.allowed, "aria-keyshortcuts": "0",
      onclick: () => this.guess && this.give(this.guess.label) });
    this.root = h("div", { class: "labelling" },
      h("header", { class: "label-head" }, this.heading, this.modes, this.standing.progress),
      this.allowed ? null : howToAllow(), this.notice, this.where, this.stage,
      h("aside", { class: "label-side", "aria-label": t("Labels") },
        this.guessButton, this.picker.element, this.actions(), this.one.near,
        this.standing.element));
    main.append(this.root);
  }

  actions() {
    /**
     * @param {string} key
     * @param {string} text
     * @param {string} name
     * @param {() => void} act
     */
    const button = (key, text, name, act) => h("button", { type: "button", class: "button",
      "aria-keyshortcuts": key, onclick: act }, icon(name, { size: 18 }), text,
    h("kbd", { "aria-hidden": "true" }, key));
    this.undoButton = button("u", t("Undo"), "undo", () => this.undo());
    this.skipButton = button("s", t("Skip"), "right", () => this.skip());
    return h("div", { class: "row label-actions" }, this.skipButton, this.undoButton);
  }

  /**
   * Shows the mode and the filters of an address.
   * @param {Query} params
   */
  async go(params) {
    const mode = MODES.find((one) => one === params.get("mode")) ?? "one";
    const under = params.get("under");
    const where = params.get("where");
    const filtersChanged = !this.suggestions || this.suggestions.under !== under ||
      this.suggestions.where !== where;
    this.mode = mode;
    this.drawModes({ under, where });
    if (mode === "words") {
      this.byWords.show(params.get("labels") ?? "",
        Number(params.get("confidence")) || USUAL_CONFIDENCE, { under, where });
    }
    if (filtersChanged) {
      this.suggestions = new Suggestions({ under, where, signal: this.signal, skipped,
        unsaved: () => outbox.unsaved(), onchange: () => this.suggestionsChanged() });
      this.group = null;
      this.draw();
      await Promise.all([this.standing.load(), this.suggestions.fill()]);
    } else {
      this.group = null;
      this.draw();
    }
  }

  /** Shows all labels, to rename or delete them. */
  manage() {
    openLabels({ allowed: this.allowed, signal: this.signal,
      onchange: (label) => this.standing.replaced(label) });
  }

  /** @param {Filters} filters */
  drawModes({ under, where }) {
    /**
     * @param {string} mode
     * @param {string} text
     */
    const choice = (mode, text) => link("/label", { mode: mode === "one" ? null : mode, under,
      where }, { class: "button", "aria-current": mode === this.mode ? "true" : null }, text);
    this.modes.replaceChildren(choice("one", t("One by one")), choice("alike", t("Similar together")),
      choice("words", t("By words")));
    this.where.hidden = !under && !where;
    this.where.replaceChildren(
      under ? t("Only in {folder}. ", { folder: under }) : "",
      where ? t("Only {where}. ", { where }) : "",
      link("/label", { mode: this.mode === "one" ? null : this.mode }, null, t("Show all images")));
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
    if (this.mode === "words") {
      this.drawByWords();
      return;
    }
    const image = this.suggestions.current;
    this.current = image;
    this.stage.classList.toggle("none", !image);
    if (!image) this.drawNone();
    else if (this.mode === "alike") this.drawGroup(image);
    else {
      this.group = null;
      this.stage.replaceChildren(this.one.element);
      this.one.show(image);
    }
    this.one.near.hidden = !image || this.mode !== "one";
    if (!image) this.showGuess(null);
    this.preload();
  }

  drawByWords() {
    this.current = null;
    this.group = null;
    this.stage.classList.remove("none");
    if (!this.byWords.element.isConnected) this.stage.replaceChildren(this.byWords.element);
    this.showGuess(null);
  }

  drawNone() {
    const { request, problem, ended } = this.suggestions;
    this.group = null;
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

  fillAgain() {
    this.suggestions.fill();
    this.draw();
  }

  preload() {
    const { next } = this.suggestions;
    if (!next || this.mode !== "one" || next.id === this.preloaded) return;
    this.preloaded = next.id;
    preload(next);
  }

  /**
   * Shows the suggested image at once, then similar images beside it.
   * @param {ImageToLabel} image
   */
  async drawGroup(image) {
    const group = Symbol("group");
    this.group = group;
    this.stage.replaceChildren(this.alike.element);
    this.alike.show([image], { more: true });
    this.one.showNear(image);
    const { under, where } = this.suggestions;
    try {
      const { unlabelled } = await api.get("/labels/near",
        { id: image.id, labelled: 0, unlabelled: ALIKE, under, where }, { signal: this.signal });
      if (this.group !== group) return;
      const others = unlabelled.filter(({ id }) => !this.suggestions.done.has(id));
      this.alike.show([image, ...others]);
    } catch (error) {
      if (this.group !== group || api.isAbort(error)) return;
      this.alike.show([image]);
      toast(t("Similar images could not be loaded: {reason}", { reason: api.messageOf(error) }));
    }
  }

  /**
   * Shows the label that the nearest labelled images suggest.
   * @param {?GuessDocument} guess
   */
  showGuess(guess) {
    this.guess = guess;
    this.guessButton.hidden = !guess;
    if (!guess) return;
    this.guessButton.replaceChildren(h("kbd", { "aria-hidden": "true" }, "0"),
      h("span", null, rich("Suggested by its neighbours: {label} ({percent}%)",
        { label: h("strong", null, guess.label), percent: Math.round(guess.share * 100) })));
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
    this.group = Symbol("group");
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
    this.notice.hidden = !problem;
    this.notice.replaceChildren(...(problem ? this.unsavedNotice(problem) : []));
    if (this.isSending()) return;
    if (this.mode === "words" && !waiting.length) this.byWords.refresh();
    this.one.refresh();
    if (!waiting.length) this.standing.loadSoon();
  }

  /** Whether labels are being sent, and the server has not refused them. */
  isSending() {
    return outbox.waiting.length > 0 && !outbox.problem;
  }

  /** @param {unknown} problem */
  unsavedNotice(problem) {
    const waiting = outbox.waiting.reduce((sum, { labels }) => sum + labels.length, 0);
    const refused = problem instanceof api.Problem && problem.status >= 400 && problem.status < 500;
    return present([
      icon("problem", { size: 18 }),
      h("span", null, t("One label is not saved yet: {reason}|{count} labels are not saved yet: "
        + "{reason}", { count: waiting, reason: api.messageOf(problem) })),
      h("button", { type: "button", class: "button", onclick: () => outbox.flush() }, t("Try again")),
      refused && h("button", { type: "button", class: "button quiet",
        onclick: () => this.discard() }, t("Discard")),
    ]);
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
    else if (key === "0" && this.guess) this.give(this.guess.label);
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

/**
 * @param {{total: number, labelled: number}} standing
 * @param {Filters} filters
 * @param {() => void} restoreSkipped
 */
function endPanel({ total, labelled }, { under, where }, restoreSkipped) {
  if (!total) {
    return panel({ icon: "photos", level: 2, title: t("No pictures yet"),
      text: h("span", null, rich("To add pictures, run {command}",
        { command: h("code", null, "sokkuri index FOLDER") })) });
  }
  const again = skipped.size > 0 && h("button", { type: "button", class: "button",
    onclick: restoreSkipped }, t("Show skipped images again"));
  return panel({ icon: "done", level: 2, title: t("Nothing left to suggest"),
    text: labelled === total ? t("Every image has a label.") : under || where
      ? t("Each image without a label in this part was skipped, or is nearly the same as a "
        + "labelled image.")
      : t("Each image without a label was skipped, or is nearly the same as a labelled image.") },
  again,
  link("/browse", null, { class: "button quiet" }, t("Browse")));
}
