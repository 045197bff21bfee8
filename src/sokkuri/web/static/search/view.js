// Search: finds images that look like the pictures of the query, fit its words, and are unlike
// others. The pictures are dropped, pasted, picked, or from the collection.

import * as api from "../base/api.js";
import { announce, h } from "../base/dom.js";
import { capitalise, decimal } from "../base/format.js";
import { icon } from "../base/icons.js";
import { lasting } from "../base/lasting.js";
import { t } from "../base/messages.js";
import { Query } from "../base/query.js";
import { localPicture } from "./local_picture.js";
import { add, isSaved, remove, toPast } from "./past.js";
import { pickButton } from "./picking.js";
import { QueryTiles } from "./query_tiles.js";
import { navigate, setTitle } from "../base/router.js";
import { SearchAnswer } from "./answer.js";
import { SearchFilters } from "./filters.js";
import { QueryWords } from "./words.js";
import { addTerms } from "./terms.js";
import { canCrop, fromParams, placeOf, sentNames, toParams, toRequest } from "./state.js";
import { SELECTION_KEYS } from "../selection/action_bar.js";
import * as settings from "../base/settings.js";
import { keep, recall } from "./uploads.js";

/**
 * @import { InfoDocument, SearchResultDocument } from "../base/api_types.js"
 * @import { Tile } from "./query_tiles.js"
 * @import { Search } from "./state.js"
 * @import { Upload } from "./uploads.js"
 */

export const title = t("Search");

export const shortcuts = [
  ...SELECTION_KEYS,
  ["← → ↑ ↓", t("Move the frame around a part; with Shift, resize it")],
  ["Enter", t("Search the part in the frame")],
  ["Esc", t("Close the frame")],
];

/**
 * @typedef {{name?: string, width?: number | null, height?: number | null, src?: string}} Shown
 *   what is known of a picture
 * @typedef {{key: string, not: boolean, weight: number, upload?: Upload, id?: string}} Entry
 */

const MEBI = 1024 * 1024;

export const { show, update } = lasting((main, { signal, info }) =>
  new SearchView(main, signal, info));

