// Rows of hits of one width, the first the highest: what is most alike is seen largest. Pure.

const NARROWEST = 0.4; // width / height; beyond that a picture is cropped to its middle
const WIDEST = 3;

/**
 * @param {number[]} ratios width / height of each hit
 * @param {{width: number, gap: number, first: number, later: number, fall?: number}} options
 *   first: height wanted of the first row; later: of the last ones; fall: share of what is left of
 *   the difference that each further row keeps
 * @returns {{height: number, widths: number[]}[]} in whole pixels
 */
export function hitRows(ratios, { width, gap, first, later, fall = 0.55 }) {
  const rows = [];
  let wanted = first;
  let row = [];
  let sum = 0;
  const close = (stretch) => {
    const room = width - gap * (row.length - 1);
    const height = Math.floor(stretch ? room / sum : Math.min(wanted, room / sum));
    rows.push({ height, widths: shares(row, height, stretch ? room : null) });
    wanted = Math.min(later + (wanted - later) * fall, Math.max(height, later));
    row = [];
    sum = 0;
  };
  for (const ratio of ratios) {
    const shown = Math.min(Math.max(ratio || 1, NARROWEST), WIDEST);
    // With one more the row may come farther from the wanted height than without it.
    const without = row.length ? (width - gap * (row.length - 1)) / sum : Infinity;
    const withIt = (width - gap * row.length) / (sum + shown);
    if (row.length && withIt < wanted && without - wanted < wanted - withIt) close(true);
    row.push(shown);
    sum += shown;
    if ((width - gap * (row.length - 1)) / sum <= wanted * 0.9) close(true);
  }
  if (row.length) close((width - gap * (row.length - 1)) / sum <= wanted * 1.1);
  return rows;
}

/** Whole widths, the rest of the division going to the last. */
function shares(row, height, room) {
  const widths = row.map((ratio) => Math.floor(ratio * height));
  if (room !== null) widths[widths.length - 1] += room - widths.reduce((a, b) => a + b, 0);
  return widths;
}
