// Browse: the whole collection, or a folder of it, as a grid by folder or by date.

import * as api from "../base/api.js";
import { announce, clear, h, isTyping, toast } from "../base/dom.js";
import { makeFolderList } from "./folder_list.js";
import { Grid } from "./grid.js";
import { icon } from "../base/icons.js";
import { Windows } from "./windows.js";
import { panel, problemPanel } from "../base/problem.js";
import { link, navigate, setTitle } from "../base/router.js";
import { makeScrubber } from "./scrubber.js";
import { Selection } from "./selection.js";
import * as settings from "../base/settings.js";

export const title = "Browse";
export const keepsScroll = true;
export const shortcuts = [
  ["← ↑ ↓ →", "Move"],
  ["Enter", "Open the image"],
  ["Space", "Select or unselect it"],
  ["Shift →", "Select on the way"],
  ["Esc", "Unselect all"],
  ["s", "Search for what is selected"],
  ["r", "Rings around it"],
  ["+ −", "Larger, smaller"],
  ["f", "Folders"],
];

const SORTS = { folder: "By folder", newest: "Newest", oldest: "Oldest" };
const MOST_SELECTED = 50;
const PATIENCE = 1500;
const NARROW = "(max-width: 859px)";

// The last grids that were seen: Back shows them without a wait.
const kept = new Map();
let keptFolders = null;
let active = null;

/** @type {import("../base/router.js").View} */
export async function show(main, params, { signal, info }) {
  const view = new Browse(main, info, signal);
  active = view;
  view.draw();
  await view.go(params);
  return () => {
    if (active === view) active = null;
    view.stop();
  };
}

export async function update(params) {
  if (!active) return false;
  await active.go(params);
  return true;
}

class Browse {
  constructor(main, info, signal) {
    Object.assign(this, { main, info, signal, under: "", sort: "folder", revision: null });
    this.folders = null;
    this.changing = null;
  }

