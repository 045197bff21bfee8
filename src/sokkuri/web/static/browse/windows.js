// The images of a long list. They are fetched in windows when they are needed, and the windows that
// were not used for longest are dropped.

import { isAbort } from "../base/api.js";

/** @import { ListedImageDocument } from "../base/api_types.js" */

export const WINDOW = 500; // images
const KEPT = 60; // windows
const RETRY = 3000; // milliseconds

/**
 * @typedef {{promise: Promise<?ListedImageDocument[]>, controller: AbortController,
 *   held: boolean}} Loading
 */

/** A list of which only some windows are loaded. */
export class Windows {
  /**
   * @param {number} count
   * @param {(offset: number, limit: number, signal: AbortSignal) =>
   *   Promise<ListedImageDocument[]>} load
   */
  constructor(count, load) {
    this.count = count;
    this.load = load;
    /** @type {Map<number, ListedImageDocument[]>} in the order of their last use */
    this.loaded = new Map();
    /** @type {Map<number, Loading>} */
    this.loading = new Map();
    /** @type {Map<number, number>} */
    this.failedAt = new Map();
    /**
     * Called with the bounds of each window that was loaded.
     * @type {(first: number, end: number) => void}
     */
    this.onload = () => {};
    /** Called some time after a window failed, when it may be fetched again. */
    this.onretry = () => {};
  }

  /**
   * @param {number} index
   * @returns {?ListedImageDocument} the image, if it is loaded
   */
  get(index) {
    return this.loaded.get(Math.floor(index / WINDOW))?.[index % WINDOW] ?? null;
  }

  /**
   * Fetches the windows of a range of images, and cancels requests for windows far from it.
   * @param {number} first
   * @param {number} end
   */
  want(first, end) {
    const low = Math.max(0, Math.floor(first / WINDOW));
    const high = Math.floor(Math.max(first, Math.min(end, this.count) - 1) / WINDOW);
    for (const [number, { controller, held }] of this.loading) {
      if (held || (number >= low - 1 && number <= high + 1)) continue;
      this.loading.delete(number);
      controller.abort();
    }
    for (let number = low; number <= high; number++) this.fetch(number);
  }

  /**
   * Fetches a window; the promise is settled when the window is loaded or has failed. A window that
   * is `held` is not cancelled.
   * @param {number} number
   * @param {boolean} [held]
   */
  fetch(number, held = false) {
    const images = this.loaded.get(number);
    if (images) {
      this.loaded.delete(number);
      this.loaded.set(number, images);
      return Promise.resolve(images);
    }
    const request = this.loading.get(number);
    if (request) {
      request.held ||= held;
      return request.promise;
    }
    if (!held && Date.now() - (this.failedAt.get(number) ?? 0) < RETRY) return null;
    const controller = new AbortController();
    const promise = this.run(number, controller);
    this.loading.set(number, { promise, controller, held });
    return promise;
  }

  /**
   * @param {number} number
   * @param {AbortController} controller
   */
  async run(number, controller) {
    const offset = number * WINDOW;
    try {
      const limit = Math.min(WINDOW, this.count - offset);
      const images = await this.load(offset, limit, controller.signal);
      this.loaded.set(number, images);
      this.failedAt.delete(number);
      this.dropOldest();
      return images;
    } catch (error) {
      if (!isAbort(error)) {
        this.failedAt.set(number, Date.now());
        setTimeout(() => this.onretry(), RETRY + 50);
      }
      return null;
    } finally {
      if (this.loading.get(number)?.controller === controller) this.loading.delete(number);
      const images = this.loaded.get(number);
      if (images) this.onload(offset, offset + images.length);
    }
  }

  dropOldest() {
    for (const number of this.loaded.keys()) {
      if (this.loaded.size <= KEPT) return;
      this.loaded.delete(number);
    }
  }

  /**
   * The images of these indices; those that are not loaded are fetched.
   * @param {Iterable<number>} indices
   * @returns {Promise<ListedImageDocument[]>} without those that could not be fetched
   */
  async all(indices) {
    const all = [...indices];
    const numbers = new Set(all.map((index) => Math.floor(index / WINDOW)));
    /** @type {Map<number, ?ListedImageDocument[]>} */
    const windows = new Map();
    await Promise.all([...numbers].map(async (number) => {
      windows.set(number, await this.fetch(number, true));
    }));
    return all.map((index) => windows.get(Math.floor(index / WINDOW))?.[index % WINDOW])
      .filter((image) => image !== undefined);
  }

  /**
   * The list with its place of an image, as the page of the image needs it (base/trail.js).
   * @param {number} index
   */
  listAt(index) {
    /** @param {number} place */
    const imageAt = async (place) => (await this.all([place]))[0] ?? null;
    return { id: this.get(index)?.id ?? "", index, count: this.count, imageAt };
  }

  /** Cancels all requests. */
  stop() {
    for (const { controller } of this.loading.values()) controller.abort();
    this.onload = () => {};
    this.onretry = () => {};
  }
}
