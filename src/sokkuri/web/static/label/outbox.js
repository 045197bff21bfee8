// Sends labels to the server, one change after another. A failed change is kept and sent again, and
// every change can be undone.

import { connection } from "../base/api.js";
import { change } from "../base/changes.js";

/** @import { GivenLabelDocument } from "../base/api_types.js" */

const MOST_UNDONE = 500;

/**
 * @typedef {{id: string, label: ?string}} Given
 */
/**
 * @template About
 * @typedef {{labels: Given[], about: ?About, before: ?Given[], undoes: ?Change<About>}} Change
 *   `about` belongs to the caller; `before` are the former labels, from the server's answer;
 *   `undoes` is the change that this one undoes
 */

/**
 * The labels of a change. Each says which label the image had when the user gave it, so that a
 * label from another tab is not replaced unseen.
 * @param {Change<unknown>} change
 * @returns {GivenLabelDocument[]}
 */
function labelsToSend({ labels, undoes }) {
  if (!undoes) return labels.map((given) => ({ ...given, was: null }));
  return (undoes.before ?? []).map((given, n) => ({ ...given, was: labels[n].label }));
}

/**
 * Keeps changes in order until the server has accepted them.
 * @template About
 */
export class Outbox extends EventTarget {
  constructor() {
    super();
    /** @type {Change<About>[]} */
    this.waiting = [];
    /** @type {Change<About>[]} */
    this.undoable = [];
    /** @type {?Change<About>} */
    this.sending = null;
    /** @type {unknown} why the server did not accept the first waiting change */
    this.problem = null;
    connection.addEventListener("found", () => this.flush());
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length) event.preventDefault();
    });
  }

  /**
   * @param {Array<Given>} labels
   * @param {About} about returned by `undo`
   */
  give(labels, about) {
    /** @type {Change<About>} */
    const newChange = { labels, about, before: null, undoes: null };
    this.undoable.push(newChange);
    if (this.undoable.length > MOST_UNDONE) this.undoable.shift();
    this.waiting.push(newChange);
    this.notify();
    this.flush();
  }

  /**
   * Undoes the last change. A change that was not sent yet is never sent.
   * @returns {?Change<About>}
   */
  undo() {
    const last = this.undoable.pop() ?? null;
    if (!last) return null;
    if (this.waiting.includes(last) && this.sending !== last) {
      this.forget(last);
    } else {
      this.waiting.push({ labels: last.labels, about: null, before: null, undoes: last });
    }
    this.notify();
    this.flush();
    return last;
  }

  /**
   * Drops the first waiting change, which the server does not accept.
   * @returns {?Change<About>} the change, or null if the user had undone it
   */
  discard() {
    const refused = this.waiting[0];
    if (!refused || this.sending) return null;
    const wasInEffect = this.undoable.includes(refused);
    this.undoable = this.undoable.filter((other) => other !== refused);
    this.forget(refused);
    this.flush();
    return wasInEffect ? refused : null;
  }

  /** @returns {Array<string>} ids of the images whose labels are not on the server yet */
  unsaved() {
    return this.waiting.flatMap(({ labels }) => labels.map(({ id }) => id));
  }

  /** @param {Change<About>} dropped */
  forget(dropped) {
    this.waiting = this.waiting.filter((other) => other !== dropped && other.undoes !== dropped);
    this.problem = null;
  }

  /** Sends the waiting changes until one fails. */
  async flush() {
    if (this.sending) return;
    while (this.waiting.length) {
      const [first] = this.waiting;
      this.sending = first;
      try {
        const labels = labelsToSend(first);
        first.before = (await change("/labels", { labels })).before;
        this.problem = null;
        this.waiting.shift();
      } catch (error) {
        this.problem = error;
        break;
      } finally {
        this.sending = null;
      }
      this.notify();
    }
    this.notify();
  }

  notify() {
    this.dispatchEvent(new Event("change"));
  }
}
