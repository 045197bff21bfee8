// The colours of the groups of points, from the style sheet.

const GROUPS = 10;

/**
 * The number of the colour of a group. Dates use the whole scale from early to late.
 * @param {number} group
 * @param {string} by
 * @param {number} count of groups
 */
export function shade(group, by, count) {
  if (by !== "date" || count < 2) return group;
  return Math.round(group * (GROUPS - 1) / (count - 1));
}

/**
 * The colours of all groups, then that of the other points: red, green and blue, 0 to 1.
 * @param {Element} el
 * @param {string} by
 * @param {number} count of groups
 */
export function groupColours(el, by, count) {
  /** @type {(number | string)[]} */
  const names = [...[...Array(GROUPS).keys()].map((group) => shade(group, by, count)), "other"];
  return names.map((name) => colourOf(el, `--map-${name}`));
}

/**
 * A colour of the style sheet.
 * @param {Element} el
 * @param {string} name of the property
 */
export const colourOf = (el, name) => parseColour(getComputedStyle(el).getPropertyValue(name));

/**
 * Red, green and blue of `#rrggbb`, 0 to 1.
 * @param {string} text
 */
function parseColour(text) {
  const number = Number.parseInt(text.trim().slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255].map((part) => part / 255);
}
