// The folders of a collection as a tree of links with counts; a part is made when it is unfolded.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { link } from "../base/router.js";

const FIND_FROM = 25;
const FOUND = 100;

/**
 * @typedef {{path: string, name: string, count: number, children: Array<Folder>}} Folder
 */

/**
 * Puts a flat, sorted list into a tree.
 * @param {Array<{path: string, count: number}>} folders the root ("") first
 * @returns {Folder}
 */
export function toTree(folders) {
  const byPath = new Map();
  const make = (path, count) => {
    const folder = { path, name: path.slice(path.lastIndexOf("/") + 1), count, children: [] };
    byPath.set(path, folder);
    if (path) parentOf(path).children.push(folder);
    return folder;
  };
  const parentOf = (path) => {
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    return byPath.get(parent) ?? make(parent, 0);
  };
  make("", 0);
  for (const { path, count } of folders) {
    const folder = byPath.get(path) ?? make(path, count);
    folder.count = count;
  }
  return byPath.get("");
}

/**
 * The list; `mark` shows where we are.
 * @param {Array<{path: string, count: number}>} folders
 * @param {{root: string, address: (under: string) => Object}} options name of the root, and the
 *   query of a folder's link
 * @returns {{el: HTMLElement, mark: (under: string) => void}}
 */
export function makeFolderList(folders, { root, address }) {
  const tree = toTree(folders);
  tree.name = root;
  let here = "";
  const host = h("div", null);
  const draw = (wanted = "") => {
    const found = wanted && folders.filter(({ path }) =>
      path.toLowerCase().includes(wanted.toLowerCase())).slice(0, FOUND);
    host.replaceChildren(found
      ? h("ul", null, found.map((folder) => item({ ...folder, name: folder.path, children: [] })))
      : h("ul", null, item(tree)));
    if (found && !found.length) host.replaceChildren(h("p", { class: "soft" }, "No such folder"));
  };
  const item = (folder) => folderItem(folder, { here, address, item });
  const find = folders.length < FIND_FROM ? null : h("input", { type: "search",
    "aria-label": "Find a folder", placeholder: "Find a folder",
    oninput: ({ target }) => draw(target.value.trim()) });
  return {
    el: h("nav", { class: "folders", "aria-label": "Folders", id: "folders" }, find, host),
    mark: (under) => {
      here = under;
      if (find) find.value = "";
      draw();
    },
  };
}

function folderItem(folder, { here, address, item }) {
  const isHere = folder.path === here;
  const open = folder.path === "" || isHere || here.startsWith(`${folder.path}/`);
  const line = h("div", { class: `folder${isHere ? " here" : ""}` },
    link("/browse", address(folder.path),
      { "aria-current": isHere ? "true" : null, title: folder.name },
      h("span", { class: "label" }, folder.name),
      h("span", { class: "count number" }, folder.count.toLocaleString("en"))));
  const el = h("li", null, line);
  if (!folder.children.length) {
    line.prepend(h("span", { class: "fold" }));
    return el;
  }
  let inside = null;
  const fold = h("button", { type: "button", class: "fold",
    "aria-label": `Folders in ${folder.name}` }, icon("right", { size: 14 }));
  const show = (on) => {
    fold.setAttribute("aria-expanded", String(on));
    if (on && !inside) el.append(inside = h("ul", null, folder.children.map(item)));
    if (inside) inside.hidden = !on;
  };
  fold.addEventListener("click", () => show(fold.getAttribute("aria-expanded") !== "true"));
  line.prepend(fold);
  show(open);
  return el;
}
