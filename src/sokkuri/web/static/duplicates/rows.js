// The layout of a long list of groups in rows. Pure functions.

const USUAL = 400; // pixels of a row, before one was measured

/**
 * @typedef {import("./group_card.js").GroupCard} GroupCard
 * @typedef {{first: number, cards: GroupCard[], isWide: boolean, height: ?number, top: number,
 *   el: ?HTMLElement}} Row
 *   first: the number of its first group; isWide: one group takes the whole width; height: in
 *   pixels, null until it is measured; top: pixels from the start of the list; el: if it is shown
 */

/**
 * Divides groups into rows. Pairs stand side by side; a larger group has a row of its own.
 * @param {GroupCard[]} cards
 * @param {number} columns
 * @returns {{first: number, cards: GroupCard[], isWide: boolean}[]} rows without the rest
 */
export function divide(cards, columns) {
  /** @type {{first: number, cards: GroupCard[], isWide: boolean}[]} */
  const rows = [];
  for (const [first, card] of cards.entries()) {
    const last = rows.at(-1);
    const isWide = card.images.length > 2;
    if (last && !isWide && !last.isWide && last.cards.length < columns) last.cards.push(card);
    else rows.push({ first, cards: [card], isWide });
  }
  return rows;
}

/**
 * The rows of groups, not measured yet.
 * @param {GroupCard[]} cards
 * @param {number} columns
 * @returns {Row[]}
 */
export const packRows = (cards, columns) =>
  divide(cards, columns).map((row) => ({ ...row, height: null, top: 0, el: null }));

/**
 * Sets the place of each row, with estimates for those that were not measured.
 * @param {Row[]} rows
 * @param {{gap: number, rest: number, columns: number}} list gap: pixels between rows; rest: how
 *   many more groups there are
 * @returns {{length: number, loaded: number}} pixels of the list, and of its rows
 */
export function placeRows(rows, { gap, rest, columns }) {
  const wide = average(rows, true);
  const usual = average(rows, false);
  let top = 0;
  for (const row of rows) {
    row.top = top;
    top += (row.height ?? (row.isWide ? wide : usual)) + gap;
  }
  const more = Math.ceil(Math.max(0, rest) / columns) * (usual + gap);
  return { length: Math.max(0, top + more - gap), loaded: top };
}

/**
 * @param {Row[]} rows
 * @param {boolean} isWide
 */
function average(rows, isWide) {
  const known = rows.flatMap(({ height, isWide: wide }) =>
    (height !== null && wide === isWide ? [height] : []));
  if (!known.length) return USUAL;
  return known.reduce((sum, height) => sum + height, 0) / known.length;
}

/**
 * The number of the row at a place: the last one that begins at or above it, or the first.
 * @param {Row[]} rows
 * @param {number} y pixels from the start of the list
 */
export function rowAt(rows, y) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top <= y) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