class SearchView {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main, signal, info) {
    this.signal = signal;
    this.collection = info?.name ?? "";
    this.mostBytes = info?.max_upload ?? Infinity;
    this.search = fromParams(new Query());
    this.shows = false; // whether `search` is that of an address
    /** @type {Upload[]} */
    this.uploads = [];
    this.uploadsLost = false;
    /** @type {Map<Blob | string, Shown>} by the blob of an upload, or by an id */
    this.pictures = new Map();
    /** @type {Map<Blob, string>} what is wrong with an uploaded picture */
    this.unreadable = new Map();
    /** @type {?SearchResultDocument} */
    this.answer = null;
    /** @type {?string} the query of the answer */
    this.answered = null;
    /** @type {?Tile[]} */
    this.shownTiles = null;
    /** @type {?{place: string, text: string, detail: string}} */
    this.problem = null;
    /** @type {?AbortController} */
    this.request = null;
    /** @type {?symbol} */
    this.turn = null;
    this.lostServer = false;
    this.tilesState = "";
    this.tilesHaveProblem = false;
    /** @param {File[]} files */
    const addFiles = (files) => addTerms({ files });
    this.tiles = new QueryTiles({
      onremove: (key) => this.removePicture(key),
      onsign: (key) => this.changeSign(key),
      onweight: (key, weight) => this.changeWeight(key, weight),
      oncrop: (crop) => this.change({ crop }),
    });
    this.words = new QueryWords({ onchange: (fields) => this.change(fields) });
    this.filters = new SearchFilters({ signal, onchange: (fields) => this.change(fields) });
    this.results = new SearchAnswer({
      info,
      signal,
      onview: (kind) => this.change({ view: kind }),
      onlike: (id) => this.mark(id, false),
      onunlike: (id) => this.mark(id, true),
      onretry: () => this.run(true),
      oncancel: () => this.cancel(),
    });
    this.heading = h("h1", { tabindex: -1 }, t("Search"));
    this.offer = h("div", { class: "search-offer" });
    this.save = h("button", { type: "button", class: "button quiet",
      onclick: () => this.toggleSaved() });
    this.element = h("div", { class: "search" },
      h("section", { class: "search-side", "aria-label": t("Query") },
        this.heading, this.words.element, dropZone(addFiles), this.tiles.element,
        h("div", { class: "row search-add" },
          pickButton(addFiles, "button", icon("plus", { size: 18 }), t("Add a picture")),
          this.save),
        this.offer, this.filters.element),
      this.results.element);
    main.append(this.element);
    api.connection.addEventListener("found", () => {
      if (this.lostServer) this.run(true);
    }, { signal });
    for (const list of /** @type {const} */ (["recent", "saved"])) {
      const stop = settings.subscribe(list, () => this.showSaved());
      signal.addEventListener("abort", stop);
    }
  }

  stop() {
    this.request?.abort();
    this.results.destroy();
    for (const { src } of this.pictures.values()) {
      if (src?.startsWith("blob:")) URL.revokeObjectURL(src);
    }
  }

  /**
   * Shows the search of an address.
   * @param {Query} params
   */
  async go(params) {
    const search = fromParams(params);
    const turn = Symbol("turn");
    this.turn = turn;
    const uploads = search.upload ? await recall(search.upload) : [];
    if (this.turn !== turn || this.signal.aborted) return;
    this.search = search;
    this.shows = true;
    this.uploads = uploads ?? [];
    this.uploadsLost = uploads === null;
    const hasTerms = this.uploads.length + search.ids.length + search.nots.length
      + search.texts.length + search.notTexts.length > 0;
    const wasEmpty = this.element.classList.contains("empty");
    this.element.classList.toggle("empty", !hasTerms && !this.uploadsLost);
    // The focused element of the empty page is now hidden.
    if (wasEmpty && hasTerms) this.heading.focus({ preventScroll: true });
    this.words.show(search);
    this.filters.show(search);
    this.showSaved();
    this.offerMarks();
    this.shownTiles = null;
    const run = this.run();
    await this.showTiles(turn);
    await run;
  }

  // --- the pictures of the query

  /**
   * The uploaded pictures and the images of the collection, each with a key.
   * @returns {Entry[]}
   */
  entries() {
    /** @param {string} id */
    const weightOf = (id) => this.search.weights.get(id) ?? 1;
    return [
      ...this.uploads.map((upload, n) => ({ key: `upload:${n}`, upload, not: upload.not,
        weight: upload.weight ?? 1 })),
      ...this.search.ids.map((id) => ({ key: `id:${id}`, id, not: false, weight: weightOf(id) })),
      ...this.search.nots.map((id) => ({ key: `id:${id}`, id, not: true, weight: weightOf(id) })),
    ];
  }

  /** @param {?symbol} turn */
  async showTiles(turn) {
    const tiles = await Promise.all(this.entries().map((entry) => this.tileOf(entry)));
    if (this.turn !== turn || this.signal.aborted) return;
    const options = { crop: this.search.crop, canCrop: canCrop(this.search, this.uploads) };
    const state = JSON.stringify([tiles, options]);
    if (state !== this.tilesState || this.tilesHaveProblem) this.tiles.show(tiles, options);
    this.tilesState = state;
    this.tilesHaveProblem = false;
    this.shownTiles = tiles;
    if (this.problem) this.showProblem(this.problem);
    const [first] = [...this.search.texts, ...tiles.map(({ name }) => name)];
    setTitle(first ? `${first} · ${title}` : title);
    if (this.search.view === "rings") this.showAnswer();
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<Tile>}
   */
  async tileOf({ key, upload, id = "", not, weight }) {
    const picture = upload ? await this.localOf(upload) : await this.imageOf(id);
    return { key, not, weight, name: upload?.name || picture?.name || id || t("Pasted picture"),
      src: picture?.src ?? null, width: picture?.width ?? 0, height: picture?.height ?? 0,
      problem: upload ? this.faultOf(upload) : "" };
  }

  /** @param {Upload} upload */
  async localOf(upload) {
    if (!this.pictures.has(upload.blob)) {
      this.pictures.set(upload.blob, (await localPicture(upload.blob)) ?? {});
    }
    return this.pictures.get(upload.blob);
  }

  /** @param {string} id */
  async imageOf(id) {
    if (!this.pictures.has(id)) {
      try {
        const { name, width, height, v } = await api.image(id, { signal: this.signal });
        const src = api.imageUrl(id, "thumbnail", { size: 512, v });
        this.pictures.set(id, { name, width, height, src });
      } catch {
        return null; // The search reports the problem.
      }
    }
    return this.pictures.get(id);
  }

  /**
   * What is wrong with an uploaded picture, "" if nothing is known.
   * @param {Upload} upload
   */
  faultOf(upload) {
    return this.tooLarge(upload) || (this.unreadable.get(upload.blob) ?? "");
  }

  /** The uploaded pictures that can be sent: one bad picture does not block the others. */
  usable() {
    return this.uploads.filter((upload) => !this.faultOf(upload));
  }

  /**
   * A message if an uploaded picture exceeds the limit of the server, else "".
   * @param {Upload} upload
   */
  tooLarge({ blob }) {
    if (blob.size <= this.mostBytes) return "";
    return t("Too large: {size} MiB. The server accepts {most} MiB at most.",
      { size: Math.ceil(blob.size / MEBI), most: Math.floor(this.mostBytes / MEBI) });
  }

  // --- changes of the query; each one is a new address

  /** @param {Partial<Search>} fields */
  change(fields) {
    navigate("/search", toParams({ ...this.search, ...fields }));
  }

  /**
   * @param {Upload[]} uploads
   * @param {Partial<Search>} [fields]
   */
  async changeUploads(uploads, fields = {}) {
    const upload = uploads.length ? await keep(uploads) : null;
    if (!this.signal.aborted) this.change({ upload, crop: null, ...fields });
  }

  /** @param {string} key */
  removePicture(key) {
    const { upload, id } = parseKey(key);
    if (id === null) {
      this.changeUploads(this.uploads.filter((_, n) => n !== upload));
    } else {
      /** @param {string} other */
      const isOther = (other) => other !== id;
      this.change({ ids: this.search.ids.filter(isOther), nots: this.search.nots.filter(isOther),
        crop: null });
    }
  }

  /**
   * Changes a picture from "like" to "not like", or back.
   * @param {string} key
   */
  changeSign(key) {
    const { upload: index, id } = parseKey(key);
    if (id === null) {
      this.changeUploads(this.uploads.map((upload, n) =>
        (n === index ? { ...upload, not: !upload.not } : upload)));
    } else {
      this.mark(id, this.search.ids.includes(id));
    }
  }

  /**
   * @param {string} key
   * @param {number} weight
   */
  changeWeight(key, weight) {
    const { upload: index, id } = parseKey(key);
    if (id === null) {
      this.changeUploads(this.uploads.map((upload, n) =>
        (n === index ? { ...upload, weight } : upload)), { crop: this.search.crop });
    } else {
      this.change({ weights: new Map([...this.search.weights, [id, weight]]) });
    }
  }

  /**
   * Adds an image of the collection to the query, as "like" or as "not like".
   * @param {string} id
   * @param {boolean} not
   */
  mark(id, not) {
    /** @param {string} other */
    const isOther = (other) => other !== id;
    const ids = this.search.ids.filter(isOther);
    const nots = this.search.nots.filter(isOther);
    (not ? nots : ids).push(id);
    const marked = settings.get("notLike").filter(isOther);
    settings.set("notLike", not ? [...marked, id] : marked);
    announce(not ? t("Marked as not wanted") : t("Added to the query"));
    this.change({ ids, nots, crop: null });
  }

  /** Offers to exclude the images that the user marked as not wanted. */
  offerMarks() {
    const { ids, nots } = this.search;
    const marks = settings.get("notLike").filter((id) => !ids.includes(id) && !nots.includes(id));
    if (marks.length === 0) {
      this.offer.replaceChildren();
      return;
    }
    this.offer.replaceChildren(
      h("p", { class: "small soft" }, t("You marked one picture as “not this one”.|"
        + "You marked {count} pictures as “not this one”.", { count: marks.length })),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => {
          this.change({ nots: [...nots, ...marks], crop: null });
        } }, icon("not", { size: 18 }), marks.length === 1 ? t("Exclude it") : t("Exclude them")),
        h("button", { type: "button", class: "button quiet", onclick: () => {
          settings.set("notLike", nots);
          this.offerMarks();
        } }, t("Forget the marks"))));
  }

  // --- recent and saved searches

  toPast() {
    return toPast(this.search, this.uploads, this.collection);
  }

  showSaved() {
    if (!this.shows) return;
    const saved = isSaved(this.toPast());
    this.save.setAttribute("aria-pressed", String(saved));
    this.save.replaceChildren(icon("star", { size: 18 }), saved ? t("Saved") : t("Save this search"));
  }

  toggleSaved() {
    const search = this.toPast();
    if (isSaved(search)) remove("saved", search);
    else add("saved", search);
    announce(isSaved(search) ? t("Search saved in this browser") : t("Search no longer saved"));
  }

  // --- the search

  /**
   * Searches, unless `again` is false and the shown answer is for the same query.
   * @param {boolean} [again]
   */
  async run(again = false) {
    const { search } = this;
    const uploads = this.usable();
    const key = JSON.stringify({ ...toParams(search), view: null });
    if (!again && key === this.answered) {
      this.showAnswer();
      return;
    }
    this.request?.abort();
    this.answered = null;
    this.answer = null;
    this.problem = null;
    if (!this.checkQuery()) return;
    const request = new AbortController();
    this.request = request;
    this.results.wait(this.waitText(uploads));
    try {
      const signal = AbortSignal.any([this.signal, request.signal]);
      const answer = await api.search(toRequest(search, uploads), { signal });
      this.answer = answer;
      this.answered = key;
      if (this.request === request) this.showAnswer();
      if (this.request === request) add("recent", this.toPast());
      if (this.request === request) {
        announce(t("{count} picture found|{count} pictures found",
          { count: answer.hits.length }));
      }
    } catch (error) {
      if (this.request === request && !api.isAbort(error)) this.failed(error);
    }
  }

  /** Whether the query can be sent; shows a hint if not. */
  checkQuery() {
    const { search, uploads } = this;
    const likes = search.ids.length + search.texts.length
      + this.usable().filter(({ not }) => !not).length;
    if (this.uploadsLost) {
      this.results.showHint(t("This picture is no longer available"), t("Only your browser keeps the "
        + "pictures that you search with, and only the latest ones. Add the picture again."));
    } else if (!likes && uploads.some((upload) => this.unreadable.has(upload.blob))) {
      this.results.showHint(t("No search was made"), t("See the message under the picture."));
    } else if (!likes && uploads.some((upload) => this.tooLarge(upload))) {
      this.results.showHint(t("Picture too large"), t("Remove the picture that is too large, or use a "
        + "smaller copy."));
    } else if (likes === 0) {
      if (uploads.length + search.nots.length + search.notTexts.length > 0) {
        this.results.showHint(t("Nothing to search for"), t("The query says only what the results "
          + "should not be like. Add a picture or words that they should be like."));
      }
    } else {
      return true;
    }
    return false;
  }

  /** @param {Upload[]} uploads */
  waitText(uploads) {
    const bytes = uploads.reduce((sum, { blob }) => sum + blob.size, 0);
    return bytes > MEBI ? t("Sending {size} MiB, then searching",
      { size: decimal(bytes / MEBI, 1) }) : t("Searching");
  }

  cancel() {
    this.request?.abort();
    this.request = null;
    this.results.showHint(t("Cancelled"), "", h("button",
      { type: "button", class: "button", onclick: () => this.run(true) }, t("Search again")));
  }

  showAnswer() {
    const { view: kind, under } = this.search;
    // The rings need the picture in the middle; `showTiles` calls again when it is known.
    if (!this.answer || (kind === "rings" && !this.shownTiles)) return;
    const tile = this.shownTiles?.find(({ not }) => !not);
    const centre = !tile ? null : { ...tile, id: tile.key.replace(/^id:/, ""),
      width: tile.width || 1, height: tile.height || 1 };
    this.results.show(this.answer, { view: kind, centre, under });
  }

  /** @param {unknown} error */
  failed(error) {
    this.lostServer = error instanceof api.LostServer;
    const problem = error instanceof api.Problem ? error : null;
    const place = problem ? placeOf(problem) : "all";
    const sent = this.usable();
    const names = sentNames(sent);
    const number = names.findIndex((name) => problem?.detail.startsWith(`${name}: `));
    const prefix = number < 0 ? 0 : names[number].length + 2;
    const text = toSentence((problem?.detail || api.messageOf(error)).slice(prefix));
    if (place === "picture" && number >= 0 && problem?.status === 422) {
      this.goOnWithout(sent[number], text);
      return;
    }
    if (place === "words") {
      this.words.showProblem(text);
      this.results.showHint(t("No search was made"), t("See the message under the words."));
    } else if (this.filters.showProblem(place, text)) {
      this.results.showHint(t("A filter is not valid"), t("See the message under the filter."));
    } else if (problem && (place === "picture" || place === "id")) {
      this.problem = { place, text: pictureProblem(problem, text), detail: problem.detail };
      this.showProblem(this.problem);
      this.results.showHint(t("No search was made"), t("See the message under the picture."));
    } else {
      this.results.fail(error);
    }
  }

  /**
   * Shows what is wrong with a picture, and searches with the others.
   * @param {Upload} upload
   * @param {string} text
   */
  goOnWithout(upload, text) {
    this.unreadable.set(upload.blob, text);
    this.showTiles(this.turn);
    this.run(true);
  }

  /**
   * Shows a problem under the picture that has it. For an unreadable upload these are the uploads
   * that the browser cannot show either, or all uploads.
   * @param {{place: string, text: string, detail: string}} problem
   */
  showProblem({ place, text, detail }) {
    this.tilesHaveProblem = true;
    const unseen = (this.shownTiles ?? []).filter(({ key, src }) => isUpload(key) && !src);
    this.tiles.showProblem(text, (key) => {
      if (place === "id") return key.startsWith("id:") && detail.includes(key.slice(3));
      return isUpload(key)
        ? unseen.length === 0 || unseen.some((tile) => tile.key === key)
        : this.uploads.length === 0;
    });
  }
}

