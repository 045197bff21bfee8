// Rings: one picture in the middle, similar pictures around it. A click puts another in the middle.

import * as api from "../base/api.js";
import { announce, h, isTyping } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { panel } from "../base/problem.js";
import { problemText } from "../base/problem_text.js";
import { toQuery } from "../base/query.js";
import { ringPreview } from "./preview.js";
import { ringsCanvas, shortDistance } from "./canvas.js";
import { link, navigate, setTitle } from "../base/router.js";

/**
 * @import { ImageDocument, HitDocument, SearchResultDocument } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { View, ViewModule } from "../base/router.js"
 * @import { Picture } from "./canvas.js"
 */

export const title = t("Rings");

export const shortcuts = [
  ["← → ↑ ↓", t("Move to the next picture, or pan")],
  [", .", t("Move to a nearer or farther picture")],
  ["Home End", t("Move to the middle or the farthest picture")],
  ["Enter", t("Put the picture in the middle")],
  ["i", t("Open details")],
  ["z", t("Open the viewer; it goes on with the nearest pictures")],
  ["+ - 0", t("Zoom in, out, show all")],
];

/**
 * @typedef {{id: string, under: ?string, k: number, power: number}} State of an address
 * @typedef {"k" | "power"} Key of a slider
 * @typedef {{image: ImageDocument, similar: SearchResultDocument}} Answer
 */

const KEPT = 24; // answers, so that Back does not wait
const SLIDERS = {
  k: { label: t("Pictures"), min: 10, max: 300, step: 10, fallback: 100, wait: 250 },
  power: { label: t("Spread"), min: 0.5, max: 8, step: 0.5, fallback: 5, wait: 150 },
};

/** @type {?RingsView} */
let view = null;

/** @type {View} */
export async function show(main, params, { signal }) {
  view = null;
  if (!params.get("id")) {
    await choose(main, params.get("under"), signal);
    return null;
  }
  const mine = new RingsView(main, signal);
  view = mine;
  const leave = () => {
    if (view === mine) view = null;
    mine.canvas.destroy();
  };
  try {
    await mine.go(params);
  } catch (error) {
    leave();
    if (!(error instanceof api.Problem) || error.status >= 500) throw error;
    main.replaceChildren(refusal(error));
  }
  return leave;
}

/**
 * Applies another middle, number or power of the address; the pictures move.
 * @type {NonNullable<ViewModule["update"]>}
 */
export async function update(params) {
  if (!view || !params.get("id")) return false;
  try {
    await view.go(params);
  } catch (error) {
    if (error instanceof api.Problem) return false; // `show` shows the problem
    throw error;
  }
  return true;
}

class RingsView {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   */
  constructor(main, signal) {
    this.signal = signal;
    /** @type {Map<string, Answer>} */
    this.answers = new Map();
    /** @type {State} */
    this.state = { id: "", under: null, k: SLIDERS.k.fallback, power: SLIDERS.power.fallback };
    this.shows = false; // whether `state` is that of an address
    /** @type {?symbol} */
    this.turn = null;
    /** @type {?AbortController} */
    this.request = null;
    /** @type {?Picture} */
    this.selected = null;
    /** @param {Picture} picture */
    const hrefOf = (picture) => this.hrefOf(picture);
    this.preview = ringPreview({ hrefOf, isCentre: ({ id }) => id === this.state.id });
    this.heading = h("h1", null, t("Rings"));
    this.note = h("p", { class: "rings-note small soft" });
    this.sliders = [this.slider("k", SLIDERS.k), this.slider("power", SLIDERS.power)];
    const room = h("div", { class: "rings-room" });
    main.append(h("div", { class: "rings" },
      h("section", { class: "rings-side", "aria-label": t("About the picture") },
        this.heading, this.preview.element,
        h("div", { class: "rings-settings" }, this.sliders.map(({ element }) => element),
          this.note)),
      room));
    this.canvas = ringsCanvas(room, {
      hrefOf,
      onselect: (picture) => this.selectPicture(picture),
    });
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }

  /**
   * @param {Key} key
   * @param {typeof SLIDERS[Key]} options
   */
  slider(key, { label, min, max, step, fallback, wait }) {
    const input = h("input", { type: "range", min, max, step, value: fallback });
    const output = h("output", { class: "number" });
    let timer = 0;
    /** @param {number} value */
    const set = (value) => {
      input.value = String(value);
      output.textContent = input.value;
    };
    input.addEventListener("input", () => {
      output.textContent = input.value;
      this.state[key] = Number(input.value);
      if (key === "power") this.canvas.setPower(this.state.power);
      clearTimeout(timer);
      const address = this.addressOf(this.state.id);
      timer = setTimeout(() => {
        navigate("/rings", address, { replace: true, quiet: key === "power" });
      }, wait);
    });
    const element = h("label", { class: "slider" }, h("span", null, label), input, output);
    return { key, set, element, fallback, min, max, stop: () => clearTimeout(timer) };
  }

  /** @param {string} id */
  addressOf(id) {
    const { k, power, under } = this.state;
    return {
      id,
      k: k === SLIDERS.k.fallback ? null : k,
      power: power === SLIDERS.power.fallback ? null : power,
      under,
    };
  }

