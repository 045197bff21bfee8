/**
 * Where the pictures of the rings view lie: the query in the middle, the others around it, the
 * nearer the more alike, and none upon another. Pure: no DOM.
 *
 * The radius that a picture wishes for grows with distance^power, from the edge of the middle
 * picture to the rim; the angle it wishes for is the server's, which lets alike pictures be
 * neighbours. Pictures are placed in order of distance, each at the smallest radius that is neither
 * below its wish nor below the radius of the one before, and there at the free angle nearest to its
 * wish. Free angles need no trying out: the nearest is the wish itself or one at which the picture
 * just touches another or the edge of the view.
 *
 * Two searches by halving go around that. The first finds the largest scale of pictures that fits
 * when the wishes are let go (`ease` 1: radii spread evenly over the area, any angle). The second
 * keeps the pictures a little smaller, and finds the least ease with which everything fits, so that
 * the picture shows distances and angles as truly as there is room for.
 *
 * In a view that is not square, rings are ellipses of the view's own proportions, and "farther from
 * the middle" means on a larger ellipse. A radius is given in pixels along the shorter half axis:
 * in a square it is the distance from the middle.
 */

const GAP = 4; // pixels between pictures, less between small ones
const ORDER = 0.02; // radii grow by at least this, which rounding cannot undo
const SPARE = 0.88; // of the largest scale that fits; the rest is room for the wishes
const FAREST = 1.18; // of the half axis: a full view may use some of its corners
const LARGEST = 0.18; // of the view's shorter side
const SLACK = 1e-6; // for what touches but for rounding
const LONGEST = 1.9; // sides of a square of the same area, at most
const MIDDLE = 1.5; // the middle picture against the nearest one
const OUTER = 0.62; // the outermost pictures against the nearest one

/**
 * @typedef {{id: string, width: number, height: number, distance?: number, angle?: number}} Ringed
 * @typedef {{id: string, x: number, y: number, w: number, h: number, radius: number,
 *   angle: number}} Place  x and y are the middle of the picture
 * @typedef {{radius: number, rx: number, ry: number, distance: number}} Ring
 */

/**
 * @param {Ringed[]} images the query first, then the others, in any order
 * @param {{width: number, height: number, power?: number, size?: number}} view
 *   size: the longest that a side of the nearest picture's square may be
 * @returns {{centre: Place | null, places: Place[], rings: Ring[], scale: number}}
 *   places: in order of distance; scale: side of a square with the nearest picture's area
 */
export function layout(images, { width, height, power = 5, size }) {
  if (images.length === 0) return { centre: null, places: [], rings: [], scale: 0 };
  const [query, ...others] = images;
  const ranked = others.map((image, at) => ({ image, at, distance: image.distance ?? 0 }));
  ranked.sort((a, b) => a.distance - b.distance || a.at - b.at);
  const view = { a: width / 2, b: height / 2, unit: Math.min(width, height) / 2 };
  const model = {
    view,
    shapes: [query, ...ranked.map(({ image }) => image)].map((image, at, all) =>
      shape(image, at === 0 ? MIDDLE : taper(at - 1, all.length - 1))),
    angles: ranked.map(({ image }) => (Number.isFinite(image.angle) ? image.angle : 0)),
    nearness: wishes(ranked.map(({ distance }) => distance), power),
  };
  const cap = Math.min(size ?? Infinity, 2 * view.unit * LARGEST);
  const { scale, placed } = fitted(model, cap);
  const places = ranked.map(({ image }, at) => place(image, placed, at + 1, view));
  const distances = ranked.map(({ distance }) => distance);
  return {
    centre: place(query, placed, 0, view),
    places,
    rings: marks(distances, places, view),
    scale: round(scale),
  };
}

/**
 * The pairs of pictures that lie upon each other, for tests.
 * @param {{x: number, y: number, w: number, h: number}[]} places
 * @returns {[number, number][]}
 */
