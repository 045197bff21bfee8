// The viewer: one picture in the whole window, with the filmstrip of its list, its facts in a drawer, a
// slideshow, and what can be done with the picture.

import { announce, h, isTyping, mustFind, toast } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import * as settings from "../base/settings.js";
import { Drawer } from "./drawer.js";
import { Filmstrip } from "./filmstrip.js";
import { SECONDS, secondsEach, Slideshow } from "./slideshow.js";
import { ZoomStage } from "./zoom_stage.js";

/**
 * @import { HitDocument, ImageDocument } from "../base/api_types.js"
 * @import { Trail } from "../base/trail.js"
 */

/** @typedef {{trail: Trail, index: number}} Place of an image in its list */

/**
 * @typedef {{onstep: (which: "previous"|"next") => boolean,
 *   onpick: (id: string, images?: HitDocument[]) => void,
 *   onlabel: (() => void) | null, ontrash: (() => void) | null, onleave: () => void,
 *   onpage: () => void, onclose: () => void}} Options
 *   onstep: shows the picture before or after, and returns whether there is one; onpick: shows another
 *   picture of the list, or one of `images`; onlabel, ontrash: null if changes are not allowed;
 *   onleave: the user goes back; onpage: the user wants the page of the image; onclose: the viewer is
 *   closed
 */

export class Viewer {
  /**
   * Opens the viewer. `show` gives it a picture.
   * @param {AbortSignal} signal of the page
   * @param {Options} options
   */
  constructor(signal, options) {
    this.options = options;
    this.ends = new AbortController();
    /** @type {?ImageDocument} */
    this.image = null;
    this.title = h("h2", { class: "viewer-name" });
    this.place = h("span", { class: "number soft small" });
    this.percent = h("output", { class: "number small", "aria-label": t("Size") });
    this.slideshow = new Slideshow({ onnext: () => this.goOn(), onchange: (runs) => this.slide(runs) });
    this.stage = new ZoomStage({ onstep: (which) => this.step(which),
      onzoom: (scale) => this.showScale(scale) });
    this.film = new Filmstrip({ onpick: (id) => options.onpick(id) });
    this.drawer = new Drawer({ signal, onpage: options.onpage,
      onpick: (id, images) => options.onpick(id, images) });
    this.previous = this.arrow("previous", "left");
    this.next = this.arrow("next", "right");
    this.stage.el.append(this.previous, this.next);
    this.facts = this.button("facts", t("Details"), "i", () => this.toggleFacts(),
      { "aria-expanded": "false" });
    this.play = this.button("play", t("Slideshow"), "p", () => this.slideshow.start());
    const { ontrash } = options;
    this.trash = ontrash && this.button("trash", t("Move to trash…"), "Delete", ontrash);
    this.el = h("dialog", { class: "viewer" }, this.head(), this.stage.el, this.drawer.el,
      this.film.el);
    this.listen();
    document.body.append(this.el);
    this.el.showModal();
    this.stage.el.focus();
    // Only what is in the dialog is above the page, and can be used while the dialog is open.
    this.messages = [mustFind("#toasts"), mustFind("#live")];
    this.el.append(...this.messages);
  }

