// Chooses the rings of round distances that are drawn between the pictures. Pure functions without the
// DOM.

/** @import { Place } from "./layout.js" */

/**
 * A few rings with rounded distances. Pictures within a ring have at most its distance, pictures
 * outside it have a greater one.
 * @param {number[]} distances ascending
 * @param {Place[]} places in order of distance
 * @param {number} apart smallest difference of two radii
 */
export function distanceRings(distances, places, apart) {
  const rim = places.at(-1)?.radius ?? 0;
  /** @type {{radius: number, distance: number}[]} */
  const rings = [];
  for (const share of [0.4, 0.6, 0.8, 1]) {
    const rank = places.findLastIndex(({ radius }) => radius <= share * rim);
    if (rank < 0 || distances[rank] <= 0) continue;
    const ring = ringAt(distances, places, rounded(distances[rank], share === 1));
    const last = rings.at(-1);
    if (ring && (!last || ring.radius - last.radius > apart)) rings.push(ring);
  }
  return rings;
}

/**
 * Rounds a distance to two decimals, or to two significant digits if it is small; up if `up`.
 * @param {number} distance
 * @param {boolean} up
 */
function rounded(distance, up) {
  const unit = distance < 0.1 ? 10 ** (Math.floor(Math.log10(distance)) - 1) : 0.01;
  const whole = up ? Math.ceil(distance / unit - 1e-9) : Math.round(distance / unit);
  return Number((whole * unit).toPrecision(6));
}

/**
 * The ring of a distance: its radius lies between those of the pictures inside and outside.
 * @param {number[]} distances
 * @param {Place[]} places
 * @param {number} distance
 */
function ringAt(distances, places, distance) {
  const beyond = distances.findIndex((other) => other > distance);
  if (beyond === 0) return null;
  const last = places[(beyond < 0 ? places.length : beyond) - 1];
  if (beyond < 0) return { radius: last.radius + 0.01, distance };
  const share = (distance - distances[beyond - 1]) / (distances[beyond] - distances[beyond - 1]);
  return { radius: last.radius + (places[beyond].radius - last.radius) * share, distance };
}
