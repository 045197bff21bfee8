// The list from which an image was opened. The page of the image steps through this list. When the
// list is shown again, the image that was shown last has the focus.

/**
 * @typedef {{count: number, idAt: (index: number) => Promise<string | null | undefined>,
 *   list: string, places: Map<string, number>}} Trail
 */

/** @type {?Trail} */
let trail = null;
/** @type {?number} */
let last = null;

/**
 * Remembers the list from which an image is opened.
 * @param {{id: string, index: number, count: number, list?: string,
 *   idAt: (index: number) => Promise<string | null | undefined>}} from the image, its place in the
 *   list, the ids at other places, and the list's name for `takeLast`
 */
export function openFrom({ id, index, count, idAt, list = "" }) {
  trail = { count, idAt, list, places: new Map([[id, index]]) };
  last = null;
}

/**
 * Remembers a list whose ids are all known, from which an image is opened.
 * @param {string[]} ids
 * @param {string} id
 */
export function openFromIds(ids, id) {
  openFrom({ id, index: ids.indexOf(id), count: ids.length, idAt: async (index) => ids[index] });
}

/**
 * The ids before and after an image in the list, null at its ends.
 * @param {string} id
 * @returns {Promise<?{previous: ?string, next: ?string}>} null if the image was not opened from a
 *   list in this tab
 */
export async function neighbours(id) {
  const from = trail;
  const index = from?.places.get(id);
  if (!from || index === undefined) return null;
  last = index;
  /** @param {number} place */
  const at = async (place) => {
    const other = place < 0 || place >= from.count ? null : await from.idAt(place);
    if (other === null || other === undefined) return null;
    from.places.set(other, place);
    return other;
  };
  const [previous, next] = await Promise.all([at(index - 1), at(index + 1)]);
  return { previous, next };
}

/**
 * Returns the place of the image that was shown last, and forgets it. Null if the image was not
 * opened from this list.
 * @param {string} list its name
 * @returns {?number}
 */
export function takeLast(list) {
  const place = trail?.list === list ? last : null;
  last = null;
  return place;
}
