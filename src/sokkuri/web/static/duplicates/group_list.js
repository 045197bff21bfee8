// The list of groups. It may be long, so only the groups near the window are in the document. Their
// heights differ: those that were not shown yet are estimated.

import { findAll, focused, h } from "../base/dom.js";
import { t } from "../base/messages.js";
import { packRows, placeRows, rowAt } from "./rows.js";

/**
 * @import { GroupCard } from "./group_card.js"
 * @import { Row } from "./rows.js"
 */

const NEAR = 800; // pixels above and below the window
const NARROWEST = 30; // rem of a group, if the window is wide enough
const GAP = 1; // rem between groups

export class GroupList {
  /**
   * @param {{signal: AbortSignal, onwant: (end: number) => void, onmove: () => void}} options
   *   onwant: called with a number of groups when fewer are loaded; onmove: the window was scrolled
   */
  constructor({ signal, onwant, onmove }) {
    this.onwant = onwant;
    this.onmove = onmove;
    this.total = 0;
    this.rem = 16; // pixels
    this.isFindable = false;
    /** @type {GroupCard[]} */
    this.cards = [];
    /** @type {Row[]} */
    this.rows = [];
    this.rest = h("p", { class: "copies-loading soft", hidden: true },
      t("Loading…"));
    this.stubs = h("div", { class: "copies-stubs", "aria-hidden": "true" });
    this.el = h("div", { class: "copies-list", role: "list", "aria-label": t("Groups") });
    // As wide as the list, but never higher: the height of the list follows from its groups.
    this.ruler = h("div", null);
    this.host = h("div", { class: "copies-host" }, this.ruler, this.el, this.rest, this.stubs);
    this.columns = 1;
    this.sizes = new ResizeObserver((entries) => this.resized(entries));
    this.sizes.observe(this.ruler);
    addEventListener("scroll", () => {
      this.render();
      this.onmove();
    }, { signal, passive: true });
    addEventListener("resize", () => this.render(), { signal });
    document.addEventListener("keydown", (event) => this.beforeFind(event), { signal });
  }

  stop() {
    this.sizes.disconnect();
  }

  /**
   * Shows groups. Those that were shown before keep their place in the window.
   * @param {GroupCard[]} cards
   * @param {number} [total] how many groups there are, with those that are not loaded
   */
  show(cards, total = this.total) {
    const held = this.el.contains(document.activeElement) ? focused() : null;
    this.cards = cards;
    this.total = total;
    this.el.hidden = !cards.length;
    this.measureWindow();
    const before = new Map(this.rows.map((row) => [row.cards[0], row]));
    this.rows = packRows(cards, this.columns).map((row) => {
      const old = before.get(row.cards[0]);
      if (!old || old.cards.length !== row.cards.length) return row;
      if (!row.cards.every((card, n) => card === old.cards[n])) return row;
      old.first = row.first;
      return old;
    });
    const kept = new Set(this.rows);
    for (const row of before.values()) if (!kept.has(row)) this.remove(row);
    if (this.isFindable) this.drawStubs();
    this.place();
    this.render();
    // An element that moves to another row loses the focus.
    if (held?.isConnected) held.focus({ preventScroll: true });
  }

  /** Learns how many groups stand side by side. */
  measureWindow() {
    this.rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.host.clientWidth / this.rem;
    this.columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
    this.el.style.setProperty("--columns", String(this.columns));
  }

  /** Computes where each row is, and how long the list is. */
  place() {
    const { length, loaded } = placeRows(this.rows, { gap: GAP * this.rem,
      rest: this.total - this.cards.length, columns: this.columns });
    this.host.style.height = `${length}px`;
    this.rest.style.top = `${loaded}px`;
    this.rest.hidden = this.cards.length >= this.total;
    for (const row of this.rows) {
      if (!row.el) continue;
      const top = `${row.top}px`;
      if (row.el.style.top !== top) row.el.style.top = top;
      this.number(row);
    }
    for (const [n, stub] of findAll("div", this.stubs).entries()) {
      stub.style.top = `${this.rows[n].top}px`;
    }
  }

  /** The pixels of the list above the window. */
  above() {
    return -this.host.getBoundingClientRect().top;
  }

  /** Puts the rows near the window into the document, and takes the others out. */
  render() {
    if (!this.host.isConnected) return;
    const above = this.above();
    const first = rowAt(this.rows, above - NEAR);
    const last = rowAt(this.rows, above + innerHeight + NEAR);
    for (const [n, row] of this.rows.entries()) {
      if (n >= first && n <= last) this.add(row, n);
      // What has the focus stays.
      else if (row.el && !row.el.contains(document.activeElement)) this.remove(row);
    }
    for (const card of this.cards) if (card.element && !card.element.isConnected) card.release();
    this.measure(this.rows.filter((row) => row.el && row.height === null));
    const shown = this.rows[last];
    const end = shown ? shown.first + shown.cards.length : 0;
    if (end >= this.cards.length && this.cards.length < this.total) {
      const beyond = above + innerHeight - (this.rows.length ? shown.top : 0);
      this.onwant(Math.min(this.total, end + Math.ceil((Math.max(0, beyond) / 400) * this.columns)));
    }
  }

