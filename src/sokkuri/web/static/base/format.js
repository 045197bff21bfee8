// Formats numbers, sizes, dates and durations for people.

/**
 * @param {string} text
 * @returns {string} the same with a capital first letter
 */
export const capitalise = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {number} value */
export const count = (value) => value.toLocaleString("en");

/**
 * @param {number} value
 * @returns {string} for example "3.4 MB"
 */
export function bytes(value) {
  let unit = 0;
  for (; value >= 999.5 && unit < 4; unit++) value /= 1000;
  const digits = unit && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${["bytes", "kB", "MB", "GB", "TB"][unit]}`;
}

/**
 * @param {string} iso
 * @returns {string} in the time zone and format of the browser
 */
export function date(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso ?? "";
  return time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * @param {number} seconds
 * @returns {string} rounded: "12 s", "3 min", "1 h 20 min"
 */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * @param {number} share 0 to 1
 * @returns {string} for example "99.4%", rounded down: "100%" means all
 */
export function percent(share) {
  if (share >= 1) return "100%";
  return `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
}