  /** @param {Picture} picture */
  hrefOf(picture) {
    return picture.id === this.state.id
      ? `/image?${toQuery({ id: picture.id })}`
      : `/rings?${toQuery(this.addressOf(picture.id))}`;
  }

  /**
   * Shows the rings of an address.
   * @param {Query} params
   */
  async go(params) {
    const state = { ...this.state, id: params.get("id") ?? "", under: params.get("under") };
    for (const { key, stop, min, max, fallback } of this.sliders) {
      stop();
      const value = Number.parseFloat(params.get(key) ?? "");
      state[key] = Number.isFinite(value) ? Math.min(Math.max(value, min), max) : fallback;
    }
    state.k = Math.round(state.k);
    const turn = Symbol("turn");
    this.turn = turn;
    const answer = await this.fetch(state);
    if (this.turn !== turn || this.signal.aborted) return;
    const old = this.shows ? this.state : null;
    this.state = state;
    this.shows = true;
    for (const { key, set } of this.sliders) set(state[key]);
    this.display(answer, old);
  }

  /**
   * The picture and similar images; each answer is fetched once.
   * @param {State} state
   * @returns {Promise<Answer>}
   */
  async fetch({ id, k, under }) {
    const key = JSON.stringify([id, k, under]);
    let answer = this.answers.get(key);
    if (!answer) {
      this.request?.abort();
      this.request = new AbortController();
      const signal = AbortSignal.any([this.signal, this.request.signal]);
      const [image, similar] = await Promise.all([
        api.image(id, { signal }),
        api.similar(id, { k: k + 1, angles: 1, under }, { signal }),
      ]);
      answer = { image, similar };
    }
    this.answers.delete(key);
    this.answers.set(key, answer);
    if (this.answers.size > KEPT) this.answers.delete([...this.answers.keys()][0]);
    return answer;
  }

  /**
   * @param {Answer} answer
   * @param {?State} old
   */
  display({ image, similar }, old) {
    const hits = similar.hits.filter(({ id }) => id !== image.id).slice(0, this.state.k);
    this.canvas.show(image, hits, { power: this.state.power, moves: old !== null });
    this.canvas.select(image.id);
    this.selectPicture(image);
    this.describe(similar, hits);
    setTitle(`${image.name} · ${title}`);
    if (old && old.id !== image.id) {
      announce(t("{name} in the middle, {count} picture around it|"
        + "{name} in the middle, {count} pictures around it",
      { name: image.name, count: hits.length }));
    }
  }

  /**
   * @param {SearchResultDocument} similar
   * @param {HitDocument[]} hits
   */
  describe({ metric, exact, recall, milliseconds }, hits) {
    const far = hits.at(-1)?.distance;
    const { id, under } = this.state;
    this.note.replaceChildren(
      hits.length === 0 ? t("No other pictures were found. ") : "",
      `${metric}, ${format.quality(exact, recall)}, ${format.milliseconds(milliseconds)}`,
      far === undefined ? "" : t("; the farthest at {distance}",
        { distance: shortDistance(far) }),
      ...(under ? [h("br"), t("Only in {folder}. ", { folder: under }),
        link("/rings", { ...this.addressOf(id), under: null }, null, t("Search all folders"))] : []),
    );
  }

  /** @param {Picture} picture */
  selectPicture(picture) {
    this.selected = picture;
    this.preview.show(picture);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || event.defaultPrevented || isTyping(event) || !this.selected) return;
    if (!["i", "z"].includes(event.key) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.canvas.open(this.selected, event.key === "z");
  }
}

/** @param {api.Problem} problem */
function refusal({ status, detail }) {
  return panel({
    icon: status === 404 ? "missing" : "problem",
    title: status === 404 ? t("Picture not found") : t("No rings for this picture"),
    text: t("{sentence}.", { sentence: format.capitalise(problemText(detail)) }),
  }, link("/rings", null, { class: "button" }, t("Choose another")),
  link("/browse", null, { class: "button quiet" }, t("Browse")));
}

/**
 * Offers some pictures to start from, if the address names none.
 * @param {HTMLElement} main
 * @param {?string} under
 * @param {AbortSignal} signal
 */
async function choose(main, under, signal) {
  const { images } = await api.get("/images", { limit: 12, under }, { signal });
  if (images.length === 0) {
    main.append(panel({ icon: "photos", title: t("No pictures yet"),
      text: t("Rings start from a picture, and this collection has none.") },
    link("/status", null, { class: "button" }, t("Status"))));
    return;
  }
  main.append(h("section", { class: "rings-choose" },
    h("h1", null, t("Rings")),
    h("p", { class: "soft" }, t("One picture is in the middle, and similar pictures are around it. "
      + "Nearer pictures are more similar. Choose a picture to start.")),
    h("ul", { class: "choose-tiles", role: "list" }, images.map((image) => h("li", null,
      link("/rings", { id: image.id, under }, { "aria-label": image.name }, h("img", {
        alt: "", loading: "lazy", decoding: "async",
        src: api.imageUrl(image.id, "thumbnail", { size: 256, v: image.v }),
      }))))),
    h("div", { class: "row" },
      link("/browse", { under }, { class: "button" }, icon("browse"), t("Choose another")),
      link("/search", null, { class: "button quiet" }, icon("search"), t("Search with a photo")))));
}
