// The state of a search: read from the address, written to it, and turned into a request. Pure
// functions, except for FormData.

/**
 * @import { SearchRequestDocument } from "../base/api_types.js"
 * @import { Params } from "../base/query.js"
 * @import { Upload } from "./uploads.js"
 */

/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/**
 * @typedef {{ids: string[], nots: string[], texts: string[], notTexts: string[], upload: ?string,
 *   weights: Map<string, number>, k: number, view: "grid"|"rings", under: string, where: string,
 *   maxDistance: string, collapse: boolean, crop: ?Box}} Search
 *   texts, notTexts: words, perhaps with a weight behind them, as in `at night^0.5`; weights: of
 *   ids, without those that are 1
 */

export const USUAL_K = 50;
export const MOST_K = 300;

/**
 * @param {{get: (key: string) => ?string, getAll: (key: string) => string[]}} params
 * @returns {Search}
 */
export function fromParams(params) {
  const k = Math.round(Number(params.get("k")));
  return {
    ids: [...new Set(params.getAll("id"))],
    nots: [...new Set(params.getAll("not"))],
    texts: [...new Set(params.getAll("text"))],
    notTexts: [...new Set(params.getAll("not_text"))],
    upload: params.get("upload"),
    weights: new Map(params.getAll("weight").map(splitWeight).filter(([, weight]) => weight > 0)),
    k: k >= 1 ? Math.min(k, MOST_K) : USUAL_K,
    view: params.get("view") === "rings" ? "rings" : "grid",
    under: params.get("under") ?? "",
    where: params.get("where") ?? "",
    maxDistance: params.get("max_distance") ?? "",
    collapse: params.get("copies") !== "all",
    crop: toBox(params.get("crop")),
  };
}

/**
 * @param {Search} search
 * @returns {Params} params for `navigate`
 */
export function toParams({ ids, nots, texts, notTexts, upload, weights, k, view, under, where,
  maxDistance, collapse, crop }) {
  return {
    upload,
    id: ids,
    not: nots,
    text: texts,
    not_text: notTexts,
    weight: [...ids, ...nots].filter((id) => (weights.get(id) ?? 1) !== 1)
      .map((id) => `${id}^${weights.get(id)}`),
    k: k === USUAL_K ? null : k,
    view: view === "grid" ? null : view,
    under,
    where,
    max_distance: maxDistance,
    copies: collapse ? null : "all",
    crop: crop && fromBox(crop),
  };
}

/**
 * The words and the weight of a text, as the server reads them.
 * @param {string} written
 * @returns {[string, number]}
 */
export function splitWeight(written) {
  const match = /^(.+)\^([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})$/s.exec(written);
  return match ? [match[1], Number(match[2])] : [written, 1];
}

/** @param {string} words @param {number} weight */
export const withWeight = (words, weight) =>
  (weight === 1 && splitWeight(words)[0] === words ? words : `${words}^${weight}`);

/** @param {?string} text */
function toBox(text) {
  const parts = (text ?? "").split(",").map(Number);
  const whole = parts.every((part) => Number.isInteger(part) && part >= 0);
  if (parts.length !== 4 || !whole) return null;
  const [x, y, w, h] = parts;
  return w > 0 && h > 0 ? { x, y, w, h } : null;
}

/** @param {Box} box */
export const fromBox = ({ x, y, w, h }) => `${x},${y},${w},${h}`;

/**
 * Whether a part can be selected: only when the query has a single picture of kind "like".
 * @param {Search} search
 * @param {{not: boolean}[]} uploads
 */
export function canCrop(search, uploads) {
  return search.ids.length + uploads.filter((upload) => !upload.not).length === 1;
}

/**
 * The request of a search. It always asks for angles, so that the rings need no second request.
 * @param {Search} search
 * @param {Upload[]} uploads
 * @returns {FormData | SearchRequestDocument}
 */
export function toRequest(search, uploads) {
  /** @param {string} id */
  const weight = (id) => search.weights.get(id) ?? 1;
  /** @param {string} id */
  const weighted = (id) => (weight(id) === 1 ? id : `${id}^${weight(id)}`);
  const fields = {
    k: search.k,
    under: search.under || null,
    where: search.where || null,
    max_distance: search.maxDistance || null,
    crop: search.crop && canCrop(search, uploads) ? fromBox(search.crop) : null,
    angles: true,
    collapse: search.collapse,
  };
  if (uploads.length === 0) {
    const present = Object.entries(fields).filter(([, value]) => value !== null);
    return { ids: search.ids.map(weighted), not_ids: search.nots.map(weighted),
      texts: search.texts, not_texts: search.notTexts, ...Object.fromEntries(present) };
  }
  const form = new FormData();
  const names = sentNames(uploads);
  for (const [number, { blob, not, weight }] of uploads.entries()) {
    form.append(not ? "not_image" : "image", blob, names[number]);
    form.append(not ? "not_image_weight" : "image_weight", String(weight ?? 1));
  }
  for (const id of search.ids) form.append("id", weighted(id));
  for (const id of search.nots) form.append("not_id", weighted(id));
  for (const words of search.texts) form.append("text", words);
  for (const words of search.notTexts) form.append("not_text", words);
  for (const [key, value] of Object.entries(fields)) {
    if (value !== null) form.append(key, String(value));
  }
  return form;
}

/**
 * The names under which pictures are sent: each once, so that a problem names one picture.
 * @param {{name: string}[]} uploads
 * @returns {string[]}
 */
export function sentNames(uploads) {
  /** @type {string[]} */
  const names = [];
  for (const { name } of uploads) {
    let unique = name || "picture";
    for (let number = 2; names.includes(unique); number++) unique = `${name || "picture"} (${number})`;
    names.push(unique);
  }
  return names;
}

/**
 * The part of the page where a problem is shown.
 * @param {{status: number, type: string, detail: string}} problem
 * @returns {"picture" | "id" | "words" | "where" | "under" | "max_distance" | "all"}
 */
export function placeOf({ status, type, detail }) {
  const kind = type.split(":").at(-1);
  if (kind === "unreadable-image" || status === 413 || status === 408) return "picture";
  if (kind === "unknown-image") return "id";
  if (status !== 422) return "all";
  if (/^(a text to search for|the weight|texts|not_texts)|knows no words/.test(detail)) return "words";
  if (detail.startsWith("max_distance")) return "max_distance";
  if (detail.startsWith("under") || /not below/.test(detail)) return "under";
  return detail.startsWith("where") || detail.startsWith("in `") ? "where" : "all";
}
