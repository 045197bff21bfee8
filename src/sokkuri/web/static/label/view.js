// Label: one suggested image after another, or a few alike at once; by keyboard.

import * as api from "../base/api.js";
import { announce, h, isTyping, toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { Alike } from "./alike.js";
import { howToAllow } from "../base/changes.js";
import { makeOne, preload } from "./one.js";
import { makePicker } from "./picker.js";
import { Outbox } from "./outbox.js";
import { lasting } from "../base/lasting.js";
import { panel, problemPanel } from "../base/problem.js";
import { link, navigate } from "../base/router.js";
import { Standing } from "./standing.js";
import { Suggestions } from "./suggestions.js";

export const title = "Label";

export const shortcuts = [
  ["1 … 9", "Give that label"],
  ["0", "Give the label that its neighbours have"],
  ["l", "Find or add a label"],
  ["s", "Skip"],
  ["u", "Undo"],
  ["m", "One by one, or alike ones together"],
  ["← → ↑ ↓", "Together: to another image"],
  ["Space", "Together: select it or not"],
  ["Shift →", "Together: select on the way"],
  ["a", "Together: select all or none"],
  ["o", "Together: look at it"],
];

const ALIKE = 23; // images beside the suggested one

// These outlive the view: labels that are not saved yet, and what was passed over.
const outbox = new Outbox();
const skipped = new Set();

export const { show, update } = lasting((main, { signal, info }) =>
  new LabelView(main, signal, info));

class LabelView {
  constructor(main, signal, info) {
    Object.assign(this, { signal, info, allowed: info.changes === true, mode: null, guess: null });
    this.standing = new Standing({ signal, isBusy: () => outbox.waiting.length > 0,
      onchange: () => this.picker.show(this.standing.labels) });
    this.picker = makePicker({ allowed: this.allowed, onpick: (label) => this.give(label),
      onleave: () => this.rest() });
    this.one = makeOne({ signal, isBusy: () => this.isSending(), onguess: (guess) => this.guessed(guess) });
    this.alike = new Alike({ onlook: ({ id }) => navigate("/image", { id }) });
    this.build(main);
    const options = { signal };
    document.addEventListener("keydown", (event) => this.pressed(event), options);
    outbox.addEventListener("change", () => this.sent(), options);
    api.connection.addEventListener("found", () => this.mend(), options);
    this.stopEvents = api.events(({ revision }) => {
      if (this.revision && this.revision !== revision) this.standing.settle();
      this.revision = revision;
    });
    this.sent();
  }

  build(main) {
    this.heading = h("h1", { tabindex: "-1" }, "Label");
    this.modes = h("div", { class: "choice", role: "group", "aria-label": "How" });
    this.notice = h("div", { class: "label-notice", role: "alert", hidden: true });
    this.where = h("p", { class: "soft small", hidden: true });
    this.stage = h("section", { class: "label-main", "aria-label": "To be labelled" });
    this.says = h("button", { type: "button", class: "button quiet label-guess", hidden: true,
      disabled: !this.allowed, "aria-keyshortcuts": "0",
      onclick: () => this.guess && this.give(this.guess.label) });
    this.root = h("div", { class: "labelling" },
      h("header", { class: "label-head" }, this.heading, this.modes, this.standing.progress),
      this.allowed ? null : howToAllow(), this.notice, this.where, this.stage,
      h("aside", { class: "label-side", "aria-label": "Labels" },
        this.says, this.picker.element, this.actions(), this.one.near, this.standing.element));
    main.append(this.root);
  }

  actions() {
    const button = (key, text, name, act) => h("button", { type: "button", class: "button",
      "aria-keyshortcuts": key, onclick: act }, icon(name, { size: 18 }), text,
    h("kbd", { "aria-hidden": "true" }, key));
    this.undoing = button("u", "Undo", "undo", () => this.undo());
    return h("div", { class: "row label-actions" },
      button("s", "Skip", "right", () => this.skip()), this.undoing);
  }

  /** Shows what an address says. */
  async go(params) {
    const mode = params.get("mode") === "alike" ? "alike" : "one";
    const under = params.get("under");
    const where = params.get("where");
    const fresh = !this.suggestions || this.suggestions.under !== under ||
      this.suggestions.where !== where;
    this.mode = mode;
    this.drawModes({ under, where });
    if (fresh) {
      this.suggestions = new Suggestions({ under, where, signal: this.signal, skipped,
        unsaved: () => outbox.unsaved(), onchange: () => this.arrived() });
      this.group = null;
      this.draw();
      await Promise.all([this.standing.load(), this.suggestions.fill()]);
    } else {
      this.group = null;
      this.draw();
    }
  }

  drawModes({ under, where }) {
    const choice = (mode, text) => link("/label", { mode: mode === "one" ? null : mode, under,
      where }, { class: "button", "aria-current": mode === this.mode ? "true" : null }, text);
    this.modes.replaceChildren(choice("one", "One by one"), choice("alike", "Alike together"));
    this.where.hidden = !under && !where;
    this.where.replaceChildren(under ? `Only in ${under}. ` : "", where ? `Only ${where}. ` : "",
      link("/label", { mode: this.mode === "one" ? null : this.mode }, null, "Everywhere"));
    this.one.near.hidden = this.mode !== "one";
  }

  /** More suggestions have come, or none could be had. */
  arrived() {
    if (this.current) this.preload();
    else this.draw();
  }

  draw() {
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
    if (!image) this.guessed(null);
    this.preload();
  }

  drawNone() {
    const { asking, problem } = this.suggestions;
    this.group = null;
    if (asking || !(problem || this.suggestions.ended)) {
      this.stage.replaceChildren(h("div", { class: "stage skeleton" },
        h("p", { class: "soft" }, "Looking for what would teach most…")));
    } else if (problem) {
      this.stage.replaceChildren(problemPanel(problem, () => this.again(), 2));
    } else {
      this.stage.replaceChildren(nothing(this.standing, this.suggestions, () => {
        this.suggestions.recall();
        this.draw();
      }));
    }
  }

  again() {
    this.suggestions.fill();
    this.draw();
  }

  preload() {
    const { next } = this.suggestions;
    if (!next || this.mode !== "one" || next.id === this.preloaded) return;
    this.preloaded = next.id;
    preload(next);
  }

  /** The suggested image with its like: at once alone, then with them. */
  async drawGroup(image) {
    const group = Symbol("group");
    this.group = group;
    this.stage.replaceChildren(this.alike.element);
    this.alike.show([image], { more: true });
    this.one.aim(image);
    const { under, where } = this.suggestions;
    try {
      const { unlabelled } = await api.get("/labels/near",
        { id: image.id, labelled: 0, unlabelled: ALIKE, under, where }, { signal: this.signal });
      if (this.group !== group) return;
      const others = unlabelled.filter(({ id }) => !this.suggestions.done.has(id));
      this.alike.show([image, ...others]);
    } catch (error) {
      if (this.group !== group || error.name === "AbortError") return;
      this.alike.show([image]);
      toast(`Those alike are not known at present: ${error.message}`);
    }
  }

  /** What the nearest labelled images say. */
  guessed(guess) {
    this.guess = guess;
    this.says.hidden = !guess;
    if (!guess) return;
    this.says.replaceChildren(h("kbd", { "aria-hidden": "true" }, "0"),
      h("span", null, "Its neighbours say ", h("strong", null, guess.label),
        ` (${Math.round(guess.share * 100)}%)`));
  }

  // --- what is done

  /** Labels what is shown, and goes on at once: it is sent in the background. */
  give(label) {
    if (!this.allowed) {
      toast("Nothing can be changed here");
      return;
    }
    if (!this.current) return;
    const together = this.mode === "alike";
    const images = together ? this.alike.chosen() : [this.current];
    if (!images.length) {
      toast("Nothing is selected");
      return;
    }
    const tiles = together ? this.alike.snapshot() : null;
    this.standing.count(label, images.length);
    outbox.give(images.map(({ id }) => ({ id, label })), { images, tiles, label });
    const ids = new Set(images.map(({ id }) => id));
    this.suggestions.remove(ids);
    if (!together || this.alike.remove(ids) === 0) this.draw();
    announce(`${label}: ${images.length > 1 ? `${images.length} images` : images[0].name}`);
  }

  skip() {
    if (!this.current) return;
    // In a group that is labelled in part, the suggested one may be done.
    if (this.suggestions.current?.id === this.current.id) this.suggestions.skip();
    this.draw();
    announce("Skipped");
  }

  undo() {
    const last = outbox.undo();
    if (!last) {
      toast("Nothing to undo");
      return;
    }
    const { images, tiles, label } = last.about;
    this.standing.count(label, -images.length);
    this.suggestions.back(tiles ? tiles.map(({ image }) => image) : images);
    if (tiles && this.mode === "alike") this.regroup(tiles);
    else this.draw();
    toast(`Undone: ${label}`);
  }

  /** The group as it was before it was labelled. */
  regroup(tiles) {
    this.group = Symbol("group");
    this.current = this.suggestions.current;
    this.stage.classList.remove("none");
    this.stage.replaceChildren(this.alike.element);
    this.alike.restore(tiles);
  }

  /** Labels were taken by the server, or not. */
  sent() {
    const { problem, waiting, undoable } = outbox;
    this.undoing.disabled = !undoable.length;
    this.root.dataset.unsaved = String(waiting.length);
    this.notice.hidden = !problem;
    this.notice.replaceChildren(...(problem ? this.unsaved(problem) : []));
    if (this.isSending()) return;
    this.one.refresh();
    if (!waiting.length) this.standing.settle();
  }

  /** Whether labels are on their way that the server has not refused. */
  isSending() {
    return outbox.waiting.length > 0 && !outbox.problem;
  }

  unsaved(problem) {
    const waiting = outbox.waiting.reduce((sum, { labels }) => sum + labels.length, 0);
    const count = waiting === 1 ? "One label is" : `${format.count(waiting)} labels are`;
    const refused = problem.status >= 400 && problem.status < 500;
    return [
      icon("problem", { size: 18 }),
      h("span", null, `${count} not saved yet: ${problem.message}`),
      h("button", { type: "button", class: "button", onclick: () => outbox.flush() }, "Try again"),
      refused && h("button", { type: "button", class: "button quiet",
        onclick: () => this.discard() }, "Give it up"),
    ].filter(Boolean);
  }

  discard() {
    const refused = outbox.discard();
    if (refused?.about) this.standing.count(refused.about.label, -refused.labels.length);
  }

  /** The server is back: what could not be had is asked for again. */
  mend() {
    this.standing.settle();
    if (this.suggestions.problem) this.again();
    else if (this.mode === "one") this.one.refresh();
  }

  /** Away from the field, so that keys are commands again. */
  rest() {
    if (this.mode === "alike" && this.current) this.alike.focus();
    else this.heading.focus({ preventScroll: true });
  }

  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const label = /^[1-9]$/.test(key) ? this.picker.labelOf(Number(key)) : null;
    if (label !== null) this.give(label);
    else if (key === "0" && this.guess) this.give(this.guess.label);
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

function nothing({ total, labelled }, { under, where }, recall) {
  if (!total) {
    return panel({ icon: "photos", level: 2, title: "No pictures yet",
      text: h("span", null, "Fill the collection with ", h("code", null, "sokkuri index")) });
  }
  const again = skipped.size > 0 && h("button", { type: "button", class: "button",
    onclick: recall }, "Bring back what was skipped");
  return panel({ icon: "done", level: 2, title: "Nothing left to suggest",
    text: labelled < total ? `What has no label ${under || where ? "in this part " : ""}is all but `
      + "the same as something that has one, or was skipped." : "Every image has a label." }, again,
  link("/browse", null, { class: "button quiet" }, "Browse"));
}
