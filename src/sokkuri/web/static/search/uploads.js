// Pictures that were dropped, pasted or picked, kept by the browser under a key, so that a reload
// and Back find them again. The latest few only, and never anywhere but in this browser.

const NAME = "sokkuri";
const STORE = "uploads";
const MOST = 20;

/** @typedef {{name: string, blob: Blob, not: boolean}} Upload */

// Also what works where the browser refuses to store: then until the page is closed.
const memory = new Map();

/**
 * Keeps pictures together.
 * @param {Upload[]} uploads
 * @returns {Promise<string>} the key
 */
export async function keep(uploads) {
  const key = newKey();
  memory.set(key, uploads);
  if (memory.size > MOST) memory.delete(memory.keys().next().value);
  try {
    await withStore("readwrite", (store) => {
      store.put({ key, uploads });
      prune(store);
    });
  } catch (error) {
    console.warn("uploads are not kept over a reload:", error);
  }
  return key;
}

/**
 * @param {string} key
 * @returns {Promise<?Upload[]>} null when they are no longer kept
 */
export async function recall(key) {
  if (memory.has(key)) return memory.get(key);
  try {
    const found = await withStore("readonly", (store) => store.get(key));
    return found?.uploads ?? null;
  } catch {
    return null;
  }
}

/** Keys ascend with time, so that the oldest are found first. */
function newKey() {
  const random = crypto.getRandomValues(new Uint32Array(1))[0];
  return Date.now().toString(36) + random.toString(36).padStart(7, "0");
}

function prune(store) {
  const keys = store.getAllKeys();
  keys.onsuccess = () => {
    for (const key of keys.result.slice(0, -MOST)) store.delete(key);
  };
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What `use` asked for, after all of it is written. */
async function withStore(mode, use) {
  const database = await opened();
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
