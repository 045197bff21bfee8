// The settings of the user, in the browser: stored permanently, or (marks and undo steps) until the
// tab is closed.

const KEPT = { theme: "auto", mosaic: false, folders: true, size: 0, recent: [], saved: [] };
const SESSION = { notLike: [], deeds: [] };
const PREFIX = "sokkuri.";

const forced = new Map();
const memory = new Map();
const listeners = new Map();

/**
 * The value of a setting: "theme" (auto, light, dark), "mosaic", "notLike" (ids of images marked as
 * not wanted), "deeds" (actions that can be undone), "folders" (whether the list of folders is
 * shown), "size" (step of the row height of the grid, -3 to 3), "recent" and "saved" (searches).
 * @param {string} key
 * @returns {*}
 */
export function get(key) {
  if (forced.has(key)) return forced.get(key);
  if (memory.has(key)) return memory.get(key);
  const value = read(key);
  memory.set(key, value);
  return value;
}

function fallback(key) {
  return key in SESSION ? SESSION[key] : KEPT[key];
}

// Storage may be blocked or full. Then a setting lasts until the page is closed.
function read(key) {
  try {
    const kept = (key in SESSION ? sessionStorage : localStorage).getItem(PREFIX + key);
    const value = kept === null ? null : JSON.parse(kept);
    const isOfKind = value !== null && Array.isArray(value) === Array.isArray(fallback(key));
    return isOfKind ? value : fallback(key);
  } catch {
    return fallback(key);
  }
}

/**
 * @param {string} key
 * @param {*} value any JSON value
 */
export function set(key, value) {
  memory.set(key, value);
  try {
    (key in SESSION ? sessionStorage : localStorage).setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // See `read`.
  }
  notify(key);
}

/**
 * Fixes a setting until the page is closed, regardless of the user's choice.
 * @param {string} key
 * @param {*} value
 */
export function force(key, value) {
  forced.set(key, value);
  notify(key);
}

/**
 * @param {string} key
 * @returns {boolean} whether the setting was fixed by `force`
 */
export function isForced(key) {
  return forced.has(key);
}

/**
 * Calls back with the new value when a setting changes, in this tab or in another one.
 * @param {string} key
 * @param {(value: *) => void} callback
 * @returns {() => void} ends the calls
 */
export function subscribe(key, callback) {
  const all = listeners.get(key) ?? new Set();
  listeners.set(key, all.add(callback));
  return () => all.delete(callback);
}

function notify(key) {
  for (const callback of [...(listeners.get(key) ?? [])]) callback(get(key));
}

globalThis.addEventListener?.("storage", ({ key }) => {
  if (!key?.startsWith(PREFIX)) return;
  memory.delete(key.slice(PREFIX.length));
  notify(key.slice(PREFIX.length));
});
