// The data of a grid: its layout, and its images in windows. The latest ones are kept, so that Back
// shows them without a wait.

import * as api from "../base/api.js";
import { latest } from "../base/events.js";
import { WINDOW, Windows } from "./windows.js";

/**
 * @import { GridDocument } from "../base/api_types.js"
 * @import { GridData } from "./grid.js"
 */

/**
 * @typedef {{under: ?string, where: ?string, sort: string}} GridQuery what a grid shows
 * @typedef {Omit<GridDocument, "ratios"> & GridData} Data
 */

const KEPT = 4;
/** @type {Map<string, Data>} */
const kept = new Map();

/**
 * Fetches a grid. Fetches the first images at the same time if the window begins among them.
 *
 * All images are of one order, so that the image at each place is the one that an action on this place
 * would concern.
 * @param {GridQuery} query
 * @param {number} index where the window begins
 * @param {{signal: AbortSignal, onstale: () => void}} options onstale: called when the collection has
 *   changed
 * @returns {Promise<Data>}
 */
export async function fetchGrid(query, index, { signal, onstale }) {
  /**
   * @param {number} offset
   * @param {number} limit
   * @param {AbortSignal} itemsSignal
   * @param {string} [order]
   */
  const request = (offset, limit, itemsSignal, order) => api.gridItems(
    { ...query, order, offset: String(offset), limit }, { signal: itemsSignal });
  let first = index < WINDOW ? request(0, WINDOW, signal).catch(() => null) : null;
  const grid = await api.grid(query, { signal });
  const windows = new Windows(grid.count, async (offset, limit, windowSignal) => {
    const early = offset === 0 ? await first : null;
    first = null;
    // The early window was asked for first. In the same order, an older revision tells of no change.
    const { images, revision } = early?.order === grid.order ? { ...early, revision: grid.revision }
      : await request(offset, limit, windowSignal, grid.order).catch((error) => {
        if (api.isConflict(error)) onstale();
        throw error;
      });
    if (revision !== grid.revision || images.length < limit) onstale();
    // One image is gone: the others would stand at wrong places.
    if (images.length < limit) throw new Error("an image is gone");
    return images;
  });
  return { ...grid, ratios: Uint16Array.from(grid.ratios), windows };
}

/**
 * @param {string} name
 * @returns {?Data} the data of a grid that was shown lately, if nothing has changed since
 */
export function findGrid(name) {
  const data = kept.get(name);
  return data && data.revision === (latest()?.revision ?? data.revision) ? data : null;
}

/**
 * @param {string} name
 * @param {Data} data
 */
export function keepGrid(name, data) {
  kept.delete(name);
  kept.set(name, data);
  if (kept.size > KEPT) kept.delete([...kept.keys()][0]);
}

export const forgetGrids = () => kept.clear();
