// Suggests the folders of the collection for a field where a person types one.

import * as api from "./api.js";
import { h } from "./dom.js";

/**
 * Fills a list of suggestions with the folders and their numbers of images.
 * @param {HTMLDataListElement} datalist
 * @param {AbortSignal} [signal]
 */
export async function suggestFolders(datalist, signal) {
  try {
    const { folders } = await api.folders({ signal });
    datalist.replaceChildren(...folders.filter(({ path }) => path).map(({ path, count }) =>
      h("option", { value: path }, String(count))));
  } catch {
    // The user can still type a folder.
  }
}
