// Lays out hits in rows of equal width. The first row is the highest, so that the most similar
// pictures are the largest. A pure function.

const NARROWEST = 0.4; // width / height; other pictures are cropped to their middle
const WIDEST = 3;

/**
 * @param {number[]} ratios width / height of each hit
 * @param {{width: number, gap: number, first: number, later: number, fall?: number}} options
 *   first: target height of the first row; later: target height of the last rows; fall: factor by
 *   which the difference between the two shrinks from row to row
 * @returns {{height: number, widths: number[]}[]} in whole pixels
 */
export function hitRows(ratios, { width, gap, first, later, fall = 0.55 }) {
  /** @type {{height: number, widths: number[]}[]} */
  const rows = [];
  let target = first;
  /** @type {number[]} */
  let row = [];
  let sum = 0;
  /** @param {boolean} stretch */
  const close = (stretch) => {
    const room = width - gap * (row.length - 1);
    const height = Math.floor(stretch ? room / sum : Math.min(target, room / sum));
    rows.push({ height, widths: wholeWidths(row, height, stretch ? room : null) });
    target = Math.min(later + (target - later) * fall, Math.max(height, later));
    row = [];
    sum = 0;
  };
  for (const ratio of ratios) {
    const shown = Math.min(Math.max(ratio || 1, NARROWEST), WIDEST);
    // Close the row before this picture if its height is then nearer to the target.
    const without = row.length ? (width - gap * (row.length - 1)) / sum : Infinity;
    const including = (width - gap * row.length) / (sum + shown);
    if (row.length && including < target && without - target < target - including) close(true);
    row.push(shown);
    sum += shown;
    if ((width - gap * (row.length - 1)) / sum <= target * 0.9) close(true);
  }
  if (row.length) close((width - gap * (row.length - 1)) / sum <= target * 1.1);
  return rows;
}

/**
 * Widths in whole pixels; the last picture gets the remainder.
 * @param {number[]} row
 * @param {number} height
 * @param {?number} room
 */
function wholeWidths(row, height, room) {
  const widths = row.map((ratio) => Math.floor(ratio * height));
  if (room !== null) widths[widths.length - 1] += room - widths.reduce((a, b) => a + b, 0);
  return widths;
}