export function overlaps(places) {
  const pairs = [];
  places.forEach((one, i) => {
    for (let j = i + 1; j < places.length; j++) {
      const other = places[j];
      if (2 * Math.abs(one.x - other.x) < one.w + other.w
        && 2 * Math.abs(one.y - other.y) < one.h + other.h) pairs.push([i, j]);
    }
  });
  return pairs;
}

/** Sides of a picture at scale 1: `part` squared is its area, unless it is very long. */
function shape({ width, height }, part) {
  const ratio = width > 0 && height > 0 ? width / height : 1;
  const root = Math.sqrt(ratio);
  const less = Math.min(1, LONGEST / Math.max(root, 1 / root));
  return { w: part * root * less, h: (part / root) * less };
}

function taper(at, count) {
  return 1 - (1 - OUTER) * Math.sqrt(at / Math.max(count - 1, 1));
}

/** Two wishes for each radius, 0 to 1: by distance, and evenly over the area. Both ascend. */
function wishes(distances, power) {
  const count = distances.length;
  const far = distances[count - 1] || 1;
  const raised = distances.map((distance) => Math.max(0, distance / far) ** power);
  const first = raised[0] ?? 0;
  const span = (raised[count - 1] ?? 1) - first;
  return distances.map((_, at) => {
    const even = Math.sqrt((at + 1) / count);
    return { even, true: span > 1e-9 ? (raised[at] - first) / span : even };
  });
}

