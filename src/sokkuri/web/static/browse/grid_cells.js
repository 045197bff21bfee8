// The elements of the grid: groups, rows, and cells with their pictures.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";
import { count } from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";

/** @import { ListedImageDocument } from "../base/api_types.js" */

const SIZES = [64, 128, 256, 512, 1024];
const TRIES = 2;

/** @type {?HTMLElement} */
let template = null;
/** @type {WeakMap<Element, string>} the address of the picture of each cell that has its image */
const addresses = new WeakMap();

/** @returns {HTMLElement} */
function cellTemplate() {
  template ??= h("div", { class: "cell", role: "listitem" },
    h("a", { tabindex: "-1" }, h("img", { alt: "", decoding: "async", draggable: "false" })),
    h("button", { type: "button", class: "tick", role: "checkbox", tabindex: "-1",
      "aria-checked": "false" }, icon("check", { size: 16 })));
  return /** @type {HTMLElement} */ (template.cloneNode(true));
}

/**
 * The groups, rows or cells in an element.
 * @param {HTMLElement} el
 */
export const partsOf = (el) => /** @type {HTMLElement[]} */ ([...el.children]);

/**
 * A group's section with its heading; rows go into `list`.
 * @param {number} number
 * @param {{title: string}} group
 * @param {number} size number of its images
 * @param {number} top
 * @param {number} height
 * @param {number} heading height of the heading
 * @returns {{section: HTMLElement, list: HTMLElement}}
 */
export function makeGroup(number, { title }, size, top, height, heading) {
  const id = `group-${number}`;
  const list = h("div", { role: "list", class: "rows", "aria-labelledby": id });
  const section = h("div", { class: "group", dataset: { group: number } },
    h("h2", { id }, h("span", { class: "title" }, title),
      h("span", { class: "count number" }, count(size))),
    list);
  section.style.top = `${top}px`;
  section.style.height = `${height}px`;
  section.style.setProperty("--heading", `${heading}px`);
  return { section, list };
}

/**
 * A row of boxes without pictures.
 * @param {number} row
 * @param {number} top within its group
 * @param {number} height
 * @param {Array<{index: number, x: number, width: number}>} boxes
 * @param {{first: number, size: number}} group
 * @returns {HTMLElement}
 */
export function makeRow(row, top, height, boxes, { first, size }) {
  const el = h("div", { class: "row-of-cells", role: "presentation", dataset: { row } });
  el.style.top = `${top}px`;
  el.style.height = `${height}px`;
  for (const { index, x, width } of boxes) {
    const cell = cellTemplate();
    cell.dataset.index = String(index);
    cell.dataset.tone = String((index * 7) % 4);
    cell.style.left = `${x}px`;
    cell.style.width = `${width}px`;
    cell.setAttribute("aria-posinset", String(index - first + 1));
    cell.setAttribute("aria-setsize", String(size));
    name(cell, t("Image {number}", { number: index + 1 }));
    el.append(cell);
  }
  return el;
}

/**
 * @param {HTMLElement} cell
 * @param {string} text
 */
function name(cell, text) {
  cell.firstElementChild?.setAttribute("aria-label", text);
  cell.lastElementChild?.setAttribute("aria-label", t("Select {name}", { name: text }));
}

/**
 * Gives a cell its image: name, link, and the address of its picture.
 * @param {HTMLElement} cell
 * @param {ListedImageDocument} image
 * @param {string} href
 */
export function fillCell(cell, image, href) {
  cell.dataset.id = image.id;
  name(cell, image.name);
  const anchor = cell.querySelector("a");
  if (!anchor) return;
  anchor.href = href;
  anchor.title = image.name;
  const box = { width: parseFloat(cell.style.width),
    height: parseFloat(cell.parentElement?.style.height ?? "") };
  const size = pictureSize(image, box);
  addresses.set(cell, imageUrl(image.id, "thumbnail", { size, v: image.v }));
}

/**
 * The size of the smallest thumbnail that looks sharp when the image fills a box.
 * @param {{width: ?number, height: ?number}} image
 * @param {{width: number, height: number}} box
 * @param {number} [density] screen pixels per page pixel
 */
export function pictureSize({ width, height }, box, density = globalThis.devicePixelRatio || 1) {
  const ratio = width && height ? width / height : 1;
  const shown = Math.max(box.height, box.width / ratio);
  const pixels = Math.max(shown, shown * ratio) * density * 0.85;
  // A thumbnail is never larger than its image, so that the image's longest side is enough.
  const longest = Math.min(pixels, Math.max(width ?? 0, height ?? 0) || pixels);
  return SIZES.find((size) => size >= longest) ?? SIZES.at(-1);
}

/**
 * Loads the picture of a cell, if its address is known and it was not loaded before.
 * @param {HTMLElement} cell
 * @param {boolean} visible false if the cell is only near the window
 */
export function showPicture(cell, visible) {
  const img = cell.querySelector("img");
  const address = addresses.get(cell);
  if (!img || !address || cell.classList.contains("failed")) return;
  if (img.getAttribute("src")) {
    if (visible && img.fetchPriority === "low") img.fetchPriority = "auto";
    return;
  }
  img.fetchPriority = visible ? "high" : "low";
  img.onload = () => cell.classList.add("shown");
  img.onerror = () => retryLater(cell, img);
  img.src = address;
  if (img.complete && img.naturalWidth) cell.classList.add("shown", "known");
}

// A busy server may refuse a picture. It is tried TRIES more times, each after a pause.
/**
 * @param {HTMLElement} cell
 * @param {HTMLImageElement} img
 */
function retryLater(cell, img) {
  const tries = Number(cell.dataset.tries ?? 0) + 1;
  cell.dataset.tries = String(tries);
  img.removeAttribute("src");
  if (tries > TRIES) {
    cell.classList.add("failed");
    return;
  }
  setTimeout(() => cell.isConnected && showPicture(cell, true), 800 * tries);
}

/**
 * Cancels loading the pictures of a row that is removed.
 * @param {HTMLElement} row
 */
export function dropPictures(row) {
  for (const img of row.querySelectorAll("img")) {
    img.onload = null;
    img.onerror = null;
    img.removeAttribute("src");
  }
}
