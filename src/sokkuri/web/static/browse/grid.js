// The justified grid of a whole collection. Only rows near the window are in the document. Every box has
// its final place at once.

import { connection } from "../base/api.js";
import { around, find } from "../base/dom.js";
import { GridRows } from "./grid_rows.js";
import { onLongPress } from "./long_press.js";
import { layoutGrid, neighbour, rowAt, rowOf } from "./justified.js";
import { onDrag } from "../selection/dragging.js";
import { TallPage } from "./tall_page.js";

/**
 * @import { ListedImageDocument } from "../base/api_types.js"
 * @import { Selection } from "../selection/selection.js"
 * @import { Layout } from "./justified.js"
 * @import { Windows } from "./windows.js"
 */

/** @type {Record<string, "left" | "right" | "up" | "down">} */
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
// Scrolling speed, in windows per second, above which pictures would scroll away before they load.
const FAST = 5;
const SETTLED_AFTER = 70; // milliseconds without scrolling
// During fast scrolling, the shortest time between two requests for images, in milliseconds.
const FAST_INTERVAL = 200;

/**
 * @typedef {Object} GridData
 * @property {string} revision
 * @property {string} order a text that differs for other images and for another order
 * @property {ArrayLike<number>} ratios
 * @property {Array<{title: string, first: number, folder: ?string}>} groups
 * @property {Windows} windows
 */

/**
 * @typedef {{index: number, offset: number}} Anchor the first visible image, and the distance of
 *   its row from the top of the window
 */

/** A virtual grid in `host`; the window scrolls. */
export class Grid {
  /**
   * @param {HTMLElement} host
   * @param {Object} options
   * @param {(image: ListedImageDocument) => string} options.href
   * @param {Selection} options.selection
   * @param {(width: number) => number} options.rowHeight
   * @param {(anchor: Anchor) => void} [options.onmove] called with the first visible image when
   *   scrolling stops
   * @param {(index: number) => void} [options.onopen] called when an image's link is followed
   */
  constructor(host, { href, selection, rowHeight, onmove, onopen }) {
    this.host = host;
    this.selection = selection;
    this.rowHeight = rowHeight;
    this.onmove = onmove;
    this.onopen = onopen;
    /** @type {?GridData} */
    this.data = null;
    /** @type {?Layout} */
    this.layout = null;
    this.page = new TallPage();
    this.rows = new GridRows(host, { href, selection, page: this.page });
    this.focused = 0;
    this.last = { y: 0, time: 0, down: true };
    this.fast = false;
    this.settleTimer = 0;
    this.lastRequest = 0;
    this.stops = new AbortController();
    this.resizes = new ResizeObserver(() => this.resized());
    this.listen();
  }

  listen() {
    const { signal } = this.stops;
    addEventListener("scroll", () => this.scrolled(), { passive: true, signal });
    connection.addEventListener("found", () => this.retryFailed(), { signal });
    this.host.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.host.addEventListener("click", (event) => this.clicked(event), { signal });
    onLongPress(this.host, ".cell", (cell) => this.selection.toggle(Number(cell.dataset.index)),
      signal);
    onDrag(this.host, ".cell", { selection: this.selection, signal,
      indexOf: (cell) => Number(cell.dataset.index) });
    this.host.addEventListener("focusin", (event) => this.focusedOn(event), { signal });
    this.resizes.observe(this.host);
  }

  /** Stops all listeners and requests, and empties the grid. */
  stop() {
    this.stops.abort();
    this.resizes.disconnect();
    clearTimeout(this.settleTimer);
    this.data?.windows.stop();
    this.rows.empty();
  }

  /** @param {GridData} data */
  show(data) {
    this.data?.windows.stop();
    this.rows.empty();
    this.data = data;
    this.focused = 0;
    data.windows.onload = (first, end) => this.loaded(first, end);
    data.windows.onretry = () => this.render();
    this.relay();
  }

  /** Shows nothing, until `show` is called. */
  hide() {
    this.data?.windows.stop();
    this.rows.empty();
    this.data = null;
    this.layout = null;
    this.page.setHeight(0);
  }

