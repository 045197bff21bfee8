// Duplicates: groups of near-duplicates. The user decides which pictures stay and which go to the trash.

import * as api from "../base/api.js";
import { change, howToAllow } from "../base/changes.js";
import { announce, h, isTyping, toast } from "../base/dom.js";
import { lasting } from "../base/lasting.js";
import { serverText, t } from "../base/messages.js";
import { panel, problemPanel } from "../base/problem.js";
import { navigate } from "../base/router.js";
import { openBulk } from "./bulk.js";
import { openCompare } from "./compare.js";
import { Comparing } from "./comparing.js";
import { files } from "./differences.js";
import { GroupCard, sameGroup } from "./group_card.js";
import { GroupList } from "./group_list.js";
import { History } from "./history.js";
import { belonging, reasons } from "./messages.js";
import { placeSaver, savedPlace } from "./place.js";
import { makeRunning } from "./running.js";
import { emptyText, Toolbar } from "./toolbar.js";
import * as undoing from "./undoing.js";

/**
 * @import {
 *   DuplicateGroupDocument, DuplicatePageDocument, InfoDocument
 * } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { Grade } from "./differences.js"
 * @import { Filters } from "./toolbar.js"
 */

export const title = t("Duplicates");
export const shortcuts = [
  ["j k", t("Next, previous group")],
  ["← →", t("Next, previous picture")],
  ["Enter", t("Compare")],
  ["Space", t("Mark to keep or for the trash")],
  ["x", t("Trash the marked pictures")],
  ["m", t("Keep this one")],
  ["n", t("Not duplicates")],
  ["u", t("Undo")],
  ["1 2 3", t("Comparing: side by side, flicker, difference")],
  ["+ − 0", t("Comparing: zoom both pictures; arrows move them")],
  ["i", t("Comparing: mirror the second picture")],
];

/**
 * @typedef {import("./undoing.js").Action} Action
 * @typedef {import("./history.js").Entry} Entry
 */

/** The page keeps its place itself, by groups. */
export const keepsScroll = true;

const PAGE = 40;
const MOST = 500;

export const { show, update } = lasting((main, { signal, info }) =>
  new Duplicates(main, info, signal));

export class Duplicates {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   */
  constructor(main, info, signal) {
    this.main = main;
    this.signal = signal;
    this.allowed = info.changes;
    /** @type {Filters} */
    this.filters = { min_grade: "edited", under: null, where: null, keep: [], bursts: false };
    /** @type {GroupCard[]} */
    this.cards = [];
    /** @type {?string} */
    this.next = null;
    /** @type {?GroupCard} */
    this.current = null;
    this.turn = 0;
    this.wanted = 0; // how many groups shall be loaded
    this.said = ""; // the last message
    this.loading = false;
    this.isUndoing = false;
    this.toolbar = new Toolbar({ allowed: this.allowed,
      onfilter: (filters) => navigate("/duplicates", filters),
      onfind: () => this.find(), onbulk: (grade) => this.bulk(grade) });
    this.running = makeRunning({ signal, onstate: (state) => this.toolbar.showState(state),
      ondone: () => this.refresh().then(() => announce(t("Comparing has finished"))) });
    this.history = new History({ signal,
      onundo: this.allowed ? (entry) => this.undoEntry(entry) : null });
    this.list = new GroupList({ signal, onwant: (end) => this.want(end),
      onmove: placeSaver(() => this.list.anchor(), signal) });
    this.none = h("div", null);
    main.append(h("div", { class: "duplicates" }, h("h1", { tabindex: "-1" }, title),
      !this.allowed && howToAllow(), this.toolbar.el, this.running.el, this.history.el,
      this.list.host, this.none));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
    api.connection.addEventListener("found", () => this.refresh().catch(() => {}), { signal });
  }

  stop() {
    this.list.stop();
  }

  /**
   * Shows the groups for the filters of an address.
   * @param {Query} params
   */
  async go(params) {
    const grade = /** @type {Filters["min_grade"]} */ (params.get("grade") || "edited");
    this.filters = { min_grade: grade,
      under: params.get("under") || null, where: params.get("where") || null,
      keep: params.getAll("keep"), bursts: params.get("bursts") === "1" };
    this.toolbar.showFilters(this.filters);
    this.setCards([], 0);
    this.wanted = 0;
    const place = savedPlace();
    await this.refresh((place?.index ?? 0) + PAGE);
    if (place) this.list.scrollToAnchor(place);
    else scrollTo(0, 0);
  }

  /**
   * Shows these groups, of `total` ones.
   * @param {GroupCard[]} cards
   * @param {number} [total]
   */
  setCards(cards, total = this.list.total) {
    this.cards = cards;
    this.list.show(cards, total);
  }

