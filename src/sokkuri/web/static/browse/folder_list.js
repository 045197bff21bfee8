// The folders of a collection as a tree of links with counts. Subfolders are drawn when the user
// opens their folder.

import { h } from "../base/dom.js";
import { count } from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";

/**
 * @import { FolderDocument } from "../base/api_types.js"
 * @import { Params } from "../base/query.js"
 */

const FIND_FROM = 25; // number of folders from which on they can be searched
const MOST_MATCHES = 100;

/**
 * @typedef {{path: string, name: string, count: number, children: Array<Folder>}} Folder
 * @typedef {{current: string, address: (under: string) => Params,
 *   item: (folder: Folder) => HTMLElement}} ItemOptions
 */

/**
 * Builds a tree from a flat, sorted list.
 * @param {FolderDocument[]} folders the root ("") first
 * @returns {Folder}
 */
export function toTree(folders) {
  /** @type {Map<string, Folder>} */
  const byPath = new Map();
  /**
   * @param {string} path
   * @param {number} count
   * @returns {Folder}
   */
  const make = (path, count) => {
    /** @type {Folder} */
    const folder = { path, name: path.slice(path.lastIndexOf("/") + 1), count, children: [] };
    byPath.set(path, folder);
    if (path) parentOf(path).children.push(folder);
    return folder;
  };
  /** @param {string} path */
  const parentOf = (path) => {
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    return byPath.get(parent) ?? make(parent, 0);
  };
  const root = make("", 0);
  for (const { path, count } of folders) {
    const folder = byPath.get(path) ?? make(path, count);
    folder.count = count;
  }
  return root;
}

/**
 * The list of folders; `mark` highlights the current folder.
 * @param {FolderDocument[]} folders
 * @param {{root: string, address: (under: string) => Params}} options `root` is the name of the
 *   root, `address` returns the query of a folder's link
 * @returns {{el: HTMLElement, mark: (under: string) => void}}
 */
export function makeFolderList(folders, { root, address }) {
  const tree = toTree(folders);
  tree.name = root;
  let current = "";
  const host = h("div", null);
  const draw = (text = "") => {
    const matches = !text ? null : folders.filter(({ path }) =>
      path.toLowerCase().includes(text.toLowerCase())).slice(0, MOST_MATCHES);
    host.replaceChildren(matches
      ? h("ul", null, matches.map((folder) => item({ ...folder, name: folder.path, children: [] })))
      : h("ul", null, item(tree)));
    if (matches && !matches.length) {
      host.replaceChildren(h("p", { class: "soft" }, t("No folder matches")));
    }
  };
  /** @type {(folder: Folder) => HTMLElement} */
  const item = (folder) => folderItem(folder, { current, address, item });
  /** @type {?HTMLInputElement} */
  const find = folders.length < FIND_FROM ? null : h("input", { type: "search",
    "aria-label": t("Find a folder"), placeholder: t("Find a folder"),
    oninput: () => draw(find?.value.trim()) });
  return {
    el: h("nav", { class: "folders", "aria-label": t("Folders"), id: "folders" }, find, host),
    mark: (under) => {
      current = under;
      if (find) find.value = "";
      draw();
    },
  };
}

/**
 * @param {Folder} folder
 * @param {ItemOptions} options
 */
function folderItem(folder, { current, address, item }) {
  const isCurrent = folder.path === current;
  const open = folder.path === "" || isCurrent || current.startsWith(`${folder.path}/`);
  const line = h("div", { class: `folder${isCurrent ? " here" : ""}` },
    link("/browse", address(folder.path),
      { "aria-current": isCurrent ? "true" : null, title: folder.name },
      h("span", { class: "label" }, folder.name),
      h("span", { class: "count number" }, count(folder.count))));
  const el = h("li", null, line);
  if (!folder.children.length) {
    line.prepend(h("span", { class: "fold" }));
    return el;
  }
  /** @type {?HTMLElement} */
  let subfolders = null;
  const fold = h("button", { type: "button", class: "fold",
    "aria-label": t("Folders in {folder}", { folder: folder.name }) }, icon("right", { size: 14 }));
  /** @param {boolean} on */
  const show = (on) => {
    fold.setAttribute("aria-expanded", String(on));
    if (on && !subfolders) el.append(subfolders = h("ul", null, folder.children.map(item)));
    if (subfolders) subfolders.hidden = !on;
  };
  fold.addEventListener("click", () => show(fold.getAttribute("aria-expanded") !== "true"));
  line.prepend(fold);
  show(open);
  return el;
}