  /**
   * @param {Row} row
   * @param {number} n its number
   */
  add(row, n) {
    this.stubs.children[n]?.toggleAttribute("hidden", true);
    if (row.el) return;
    row.el = h("div", { class: "copies-row", role: "none" }, row.cards.map(({ el }) => el));
    row.el.style.top = `${row.top}px`;
    const next = this.rows.slice(n + 1).find(({ el }) => el?.parentNode === this.el);
    this.el.insertBefore(row.el, next?.el ?? null);
    this.number(row);
    this.sizes.observe(row.el);
  }

  /**
   * Tells screen readers the place of the groups among all.
   * @param {Row} row
   */
  number({ first, cards }) {
    for (const [n, { el }] of cards.entries()) {
      const place = String(first + n + 1);
      const total = String(this.total);
      if (el.getAttribute("aria-posinset") !== place) el.setAttribute("aria-posinset", place);
      if (el.getAttribute("aria-setsize") !== total) el.setAttribute("aria-setsize", total);
    }
  }

  /** @param {Row} row */
  remove(row) {
    this.stubs.children[this.rows.indexOf(row)]?.toggleAttribute("hidden", false);
    if (!row.el) return;
    this.sizes.unobserve(row.el);
    row.el.remove();
    row.el = null;
  }

  /**
   * Learns the heights of rows. What the window shows stays where it is.
   * @param {Row[]} rows
   */
  measure(rows) {
    if (!rows.length) return;
    const above = this.above();
    const seen = this.rows[rowAt(this.rows, above)];
    const before = seen?.top ?? 0;
    for (const row of rows) row.height = row.el?.offsetHeight ?? row.height;
    this.place();
    const moved = (seen?.top ?? 0) - before;
    if (moved && above > 0) scrollBy(0, moved);
  }

  /**
   * Follows the width of the window, and the heights of groups.
   * @param {ResizeObserverEntry[]} entries
   */
  resized(entries) {
    const isWidth = entries.some(({ target }) => target === this.ruler);
    if (isWidth) for (const row of this.rows) if (!row.el) row.height = null;
    const changed = this.rows.filter((row) => row.el && row.height !== row.el.offsetHeight);
    this.measure(changed);
    // Later, since rows that are added now would be observed too late.
    if (isWidth || changed.length) requestAnimationFrame(() => this.host.isConnected && this.show(this.cards));
  }

  /**
   * Moves the focus to a group, and scrolls it into the window.
   * @param {GroupCard} card
   * @param {number} [index] of a picture in it
   */
  focus(card, index) {
    const row = this.rows.find(({ cards }) => cards.includes(card));
    if (!row) return;
    if (!row.el) {
      scrollBy(0, row.top - this.above() - innerHeight / 4);
      this.render();
    }
    card.focus(index);
  }

  /** The number of the first group in the window. */
  firstVisible() {
    return this.rows[rowAt(this.rows, this.above() + 80)]?.first ?? 0;
  }

  /**
   * The place of the window: a group, and the pixels from the top of the window to it. Null where the
   * list has not been scrolled.
   * @returns {?{index: number, offset: number}}
   */
  anchor() {
    const above = this.above();
    const row = this.rows[rowAt(this.rows, above)];
    return row && above > 0 ? { index: row.first, offset: row.top - above } : null;
  }

  /**
   * Scrolls to a place that `anchor` returned.
   * @param {{index: number, offset: number}} place
   */
  scrollToAnchor({ index, offset }) {
    const row = this.rows.findLast(({ first }) => first <= index);
    if (!row) return;
    // Twice, since the heights near the place are known only when it is shown.
    for (let n = 0; n < 2; n++) {
      scrollBy(0, row.top - this.above() - offset);
      this.render();
    }
  }

  /**
   * Before the browser looks for a text, all names are put where their groups will be.
   * @param {KeyboardEvent} event
   */
  beforeFind({ key, ctrlKey, metaKey }) {
    const finds = key === "F3" || (key === "f" && (ctrlKey || metaKey));
    if (!finds || this.isFindable || !this.cards.length) return;
    this.isFindable = true;
    this.drawStubs();
    this.onwant(this.total);
  }

  drawStubs() {
    this.stubs.replaceChildren(...this.rows.map(({ cards, el, top }) => {
      const names = cards.flatMap(({ images }) => images.map(({ name }) => name));
      const stub = h("div", { hidden: el !== null }, names.join(" "));
      stub.style.top = `${top}px`;
      return stub;
    }));
  }
}