  /**
   * Fetches at least `least` groups, and all loaded ones again; the marks of the user stay.
   * @param {number} [least]
   */
  async refresh(least = PAGE) {
    const thisTurn = ++this.turn;
    this.history.load();
    const count = Math.max(least, this.cards.length);
    /** @type {DuplicateGroupDocument[]} */
    const groups = [];
    /** @type {?DuplicatePageDocument} */
    let page = null;
    try {
      do {
        const limit = Math.min(count - groups.length, MOST);
        page = await api.duplicates({ ...this.filters, cursor: page?.next, limit },
          { signal: this.signal });
        if (thisTurn !== this.turn) return;
        groups.push(...page.groups);
      } while (page.next && groups.length < count);
    } catch (error) {
      if (api.isAbort(error) || thisTurn !== this.turn) return;
      if (this.cards.length && error instanceof api.LostServer) return;
      this.fail(error);
      return;
    }
    this.next = page.next;
    this.redraw(groups, page.total);
    this.showPage(page);
  }

  /** @param {unknown} error */
  fail(error) {
    this.setCards([], 0);
    this.none.replaceChildren(problemPanel(error, () => this.refresh(), 2));
  }

  /**
   * @param {DuplicateGroupDocument[]} groups
   * @param {number} total
   */
  redraw(groups, total) {
    const held = this.list.el.contains(document.activeElement) ? this.current : null;
    const before = new Map(this.cards.map((card) => [card.key, card]));
    this.setCards(groups.map((group) => {
      const card = this.card(group);
      const old = before.get(card.key);
      return old && sameGroup(old.group, group) ? old : card;
    }), total);
    if (held && this.cards.includes(held)) this.list.focus(held);
  }

  /** @param {DuplicateGroupDocument} group */
  card(group) {
    return new GroupCard(group, { allowed: this.allowed && group.grade !== "burst",
      oncompare: (card) => this.compare(card), ondrop: (card) => this.drop(card),
      ondifferent: (card) => this.different(card), onapart: (card) => this.apart(card),
      onprefer: (card) => this.prefer(card),
      onfocus: (card) => {
        this.current = card;
      } });
  }

  /**
   * Shows totals, state and empty text of a page of the API.
   * @param {DuplicatePageDocument} page
   */
  showPage(page) {
    this.next = page.next;
    this.toolbar.showTotals(page);
    this.toolbar.showUnread(page);
    this.running.update(page);
    const text = this.cards.length || page.running ? null
      : emptyText(page, this.filters, this.allowed);
    this.none.replaceChildren(...(text ? [panel({ level: 2, ...text })] : []));
  }

  /**
   * Loads groups until there are `end` of them, and some more.
   * @param {number} end
   */
  async want(end) {
    this.wanted = Math.max(this.wanted, end + PAGE);
    while (this.next && this.cards.length < this.wanted && await this.loadMore());
  }

  /**
   * Loads the next groups, unless they are being loaded.
   * @returns {Promise<boolean>} whether it did
   */
  async loadMore() {
    if (!this.next || this.loading) return false;
    this.loading = true;
    const thisTurn = this.turn;
    const limit = Math.min(MOST, Math.max(PAGE, this.wanted - this.cards.length));
    try {
      const page = await api.duplicates({ ...this.filters, cursor: this.next, limit },
        { signal: this.signal });
      if (thisTurn !== this.turn) return false;
      this.showPage(page);
      this.setCards([...this.cards, ...page.groups.map((group) => this.card(group))], page.total);
      return true;
    } catch (error) {
      if (error instanceof api.Problem) this.say(error.message);
      return false;
    } finally {
      this.loading = false;
    }
  }

  async find() {
    await this.attempt(async () => {
      const { min_grade, bursts } = this.filters;
      await change("/duplicates/find", { min_grade, bursts });
      this.none.replaceChildren();
      this.running.begin();
      this.running.update(await api.comparing({ signal: this.signal }));
      announce(t("Comparing has begun"));
    });
  }

