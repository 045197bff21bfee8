// Search: finds images that look like the pictures of the query, fit its words, and are unlike
// others. The pictures are dropped, pasted, picked, or from the collection.

import * as api from "../base/api.js";
import { announce, h } from "../base/dom.js";
import { capitalise, decimal } from "../base/format.js";
import { icon } from "../base/icons.js";
import { lasting } from "../base/lasting.js";
import { t } from "../base/messages.js";
import { problemText } from "../base/problem_text.js";
import { Query } from "../base/query.js";
import { dropZone } from "./drop_zone.js";
import { MarksOffer } from "./marks_offer.js";
import { add, toPast } from "./past.js";
import { pickButton } from "./picking.js";
import { entriesOf, isUpload, parseKey, QueryPictures } from "./query_pictures.js";
import { QueryTiles } from "./query_tiles.js";
import { navigate, setTitle } from "../base/router.js";
import { SearchAnswer } from "./answer.js";
import { SearchFilters } from "./filters.js";
import { QueryWords } from "./words.js";
import { readinessOf } from "./readiness.js";
import { SaveButton } from "./save_button.js";
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
    this.pictures = new QueryPictures({ signal, mostBytes: info?.max_upload ?? Infinity });
    this.search = fromParams(new Query());
    this.shows = false; // whether `search` is that of an address
    /** @type {Upload[]} */
    this.uploads = [];
    this.uploadsLost = false;
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
    this.offer = new MarksOffer({ onexclude: (marks) =>
      this.change({ nots: [...this.search.nots, ...marks], crop: null }) });
    this.save = new SaveButton({ signal, search: () => (this.shows ? this.toPast() : null) });
    this.element = this.build();
    main.append(this.element);
    api.connection.addEventListener("found", () => {
      if (this.lostServer) this.run(true);
    }, { signal });
  }

  build() {
    /** @param {File[]} files */
    const addFiles = (files) => addTerms({ files });
    return h("div", { class: "search" },
      h("section", { class: "search-side", "aria-label": t("Query") },
        this.heading, this.words.element, dropZone(addFiles), this.tiles.element,
        h("div", { class: "row search-add" },
          pickButton(addFiles, "button", icon("plus", { size: 18 }), t("Add a picture")),
          this.save.el),
        this.offer.el, this.filters.element),
      this.results.element);
  }

  stop() {
    this.request?.abort();
    this.results.destroy();
    this.pictures.stop();
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
    this.save.show();
    this.offer.show(search);
    this.shownTiles = null;
    const run = this.run();
    await this.showTiles(turn);
    await run;
  }

  // --- the pictures of the query

  /** @param {?symbol} turn */
  async showTiles(turn) {
    const tiles = await Promise.all(entriesOf(this.search, this.uploads)
      .map((entry) => this.pictures.tileOf(entry)));
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

  /** The uploaded pictures that can be sent: one bad picture does not block the others. */
  usable() {
    return this.uploads.filter((upload) => !this.pictures.faultOf(upload));
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

  /** The shown search, as it is kept among the recent and saved ones. */
  toPast() {
    return toPast(this.search, this.uploads, this.collection);
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
    if (this.uploadsLost) {
      this.results.showHint(t("This picture is no longer available"), t("Only your browser keeps the "
        + "pictures that you search with, and only the latest ones. Add the picture again."));
      return false;
    }
    const { isReady, title: head, text = "" } = readinessOf(this.search, this.uploads, this.pictures);
    if (head) this.results.showHint(head, text);
    return isReady;
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
    const text = toSentence(problem?.detail
      ? problemText(problem.detail.slice(prefix)) : api.messageOf(error));
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
      this.problem = { place, detail: problem.detail,
        text: problem.status === 413 ? t("Too large for the server. Use a smaller copy.") : text };
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
    this.pictures.refuse(upload, text);
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

/** @param {string} text */
function toSentence(text) {
  return capitalise(/[.!?。！？]$/.test(text) ? text : `${text}.`);
}