  relay() {
    const width = this.host.clientWidth;
    if (!this.data || !width) return;
    const small = width < 600;
    this.layout = layoutGrid(this.data.ratios, this.data.groups, {
      width, target: this.rowHeight(width), gap: small ? 3 : 5, heading: small ? 40 : 48,
      space: small ? 14 : 22,
    });
    this.page.setHeight(this.layout.height);
    this.host.style.height = `${this.page.height}px`;
    this.render();
  }

  /** Lays out again after a change of width; the image at the top of the window stays there. */
  resized() {
    if (!this.data || this.layout?.width === this.host.clientWidth) return;
    this.relayKeeping();
  }

  /** Lays out again. The focus stays on its image. */
  relayKeeping() {
    const anchor = this.layout && this.anchor();
    const hadFocus = this.host.contains(document.activeElement);
    this.rows.empty();
    this.relay();
    if (anchor) this.scrollToAnchor(anchor);
    if (hadFocus) this.focusQuietly(this.focused);
  }

  /** The top of the grid in the document, in pixels. */
  top() {
    return this.host.getBoundingClientRect().top + scrollY;
  }

  /** The height in the grid at which the window begins. */
  y() {
    return scrollY - this.top() + this.page.shift;
  }

  /**
   * Scrolls so that the window begins at a height in the grid.
   * @param {number} y
   */
  moveTo(y) {
    const place = this.page.moveTo(y);
    if (this.layout) this.rows.place(this.layout);
    scrollTo(0, this.top() + place);
    if (this.page.isScaled) this.last.y = scrollY; // this was no jump
  }

  /** The height at the top of the window that the header and a group's heading cover. */
  covered() {
    const bar = find(".bar")?.offsetHeight ?? 0;
    return bar + (this.layout?.heading ?? 0);
  }

  /**
   * The first image that is fully visible, and the distance of its row from the top of the window.
   * @returns {{index: number, offset: number}}
   */
  anchor() {
    if (!this.layout?.rows) return { index: 0, offset: 0 };
    const y = this.y();
    if (y <= 0) return { index: 0, offset: 0 };
    let row = rowAt(this.layout, y + this.covered());
    if (this.layout.rowTop[row] < y + this.covered() - 8 && row + 1 < this.layout.rows) row += 1;
    return { index: this.layout.rowFirst[row], offset: Math.round(this.layout.rowTop[row] - y) };
  }

  /**
   * Scrolls to an image.
   * @param {{index: number, offset?: number}} anchor from `anchor()`
   */
  scrollToAnchor({ index, offset }) {
    if (!this.layout?.rows) return;
    const row = rowOf(this.layout, Math.min(index, this.layout.count - 1));
    const y = this.layout.rowTop[row] - (offset ?? this.covered());
    this.moveTo(index === 0 && !offset ? -this.top() : y);
    this.render();
  }

