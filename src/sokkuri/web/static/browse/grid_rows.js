// The rows and groups of the grid that are in the document, and the pictures in them. Pictures of rows
// that were scrolled past are cancelled.

import { find, findAll } from "../base/dom.js";
import { dropPictures, fillCell, makeGroup, makeRow, partsOf, showPicture } from "./grid_cells.js";
import { rowBoxes } from "./justified.js";

/**
 * @import { ListedImageDocument } from "../base/api_types.js"
 * @import { Selection } from "../selection/selection.js"
 * @import { GridData } from "./grid.js"
 * @import { Layout } from "./justified.js"
 * @import { TallPage } from "./tall_page.js"
 */

/** @typedef {{layout: Layout, data: GridData}} Content what the grid shows, and where */

export class GridRows {
  /**
   * @param {HTMLElement} host
   * @param {{href: (image: ListedImageDocument) => string, selection: Selection, page: TallPage}}
   *   options href: the address of an image; page: where the grid is on the page
   */
  constructor(host, { href, selection, page }) {
    this.host = host;
    this.href = href;
    this.selection = selection;
    this.page = page;
    /** @type {Map<number, HTMLElement>} */
    this.rows = new Map();
    /** @type {Map<number, {section: HTMLElement, list: HTMLElement, top: number}>} */
    this.groups = new Map();
  }

  /** Removes all rows and groups. */
  empty() {
    for (const row of this.rows.values()) dropPictures(row);
    this.rows.clear();
    this.groups.clear();
    this.host.replaceChildren();
  }

  /**
   * Places rows and groups again after the grid was shifted on the page.
   * @param {Layout} layout
   */
  place(layout) {
    this.page.place(layout, this.groups, this.rows);
  }

  /**
   * Has the rows within these bounds in the document, and no others.
   * @param {Content} content
   * @param {number} first
   * @param {number} end
   */
  render(content, first, end) {
    this.removeOutside(first, end);
    for (let row = first; row < end; row++) if (!this.rows.has(row)) this.addRow(content, row);
  }

  /**
   * Removes rows outside these bounds, but never the row that has the focus.
   * @param {number} first
   * @param {number} end
   */
  removeOutside(first, end) {
    const active = document.activeElement;
    for (const [row, el] of this.rows) {
      if ((row >= first && row < end) || el.contains(active)) continue;
      dropPictures(el);
      el.remove();
      this.rows.delete(row);
    }
    for (const [group, { section, list }] of this.groups) {
      if (list.childElementCount) continue;
      section.remove();
      this.groups.delete(group);
    }
  }

  /**
   * @param {Content} content
   * @param {number} row
   */
  addRow(content, row) {
    const { layout, data } = content;
    const group = layout.rowGroup[row];
    const { list, top } = this.groups.get(group) ?? this.addGroup(content, group);
    const el = makeRow(row, layout.rowTop[row] - this.page.shift - top, layout.rowHeight[row],
      rowBoxes(layout, row), { first: layout.groupFirst[group],
        size: layout.groupFirst[group + 1] - layout.groupFirst[group] });
    for (const cell of partsOf(el)) {
      const index = Number(cell.dataset.index);
      const image = data.windows.get(index);
      if (image) fillCell(cell, image, this.href(image));
      this.markSelected(cell, index);
    }
    // Rows have their order in the document, for screen readers.
    const next = partsOf(list).find((other) => Number(other.dataset.row) > row);
    list.insertBefore(el, next ?? null);
    this.rows.set(row, el);
  }

  /**
   * @param {Content} content
   * @param {number} group
   */
  addGroup({ layout, data }, group) {
    const { top, bottom } = this.page.clip(layout.groupTop[group], layout.groupTop[group + 1]);
    const size = layout.groupFirst[group + 1] - layout.groupFirst[group];
    const elements = makeGroup(group, data.groups[group], size, top, bottom - top, layout.heading);
    const next = partsOf(this.host).find((other) => Number(other.dataset.group) > group);
    this.host.insertBefore(elements.section, next ?? null);
    const entry = { ...elements, top };
    this.groups.set(group, entry);
    return entry;
  }

  /**
   * Gives the cells within these bounds their images, which have arrived.
   * @param {GridData} data
   * @param {number} first
   * @param {number} end
   */
  fill(data, first, end) {
    for (const el of this.rows.values()) {
      for (const cell of partsOf(el)) {
        const index = Number(cell.dataset.index);
        if (index < first || index >= end || cell.dataset.id !== undefined) continue;
        const image = data.windows.get(index);
        if (image) fillCell(cell, image, this.href(image));
      }
    }
  }

  /** Loads pictures: first those in view, then those near. */
  showPictures() {
    /** @type {HTMLElement[]} */
    const near = [];
    for (const el of this.rows.values()) {
      const { top, bottom } = el.getBoundingClientRect();
      if (bottom > 0 && top < innerHeight) for (const cell of partsOf(el)) showPicture(cell, true);
      else near.push(el);
    }
    for (const el of near) for (const cell of partsOf(el)) showPicture(cell, false);
  }

  /** Lets pictures that failed be loaded again. */
  forgetFailures() {
    for (const cell of findAll(".cell.failed", this.host)) {
      cell.classList.remove("failed");
      delete cell.dataset.tries;
    }
  }

  /** @param {number} index */
  cell(index) {
    return find(`.cell[data-index="${index}"]`, this.host);
  }

  /**
   * @param {HTMLElement} cell
   * @param {number} index
   */
  markSelected(cell, index) {
    const selected = this.selection.has(index);
    cell.classList.toggle("chosen", selected);
    find(".tick", cell)?.setAttribute("aria-checked", String(selected));
  }

  /** Shows which images are selected. */
  showSelection() {
    this.host.classList.toggle("selecting", this.selection.size > 0);
    for (const cell of findAll(".cell", this.host)) {
      this.markSelected(cell, Number(cell.dataset.index));
    }
  }
}
