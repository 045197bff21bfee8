// A group of near-duplicates: its pictures side by side, each marked to stay or for the trash.

import * as api from "../base/api.js";
import { find, findAll, focused, h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { list, serverList, serverText, t } from "../base/messages.js";
import { link } from "../base/router.js";
import { openFromList } from "../base/trail.js";
import { facts, files, MEANINGS, NAMES, pairOf } from "./differences.js";

/**
 * @import { DuplicateGroupDocument, DuplicateImageDocument } from "../base/api_types.js"
 * @import { Props } from "../base/dom.js"
 */

/**
 * @typedef {{allowed: boolean, kept?: ?Set<string>, oncompare: (card: GroupCard) => void,
 *   ondrop: (card: GroupCard) => void, ondifferent: (card: GroupCard) => void,
 *   onapart: (card: GroupCard) => void, onprefer: (card: GroupCard) => void,
 *   onfocus: (card: GroupCard) => void}} CardOptions
 *   ondifferent: the current picture is no duplicate of the others; onapart: no two pictures are;
 *   kept: ids that the user has already marked to keep
 */

const MOST_APART = 45; // pictures of which every two are one request

let drawn = 0;

export class GroupCard {
  /**
   * @param {DuplicateGroupDocument} group
   * @param {CardOptions} options
   */
  constructor(group, options) {
    this.group = group;
    this.options = options;
    this.index = 0;
    this.reason = "";
    this.isBurst = group.grade === "burst";
    // Of a group with a conflict nothing goes until the user says what; of a burst nothing ever goes.
    /** @param {DuplicateImageDocument} image */
    const stays = ({ id, kept }) => id === group.keep || kept || group.conflict || this.isBurst;
    this.kept = options.kept ?? new Set(group.images.filter(stays).map(({ id }) => id));
    this.number = ++drawn;
    this.busy = false;
    /** @type {?HTMLElement} */
    this.element = null;
  }

  /** The element, which is drawn when it is needed. */
  get el() {
    if (!this.element) {
      this.element = h("div", { class: "copies", role: "listitem",
        "aria-labelledby": `copies-${this.number}` });
      this.element.addEventListener("focusin", () => this.options.onfocus(this));
      this.setBusy(this.busy);
      this.draw();
    }
    return this.element;
  }

  /** Forgets the element, when the group is far from the window; the marks of the user stay. */
  release() {
    this.element = null;
  }

  /** A key that no other group has: the ids of the images. */
  get key() {
    return this.group.images.map(({ id }) => id).join("\0");
  }

  get images() {
    return this.group.images;
  }

  get current() {
    return this.images[this.index];
  }

  get keeper() {
    return this.images.find(({ id }) => id === this.group.keep) ?? this.images[0];
  }

  /** The images for the trash, each with the id of an image that is kept. */
  drops() {
    const keep = this.kept.has(this.keeper.id) ? this.keeper.id : [...this.kept][0];
    return this.images.filter(({ id }) => !this.kept.has(id))
      .map(({ id, size }) => ({ id, keep, size }));
  }

  draw() {
    if (!this.element) return;
    const before = this.element.contains(document.activeElement) ? focused()?.dataset.keep : null;
    const pictures = h("ul", { class: "copies-pictures" }, this.images.map((image, index) =>
      this.picture(image, index)));
    const { why, conflict } = this.group;
    this.el.replaceChildren(this.head(),
      why && h("p", { class: "copies-why small" }, this.isBurst
        ? t("Taken within seconds of each other, but no copies. The sharpest comes first.")
        : t("Kept because it {why}.", { why: serverList(why) })),
      conflict && h("p", { class: "copies-reason small" }, icon("problem", { size: 16 }),
        h("span", null, t("Look at this one: {reason}.",
          { reason: serverText(conflict) }))),
      this.reason &&
      h("p", { class: "copies-reason small", role: "status" }, icon("problem", { size: 16 }),
        h("span", null, this.reason)), pictures);
    if (before) find(`[data-keep="${CSS.escape(before)}"]`, this.el)?.focus();
  }

  head() {
    const { grade } = this.group;
    const drops = this.drops();
    const bytes = drops.reduce((sum, { size }) => sum + size, 0);
    const { allowed } = this.options;
    /**
     * @param {string} keep
     * @param {string} name
     * @param {string} text
     * @param {() => void} onclick
     * @param {Props} [props]
     */
    const button = (keep, name, text, onclick, props) => h("button", { type: "button",
      class: "button", dataset: { keep }, onclick, ...props }, icon(name, { size: 18 }), text);
    return h("div", { class: "copies-head" },
      h("h2", { id: `copies-${this.number}` },
        h("span", { class: `grade ${grade}`, title: MEANINGS[grade] }, NAMES[grade]), " ",
        t("{count} picture|{count} pictures", { count: this.images.length })),
      h("div", { class: "row" },
        button("compare", "compare", t("Compare"), () => this.options.oncompare(this)),
        allowed && button("drop", "trash",
          drops.length ? t("Trash {files}, {bytes}",
            { files: files(drops.length), bytes: format.bytes(bytes) }) : t("Trash"),
          () => this.options.ondrop(this), { disabled: !drops.length }),
        allowed && this.images.length <= MOST_APART && button("apart", "not", t("Not duplicates"),
          () => this.options.onapart(this), { title: t("No picture here is a copy of another") })));
  }

  /**
   * @param {DuplicateImageDocument} image
   * @param {number} index
   */
  picture(image, index) {
    const { id, name } = image;
    const { allowed } = this.options;
    const stays = this.kept.has(id);
    const pressed = allowed ? { "aria-pressed": String(!stays),
      "aria-label": t("Trash {name}", { name }),
      title: stays ? t("Stays. Mark it for the trash (Space)")
        : t("Goes to the trash. Keep it (Space)") }
      : { "aria-label": t("Compare {name}", { name }), title: t("Compare (Enter)") };
    const button = h("button", { type: "button", class: "copy-picture", ...pressed,
      tabindex: index === this.index ? 0 : -1, dataset: { keep: `picture-${index}` },
      onclick: () => {
        this.index = index;
        if (allowed) this.toggle();
        else this.options.oncompare(this);
      },
      onfocus: () => this.move(index) },
    this.thumbnail(image), this.sign(image, stays));
    const sign = this.isBurst ? "" : stays ? "stays" : allowed ? "goes" : "";
    return h("li", { class: `twin ${sign}` }, button,
      link("/image", { id }, { class: "copy-name", title: id,
        onclick: () => openFromList(this.images, id) }, name),
      this.facts(image), allowed && this.actions(image, index));
  }

  /** @param {DuplicateImageDocument} image */
  thumbnail({ id, v }) {
    const img = h("img", { alt: "", loading: "lazy", decoding: "async",
      src: api.imageUrl(id, "thumbnail", { size: 512, v }) });
    img.addEventListener("load", () => img.classList.add("shown"));
    img.addEventListener("error", () => img.replaceWith(icon("missing", { size: 32 })));
    return h("span", { class: "copy-box" }, img);
  }

  /**
   * @param {DuplicateImageDocument} image
   * @param {boolean} stays
   */
  sign({ id, kept }, stays) {
    if (this.isBurst) {
      return id === this.keeper.id && h("span", { class: "copy-sign" }, t("Sharpest"));
    }
    if (!this.options.allowed && !stays) return null;
    const text = !stays ? t("Trash") : kept ? t("Keep (your choice)") : t("Keep");
    return h("span", { class: "copy-sign" }, icon(stays ? "check" : "trash", { size: 14 }), text);
  }

  /** @param {DuplicateImageDocument} image */
  facts(image) {
    const { keeper } = this;
    const pair = image.id === keeper.id ? null : pairOf(this.group, image.id, keeper.id);
    return h("dl", { class: "copy-facts small" },
      facts(image, keeper).map(({ label, text, differs, note }) =>
        h("div", { class: differs ? "differs" : null }, h("dt", null, label),
          h("dd", { class: "number" }, text, note && h("span", { class: "note" }, ` ${note}`),
            differs && h("span", { class: "unseen" }, t(", differs"))))),
      pair && h("div", null, h("dt", null, t("Score")), h("dd", { class: "number" },
        `${NAMES[pair.grade]}, ${format.decimal(pair.score, 2)}`)),
      pair && pair.kinds.length > 0 && h("div", null, h("dt", null, t("Edits")),
        h("dd", null, list(pair.kinds.map(serverText)))));
  }

  /**
   * @param {DuplicateImageDocument} image
   * @param {number} index
   */
  actions(image, index) {
    /**
     * @param {string} keep
     * @param {string} text
     * @param {(card: GroupCard) => void} onclick
     */
    const act = (keep, text, onclick) => h("button", { type: "button",
      class: "button quiet small", dataset: { keep: `${keep}-${index}` },
      "aria-label": t("{action}: {name}", { action: text, name: image.name }), onclick: () => {
        this.index = index;
        onclick(this);
      } }, text);
    return h("div", { class: "copy-actions" },
      act("prefer", image.kept ? t("Do not prefer") : t("Keep this one"), this.options.onprefer),
      // In a group of two, the button of the group says the same.
      this.images.length > 2 && act("different", t("Not a duplicate"), this.options.ondifferent));
  }

  /**
   * Makes another picture of the group the current one.
   * @param {number} index
   */
  move(index) {
    this.index = Math.min(Math.max(index, 0), this.images.length - 1);
    if (!this.element) return;
    findAll(".copy-picture", this.element).forEach((button, n) => {
      button.tabIndex = n === this.index ? 0 : -1;
    });
  }

  focus(index = this.index) {
    this.move(index);
    findAll(".copy-picture", this.el)[this.index]?.focus({ preventScroll: true });
    this.el.scrollIntoView({ block: "nearest" });
  }

  /** Marks the current picture to stay or for the trash; shows a reason if it is the last kept one. */
  toggle() {
    const { id } = this.current;
    if (this.kept.has(id) && this.kept.size === 1) {
      this.reason = t("At least one picture must stay. First mark another one to keep.");
    } else {
      this.reason = "";
      if (!this.kept.delete(id)) this.kept.add(id);
    }
    this.draw();
  }

  /**
   * Shows why something was not done.
   * @param {string} reason
   */
  showReason(reason) {
    this.reason = reason;
    this.draw();
  }

  /**
   * Blocks the group while it waits for an answer of the server.
   * @param {boolean} busy
   */
  setBusy(busy) {
    this.busy = busy;
    if (!this.element) return;
    this.element.setAttribute("aria-busy", String(busy));
    this.element.inert = busy;
  }
}

/**
 * Whether a group has not changed, so that the marks of the user in it are still valid.
 * @param {DuplicateGroupDocument} before
 * @param {DuplicateGroupDocument} after
 */
export function sameGroup(before, after) {
  /** @param {DuplicateGroupDocument} group */
  const known = ({ grade, keep, images }) =>
    JSON.stringify([grade, keep, images.map(({ id, v, kept }) => [id, v, kept])]);
  return known(before) === known(after);
}