  scrolled() {
    const now = performance.now();
    const moved = scrollY - this.last.y;
    const seconds = Math.max(now - this.last.time, 8) / 1000;
    this.fast = Math.abs(moved) / innerHeight / Math.min(seconds, 0.2) > FAST;
    if (moved) this.last = { y: scrollY, time: now, down: moved > 0 };
    if (this.page.isJump(moved)) {
      this.page.moveTo(this.page.toGrid(scrollY - this.top()));
      if (this.layout) this.rows.place(this.layout);
    }
    this.render();
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settled(), SETTLED_AFTER);
  }

  settled() {
    this.fast = false;
    if (this.page.isScaled) this.moveTo(this.y());
    this.render();
    this.onmove?.(this.anchor());
  }

  /** Updates the document to the scroll position. */
  render() {
    const { layout, data } = this;
    if (!layout?.rows || !data) return;
    const y = this.y();
    const ahead = innerHeight * 1.25;
    const behind = innerHeight * 0.6;
    const low = y - (this.last.down ? behind : ahead);
    const high = y + innerHeight + (this.last.down ? ahead : behind);
    const first = rowAt(layout, low);
    const end = rowAt(layout, high) + 1;
    this.rows.render({ layout, data }, first, end);
    const now = performance.now();
    if (!this.fast || now - this.lastRequest > FAST_INTERVAL) {
      this.lastRequest = now;
      this.requestImages(first, end);
    }
    if (!this.fast) this.rows.showPictures();
    this.markTabStop();
  }

  /**
   * Requests the data of the images in view and of the next ones in the direction of scrolling.
   * @param {number} firstRow
   * @param {number} endRow
   */
  requestImages(firstRow, endRow) {
    if (!this.layout) return;
    const { rowFirst, count } = this.layout;
    const ahead = Math.max(200, rowFirst[endRow] - rowFirst[firstRow]);
    const first = rowFirst[firstRow] - (this.last.down ? 0 : ahead);
    const end = rowFirst[endRow] + (this.last.down ? ahead : 0);
    this.data?.windows.want(Math.max(0, first), Math.min(count, end));
  }

  /**
   * @param {number} first
   * @param {number} end
   */
  loaded(first, end) {
    if (this.data) this.rows.fill(this.data, first, end);
    if (!this.fast) this.rows.showPictures();
  }

  /** Loads all failed images and pictures again, after the server came back. */
  retryFailed() {
    this.data?.windows.failedAt.clear();
    this.rows.forgetFailures();
    this.render();
  }

  /** Makes one image reachable with Tab: the focused one, or else the first in view. */
  markTabStop() {
    const old = this.host.querySelector("a[tabindex='0']");
    const cell = this.rows.cell(this.focused) ?? this.rows.cell(this.anchor().index);
    const anchor = cell?.querySelector("a");
    if (!anchor || anchor === old) return;
    old?.setAttribute("tabindex", "-1");
    anchor.setAttribute("tabindex", "0");
  }

  /** @param {FocusEvent} event */
  focusedOn(event) {
    const cell = around(event, ".cell");
    if (!cell) return;
    this.focused = Number(cell.dataset.index);
    this.markTabStop();
  }

  /**
   * Moves the focus to an image, and scrolls it into view.
   * @param {number} index
   */
  focus(index) {
    this.focused = index;
    if (!this.layout) return;
    const row = rowOf(this.layout, index);
    const y = this.y();
    const top = this.layout.rowTop[row];
    const bottom = top + this.layout.rowHeight[row];
    const visible = innerHeight - 12;
    if (top < y + this.covered()) this.moveTo(top - this.covered() - 8);
    else if (bottom > y + visible) this.moveTo(bottom - visible + 8);
    this.render();
    this.rows.cell(index)?.querySelector("a")?.focus({ preventScroll: true });
    this.markTabStop();
  }

  /**
   * Moves the focus to an image. `scrolls`: whether to scroll the image into view, too.
   * @param {number} index
   * @param {boolean} scrolls
   */
  focusAgain(index, scrolls) {
    const isThere = index < (this.layout?.count ?? 0);
    return scrolls && isThere ? this.focus(index) : this.focusQuietly(index);
  }

  /**
   * Moves the focus to an image without scrolling, if the image is in the document.
   * @param {number} index
   */
  focusQuietly(index) {
    const anchor = this.rows.cell(index)?.querySelector("a");
    if (!anchor) return;
    this.focused = index;
    anchor.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const cell = around(event, ".cell");
    if (!cell || !this.layout || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(cell.dataset.index);
    const next = event.key in KEYS ? neighbour(this.layout, index, KEYS[event.key])
      : event.key === "Home" ? 0 : event.key === "End" ? this.layout.count - 1 : null;
    if (next !== null) {
      if (event.shiftKey && this.selection.anchor < 0) this.selection.toggle(index);
      this.focus(next);
      if (event.shiftKey) this.selection.extend(next);
    } else if (event.key === " ") {
      this.selection.toggle(index);
    } else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const cell = around(event, ".cell");
    if (!cell || event.ctrlKey || event.metaKey) return;
    const index = Number(cell.dataset.index);
    // While images are selected, a click selects. Enter (a click without detail) still opens.
    const selects = around(event, ".tick") ||
      (event.detail > 0 && (event.shiftKey || this.selection.size > 0));
    if (!selects) {
      if (cell.dataset.id === undefined) event.preventDefault();
      else this.onopen?.(index);
      return;
    }
    event.preventDefault();
    if (event.shiftKey) this.selection.extend(index);
    else this.selection.toggle(index);
  }
}
