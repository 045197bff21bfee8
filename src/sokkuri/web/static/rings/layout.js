/**
 * Computes the layout of the rings: the query in the middle, the other pictures around it, more
 * similar pictures nearer, and no overlaps. Pure functions without the DOM.
 *
 * The target radius of a picture grows with distance^power, from the edge of the middle picture to
 * the rim. The target angle comes from the server, which puts similar pictures side by side.
 * Pictures are placed in order of distance. Each gets the smallest possible radius that is at least
 * its target and at least the radius of the picture before, and there the free angle nearest to its
 * target. The candidates for that angle are few: the target itself, and the angles at which the
 * picture just touches another picture or the edge of the view.
 *
 * Two binary searches repeat this placement. The first finds the largest scale of the pictures that
 * fits when the targets are ignored (`ease` 1: radii spread evenly over the area, any angle). The
 * second uses a slightly smaller scale and finds the smallest ease that fits, so that the layout
 * shows distances and angles as exactly as the space allows.
 *
 * In a view that is not square, rings are ellipses with the proportions of the view, and "farther
 * from the middle" means on a larger ellipse. A radius is in pixels along the shorter half axis; in
 * a square view it is the distance from the middle.
 */

import { distanceRings } from "./distance_rings.js";
import { freeAngle, turned } from "./free_angle.js";

const GAP = 4; // pixels between pictures; less between small ones
const ORDER = 0.02; // smallest growth of the radius in pixels, so that rounding keeps the order
const SPARE = 0.88; // share of the largest scale that fits; the rest is space for the targets
const FARTHEST = 1.18; // largest radius, in half axes: a full view may use some of its corners
const LARGEST = 0.18; // largest scale, as a share of the shorter side of the view
const LONGEST = 1.9; // longest side of a picture, in sides of a square of the same area
const MIDDLE = 1.5; // scale of the middle picture, relative to the nearest picture
const OUTER = 0.62; // scale of the outermost pictures, relative to the nearest picture
const APART = 0.12; // smallest difference of the radii of two rings, in shorter half axes

/**
 * @typedef {{id: string, width: ?number, height: ?number, distance?: number,
 *   angle?: ?number}} Ringed
 * @typedef {{id: string, x: number, y: number, w: number, h: number, radius: number,
 *   angle: number}} Place  x and y are the centre of the picture
 * @typedef {{radius: number, rx: number, ry: number, distance: number}} Ring
 * @typedef {{a: number, b: number, unit: number}} View the half axes, and the shorter one
 * @typedef {{w: number, h: number}} Sides
 * @typedef {{even: number, exact: number}} Target
 * @typedef {{view: View, shapes: Sides[], angles: number[], radii: Target[]}} Model
 */

/** @import { Placed } from "./free_angle.js" */

/**
 * @param {Ringed[]} images the query first, then the others in any order
 * @param {{width: number, height: number, power?: number, size?: number}} view
 *   size: largest allowed scale
 * @returns {{centre: Place | null, places: Place[], rings: Ring[], scale: number}}
 *   places: in order of distance; scale: side of a square with the nearest picture's area
 */
export function layout(images, { width, height, power = 5, size }) {
  if (images.length === 0) return { centre: null, places: [], rings: [], scale: 0 };
  const [query, ...others] = images;
  const ranked = others.map((image, order) => ({ image, order, distance: image.distance ?? 0 }));
  ranked.sort((a, b) => a.distance - b.distance || a.order - b.order);
  const view = { a: width / 2, b: height / 2, unit: Math.min(width, height) / 2 };
  const model = {
    view,
    shapes: [query, ...ranked.map(({ image }) => image)].map((image, i, all) =>
      shape(image, i === 0 ? MIDDLE : taper(i - 1, all.length - 1))),
    angles: ranked.map(({ image }) => (Number.isFinite(image.angle) ? Number(image.angle) : 0)),
    radii: targetRadii(ranked.map(({ distance }) => distance), power),
  };
  const cap = Math.min(size ?? Infinity, 2 * view.unit * LARGEST);
  const { scale, placed } = fit(model, cap);
  const places = ranked.map(({ image }, rank) => place(image, placed, rank + 1, view));
  const distances = ranked.map(({ distance }) => distance);
  return {
    centre: place(query, placed, 0, view),
    places,
    rings: distanceRings(distances, places, view.unit * APART)
      .map((ring) => onEllipse(ring, view)),
    scale: round(scale),
  };
}

/**
 * The pairs of pictures that overlap, for tests.
 * @param {{x: number, y: number, w: number, h: number}[]} places
 * @returns {[number, number][]}
 */
export function overlaps(places) {
  /** @type {[number, number][]} */
  const pairs = [];
  places.forEach((place, i) => {
    for (let j = i + 1; j < places.length; j++) {
      const other = places[j];
      if (2 * Math.abs(place.x - other.x) < place.w + other.w
        && 2 * Math.abs(place.y - other.y) < place.h + other.h) pairs.push([i, j]);
    }
  });
  return pairs;
}

/**
 * The sides of a picture at scale 1. Its area is `side` squared, or less if it is very long.
 * @param {Ringed} image
 * @param {number} side
 * @returns {Sides}
 */
function shape({ width, height }, side) {
  const ratio = width && height && width > 0 && height > 0 ? width / height : 1;
  const root = Math.sqrt(ratio);
  const reduction = Math.min(1, LONGEST / Math.max(root, 1 / root));
  return { w: side * root * reduction, h: (side / root) * reduction };
}

