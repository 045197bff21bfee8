// Computes the layout of a justified grid. Pure functions from numbers to typed arrays; a hundred
// thousand images take a few milliseconds.
//
// Images keep their order and nearly their shape. Each row is as wide as the grid and nearly as
// high as the target; the last row of a group is not stretched. Each group begins with a heading.

const NARROWEST = 0.45;
const WIDEST = 3.2;
const STRETCH = 1.3;
// The last images of a group join the row before if they fill less than the share LEFT_OVER of a
// row, and that row stays at least the share SQUEEZED of the target height.
const LEFT_OVER = 0.35;
const SQUEEZED = 0.72;

/**
 * @typedef {Object} Layout
 * @property {number} width
 * @property {number} height of the whole grid
 * @property {number} gap between images
 * @property {number} heading height of a group's heading
 * @property {number} count of images
 * @property {number} rows
 * @property {number} groups
 * @property {ArrayLike<number>} ratios width / height x 100
 * @property {Uint32Array} rowFirst first image of each row, and the count at the end
 * @property {Float64Array} rowTop
 * @property {Float32Array} rowHeight
 * @property {Uint32Array} rowGroup
 * @property {Uint32Array} groupFirst first image of each group, and the count at the end
 * @property {Float64Array} groupTop top of each group's heading, and the whole height at the end
 */

/**
 * @typedef {{first: number[], top: number[], height: number[], group: number[]}} Rows
 * @typedef {{width: number, target: number, gap: number}} Page
 * @typedef {{first: number, begin: number, end: number, group: number, top: number, sum: number}}
 *   Rest the images of a group, from `first` to `end`, that are in no row yet, from `begin` on
 */

/**
 * Lays out all images.
 * @param {ArrayLike<number>} ratios width / height x 100 of each image
 * @param {Array<{first: number}>} groups in order; an empty list means one group of all images
 * @param {{width: number, target: number, gap?: number, heading?: number, space?: number}} options
 *   target: height of a row; space: free height after a group
 * @returns {Layout}
 */
export function layoutGrid(ratios, groups, { width, target, gap = 4, heading = 44, space = 20 }) {
  const count = ratios.length;
  const groupFirst = firstsOf(groups, count);
  const total = groupFirst.length - 1;
  /** @type {Rows} */
  const rows = { first: [], top: [], height: [], group: [] };
  const groupTop = new Float64Array(total + 1);
  let top = 0;
  for (let group = 0; group < total; group++) {
    groupTop[group] = top;
    top = layoutGroup(ratios, groupFirst[group], groupFirst[group + 1], group, top + heading,
      { width, target, gap }, rows) + space;
  }
  groupTop[total] = top;
  rows.first.push(count);
  return {
    width, height: top, gap, heading, count, rows: rows.top.length, groups: total, ratios,
    rowFirst: Uint32Array.from(rows.first), rowTop: Float64Array.from(rows.top),
    rowHeight: Float32Array.from(rows.height), rowGroup: Uint32Array.from(rows.group),
    groupFirst, groupTop,
  };
}

/**
 * @param {Array<{first: number}>} groups
 * @param {number} count
 */
function firstsOf(groups, count) {
  if (!count) return Uint32Array.of(0);
  const firsts = groups.length ? groups.map(({ first }) => first) : [0];
  return Uint32Array.from([...firsts, count]);
}

/**
 * Adds the rows of one group; returns the bottom of the last row.
 * @param {ArrayLike<number>} ratios
 * @param {number} first
 * @param {number} end
 * @param {number} group
 * @param {number} start
 * @param {Page} page
 * @param {Rows} rows
 */
function layoutGroup(ratios, first, end, group, start, page, rows) {
  const { width, target, gap } = page;
  let top = start;
  let begin = first;
  let sum = 0;
  /**
   * @param {number} until
   * @param {number} height
   */
  const close = (until, height) => {
    top = addRow(rows, begin, top, height, group) + gap;
    begin = until;
    sum = 0;
  };
  for (let i = first; i < end; i++) {
    const ratio = shape(ratios[i]);
    const including = (width - gap * (i - begin)) / (sum + ratio);
    if (including > target) {
      sum += ratio;
      continue;
    }
    const without = sum ? (width - gap * (i - begin - 1)) / sum : Infinity;
    if (without / target < target / including) {
      close(i, without);
      i -= 1;
    } else {
      close(i + 1, including);
    }
  }
  if (begin === end) return top - gap;
  return addLastRow(ratios, { first, begin, end, group, top, sum }, page, rows);
}

/**
 * Adds a row; returns its bottom.
 * @param {Rows} rows
 * @param {number} first
 * @param {number} top
 * @param {number} height
 * @param {number} group
 */
