// Compares two pictures: side by side, alternating in the same place, or by their difference.

import * as api from "../base/api.js";
import { announce, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { facts, pairOf } from "./differences.js";

const MODES = { side: "Side by side", flicker: "Flicker", difference: "Difference" };
const KEYS = { 1: "side", 2: "flicker", 3: "difference", s: "side", f: "flicker",
  d: "difference" };
const SIZE = 1024;
const GAINS = [1, 2, 4, 8, 16];

/**
 * Opens the dialog, unless it is open.
 * @param {*} group as the API returns it
 * @param {string} id the picture to compare with the kept one
 * @param {(id: string) => void} onclose gets the id of the last compared picture
 */
export function openCompare(group, id, onclose) {
  if (document.querySelector("dialog.compare[open]")) return;
  const dialog = new Compare(group, id);
  dialog.el.addEventListener("close", () => {
    dialog.el.remove();
    onclose(dialog.image.id);
  });
  document.body.append(dialog.el);
  dialog.el.showModal();
}

class Compare {
  constructor(group, id) {
    this.group = group;
    this.keeper = group.images.find((image) => image.id === group.keep) ?? group.images[0];
    this.others = group.images.filter((image) => image !== this.keeper);
    this.index = Math.max(0, this.others.findIndex((image) => image.id === id));
    Object.assign(this, { mode: "side", mirrored: false, gain: 4, swapped: false, turn: 0 });
    this.body = h("div", { class: "compare-body" });
    this.foot = h("p", { class: "compare-foot small number", role: "status" });
    this.el = h("dialog", { class: "compare", "aria-labelledby": "compare-title" },
      this.head(), this.body, this.foot);
    this.el.addEventListener("keydown", (event) => this.pressed(event));
    this.el.addEventListener("click", (event) => event.target === this.el && this.el.close());
    this.draw();
  }

  get image() {
    return this.others[this.index];
  }

  head() {
    const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close",
      onclick: () => this.el.close() }, icon("close"));
    this.title = h("h2", { id: "compare-title" });
    this.modes = h("div", { class: "choice", role: "group", "aria-label": "How to compare" },
      Object.entries(MODES).map(([mode, text], n) => h("button", { type: "button",
        class: "button", dataset: { mode }, title: `${text} (${n + 1})`, autofocus: !n,
        onclick: () => this.show(mode) }, text)));
    this.mirror = h("button", { type: "button", class: "button", "aria-pressed": "false",
      title: "Mirror the second picture (m)", onclick: () => this.toggleMirror() }, "Mirror");
    return h("header", null, h("div", { class: "compare-line" }, this.title, close),
      h("div", { class: "row" }, this.modes, this.mirror, this.others.length > 1 &&
        h("div", { class: "choice", role: "group", "aria-label": "Which picture" },
          this.step(-1, "left", "Previous picture"), this.step(1, "right", "Next picture"))));
  }

  step(by, name, label) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
      onclick: () => this.move(by) }, icon(name));
  }

  show(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    this.draw();
    this.modes.querySelector(`[data-mode="${mode}"]`).focus();
  }

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
    const place = this.others.length > 1 ? ` (${this.index + 1} of ${this.others.length})` : "";
    this.title.textContent = `${keeper.name} and ${image.name}${place}`;
    for (const button of this.modes.children) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    this.mirror.setAttribute("aria-pressed", String(mirrored));
    const pair = pairOf(this.group, keeper.id, image.id);
    this.foot.textContent = pair ? `${pair.grade}, score ${pair.score.toFixed(2)}` : "";
    this.body.dataset.mode = mode;
    this.body.replaceChildren(...this[mode]());
  }

  picture(image, { mirrored = false } = {}) {
    const img = h("img", { alt: image.name, class: mirrored ? "mirrored" : null,
      src: api.imageUrl(image.id, "thumbnail", { size: SIZE, v: image.v }) });
    img.addEventListener("error", () => img.replaceWith(
      h("p", { class: "compare-missing" }, icon("missing", { size: 32 }),
        "This picture cannot be shown")));
    return img;
  }

  side() {
    const { keeper, image, mirrored } = this;
    const half = (shown, text, options) => h("figure", { class: "compare-half" },
      this.picture(shown, options), h("figcaption", { class: "small" },
        h("strong", null, text), ` ${shown.id}`, this.measures(shown)));
    return [half(keeper, "Keep:"), half(image, "Other:", { mirrored })];
  }

  measures(image) {
    return h("span", { class: "soft number" }, facts(image, this.keeper).slice(0, 3)
      .map(({ text, note, differs }) => [" · ", h(differs ? "b" : "span", null, text,
        note && ` (${note})`)]));
  }

  /** Both pictures in the same place and of the same size, so that differences are seen to jump. */
  flicker() {
    const { keeper, image, mirrored } = this;
    this.pictures = [this.picture(keeper), this.picture(image, { mirrored })];
    const frame = this.frame(h("button", { type: "button", class: "flicker",
      "aria-label": "Show the other picture", title: "Hold, or press Space" }, this.pictures));
    const button = frame.firstElementChild;
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

  swap(to) {
    this.swapped = to;
    const shown = to ? this.image : this.keeper;
    this.pictures[0].classList.toggle("under", to);
    this.pictures[1].classList.toggle("under", !to);
    this.foot.textContent = `${to ? "Other" : "Keep"}: ${shown.id}`;
  }

  frame(...children) {
    const { width, height } = this.keeper;
    const frame = h("div", { class: "compare-frame" }, children);
    frame.style.setProperty("--ratio", String(width && height ? width / height : 1.5));
    return frame;
  }

  difference() {
    const canvas = h("canvas", { role: "img",
      "aria-label": "Difference: brighter where it is larger" });
    const gain = h("div", { class: "choice", role: "group", "aria-label": "Amplification" },
      GAINS.map((times) => h("button", { type: "button", class: "button",
        "aria-pressed": String(times === this.gain), onclick: () => {
          this.gain = times;
          this.draw();
          this.body.querySelector("[aria-pressed=true]")?.focus();
        } }, `${times}×`)));
    this.fill(canvas, this.turn);
    return [this.frame(canvas), h("div", { class: "row compare-gain" },
      h("span", { class: "soft small" }, "Amplification"), gain)];
  }

  async fill(canvas, turn) {
    const { mirrored } = this;
    const pictures = [this.picture(this.keeper), this.picture(this.image)];
    try {
      await Promise.all(pictures.map((picture) => picture.decode()));
    } catch {
      if (turn === this.turn) this.foot.textContent = "These pictures cannot be shown.";
      return;
    }
    if (turn !== this.turn) return;
    const mean = drawDifference(canvas, pictures, { mirrored, gain: this.gain });
    const text = mean < 0.005 ? "No difference"
      : `The pictures differ by ${mean.toFixed(2)} of 255 on average`;
    this.foot.textContent = text;
    announce(text);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { key } = event;
    if (key in KEYS) this.show(KEYS[key]);
    else if (key === "m") this.toggleMirror();
    else if (key === "ArrowLeft") this.move(-1);
    else if (key === "ArrowRight") this.move(1);
    else if (key === " " && this.mode === "flicker") this.swap(!this.swapped);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
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
