// The stream of the server's events, which tells the state of the collection. The whole page shares one
// stream: browsers allow few connections, and pictures need them. A hidden tab closes its stream.

/** @import { StatusEventDocument } from "./api_types.js" */

/**
 * @typedef {{onMessage: (status: StatusEventDocument) => void,
 *   onError?: (error: Event) => unknown}} Watcher
 */

/** @type {Set<Watcher>} */
const watchers = new Set();
/** @type {?EventSource} */
let source = null;
/** @type {?StatusEventDocument} */
let last = null;

/**
 * Calls back with each status that the server sends: {total, waiting, failed, runs, revision}.
 * @param {(status: StatusEventDocument) => void} onMessage
 * @param {(error: Event) => unknown} [onError] called when the stream breaks; it reconnects by
 *   itself
 * @returns {() => void} ends the calls
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

/** The last status of the open stream, or null. */
export const latest = () => last;

function openStream() {
  if (source || !watchers.size || document.hidden) return;
  source = new EventSource("/api/v1/events");
  source.addEventListener("status", ({ data }) => {
    /** @type {StatusEventDocument} */
    const status = JSON.parse(data);
    last = status;
    for (const { onMessage } of [...watchers]) onMessage(status);
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
