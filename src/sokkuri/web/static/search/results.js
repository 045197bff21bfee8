// The hits of a search as rows of pictures with their distances. The nearest are the largest.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { hitRows } from "./hit_rows.js";
import { selectable } from "../selection/list_selection.js";
import { link } from "../base/router.js";
import { openFromList } from "../base/trail.js";
import { shortDistance } from "../rings/canvas.js";

/** @import { HitDocument } from "../base/api_types.js" */

const SIZES = [128, 256, 512, 1024];
const GAP = 6;

/**
 * @typedef {{onclick?: (hit: HitDocument, event: MouseEvent) => void,
 *   onlike?: (hit: HitDocument) => void, onunlike?: (hit: HitDocument) => void,
 *   under?: string}} HitOptions
 *   onlike, onunlike: called by the buttons "Like this too" and "Not this one"
 * @typedef {ReturnType<typeof makeCell>} Cell
 */

/**
 * Lays out hits in justified rows, and again when the width of the element changes.
 * @param {HitDocument[]} hits
 * @param {HitOptions} [options]
 * @returns {HTMLElement}
 */
export function hitsGrid(hits, options = {}) {
  const cells = hits.map((hit, index) => makeCell(hit, index + 1, hits.length, options));
  const element = h("ol", { class: "hits", role: "list" }, cells.map(({ li }) => li));
  element.addEventListener("click", (event) => {
    const { target } = event;
    const place = cells.findIndex(({ anchor }) =>
      target instanceof Node && anchor.contains(target));
    if (place >= 0) openFromList(hits, hits[place].id);
  });
  const watcher = new ResizeObserver(() => {
    if (element.isConnected) arrange(element, cells);
  });
  watcher.observe(element);
  return element;
}

/**
 * @param {HitDocument} hit
 * @param {number} rank
 * @param {number} count
 * @param {HitOptions} options
 */
function makeCell(hit, rank, count, { onclick, onlike, onunlike, under }) {
  const img = h("img", { alt: "", decoding: "async", loading: "lazy" });
  const distance = shortDistance(hit.distance);
  const anchor = link("/image", { id: hit.id, under }, {
    class: "hit-picture",
    "aria-label": t("{name}, distance {distance}, number {rank} of {total}",
      { name: hit.name, distance, rank, total: count })
      + (hit.good ? t(", good match") : "")
      + (hit.copies ? `, ${copiesText(hit.copies)}` : ""),
    onclick: onclick && ((/** @type {MouseEvent} */ event) => onclick(hit, event)),
  }, img);
  img.addEventListener("load", () => anchor.classList.add("loaded"));
  /**
   * @param {string} label
   * @param {string} name
   * @param {((hit: HitDocument) => void) | undefined} act
   */
  const button = (label, name, act) => act && h("button",
    { type: "button", class: "icon-button", "aria-label": `${label}: ${hit.name}`, title: label,
      onclick: () => act(hit) }, icon(name, { size: 18 }));
  const li = h("li", { class: "hit", dataset: { box: String(rank % 4) } }, anchor,
    (onlike || onunlike) && h("div", { class: "hit-tools" },
      button(t("Like this too"), "plus", onlike), button(t("Not this one"), "not", onunlike)),
    h("div", { class: "hit-caption", "aria-hidden": "true" },
      h("span", { class: "number" }, typeof hit.probability === "number"
        ? `${(100 * hit.probability).toFixed(1)}%` : distance),
      hit.good && h("span", { class: "hit-good", title: t("Nearer to the words than is usual here") },
        icon("check", { size: 14 })),
      h("span", { class: "hit-name", title: hit.folder ? `${hit.folder}/${hit.name}` : hit.name },
        hit.name)), hit.copies ? copiesOf(hit.copies, hit.copy_ids ?? [], under) : null);
  selectable(li, hit);
  return { li, img, anchor, hit, size: 0 };
}

/**
 * The copies that a hit stands for: their number, and a list that a click opens.
 * @param {number} copies
 * @param {string[]} ids
 * @param {string | undefined} under
 */
function copiesOf(copies, ids, under) {
  const rest = copies - ids.length;
  return h("details", { class: "hit-copies small" }, h("summary", null, copiesText(copies)),
    ids.map((id) => h("p", null, link("/image", { id, under }, null, id))),
    rest > 0 && h("p", { class: "soft" }, t("and {count} more", { count: rest })));
}

/** @param {number} count */
const copiesText = (count) =>
  t("and {count} copy|and {count} copies", { count });

/**
 * @param {HTMLElement} element
 * @param {Cell[]} cells
 */
function arrange(element, cells) {
  const width = Math.floor(element.getBoundingClientRect().width);
  if (width < 40) return;
  const first = Math.min(Math.max(width * 0.24, 170), 420);
  const later = Math.min(Math.max(width * 0.13, 110), 230);
  const ratios = cells.map(({ hit }) => (hit.width ?? 0) / (hit.height ?? 0));
  let index = 0;
  for (const { height, widths } of hitRows(ratios, { width, gap: GAP, first, later })) {
    for (const cellWidth of widths) {
      const { li, anchor } = cells[index];
      li.style.width = `${cellWidth}px`;
      anchor.style.height = `${height}px`;
      load(cells[index], Math.max(cellWidth, height));
      index += 1;
    }
  }
}

/**
 * Loads a thumbnail of at least `side` page pixels, unless a larger one was loaded.
 * @param {Cell} cell
 * @param {number} side
 */
function load(cell, side) {
  const pixels = side * Math.min(devicePixelRatio, 2) * 0.9;
  const size = SIZES.find((candidate) => candidate >= pixels) ?? SIZES[SIZES.length - 1];
  if (size <= cell.size) return;
  cell.size = size;
  cell.img.src = imageUrl(cell.hit.id, "thumbnail", { size, v: cell.hit.v });
}
