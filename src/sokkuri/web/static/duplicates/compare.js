// Compares two pictures: side by side, alternating in the same place, or by their difference. Decides
// on the compared picture, and goes on to the next group.

import * as api from "../base/api.js";
import { announce, find, h } from "../base/dom.js";
import { decimal } from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { facts, NAMES, pairOf } from "./differences.js";
import { JointZoom } from "./joint_zoom.js";

/**
 * @import { DuplicateGroupDocument, DuplicateImageDocument } from "../base/api_types.js"
 * @import { Comparing, Deed } from "./comparing.js"
 */

/** @typedef {"side" | "flicker" | "difference"} Mode */

/** @type {Record<Mode, string>} */
const MODES = { side: t("Side by side"), flicker: t("Flicker"), difference: t("Difference") };
/** @type {Record<string, Mode>} */
const KEYS = { 1: "side", 2: "flicker", 3: "difference", s: "side", f: "flicker",
  d: "difference" };
/** @type {Record<string, Deed>} */
const DEEDS = { m: "prefer", n: "different", x: "drop" };
const ORDER = /** @type {Mode[]} */ (Object.keys(MODES));
const SIZE = 1024;
const GAINS = [1, 2, 4, 8, 16];

/**
 * Opens the dialog, unless it is open.
 * @param {Comparing} session the group and the picture to begin with
 * @param {() => void} onclose called when the dialog is closed; the session has the last picture
 */
export function openCompare(session, onclose) {
  if (document.querySelector("dialog.compare[open]")) return;
  const dialog = new Compare(session);
  dialog.el.addEventListener("close", () => {
    dialog.zoom.clear();
    dialog.el.remove();
    session.id = dialog.image.id;
    onclose();
  });
  document.body.append(dialog.el);
  dialog.el.showModal();
}

class Compare {
  /** @param {Comparing} session */
  constructor(session) {
    this.session = session;
    this.group = session.group;
    this.sides = sidesOf(session.group);
    this.index = 0; // of the other picture
    this.mirrored = false;
    /** @type {Mode} */
    this.mode = "side";
    this.gain = 4;
    /** @type {HTMLImageElement[]} the two that flicker */
    this.pictures = [];
    this.swapped = false;
    this.turn = 0;
    this.isBusy = false;
    this.zoom = new JointZoom();
    this.title = h("h2", { id: "compare-title" });
    this.modes = this.modeButtons();
    this.mirror = h("button", { type: "button", class: "button", "aria-pressed": "false",
      title: t("Mirror the second picture (i)"), onclick: () => this.toggleMirror() }, t("Mirror"));
    this.choose = h("div", { class: "choice", role: "group", "aria-label": t("Which picture") },
      this.step(-1, "left", t("Previous picture")), this.step(1, "right", t("Next picture")));
    this.decide = this.decisions();
    this.body = h("div", { class: "compare-body" });
    this.foot = h("p", { class: "compare-foot small number", role: "status" });
    /** @type {HTMLDialogElement} */
    this.el = h("dialog", { class: "compare", "aria-labelledby": "compare-title" },
      this.head(), this.body, this.foot);
    this.el.addEventListener("keydown", (event) => this.pressed(event));
    this.el.addEventListener("click", (event) => event.target === this.el && this.el.close());
    this.load();
  }

  /** Shows the group and the picture of the session. @param {string} [text] what was done */
  load(text = "") {
    const { group, id } = this.session;
    this.group = group;
    this.sides = sidesOf(group);
    this.index = Math.max(0, this.others.findIndex((image) => image.id === id));
    this.mirrored = false;
    this.choose.hidden = this.others.length < 2;
    this.decide.hidden = !this.session.allowed;
    this.zoom.fit();
    this.draw();
    if (text) this.foot.textContent = text;
  }

  get keeper() {
    return this.sides.keeper;
  }

  get others() {
    return this.sides.others;
  }

  get image() {
    return this.others[this.index];
  }

  head() {
    const close = h("button", { type: "button", class: "icon-button", "aria-label": t("Close"),
      onclick: () => this.el.close() }, icon("close"));
    const groups = h("div", { class: "choice", role: "group", "aria-label": t("Which group") },
      this.go(-1, "k", t("Previous group")), this.go(1, "j", t("Next group")));
    return h("header", null, h("div", { class: "compare-line" }, this.title, close),
      h("div", { class: "row" }, this.modes, this.mirror, this.choose, this.decide, groups));
  }

