// What to label next: a list that is filled up again in the background before it is empty.

import { get } from "../base/api.js";

const AT_ONCE = 16;
const LOW = 8;
const MOST_NAMED = 450; // ids that a request can name
const AGAIN = 1000; // milliseconds, where all that came is labelled meanwhile

/** The suggested images, the one in hand first. */
export class Suggestions {
  /**
   * @param {{under: ?string, where: ?string, signal: AbortSignal, skipped: Set<string>,
   *   unsaved: () => Array<string>, onchange: () => void}} options `unsaved` : what the server
   *   does not know to be labelled; `onchange` is called when more have come, or could not
   */
  constructor({ under, where, signal, skipped, unsaved, onchange }) {
    Object.assign(this, { under, where, signal, skipped, unsaved, onchange });
    this.list = [];
    this.done = new Set(); // labelled here, also while an answer was under way
    this.asking = null;
    this.ended = false;
    /** @type {?Error} */
    this.problem = null;
  }

  get current() {
    return this.list[0] ?? null;
  }

  get next() {
    return this.list[1] ?? null;
  }

  /** These were labelled. */
  remove(ids) {
    for (const id of ids) this.done.add(id);
    this.list = this.list.filter(({ id }) => !this.done.has(id));
    this.fill();
  }

  skip() {
    const [first] = this.list;
    if (!first) return;
    this.skipped.add(first.id);
    this.list.shift();
    this.fill();
  }

  /** These have no label again; the first is in hand. */
  back(images) {
    for (const { id } of images) {
      this.done.delete(id);
      this.skipped.delete(id);
    }
    const [first] = images;
    this.list = [first, ...this.list.filter(({ id }) => id !== first.id)];
  }

  /** Lets those that were skipped be suggested again. */
  recall() {
    this.skipped.clear();
    this.ended = false;
    this.fill();
  }

  /** Asks for more where few are left. */
  async fill() {
    if (this.asking || this.ended || this.list.length > LOW) return;
    this.problem = null;
    this.asking = this.ask();
    try {
      const found = await this.asking;
      const known = new Set([...this.done, ...this.skipped, ...this.list.map(({ id }) => id)]);
      const fresh = found.filter(({ id }) => !known.has(id));
      this.list.push(...fresh);
      this.ended = found.length === 0;
      if (!this.ended && !this.list.length) setTimeout(() => this.fill(), AGAIN);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.problem = error;
    } finally {
      this.asking = null;
    }
    this.onchange();
  }

  async ask() {
    const named = [...this.skipped, ...this.unsaved()].slice(-MOST_NAMED);
    const without = [...this.list.map(({ id }) => id), ...named];
    const params = { n: AT_ONCE, under: this.under, where: this.where, without };
    return (await get("/suggestions", params, { signal: this.signal })).suggestions;
  }
}
