// Image: a large picture of one image, its details, similar images, and links.

import * as api from "../base/api.js";
import { announce, find, focused, h, isTyping, present } from "../base/dom.js";
import { labelImage, trashImage } from "./deeds.js";
import { t } from "../base/messages.js";
import { facts } from "./facts.js";
import { icon } from "../base/icons.js";
import { problemText } from "../base/problem_text.js";
import { link, navigate, previous, setTitle } from "../base/router.js";
import { markGone, neighbours, openFromList } from "../base/trail.js";
import { placeInGrid } from "../browse/grid_place.js";
import { isMarked, toggleMark } from "./not_wanted.js";
import { isOpenAtOnce, setOpen } from "./opening.js";
import { SimilarStrip } from "./similar_strip.js";
import { loadEarly, makeStage } from "./stage.js";
import { Viewer } from "./viewer.js";

/**
 * @import { HitDocument, ImageDocument, InfoDocument } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { View, ViewModule } from "../base/router.js"
 * @import { Place } from "./viewer.js"
 */

export const title = t("Image");
export const shortcuts = [
  ["← →", t("Previous, next, in the order of the list")],
  ["Esc", t("Back to the list")],
  ["z", t("The viewer; on a picture of any list: at once")],
  ["+ − 0 1", t("In the viewer: zoom")],
  ["i", t("In the viewer: details, similar pictures")],
  ["p", t("In the viewer: slideshow; any key ends it")],
  ["l", t("Label")],
  ["Delete", t("Move to the trash")],
  ["q", t("Use as query")],
  ["r", t("Show its rings")],
  ["n", t("Mark as not wanted")],
  ["c", t("Copy the path")],
  ["o", t("Open the original")],
  ["u", t("Open its folder")],
];

/** @type {Partial<Record<ImageDocument["state"], string>>} */
const STATES = {
  removed: t("Removed from searches"),
  missing: t("The file no longer exists"),
  waiting: t("Waiting to be indexed"),
  failed: t("This image could not be read"),
};

/** @type {?Detail} */
let active = null;

/** @type {View} */
export async function show(main, params, { signal, info }) {
  const view = new Detail(main, info, signal);
  active = view;
  await view.go(params);
  return () => {
    if (active === view) active = null;
    view.viewer?.close();
  };
}

/** @type {NonNullable<ViewModule["update"]>} */
export async function update(params) {
  if (!active) return false;
  await active.go(params);
  scrollTo(0, 0);
  announce(active.image.name);
  return true;
}

class Detail {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   */
  constructor(main, info, signal) {
    this.main = main;
    this.info = info;
    this.signal = signal;
    /** @type {?SimilarStrip} */
    this.strip = null;
    /** @type {?Place} */
    this.place = null;
    /** @type {HTMLImageElement[]} pictures beside this one, so that the browser keeps them */
    this.preloaded = [];
    /** @type {Map<string, Promise<ImageDocument>>} */
    this.answers = new Map();
    /** @type {?AbortController} */
    this.going = null;
    /** @type {?ImageDocument} */
    this.shown = null;
    /** @type {?string} */
    this.under = null;
    /** @type {import("../browse/grid_place.js").NamedGrid} */
    this.grid = { under: null, where: null, sort: null };
    /** @type {?string} */
    this.from = null;
    /** @type {?Viewer} */
    this.viewer = null;
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }

  /** The shown image. The actions on it exist only while there is one. */
  get image() {
    if (!this.shown) throw new Error("no image is shown");
    return this.shown;
  }

  /** @param {Query} params */
  async go(params) {
    this.going?.abort();
    this.going = new AbortController();
    const signal = AbortSignal.any([this.signal, this.going.signal]);
    const id = params.get("id");
    if (!id) {
      throw new api.Problem({ status: 404, title: t("The address names no image") });
    }
    this.under = params.get("under");
    this.grid = { under: this.under, where: params.get("where"), sort: params.get("sort") };
    this.from = params.get("from");
    if (!this.shown) this.drawSkeleton();
    loadEarly(id);
    const [image, place] = await Promise.all([this.fetch(id),
      neighbours(id).then((known) => known ?? placeInGrid(id, this.grid, signal))]);
    signal.throwIfAborted();
    const { previous: before, next } = place ?? image; // without a list, those in the folder
    this.shown = { ...image, previous: before, next };
    this.place = place;
    setTitle(image.name);
    this.draw(signal);
    if (!this.canZoom()) this.viewer?.close();
    else if (this.viewer) this.viewer.show(this.image, place);
    else if (isOpenAtOnce()) this.openViewer();
    if (!this.viewer) this.showSimilar();
    this.prefetch(signal);
  }

