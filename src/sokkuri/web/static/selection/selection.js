// The selected places of a list, as ranges. So any number of them can be selected.

/** A set of indices of a list. */
export class Selection {
  /** @param {(selection: Selection) => void} onchange */
  constructor(onchange) {
    this.onchange = onchange;
    /** [first, end) in rising order, with gaps between. @type {Array<[number, number]>} */
    this.ranges = [];
    this.size = 0;
    this.anchor = -1;
  }

  has(index) {
    const range = this.ranges[this.rangeBefore(index + 1)];
    return Boolean(range) && index < range[1];
  }

  /** The number of the last range that begins before an index, or -1. */
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

  toggle(index) {
    if (this.has(index)) this.removeRange(index, index + 1);
    else this.addRange(index, index + 1);
    this.anchor = index;
    this.onchange(this);
  }

  /** Selects all places from the last selected one to this one. */
  extend(index) {
    const from = this.anchor < 0 ? index : this.anchor;
    if (this.anchor < 0) this.anchor = index;
    this.addRange(Math.min(from, index), Math.max(from, index) + 1);
    this.onchange(this);
  }

  /** Selects all places of a list. */
  all(count) {
    this.set(count ? [[0, count]] : []);
    this.onchange(this);
  }

  clear() {
    if (!this.size) return;
    this.set([]);
    this.anchor = -1;
    this.onchange(this);
  }

  addRange(first, end) {
    const isApart = (range) => range[1] < first || range[0] > end;
    const joined = this.ranges.filter((range) => !isApart(range));
    const low = Math.min(first, ...joined.map((range) => range[0]));
    const high = Math.max(end, ...joined.map((range) => range[1]));
    this.set([...this.ranges.filter(isApart), [low, high]]);
  }

  removeRange(first, end) {
    this.set(this.ranges.flatMap((range) => [[range[0], Math.min(range[1], first)],
      [Math.max(range[0], end), range[1]]]).filter(([low, high]) => low < high));
  }

  set(ranges) {
    this.ranges = ranges.sort((a, b) => a[0] - b[0]);
    this.size = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  }
}
