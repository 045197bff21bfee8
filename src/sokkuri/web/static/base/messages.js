// The texts of the pages in the language of the reader. The English text is the key of a catalogue,
// so that the modules can be read. A text that a catalogue lacks is shown in English.

import { JAPANESE } from "../japanese/catalogue.js";
import { PROBLEMS } from "../japanese/problems.js";
import { SERVER } from "../japanese/server.js";

/** @typedef {string | number | Node | (string | Node)[] | null | undefined} Value in a text */

/** @type {Record<string, Record<string, string>>} */
const CATALOGUES = { en: {}, ja: JAPANESE };
/** @type {Record<string, Record<string, string>>} */
const SERVER_TEXTS = { en: {}, ja: { ...SERVER, ...PROBLEMS } };
/** What these names stand for in a text of the server may be a text of the server, too. */
const NESTED = new Set(["reason", "wanted", "there"]);

/** The languages of the pages, by their own names. */
export const LANGUAGES = { en: "English", ja: "日本語" };

/** The language of the texts. theme.js has chosen it before the first paint. */
export const language = globalThis.document?.documentElement.lang === "ja" ? "ja" : "en";

const asked = globalThis.navigator?.languages ?? [];

/** The locale of numbers and dates: the browser's, unless the user has chosen another language. */
export const locale = asked.find((tag) => tag.split("-")[0] === language)
  ?? (isChosen() ? language : asked[0] ?? language);

const catalogue = CATALOGUES[language];
const known = SERVER_TEXTS[language];
const patterns = Object.entries(known).filter(([text]) => text.includes("{"))
  .map(([text, translation]) => ({ pattern: toPattern(text), translation }));
const rules = new Intl.PluralRules(language);
const englishRules = new Intl.PluralRules("en");
const numbers = new Intl.NumberFormat(locale);
const lists = new Intl.ListFormat(language, language === "en"
  ? { type: "unit", style: "short" } : { type: "conjunction" }); // "a, b"; "a、b"

function isChosen() {
  try {
    return JSON.parse(localStorage.getItem("sokkuri.language") ?? "null") === language;
  } catch {
    return false; // storage is blocked
  }
}

/**
 * A text in the language of the reader.
 * @param {string} text in English: "{count} picture|{count} pictures" has both forms of a number
 * @param {Record<string, string | number | null | undefined>} [values] for the names in braces. `count` chooses the form;
 *   numbers are written as the locale writes them.
 * @returns {string}
 */
export function t(text, values) {
  return rich(text, values).join("");
}

/**
 * The same in parts, where values may be elements.
 * @param {string} text
 * @param {Record<string, Value>} [values]
 * @returns {(string | Node)[]} children for `h`
 */
export function rich(text, values = {}) {
  const [one, other = one] = (catalogue[text] ?? text).split("|");
  const count = Number(values.count ?? 0);
  const isOne = (text in catalogue ? rules : englishRules).select(count) === "one";
  const parts = (isOne ? one : other).split(/\{(\w+)\}/);
  return parts.flatMap((part, number) => {
    if (number % 2 === 0) return part;
    const value = values[part] ?? "";
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

/**
 * A text that the server wrote, in the language of the reader if it is a known one.
 * @param {string} text
 * @returns {string}
 */
export function serverText(text) {
  if (text in known) return known[text];
  for (const { pattern, translation } of patterns) {
    const found = pattern.exec(text);
    if (!found) continue;
    return translation.replace(/\{(\w+)\}/g, (_, name) => {
      const value = found.groups?.[name] ?? "";
      return NESTED.has(name) ? serverText(value) : value;
    });
  }
  return text;
}

/**
 * The same for texts that the server has joined by commas.
 * @param {string} text
 */
export const serverList = (text) => list(text.split(", ").map(serverText));

/**
 * A pattern for a text with names in braces, which stand for anything.
 * @param {string} text
 */
function toPattern(text) {
  const parts = text.split(/\{(\w+)\}/).map((part, number) =>
    (number % 2 ? `(?<${part}>.+)` : part.replace(/[$()*+.?[\\\]^|]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`, "s");
}

/**
 * Joins texts as a list: "a, b".
 * @param {string[]} texts
 */
export const list = (texts) => lists.format(texts);

/**
 * Translates the texts and labels that a document has from its HTML.
 * @param {HTMLElement} root
 */
export function translateDocument(root) {
  if (language === "en") return;
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const node = /** @type {Text} */ (nodes.currentNode);
    const text = node.data.trim();
    if (text) node.data = node.data.replace(text, t(text));
  }
  for (const name of ["aria-label", "title"]) {
    for (const element of root.querySelectorAll(`[${name}]`)) {
      element.setAttribute(name, t(element.getAttribute(name) ?? ""));
    }
  }
  document.documentElement.dataset.translated = "";
}