  /**
   * The details of an image. Each image is fetched once, or again after a failure.
   * @param {string} id
   */
  fetch(id) {
    let answer = this.answers.get(id);
    if (!answer) {
      answer = api.image(id, { signal: this.signal });
      answer.catch(() => this.answers.delete(id));
      this.answers.set(id, answer);
    }
    return answer;
  }

  showSimilar() {
    this.strip?.load();
  }

  drawSkeleton() {
    this.main.replaceChildren(h("div", { class: "detail", "aria-hidden": "true" },
      h("div", { class: "stage skeleton" }),
      h("div", { class: "about" }, [18, 10, 14, 12, 14].map((width) => {
        const line = h("div", { class: "skeleton line" });
        line.style.width = `${width}rem`;
        return line;
      }))));
  }

  /** @param {AbortSignal} signal ends when another image is shown */
  draw(signal) {
    const { image } = this;
    const active = focused();
    const kept = active && this.main.contains(active) ? active.dataset.keep : null;
    this.strip?.stop();
    const strip = new SimilarStrip(image, { info: this.info, signal, under: this.under });
    this.strip = strip;
    const stage = makeStage(image);
    stage.append(...present([this.step("previous", "left"), this.step("next", "right"),
      this.zoomButton()]));
    if (this.canZoom()) {
      find(".frame", stage)?.addEventListener("click", () => this.openViewer());
    }
    this.main.replaceChildren(h("article", { class: "detail" },
      stage,
      h("div", { class: "about" }, this.head(), this.notice(), this.actions(), facts(image)),
      h("section", { class: "similar", "aria-labelledby": "similar" },
        h("h2", { id: "similar" }, t("Similar")), strip.el)));
    if (kept) find(`[data-keep="${kept}"]`, this.main)?.focus();
  }

  head() {
    const { name, folder } = this.image;
    return h("header", null, h("h1", { tabindex: "-1" }, name),
      link("/browse", { under: folder }, { class: "in-folder" }, icon("folder", { size: 16 }),
        folder || t("Top folder")));
  }

  notice() {
    const { state, failure, damage } = this.image;
    const text = STATES[state] ?? (damage && t("Read in part"));
    if (!text) return null;
    const why = failure?.reason ?? damage;
    const reason = why && h("span", { class: "soft" }, `: ${problemText(why)}`);
    return h("p", { class: "notice" }, icon("problem", { size: 18 }),
      h("span", null, text, reason));
  }

