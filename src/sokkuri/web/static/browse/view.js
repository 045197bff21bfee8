// Browse: the whole collection, a folder, or what passes a filter, as a grid by folder or by date.

import * as api from "../base/api.js";
import { h, isTyping, toast } from "../base/dom.js";
import { events, latest } from "../base/events.js";
import { capitalise, month } from "../base/format.js";
import { rich, t } from "../base/messages.js";
import { panel, problemPanel } from "../base/problem.js";
import { link, navigate, setTitle } from "../base/router.js";
import { openFrom, takeLast } from "../base/trail.js";
import { asksForLabels, FilterBar } from "../search/filter_bar.js";
import { ActionBar, SELECTION_KEYS } from "../selection/action_bar.js";
import { Selection } from "../selection/selection.js";
import { indexing, makeProgress } from "../status/progress.js";
import { makeRuns } from "../status/runs.js";
import { FolderPanel } from "./folder_panel.js";
import { Freshness } from "./freshness.js";
import { Grid } from "./grid.js";
import { fetchGrid, findGrid, forgetGrids, keepGrid } from "./grid_data.js";
import { Heading, sortOf } from "./heading.js";
import { makeScrubber } from "./scrubber.js";
import { resize, rowHeight, sizeButtons } from "./sizes.js";

/**
 * @import { InfoDocument, StatusEventDocument } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { View, ViewModule } from "../base/router.js"
 * @import { Anchor, GridData } from "./grid.js"
 * @import { Sort } from "./heading.js"
 */

export const title = t("Browse");
export const keepsScroll = true;
export const shortcuts = [
  ["← ↑ ↓ →", t("Move")],
  ["Enter", t("Open the image")],
  ...SELECTION_KEYS,
  ["r", t("Show the rings of the selected image")],
  ["+ −", t("Larger or smaller pictures")],
  ["f", t("Show or hide the folders")],
];

/** @typedef {GridData & {count: number}} Data */

const FOLDERS_TIMEOUT = 1500; // milliseconds

/** @type {?Browse} */
let active = null;

/** @type {View} */
export async function show(main, params, { signal, info }) {
  const view = new Browse(main, info, signal, params.get("where") ?? "");
  active = view;
  await view.go(params);
  return () => {
    if (active === view) active = null;
    view.stop();
  };
}

/** @type {NonNullable<ViewModule["update"]>} */
export async function update(params) {
  if (!active) return false;
  await active.go(params);
  return true;
}

class Browse {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   * @param {string} where the filter
   */
  constructor(main, info, signal, where) {
    this.info = info;
    this.signal = signal;
    this.under = "";
    this.where = where;
    /** @type {Sort} */
    this.sort = "folder";
    /** @type {?string} */
    this.revision = null;
    /** @type {?AbortController} */
    this.changing = null;
    this.host = h("div", { class: "grid" });
    this.content = h("div", { class: "content" }, this.host);
    /** @param {string} under */
    const address = (under) => this.address(under);
    this.heading = new Heading(info.name);
    this.folders = new FolderPanel({ root: info.name, before: this.content, signal, address });
    this.filter = new FilterBar({ signal, onchange: (filter) =>
      navigate("/browse", { ...this.address(filter.under), where: filter.where }) });
    this.progress = makeProgress(t("Indexing"), indexing);
    this.runs = makeRuns({ signal });
    this.root = h("div", { class: "browse" },
      h("div", { class: "browse-head" }, this.heading.el, this.folders.toggle,
        this.filter.toggle, this.heading.sorts, sizeButtons((step) => this.resize(step))),
      this.filter.panel, this.progress.el, this.runs.el, this.content);
    main.append(this.root);
    this.heading.show(this, address);
    this.selection = new Selection(() => this.showSelection());
    this.grid = this.makeGrid();
    this.scrubber = makeScrubber(this.grid);
    this.freshness = new Freshness({ host: this.content, signal, shown: () => this.shown(),
      onrefresh: () => this.refresh() });
    this.bar = this.actionBar();
    this.root.append(this.scrubber.el, this.bar.element);
    this.stopEvents = events((status) => this.changed(status));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.foldersLoaded = this.folders.load(where);
  }

