// The list of images in which the viewer goes on from a point of the map: the nearest points first.

/**
 * @import { MapImageDocument } from "../base/api_types.js"
 * @import { Points } from "./points.js"
 */

const MOST = 500; // images
const AT_ONCE = 25; // images of a request
const FIRST_REACH = 1 / 64; // of the width of the map

/**
 * The points around one, the nearest first. The first is the point itself.
 * @param {Points} points
 * @param {number} point
 */
export function pointsAround(points, point) {
  const { x, y } = points.at(point);
  /** @type {{other: number, far: number}[]} */
  let found = [];
  for (let reach = FIRST_REACH; reach < 4 && found.length < MOST; reach *= 2) {
    found = [];
    points.visit({ left: x - reach, right: x + reach, bottom: y - reach, top: y + reach }, (other) => {
      const place = points.at(other);
      const far = other === point ? -1 : (place.x - x) ** 2 + (place.y - y) ** 2;
      if (far <= reach ** 2) found.push({ other, far });
    });
  }
  found.sort((a, b) => a.far - b.far || a.other - b.other);
  return found.slice(0, MOST).map(({ other }) => other);
}

/**
 * A list for `openFrom`.
 * @param {number[]} around from `pointsAround`
 * @param {MapImageDocument} image at the first point
 * @param {(points: number[]) => Promise<MapImageDocument[]>} fetchImages
 */
export function nearList(around, image, fetchImages) {
  /** @type {Map<number, Promise<MapImageDocument[]>>} */
  const parts = new Map();
  return { id: image.id, index: 0, count: around.length,
    imageAt: async (/** @type {number} */ index) => {
      const start = index - index % AT_ONCE;
      const part = parts.get(start) ?? fetchImages(around.slice(start, start + AT_ONCE));
      parts.set(start, part);
      part.catch(() => parts.delete(start));
      return (await part).find(({ point }) => point === around[index]) ?? null;
    } };
}