  /**
   * @param {"previous" | "next"} which
   * @param {string} name
   */
  step(which, name) {
    const id = this.image[which];
    if (id === null || id === undefined) return null;
    const label = which === "previous" ? t("Previous image") : t("Next image");
    return link("/image", { id, ...this.grid },
      { class: `step ${which}`, "aria-label": label, title: label, dataset: { keep: which },
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
          event.preventDefault();
          this.stepTo(id);
        } },
      icon(name, { size: 26 }));
  }

  canZoom() {
    const { state, width, height } = this.image;
    return state === "live" && Boolean(width) && Boolean(height);
  }

  zoomButton() {
    return this.canZoom() && h("button", { type: "button", class: "icon-button to-viewer",
      "aria-label": t("Zoom"), title: t("Zoom (z)"), dataset: { keep: "zoom" },
      onclick: () => this.openViewer() }, icon("plus"));
  }

  openViewer() {
    if (!this.canZoom() || this.viewer) return;
    const { changes } = this.info;
    this.viewer = new Viewer(this.signal, {
      onstep: (which) => this.stepTo(this.image[which] ?? null),
      onpick: (id, images) => this.pick(id, images),
      onlabel: changes ? () => labelImage(this.image, this.signal) : null,
      ontrash: changes ? () => this.trash() : null,
      onleave: () => (isOpenAtOnce() ? this.leave() : this.viewer?.close()),
      onpage: () => {
        setOpen(false);
        this.viewer?.close();
      },
      onclose: () => {
        this.viewer = null;
        if (!this.signal.aborted) this.showSimilar();
      },
    });
    this.viewer.show(this.image, this.place);
  }

  /**
   * Shows another image in place of this one, so that Back leads to the list.
   * @param {?string} id
   * @returns {boolean} whether there is one
   */
  stepTo(id) {
    if (id === null) return false;
    navigate("/image", { id, ...this.grid },
      { replace: true, state: { viewer: isOpenAtOnce(), trail: history.state?.trail } });
    return true;
  }

  /**
   * Shows another image of the list or, if there are `images`, one of these, as a list of its own.
   * @param {string} id
   * @param {HitDocument[]} [images]
   */
  pick(id, images) {
    if (!images) {
      this.stepTo(id);
      return;
    }
    openFromList(images, id);
    navigate("/image", { id, under: this.under, from: this.image.id },
      { state: { viewer: isOpenAtOnce() } });
  }

  /** Moves the image to the trash, and shows the next one. */
  async trash() {
    const { id } = this.image;
    const onundone = () => {
      markGone(id, false);
      this.answers.clear();
      if (!this.signal.aborted) this.stepTo(id);
    };
    if (!await trashImage(this.image, { signal: this.signal, onundone })) return;
    markGone(id, true);
    this.answers.clear(); // the answers name the image as a neighbour
    if (this.signal.aborted || this.image.id !== id) return; // the user has gone on meanwhile
    if (!this.stepTo(this.image.next ?? this.image.previous ?? null)) this.leave();
  }

  /** Returns to the page from which the image was opened, else to its grid or its folder. */
  leave() {
    if (previous()) history.back();
    else if (this.grid.where || this.grid.sort) navigate("/browse", this.grid);
    else navigate("/browse", { under: this.under ?? this.image.folder });
  }

  actions() {
    const { id, v, film } = this.image;
    const searchable = this.image.state === "live";
    return h("div", { class: "row actions" },
      searchable && link("/search", { id }, { class: "button primary", dataset: { keep: "query" } },
        icon("search", { size: 18 }), t("Use as query")),
      searchable && link("/rings", { id }, { class: "button", dataset: { keep: "rings" } },
        icon("rings", { size: 18 }), t("Rings")),
      searchable && h("button", { type: "button", class: "button", dataset: { keep: "not" },
        "aria-pressed": isMarked(id), onclick: () => this.mark() }, icon("not", { size: 18 }),
      t("Not this one")),
      h("a", { class: "button", href: api.imageUrl(id, "file", { v }), target: "_blank",
        rel: "noopener", dataset: { keep: "file" } }, icon("open", { size: 18 }), t("Open original")),
      film && h("a", { class: "button", href: `${api.imageUrl(id, "film")}#t=${film.seconds}`,
        target: "_blank", rel: "noopener", dataset: { keep: "film" } },
      icon("open", { size: 18 }), t("Play the film from here")),
      this.canChange() && h("button", { type: "button", class: "button", dataset: { keep: "label" },
        onclick: () => labelImage(this.image, this.signal) }, icon("label", { size: 18 }), t("Label…")),
      this.canTrash() && h("button", { type: "button", class: "button",
        dataset: { keep: "trash" },
        onclick: () => this.trash() }, icon("trash", { size: 18 }), t("Move to trash…")));
  }

  canChange() {
    return this.info.changes && this.image.state === "live";
  }

  /** Whether the image is a file of its own: the film of a frame does not go to the trash. */
  canTrash() {
    return this.canChange() && !this.image.film;
  }

  /** Marks the image as not wanted, or removes the mark. */
  mark() {
    const marked = toggleMark(this.image.id, this.from);
    this.main.querySelector("[data-keep=not]")?.setAttribute("aria-pressed", String(marked));
  }

  /**
   * Loads the previous and the next image, so that the arrow keys do not wait.
   * @param {AbortSignal} signal
   */
  async prefetch(signal) {
    const pictures = [];
    for (const id of [this.image.next, this.image.previous]) {
      if (id === null || id === undefined || signal.aborted) continue;
      try {
        const { v, state } = await this.fetch(id);
        if (state === "live" && !signal.aborted) {
          const picture = new Image();
          picture.fetchPriority = "low";
          picture.src = api.imageUrl(id, "thumbnail", { size: 2048, v });
          pictures.push(picture);
          picture.decode().catch(() => {}); // its page says if it cannot be shown
        }
      } catch {
        // It is fetched again when the user goes to it.
      }
    }
    if (!signal.aborted) this.preloaded = pictures;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !this.shown) return;
    const { id, previous: before, next, folder, state } = this.image;
    const live = state === "live";
    if (event.key === "ArrowLeft") this.stepTo(before);
    else if (event.key === "ArrowRight") this.stepTo(next);
    else if (event.key === "Escape") this.leave();
    else if (event.key === "z") this.openViewer();
    else if (event.key === "l" && this.canChange()) labelImage(this.image, this.signal);
    else if (event.key === "Delete" && this.canTrash()) this.trash();
    else if (event.key === "q" && live) navigate("/search", { id });
    else if (event.key === "r" && live) navigate("/rings", { id });
    else if (event.key === "n" && live) this.mark();
    else if (event.key === "c") find(".copy", this.main)?.click();
    else if (event.key === "o") find("[data-keep=file]", this.main)?.click();
    else if (event.key === "u") navigate("/browse", { under: folder });
    else return;
    event.preventDefault();
  }
}