/** The largest scale that fits, and in it the layout with the least ease. */
function fitted(model, cap) {
  let scale = cap;
  let placed = attempt(model, cap / SPARE, 1) && attempt(model, cap, 1);
  if (!placed) {
    const top = largest(model, cap / SPARE);
    placed = attempt(model, top * SPARE, 1) ?? attempt(model, top, 1);
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

/** The largest scale below `cap` at which everything can be placed, by halving. */
function largest(model, cap) {
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
 * Places everything at this scale, or null. Element 0 of the arrays is the middle picture.
 * `ease` 0 insists on the wishes, 1 lets them go.
 */
function attempt(model, scale, ease) {
  const { view, shapes, angles, nearness } = model;
  const gap = Math.min(GAP, scale * 0.08);
  const placed = { scale, gap, x: [0], y: [0], radius: [0], angle: [0], w: [], h: [] };
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
  for (let at = 1; at < shapes.length; at++) {
    const wish = (1 - ease) * nearness[at - 1].true + ease * nearness[at - 1].even * 0.96;
    radius = Math.max(radius + ORDER / view.unit, inner + (rim - inner) * wish);
    let angle = freeAngle(placed, at, radius, angles[at - 1], turn, view);
    while (angle === null) {
      radius += step;
      if (radius > FAREST) return null;
      angle = freeAngle(placed, at, radius, angles[at - 1], turn, view);
    }
    placed.radius.push(radius);
    placed.angle.push(angle);
    placed.x.push(view.a * radius * Math.cos(angle));
    placed.y.push(view.b * radius * Math.sin(angle));
  }
  return placed;
}

/** The free angle on this radius that is nearest to the wish, at most `turn` away, or null. */
function freeAngle(placed, at, radius, wish, turn, view) {
  const rx = view.a * radius;
  const ry = view.b * radius;
  const edge = {
    x: view.a - placed.w[at] / 2 + SLACK,
    y: view.b - placed.h[at] / 2 + SLACK,
    blocker: null,
  };
  const near = neighbours(placed, at, radius, view.unit);
  if (isFree(near, edge, rx * Math.cos(wish), ry * Math.sin(wish))) return wish;
  let least = turn;
  let found = null;
  const consider = (x, y) => {
    const by = turned(Math.atan2(y / ry, x / rx) - wish);
    // Of two turns alike but for rounding the first counts, so that layouts are stable.
    if (Math.abs(by) >= least - 1e-9 || !isFree(near, edge, x, y)) return;
    least = Math.abs(by);
    found = wish + by;
  };
  for (const box of near) {
    const away = Math.abs(turned(box.angle - wish));
    if (away - seenHalf(box, view) < least) crossings(box, rx, ry, consider);
  }
  crossings({ x: 0, y: 0, w: edge.x - SLACK, h: edge.y - SLACK }, rx, ry, consider);
  return found;
}

/** Pictures that might be touched: each the middle and the half sides of a forbidden box. */
function neighbours(placed, at, radius, unit) {
  const { x, y, w, h, gap, angle, longest } = placed;
  const near = [];
  // Pictures whose radii differ by more cannot touch. The middle one, element 0, is asked always.
  const reach = Math.hypot((w[at] + longest) / 2 + gap, (h[at] + longest) / 2 + gap) / unit;
  for (let j = at - 1; j >= 0; j--) {
    if (placed.radius[j] < radius - reach) j = 0;
    near.push({
      x: x[j],
      y: y[j],
      w: (w[at] + w[j]) / 2 + gap,
      h: (h[at] + h[j]) / 2 + gap,
      angle: angle[j],
      radius: placed.radius[j],
    });
  }
  return near;
}

/** At least half the angle that the box takes, seen from the middle. */
function seenHalf({ w, h, radius }, { a, b }) {
  const part = Math.sqrt((w / a) ** 2 + (h / b) ** 2) / radius;
  return part < 1 ? (part * Math.PI) / 2 : Math.PI;
}

function isFree(near, edge, x, y) {
  if (Math.abs(x) > edge.x || Math.abs(y) > edge.y) return false;
  // What was in the way just now often is again.
  if (edge.blocker && isIn(edge.blocker, x, y)) return false;
  for (let n = 0; n < near.length; n++) {
    if (!isIn(near[n], x, y)) continue;
    edge.blocker = near[n];
    return false;
  }
  return true;
}

function isIn(box, x, y) {
  return Math.abs(x - box.x) < box.w - SLACK && Math.abs(y - box.y) < box.h - SLACK;
}

/** Where the ellipse enters or leaves the box. */
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

/** An angle as a turn, -pi to pi. */
function turned(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

function place(image, placed, at, view) {
  return {
    id: image.id,
    x: round(view.a + placed.x[at]),
    y: round(view.b + placed.y[at]),
    w: round(placed.w[at]),
    h: round(placed.h[at]),
    radius: round(placed.radius[at] * view.unit),
    angle: Math.round(turned(placed.angle[at]) * 1e4) / 1e4,
  };
}

function round(pixels) {
  return Math.round(pixels * 100) / 100;
}

/**
 * A few rings with short distances: what lies within a ring is at most that far, what lies outside
 * is farther.
 */
function marks(distances, places, view) {
  const rim = places.at(-1)?.radius ?? 0;
  const rings = [];
  for (const part of [0.4, 0.6, 0.8, 1]) {
    const at = places.findLastIndex(({ radius }) => radius <= part * rim);
    if (at < 0 || distances[at] <= 0) continue;
    const ring = markAt(distances, places, short(distances[at], part === 1));
    const last = rings.at(-1);
    if (ring && (!last || ring.radius - last.radius > view.unit * 0.12)) rings.push(ring);
  }
  return rings.map(({ radius, distance }) => ({
    radius: round(radius),
    rx: round((radius * view.a) / view.unit),
    ry: round((radius * view.b) / view.unit),
    distance,
  }));
}

/** Two decimals, or three significant ones of small distances; the outermost is rounded up. */
function short(distance, up) {
  const unit = distance < 0.1 ? 10 ** (Math.floor(Math.log10(distance)) - 1) : 0.01;
  const whole = up ? Math.ceil(distance / unit - 1e-9) : Math.round(distance / unit);
  return Number((whole * unit).toPrecision(6));
}

function markAt(distances, places, distance) {
  const beyond = distances.findIndex((other) => other > distance);
  if (beyond === 0) return null;
  const last = places[(beyond < 0 ? places.length : beyond) - 1];
  if (beyond < 0) return { radius: last.radius + 0.01, distance };
  const part = (distance - distances[beyond - 1]) / (distances[beyond] - distances[beyond - 1]);
  return { radius: last.radius + (places[beyond].radius - last.radius) * part, distance };
}
