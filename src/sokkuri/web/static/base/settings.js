// What the user has chosen, kept by the browser: for good, or (marks) until the tab is closed.

const KEPT = { theme: "auto", mosaic: false, folders: true, size: 0 };
const SESSION = { notLike: [], deeds: [] };
const PREFIX = "sokkuri.";

const forced = new Map();
const memory = new Map();
const listeners = new Map();

/**
 * The value of a setting: "theme" (auto, light, dark), "mosaic", "notLike" (a list of ids),
 * "deeds" (what can be undone), "folders" (is the list of folders shown), "size" (step of the
 * grid's size, -2 to 2).
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

// Storage may be blocked or full: then a setting lasts as long as the page.
function read(key) {
  try {
    const kept = (key in SESSION ? sessionStorage : localStorage).getItem(PREFIX + key);
    return kept === null ? fallback(key) : JSON.parse(kept);
  } catch {
    return fallback(key);
  }
}

/**
 * @param {string} key
 * @param {*} value anything that JSON can say
 */
export function set(key, value) {
  memory.set(key, value);
  try {
    (key in SESSION ? sessionStorage : localStorage).setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // See `read`.
  }
  tell(key);
}

/**
 * Fixes a setting for as long as the page lasts, whatever the user has chosen.
 * @param {string} key
 * @param {*} value
 */
export function force(key, value) {
  forced.set(key, value);
  tell(key);
}

/**
 * @param {string} key
 * @returns {boolean} whether the setting was fixed by `force`
 */
export function isForced(key) {
  return forced.has(key);
}

/**
 * Calls back with the new value whenever a setting changes, in this tab or another.
 * @param {string} key
 * @param {(value: *) => void} callback
 * @returns {() => void} ends it
 */
export function subscribe(key, callback) {
  const all = listeners.get(key) ?? new Set();
  listeners.set(key, all.add(callback));
  return () => all.delete(callback);
}

function tell(key) {
  for (const callback of [...(listeners.get(key) ?? [])]) callback(get(key));
}

globalThis.addEventListener?.("storage", ({ key }) => {
  if (!key?.startsWith(PREFIX)) return;
  memory.delete(key.slice(PREFIX.length));
  tell(key.slice(PREFIX.length));
});
