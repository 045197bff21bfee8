// Finds the place of a ring's distance label: at the top of the ring, or beside it where no picture
// is in the way. Pure functions.

const HALF = { w: 20, h: 9 };
const STEP = Math.PI / 48;

/**
 * @param {{rx: number, ry: number}} ring
 * @param {{x: number, y: number, w: number, h: number}[]} places
 * @param {number} width of the stage
 * @param {number} height
 * @returns {{x: number, y: number}}
 */
export function labelSpot({ rx, ry }, places, width, height) {
  /** @param {number} angle */
  const pointAt = (angle) => ({
    x: width / 2 + rx * Math.sin(angle),
    y: height / 2 - ry * Math.cos(angle),
  });
  /** @param {{x: number, y: number}} point */
  const inside = ({ x, y }) =>
    Math.min(x, width - x) > HALF.w && Math.min(y, height - y) > HALF.h;
  /** @param {{x: number, y: number}} point */
  const free = ({ x, y }) => places.every((place) =>
    Math.abs(x - place.x) > place.w / 2 + HALF.w || Math.abs(y - place.y) > place.h / 2 + HALF.h);
  for (let turn = 0; turn <= Math.PI; turn += STEP) {
    for (const angle of [turn, -turn]) {
      const spot = pointAt(angle);
      if (inside(spot) && free(spot)) return spot;
    }
  }
  const top = pointAt(0);
  return { x: top.x, y: Math.max(top.y, HALF.h) };
}
