// The HTTP API of the server: addresses, requests, and problems.

import { t } from "./messages.js";
import { problemText } from "./problem_text.js";
import { encode, toQuery } from "./query.js";
import * as settings from "./settings.js";

export { toQuery } from "./query.js";

/**
 * @import {
 *   GetAnswer, GetParameter, GetPath, ImageDocument, PostAnswers, PostBodies, SearchRequestDocument,
 *   SearchResultDocument
 * } from "./api_types.js"
 * @import { Params, Value } from "./query.js"
 */

/**
 * @template {GetPath} Path
 * @typedef {Partial<Record<GetParameter<Path>, Value | readonly Value[]>>} ParamsOf
 */

/**
 * @typedef {{signal?: AbortSignal}} Options
 * @typedef {{method?: string, signal?: AbortSignal, headers?: Record<string, string>,
 *   body?: string | FormData}} Request
 */

const BASE = "/api/v1";
const RETRIES = 3;
const URN = "urn:sokkuri:problem:";

/**
 * An error that the server reported, as an RFC 9457 problem. Its message is for a person, in the language of
 * the page; `detail` is what the server wrote.
 */
export class Problem extends Error {
  /**
   * @param {{status: number, title?: string, detail?: string, type?: string}} problem
   * @param {number} [retryAfter] seconds
   */
  constructor({ status, title, detail, type }, retryAfter = 0) {
    super(problemText(detail || title || "") || t("The server answered {status}", { status: String(status) }));
    this.name = "Problem";
    this.status = status;
    this.title = title ?? t("Something went wrong");
    this.detail = detail ?? "";
    this.type = type ?? "about:blank";
    this.retryAfter = retryAfter;
  }
}

/** The server did not answer. */
export class LostServer extends Error {
  constructor() {
    super(t("The server does not answer"));
    this.name = "LostServer";
  }
}

/**
 * Whether a request was cancelled.
 * @param {unknown} error
 */
export const isAbort = (error) => error instanceof Error && error.name === "AbortError";

/**
 * What an error says.
 * @param {unknown} error
 */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Whether nothing was done, because something is no longer as the page believes.
 * @param {unknown} error
 */
export const isConflict = (error) => error instanceof Problem && error.status === 409;

/**
 * Sends two events: "lost" when the server did not answer a request, and "found" when the server
 * is back (sent by connection.js).
 */
export const connection = new EventTarget();

/**
 * Encodes an id for the path of an address.
 * @param {string} id
 * @returns {string}
 */
export function encodeId(id) {
  // An id has no segments "." and "..", which a browser would resolve.
  return encode(id).replaceAll("%2F", "/");
}

/**
 * The address of a picture. With `v`, the digest of its content, it can be cached without limit.
 * @param {string} id
 * @param {"thumbnail"|"file"|"film"} kind
 * @param {{size?: number, v?: string}} [options]
 * @returns {string}
 */
export function imageUrl(id, kind, { size, v } = {}) {
  const mosaic = settings.get("mosaic") ? 1 : null;
  const query = toQuery({ size: kind === "thumbnail" ? size ?? 256 : null, v, mosaic });
  return `${BASE}/images/${encodeId(id)}/${kind}${query ? `?${query}` : ""}`;
}

/**
 * Sends a GET request and returns the JSON answer.
 * @template {GetPath} Path
 * @param {Path} path below /api/v1
 * @param {?ParamsOf<Path>} [params]
 * @param {Options} [options]
 * @returns {Promise<GetAnswer<Path>>}
 */
export function get(path, params, { signal } = {}) {
  const query = toQuery(/** @type {?Params} */ (params));
  return request(`${BASE}${path}${query ? `?${query}` : ""}`, { signal });
}

/**
 * Sends a GET request for something that is not JSON.
 * @param {string} path below /api/v1
 * @param {?Params} params
 * @param {Options} [options]
 * @returns {Promise<Response>} throws a Problem or a LostServer
 */
export async function getResponse(path, params, { signal } = {}) {
  const response = await send(`${BASE}${path}?${toQuery(params)}`, { signal });
  if (!response.ok) throw await toProblem(response);
  return response;
}

/**
 * @param {string} url
 * @param {Request} options
 * @returns {Promise<any>} the answer; `get` and `post` know its type
 */
async function request(url, options) {
  for (let attempt = 0; ; attempt++) {
    const response = await send(url, options);
    if (response.ok) return readJson(response, options.signal);
    const problem = await toProblem(response);
    if (response.status === 401) location.assign("/login");
    const retry = response.status === 503 && attempt < RETRIES && canRetry(problem, options);
    if (!retry) throw problem;
    await pause(Math.min(problem.retryAfter || 1, 10) * 1000, options.signal);
  }
}

