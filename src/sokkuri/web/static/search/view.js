// Search with pictures: dropped, pasted, picked, or of the collection; like these, not like those.

import * as api from "../base/api.js";
import { announce, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { lasting } from "../base/lasting.js";
import { localPicture } from "./local_picture.js";
import { pickButton, takePictures } from "./picking.js";
import { QueryTiles } from "./query_tiles.js";
import { navigate, setTitle } from "../base/router.js";
import { SearchAnswer } from "./answer.js";
import { SearchFilters } from "./filters.js";
import { canCrop, fromParams, placeOf, toParams, toRequest } from "./state.js";
import * as settings from "../base/settings.js";
import { keep, recall } from "./uploads.js";

export const title = "Search";

export const shortcuts = [
  ["Ctrl V", "Paste a picture"],
  ["← → ↑ ↓", "Move the frame of a part; with Shift: its size"],
  ["Enter", "Search that part"],
  ["Esc", "Leave it"],
];

const MEBI = 1024 * 1024;

export const { show, update } = lasting((main, { signal, info }) =>
  new SearchView(main, signal, info));

class SearchView {
  constructor(main, signal, info) {
    this.signal = signal;
    this.mostBytes = info?.max_upload ?? Infinity;
    this.search = null;
    this.uploads = [];
    this.pictures = new Map();
    this.answer = null;
    const take = (files) => this.take(files);
    this.tiles = new QueryTiles({
      onremove: (key) => this.without(key),
      onsign: (key) => this.turned(key),
      oncrop: (crop) => this.change({ crop }),
    });
    this.filters = new SearchFilters({ signal, onchange: (fields) => this.change(fields) });
    this.found = new SearchAnswer({
      onview: (kind) => this.change({ view: kind }),
      onlike: (id) => this.mark(id, false),
      onunlike: (id) => this.mark(id, true),
      onretry: () => this.run(true),
      oncancel: () => this.cancel(),
    });
    this.heading = h("h1", { tabindex: -1 }, "Search");
    this.offer = h("div", { class: "search-offer" });
    this.element = h("div", { class: "search" },
      h("section", { class: "search-side", "aria-label": "What is searched for" },
        this.heading, dropZone(take), this.tiles.element,
        h("div", { class: "row search-add" },
          pickButton(take, "button", icon("plus", { size: 18 }), "Add a picture")),
        this.offer, this.filters.element),
      this.found.element,
      h("div", { class: "drop-veil", "aria-hidden": "true" }, h("p", null, "Drop to search")));
    main.append(this.element);
    api.connection.addEventListener("found", () => {
      if (this.lostServer) this.run(true);
    }, { signal });
    takePictures(take, {
      signal,
      onhover: (over) => this.element.classList.toggle("dropping", over),
    });
  }

  stop() {
    this.request?.abort();
    this.found.destroy();
    for (const { src } of this.pictures.values()) {
      if (src?.startsWith("blob:")) URL.revokeObjectURL(src);
    }
  }

  /** Shows what an address says. */
  async go(params) {
    const search = fromParams(params);
    const asked = Symbol("asked");
    this.asked = asked;
    const uploads = search.upload ? await recall(search.upload) : [];
    if (this.asked !== asked || this.signal.aborted) return;
    this.search = search;
    this.uploads = uploads ?? [];
    this.lost = uploads === null;
    const any = this.uploads.length + search.ids.length + search.nots.length > 0;
    const wasEmpty = this.element.classList.contains("empty");
    this.element.classList.toggle("empty", !any && !this.lost);
    // What had the focus in the empty page is gone.
    if (wasEmpty && any) this.heading.focus({ preventScroll: true });
    this.filters.show(search);
    this.offerMarks();
    this.shownTiles = null;
    const run = this.run();
    await this.showTiles(asked);
    await run;
  }

  // --- what is searched with

  /** Pictures and ids under one kind of key. */
  entries() {
    return [
      ...this.uploads.map((upload, at) => ({ key: `upload:${at}`, upload, not: upload.not })),
      ...this.search.ids.map((id) => ({ key: `id:${id}`, id, not: false })),
      ...this.search.nots.map((id) => ({ key: `id:${id}`, id, not: true })),
    ];
  }

  async showTiles(asked) {
    const tiles = await Promise.all(this.entries().map((entry) => this.tileOf(entry)));
    if (this.asked !== asked || this.signal.aborted) return;
    const how = { crop: this.search.crop, canCrop: canCrop(this.search, this.uploads) };
    const same = JSON.stringify([tiles, how]);
    if (same !== this.same || this.blamed) this.tiles.show(tiles, how);
    this.same = same;
    this.blamed = false;
    this.shownTiles = tiles;
    if (this.problem) this.blame(this.problem);
    setTitle(tiles.length ? `${tiles[0].name} · Search` : title);
    if (this.search.view === "rings") this.showAnswer();
  }

  async tileOf({ key, upload, id, not }) {
    const about = upload ? await this.localOf(upload) : await this.imageOf(id);
    return { key, not, name: upload?.name || about?.name || id || "Pasted picture",
      src: about?.src ?? null, width: about?.width ?? 0, height: about?.height ?? 0,
      problem: upload ? this.tooLarge(upload) : "" };
  }

  async localOf(upload) {
    if (!this.pictures.has(upload.blob)) {
      this.pictures.set(upload.blob, (await localPicture(upload.blob)) ?? {});
    }
    return this.pictures.get(upload.blob);
  }

  async imageOf(id) {
    if (!this.pictures.has(id)) {
      try {
        const { name, width, height, v } = await api.image(id, { signal: this.signal });
        const src = api.imageUrl(id, "thumbnail", { size: 512, v });
        this.pictures.set(id, { name, width, height, src });
      } catch {
        return null; // The search itself says what is the matter.
      }
    }
    return this.pictures.get(id);
  }

  tooLarge({ blob }) {
    if (blob.size <= this.mostBytes) return "";
    return `Too large: ${Math.ceil(blob.size / MEBI)} MiB, and the server takes `
      + `${Math.floor(this.mostBytes / MEBI)} at most.`;
  }

  // --- changes, each a new address

  change(fields) {
    navigate("/search", toParams({ ...this.search, ...fields }));
  }

  async changeUploads(uploads, fields = {}) {
    const upload = uploads.length ? await keep(uploads) : null;
    if (!this.signal.aborted) this.change({ upload, crop: null, ...fields });
  }

  take(files) {
    const taken = files.map((file) => ({ name: file.name, blob: file, not: false }));
    this.changeUploads([...this.uploads, ...taken]);
  }

  without(key) {
    const [kind, at] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
    if (kind === "upload") {
      this.changeUploads(this.uploads.filter((_, n) => n !== Number(at)));
    } else {
      const other = (id) => id !== at;
      this.change({ ids: this.search.ids.filter(other), nots: this.search.nots.filter(other),
        crop: null });
    }
  }

  /** From like to not like, and back. */
  turned(key) {
    const [kind, at] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
    if (kind === "upload") {
      this.changeUploads(this.uploads.map((upload, n) =>
        (n === Number(at) ? { ...upload, not: !upload.not } : upload)));
    } else {
      this.mark(at, this.search.ids.includes(at));
    }
  }

  mark(id, not) {
    const other = (one) => one !== id;
    const ids = this.search.ids.filter(other);
    const nots = this.search.nots.filter(other);
    (not ? nots : ids).push(id);
    const marked = settings.get("notLike").filter(other);
    settings.set("notLike", not ? [...marked, id] : marked);
    announce(not ? "Not like this one" : "Like this too");
    this.change({ ids, nots, crop: null });
  }

  /** What was marked elsewhere as not alike can be used here too. */
  offerMarks() {
    const { ids, nots } = this.search;
    const marks = settings.get("notLike").filter((id) => !ids.includes(id) && !nots.includes(id));
    if (marks.length === 0) {
      this.offer.replaceChildren();
      return;
    }
    const count = marks.length === 1 ? "one picture" : `${marks.length} pictures`;
    this.offer.replaceChildren(
      h("p", { class: "small soft" }, `You marked ${count} as “not this one”.`),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => {
          this.change({ nots: [...nots, ...marks], crop: null });
        } }, icon("not", { size: 18 }), "Leave such out"),
        h("button", { type: "button", class: "button quiet", onclick: () => {
          settings.set("notLike", nots);
          this.offerMarks();
        } }, "Forget")));
  }

  // --- the search itself

  /** Searches, unless what is shown answers this very question. */
  async run(again = false) {
    const { search, uploads } = this;
    const key = JSON.stringify({ ...toParams(search), view: null });
    if (!again && key === this.answered) {
      this.showAnswer();
      return;
    }
    this.request?.abort();
    this.answered = null;
    this.answer = null;
    this.problem = null;
    if (!this.isWhole()) return;
    const request = new AbortController();
    this.request = request;
    this.found.wait(this.waitingFor(uploads));
    try {
      const signal = AbortSignal.any([this.signal, request.signal]);
      this.answer = await api.search(toRequest(search, uploads), { signal });
      this.answered = key;
      if (this.request === request) this.showAnswer();
      if (this.request === request) announce(`${this.answer.hits.length} pictures found`);
    } catch (error) {
      if (this.request === request && error.name !== "AbortError") this.failed(error);
    }
  }

  /** Whether there is something to search with that may be sent; says so where not. */
  isWhole() {
    const { search, uploads } = this;
    const wanted = search.ids.length + uploads.filter(({ not }) => !not).length;
    if (this.lost) {
      this.found.hint("That picture is gone", "Pictures that were searched with are kept by the "
        + "browser for a while, and only there. Add it again.");
    } else if (uploads.some((upload) => this.tooLarge(upload))) {
      this.found.hint("Not sent", "Take out the picture that is too large, or a smaller copy of it "
        + "will do as well.");
    } else if (wanted === 0) {
      if (uploads.length + search.nots.length > 0) {
        this.found.hint("Like what?", "So far there is only what it should not look like. Add a "
          + "picture that it should.");
      }
    } else {
      return true;
    }
    return false;
  }

  waitingFor(uploads) {
    const bytes = uploads.reduce((sum, { blob }) => sum + blob.size, 0);
    return bytes > MEBI ? `Sending ${(bytes / MEBI).toFixed(1)} MiB, then searching` : "Searching";
  }

  cancel() {
    this.request?.abort();
    this.request = null;
    this.found.hint("Cancelled", "", h("button",
      { type: "button", class: "button", onclick: () => this.run(true) }, "Search after all"));
  }

  showAnswer() {
    const { view: kind, under } = this.search;
    // Rings need to know what is in the middle; the tiles call again when they know.
    if (!this.answer || (kind === "rings" && !this.shownTiles)) return;
    const wanted = this.shownTiles?.find(({ not }) => !not);
    const centre = wanted && { ...wanted, id: wanted.key.replace(/^id:/, ""),
      width: wanted.width || 1, height: wanted.height || 1 };
    this.found.show(this.answer, { view: kind, centre, under });
  }

  failed(error) {
    this.lostServer = error.name === "LostServer";
    const place = error.name === "Problem" ? placeOf(error) : "all";
    const meant = this.uploads.find(({ name }) => error.detail?.startsWith(`${name}: `));
    const said = sentence((error.detail || error.message).slice(meant ? meant.name.length + 2 : 0));
    if (this.filters.blame(place, said)) {
      this.found.hint("A filter is not understood", "It is marked at its field.");
    } else if (place === "picture" || place === "id") {
      this.problem = { place, said: kind(error, said), detail: error.detail };
      this.blame(this.problem);
      this.found.hint("Not searched", "What is wrong is said at the picture.");
    } else {
      this.found.fail(error);
    }
  }

  /** At the picture that is meant, as far as that can be told. */
  blame({ place, said, detail }) {
    this.blamed = true;
    const unseen = (this.shownTiles ?? []).filter(({ key, src }) => isUpload(key) && !src);
    this.tiles.blame(said, (key) => {
      if (place === "id") return key.startsWith("id:") && detail.includes(key.slice(3));
      return isUpload(key)
        ? unseen.length === 0 || unseen.some((tile) => tile.key === key)
        : this.uploads.length === 0;
    });
  }
}

function dropZone(take) {
  return h("div", { class: "drop-zone" }, icon("photos", { size: 48 }),
    h("p", { class: "drop-title" }, "Drop a photo here"),
    h("p", { class: "soft" }, "or paste one, and see what looks like it. It goes to this server "
      + "and nowhere else, and is not kept there."),
    h("div", { class: "row" }, pickButton(take, "button primary", "Choose photos"),
      h("a", { class: "button", href: "/browse" }, "Choose from the collection")));
}

function isUpload(key) {
  return key.startsWith("upload:");
}

function kind({ status }, said) {
  if (status === 413) return "Too large for the server. A smaller copy will do as well.";
  return said;
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