/** @param {(files: File[]) => void} addFiles */
function dropZone(addFiles) {
  return h("div", { class: "drop-zone" }, icon("photos", { size: 48 }),
    h("p", { class: "drop-title" }, t("Drop a photo here")),
    h("p", { class: "soft" }, t("or paste one, to find pictures that look like it. The photo is sent "
      + "only to this server, and the server does not keep it.")),
    h("div", { class: "row" }, pickButton(addFiles, "button primary", t("Choose photos")),
      h("a", { class: "button", href: "/browse" }, t("Choose from the collection"))));
}

/** @param {string} key */
function isUpload(key) {
  return key.startsWith("upload:");
}

/**
 * The number of an upload, or the id of an image, from the key of its tile.
 * @param {string} key
 * @returns {{upload: number, id: null} | {upload: null, id: string}}
 */
function parseKey(key) {
  const value = key.slice(key.indexOf(":") + 1);
  return isUpload(key) ? { upload: Number(value), id: null } : { upload: null, id: value };
}

/**
 * @param {{status: number}} problem
 * @param {string} text
 */
function pictureProblem({ status }, text) {
  if (status === 413) return t("Too large for the server. Use a smaller copy.");
  return text;
}

/** @param {string} text */
function toSentence(text) {
  return capitalise(/[.!?]$/.test(text) ? text : `${text}.`);
}
