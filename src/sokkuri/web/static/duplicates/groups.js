// The groups of the page: they are fetched in parts while the user scrolls, and shown as cards.

import * as api from "../base/api.js";
import { findAll } from "../base/dom.js";
import { sameGroup } from "./group_card.js";

/**
 * @import { DuplicateGroupDocument, DuplicatePageDocument } from "../base/api_types.js"
 * @import { GroupCard } from "./group_card.js"
 * @import { GroupList } from "./group_list.js"
 * @import { Filters } from "./toolbar.js"
 */

/** Groups of a usual part. */
export const PART = 40;
const LARGEST_PART = 500;
const PATIENCE = 500; // milliseconds for the first pictures to load

export class Groups {
  /**
   * @param {{signal: AbortSignal, list: GroupList, makeCard: (group: DuplicateGroupDocument) => GroupCard,
   *   onpage: (page: DuplicatePageDocument) => void, onfail: (error: unknown) => void,
   *   onproblem: (text: string) => void}} options
   *   onpage: called with totals and state, or, if the page is not `whole`, with the state alone; onfail: called if no group can be shown; onproblem: called
   *   if no further group could be fetched
   */
  constructor({ signal, list, makeCard, onpage, onfail, onproblem }) {
    this.signal = signal;
    this.list = list;
    this.makeCard = makeCard;
    this.onpage = onpage;
    this.onfail = onfail;
    this.onproblem = onproblem;
    /** @type {Filters} */
    this.filters = { min_grade: "edited", under: null, where: null, keep: [], bursts: false };
    /** @type {GroupCard[]} */
    this.cards = [];
    /** @type {?GroupCard} the one that had the focus last */
    this.current = null;
    /** @type {?string} */
    this.next = null;
    this.turn = 0;
    this.wanted = 0; // how many groups shall be loaded
    this.loading = false;
    this.isPart = false; // whether the first groups are shown alone, until all are known
  }

  /**
   * Shows no group until `refresh` is called.
   * @param {Filters} filters
   */
  begin(filters) {
    this.filters = filters;
    this.wanted = 0;
    this.set([], 0);
  }

  /**
   * Shows these groups, of `total` ones.
   * @param {GroupCard[]} cards
   * @param {number} [total]
   */
  set(cards, total = this.list.total) {
    this.cards = cards;
    this.list.show(cards, total);
  }

  /**
   * Fetches at least `least` groups, and all loaded ones again; the marks of the user stay. If no group
   * is shown and all would take long, shows the first ones before.
   * @param {number} [least]
   */
  async refresh(least = PART) {
    const thisTurn = ++this.turn;
    const count = Math.max(least, this.cards.length);
    /** @type {DuplicateGroupDocument[]} */
    const groups = [];
    /** @type {?DuplicatePageDocument} */
    let page = null;
    let quick = !this.cards.length;
    try {
      do {
        const limit = Math.min(count - groups.length, quick ? PART : LARGEST_PART);
        page = await api.duplicates({ ...this.filters, cursor: page?.next, limit,
          quick: quick || null }, { signal: this.signal });
        if (thisTurn !== this.turn) return;
        quick = false;
        this.isPart = !page.whole;
        if (page.whole) groups.push(...page.groups);
        else await this.showFirst(page);
        if (thisTurn !== this.turn) return;
      } while (!page.whole || (page.next && groups.length < count));
    } catch (error) {
      if (api.isAbort(error) || thisTurn !== this.turn) return;
      if (this.cards.length && error instanceof api.LostServer) return;
      this.set([], 0);
      this.onfail(error);
      return;
    }
    this.next = page.next;
    this.redraw(groups, page.total);
    this.onpage(page);
  }

  /**
   * Shows the first groups, and waits for their pictures: after that, the server is busy with all groups.
   * @param {DuplicatePageDocument} page
   */
  async showFirst(page) {
    this.next = null;
    this.redraw(page.groups, page.total);
    this.onpage(page);
    const pictures = findAll("img", this.list.el)
      .map((img) => /** @type {HTMLImageElement} */ (img).decode().catch(() => {}));
    await Promise.race([Promise.all(pictures), new Promise((done) => setTimeout(done, PATIENCE))]);
  }

  /**
   * @param {DuplicateGroupDocument[]} groups
   * @param {number} total
   */
  redraw(groups, total) {
    const held = this.list.el.contains(document.activeElement) ? this.current : null;
    const before = new Map(this.cards.map((card) => [card.key, card]));
    this.set(groups.map((group) => {
      const card = this.makeCard(group);
      const old = before.get(card.key);
      return old && sameGroup(old.group, group) ? old : card;
    }), total);
    if (held && this.cards.includes(held)) this.list.focus(held);
  }

  /** Fetches the totals and the state, after a change of single groups. */
  async refreshTotals() {
    if (this.isPart) { // what is being fetched is older than the change
      await this.refresh();
      return;
    }
    const thisTurn = this.turn;
    const page = await api.duplicates({ ...this.filters, limit: 1 }, { signal: this.signal });
    if (thisTurn === this.turn) this.onpage(page);
  }

  /**
   * Loads groups until there are `end` of them, and some more.
   * @param {number} end
   */
  async want(end) {
    this.wanted = Math.max(this.wanted, end + PART);
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
    const limit = Math.min(LARGEST_PART, Math.max(PART, this.wanted - this.cards.length));
    try {
      const page = await api.duplicates({ ...this.filters, cursor: this.next, limit },
        { signal: this.signal });
      if (thisTurn !== this.turn) return false;
      this.next = page.next;
      this.onpage(page);
      this.set([...this.cards, ...page.groups.map((group) => this.makeCard(group))], page.total);
      return true;
    } catch (error) {
      if (error instanceof api.Problem) this.onproblem(error.message);
      return false;
    } finally {
      this.loading = false;
    }
  }

  /**
   * Removes pictures from a group, and the group if fewer than two pictures are left.
   * @param {GroupCard} card
   * @param {string[]} ids
   * @returns {boolean} whether the group had one of them
   */
  removeImages(card, ids) {
    const removed = new Set(ids);
    const images = card.images.filter(({ id }) => !removed.has(id));
    if (images.length === card.images.length) return false;
    const replacement = images.length > 1 ? [this.makeCard({ ...card.group, images })] : [];
    this.set(this.cards.toSpliced(this.cards.indexOf(card), 1, ...replacement),
      this.list.total - (replacement.length ? 0 : 1));
    return true;
  }

  /**
   * Moves the focus to the first group that has one of these images, and to that image.
   * @param {string[]} ids
   */
  focusOn(ids) {
    const targets = new Set(ids);
    const card = this.cards.find(({ images }) => images.some(({ id }) => targets.has(id)));
    if (card) this.list.focus(card, card.images.findIndex(({ id }) => targets.has(id)));
  }
}
