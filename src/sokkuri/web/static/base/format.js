// Numbers, sizes, dates and durations as people read them.

/** @param {number} value */
export const count = (value) => value.toLocaleString("en");

/**
 * @param {number} value
 * @returns {string} as "3.4 MB"
 */
export function bytes(value) {
  let unit = 0;
  for (; value >= 999.5 && unit < 4; unit++) value /= 1000;
  const digits = unit && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${["bytes", "kB", "MB", "GB", "TB"][unit]}`;
}

/**
 * @param {string} iso
 * @returns {string} in the reader's own time and manner
 */
export function date(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso ?? "";
  return time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * @param {number} seconds
 * @returns {string} roughly: "12 s", "3 min", "1 h 20 min"
 */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * @param {number} part of 1
 * @returns {string} "99.4%"; only all of it is 100%
 */
export function percent(part) {
  if (part >= 1) return "100%";
  return `${(Math.floor(part * 1000) / 10).toFixed(1)}%`;
}