  makeGrid() {
    return new Grid(this.host, {
      selection: this.selection,
      href: ({ id }) => `/image?${api.toQuery({ id, ...this.address(this.under) })}`,
      rowHeight,
      onmove: (anchor) => this.saveAnchor(anchor),
      onopen: (index) => this.open(index),
    });
  }

  actionBar() {
    return new ActionBar({ info: this.info, signal: this.signal,
      count: () => this.selection.size, onclear: () => this.selection.clear(),
      onchanged: () => { this.freshness.changed(); this.refresh(); },
      onlabelled: () => asksForLabels(this.where) && this.refresh(),
      onended: (error) => this.loadAgain(api.messageOf(error)),
      source: () => ({ grid: { ...this.query(), revision: this.grid.data?.revision ?? "",
        order: this.grid.data?.order ?? "", ranges: this.selection.ranges } }) });
  }

  stop() {
    this.stopEvents();
    this.progress.stop();
    this.freshness.stop();
    this.scrubber.stop();
    this.grid.stop();
  }

  /** @param {number} step */
  resize(step) {
    resize(step);
    this.grid.relayKeeping();
    this.scrubber.refresh();
  }

  /**
   * Shows the folder and the order of an address.
   * @param {Query} params
   */
  async go(params) {
    this.under = params.get("under") ?? "";
    this.sort = sortOf(params.get("sort"));
    const where = params.get("where") ?? "";
    if (where !== this.where) this.showWhere(where);
    this.filter.show(this);
    this.selection.clear();
    this.heading.show(this, (under) => this.address(under));
    this.folders.mark(this.under);
    setTitle(this.under || title);
    const index = Number(params.get("at")) || 0;
    const { offset, focus } = history.state ?? {};
    await this.load({ index, offset });
    const shown = takeLast(this.name());
    if (Number.isInteger(focus)) this.grid.focusAgain(shown ?? focus, shown !== null);
  }

  /**
   * Takes another filter; the list of folders has other counts.
   * @param {string} where
   */
  showWhere(where) {
    this.where = where;
    this.foldersLoaded = this.folders.load(this.where);
  }

  /** What the grid shows, as the server takes it. */
  query() {
    return { under: this.under || null, where: this.where || null, sort: this.sort };
  }

  /** The name of the list that the grid shows. */
  name() {
    return `${this.sort} ${this.under}\n${this.where}`;
  }

  /** @param {{index: number, offset?: number}} anchor */
  async load(anchor) {
    this.changing?.abort();
    this.changing = new AbortController();
    const signal = AbortSignal.any([this.signal, this.changing.signal]);
    this.freshness.withdrawOffer();
    const key = this.name();
    try {
      let data = asksForLabels(this.where) ? null : findGrid(key);
      if (!data) {
        this.showSkeletons();
        data = await fetchGrid(this.query(), anchor.index,
          { signal, onstale: () => active?.freshness.offerReload() });
      }
      keepGrid(key, data);
      // The list of folders needs some of the width, so rows are laid out after it is drawn.
      await Promise.race([this.foldersLoaded, pause(FOLDERS_TIMEOUT)]);
      signal.throwIfAborted();
      this.showData(data, anchor);
    } catch (error) {
      if (api.isAbort(error)) return;
      const isFilter = this.filter.explain(error);
      this.grid.hide();
      this.scrubber.el.hidden = true;
      this.heading.showCount(null);
      this.content.replaceChildren(isFilter
        ? panel({ icon: "filter", level: 2, title: t("The filter is not valid"),
          text: t("See the message under the filter.") })
        : problemPanel(error, () => this.load(anchor), 2));
    }
  }

  showSkeletons() {
    if (this.grid.data) return;
    const boxes = Array.from({ length: 40 }, () => h("div", { class: "skeleton" }));
    this.content.replaceChildren(h("div", { class: "skeletons", "aria-hidden": "true" }, boxes));
  }

  /**
   * @param {Data} data
   * @param {{index: number, offset?: number}} anchor
   */
  showData(data, anchor) {
    this.revision = data.revision;
    this.heading.showCount(data.count);
    if (!data.count) {
      this.grid.hide();
      this.scrubber.el.hidden = true;
      this.content.replaceChildren(this.emptyPanel());
      return;
    }
    if (!this.host.isConnected) this.content.replaceChildren(this.host);
    const groups = data.groups.map((group) => ({ ...group,
      title: (group.folder === null ? month(group.title) : group.title) || this.info.name }));
    this.grid.show({ ...data, groups });
    this.grid.scrollToAnchor(anchor);
    this.scrubber.refresh();
  }

