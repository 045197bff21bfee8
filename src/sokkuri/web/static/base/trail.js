// The lists from which images were opened. The page of an image steps through its list, which its entry
// of the history names, or else through the latest list that has the image. When a list is shown again,
// the image that was shown last has the focus.

const KEPT = 20; // lists

/**
 * @typedef {{id: string, name?: string, v?: string}} Listed an image of a list
 * @typedef {{key: string, count: number, imageAt: (index: number) => Promise<?Listed>, list: string,
 *   places: Map<string, number>, gone: Set<string>, last: ?number}} Trail
 *   places: of the images that were seen; gone: images that are in the trash; last: the place of the
 *   image that was shown last
 */

/** @type {Trail[]} the latest at the end */
let trails = [];

/**
 * Remembers the list from which an image is opened.
 * @param {{id: string, index: number, count: number, list?: string,
 *   imageAt: (index: number) => Promise<?Listed>}} from the image, its place in the list, the images
 *   at other places, and the list's name for `takeLast`
 */
export function openFrom({ id, index, count, imageAt, list = "" }) {
  const key = Math.random().toString(36).slice(2);
  /** @type {Trail} */
  const trail = { key, count, imageAt, list, places: new Map([[id, index]]), gone: new Set(),
    last: null };
  trails = [...trails, trail].slice(-KEPT);
}

/**
 * Remembers a list whose images are all known, from which an image is opened.
 * @param {Listed[]} images
 * @param {string} id
 */
export function openFromList(images, id) {
  openFrom({ id, index: images.findIndex((image) => image.id === id), count: images.length,
    imageAt: async (index) => images[index] });
}

/**
 * The list that the page of an image steps through.
 * @param {string} id
 */
function trailOf(id) {
  const having = trails.filter(({ places }) => places.has(id));
  return having.find(({ key }) => key === history.state?.trail) ?? having.at(-1);
}

/**
 * What the list of an image knows about it; null if the image was not opened from a list in this tab.
 * @param {string} id
 * @returns {Promise<?Listed>}
 */
export async function listed(id) {
  const trail = trailOf(id);
  return await trail?.imageAt(trail.places.get(id) ?? 0) ?? null;
}

/**
 * The images before and after an image in its list, null at its ends. Images in the trash are skipped.
 * @param {string} id
 * @returns {Promise<?{previous: ?string, next: ?string, index: number, trail: Trail}>} null if the
 *   image was not opened from a list in this tab
 */
export async function neighbours(id) {
  const trail = trailOf(id);
  const index = trail?.places.get(id);
  if (!trail || index === undefined) return null;
  history.replaceState({ ...history.state, trail: trail.key }, "");
  trail.last = index;
  const [previous, next] = await Promise.all([beside(trail, index, -1), beside(trail, index, 1)]);
  return { previous, next, index, trail };
}

/**
 * @param {Trail} trail
 * @param {number} index
 * @param {1|-1} by
 */
async function beside(trail, index, by) {
  for (let place = index + by; place >= 0 && place < trail.count; place += by) {
    const image = await trail.imageAt(place);
    if (!image) return null;
    trail.places.set(image.id, place);
    if (!trail.gone.has(image.id)) return image.id;
  }
  return null;
}

/**
 * Notes that an image went to the trash, or came back.
 * @param {string} id
 * @param {boolean} isGone
 */
export function markGone(id, isGone) {
  for (const { gone, places } of trails) {
    if (!isGone) gone.delete(id);
    else if (places.has(id)) gone.add(id);
  }
}

/**
 * Returns the place of the image that was shown last, and forgets it. Null if no image was opened from
 * this list.
 * @param {string} list its name
 * @returns {?number}
 */
export function takeLast(list) {
  const trail = trails.findLast((one) => one.list === list && one.last !== null);
  if (!trail) return null;
  const { last } = trail;
  trail.last = null;
  return last;
}
