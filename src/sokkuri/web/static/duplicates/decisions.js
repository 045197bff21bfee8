// What the user decides about groups and their pictures, and how it is undone. Each decision goes to the
// server at once.

import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { toast } from "../base/dom.js";
import { serverText, t } from "../base/messages.js";
import { openBulk } from "./bulk.js";
import { files } from "./differences.js";
import { belonging, reasons } from "./messages.js";
import * as undoing from "./undoing.js";

/**
 * @import { DuplicateGroupDocument } from "../base/api_types.js"
 * @import { Grade } from "./differences.js"
 * @import { GroupCard } from "./group_card.js"
 * @import { Groups } from "./groups.js"
 * @import { Entry } from "./history.js"
 * @import { Action } from "./undoing.js"
 */

export class Decisions {
  /**
   * @param {{groups: Groups, allowed: boolean, signal: AbortSignal, refresh: () => Promise<void>,
   *   ondone: () => Promise<void>, onempty: () => void}} options
   *   allowed: whether the server allows changes; refresh: fetches all groups again; ondone: called
   *   after a decision, to fetch the totals; onempty: called when the group with the focus was the last
   */
  constructor({ groups, allowed, signal, refresh, ondone, onempty }) {
    this.groups = groups;
    this.allowed = allowed;
    this.signal = signal;
    this.refresh = refresh;
    this.ondone = ondone;
    this.onempty = onempty;
    this.said = ""; // the last message
    this.isUndoing = false;
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
    const { groups } = this;
    const hadFocus = card.el.contains(document.activeElement);
    card.setBusy(true);
    await this.attempt(() => work());
    card.setBusy(false);
    if (hadFocus && groups.cards.includes(card) && document.activeElement === document.body) {
      groups.list.focus(card);
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
      const result = await change("/duplicates/drops", { ...this.groups.filters, drops });
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
   * Removes pictures from a group. If the group had the focus, what follows it gets the focus.
   * @param {GroupCard} card
   * @param {string[]} ids
   * @param {boolean} hadFocus
   */
  removeImages(card, ids, hadFocus) {
    const { groups } = this;
    const at = groups.cards.indexOf(card);
    if (!groups.removeImages(card, ids) || !hadFocus) return;
    const next = groups.cards[at] ?? groups.cards[at - 1];
    if (next) groups.list.focus(next);
    else this.onempty();
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
   * Asks which pictures of all groups of a grade shall go to the trash, and moves them.
   * @param {Grade} grade
   */
  async bulk(grade) {
    const { cards, filters } = this.groups;
    const byKey = new Map(cards.map((card) => [card.key, card]));
    /** @param {DuplicateGroupDocument} group */
    const marked = (group) =>
      byKey.get(group.images.map(({ id }) => id).join("\0"))?.drops() ?? null;
    const result = await openBulk(grade, { filters, marked, signal: this.signal });
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
   * Shows what was done just now and a button to undo it.
   * @param {string} text
   */
  done(text) {
    const action = undoing.last();
    this.say(text, { action: t("Undo"), onaction: () => this.undo(action) });
    this.ondone().catch(() => {});
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
    this.groups.focusOn(ids);
  }
}

/** @param {string[]} ids */
const restored = (ids) => t("{files} restored", { files: files(ids.length) });
/** @param {string[]} ids */
const toTrash = (ids) => t("{files} moved to the trash", { files: files(ids.length) });
