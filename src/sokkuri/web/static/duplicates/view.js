// Duplicates: groups of pictures that are nearly the same; which of each stays, which are dropped.

import * as api from "../base/api.js";
import { change, howToAllow } from "../base/changes.js";
import { announce, h, isTyping, toast } from "../base/dom.js";
import { lasting } from "../base/lasting.js";
import { panel, problemPanel } from "../base/problem.js";
import { navigate } from "../base/router.js";
import { openBulk } from "./bulk.js";
import { openCompare } from "./compare.js";
import { files } from "./differences.js";
import { GroupCard } from "./group_card.js";
import { makeRunning } from "./running.js";
import { emptyText, Toolbar } from "./toolbar.js";
import * as undoing from "./undoing.js";

export const title = "Duplicates";
export const shortcuts = [
  ["j k", "Next, previous group"],
  ["← →", "Next, previous picture"],
  ["Enter", "Compare"],
  ["Space", "It stays, it is dropped"],
  ["x", "Drop what is marked"],
  ["m", "Keep this one"],
  ["n", "No duplicate"],
  ["u", "Undo"],
  ["1 2 3", "Comparing: side by side, flicker, difference"],
];

const PAGE = 40;
const MOST = 500;

export const { show, update } = lasting((main, { signal, info }) =>
  new Duplicates(main, info, signal));

class Duplicates {
  constructor(main, info, signal) {
    Object.assign(this, { main, signal, allowed: info.changes, cards: [], next: null,
      current: null, turn: 0 });
    this.toolbar = new Toolbar({ allowed: this.allowed,
      onfilter: (filters) => navigate("/duplicates", filters),
      onfind: () => this.find(), onbulk: (grade) => this.bulk(grade) });
    this.running = makeRunning({ signal, onstate: (state) => this.toolbar.showState(state),
      ondone: () => this.refresh().then(() => announce("Comparing has ended")) });
    this.list = h("ol", { class: "copies-list" });
    this.more = h("button", { type: "button", class: "button", hidden: true,
      onclick: () => this.loadMore() }, "Show more");
    this.none = h("div", null);
    main.append(h("div", { class: "duplicates" }, h("h1", { tabindex: "-1" }, title),
      !this.allowed && howToAllow(), this.toolbar.el, this.running.el, this.list, this.none,
      this.more));
    this.watcher = new IntersectionObserver((seen) =>
      seen.some(({ isIntersecting }) => isIntersecting) && this.loadMore(),
    { rootMargin: "600px" });
    this.watcher.observe(this.more);
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
    api.connection.addEventListener("found", () => this.refresh().catch(() => {}), { signal });
  }

  stop() {
    this.watcher.disconnect();
  }

  /** Shows what an address asks for. */
  async go(params) {
    this.filters = { min_grade: params.get("grade") || "edited",
      under: params.get("under") || null, where: params.get("where") || null };
    this.toolbar.showFilters(this.filters);
    this.cards = [];
    this.list.replaceChildren();
    await this.refresh();
  }

  /** Asks for all groups that are shown once more; what the user has marked stays so. */
  async refresh() {
    const mine = ++this.turn;
    const wanted = Math.max(PAGE, this.cards.length);
    const groups = [];
    let page = null;
    try {
      do {
        const limit = Math.min(wanted - groups.length, MOST);
        page = await api.duplicates({ ...this.filters, cursor: page?.next, limit },
          { signal: this.signal });
        if (mine !== this.turn) return;
        groups.push(...page.groups);
      } while (page.next && groups.length < wanted);
    } catch (error) {
      if (error.name === "AbortError" || mine !== this.turn) return;
      if (this.cards.length && error.name === "LostServer") return;
      this.fail(error);
      return;
    }
    this.redraw(groups);
    this.took(page);
  }

  fail(error) {
    this.list.replaceChildren();
    this.cards = [];
    this.more.hidden = true;
    this.none.replaceChildren(problemPanel(error, () => this.refresh(), 2));
  }

  redraw(groups) {
    const before = new Map(this.cards.map((card) => [card.key, card]));
    const held = this.list.contains(document.activeElement) ? this.current : null;
    this.cards = groups.map((group) => {
      const card = this.card(group);
      const old = before.get(card.key);
      return old && sameGroup(old.group, group) ? old : card;
    });
    this.list.replaceChildren(...this.cards.map(({ el }) => el));
    if (held && this.cards.includes(held)) held.focus();
  }

