// Finds the angle at which a picture is free of the pictures that were placed before. Pure functions
// without the DOM.

/** @import { View } from "./layout.js" */

const SLACK = 1e-6; // tolerance for pictures that just touch

/**
 * @typedef {{scale: number, gap: number, longest: number, x: number[], y: number[],
 *   radius: number[], angle: number[], w: number[], h: number[]}} Placed
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 * @typedef {Box & {angle: number, radius: number}} Neighbour
 * @typedef {{x: number, y: number, blocker: ?Box}} Edge
 */

/**
 * The free angle on a radius that is nearest to the target, at most `turn` away, or null.
 * @param {Placed} placed
 * @param {number} i
 * @param {number} radius
 * @param {number} target
 * @param {number} turn
 * @param {View} view
 * @returns {?number}
 */
export function freeAngle(placed, i, radius, target, turn, view) {
  const rx = view.a * radius;
  const ry = view.b * radius;
  /** @type {Edge} */
  const edge = {
    x: view.a - placed.w[i] / 2 + SLACK,
    y: view.b - placed.h[i] / 2 + SLACK,
    blocker: null,
  };
  const near = neighbours(placed, i, radius, view.unit);
  if (isFree(near, edge, rx * Math.cos(target), ry * Math.sin(target))) return target;
  let least = turn;
  /** @type {?number} */
  let best = null;
  /**
   * @param {number} x
   * @param {number} y
   */
  const consider = (x, y) => {
    const difference = turned(Math.atan2(y / ry, x / rx) - target);
    // Of two turns that are equal except for rounding, the first counts, for a stable layout.
    if (Math.abs(difference) >= least - 1e-9 || !isFree(near, edge, x, y)) return;
    least = Math.abs(difference);
    best = target + difference;
  };
  for (const box of near) {
    const difference = Math.abs(turned(box.angle - target));
    if (difference - halfWidth(box, view) < least) crossings(box, rx, ry, consider);
  }
  crossings({ x: 0, y: 0, w: edge.x - SLACK, h: edge.y - SLACK }, rx, ry, consider);
  return best;
}

/**
 * The boxes that the centre of picture `i` may not enter, one for each picture that it might touch:
 * centre (x, y) and half sides (w, h).
 * @param {Placed} placed
 * @param {number} i
 * @param {number} radius
 * @param {number} unit
 */
function neighbours(placed, i, radius, unit) {
  const { x, y, w, h, gap, angle, longest } = placed;
  /** @type {Neighbour[]} */
  const near = [];
  // Pictures with a larger difference of radii cannot touch. The middle picture is always checked.
  const reach = Math.hypot((w[i] + longest) / 2 + gap, (h[i] + longest) / 2 + gap) / unit;
  for (let j = i - 1; j >= 0; j--) {
    if (placed.radius[j] < radius - reach) j = 0;
    near.push({
      x: x[j],
      y: y[j],
      w: (w[i] + w[j]) / 2 + gap,
      h: (h[i] + h[j]) / 2 + gap,
      angle: angle[j],
      radius: placed.radius[j],
    });
  }
  return near;
}

/**
 * An upper bound of half the angle that a box covers, seen from the middle.
 * @param {Neighbour} box
 * @param {View} view
 */
function halfWidth({ w, h, radius }, { a, b }) {
  const ratio = Math.sqrt((w / a) ** 2 + (h / b) ** 2) / radius;
  return ratio < 1 ? (ratio * Math.PI) / 2 : Math.PI;
}

/**
 * @param {Box[]} near
 * @param {Edge} edge
 * @param {number} x
 * @param {number} y
 */
function isFree(near, edge, x, y) {
  if (Math.abs(x) > edge.x || Math.abs(y) > edge.y) return false;
  // The last blocking box often blocks again.
  if (edge.blocker && isIn(edge.blocker, x, y)) return false;
  for (let n = 0; n < near.length; n++) {
    if (!isIn(near[n], x, y)) continue;
    edge.blocker = near[n];
    return false;
  }
  return true;
}

/**
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 */
function isIn(box, x, y) {
  return Math.abs(x - box.x) < box.w - SLACK && Math.abs(y - box.y) < box.h - SLACK;
}

/**
 * Calls `consider` with each point where the ellipse crosses the edge of a box.
 * @param {Box} box
 * @param {number} rx
 * @param {number} ry
 * @param {(x: number, y: number) => void} consider
 */
function crossings(box, rx, ry, consider) {
  for (let sign = -1; sign <= 1; sign += 2) {
    const x = box.x + sign * box.w;
    if (Math.abs(x) <= rx) {
      const y = ry * Math.sqrt(1 - (x / rx) ** 2);
      if (Math.abs(y - box.y) <= box.h) consider(x, y);
      if (Math.abs(-y - box.y) <= box.h) consider(x, -y);
    }
    const y = box.y + sign * box.h;
    if (Math.abs(y) <= ry) {
      const x = rx * Math.sqrt(1 - (y / ry) ** 2);
      if (Math.abs(x - box.x) <= box.w) consider(x, y);
      if (Math.abs(-x - box.x) <= box.w) consider(-x, y);
    }
  }
}

/**
 * An angle as a turn, -pi to pi.
 * @param {number} angle
 */
export function turned(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
