// The images of a long list, fetched in windows as they are needed and forgotten when far away.

export const WINDOW = 500;
const KEPT = 60;
const RETRY = 3000;

/** A list of which only some windows are here. */
export class Windows {
  /**
   * @param {number} count
   * @param {(offset: number, limit: number, signal: AbortSignal) => Promise<Array<*>>} load
   */
  constructor(count, load) {
    this.count = count;
    this.load = load;
    /** @type {Map<number, Array<*>>} in the order of their last use */
    this.here = new Map();
    /** @type {Map<number, {promise: Promise<*>, controller: AbortController}>} */
    this.coming = new Map();
    this.failedAt = new Map();
    /** Called with the bounds of each window that has come. */
    this.onload = (_first, _end) => {};
    /** Called a while after one has failed, when it may be asked for again. */
    this.onretry = () => {};
  }

  /**
   * @param {number} index
   * @returns {?Object} the image, if it is here
   */
  get(index) {
    return this.here.get(Math.floor(index / WINDOW))?.[index % WINDOW] ?? null;
  }

  /**
   * Sees to it that what lies between two images comes, and stops what lies far from them.
   * @param {number} first
   * @param {number} end
   */
  want(first, end) {
    const low = Math.max(0, Math.floor(first / WINDOW));
    const high = Math.floor(Math.max(first, Math.min(end, this.count) - 1) / WINDOW);
    for (const [number, { controller, held }] of this.coming) {
      if (held || (number >= low - 1 && number <= high + 1)) continue;
      this.coming.delete(number);
      controller.abort();
    }
    for (let number = low; number <= high; number++) this.fetch(number);
  }

  /** One window; a promise that is settled when it is here or has failed. */
  fetch(number, held = false) {
    const images = this.here.get(number);
    if (images) {
      this.here.delete(number);
      this.here.set(number, images);
      return Promise.resolve(images);
    }
    const coming = this.coming.get(number);
    if (coming) {
      coming.held ||= held;
      return coming.promise;
    }
    if (!held && Date.now() - (this.failedAt.get(number) ?? 0) < RETRY) return null;
    const controller = new AbortController();
    const promise = this.run(number, controller);
    this.coming.set(number, { promise, controller, held });
    return promise;
  }

  async run(number, controller) {
    const offset = number * WINDOW;
    try {
      const limit = Math.min(WINDOW, this.count - offset);
      const images = await this.load(offset, limit, controller.signal);
      this.here.set(number, images);
      this.failedAt.delete(number);
      this.forget();
      return images;
    } catch (error) {
      if (error.name !== "AbortError") {
        this.failedAt.set(number, Date.now());
        setTimeout(() => this.onretry(), RETRY + 50);
      }
      return null;
    } finally {
      if (this.coming.get(number)?.controller === controller) this.coming.delete(number);
      if (this.here.has(number)) this.onload(offset, offset + this.here.get(number).length);
    }
  }

  forget() {
    for (const number of this.here.keys()) {
      if (this.here.size <= KEPT) return;
      this.here.delete(number);
    }
  }

  /**
   * These images, fetched where they are not here.
   * @param {Iterable<number>} indices
   * @returns {Promise<Array<*>>} without those that could not be had
   */
  async all(indices) {
    const wanted = [...indices];
    const numbers = new Set(wanted.map((index) => Math.floor(index / WINDOW)));
    const found = new Map();
    await Promise.all([...numbers].map(async (number) => {
      found.set(number, await this.fetch(number, true));
    }));
    return wanted.map((index) => found.get(Math.floor(index / WINDOW))?.[index % WINDOW])
      .filter(Boolean);
  }

  /** Stops whatever is under way. */
  stop() {
    for (const { controller } of this.coming.values()) controller.abort();
    this.onload = () => {};
    this.onretry = () => {};
  }
}