  card(group) {
    return new GroupCard(group, { allowed: this.allowed,
      oncompare: (card) => this.compare(card), ondrop: (card) => this.drop(card),
      ondifferent: (card) => this.different(card), onprefer: (card) => this.prefer(card),
      onfocus: (card) => {
        this.current = card;
      } });
  }

  took(page) {
    this.next = page.next;
    this.more.hidden = !page.next;
    this.toolbar.showTotals(page);
    this.running.update(page);
    const text = this.cards.length || page.running ? null
      : emptyText(page, this.filters, this.allowed);
    this.none.replaceChildren(...(text ? [panel({ level: 2, ...text })] : []));
  }

  async loadMore() {
    if (!this.next || this.loading) return;
    this.loading = true;
    const mine = this.turn;
    try {
      const page = await api.duplicates({ ...this.filters, cursor: this.next, limit: PAGE },
        { signal: this.signal });
      if (mine !== this.turn) return;
      const cards = page.groups.map((group) => this.card(group));
      this.cards.push(...cards);
      this.list.append(...cards.map(({ el }) => el));
      this.took(page);
    } catch (error) {
      if (error.name === "Problem") toast(error.message);
    } finally {
      this.loading = false;
    }
  }

  async find() {
    await this.attempt(async () => {
      await change("/duplicates/find", { min_grade: this.filters.min_grade });
      this.none.replaceChildren();
      this.running.begin();
      this.running.update(await api.comparing({ signal: this.signal }));
      announce("Comparing has begun");
    });
  }

