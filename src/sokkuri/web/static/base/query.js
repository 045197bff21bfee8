// Reads and writes query strings. Ids are file names, which need not be valid UTF-8: an invalid
// byte is a lone surrogate U+DC80..DCFF in a string, and %80..%FF in an address. URLSearchParams
// loses these bytes, so this module encodes and decodes addresses itself.

/**
 * @typedef {string | number | boolean | null | undefined} Value
 * @typedef {Record<string, Value | readonly Value[]>} Params of an address
 */

const bytes = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Percent-encodes a string for an address. Lone surrogates U+DC80..DCFF become the bytes that
 * they stand for.
 * @param {string} value
 * @returns {string}
 */
export function encode(value) {
  let out = "";
  for (const char of String(value)) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) out += `%${(code - 0xdc00).toString(16).toUpperCase()}`;
    else if (code >= 0xd800 && code <= 0xdfff) out += "%EF%BF%BD";
    else out += encodeURIComponent(char);
  }
  return out;
}

/**
 * Reverses `encode`. A "+" is a space, as in forms.
 * @param {string} value
 * @returns {string}
 */
export function decode(value) {
  const raw = [];
  const source = bytes.encode(value.replaceAll("+", " "));
  for (let i = 0; i < source.length; i++) {
    const hex = source[i] === 0x25 ? hexByte(source[i + 1], source[i + 2]) : -1;
    raw.push(hex < 0 ? source[i] : hex);
    if (hex >= 0) i += 2;
  }
  return decodeBytes(Uint8Array.from(raw));
}

/**
 * @param {number | undefined} high
 * @param {number | undefined} low
 */
function hexByte(high, low) {
  const digits = String.fromCharCode(high ?? 0, low ?? 0);
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : -1;
}

/** @param {Uint8Array} raw */
function decodeBytes(raw) {
  try {
    return text.decode(raw);
  } catch {
    return decodeEscaping(raw);
  }
}

/**
 * As surrogateescape in Python: each byte that is not valid UTF-8 becomes U+DC00 + byte.
 * @param {Uint8Array} raw
 */
function decodeEscaping(raw) {
  let out = "";
  for (let i = 0; i < raw.length;) {
    const length = raw[i] < 0x80 ? 1 : raw[i] < 0xe0 ? 2 : raw[i] < 0xf0 ? 3 : 4;
    try {
      out += text.decode(raw.subarray(i, i + length));
      i += length;
    } catch {
      out += String.fromCharCode(0xdc00 + raw[i]);
      i += 1;
    }
  }
  return out;
}

/**
 * Writes a query string without "?". Arrays repeat their key, and true becomes 1; null, undefined,
 * false and "" are left out.
 * @param {Params | Query | null} [params]
 * @returns {string}
 */
export function toQuery(params) {
  const pairs = params instanceof Query ? [...params] : Object.entries(params ?? {});
  const out = [];
  for (const [key, value] of pairs) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === null || item === undefined || item === false || item === "") continue;
      out.push(`${encode(key)}=${readable(encode(String(item === true ? 1 : item)))}`);
    }
  }
  return out.join("&");
}

/**
 * Leaves "/" and "," unencoded: both are allowed in a query string and easier to read.
 * @param {string} value
 */
function readable(value) {
  return value.replaceAll("%2F", "/").replaceAll("%2C", ",");
}

/** Like URLSearchParams, but keeps bytes that are not valid UTF-8. */
export class Query {
  /** @param {string} [search] a query string, with or without "?" */
  constructor(search = "") {
    /** @type {Array<[string, string]>} */
    this.pairs = [];
    for (const part of search.replace(/^\?/, "").split("&")) {
      if (!part) continue;
      const equals = part.indexOf("=");
      const key = equals < 0 ? part : part.slice(0, equals);
      this.pairs.push([decode(key), equals < 0 ? "" : decode(part.slice(equals + 1))]);
    }
  }

  /** @param {string} key */
  get(key) {
    return this.pairs.find(([name]) => name === key)?.[1] ?? null;
  }

  /** @param {string} key */
  getAll(key) {
    return this.pairs.filter(([name]) => name === key).map(([, value]) => value);
  }

  /** @param {string} key */
  has(key) {
    return this.pairs.some(([name]) => name === key);
  }

  /**
   * @param {string} key
   * @param {string | number} value
   */
  append(key, value) {
    this.pairs.push([key, String(value)]);
  }

  /**
   * @param {string} key
   * @param {string | number} value
   */
  set(key, value) {
    const index = this.pairs.findIndex(([name]) => name === key);
    if (index < 0) {
      this.append(key, value);
      return;
    }
    this.pairs[index] = [key, String(value)];
    this.pairs = this.pairs.filter(([name], i) => name !== key || i <= index);
  }

  /** @param {string} key */
  delete(key) {
    this.pairs = this.pairs.filter(([name]) => name !== key);
  }

  keys() {
    return this.pairs.map(([name]) => name).values();
  }

  values() {
    return this.pairs.map(([, value]) => value).values();
  }

  entries() {
    return this[Symbol.iterator]();
  }

  /** @param {(value: string, key: string, query: Query) => void} callback */
  forEach(callback) {
    for (const [key, value] of this) callback(value, key, this);
  }

  get size() {
    return this.pairs.length;
  }

  /** An object for `toQuery` and `navigate`. A key that occurs more than once has an array. */
  toObject() {
    /** @type {Record<string, string | string[]>} */
    const out = {};
    for (const key of this.keys()) {
      const all = this.getAll(key);
      out[key] = all.length > 1 ? all : all[0];
    }
    return out;
  }

  toString() {
    return toQuery(this);
  }

  /** @returns {IterableIterator<[string, string]>} */
  [Symbol.iterator]() {
    return this.pairs.values();
  }
}