function addRow(rows, first, top, height, group) {
  const whole = Math.max(1, Math.round(height));
  rows.first.push(first);
  rows.top.push(top);
  rows.height.push(whole);
  rows.group.push(group);
  return top + whole;
}

/**
 * Adds the last images of a group, to the row before or as a row that is not full.
 * @param {ArrayLike<number>} ratios
 * @param {Rest} rest
 * @param {Page} page
 * @param {Rows} rows
 */
function addLastRow(ratios, { first, begin, end, group, top, sum }, page, rows) {
  const { width, target, gap } = page;
  const before = rows.first.at(-1) ?? 0;
  const merged = begin > first ? mergedHeight(ratios, before, end, sum, page) : 0;
  if (merged) {
    rows.first.pop();
    rows.height.pop();
    rows.group.pop();
    return addRow(rows, before, rows.top.pop() ?? 0, merged, group);
  }
  const full = (width - gap * (end - begin - 1)) / sum;
  return addRow(rows, begin, top, full < target * STRETCH ? full : target, group);
}

/**
 * The height of the row before with the last images in it; 0 if they get a row of their own.
 * @param {ArrayLike<number>} ratios
 * @param {number} first
 * @param {number} end
 * @param {number} leftOver
 * @param {Page} page
 */
function mergedHeight(ratios, first, end, leftOver, { width, target, gap }) {
  if (leftOver * target > width * LEFT_OVER) return 0;
  let sum = 0;
  for (let i = first; i < end; i++) sum += shape(ratios[i]);
  const height = (width - gap * (end - first - 1)) / sum;
  return height < target * SQUEEZED ? 0 : height;
}

/**
 * The shape in which an image is shown: very wide and very high images are cropped.
 * @param {number} ratio width / height x 100
 * @returns {number} width / height
 */
export function shape(ratio) {
  return Math.min(WIDEST, Math.max(NARROWEST, (ratio || 100) / 100));
}

/**
 * The images of a row with their left edges and widths, in whole pixels.
 * @param {Layout} layout
 * @param {number} row
 * @returns {Array<{index: number, x: number, width: number}>}
 */
export function rowBoxes(layout, row) {
  const { rowFirst, rowHeight, ratios, width, gap } = layout;
  const first = rowFirst[row];
  const end = rowFirst[row + 1];
  let sum = 0;
  for (let i = first; i < end; i++) sum += shape(ratios[i]);
  // Heights are rounded, so a full row differs from its height by less than 1.
  const full = (width - gap * (end - first - 1)) / sum;
  const scale = full < rowHeight[row] + 1 ? full : rowHeight[row];
  const boxes = [];
  let x = 0;
  for (let i = first; i < end; i++) {
    const left = Math.round(x);
    x += shape(ratios[i]) * scale;
    boxes.push({ index: i, x: left, width: Math.max(1, Math.round(x) - left) });
    x += gap;
  }
  return boxes;
}

/**
 * The index of the last sorted value that is at most `limit`; 0 if all values are greater.
 * @param {ArrayLike<number>} values
 * @param {number} limit
 * @param {number} length
 */
function lastNotAbove(values, limit, length) {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The row at a height: the last row that begins at or above it.
 * @param {Layout} layout
 * @param {number} y
 * @returns {number}
 */
export const rowAt = (layout, y) => lastNotAbove(layout.rowTop, y, layout.rows);

/**
 * The row of an image.
 * @param {Layout} layout
 * @param {number} index
 * @returns {number}
 */
export const rowOf = (layout, index) => lastNotAbove(layout.rowFirst, index, layout.rows);

/**
 * The image beside, above or below another image. Above and below, it is the image with the
 * nearest middle.
 * @param {Layout} layout
 * @param {number} index
 * @param {"left"|"right"|"up"|"down"} direction
 * @returns {number}
 */
export function neighbour(layout, index, direction) {
  if (direction === "left") return Math.max(0, index - 1);
  if (direction === "right") return Math.min(layout.count - 1, index + 1);
  const row = rowOf(layout, index);
  const other = row + (direction === "up" ? -1 : 1);
  if (other < 0 || other >= layout.rows) return index;
  const box = rowBoxes(layout, row)[index - layout.rowFirst[row]];
  const middle = box.x + box.width / 2;
  let best = { candidate: index, distance: Infinity };
  for (const { index: candidate, x, width } of rowBoxes(layout, other)) {
    const distance = Math.abs(x + width / 2 - middle);
    if (distance < best.distance) best = { candidate, distance };
  }
  return best.candidate;
}
