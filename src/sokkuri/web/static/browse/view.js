// Browse: the whole collection, a folder, or what passes a filter, as a grid by folder or by date.

import * as api from "../base/api.js";
import { announce, clear, h, isTyping, present, toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { rich, t } from "../base/messages.js";
import { capitalise } from "../base/format.js";
import { makeFolderList } from "./folder_list.js";
import { Grid } from "./grid.js";
import { icon } from "../base/icons.js";
import { fetchGrid, findGrid, forgetGrids, keepGrid } from "./grid_data.js";
import { panel, problemPanel } from "../base/problem.js";
import { link, navigate, setTitle } from "../base/router.js";
import { makeScrubber } from "./scrubber.js";
import { asksForLabels, FilterBar } from "../search/filter_bar.js";
import { ActionBar, SELECTION_KEYS } from "../selection/action_bar.js";
import { Selection } from "../selection/selection.js";
import * as settings from "../base/settings.js";
import { indexing, makeProgress } from "../status/progress.js";
import { makeRuns } from "../status/runs.js";
import { openFrom, takeLast } from "../base/trail.js";

/**
 * @import { FolderDocument, InfoDocument, StatusEventDocument } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { View, ViewModule } from "../base/router.js"
 * @import { Anchor, GridData } from "./grid.js"
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

/**
 * @typedef {keyof typeof SORTS} Sort
 * @typedef {GridData & {count: number}} Data
 */

const SORTS = { folder: t("By folder"), newest: t("Newest"), oldest: t("Oldest"),
  name: t("Name"), size: t("Size"), pixels: t("Pixels") };
const FOLDERS_TIMEOUT = 1500; // milliseconds
const FRESH = 4000; // milliseconds between two looks at the new images of a run
const NARROW = "(max-width: 859px)";

/** @type {?{folders: FolderDocument[], revision: string | undefined}} */
let foldersCache = null;
/** @type {?Browse} */
let active = null;

/** @type {View} */
export async function show(main, params, { signal, info }) {
  const view = new Browse(main, info, signal);
  active = view;
  view.where = params.get("where") ?? "";
  view.draw();
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
  /** @type {HTMLElement} */
  heading;
  /** @type {HTMLElement} */
  sorts;
  /** @type {HTMLElement} */
  toggle;
  /** @type {FilterBar} */
  filter;
  /** @type {HTMLElement} */
  host;
  /** @type {HTMLElement} */
  content;
  /** @type {HTMLElement} */
  root;
  /** @type {HTMLElement} */
  count;
  /** @type {HTMLElement | undefined} */
  stale;
  /** @type {ReturnType<typeof makeProgress>} */
  progress;
  /** @type {ReturnType<typeof makeRuns>} */
  runs;
  /** @type {() => void} */
  stopEvents;
  /** @type {Promise<void>} */
  foldersLoaded;
  /** @type {Selection} */
  selection;
  /** @type {Grid} */
  grid;
  /** @type {ReturnType<typeof makeScrubber>} */
  scrubber;
  /** @type {ActionBar} */
  bar;

  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   */
  constructor(main, info, signal) {
    this.main = main;
    this.info = info;
    this.signal = signal;
    this.under = "";
    this.where = "";
    /** @type {Sort} */
    this.sort = "folder";
    /** @type {?string} */
    this.revision = null;
    /** @type {?ReturnType<typeof makeFolderList>} */
    this.folders = null;
    this.narrowShown = false;
    /** @type {?AbortController} */
    this.changing = null;
    this.ranAt = -Infinity; // when images were last indexed, in milliseconds
    this.changedAt = -Infinity; // when this page last moved images to the trash or back
    /** @type {?number} */
    this.freshTimer = null;
  }

  draw() {
    this.heading = h("div", { class: "heading" });
    this.sorts = h("div", { class: "choice sorts", role: "group", "aria-label": t("Order") });
    this.toggle = h("button", { type: "button", class: "button toggle",
      onclick: () => this.showFolders(!this.foldersShown()) },
    icon("folders"), h("span", { class: "text" }, t("Folders")));
    const sizes = h("div", { class: "choice sizes", role: "group", "aria-label": t("Size") },
      this.sizeButton(-1, "minus", t("Smaller")), this.sizeButton(1, "plus", t("Larger")));
    this.filter = new FilterBar({ signal: this.signal, onchange: ({ under, where }) =>
      navigate("/browse", { ...this.address(under), where }) });
    this.host = h("div", { class: "grid" });
    this.content = h("div", { class: "content" }, this.host);
    this.progress = makeProgress(t("Indexing"), indexing);
    this.runs = makeRuns({ signal: this.signal });
    this.root = h("div", { class: "browse" },
      h("div", { class: "browse-head" }, this.heading, this.toggle,
        this.filter.toggle, this.sorts, sizes),
      this.filter.panel, this.progress.el, this.runs.el, this.content);
    this.main.append(this.root);
    this.drawHeading();
    this.makeGrid();
    this.stopEvents = api.events((status) => this.changed(status));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal: this.signal });
    this.foldersLoaded = this.loadFolders();
  }

  makeGrid() {
    this.selection = new Selection(() => this.showSelection());
    this.grid = new Grid(this.host, {
      selection: this.selection,
      href: ({ id }) => `/image?${api.toQuery({ id, ...this.address(this.under) })}`,
      rowHeight,
      onmove: (anchor) => this.saveAnchor(anchor),
      onopen: (index) => this.open(index),
    });
    this.scrubber = makeScrubber(this.grid);
    this.bar = new ActionBar({ info: this.info, signal: this.signal,
      count: () => this.selection.size, onclear: () => this.selection.clear(),
      onchanged: () => { this.changedAt = performance.now(); this.refresh(); },
      onlabelled: () => asksForLabels(this.where) && this.refresh(),
      onended: (error) => this.loadAgain(api.messageOf(error)),
      source: () => ({ grid: { ...this.query(), revision: this.grid.data?.revision ?? "",
        order: this.grid.data?.order ?? "", ranges: this.selection.ranges } }) });
    this.root.append(this.scrubber.el, this.bar.element);
  }

  stop() {
    this.stopEvents();
    this.progress.stop();
    clearTimeout(this.freshTimer ?? undefined);
    this.scrubber.stop();
    this.grid.stop();
  }

  /**
   * @param {number} step
   * @param {string} name
   * @param {string} label
   */
  sizeButton(step, name, label) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
      onclick: () => this.resize(step) }, icon(name));
  }

  /** @param {number} step */
  resize(step) {
    settings.set("size", Math.min(3, Math.max(-3, settings.get("size") + step)));
    this.grid.relayKeeping();
    this.scrubber.refresh();
  }

  /**
   * Shows the folder and the order of an address.
   * @param {Query} params
   */
  async go(params) {
    this.under = params.get("under") ?? "";
    const sort = params.get("sort") ?? "folder";
    this.sort = Object.hasOwn(SORTS, sort) ? /** @type {Sort} */ (sort) : "folder";
    const where = params.get("where") ?? "";
    if (where !== this.where) this.showWhere(where);
    this.filter.show(this);
    this.selection.clear();
    this.drawHeading();
    this.folders?.mark(this.under);
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
    this.foldersLoaded = this.loadFolders();
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
    this.stale?.remove();
    const key = this.name();
    try {
      let data = asksForLabels(this.where) ? null : findGrid(key);
      if (!data) {
        this.showSkeletons();
        data = await fetchGrid(this.query(), anchor.index,
          { signal, onstale: () => active?.markStale() });
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
      this.count.textContent = "";
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
    this.drawCount(data.count);
    if (!data.count) {
      this.grid.hide();
      this.scrubber.el.hidden = true;
      this.content.replaceChildren(this.emptyPanel());
      return;
    }
    if (!this.host.isConnected) this.content.replaceChildren(this.host);
    const groups = data.groups.map((group) => ({ ...group,
      title: (group.folder === null ? format.month(group.title) : group.title) || this.info.name }));
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
    if (api.latest()?.runs) {
      return panel({ icon: "photos", level: 2, title: t("No images yet"),
        text: t("The first ones appear here in a moment.") });
    }
    return panel({ icon: "photos", level: 2, title: t("No images yet"),
      text: rich("Run {command}. The images then appear here.",
        { command: h("code", null, "sokkuri index FOLDER") }) });
  }

  drawHeading() {
    const parts = this.under ? this.under.split("/") : [];
    const name = parts.at(-1) ?? this.info.name;
    const above = ["", ...parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("/"))];
    const crumbs = parts.length > 0 && h("nav", { class: "crumbs", "aria-label": t("Parent folders") },
      h("ol", null, above.map((path) => h("li", null,
        link("/browse", this.address(path), null,
          path ? path.slice(path.lastIndexOf("/") + 1) : this.info.name)))));
    this.count = h("span", { class: "soft small number" });
    clear(this.heading);
    this.heading.append(...present([crumbs, h("h1", { tabindex: "-1" }, name), this.count]));
    this.sorts.replaceChildren(...Object.entries(SORTS).map(([sort, label]) =>
      link("/browse", { ...this.address(this.under), sort: sort === "folder" ? null : sort },
        { class: "button quiet", "aria-current": sort === this.sort ? "true" : null }, label)));
  }

  /** @param {number} count */
  drawCount(count) {
    this.count.textContent = t("{count} image|{count} images", { count });
  }

  /** @param {string} under */
  address(under) {
    return { under, sort: this.sort === "folder" ? null : this.sort, where: this.where };
  }

  async loadFolders() {
    const revision = api.latest()?.revision;
    const { where } = this;
    try {
      let known = foldersCache;
      if (where || !known || known.revision !== revision) {
        const { folders } = await api.folders({ signal: this.signal }, { where });
        known = { folders, revision };
      }
      if (!where) foldersCache = known;
      if (where === this.where) this.drawFolders(known.folders);
    } catch (error) {
      if (!api.isAbort(error)) this.toggle.hidden = true;
    }
  }

  /** @param {FolderDocument[]} folders */
  drawFolders(folders) {
    this.folders?.el.remove();
    this.folders = null;
    this.toggle.hidden = folders.length < 2;
    this.root.classList.toggle("with-folders", folders.length > 1 && this.foldersShown());
    if (folders.length < 2) return;
    this.folders = makeFolderList(folders,
      { root: this.info.name, address: (under) => this.address(under) });
    this.folders.mark(this.under);
    this.content.before(this.folders.el);
    this.showFolders(this.foldersShown(), false);
  }

  /** Whether the list of folders is shown. Narrow pages start without it, wide ones as last set. */
  foldersShown() {
    if (matchMedia(NARROW).matches) return this.narrowShown;
    return settings.get("folders");
  }

  /**
   * @param {boolean} on
   * @param {boolean} [save]
   */
  showFolders(on, save = true) {
    if (save && matchMedia(NARROW).matches) this.narrowShown = on;
    else if (save) settings.set("folders", on);
    this.toggle.setAttribute("aria-expanded", String(on));
    if (!this.folders) return;
    this.folders.el.hidden = !on;
    this.root.classList.toggle("with-folders", on);
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

  /** @param {StatusEventDocument} status */
  changed(status) {
    this.progress.update(status);
    this.runs.update(status);
    const { revision, total, runs } = status;
    if (runs) this.ranAt = performance.now();
    if (!this.revision || revision === this.revision) return;
    if (performance.now() - this.changedAt < FRESH && !this.selection.size) {
      this.refresh(); // the first answer may have come before the server noticed the change
      return;
    }
    if (performance.now() - this.ranAt < FRESH && !this.selection.size) {
      const wait = this.grid.data ? FRESH : 0;
      this.freshTimer ??= setTimeout(() => this.refreshDuringRun(), wait);
      return;
    }
    if (!this.grid.data) {
      if (total) this.refresh();
      return;
    }
    this.markStale();
  }

  /** Shows the new images of a run, unless the user is busy with the old ones. */
  refreshDuringRun() {
    this.freshTimer = null;
    const isBusy = this.selection.size || this.host.contains(document.activeElement);
    if (isBusy) this.markStale();
    else this.refresh();
  }

  markStale() {
    if (this.stale?.isConnected || this.signal.aborted) return;
    this.stale = h("button", { type: "button", class: "button stale",
      onclick: () => this.refresh() }, t("The collection has changed. Reload"));
    this.root.append(this.stale);
    announce(t("The collection has changed"));
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
    this.foldersLoaded = this.loadFolders();
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
    this.grid.showSelection();
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
    else if (event.key === "f" && this.folders) this.showFolders(!this.foldersShown());
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

/**
 * The target height of a row: higher on wide pages, and scaled by the setting "size".
 * @param {number} width
 */
function rowHeight(width) {
  const normal = Math.min(300, Math.max(116, 90 + width * 0.085));
  return normal * 1.25 ** settings.get("size");
}
