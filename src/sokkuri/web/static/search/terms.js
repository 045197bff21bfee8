// Add terms to the search that the page Search shows; on any other page, begin a search.

import { get } from "../base/api.js";
import { current, navigate } from "../base/router.js";
import { Query } from "../base/query.js";
import { fromParams, splitWeight, toParams } from "./state.js";
import { keep, recall } from "./uploads.js";

const LONGEST_NAME = 400; // characters; a longer text is no id
const LIKE_A_FILE = /\.[a-z0-9]{2,5}$/i;

/**
 * @param {{texts?: string[], ids?: Array<[string, number]>, files?: File[],
 *   replaces?: boolean}} terms
 *   texts: perhaps with weights behind them; ids: each with its weight; replaces: whether the other
 *   pictures of the search go
 */
export async function addTerms({ texts = [], ids = [], files = [], replaces = false }) {
  const { path, params } = current();
  const shown = fromParams(path === "/search" ? params : new Query());
  const search = replaces ? { ...shown, ids: [], nots: [], upload: null, weights: new Map() } : shown;
  const words = texts.map((text) => splitWeight(text)[0]);
  /** @param {string} text */
  const isOtherText = (text) => !words.includes(splitWeight(text)[0]);
  /** @param {string} id */
  const isOtherId = (id) => ids.every(([added]) => added !== id);
  const changed = { ...search,
    texts: [...search.texts.filter(isOtherText), ...texts],
    notTexts: search.notTexts.filter(isOtherText),
    ids: [...search.ids.filter(isOtherId), ...ids.map(([id]) => id)],
    nots: search.nots.filter(isOtherId),
    weights: new Map([...search.weights, ...ids]) };
  if (files.length) {
    const before = search.upload ? await recall(search.upload) : null;
    const added = files.map((file) => ({ name: file.name, blob: file, not: false }));
    changed.upload = await keep([...before ?? [], ...added]);
  }
  if (files.length || ids.length) changed.crop = null;
  navigate("/search", toParams(changed));
}

/**
 * The images of the collection that a text names: by their id, else by the name of their file.
 * @param {string} written perhaps with a weight behind it
 * @returns {Promise<Array<[string, number]>>} ids, each with its weight; at most two
 */
export async function findImages(written) {
  const [name, weight] = splitWeight(written);
  /** @type {Array<[string, number]>} */
  const tries = name === written ? [[written, 1]] : [[written, 1], [name, weight]];
  for (const [id, itsWeight] of tries) {
    const found = await withId(id) ?? await withName(id);
    if (found.length) return found.map((one) => [one, itsWeight]);
  }
  return [];
}

/** @param {string} id */
async function withId(id) {
  const found = await listed(`id = ${quoted(id)}`, id);
  return found.length ? found : null;
}

/** @param {string} name */
async function withName(name) {
  if (!LIKE_A_FILE.test(name)) return [];
  /** @param {string} id */
  const isThis = (id) => id.endsWith(`/${name}`);
  // `_` and `%` stand for any characters here, so more images may be listed.
  return (await listed(`id like ${quoted(`%/${name}`)}`, name)).filter(isThis).slice(0, 2);
}

/**
 * @param {string} where
 * @param {string} name
 */
async function listed(where, name) {
  // A filter cannot quote a text that has both quotes.
  if (name.length > LONGEST_NAME || (name.includes("'") && name.includes('"'))) return [];
  const { images } = await get("/images", { where, limit: 20 });
  return images.map(({ id }) => id);
}

/** @param {string} text */
const quoted = (text) => (text.includes("'") ? `"${text}"` : `'${text}'`);
