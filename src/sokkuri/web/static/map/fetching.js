// What the map asks the server for. Each question names the version of the map; if the server has another
// one by now, the answer is a conflict.

import * as api from "../base/api.js";

/**
 * @import { MapDocument } from "../base/api_types.js"
 * @import { Grouping } from "./side.js"
 */

const LIT = 100; // pictures that are lit for a search

/** @typedef {{signal?: AbortSignal}} Options */

/**
 * The points of a map; null if the server has another version by now.
 * @param {Grouping} by
 * @param {MapDocument} map
 * @param {Options} options
 */
export async function fetchPoints(by, { count, version }, options) {
  if (!count) return new ArrayBuffer(0);
  const response = await api.getResponse("/map/points", { by }, options);
  const isSame = response.headers.get("etag")?.startsWith(`"${version}-`);
  return isSame ? response.arrayBuffer() : null;
}

/**
 * A bit for each point, which says whether it passes a filter.
 * @param {MapDocument} map
 * @param {{under: string, where: string}} filter
 * @param {Options} options
 */
export async function fetchPassing({ version }, { under, where }, options) {
  return (await api.getResponse("/map/passing", { version, under, where }, options)).arrayBuffer();
}

/**
 * The points of the pictures that look like one.
 * @param {MapDocument} map
 * @param {?string} id
 * @param {Options} options
 */
export async function fetchAlike({ count, version }, id, options) {
  if (!id || !count) return [];
  const { hits } = await api.similar(id, { k: LIT }, options);
  const params = { version, id: hits.map((hit) => hit.id) };
  return (await api.get("/map/find", params, options)).points;
}

/**
 * The images at some points.
 * @param {MapDocument} map
 * @param {number[]} point
 * @param {Options} options
 */
export async function fetchImages({ version }, point, options) {
  return (await api.get("/map/images", { version, point }, options)).images;
}