  modeButtons() {
    return h("div", { class: "choice", role: "group", "aria-label": t("How to compare") },
      ORDER.map((mode, n) => h("button", { type: "button",
        class: "button", dataset: { mode }, title: `${MODES[mode]} (${n + 1})`, autofocus: !n,
        onclick: () => this.show(mode) }, MODES[mode])));
  }

  /** The buttons that decide on the other picture. */
  decisions() {
    /**
     * @param {string} key
     * @param {string} name
     * @param {string} text
     * @param {string} label
     */
    const button = (key, name, text, label) => h("button", { type: "button", class: "button",
      "aria-keyshortcuts": key, title: `${label} (${key})`, onclick: () => this.act(DEEDS[key]) },
    icon(name, { size: 18 }), text);
    return h("div", { class: "row", role: "group", "aria-label": t("The other picture") },
      button("m", "check", t("Keep the other"), t("Keep the other picture instead")),
      button("n", "not", t("Not duplicates"), t("The other picture is no duplicate")),
      button("x", "trash", t("Trash the other"), t("Move the other picture to the trash")));
  }

  /**
   * @param {number} by
   * @param {string} key
   * @param {string} text
   */
  go(by, key, text) {
    return h("button", { type: "button", class: "button", "aria-keyshortcuts": key,
      title: `${text} (${key})`, onclick: () => this.goOn(by) }, text);
  }

  /** @param {number} by */
  async goOn(by) {
    if (await this.session.step(by)) this.load();
    else this.foot.textContent = by > 0 ? t("This is the last group") : t("This is the first group");
  }

  /** @param {Deed} deed */
  act(deed) {
    return this.follow(() => this.session.act(deed, this.image.id));
  }

  /**
   * Runs a change of the session, and shows what is left to compare.
   * @param {() => Promise<{text: string, isOver: boolean}>} work
   */
  async follow(work) {
    if (this.isBusy || !this.session.allowed) return;
    this.isBusy = true;
    const { text, isOver } = await work();
    this.isBusy = false;
    if (isOver) this.el.close();
    else this.load(text);
    announce(text);
  }

