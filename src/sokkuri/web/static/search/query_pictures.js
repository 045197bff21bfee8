// What is known of the pictures of the query: those from this browser, and those from the collection.

import * as api from "../base/api.js";
import { t } from "../base/messages.js";
import { localPicture } from "./local_picture.js";

/**
 * @import { Tile } from "./query_tiles.js"
 * @import { Search } from "./state.js"
 * @import { Upload } from "./uploads.js"
 */

/**
 * @typedef {{name?: string, width?: number | null, height?: number | null, src?: string}} Shown
 *   what is known of a picture
 * @typedef {{key: string, not: boolean, weight: number, upload?: Upload, id?: string}} Entry
 *   key: names the picture on the page
 */

const MEBI = 1024 * 1024;

/**
 * The pictures of a query: uploads, then images of the collection.
 * @param {Search} search
 * @param {Upload[]} uploads
 * @returns {Entry[]}
 */
export function entriesOf({ ids, nots, weights }, uploads) {
  /** @param {string} id */
  const weightOf = (id) => weights.get(id) ?? 1;
  return [
    ...uploads.map((upload, n) => ({ key: `upload:${n}`, upload, not: upload.not,
      weight: upload.weight ?? 1 })),
    ...ids.map((id) => ({ key: `id:${id}`, id, not: false, weight: weightOf(id) })),
    ...nots.map((id) => ({ key: `id:${id}`, id, not: true, weight: weightOf(id) })),
  ];
}

/** @param {string} key */
export const isUpload = (key) => key.startsWith("upload:");

/**
 * The number of an upload, or the id of an image, from its key.
 * @param {string} key
 * @returns {{upload: number, id: null} | {upload: null, id: string}}
 */
export function parseKey(key) {
  const value = key.slice(key.indexOf(":") + 1);
  return isUpload(key) ? { upload: Number(value), id: null } : { upload: null, id: value };
}

export class QueryPictures {
  /** @param {{signal: AbortSignal, mostBytes: number}} options mostBytes: of a request */
  constructor({ signal, mostBytes }) {
    this.signal = signal;
    this.mostBytes = mostBytes;
    /** @type {Map<Blob | string, Shown>} by the blob of an upload, or by an id */
    this.known = new Map();
    /** @type {Map<Blob, string>} what is wrong with an upload */
    this.unreadable = new Map();
  }

  stop() {
    for (const { src } of this.known.values()) {
      if (src?.startsWith("blob:")) URL.revokeObjectURL(src);
    }
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<Tile>}
   */
  async tileOf({ key, upload, id = "", not, weight }) {
    const picture = upload ? await this.localOf(upload) : await this.imageOf(id);
    return { key, not, weight, name: upload?.name || picture?.name || id || t("Pasted picture"),
      src: picture?.src ?? null, width: picture?.width ?? 0, height: picture?.height ?? 0,
      problem: upload ? this.faultOf(upload) : "" };
  }

  /** @param {Upload} upload */
  async localOf(upload) {
    if (!this.known.has(upload.blob)) {
      this.known.set(upload.blob, (await localPicture(upload.blob)) ?? {});
    }
    return this.known.get(upload.blob);
  }

  /** @param {string} id */
  async imageOf(id) {
    if (!this.known.has(id)) {
      try {
        const { name, width, height, v } = await api.image(id, { signal: this.signal });
        const src = api.imageUrl(id, "thumbnail", { size: 512, v });
        this.known.set(id, { name, width, height, src });
      } catch {
        return null; // The search reports the problem.
      }
    }
    return this.known.get(id);
  }

  /**
   * Notes what is wrong with an upload.
   * @param {Upload} upload
   * @param {string} text
   */
  refuse(upload, text) {
    this.unreadable.set(upload.blob, text);
  }

  /** @param {Upload} upload */
  isUnreadable(upload) {
    return this.unreadable.has(upload.blob);
  }

  /**
   * What is wrong with an upload, "" if nothing is known.
   * @param {Upload} upload
   */
  faultOf(upload) {
    return this.tooLarge(upload) || (this.unreadable.get(upload.blob) ?? "");
  }

  /**
   * A message if an upload exceeds the limit of the server, else "".
   * @param {Upload} upload
   */
  tooLarge({ blob }) {
    if (blob.size <= this.mostBytes) return "";
    return t("Too large: {size} MiB. The server accepts {most} MiB at most.",
      { size: Math.ceil(blob.size / MEBI), most: Math.floor(this.mostBytes / MEBI) });
  }
}