/**
 * The relative size of the picture at a rank: 1 for the nearest, OUTER for the farthest.
 * @param {number} rank
 * @param {number} count
 */
function taper(rank, count) {
  return 1 - (1 - OUTER) * Math.sqrt(rank / Math.max(count - 1, 1));
}

/**
 * Two target radii for each picture, 0 to 1: `exact` by distance, `even` spread over the area. Both
 * ascend.
 * @param {number[]} distances
 * @param {number} power
 * @returns {Target[]}
 */
function targetRadii(distances, power) {
  const count = distances.length;
  const far = distances[count - 1] || 1;
  const raised = distances.map((distance) => Math.max(0, distance / far) ** power);
  const first = raised[0] ?? 0;
  const span = (raised[count - 1] ?? 1) - first;
  return distances.map((_, rank) => {
    const even = Math.sqrt((rank + 1) / count);
    return { even, exact: span > 1e-9 ? (raised[rank] - first) / span : even };
  });
}

/**
 * The scale, a little below the largest that fits, and its layout with the smallest ease.
 * @param {Model} model
 * @param {number} cap
 */
function fit(model, cap) {
  let scale = cap;
  let placed = attempt(model, cap / SPARE, 1) && attempt(model, cap, 1);
  if (!placed) {
    const top = largestScale(model, cap / SPARE);
    placed = attempt(model, top * SPARE, 1) ?? attempt(model, top, 1);
    if (!placed) throw new Error("the largest scale that fits does not fit");
    scale = placed.scale;
  }
  let low = 0;
  let high = 1;
  for (let tries = 0; tries < 4; tries++) {
    const ease = tries === 0 ? 0 : (low + high) / 2;
    const better = attempt(model, scale, ease);
    if (better) {
      placed = better;
      high = ease;
      if (ease === 0) break;
    } else {
      low = ease;
    }
  }
  return { scale, placed };
}

/**
 * The largest scale below `cap` at which everything can be placed, by binary search.
 * @param {Model} model
 * @param {number} cap
 */
function largestScale(model, cap) {
  const area = model.shapes.reduce((sum, { w, h }) => sum + w * h, 0);
  let low = Math.min(cap / 2, Math.sqrt((1.9 * model.view.a * model.view.b) / area));
  let high = cap;
  while (!attempt(model, low, 1)) {
    high = low;
    low *= 0.7;
  }
  high = Math.min(high, low * 1.4);
  while (high / low > 1.08) {
    const between = Math.sqrt(low * high);
    if (attempt(model, between, 1)) low = between;
    else high = between;
  }
  return low;
}

/**
 * Places all pictures at a scale; returns null if they do not fit. Element 0 of the arrays is the
 * middle picture. With `ease` 0 the targets are kept, with 1 they are ignored.
 * @param {Model} model
 * @param {number} scale
 * @param {number} ease
 * @returns {?Placed}
 */
function attempt(model, scale, ease) {
  const { view, shapes, angles, radii } = model;
  const gap = Math.min(GAP, scale * 0.08);
  /** @type {Placed} */
  const placed = { scale, gap, longest: 0, x: [0], y: [0], radius: [0], angle: [0], w: [], h: [] };
  for (const { w, h } of shapes) {
    placed.w.push(w * scale);
    placed.h.push(h * scale);
  }
  placed.longest = Math.max(...placed.w.slice(1), ...placed.h.slice(1));
  if (placed.w[0] > 2 * view.a || placed.h[0] > 2 * view.b) return null;
  const inner = Math.min(placed.w[0], placed.h[0]) / 2 / view.unit;
  const rim = Math.max(inner, 1 - (0.62 * scale * OUTER) / view.unit);
  const turn = 0.3 + (Math.PI - 0.3) * ease * ease;
  const step = (0.07 * scale) / view.unit;
  let radius = 0;
  for (let i = 1; i < shapes.length; i++) {
    const target = (1 - ease) * radii[i - 1].exact + ease * radii[i - 1].even * 0.96;
    radius = Math.max(radius + ORDER / view.unit, inner + (rim - inner) * target);
    let angle = freeAngle(placed, i, radius, angles[i - 1], turn, view);
    while (angle === null) {
      radius += step;
      if (radius > FARTHEST) return null;
      angle = freeAngle(placed, i, radius, angles[i - 1], turn, view);
    }
    placed.radius.push(radius);
    placed.angle.push(angle);
    placed.x.push(view.a * radius * Math.cos(angle));
    placed.y.push(view.b * radius * Math.sin(angle));
  }
  return placed;
}

/**
 * @param {Ringed} image
 * @param {Placed} placed
 * @param {number} i
 * @param {View} view
 * @returns {Place}
 */
function place(image, placed, i, view) {
  return {
    id: image.id,
    x: round(view.a + placed.x[i]),
    y: round(view.b + placed.y[i]),
    w: round(placed.w[i]),
    h: round(placed.h[i]),
    radius: round(placed.radius[i] * view.unit),
    angle: Math.round(turned(placed.angle[i]) * 1e4) / 1e4,
  };
}

/** @param {number} pixels */
function round(pixels) {
  return Math.round(pixels * 100) / 100;
}

/**
 * @param {{radius: number, distance: number}} ring
 * @param {View} view
 * @returns {Ring}
 */
function onEllipse({ radius, distance }, { a, b, unit }) {
  return { radius: round(radius), rx: round((radius * a) / unit), ry: round((radius * b) / unit),
    distance };
}