  /**
   * @param {string} name of its icon
   * @param {string} label
   * @param {string} key
   * @param {() => void} onclick
   * @param {import("../base/dom.js").Props} [props]
   */
  button(name, label, key, onclick, props) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label,
      title: `${label} (${key})`, "aria-keyshortcuts": key, onclick, ...props }, icon(name));
  }

  head() {
    const { onlabel, onleave } = this.options;
    return h("div", { class: "viewer-head" },
      h("div", { class: "viewer-title" }, this.title, this.place),
      h("div", { class: "viewer-tools" },
        this.percent, this.button("minus", t("Smaller"), "-", () => this.stage.step(-1)),
        this.button("plus", t("Larger"), "+", () => this.stage.step(1)),
        this.play, secondsField(),
        onlabel && this.button("label", t("Label…"), "l", onlabel),
        this.trash,
        this.facts, this.button("close", t("Close"), "Escape", onleave)));
  }

  /**
   * @param {"previous"|"next"} which
   * @param {string} name
   */
  arrow(which, name) {
    const label = which === "previous" ? t("Previous picture") : t("Next picture");
    return h("button", { type: "button", class: `step ${which}`, "aria-label": label,
      title: label, onclick: () => this.step(which) }, icon(name, { size: 26 }));
  }

  listen() {
    // On the document, since what had the focus may be gone.
    document.addEventListener("keydown", (event) => this.pressed(event),
      { signal: this.ends.signal });
    // Any press ends the slideshow, and does nothing else.
    this.el.addEventListener("pointerdown", (event) => {
      if (!this.slideshow.runs) return;
      event.stopPropagation();
      this.slideshow.stop();
    }, { capture: true });
    this.el.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.options.onleave();
    });
    this.el.addEventListener("close", () => this.ended(), { once: true });
  }

  close() {
    this.el.close();
  }

  ended() {
    this.ends.abort();
    this.slideshow.stop();
    this.stage.stop();
    this.film.stop();
    document.body.append(...this.messages);
    this.el.remove();
    this.options.onclose();
  }

  /**
   * Shows a picture.
   * @param {ImageDocument} image with its size, and `previous` and `next` in its list
   * @param {?Place} place
   */
  show(image, place) {
    this.image = image;
    this.el.setAttribute("aria-label", image.name);
    this.title.textContent = image.name;
    this.title.title = image.id;
    this.place.textContent = place && place.trail.count > 1
      ? t("{number} of {total}", { number: place.index + 1, total: place.trail.count }) : "";
    this.showArrows();
    this.showTrash();
    const loaded = this.stage.show(image, this.slideshow.runs);
    this.film.show(place?.trail ?? null, place?.index ?? 0);
    this.drawer.show(image);
    this.slideshow.shown(loaded);
  }

  showArrows() {
    const { image, previous, next } = this;
    for (const [arrow, id] of /** @type {const} */ ([[previous, image?.previous],
      [next, image?.next]])) {
      const isEnd = (id ?? null) === null;
      if (isEnd && arrow === document.activeElement) this.stage.el.focus();
      arrow.hidden = isEnd;
    }
  }

  /** The film of a frame does not go to the trash. */
  showTrash() {
    if (!this.trash) return;
    const isFrame = Boolean(this.image?.film);
    if (isFrame && this.trash === document.activeElement) this.stage.el.focus();
    this.trash.hidden = isFrame;
  }

  /** @param {"previous"|"next"} which */
  step(which) {
    this.options.onstep(which);
  }

  /** @param {number} scale */
  showScale(scale) {
    const percent = `${Math.round(100 * scale)} %`;
    if (this.percent.textContent !== percent) this.percent.textContent = percent;
  }

  toggleFacts() {
    const isOpen = this.drawer.toggle();
    this.facts.setAttribute("aria-expanded", String(isOpen));
    this.facts.setAttribute("aria-pressed", String(isOpen));
  }

  // --- the slideshow

  /**
   * Shows or hides all but the picture.
   * @param {boolean} runs
   */
  slide(runs) {
    this.el.classList.toggle("sliding", runs);
    if (runs) {
      this.stage.el.focus(); // the keys must not act on a button that is hidden
      toast(t("Slideshow. Any key or click ends it."));
    } else {
      this.play.focus();
      announce(t("The slideshow has ended"));
    }
  }

  goOn() {
    if (!this.options.onstep("next")) {
      this.slideshow.stop();
      toast(t("The slideshow has ended: this is the last picture"));
    }
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if ([...document.querySelectorAll("dialog[open]")].at(-1) !== this.el) return; // a question
    if (this.slideshow.runs) {
      this.slideshow.stop();
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event)) return;
    const { onlabel, onpage } = this.options;
    const { key } = event;
    if (this.stage.pressed(key)) event.preventDefault();
    else if (key === "ArrowLeft") this.step("previous");
    else if (key === "ArrowRight") this.step("next");
    else if (key === "i") this.toggleFacts();
    else if (key === "p") this.slideshow.start();
    else if (key === "l" && onlabel) onlabel();
    else if (key === "Delete" && this.trash && !this.trash.hidden) this.trash.click();
    else if (key === "z") onpage();
    else return;
    event.preventDefault();
  }
}

/** The field for the seconds of each picture of a slideshow. */
function secondsField() {
  const chosen = secondsEach();
  const field = h("select", { class: "viewer-seconds small",
    "aria-label": t("Slideshow: seconds for each picture"), title: t("Seconds for each picture") },
  SECONDS.map((seconds) => h("option", { value: seconds, selected: seconds === chosen },
    t("{number} s", { number: seconds }))));
  field.addEventListener("change", () => settings.set("slide", Number(field.value)));
  return field;
}
