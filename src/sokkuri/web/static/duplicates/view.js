// Duplicates: groups of near-duplicates. The user decides which pictures stay and which go to the trash.

import * as api from "../base/api.js";
import { change, howToAllow } from "../base/changes.js";
import { announce, h, isTyping } from "../base/dom.js";
import { lasting } from "../base/lasting.js";
import { t } from "../base/messages.js";
import { panel, problemPanel } from "../base/problem.js";
import { navigate } from "../base/router.js";
import { openCompare } from "./compare.js";
import { Comparing } from "./comparing.js";
import { Decisions } from "./decisions.js";
import { GroupCard } from "./group_card.js";
import { GroupList } from "./group_list.js";
import { Groups, PART } from "./groups.js";
import { History } from "./history.js";
import { placeSaver, savedPlace } from "./place.js";
import { makeRunning } from "./running.js";
import { emptyText, Toolbar } from "./toolbar.js";

/**
 * @import {
 *   DuplicateGroupDocument, DuplicatePageDocument, InfoDocument
 * } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
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

/** The page keeps its place itself, by groups. */
export const keepsScroll = true;

export const { show, update } = lasting((main, { signal, info }) =>
  new Duplicates(main, info, signal));

class Duplicates {
  /**
   * @param {HTMLElement} main
   * @param {InfoDocument} info
   * @param {AbortSignal} signal
   */
  constructor(main, info, signal) {
    this.signal = signal;
    this.allowed = info.changes;
    this.heading = h("h1", { tabindex: "-1" }, title);
    this.toolbar = new Toolbar({ allowed: this.allowed,
      onfilter: (filters) => navigate("/duplicates", filters),
      onfind: () => this.find(), onbulk: (grade) => this.decisions.bulk(grade) });
    this.running = makeRunning({ signal, onstate: (state) => this.toolbar.showState(state),
      ondone: () => this.refresh().then(() => announce(t("Comparing has finished"))) });
    this.history = new History({ signal,
      onundo: this.allowed ? (entry) => this.decisions.undoEntry(entry) : null });
    this.list = new GroupList({ signal, onwant: (end) => this.groups.want(end),
      onmove: placeSaver(() => this.list.anchor(), signal) });
    this.groups = new Groups({ signal, list: this.list, makeCard: (group) => this.card(group),
      onpage: (page) => this.showPage(page), onfail: (error) => this.fail(error),
      onproblem: (text) => this.decisions.say(text) });
    this.decisions = new Decisions({ groups: this.groups, allowed: this.allowed, signal,
      refresh: () => this.refresh(), ondone: () => this.refreshTotals(),
      onempty: () => this.heading.focus() });
    this.none = h("div", null);
    main.append(h("div", { class: "duplicates" }, this.heading,
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
    const filters = { min_grade: grade,
      under: params.get("under") || null, where: params.get("where") || null,
      keep: params.getAll("keep"), bursts: params.get("bursts") === "1" };
    this.toolbar.showFilters(filters);
    this.groups.begin(filters);
    const place = savedPlace();
    if (!place) scrollTo(0, 0);
    await this.refresh((place?.index ?? 0) + PART);
    if (place) this.list.scrollToAnchor(place);
  }

  /**
   * Fetches at least `least` groups, and all loaded ones again.
   * @param {number} [least]
   */
  refresh(least) {
    this.history.load();
    return this.groups.refresh(least);
  }

  refreshTotals() {
    this.history.load();
    return this.groups.refreshTotals();
  }

  /** @param {unknown} error */
  fail(error) {
    this.none.replaceChildren(problemPanel(error, () => this.refresh(), 2));
  }

  /** @param {DuplicateGroupDocument} group */
  card(group) {
    return new GroupCard(group, { allowed: this.allowed && group.grade !== "burst",
      oncompare: (card) => this.compare(card), ondrop: (card) => this.decisions.drop(card),
      ondifferent: (card) => this.decisions.different(card),
      onapart: (card) => this.decisions.apart(card), onprefer: (card) => this.decisions.prefer(card),
      onfocus: (card) => {
        this.groups.current = card;
      } });
  }

  /**
   * Shows state, totals and empty text of a page of the API; of the first groups alone, the state.
   * @param {DuplicatePageDocument} page
   */
  showPage(page) {
    this.running.update(page);
    if (!page.whole) return;
    this.toolbar.showTotals(page);
    this.toolbar.showUnread(page);
    const text = this.groups.cards.length || page.running ? null
      : emptyText(page, this.groups.filters, this.allowed);
    this.none.replaceChildren(...(text ? [panel({ level: 2, ...text })] : []));
  }

  async find() {
    await this.decisions.attempt(async () => {
      const { min_grade, bursts } = this.groups.filters;
      await change("/duplicates/find", { min_grade, bursts });
      this.none.replaceChildren();
      this.running.begin();
      this.running.update(await api.comparing({ signal: this.signal }));
      announce(t("Comparing has begun"));
    });
  }

  /** @param {GroupCard} card */
  compare(card) {
    const { groups } = this;
    const session = new Comparing(groups, this.decisions, card);
    openCompare(session, () => groups.cards.includes(session.card) &&
      this.list.focus(session.card, session.card.images.findIndex(({ id }) => id === session.id)));
  }

  /**
   * Moves the focus to another group; if no group has it, to the first visible one.
   * @param {number} by
   */
  move(by) {
    const { cards, current } = this.groups;
    const index = cards.findIndex((card) => card === current);
    const to = index < 0 ? this.list.firstVisible() : index + by;
    const card = cards[Math.min(Math.max(to, 0), cards.length - 1)];
    if (card) this.list.focus(card);
    if (to >= cards.length - 3) this.groups.loadMore();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { key } = event;
    const card = this.groups.cards.find((each) => each === this.groups.current) ?? null;
    // Enter activates a focused button or link itself.
    const onControl = document.activeElement?.matches("button:not(.copy-picture), a, summary");
    if (key === "j" || key === "ArrowDown") this.move(1);
    else if (key === "k" || key === "ArrowUp") this.move(-1);
    else if (key === "u") this.decisions.undo();
    else if (!card || card.busy) return;
    else if (key === "ArrowRight") card.focus(card.index + 1);
    else if (key === "ArrowLeft") card.focus(card.index - 1);
    else if (key === "Enter" && !onControl) this.compare(card);
    else if (!card.options.allowed) return;
    else if (key === " " && document.activeElement === document.body) card.toggle();
    else if (key === "x") this.decisions.drop(card);
    else if (key === "m") this.decisions.prefer(card);
    else if (key === "n") this.decisions.different(card);
    else return;
    event.preventDefault();
  }
}