  /** Does what may fail, and says so if it does. */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (error.name !== "AbortError") toast(`${error.message}. Nothing is known to be changed.`);
    }
  }

  async with(card, work) {
    const held = card.el.contains(document.activeElement);
    card.busy(true);
    await this.attempt(() => work());
    card.busy(false);
    if (held && card.el.isConnected && document.activeElement === document.body) card.focus();
  }

  async drop(card) {
    const drops = card.drops().map(({ id, keep }) => ({ id, keep }));
    if (!drops.length) {
      toast("None of these is marked to be dropped");
      return;
    }
    const held = card.el.contains(document.activeElement);
    await this.with(card, async () => {
      const { log, moved, left } = await change("/duplicates/drops", { ...this.filters, drops });
      if (moved.length) {
        undoing.remember({ text: `${files(moved.length)} brought back`, ids: moved, logs: [log] });
      }
      this.without(card, moved, held);
      if (left.length) card.complain(left.map(({ id, reason }) => `${id}: ${reason}`).join("; "));
      if (moved.length) this.done(`${files(moved.length)} moved to the trash`);
      else toast("Nothing was moved");
    });
  }

  /** Takes pictures out of a group, and the group away where fewer than two are left. */
  without(card, ids, held) {
    const gone = new Set(ids);
    const images = card.images.filter(({ id }) => !gone.has(id));
    if (images.length === card.images.length) return;
    const at = this.cards.indexOf(card);
    const left = images.length > 1 ? [this.card({ ...card.group, images })] : [];
    this.cards.splice(at, 1, ...left);
    card.el.replaceWith(...left.map(({ el }) => el));
    if (held) this.focusAt(at);
  }

  focusAt(at) {
    const card = this.cards[at] ?? this.cards[at - 1];
    if (card) card.focus();
    else this.main.querySelector("h1").focus();
  }

  async different(card) {
    const { id } = card.current;
    const pairs = card.images.filter((other) => other.id !== id).map((other) => [id, other.id]);
    const held = card.el.contains(document.activeElement);
    await this.with(card, async () => {
      await change("/duplicates/decisions", { different: pairs });
      undoing.remember({ text: "They count as duplicates again", ids: [id], different: pairs });
      this.without(card, [id], held);
      this.done(`${card.current.name} is no duplicate of these`);
    });
  }

  async prefer(card) {
    const { id, name, kept } = card.current;
    const others = card.images.filter((other) => other.kept && other.id !== id)
      .map((other) => other.id);
    await this.with(card, async () => {
      if (others.length) await change("/duplicates/decisions", { keep: others, undo: true });
      await change("/duplicates/decisions", { keep: [id], undo: kept });
      undoing.remember({ text: "As it was before", ids: [id], keep: kept ? [] : [id],
        keepAgain: kept ? [id] : others });
      this.done(kept ? `${name} is kept no more than others` : `${name} is the one to keep`);
    });
    await this.refreshAt([id]);
  }

  /** Something was done: says so, offers to undo it, and counts anew. */
  done(text) {
    toast(text, { action: "Undo", onaction: () => this.undo() });
    this.recount().catch(() => {});
  }

  async recount() {
    const mine = this.turn;
    const page = await api.duplicates({ ...this.filters, limit: 1 }, { signal: this.signal });
    if (mine === this.turn) this.took({ ...page, next: this.next });
  }

  async undo() {
    const deed = undoing.last();
    if (!deed || !this.allowed) {
      toast("There is nothing to undo");
      return;
    }
    if (this.undone) return;
    this.undone = true;
    await this.attempt(async () => {
      const left = await undoing.takeBack(deed).catch((error) => {
        // Of another collection, or its images are no more: what was done before it can be undone.
        if (error.status === 404 || error.status === 422) undoing.forget();
        throw error;
      });
      undoing.forget();
      toast(left.length ? left.map(({ id, reason }) => `${id}: ${reason}`).join("; ") : deed.text);
    });
    this.undone = false;
    await this.refreshAt(deed.ids);
  }

  async refreshAt(ids) {
    await this.refresh();
    const wanted = new Set(ids);
    const card = this.cards.find(({ images }) => images.some(({ id }) => wanted.has(id)));
    card?.focus(card.images.findIndex(({ id }) => wanted.has(id)));
  }

  async bulk(grade) {
    const byKey = new Map(this.cards.map((card) => [card.key, card]));
    const known = (group) =>
      byKey.get(group.images.map(({ id }) => id).join("\0"))?.drops() ?? null;
    const done = await openBulk(grade, { filters: this.filters, known, signal: this.signal });
    if (!done) return;
    const { logs, moved, left } = done;
    await this.refresh();
    const rest = left.length ? `; ${files(left.length)} stayed: ${left[0].reason}` : "";
    const text = `${files(moved.length)} moved to the trash${rest}`;
    if (!moved.length) {
      toast(text);
      return;
    }
    undoing.remember({ text: `${files(moved.length)} brought back`, ids: moved.slice(0, 1), logs });
    this.done(text);
  }

  compare(card) {
    const { current, keeper } = card;
    const other = current === keeper ? card.images.find((image) => image !== keeper) : current;
    openCompare(card.group, other.id, (id) =>
      card.focus(card.images.findIndex((image) => image.id === id)));
  }

  /** Goes to another group; with none, to the first that can be seen. */
  move(by) {
    const at = this.cards.indexOf(this.current);
    const seen = this.cards.findIndex(({ el }) => el.getBoundingClientRect().bottom > 80);
    const to = at < 0 ? Math.max(seen, 0) : at + by;
    const card = this.cards[Math.min(Math.max(to, 0), this.cards.length - 1)];
    card?.focus();
    if (to >= this.cards.length - 3) this.loadMore();
  }

  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { key } = event;
    const card = this.cards.includes(this.current) ? this.current : null;
    // A button or a link that has the focus is pressed by these keys itself.
    const elsewhere = document.activeElement?.matches("button:not(.copy-picture), a, summary");
    if (key === "j" || key === "ArrowDown") this.move(1);
    else if (key === "k" || key === "ArrowUp") this.move(-1);
    else if (key === "u") this.undo();
    else if (!card || card.el.inert) return;
    else if (key === "ArrowRight") card.focus(card.at + 1);
    else if (key === "ArrowLeft") card.focus(card.at - 1);
    else if (key === "Enter" && !elsewhere) this.compare(card);
    else if (!this.allowed) return;
    else if (key === " " && document.activeElement === document.body) card.toggle();
    else if (key === "x") this.drop(card);
    else if (key === "m") this.prefer(card);
    else if (key === "n") this.different(card);
    else return;
    event.preventDefault();
  }
}

/** Whether a group is as it was, so that what was marked in it still holds. */
function sameGroup(one, other) {
  const facts = ({ grade, keep, images }) =>
    JSON.stringify([grade, keep, images.map(({ id, v, kept }) => [id, v, kept])]);
  return facts(one) === facts(other);
}
