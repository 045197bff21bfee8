// The points of a map in this browser: positions, groups, which points pass the filter, and which of
// these are in a rectangle or near a place. A grid of cells keeps such questions short for a million
// points.

const CELLS = 256; // along each axis
const STEPS = 65536 / CELLS; // of a coordinate, in a cell

export const NO_GROUP = 255;

export class Points {
  /**
   * @param {ArrayBuffer} content as `GET /api/v1/map/points` sends it
   * @param {string} version of the map
   */
  constructor(content, version) {
    this.version = version;
    this.count = Math.floor(content.byteLength / 5);
    this.passing = this.count;
    /** x and y of each point, 0 to 65535; y grows upwards. */
    this.xy = new Uint16Array(content, 0, 2 * this.count);
    this.groups = new Uint8Array(content, 4 * this.count, this.count);
    /**
     * A byte for each point, 0 for those that do not pass the filter; null if all pass.
     * @type {?Uint8Array}
     */
    this.passes = null;
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    this.order = new Uint32Array(this.count);
    this.sort();
  }

  /**
   * Takes another filter.
   * @param {?ArrayBuffer} bits as `GET /api/v1/map/passing` sends them; null if all points pass
   */
  filter(bits) {
    this.passes = null;
    this.passing = this.count;
    if (!bits) return;
    const bytes = new Uint8Array(bits);
    const passes = new Uint8Array(this.count);
    for (let point = 0; point < this.count; point++) {
      passes[point] = (bytes[point >> 3] >> (point & 7)) & 1;
    }
    this.passes = passes;
    this.passing = passes.reduce((sum, one) => sum + one, 0);
  }

  /**
   * The numbers of the points that pass the filter, or of those that do not.
   * @param {boolean} pass
   */
  numbers(pass) {
    const wanted = pass ? 1 : 0;
    /** @type {number[]} */
    const found = [];
    for (let point = 0; point < this.count; point++) {
      if ((this.passes ? this.passes[point] : 1) === wanted) found.push(point);
    }
    return found;
  }

  /** Sorts the points by cell: one pass counts them, another puts each in its place. */
  sort() {
    const { xy, starts, order, count } = this;
    for (let point = 0; point < count; point++) starts[this.cellOf(point) + 1] += 1;
    for (let cell = 0; cell < CELLS * CELLS; cell++) starts[cell + 1] += starts[cell];
    const next = starts.slice(0, -1);
    for (let point = 0; point < xy.length / 2; point++) order[next[this.cellOf(point)]++] = point;
  }

  /** @param {number} point */
  cellOf(point) {
    const { xy } = this;
    return Math.floor(xy[2 * point + 1] / STEPS) * CELLS + Math.floor(xy[2 * point] / STEPS);
  }

  /**
   * The place of a point, 0 to 1.
   * @param {number} point
   */
  at(point) {
    return { x: this.xy[2 * point] / 65535, y: this.xy[2 * point + 1] / 65535 };
  }

  /**
   * Calls back with each point in a rectangle that passes the filter, until the callback returns
   * false.
   * @param {{left: number, right: number, bottom: number, top: number}} box from 0 to 1
   * @param {(point: number) => *} visit
   */
  visit({ left, right, bottom, top }, visit) {
    /** @param {number} value */
    const cell = (value) => Math.min(Math.max(Math.floor(value * 65535 / STEPS), 0), CELLS - 1);
    for (let row = cell(bottom); row <= cell(top); row++) {
      for (let column = cell(left); column <= cell(right); column++) {
        const number = row * CELLS + column;
        for (let index = this.starts[number]; index < this.starts[number + 1]; index++) {
          const point = this.order[index];
          if (this.passes && !this.passes[point]) continue;
          const { x, y } = this.at(point);
          const inside = x >= left && x <= right && y >= bottom && y <= top;
          if (inside && visit(point) === false) return;
        }
      }
    }
  }

  /**
   * The point nearest to a place, within a reach; -1 if there is none.
   * @param {{x: number, y: number}} place
   * @param {number} reach
   */
  nearest({ x, y }, reach) {
    let best = -1;
    let least = reach * reach;
    this.visit({ left: x - reach, right: x + reach, bottom: y - reach, top: y + reach },
      (point) => {
        const place = this.at(point);
        const far = (place.x - x) ** 2 + (place.y - y) ** 2;
        if (far <= least) [best, least] = [point, far];
      });
    return best;
  }
}
