// Scrolls a grid that is higher than a page can be. Browsers allow 18 to 33 million pixels, the
// height of some 900,000 images.
//
// Such a grid has a lower page, and is shifted on it: a height on the page is a height in the grid
// minus `shift`. Slow scrolling keeps the shift, so the grid moves by as much as the page. A jump, such
// as one by the scroll bar, and the end of scrolling compute the shift anew: the top and the bottom
// of the page are those of the grid, and the heights between are in proportion.

const HIGHEST = 15_000_000; // pixels
// Near both ends, the grid is not scaled.
const END = 200_000;
// One event of scrolling that moves more is a jump. In heights of the window.
const JUMP = 4;

export class TallPage {
  /** Not shifted, and as high as the grid. */
  constructor() {
    this.gridHeight = 0;
    this.height = 0;
    this.shift = 0;
    this.factor = 1;
    this.setHeight(0);
  }

  /** @param {number} height of the grid */
  setHeight(height) {
    this.gridHeight = height;
    this.height = Math.min(height, HIGHEST);
    this.shift = 0;
    this.factor = (height - 2 * END) / (this.height - 2 * END);
  }

  get isScaled() {
    return this.gridHeight > this.height;
  }

  /**
   * The height in the grid that belongs to a height on the page.
   * @param {number} y
   */
  toGrid(y) {
    if (!this.isScaled || y <= END) return y;
    if (y >= this.height - END) return y + this.gridHeight - this.height;
    return END + (y - END) * this.factor;
  }

  /**
   * The height on the page that belongs to a height in the grid.
   * @param {number} y
   */
  toPage(y) {
    if (!this.isScaled || y <= END) return y;
    if (y >= this.gridHeight - END) return y - this.gridHeight + this.height;
    return END + (y - END) / this.factor;
  }

  /**
   * Whether one event of scrolling, by this many pixels, is a jump.
   * @param {number} moved
   */
  isJump(moved) {
    return this.isScaled && Math.abs(moved) > JUMP * innerHeight;
  }

  /**
   * Shifts the grid so that one of its heights is where it belongs on the page.
   * @param {number} y a height in the grid
   * @returns {number} its height on the page
   */
  moveTo(y) {
    const place = Math.round(this.toPage(y));
    this.shift = this.isScaled ? Math.round(y) - place : 0;
    return y - this.shift;
  }

  /**
   * The part of the grid between two heights that is on the page: its top and bottom there.
   * @param {number} top
   * @param {number} bottom
   */
  clip(top, bottom) {
    return { top: Math.max(top - this.shift, 0), bottom: Math.min(bottom - this.shift, this.height) };
  }

  /**
   * Places the groups and rows in the document after the grid was shifted.
   * @param {import("./justified.js").Layout} layout
   * @param {Map<number, {section: HTMLElement, top: number}>} groups
   * @param {Map<number, HTMLElement>} rows
   */
  place({ groupTop, rowGroup, rowTop }, groups, rows) {
    if (!this.isScaled) return;
    for (const [group, entry] of groups) {
      const { top, bottom } = this.clip(groupTop[group], groupTop[group + 1]);
      entry.top = top;
      entry.section.style.top = `${top}px`;
      entry.section.style.height = `${Math.max(0, bottom - top)}px`;
    }
    for (const [row, el] of rows) {
      const top = groups.get(rowGroup[row])?.top ?? 0;
      el.style.top = `${rowTop[row] - this.shift - top}px`;
    }
  }
}
