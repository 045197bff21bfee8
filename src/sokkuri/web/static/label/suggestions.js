// The images to label next. More are fetched in the background before the list is empty.

import { get, isAbort } from "../base/api.js";

/**
 * @typedef {{id: string, name: string, folder: string, width: ?number, height: ?number, v: string,
 *   why?: string}} ImageToLabel why: the reason of a suggestion
 */

const AT_ONCE = 16;
const LOW = 8;
const MOST_NAMED = 450; // ids that a request can name
const AGAIN = 1000; // milliseconds to the next request, if all suggestions were labelled meanwhile

/** The suggested images; the first is the current one. */
export class Suggestions {
  /**
   * @param {{under: ?string, where: ?string, signal: AbortSignal, skipped: Set<string>,
   *   unsaved: () => Array<string>, onchange: () => void}} options `unsaved` returns ids whose
   *   labels are not on the server yet; `onchange` is called when more images were fetched or
   *   could not be fetched
   */
  constructor({ under, where, signal, skipped, unsaved, onchange }) {
    this.under = under;
    this.where = where;
    this.signal = signal;
    this.skipped = skipped;
    this.unsaved = unsaved;
    this.onchange = onchange;
    /** @type {ImageToLabel[]} */
    this.list = [];
    /** @type {Set<string>} labelled here; an answer of the server may still contain them */
    this.done = new Set();
    /** @type {?Promise<ImageToLabel[]>} */
    this.request = null;
    this.ended = false;
    /** @type {unknown} */
    this.problem = null;
  }

  get current() {
    return this.list[0] ?? null;
  }

  get next() {
    return this.list[1] ?? null;
  }

  /**
   * Removes images that were labelled.
   * @param {Set<string>} ids
   */
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

  /**
   * Takes back images whose labels were undone; the first becomes the current one.
   * @param {ImageToLabel[]} images
   */
  restore(images) {
    for (const { id } of images) {
      this.done.delete(id);
      this.skipped.delete(id);
    }
    const [first] = images;
    this.list = [first, ...this.list.filter(({ id }) => id !== first.id)];
  }

  /**
   * Lets images be suggested again whose labels were undone.
   * @param {ImageToLabel[]} images
   */
  forget(images) {
    for (const { id } of images) this.done.delete(id);
    this.ended = false;
  }

  /** Suggests the skipped images again. */
  restoreSkipped() {
    this.skipped.clear();
    this.ended = false;
    this.fill();
  }

  /** Fetches more suggestions if few are left. */
  async fill() {
    if (this.request || this.ended || this.list.length > LOW) return;
    this.problem = null;
    this.request = this.fetch();
    try {
      const suggestions = await this.request;
      const excluded = new Set([...this.done, ...this.skipped, ...this.list.map(({ id }) => id)]);
      this.list.push(...suggestions.filter(({ id }) => !excluded.has(id)));
      this.ended = suggestions.length === 0;
      if (!this.ended && !this.list.length) setTimeout(() => this.fill(), AGAIN);
    } catch (error) {
      if (isAbort(error)) return;
      this.problem = error;
    } finally {
      this.request = null;
    }
    this.onchange();
  }

  /** @returns {Promise<ImageToLabel[]>} */
  async fetch() {
    const excluded = [...this.skipped, ...this.unsaved()].slice(-MOST_NAMED);
    const without = [...this.list.map(({ id }) => id), ...excluded];
    const params = { n: AT_ONCE, under: this.under, where: this.where, without };
    return (await get("/suggestions", params, { signal: this.signal })).suggestions;
  }
}
