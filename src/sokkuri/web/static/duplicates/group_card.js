// A group of near-duplicates: its pictures side by side, each marked to stay or to be dropped.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { link } from "../base/router.js";
import { facts, files, GRADES, pairOf } from "./differences.js";

let drawn = 0;

export class GroupCard {
  /**
   * @param {*} group as the API has it
   * @param {{allowed: boolean, kept?: ?Set<string>, oncompare: (card: GroupCard) => void,
   *   ondrop: (card: GroupCard) => void, ondifferent: (card: GroupCard) => void,
   *   onprefer: (card: GroupCard) => void, onfocus: (card: GroupCard) => void}} options
   *   kept: ids that stay, where the user has said so already
   */
  constructor(group, options) {
    Object.assign(this, { group, options, at: 0, reason: "" });
    const stays = ({ id, kept }) => id === group.keep || kept;
    this.kept = options.kept ?? new Set(group.images.filter(stays).map(({ id }) => id));
    this.number = ++drawn;
    this.el = h("li", { class: "copies", "aria-labelledby": `copies-${this.number}` });
    this.el.addEventListener("focusin", () => options.onfocus(this));
    this.draw();
  }

  /** What tells this group from every other. */
  get key() {
    return this.group.images.map(({ id }) => id).join("\0");
  }

  get images() {
    return this.group.images;
  }

  get current() {
    return this.images[this.at];
  }

  get keeper() {
    return this.images.find(({ id }) => id === this.group.keep) ?? this.images[0];
  }

  /** The images that go, each with one that stays. */
  drops() {
    const stays = this.kept.has(this.keeper.id) ? this.keeper.id : [...this.kept][0];
    return this.images.filter(({ id }) => !this.kept.has(id))
      .map(({ id, size }) => ({ id, keep: stays, size }));
  }

  draw() {
    const held = this.el.contains(document.activeElement)
      ? document.activeElement.dataset.keep : null;
    this.list = h("ul", { class: "copies-pictures" }, this.images.map((image, number) =>
      this.picture(image, number)));
    this.el.replaceChildren(this.head(), this.reason &&
      h("p", { class: "copies-reason small", role: "status" }, icon("problem", { size: 16 }),
        h("span", null, this.reason)), this.list);
    if (held) this.el.querySelector(`[data-keep="${CSS.escape(held)}"]`)?.focus();
  }

  head() {
    const { grade } = this.group;
    const drops = this.drops();
    const bytes = drops.reduce((sum, { size }) => sum + size, 0);
    const { allowed } = this.options;
    const button = (keep, name, text, onclick, props) => h("button", { type: "button",
      class: "button", dataset: { keep }, onclick, ...props }, icon(name, { size: 18 }), text);
    return h("div", { class: "copies-head" },
      h("h2", { id: `copies-${this.number}` },
        h("span", { class: `grade ${grade}`, title: GRADES[grade] }, grade), " ",
        `${format.count(this.images.length)} pictures`),
      h("div", { class: "row" },
        button("compare", "compare", "Compare", () => this.options.oncompare(this)),
        allowed && button("drop", "trash",
          drops.length ? `Drop ${files(drops.length)}, ${format.bytes(bytes)}` : "Drop",
          () => this.options.ondrop(this), { disabled: !drops.length })));
  }

  picture(image, number) {
    const { id, name } = image;
    const { allowed } = this.options;
    const stays = this.kept.has(id);
    const pressed = allowed ? { "aria-pressed": String(!stays), "aria-label": `Drop ${name}`,
      title: stays ? "It stays (Space)" : "It goes to the trash (Space)" }
      : { "aria-label": `Compare ${name}`, title: "Compare (Enter)" };
    const button = h("button", { type: "button", class: "copy-picture", ...pressed,
      tabindex: number === this.at ? 0 : -1, dataset: { keep: `picture-${number}` },
      onclick: () => {
        this.at = number;
        if (allowed) this.toggle();
        else this.options.oncompare(this);
      },
      onfocus: () => this.move(number) },
    this.thumbnail(image), this.sign(image, stays));
    const sign = stays ? "stays" : allowed ? "goes" : "";
    return h("li", { class: `twin ${sign}` }, button,
      link("/image", { id }, { class: "copy-name", title: id }, name),
      this.about(image), allowed && this.actions(image, number));
  }

  thumbnail({ id, v }) {
    const img = h("img", { alt: "", loading: "lazy", decoding: "async",
      src: api.imageUrl(id, "thumbnail", { size: 512, v }) });
    img.addEventListener("load", () => img.classList.add("shown"));
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    return h("span", { class: "copy-box" }, img);
  }

  sign({ kept }, stays) {
    if (!this.options.allowed && !stays) return null;
    const text = !stays ? "Drop" : kept ? "Keep, as you said" : "Keep";
    return h("span", { class: "copy-sign" }, icon(stays ? "check" : "trash", { size: 14 }), text);
  }

  about(image) {
    const { keeper } = this;
    const pair = image.id === keeper.id ? null : pairOf(this.group, image.id, keeper.id);
    return h("dl", { class: "copy-facts small" },
      facts(image, keeper).map(({ label, text, differs, note }) =>
        h("div", { class: differs ? "differs" : null }, h("dt", null, label),
          h("dd", { class: "number" }, text, note && h("span", { class: "note" }, ` ${note}`),
            differs && h("span", { class: "unseen" }, ", differs")))),
      pair && h("div", null, h("dt", null, "Likeness"), h("dd", { class: "number" },
        `${pair.grade}, ${pair.score.toFixed(2)}`)));
  }

  actions(image, number) {
    const act = (keep, text, onclick) => h("button", { type: "button",
      class: "button quiet small", dataset: { keep: `${keep}-${number}` },
      "aria-label": `${text}: ${image.name}`, onclick: () => {
        this.at = number;
        onclick(this);
      } }, text);
    return h("div", { class: "copy-actions" },
      act("prefer", image.kept ? "Keep: undo" : "Keep this one", this.options.onprefer),
      act("different", "No duplicate", this.options.ondifferent));
  }

  /** Goes to another picture of the group. */
  move(number) {
    this.at = Math.min(Math.max(number, 0), this.images.length - 1);
    this.list.querySelectorAll(".copy-picture").forEach((button, n) => {
      button.tabIndex = n === this.at ? 0 : -1;
    });
  }

  focus(number = this.at) {
    this.move(number);
    this.list.querySelectorAll(".copy-picture")[this.at].focus({ preventScroll: true });
    this.el.scrollIntoView({ block: "nearest" });
  }

  /**
   * The current picture stays, or goes, from now on.
   * @returns {?string} what was not done, since one must stay
   */
  toggle() {
    const { id } = this.current;
    if (this.kept.has(id) && this.kept.size === 1) {
      this.reason = "One of them must stay: mark another one first.";
    } else {
      this.reason = "";
      if (!this.kept.delete(id)) this.kept.add(id);
    }
    this.draw();
  }

  /** Says why something was not done. */
  complain(reason) {
    this.reason = reason;
    this.draw();
  }

  /** Waits for an answer: nothing else can be done with it meanwhile. */
  busy(is) {
    this.el.setAttribute("aria-busy", String(is));
    this.el.inert = is;
  }
}
