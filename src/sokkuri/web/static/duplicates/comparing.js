// What the comparison of two pictures can do with the groups of the page: decide, undo, go on.

import * as undoing from "./undoing.js";

/**
 * @import { GroupCard } from "./group_card.js"
 * @import { Duplicates } from "./view.js"
 */

/** @typedef {"drop" | "prefer" | "different"} Deed */

/** A comparison in one group of the page after another. */
export class Comparing {
  /**
   * @param {Duplicates} page
   * @param {GroupCard} card
   */
  constructor(page, card) {
    this.page = page;
    this.card = card;
    this.id = "";
    this.show(card);
  }

  get group() {
    return this.card.group;
  }

  get allowed() {
    return Boolean(this.card.options.allowed);
  }

  /**
   * Makes a group the current one, and its first picture that is not kept the compared one.
   * @param {GroupCard} card
   */
  show(card) {
    const { current, keeper } = card;
    this.card = card;
    const other = current === keeper ? card.images.find((image) => image !== keeper) : current;
    this.id = (other ?? current).id;
  }

  /**
   * Decides on the compared picture.
   * @param {Deed} deed
   * @param {string} id of the picture
   * @returns {Promise<{text: string, isOver: boolean}>} what to say, and whether no group is left
   */
  async act(deed, id) {
    const { page, card } = this;
    card.move(card.images.findIndex((image) => image.id === id));
    const keep = card.keeper.id;
    const ids = card.images.map((image) => image.id);
    return this.follow(ids, () => (deed === "drop" ? page.drop(card, [{ id, keep }]) : page[deed](card)));
  }

  /** Undoes the last action of this tab, and shows its group. */
  undo() {
    return this.follow(undoing.last()?.ids ?? [this.id], () => this.page.undo());
  }

  /**
   * Runs a change, and shows the group of these images after it or, if it is gone, the next.
   * @param {string[]} ids
   * @param {() => Promise<void>} work
   */
  async follow(ids, work) {
    const { page, card } = this;
    const at = page.cards.indexOf(card);
    page.said = "";
    await work();
    const same = page.cards.find(({ images }) => images.some(({ id }) => ids.includes(id)));
    const shown = same ?? page.cards[at] ?? page.cards[at - 1];
    if (shown) this.show(shown);
    return { text: page.said, isOver: !shown };
  }

  /**
   * Goes to another group.
   * @param {number} by
   * @returns {Promise<boolean>} whether there is one
   */
  async step(by) {
    const { page, card } = this;
    const at = page.cards.indexOf(card) + by;
    if (at >= page.cards.length) await page.loadMore();
    if (!page.cards[at]) return false;
    this.show(page.cards[at]);
    return true;
  }
}
