// Parts of a filter that a form can show: dates, camera, label, size, format. Pure functions: the
// expression stays the only state, and a part that no form knows stays as it is.

/**
 * @typedef {"date" | "camera" | "label" | "size" | "format"} Kind
 * @typedef {Partial<Record<string, string>>} Fields of a form, by name
 */

const DAY = String.raw`\d{4}-\d{2}-\d{2}`;
const TEXT = String.raw`'([^']*)'|"([^"]*)"`;

/**
 * The patterns of single comparisons, and the field of a form that each fills.
 * @type {[Kind, string, RegExp][]}
 */
const PATTERNS = [
  ["date", "from", new RegExp(`^taken\\s*>=\\s*(${DAY})$`, "i")],
  ["date", "to", new RegExp(`^taken\\s*<=\\s*(${DAY})$`, "i")],
  ["camera", "camera", new RegExp(`^camera\\s+like\\s+(?:${TEXT})$`, "i")],
  ["label", "label", new RegExp(`^label\\s*=\\s*(?:${TEXT})$`, "i")],
  ["format", "format", new RegExp(`^format\\s*=\\s*(?:${TEXT})$`, "i")],
  ["size", "width", /^width\s*>=\s*(\d+)$/i],
  ["size", "bytes", /^size\s*>=\s*(\d+)$/i],
];

/** @param {string} text */
const quoted = (text) => (text.includes("'") ? `"${text.replaceAll('"', "")}"` : `'${text}'`);

/** @type {Record<Kind, (fields: Fields) => (string | undefined)[]>} */
const WRITTEN = {
  date: ({ from, to }) => [from && `taken >= ${from}`, to && `taken <= ${to}`],
  camera: ({ camera }) => [camera && `camera like ${quoted(`%${camera}%`)}`],
  label: ({ label }) => [label && `label = ${quoted(label)}`],
  format: ({ format }) => [format && `format = ${quoted(format)}`],
  size: ({ width, bytes }) => [width && `width >= ${width}`, bytes && `size >= ${bytes}`],
};

/**
 * The places of `and` and `or` outside quotes and parentheses: [word, begin, end].
 * @param {string} where
 */
function jointsOf(where) {
  /** @type {[word: string, begin: number, end: number][]} */
  const joints = [];
  let depth = 0;
  let quote = "";
  for (let at = 0; at < where.length; at++) {
    const character = where[at];
    if (quote) quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (depth === 0 && /\s/.test(character)) {
      const joint = /^\s+(and|or)(?=[\s(])/i.exec(where.slice(at));
      if (joint) joints.push([joint[1].toLowerCase(), at, at + joint[0].length]);
    }
  }
  return joints;
}

/** @param {string} where */
const isAlternative = (where) => jointsOf(where).some(([word]) => word === "or");

/**
 * The comparisons of an expression that are joined by `and`. An expression with `or` at its top is
 * one part.
 * @param {string} where
 * @returns {string[]}
 */
export function partsOf(where) {
  const joints = isAlternative(where) ? [] : jointsOf(where);
  const begins = [0, ...joints.map(([, , end]) => end)];
  const ends = [...joints.map(([, begin]) => begin), where.length];
  return begins.map((begin, number) => where.slice(begin, ends[number]).trim()).filter(Boolean);
}

/**
 * @param {string} where
 * @returns {{filters: Partial<Record<Kind, Fields>>, rest: string[]}} filters: the fields of each
 *   form that the expression fills; rest: the other parts
 */
export function read(where) {
  /** @type {Partial<Record<Kind, Fields>>} */
  const filters = {};
  /** @type {string[]} */
  const rest = [];
  for (const part of partsOf(where)) {
    const found = PATTERNS.find(([kind, field, pattern]) =>
      pattern.test(part) && filters[kind]?.[field] === undefined);
    if (!found) {
      rest.push(part);
      continue;
    }
    const [kind, field, pattern] = found;
    const value = pattern.exec(part)?.slice(1).find((group) => group !== undefined) ?? "";
    filters[kind] = { ...filters[kind], [field]: kind === "camera" ? trimmed(value) : value };
  }
  return { filters, rest };
}

/** @param {string} pattern */
const trimmed = (pattern) => pattern.replace(/^%/, "").replace(/%$/, "");

/**
 * The expression with other fields of one form; empty fields remove their comparisons.
 * @param {string} where
 * @param {Kind} kind
 * @param {?Fields} fields null removes them all
 * @returns {string}
 */
export function write(where, kind, fields) {
  const { filters, rest } = read(where);
  const all = { ...filters, [kind]: fields ?? {} };
  const forms = /** @type {[Kind, Fields][]} */ (Object.entries(all));
  const written = forms.flatMap(([name, values]) => WRITTEN[name](values));
  const kept = rest.map((part) => (isAlternative(part) && written.some(Boolean) ? `(${part})` : part));
  return [...kept, ...written].filter(Boolean).join(" and ");
}
