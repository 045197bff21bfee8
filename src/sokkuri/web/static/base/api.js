// The server's HTTP API: addresses, requests, problems, and the stream of events.

import { encode, toQuery } from "./query.js";
import * as settings from "./settings.js";

export { toQuery } from "./query.js";

const BASE = "/api/v1";
const RETRIES = 3;
const URN = "urn:sokkuri:problem:";

/** The server said no: an RFC 9457 problem. */
export class Problem extends Error {
  /** @param {{status: number, title?: string, detail?: string, type?: string}} problem */
  constructor({ status, title, detail, type }, retryAfter = 0) {
    super(detail || title || `The server answered ${status}`);
    this.name = "Problem";
    this.status = status;
    this.title = title ?? "Something went wrong";
    this.detail = detail ?? "";
    this.type = type ?? "about:blank";
    this.retryAfter = retryAfter;
  }
}

/** The server did not answer at all. */
export class LostServer extends Error {
  constructor() {
    super("The server does not answer");
    this.name = "LostServer";
  }
}

/**
 * Tells of the connection: "lost" when a request found no server, "found" when it is back (sent
 * by whoever has tried, see connection.js).
 */
export const connection = new EventTarget();

/**
 * An id for the path of an address.
 * @param {string} id
 * @returns {string}
 */
export function encodeId(id) {
  // Segments "." and ".." would be resolved away by the browser; an id has none.
  return encode(id).replaceAll("%2F", "/");
}

/**
 * The address of a picture; `v` is the digest of its content, which makes it cacheable for good.
 * @param {string} id
 * @param {"thumbnail"|"file"} kind
 * @param {{size?: number, v?: string}} [options]
 * @returns {string}
 */
export function imageUrl(id, kind, { size, v } = {}) {
  const mosaic = settings.get("mosaic") ? 1 : null;
  const query = toQuery({ size: kind === "thumbnail" ? size ?? 256 : null, v, mosaic });
  return `${BASE}/images/${encodeId(id)}/${kind}${query ? `?${query}` : ""}`;
}

/**
 * GET as JSON.
 * @param {string} path below /api/v1
 * @param {?Object<string, *>} [params]
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<*>}
 */
export function get(path, params, { signal } = {}) {
  const query = toQuery(params);
  return request(`${BASE}${path}${query ? `?${query}` : ""}`, { signal });
}

async function request(url, options) {
  for (let attempt = 0; ; attempt++) {
    const response = await fetchOrLose(url, options);
    if (response.ok) return readJson(response, options.signal);
    const problem = await toProblem(response);
    if (response.status === 401) location.assign("/login");
    if (response.status !== 503 || attempt >= RETRIES || !isWaiting(problem, options)) throw problem;
    await pause(Math.min(problem.retryAfter || 1, 10) * 1000, options.signal);
  }
}

// What may have been done in part is not sent again: only what was turned away before it began.
const isWaiting = (problem, { method }) => !method || problem.type === `${URN}busy`;

async function fetchOrLose(url, options) {
  try {
    const headers = { accept: "application/json", ...options.headers };
    return await fetch(url, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    throw lose(error, options.signal);
  }
}

async function readJson(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    throw lose(error, signal);
  }
}

function lose(error, signal) {
  if (signal?.aborted || error.name === "AbortError") return error;
  connection.dispatchEvent(new Event("lost"));
  return new LostServer();
}

async function toProblem(response) {
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  let said = {};
  try {
    said = await response.json();
  } catch {
    // A proxy's page, or nothing: the status is all there is.
  }
  return new Problem({ title: response.statusText, ...said, status: response.status }, retryAfter);
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    }, { once: true });
  });
}

/** What is known of one image. */
export const image = (id, options) => get(`/images/${encodeId(id)}`, null, options);

/** Images that look like one of the collection. */
export const similar = (id, params, options) =>
  get(`/images/${encodeId(id)}/similar`, params, options);

/** Ratios and groups of all images, to lay them out. */
export const grid = (params, options) => get("/grid", params, options);

/** Up to 500 images of that order. */
export const gridItems = (params, options) => get("/grid/items", params, options);

/** All folders with the number of images in and below them. */
export const folders = (options) => get("/folders", null, options);

/** Counts, disk use, quality of the index. */
export const status = (options) => get("/status", null, options);

/** Images that could not be read, a page at a time. */
export const failures = (params, options) => get("/failures", params, options);

/** Groups of near-duplicates, a page at a time. */
export const duplicates = (params, options) => get("/duplicates", params, options);

/** How much was compared, and whether that goes on. */
export const comparing = (options) => get("/duplicates/state", null, options);

/** About the server. */
export const info = (options) => get("/info", null, options);

/**
 * Searches for pictures, or for images of the collection.
 * @param {FormData|Object<string, *>} query a form with files, or an object that goes as JSON
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<*>}
 */
export function search(query, { signal } = {}) {
  if (!(query instanceof FormData)) return post("/search", query, { signal });
  return request(`${BASE}/search`, { method: "POST", signal, body: query });
}

/**
 * POST as JSON.
 * @param {string} path below /api/v1
 * @param {*} body
 * @param {{signal?: AbortSignal, headers?: Object<string, string>}} [options]
 * @returns {Promise<*>}
 */
export function post(path, body, { signal, headers } = {}) {
  const sent = { ...headers, "content-type": "application/json" };
  const options = { method: "POST", signal, headers: sent, body: JSON.stringify(body) };
  return request(`${BASE}${path}`, options);
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

// One stream serves the whole page: browsers allow few connections, and pictures need them. A tab
// that nobody sees gives its own back.
const watchers = new Set();
let source = null;
let last = null;

/**
 * Calls back with each status that the server sends: {total, waiting, failed, runs, revision}.
 * @param {(status: *) => void} onMessage
 * @param {(error: Event) => void} [onError] when the stream has broken; it mends itself
 * @returns {() => void} ends it
 */
export function events(onMessage, onError) {
  const watcher = { onMessage, onError };
  watchers.add(watcher);
  if (last) queueMicrotask(() => watchers.has(watcher) && last && onMessage(last));
  openStream();
  return () => {
    watchers.delete(watcher);
    if (!watchers.size) closeStream();
  };
}

/** The last status that has come while the stream was open, or null. */
export const latest = () => last;

function openStream() {
  if (source || !watchers.size || document.hidden) return;
  source = new EventSource(`${BASE}/events`);
  source.addEventListener("status", ({ data }) => {
    last = JSON.parse(data);
    for (const { onMessage } of [...watchers]) onMessage(last);
  });
  source.addEventListener("error", (event) => {
    for (const { onError } of [...watchers]) onError?.(event);
    if (source?.readyState !== EventSource.CLOSED) return;
    closeStream();
    setTimeout(openStream, 5000);
  });
}

function closeStream() {
  source?.close();
  source = null;
  last = null;
}

globalThis.document?.addEventListener("visibilitychange", () => {
  if (document.hidden) closeStream();
  else openStream();
});
