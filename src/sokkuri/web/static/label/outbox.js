// Labels on their way to the server: one change after another, none lost when one fails, all undone.

import { connection } from "../base/api.js";
import { change } from "../base/changes.js";

const MOST_UNDONE = 500;

/**
 * @typedef {{id: string, label: ?string}} Given
 * @typedef {{labels: Array<Given>, about: *, before: ?Array<Given>, undoes: ?Change}} Change
 *   `about` is the caller's own, `before` what the images had, once the server has said so
 */

/** Keeps changes until the server has taken them, in their order. */
export class Outbox extends EventTarget {
  constructor() {
    super();
    /** @type {Array<Change>} */
    this.waiting = [];
    /** @type {Array<Change>} */
    this.undoable = [];
    this.sending = null;
    /** @type {?Error} why the first one waiting was not taken */
    this.problem = null;
    connection.addEventListener("found", () => this.flush());
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length) event.preventDefault();
    });
  }

  /**
   * @param {Array<Given>} labels
   * @param {*} about comes back from `undo`
   */
  give(labels, about) {
    const made = { labels, about, before: null, undoes: null };
    this.undoable.push(made);
    if (this.undoable.length > MOST_UNDONE) this.undoable.shift();
    this.waiting.push(made);
    this.tell();
    this.flush();
  }

  /**
   * Takes the last change back; one that was not sent yet is never sent.
   * @returns {?Change}
   */
  undo() {
    const last = this.undoable.pop() ?? null;
    if (!last) return null;
    if (this.waiting.includes(last) && this.sending !== last) {
      this.forget(last);
    } else {
      this.waiting.push({ labels: last.labels, about: null, before: null, undoes: last });
    }
    this.tell();
    this.flush();
    return last;
  }

  /**
   * Gives up what the server does not take.
   * @returns {?Change} unless it was undone already
   */
  discard() {
    const refused = this.waiting[0];
    if (!refused || this.sending) return null;
    const stood = this.undoable.includes(refused);
    this.undoable = this.undoable.filter((one) => one !== refused);
    this.forget(refused);
    this.flush();
    return stood ? refused : null;
  }

  /** @returns {Array<string>} the images whose labels the server does not know yet */
  unsaved() {
    return this.waiting.flatMap(({ labels }) => labels.map(({ id }) => id));
  }

  forget(change_) {
    this.waiting = this.waiting.filter((one) => one !== change_ && one.undoes !== change_);
    this.problem = null;
  }

  /** Sends what is waiting, until something is not taken. */
  async flush() {
    if (this.sending) return;
    while (this.waiting.length) {
      const [first] = this.waiting;
      this.sending = first;
      try {
        const labels = first.undoes ? first.undoes.before : first.labels;
        first.before = (await change("/labels", { labels })).before;
        this.problem = null;
        this.waiting.shift();
      } catch (error) {
        this.problem = error;
        break;
      } finally {
        this.sending = null;
      }
      this.tell();
    }
    this.tell();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }
}
