// Where on its ring a ring's distance is written: at the top, or beside it where no picture is.
// Pure.

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
  const at = (angle) => ({
    x: width / 2 + rx * Math.sin(angle),
    y: height / 2 - ry * Math.cos(angle),
  });
  const inside = ({ x, y }) =>
    Math.min(x, width - x) > HALF.w && Math.min(y, height - y) > HALF.h;
  const free = ({ x, y }) => places.every((place) =>
    Math.abs(x - place.x) > place.w / 2 + HALF.w || Math.abs(y - place.y) > place.h / 2 + HALF.h);
  for (let turn = 0; turn <= Math.PI; turn += STEP) {
    for (const angle of [turn, -turn]) {
      const spot = at(angle);
      if (inside(spot) && free(spot)) return spot;
    }
  }
  const top = at(0);
  return { x: top.x, y: Math.max(top.y, HALF.h) };
}
