// The selected places of a list, as ranges. So any number of them can be selected.

/** @typedef {[first: number, end: number]} Range without `end` */

/** A set of indices of a list. */
export class Selection {
  /** @param {(selection: Selection) => void} onchange */
  constructor(onchange) {
    this.onchange = onchange;
    /** In rising order, with gaps between. @type {Range[]} */
    this.ranges = [];
    this.size = 0;
    this.anchor = -1;
  }

  /** @param {number} index */
  has(index) {
    const range = this.ranges[this.rangeBefore(index + 1)];
    return Boolean(range) && index < range[1];
  }

  /**
   * The number of the last range that begins before an index, or -1.
   * @param {number} index
   */
  rangeBefore(index) {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ranges[middle][0] < index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** @param {number} index */
  toggle(index) {
    if (this.has(index)) this.removeRange(index, index + 1);
    else this.addRange(index, index + 1);
    this.anchor = index;
    this.onchange(this);
  }

  /**
   * Selects all places from the last selected one to this one.
   * @param {number} index
   */
  extend(index) {
    const from = this.anchor < 0 ? index : this.anchor;
    if (this.anchor < 0) this.anchor = index;
    this.addRange(Math.min(from, index), Math.max(from, index) + 1);
    this.onchange(this);
  }

  /**
   * Selects all places of a list.
   * @param {number} count
   */
  all(count) {
    this.set(count ? [[0, count]] : []);
    this.onchange(this);
  }

  /**
   * Selects these places alone.
   * @param {number[]} indices
   */
  choose(indices) {
    this.set([]);
    for (const index of indices) this.addRange(index, index + 1);
    this.onchange(this);
  }

  clear() {
    if (!this.size) return;
    this.set([]);
    this.anchor = -1;
    this.onchange(this);
  }

  /**
   * @param {number} first
   * @param {number} end
   */
  addRange(first, end) {
    /** @param {Range} range */
    const isApart = (range) => range[1] < first || range[0] > end;
    const joined = this.ranges.filter((range) => !isApart(range));
    const low = Math.min(first, ...joined.map((range) => range[0]));
    const high = Math.max(end, ...joined.map((range) => range[1]));
    this.set([...this.ranges.filter(isApart), [low, high]]);
  }

  /**
   * @param {number} first
   * @param {number} end
   */
  removeRange(first, end) {
    /** @param {Range} range @returns {Range[]} */
    const apart = (range) => [[range[0], Math.min(range[1], first)],
      [Math.max(range[0], end), range[1]]];
    this.set(this.ranges.flatMap(apart).filter(([low, high]) => low < high));
  }

  /** @param {Range[]} ranges */
  set(ranges) {
    this.ranges = ranges.sort((a, b) => a[0] - b[0]);
    this.size = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  }
}