  /**
   * @param {number} by
   * @param {string} name
   * @param {string} label
   */
  step(by, name, label) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
      onclick: () => this.move(by) }, icon(name));
  }

  /** @param {Mode} mode */
  show(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    this.draw();
    find(`[data-mode="${mode}"]`, this.modes)?.focus();
  }

  /** @param {number} by */
  move(by) {
    this.index = (this.index + by + this.others.length) % this.others.length;
    this.mirrored = false;
    this.draw();
  }

  toggleMirror() {
    this.mirrored = !this.mirrored;
    this.draw();
  }

  draw() {
    const { mode, image, keeper, mirrored } = this;
    this.turn += 1;
    this.swapped = false;
    const place = this.others.length < 2 ? ""
      : t(" ({number} of {total})", { number: this.index + 1, total: this.others.length });
    this.title.textContent = t("{first} and {second}",
      { first: keeper.name, second: image.name }) + place;
    for (const button of this.modes.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    this.mirror.setAttribute("aria-pressed", String(mirrored));
    const pair = pairOf(this.group, keeper.id, image.id);
    this.foot.textContent = !pair ? "" : t("{grade}, score {score}",
      { grade: NAMES[pair.grade], score: decimal(pair.score, 2) });
    this.body.dataset.mode = mode;
    this.zoom.clear();
    this.body.replaceChildren(...this[mode]());
  }

  /**
   * @param {DuplicateImageDocument} image
   * @param {{mirrored?: boolean}} [options]
   */
  picture(image, { mirrored = false } = {}) {
    const img = h("img", { alt: image.name, class: mirrored ? "mirrored" : null,
      src: api.imageUrl(image.id, "thumbnail", { size: SIZE, v: image.v }) });
    img.addEventListener("error", () => img.replaceWith(
      h("p", { class: "compare-missing" }, icon("missing", { size: 32 }),
        t("This picture cannot be shown"))));
    return img;
  }

  side() {
    const { keeper, image, mirrored } = this;
    /**
     * @param {DuplicateImageDocument} shown
     * @param {string} text
     * @param {boolean} turned
     */
    const half = (shown, text, turned) => h("figure", { class: "compare-half" },
      this.zoom.add(shown, { mirrored: turned }), h("figcaption", { class: "small" },
        h("strong", null, text), ` ${shown.id}`, this.measures(shown)));
    return [half(keeper, t("Keep:"), false), half(image, t("Other:"), mirrored)];
  }

  /** @param {DuplicateImageDocument} image */
  measures(image) {
    return h("span", { class: "soft number" }, facts(image, this.keeper).slice(0, 3)
      .map(({ text, note, differs }) => [" · ", h(differs ? "b" : "span", null, text,
        note && ` (${note})`)]));
  }

  /** Both pictures in the same place and of the same size, so that differences are seen to jump. */
  flicker() {
    const { keeper, image, mirrored } = this;
    this.pictures = [this.picture(keeper), this.picture(image, { mirrored })];
    const button = h("button", { type: "button", class: "flicker",
      "aria-label": t("Show the other picture"), title: t("Hold, or press Space") }, this.pictures);
    const frame = this.frame(button);
    button.addEventListener("pointerdown", () => this.swap(true));
    for (const event of ["pointerup", "pointerleave", "pointercancel"]) {
      button.addEventListener(event, () => this.swapped && this.swap(false));
    }
    button.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // Enter would also click the button
    });
    this.swap(false);
    return [frame];
  }

  /** @param {boolean} to */
  swap(to) {
    this.swapped = to;
    const shown = to ? this.image : this.keeper;
    this.pictures[0].classList.toggle("under", to);
    this.pictures[1].classList.toggle("under", !to);
    this.foot.textContent = `${to ? t("Other") : t("Keep")}: ${shown.id}`;
  }

  /** @param {...HTMLElement} children */
  frame(...children) {
    const { width, height } = this.keeper;
    const frame = h("div", { class: "compare-frame" }, children);
    frame.style.setProperty("--ratio", String(width && height ? width / height : 1.5));
    return frame;
  }

  difference() {
    const canvas = h("canvas", { role: "img",
      "aria-label": t("Difference: brighter where it is larger") });
    const gain = h("div", { class: "choice", role: "group", "aria-label": t("Amplification") },
      GAINS.map((times) => h("button", { type: "button", class: "button",
        "aria-pressed": String(times === this.gain), onclick: () => {
          this.gain = times;
          this.draw();
          find("[aria-pressed=true]", this.body)?.focus();
        } }, `${times}×`)));
    this.fill(canvas, this.turn);
    return [this.frame(canvas), h("div", { class: "row compare-gain" },
      h("span", { class: "soft small" }, t("Amplification")), gain)];
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} turn
   */
  async fill(canvas, turn) {
    const { mirrored } = this;
    const pictures = [this.picture(this.keeper), this.picture(this.image)];
    try {
      await Promise.all(pictures.map((picture) => picture.decode()));
    } catch {
      if (turn === this.turn) this.foot.textContent = t("These pictures cannot be shown.");
      return;
    }
    if (turn !== this.turn) return;
    const mean = drawDifference(canvas, pictures, { mirrored, gain: this.gain });
    const text = mean < 0.005 ? t("No difference")
      : t("The pictures differ by {mean} of 255 on average", { mean: decimal(mean, 2) });
    this.foot.textContent = text;
    announce(text);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { key } = event;
    if (key in KEYS) this.show(KEYS[key]);
    else if (key in DEEDS) this.act(DEEDS[key]);
    else if (key === "i") this.toggleMirror();
    else if (key === "u") this.follow(() => this.session.undo());
    else if (key === "j" || key === "k") this.goOn(key === "j" ? 1 : -1);
    else if (this.mode === "side" && this.zoom.pressed(key)) event.preventDefault();
    else if (key === "ArrowLeft") this.move(-1);
    else if (key === "ArrowRight") this.move(1);
    else if (key === " " && this.mode === "flicker") this.swap(!this.swapped);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * The picture of a group that is kept, and the others.
 * @param {DuplicateGroupDocument} group
 */
function sidesOf({ keep, images }) {
  const keeper = images.find(({ id }) => id === keep) ?? images[0];
  return { keeper, others: images.filter((image) => image !== keeper) };
}

/**
 * Draws |a - b|, amplified.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement[]} pictures two loaded pictures
 * @param {{mirrored: boolean, gain: number}} options
 * @returns {number} the mean difference, 0 to 255
 */
function drawDifference(canvas, [first, second], { mirrored, gain }) {
  const { naturalWidth: width, naturalHeight: height } = first;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return 0;
  context.imageSmoothingQuality = "high";
  context.drawImage(first, 0, 0, width, height);
  const out = context.getImageData(0, 0, width, height);
  if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
  context.drawImage(second, 0, 0, width, height);
  context.resetTransform();
  const other = context.getImageData(0, 0, width, height).data;
  let sum = 0;
  for (let i = 0; i < other.length; i++) {
    if (i % 4 === 3) continue; // alpha
    const difference = Math.abs(out.data[i] - other[i]);
    sum += difference;
    out.data[i] = difference * gain; // clamped at 255
  }
  context.putImageData(out, 0, 0);
  return sum / (width * height * 3);
}
