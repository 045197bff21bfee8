// What the comparison of two pictures can do with the groups of the page: decide, undo, go on.

import * as undoing from "./undoing.js";

/**
 * @import { Decisions } from "./decisions.js"
 * @import { GroupCard } from "./group_card.js"
 * @import { Groups } from "./groups.js"
 */

/** @typedef {"drop" | "prefer" | "different"} Deed */

/** A comparison in one group of the page after another. */
export class Comparing {
  /**
   * @param {Groups} groups
   * @param {Decisions} decisions
   * @param {GroupCard} card
   */
  constructor(groups, decisions, card) {
    this.groups = groups;
    this.decisions = decisions;
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
    const { decisions, card } = this;
    card.move(card.images.findIndex((image) => image.id === id));
    const keep = card.keeper.id;
    const ids = card.images.map((image) => image.id);
    return this.follow(ids, () => (deed === "drop"
      ? decisions.drop(card, [{ id, keep }]) : decisions[deed](card)));
  }

  /** Undoes the last action of this tab, and shows its group. */
  undo() {
    return this.follow(undoing.last()?.ids ?? [this.id], () => this.decisions.undo());
  }

  /**
   * Runs a change, and shows the group of these images after it or, if it is gone, the next.
   * @param {string[]} ids
   * @param {() => Promise<void>} work
   */
  async follow(ids, work) {
    const { groups, decisions, card } = this;
    const at = groups.cards.indexOf(card);
    decisions.said = "";
    await work();
    const same = groups.cards.find(({ images }) => images.some(({ id }) => ids.includes(id)));
    const shown = same ?? groups.cards[at] ?? groups.cards[at - 1];
    if (shown) this.show(shown);
    return { text: decisions.said, isOver: !shown };
  }

  /**
   * Goes to another group.
   * @param {number} by
   * @returns {Promise<boolean>} whether there is one
   */
  async step(by) {
    const { groups, card } = this;
    const at = groups.cards.indexOf(card) + by;
    if (at >= groups.cards.length) await groups.loadMore();
    if (!groups.cards[at]) return false;
    this.show(groups.cards[at]);
    return true;
  }
}
