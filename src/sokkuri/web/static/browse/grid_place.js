// The list of an image whose address names the grid that it was opened from. So its neighbours stay the
// same after a reload, and for somebody who gets the address.

import * as api from "../base/api.js";
import { neighbours, openFrom } from "../base/trail.js";
import { Windows } from "./windows.js";

/** @typedef {{under: ?string, where: ?string, sort: ?string}} NamedGrid what an address says of it */

/**
 * Finds an image in its grid, and makes the grid the list that its page steps through.
 * @param {string} id
 * @param {NamedGrid} grid
 * @param {AbortSignal} signal
 * @returns {ReturnType<typeof neighbours>} null if the address names no grid, or one without the image
 */
export async function placeInGrid(id, grid, signal) {
  const { where, sort } = grid;
  if (!where && !sort) return null; // the neighbours are those in the folder
  try {
    const { index, count, order } = await api.get("/grid/place", { id, ...grid }, { signal });
    if (index === null) return null;
    const windows = new Windows(count, async (offset, limit, ends) => {
      const params = { ...grid, order, offset: String(offset), limit };
      const { images } = await api.gridItems(params, { signal: ends });
      if (images.length < limit) throw new Error("an image is gone");
      return images;
    });
    await windows.all([index]);
    openFrom({ ...windows.listAt(index), id });
    return await neighbours(id);
  } catch (error) {
    if (api.isAbort(error)) throw error;
    return null; // a wrong filter, for example: the image is shown without its list
  }
}