  /**
   * Runs `work`, and shows a message if it fails.
   * @param {() => Promise<void>} work
   */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (api.isAbort(error)) return;
      this.say(t("{reason}. The change was not confirmed.", { reason: api.messageOf(error) }));
    }
  }

  /**
   * Runs `work` while the card is blocked, and keeps its focus.
   * @param {GroupCard} card
   * @param {() => Promise<void>} work
   */
  async attemptOn(card, work) {
    const hadFocus = card.el.contains(document.activeElement);
    card.setBusy(true);
    await this.attempt(() => work());
    card.setBusy(false);
    if (hadFocus && this.cards.includes(card) && document.activeElement === document.body) {
      this.list.focus(card);
    }
  }

  /**
   * Moves pictures of a group to the trash: by default the marked ones.
   * @param {GroupCard} card
   * @param {{id: string, keep: string}[]} [drops]
   */
  async drop(card, drops = card.drops().map(({ id, keep }) => ({ id, keep }))) {
    if (!drops.length) {
      this.say(t("No picture of this group is marked for the trash"));
      return;
    }
    const hadFocus = card.el.contains(document.activeElement);
    await this.attemptOn(card, async () => {
      const result = await change("/duplicates/drops", { ...this.filters, drops });
      const { log, moved, left } = result;
      if (log !== null) {
        undoing.remember({ text: restored(moved), ids: moved, logs: [log] });
      }
      this.removeImages(card, moved, hadFocus);
      if (left.length) card.showReason(left.map(({ id, reason }) => `${id}: ${serverText(reason)}`).join("; "));
      if (moved.length) {
        this.done(toTrash(moved) + belonging(result));
      } else this.say(t("No file was moved"));
    });
  }

  /**
   * Removes pictures from a group, and the group if fewer than two pictures are left.
   * @param {GroupCard} card
   * @param {string[]} ids
   * @param {boolean} hadFocus
   */
  removeImages(card, ids, hadFocus) {
    const removed = new Set(ids);
    const images = card.images.filter(({ id }) => !removed.has(id));
    if (images.length === card.images.length) return;
    const index = this.cards.indexOf(card);
    const replacement = images.length > 1 ? [this.card({ ...card.group, images })] : [];
    this.setCards(this.cards.toSpliced(index, 1, ...replacement),
      this.list.total - (replacement.length ? 0 : 1));
    if (hadFocus) this.focusCard(index);
  }

  /** @param {number} index */
  focusCard(index) {
    const card = this.cards[index] ?? this.cards[index - 1];
    if (card) this.list.focus(card);
    else this.main.querySelector("h1")?.focus();
  }

  /**
   * Marks the current picture of a group as no duplicate of the others.
   * @param {GroupCard} card
   */
  different(card) {
    const { id, name } = card.current;
    /** @type {[string, string][]} */
    const pairs = card.images.filter((other) => other.id !== id).map((other) => [id, other.id]);
    return this.decideDifferent(card, [id], pairs,
      t("{name} is marked as not a duplicate", { name }));
  }

  /**
   * Marks all pictures of a group as no duplicates of each other.
   * @param {GroupCard} card
   */
  apart(card) {
    const ids = card.images.map(({ id }) => id);
    const pairs = ids.flatMap((id, n) =>
      ids.slice(n + 1).map((other) => /** @type {[string, string]} */ ([id, other])));
    return this.decideDifferent(card, ids, pairs,
      t("{count} pictures are marked as not duplicates", { count: ids.length }));
  }

  /**
   * @param {GroupCard} card
   * @param {string[]} ids
   * @param {[string, string][]} pairs
   * @param {string} text
   */
  async decideDifferent(card, ids, pairs, text) {
    const hadFocus = card.el.contains(document.activeElement);
    await this.attemptOn(card, async () => {
      await change("/duplicates/decisions", { different: pairs });
      undoing.remember({ text: t("These pictures count as duplicates again"), ids,
        different: pairs });
      this.removeImages(card, ids, hadFocus);
      this.done(text);
    });
  }

  /** @param {GroupCard} card */
  async prefer(card) {
    const { id, name, kept } = card.current;
    const others = card.images.filter((other) => other.kept && other.id !== id)
      .map((other) => other.id);
    await this.attemptOn(card, async () => {
      if (others.length) await change("/duplicates/decisions", { keep: others, undo: true });
      await change("/duplicates/decisions", { keep: [id], undo: kept });
      undoing.remember({ text: t("The choice was undone"), ids: [id], keep: kept ? [] : [id],
        keepAgain: kept ? [id] : others });
      this.done(kept ? t("{name} is no longer preferred", { name })
        : t("{name} will be kept", { name }));
    });
    await this.refreshAt([id]);
  }

  /**
   * Shows a message, and keeps it for the dialog that compares.
   * @param {string} text
   * @param {Parameters<typeof toast>[1]} [options]
   */
  say(text, options) {
    this.said = text;
    toast(text, options);
  }

  /**
   * Shows what was done just now and a button to undo it, and updates the totals.
   * @param {string} text
   */
  done(text) {
    const action = undoing.last();
    this.say(text, { action: t("Undo"), onaction: () => this.undo(action) });
    this.updateTotals().catch(() => {});
  }

  async updateTotals() {
    const thisTurn = this.turn;
    this.history.load();
    const page = await api.duplicates({ ...this.filters, limit: 1 }, { signal: this.signal });
    if (thisTurn === this.turn) this.showPage({ ...page, next: this.next });
  }

  /**
   * Undoes an action, by default the last one.
   * @param {?Action} [action]
   */
  async undo(action = undoing.last()) {
    if (!action || !this.allowed || !undoing.isOpen(action)) {
      this.say(action ? t("That was undone already") : t("There is nothing to undo"));
      return;
    }
    await this.revert(action);
  }

  /** @param {Action} action */
  async revert(action) {
    if (this.isUndoing) return;
    this.isUndoing = true;
    await this.attempt(async () => {
      const left = await undoing.revert(action).catch((error) => {
        // The action belongs to another collection, or its images no longer exist. Forget it, so
        // that earlier actions can be undone.
        const isGone = error instanceof api.Problem && [404, 422].includes(error.status);
        if (isGone) undoing.forget(action);
        throw error;
      });
      undoing.forget(action);
      this.say(left.length ? reasons(left) : action.text);
    });
    this.isUndoing = false;
    await this.refreshAt(action.ids);
  }

  /**
   * Undoes an entry of the history, which another tab or day may have made.
   * @param {Entry} entry
   */
  async undoEntry({ logs, ids }) {
    const made = undoing.madeBy(logs);
    if (made) undoing.forget(made);
    await this.revert({ text: restored(ids), ids: ids.slice(0, 1), logs });
  }

  /** @param {string[]} ids */
  async refreshAt(ids) {
    await this.refresh();
    const targets = new Set(ids);
    const card = this.cards.find(({ images }) => images.some(({ id }) => targets.has(id)));
    if (card) this.list.focus(card, card.images.findIndex(({ id }) => targets.has(id)));
  }

  /** @param {Grade} grade */
  async bulk(grade) {
    const byKey = new Map(this.cards.map((card) => [card.key, card]));
    /** @param {DuplicateGroupDocument} group */
    const marked = (group) =>
      byKey.get(group.images.map(({ id }) => id).join("\0"))?.drops() ?? null;
    const result = await openBulk(grade, { filters: this.filters, marked, signal: this.signal });
    if (!result) return;
    const { logs, moved, left } = result;
    await this.refresh();
    const rest = left.length ? t("; {files} not moved: {reason}",
      { files: files(left.length), reason: serverText(left[0].reason) }) : "";
    const text = toTrash(moved) + belonging(result) + rest;
    if (!moved.length) {
      this.say(text);
      return;
    }
    undoing.remember({ text: restored(moved), ids: moved.slice(0, 1), logs });
    this.done(text);
  }

  /** @param {GroupCard} card */
  compare(card) {
    const session = new Comparing(this, card);
    openCompare(session, () => this.cards.includes(session.card) &&
      this.list.focus(session.card, session.card.images.findIndex(({ id }) => id === session.id)));
  }

  /**
   * Moves the focus to another group; if no group has it, to the first visible one.
   * @param {number} by
   */
  move(by) {
    const index = this.cards.findIndex((card) => card === this.current);
    const to = index < 0 ? this.list.firstVisible() : index + by;
    const card = this.cards[Math.min(Math.max(to, 0), this.cards.length - 1)];
    if (card) this.list.focus(card);
    if (to >= this.cards.length - 3) this.loadMore();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { key } = event;
    const card = this.cards.find((each) => each === this.current) ?? null;
    // Enter activates a focused button or link itself.
    const onControl = document.activeElement?.matches("button:not(.copy-picture), a, summary");
    if (key === "j" || key === "ArrowDown") this.move(1);
    else if (key === "k" || key === "ArrowUp") this.move(-1);
    else if (key === "u") this.undo();
    else if (!card || card.busy) return;
    else if (key === "ArrowRight") card.focus(card.index + 1);
    else if (key === "ArrowLeft") card.focus(card.index - 1);
    else if (key === "Enter" && !onControl) this.compare(card);
    else if (!card.options.allowed) return;
    else if (key === " " && document.activeElement === document.body) card.toggle();
    else if (key === "x") this.drop(card);
    else if (key === "m") this.prefer(card);
    else if (key === "n") this.different(card);
    else return;
    event.preventDefault();
  }
}

/** @param {string[]} ids */
const restored = (ids) => t("{files} restored", { files: files(ids.length) });
/** @param {string[]} ids */
const toTrash = (ids) => t("{files} moved to the trash", { files: files(ids.length) });