  emptyPanel() {
    if (this.where) {
      return panel({ icon: "filter", level: 2, title: t("No image passes the filter") },
        link("/browse", { ...this.address(this.under), where: null }, { class: "button" },
          t("Remove the filter")));
    }
    if (this.under) {
      return panel({ icon: "folder", level: 2, title: t("No images in this folder") },
        link("/browse", { sort: this.sort }, { class: "button" }, t("Show all")));
    }
    if (latest()?.runs) {
      return panel({ icon: "photos", level: 2, title: t("No images yet"),
        text: t("The first ones appear here in a moment.") });
    }
    return panel({ icon: "photos", level: 2, title: t("No images yet"),
      text: rich("Run {command}. The images then appear here.",
        { command: h("code", null, "sokkuri index FOLDER") }) });
  }

  /** @param {string} under */
  address(under) {
    return { under, sort: this.sort === "folder" ? null : this.sort, where: this.where };
  }

  /**
   * Remembers the place in the grid before an image of it is opened.
   * @param {number} index
   */
  open(index) {
    if (!this.grid.data) return;
    openFrom({ ...this.grid.data.windows.listAt(index), list: this.name() });
    this.saveAnchor(this.grid.anchor(), index);
  }

  /**
   * Writes the scroll position to the address, so that Back and a reload return to it.
   * @param {Anchor} anchor
   * @param {?number} [focus]
   */
  saveAnchor({ index, offset }, focus = null) {
    if (this.signal.aborted) return;
    navigate("/browse", { ...this.address(this.under), at: index || null },
      { replace: true, quiet: true, state: { offset: index ? offset : 0, focus } });
  }

  /** What the grid shows, for `freshness`. */
  shown() {
    return { revision: this.revision, hasImages: this.grid.data !== null,
      isSelecting: this.selection.size > 0, hasFocus: this.host.contains(document.activeElement) };
  }

  /** @param {StatusEventDocument} status */
  changed(status) {
    this.progress.update(status);
    this.runs.update(status);
    this.freshness.follow(status);
  }

  /**
   * Fetches the grid again after an action that was not carried out, and says so.
   * @param {string} message
   */
  loadAgain(message) {
    toast(t("{reason}. The grid was loaded again", { reason: capitalise(message) }));
    this.refresh();
  }

  /** Fetches all data again; the image at the top of the window stays there. */
  async refresh() {
    const anchor = this.grid.anchor();
    const image = this.grid.data?.windows.get(anchor.index);
    forgetGrids();
    this.selection.clear();
    this.foldersLoaded = this.folders.load(this.where);
    await this.load(anchor);
    const index = image ? await this.find(image.id, anchor.index) : -1;
    if (index >= 0 && index !== anchor.index) this.grid.scrollToAnchor({ ...anchor, index });
  }

  /**
   * The index of an image that was at `index`, or -1 if it is not near that index.
   * @param {string} id
   * @param {number} index
   */
  async find(id, index) {
    const count = this.grid.data?.windows.count ?? 0;
    const near = [];
    for (let i = Math.max(0, index - 500); i < Math.min(count, index + 500); i++) near.push(i);
    const images = await this.grid.data?.windows.all(near) ?? [];
    const n = images.findIndex((image) => image.id === id);
    return n < 0 ? -1 : near[n];
  }

  showSelection() {
    this.grid.rows.showSelection();
    if (this.bar.show()) this.grid.focus(this.grid.focused);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a" && this.grid.data) {
      this.selection.all(this.grid.data.windows.count);
      event.preventDefault();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") this.resize(1);
    else if (event.key === "-") this.resize(-1);
    else if (event.key === "f" && this.folders.list) this.folders.show(!this.folders.isShown());
    else if (!this.enterGrid(event)) return;
    event.preventDefault();
  }

  /**
   * Enters the grid on a left or right arrow key if no control has the focus; returns whether.
   * @param {KeyboardEvent} event
   */
  enterGrid({ key }) {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return false;
    const free = document.activeElement === document.body ||
      document.activeElement?.tagName === "H1";
    if (!free || !this.grid.layout?.rows) return false;
    this.grid.focus(this.grid.anchor().index);
    return true;
  }
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
