// Formats numbers, sizes, dates and durations for people, as their browser's locale writes them.

import { locale, serverText, t } from "./messages.js";

const counts = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale,
  { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

/**
 * @param {string} text
 * @returns {string} the same with a capital first letter
 */
export const capitalise = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {number} value */
export const count = (value) => counts.format(value);

/**
 * @param {number} value
 * @param {number} digits after the point
 */
export const decimal = (value, digits) => value.toLocaleString(locale,
  { minimumFractionDigits: digits, maximumFractionDigits: digits });

const UNITS = ["", "kB", "MB", "GB", "TB"];

/**
 * @param {number} value
 * @returns {string} for example "3.4 MB"
 */
export function bytes(value) {
  let unit = 0;
  for (; value >= 999.5 && unit < 4; unit++) value /= 1000;
  const digits = unit && value < 99.95 ? 1 : 0;
  const number = decimal(value, digits);
  return unit ? `${number} ${UNITS[unit]}` : t("{number} bytes", { number });
}

/**
 * @param {string} iso
 * @returns {string} in the time zone and format of the browser
 */
export function date(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso ?? "";
  return dates.format(time);
}

const MONTHS = [...Array(12).keys()].map((month) =>
  new Date(Date.UTC(2000, month)).toLocaleString("en", { month: "long", timeZone: "UTC" }));

/**
 * @param {string} text a month as the server writes it: "May 2024"
 * @returns {string} the same as the locale writes it; other texts as they are
 */
export function month(text) {
  const [name, year] = text.split(" ");
  const index = MONTHS.indexOf(name);
  if (index < 0 || !/^\d+$/.test(year)) return serverText(text);
  const time = new Date(Date.UTC(2000, index));
  time.setUTCFullYear(Number(year));
  return time.toLocaleString(locale, { year: "numeric", month: "long", timeZone: "UTC" });
}

/**
 * @param {number} seconds
 * @returns {string} rounded: "12 s", "3 min", "1 h 20 min"
 */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return t("{number} s", { number: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return t("{number} min", { number: minutes });
  return t("{hours} h {minutes} min", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/**
 * How exact a search is.
 * @param {boolean} exact
 * @param {number} recall 0 to 1
 */
export const quality = (exact, recall) =>
  (exact ? t("exact") : t("recall {recall}", { recall: decimal(recall, 2) }));

/** @param {number} value */
export const milliseconds = (value) => t("{number} ms", { number: Math.round(value * 10) / 10 });

/**
 * @param {number} share 0 to 1
 * @returns {string} for example "99.4%", rounded down: "100%" means all
 */
export function percent(share) {
  return share >= 1 ? "100%" : percents.format(Math.floor(share * 1000) / 1000);
}
