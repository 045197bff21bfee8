// The settings of the user, in the browser: stored permanently, or (marks and undo steps) until the
// tab is closed.

/**
 * @typedef {{theme: "auto" | "light" | "dark", language: string, mosaic: boolean, folders: boolean,
 *   size: number, slide: number, recent: import("../search/past.js").Past[],
 *   saved: import("../search/past.js").Past[],
 *   notLike: string[], deeds: import("../duplicates/undoing.js").Action[]}} Settings
 */

const KEPT = { theme: "auto", language: "auto", mosaic: false, folders: true, size: 0, slide: 4,
  recent: [], saved: [] };
const SESSION = { notLike: [], deeds: [] };
const PREFIX = "sokkuri.";

/** @type {Map<string, any>} JSON values */
const forced = new Map();
/** @type {Map<string, any>} JSON values */
const memory = new Map();
/** @type {Map<string, Set<(value: any) => void>>} */
const listeners = new Map();

/**
 * The value of a setting: "theme" (auto, light, dark), "language" (auto, en, ja), "mosaic", "notLike"
 * (ids of images marked as not wanted), "deeds" (actions that can be undone), "folders" (whether the
 * list of folders is shown), "size" (step of the row height of the grid, -3 to 3), "slide" (seconds of a picture in a
 * slideshow), "recent" and "saved" (searches).
 * @template {keyof Settings} Key
 * @param {Key} key
 * @returns {Settings[Key]}
 */
export function get(key) {
  if (forced.has(key)) return forced.get(key);
  if (memory.has(key)) return memory.get(key);
  const value = read(key);
  memory.set(key, value);
  return value;
}

/**
 * @param {string} key
 * @returns {unknown}
 */
function fallback(key) {
  return { ...KEPT, ...SESSION }[key];
}

// Storage may be blocked or full. Then a setting lasts until the page is closed.
/** @param {string} key */
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
 * @template {keyof Settings} Key
 * @param {Key} key
 * @param {Settings[Key]} value
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
 * @template {keyof Settings} Key
 * @param {Key} key
 * @param {Settings[Key]} value
 */
export function force(key, value) {
  forced.set(key, value);
  notify(key);
}

/**
 * @param {keyof Settings} key
 * @returns {boolean} whether the setting was fixed by `force`
 */
export function isForced(key) {
  return forced.has(key);
}

/**
 * Calls back with the new value when a setting changes, in this tab or in another one.
 * @template {keyof Settings} Key
 * @param {Key} key
 * @param {(value: Settings[Key]) => void} callback
 * @returns {() => void} ends the calls
 */
export function subscribe(key, callback) {
  const all = listeners.get(key) ?? new Set();
  listeners.set(key, all.add(callback));
  return () => all.delete(callback);
}

/** @param {string} key */
function notify(key) {
  const name = /** @type {keyof Settings} */ (key);
  for (const callback of [...(listeners.get(key) ?? [])]) callback(get(name));
}

globalThis.addEventListener?.("storage", ({ key }) => {
  if (!key?.startsWith(PREFIX)) return;
  memory.delete(key.slice(PREFIX.length));
  notify(key.slice(PREFIX.length));
});