  draw() {
    this.heading = h("div", { class: "heading" });
    this.sorts = h("div", { class: "choice sorts", role: "group", "aria-label": "Order" });
    this.toggle = h("button", { type: "button", class: "button toggle",
      onclick: () => this.showFolders(!this.foldersShown()) },
    icon("folders"), h("span", { class: "text" }, "Folders"));
    const sizes = h("div", { class: "choice sizes", role: "group", "aria-label": "Size" },
      this.sizeButton(-1, "minus", "Smaller"), this.sizeButton(1, "plus", "Larger"));
    this.host = h("div", { class: "grid" });
    this.content = h("div", { class: "content" }, this.host);
    this.root = h("div", { class: "browse" },
      h("div", { class: "browse-head" }, this.heading, this.toggle, this.sorts, sizes),
      this.content);
    this.main.append(this.root);
    this.drawHeading();
    this.makeGrid();
    this.stopEvents = api.events((status) => this.changed(status));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal: this.signal });
    this.foldersCome = this.loadFolders();
  }

  makeGrid() {
    this.selection = new Selection(MOST_SELECTED, () => this.selected(), () =>
      toast(`No more than ${MOST_SELECTED} can be selected`));
    this.grid = new Grid(this.host, {
      selection: this.selection,
      href: ({ id }) => `/image?${api.toQuery({ id, under: this.under })}`,
      rowHeight,
      onmove: (anchor) => this.moved(anchor),
      onopen: (focus) => this.moved(this.grid.anchor(), focus),
    });
    this.scrubber = makeScrubber(this.grid);
    this.bar = h("div", { class: "chosen-bar", role: "region", "aria-label": "Selected",
      hidden: true });
    this.root.append(this.scrubber.el, this.bar);
  }

  stop() {
    this.stopEvents();
    this.scrubber.stop();
    this.grid.stop();
  }

  sizeButton(step, name, label) {
    return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
      onclick: () => this.resize(step) }, icon(name));
  }

  resize(step) {
    settings.set("size", Math.min(3, Math.max(-3, settings.get("size") + step)));
    this.grid.relayKeeping();
    this.scrubber.refresh();
  }

  /** Shows what an address asks for. */
  async go(params) {
    this.under = params.get("under") ?? "";
    this.sort = params.get("sort") in SORTS ? params.get("sort") : "folder";
    this.selection.clear();
    this.drawHeading();
    this.folders?.mark(this.under);
    setTitle(this.under || title);
    const at = Number(params.get("at")) || 0;
    const { offset, focus } = history.state ?? {};
    await this.load({ index: at, offset });
    if (Number.isInteger(focus)) this.grid.focusQuietly(focus);
  }

  async load(anchor) {
    this.changing?.abort();
    this.changing = new AbortController();
    const signal = AbortSignal.any([this.signal, this.changing.signal]);
    this.stale?.remove();
    const key = `${this.sort} ${this.under}`;
    try {
      let data = kept.get(key);
      if (data && data.revision !== (api.latest()?.revision ?? data.revision)) data = null;
      if (!data) {
        this.showSkeletons();
        data = await this.fetch(signal);
      }
      keep(key, data);
      // The list of folders takes its share of the width: rows are made when that is known.
      await Promise.race([this.foldersCome, pause(PATIENCE)]);
      signal.throwIfAborted();
      this.showData(data, anchor);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.content.replaceChildren(problemPanel(error, () => this.load(anchor), 2));
    }
  }

  async fetch(signal) {
    const { under, sort } = this;
    const about = await api.grid({ under, sort }, { signal });
    const windows = new Windows(about.count, async (offset, limit, stop) => {
      const got = await api.gridItems({ under, sort, offset: String(offset), limit },
        { signal: stop });
      if (got.revision !== about.revision) active?.markStale();
      return got.images;
    });
    return { ...about, ratios: Uint16Array.from(about.ratios), windows };
  }

  showSkeletons() {
    if (this.grid.data) return;
    const boxes = Array.from({ length: 40 }, () => h("div", { class: "skeleton" }));
    this.content.replaceChildren(h("div", { class: "skeletons", "aria-hidden": "true" }, boxes));
  }

  showData(data, anchor) {
    this.revision = data.revision;
    this.drawCount(data.count);
    if (!data.count) {
      this.grid.data = null;
      this.scrubber.el.hidden = true;
      this.content.replaceChildren(this.emptyPanel());
      return;
    }
    if (!this.host.isConnected) this.content.replaceChildren(this.host);
    const groups = data.groups.map((group) => ({ ...group, title: group.title || this.info.name }));
    this.grid.show({ ...data, groups });
    this.grid.scrollToAnchor(anchor);
    this.scrubber.refresh();
  }

  emptyPanel() {
    if (this.under) {
      return panel({ icon: "folder", level: 2, title: "No images in this folder" },
        link("/browse", { sort: this.sort }, { class: "button" }, "Show all"));
    }
    return panel({ icon: "photos", level: 2, title: "No images yet",
      text: ["Run ", h("code", null, "sokkuri index FOLDER"), "; they appear here."] });
  }

  drawHeading() {
    const parts = this.under ? this.under.split("/") : [];
    const name = parts.at(-1) ?? this.info.name;
    const above = ["", ...parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("/"))];
    const crumbs = parts.length > 0 && h("nav", { class: "crumbs", "aria-label": "Folders above" },
      h("ol", null, above.map((path) => h("li", null,
        link("/browse", this.address(path), null,
          path ? path.slice(path.lastIndexOf("/") + 1) : this.info.name)))));
    this.count = h("span", { class: "soft small number" });
    clear(this.heading);
    this.heading.append(...[crumbs, h("h1", { tabindex: "-1" }, name), this.count].filter(Boolean));
    this.sorts.replaceChildren(...Object.entries(SORTS).map(([sort, label]) =>
      link("/browse", { under: this.under, sort: sort === "folder" ? null : sort },
        { class: "button quiet", "aria-current": sort === this.sort ? "true" : null }, label)));
  }

  drawCount(count) {
    this.count.textContent = count === 1 ? "1 image" : `${count.toLocaleString("en")} images`;
  }

  address(under) {
    return { under, sort: this.sort === "folder" ? null : this.sort };
  }

  async loadFolders() {
    const revision = api.latest()?.revision;
    try {
      if (!keptFolders || keptFolders.revision !== revision) {
        const { folders } = await api.folders({ signal: this.signal });
        keptFolders = { folders, revision };
      }
      this.drawFolders(keptFolders.folders);
    } catch (error) {
      if (error.name !== "AbortError") this.toggle.hidden = true;
    }
  }

  drawFolders(folders) {
    this.folders?.el.remove();
    this.folders = null;
    this.toggle.hidden = folders.length < 2;
    if (folders.length < 2) return;
    this.folders = makeFolderList(folders,
      { root: this.info.name, address: (under) => this.address(under) });
    this.folders.mark(this.under);
    this.content.before(this.folders.el);
    this.showFolders(this.foldersShown(), false);
  }

  /** On narrow pages the list begins closed; on wide ones as it was left. */
  foldersShown() {
    if (matchMedia(NARROW).matches) return this.narrowShown ?? false;
    return settings.get("folders");
  }

  showFolders(on, keep_ = true) {
    if (keep_ && matchMedia(NARROW).matches) this.narrowShown = on;
    else if (keep_) settings.set("folders", on);
    this.toggle.setAttribute("aria-expanded", String(on));
    if (!this.folders) return;
    this.folders.el.hidden = !on;
    this.root.classList.toggle("with-folders", on);
  }

  /** The address follows the scroll position, so that Back and reload come to the same place. */
  moved({ index, offset }, focus = null) {
    if (this.signal.aborted) return;
    navigate("/browse", { ...this.address(this.under), at: index || null },
      { replace: true, quiet: true, state: { offset: index ? offset : 0, focus } });
  }

  changed({ revision, total }) {
    if (!this.revision || revision === this.revision) return;
    if (!this.grid.data) {
      if (total) this.refresh();
      return;
    }
    this.markStale();
  }

  markStale() {
    if (this.stale?.isConnected || this.signal.aborted) return;
    this.stale = h("button", { type: "button", class: "button stale",
      onclick: () => this.refresh() }, "The collection has changed: show");
    this.root.append(this.stale);
    announce("The collection has changed");
  }

  /** Fetches everything anew; the image at the top of the window stays there. */
  async refresh() {
    const anchor = this.grid.anchor();
    const image = this.grid.data?.windows.get(anchor.index);
    kept.clear();
    this.selection.clear();
    this.foldersCome = this.loadFolders();
    await this.load(anchor);
    const now = image && await this.find(image.id, anchor.index);
    if (now >= 0 && now !== anchor.index) this.grid.scrollToAnchor({ ...anchor, index: now });
  }

  /** Where an image is now that was at `index`: looked for nearby only. */
  async find(id, index) {
    const count = this.grid.data?.windows.count ?? 0;
    const near = [];
    for (let i = Math.max(0, index - 500); i < Math.min(count, index + 500); i++) near.push(i);
    const images = await this.grid.data?.windows.all(near) ?? [];
    const at = images.findIndex((image) => image.id === id);
    return at < 0 ? -1 : near[at];
  }

  selected() {
    this.grid.showSelection();
    const { size } = this.selection;
    const hadFocus = this.bar.contains(document.activeElement);
    this.bar.hidden = size === 0;
    if (!size) {
      if (hadFocus) this.grid.focus(this.grid.focused);
      return;
    }
    const text = size === 1 ? "1 selected" : `${size} selected`;
    announce(text);
    const button = (label, onclick, kind = "") =>
      h("button", { type: "button", class: `button ${kind}`, onclick }, label);
    this.bar.replaceChildren(...[
      h("span", { class: "number" }, text),
      button(size === 1 ? "Search for this" : "Search for these", () => this.searchChosen(),
        "primary"),
      size === 1 && button("Open rings", () => this.openRings()),
      h("button", { type: "button", class: "icon-button", "aria-label": "Unselect all",
        title: "Unselect all (Esc)", onclick: () => this.selection.clear() }, icon("close")),
    ].filter(Boolean));
  }

  async chosenIds() {
    const images = await this.grid.data.windows.all(this.selection.chosen);
    if (!images.length) toast("The images could not be looked up");
    return images.map(({ id }) => id);
  }

  async searchChosen() {
    const id = await this.chosenIds();
    if (id.length) navigate("/search", { id });
  }

  async openRings() {
    const [id] = await this.chosenIds();
    if (id !== undefined) navigate("/rings", { id });
  }

  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const one = this.selection.size === 1;
    if (event.key === "Escape" && this.selection.size) this.selection.clear();
    else if (event.key === "s" && this.selection.size) this.searchChosen();
    else if (event.key === "r" && one) this.openRings();
    else if (event.key === "+" || event.key === "=") this.resize(1);
    else if (event.key === "-") this.resize(-1);
    else if (event.key === "f" && this.folders) this.showFolders(!this.foldersShown());
    else if (event.key.startsWith("Arrow") && this.enterGrid(event)) return;
    else return;
    event.preventDefault();
  }

  /** From nowhere in particular, an arrow to the right or left enters the grid. */
  enterGrid({ key }) {
    const nowhere = document.activeElement === document.body ||
      document.activeElement?.tagName === "H1";
    if (!nowhere || !this.grid.layout?.rows || key === "ArrowUp" || key === "ArrowDown") {
      return true;
    }
    this.grid.focus(this.grid.anchor().index);
    return false;
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Rows are higher on wide pages, and as the user likes them. */
function rowHeight(width) {
  const normal = Math.min(300, Math.max(116, 90 + width * 0.085));
  return normal * 1.25 ** settings.get("size");
}

function keep(key, data) {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > 4) kept.delete(kept.keys().next().value);
}
