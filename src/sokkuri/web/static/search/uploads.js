// Uploaded pictures, stored in this browser under a key, so that they survive a reload and Back.
// Only the latest few and those of saved searches are kept, and nowhere else.

import { savedUploads } from "./past.js";

const NAME = "sokkuri";
const STORE = "uploads";
const MOST = 20;

/** @typedef {{name: string, blob: Blob, not: boolean, weight?: number}} Upload */

// Used as well when the browser refuses to store pictures: they then last until the page is closed.
/** @type {Map<string, Upload[]>} */
const memory = new Map();

/**
 * Stores pictures together under a new key.
 * @param {Upload[]} uploads
 * @returns {Promise<string>} the key
 */
export async function keep(uploads) {
  const key = newKey();
  memory.set(key, uploads);
  if (memory.size > MOST) memory.delete([...memory.keys()][0]);
  try {
    await withStore("readwrite", (store) => {
      store.put({ key, uploads });
      prune(store);
    });
  } catch (error) {
    console.warn("uploaded pictures will not survive a reload:", error);
  }
  return key;
}

/**
 * @param {string} key
 * @returns {Promise<?Upload[]>} null when they are no longer stored
 */
export async function recall(key) {
  const uploads = memory.get(key);
  if (uploads) return uploads;
  try {
    const record = await withStore("readonly", (store) => store.get(key));
    return record?.uploads ?? null;
  } catch {
    return null;
  }
}

/** A key that is greater than all earlier keys, so that the oldest pictures come first. */
function newKey() {
  const random = crypto.getRandomValues(new Uint32Array(1))[0];
  return Date.now().toString(36) + random.toString(36).padStart(7, "0");
}

/** @param {IDBObjectStore} store */
function prune(store) {
  const keys = store.getAllKeys();
  keys.onsuccess = () => {
    const saved = savedUploads();
    for (const key of keys.result.slice(0, -MOST)) if (!saved.has(String(key))) store.delete(key);
  };
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Runs `use` in a transaction; returns the result of its request after the transaction ends.
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest | void} use
 * @returns {Promise<any>} what was stored
 */
async function withStore(mode, use) {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = use(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
