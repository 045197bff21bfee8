// Finds the picture that a key leads to in the rings: arrow keys by direction, others by rank. Pure
// functions.

/** @type {Record<string, number[]>} */
const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * @typedef {{id: string, x: number, y: number}} Spot
 */

/**
 * @param {string} key
 * @param {Spot} from
 * @param {Spot[]} places the middle picture, then by rank
 * @returns {Spot | undefined}
 */
export function arrowTarget(key, from, places) {
  const rank = places.findIndex(({ id }) => id === from.id);
  if (key === "Home") return places[0];
  if (key === "End") return places.at(-1);
  if (key === "." || key === "PageDown") return places[rank + 1];
  if (key === "," || key === "PageUp") return places[rank - 1];
  const direction = DIRECTIONS[key];
  return direction ? nearest(direction, from, places) : undefined;
}

/**
 * The nearest place within 60 degrees of the direction; sideways distance counts double.
 * @param {number[]} direction
 * @param {Spot} from
 * @param {Spot[]} places
 */
function nearest([dx, dy], from, places) {
  let best;
  let least = Infinity;
  for (const place of places) {
    const along = (place.x - from.x) * dx + (place.y - from.y) * dy;
    const aside = Math.abs((place.x - from.x) * dy - (place.y - from.y) * dx);
    if (along <= 0 || aside > along * 1.73) continue;
    const cost = along + 2 * aside;
    if (cost < least) {
      least = cost;
      best = place;
    }
  }
  return best;
}
