// Requests that change something: with the key that only this server's own pages can read.

import { get, post } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const HEADER = "X-Sokkuri-Change";
const REFUSED = "urn:sokkuri:problem:changes";

let key = null;

/** The server's key, asked once; a failure is not kept. */
function getKey() {
  key ??= get("/changes").then((answer) => answer.key ?? "").catch((error) => {
    key = null;
    throw error;
  });
  return key;
}

/**
 * Changes something.
 * @param {string} path below /api/v1
 * @param {*} body goes as JSON
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<*>} the answer; throws a Problem or a LostServer
 */
export async function change(path, body, { signal } = {}) {
  const shown = key;
  try {
    return await post(path, body, { signal, headers: { [HEADER]: await getKey() } });
  } catch (error) {
    // A server that was started anew has another key: it is asked once more.
    if (error.type !== REFUSED || !shown) throw error;
    key = null;
    return post(path, body, { signal, headers: { [HEADER]: await getKey() } });
  }
}

/** The line that says why nothing can be changed here, and how it could be. */
export function howToAllow() {
  return h("p", { class: "how-to-allow soft small" }, icon("not", { size: 16 }),
    h("span", null, "Only to look at: to change something, start the server with ",
      h("code", null, "sokkuri serve --allow-changes")));
}