// Whether a request may be sent again after status 503. A POST request may have changed something,
// except when the server was busy: then it refused the request before it did anything.
/**
 * @param {Problem} problem
 * @param {Request} options
 */
const canRetry = (problem, { method }) => !method || problem.type === `${URN}busy`;

/**
 * @param {string} url
 * @param {Request} options
 */
async function send(url, options) {
  try {
    const headers = { accept: "application/json", ...options.headers };
    return await fetch(url, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    throw connectionError(error, options.signal);
  }
}

/**
 * @param {Response} response
 * @param {AbortSignal} [signal]
 */
async function readJson(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    throw connectionError(error, signal);
  }
}

/**
 * The error to throw after a failed request; reports a lost server unless it was cancelled.
 * @param {unknown} error
 * @param {AbortSignal} [signal]
 */
function connectionError(error, signal) {
  if (signal?.aborted || isAbort(error)) return error;
  connection.dispatchEvent(new Event("lost"));
  return new LostServer();
}

/** @param {Response} response */
async function toProblem(response) {
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // The answer is empty or comes from a proxy: only the status is known.
  }
  return new Problem({ title: response.statusText, ...problem, status: response.status },
    retryAfter);
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    }, { once: true });
  });
}

/**
 * The details of one image.
 * @param {string} id
 * @param {Options} [options]
 * @returns {Promise<ImageDocument>}
 */
export const image = (id, options) => get(`/images/${encodeId(id)}`, null, options);

/**
 * Images that look like an image of the collection.
 * @param {string} id
 * @param {?ParamsOf<`/images/${string}/similar`>} [params]
 * @param {Options} [options]
 * @returns {Promise<SearchResultDocument>}
 */
export const similar = (id, params, options) =>
  get(`/images/${encodeId(id)}/similar`, params, options);

/**
 * Width-to-height ratios and groups of all images, for the layout of the grid.
 * @param {?ParamsOf<"/grid">} [params]
 * @param {Options} [options]
 */
export const grid = (params, options) => get("/grid", params, options);

/**
 * Up to 500 images in the order of the grid.
 * @param {?ParamsOf<"/grid/items">} [params]
 * @param {Options} [options]
 */
export const gridItems = (params, options) => get("/grid/items", params, options);

/**
 * All folders with the number of images in and below them.
 * @param {Options} [options]
 * @param {?ParamsOf<"/folders">} [params]
 */
export const folders = (options, params = null) => get("/folders", params, options);

/**
 * Counts, disk use, and recall of the index.
 * @param {Options} [options]
 */
export const status = (options) => get("/status", null, options);

/**
 * A page of the images whose files were read in part.
 * @param {?ParamsOf<"/damaged">} [params]
 * @param {Options} [options]
 */
export const damaged = (params, options) => get("/damaged", params, options);

/**
 * A page of the images that could not be read.
 * @param {?ParamsOf<"/failures">} [params]
 * @param {Options} [options]
 */
export const failures = (params, options) => get("/failures", params, options);

/**
 * A page of groups of near-duplicates.
 * @param {?ParamsOf<"/duplicates">} [params]
 * @param {Options} [options]
 */
export const duplicates = (params, options) => get("/duplicates", params, options);

/**
 * How many images were compared, and whether a comparison is running.
 * @param {Options} [options]
 */
export const comparing = (options) => get("/duplicates/state", null, options);

/**
 * The latest drops whose files are in the trash.
 * @param {Options} [options]
 */
export const drops = (options) => get("/duplicates/drops", null, options);

/**
 * Name, version and settings of the server.
 * @param {Options} [options]
 */
export const info = (options) => get("/info", null, options);

/**
 * Searches with uploaded pictures or with images of the collection.
 * @param {FormData | SearchRequestDocument} query a form with files, or what is sent as JSON
 * @param {Options} [options]
 * @returns {Promise<SearchResultDocument>}
 */
export function search(query, { signal } = {}) {
  if (!(query instanceof FormData)) return post("/search", query, { signal });
  return request(`${BASE}/search`, { method: "POST", signal, body: query });
}

/**
 * Sends a POST request with a JSON body and returns the JSON answer.
 * @template {keyof PostBodies} Path
 * @param {Path} path below /api/v1
 * @param {PostBodies[Path]} body
 * @param {{signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<PostAnswers[Path]>}
 */
export function post(path, body, { signal, headers } = {}) {
  return request(`${BASE}${path}`, {
    method: "POST",
    signal,
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/**
 * Whether the server answers.
 * @returns {Promise<boolean>}
 */
export async function healthy() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
