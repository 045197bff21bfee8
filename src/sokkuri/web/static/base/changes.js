// Requests that change something. Each carries the key that only pages of this server can read.

import { Problem, get, post } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { rich } from "./messages.js";

/** @import { PostAnswers, PostBodies } from "./api_types.js" */

const HEADER = "X-Sokkuri-Change";
const REFUSED = "urn:sokkuri:problem:changes";

/** @type {?Promise<string>} */
let key = null;

/** The key of the server. It is fetched once; after a failure it is fetched again. */
function getKey() {
  key ??= get("/changes").then((answer) => answer.key ?? "").catch((error) => {
    key = null;
    throw error;
  });
  return key;
}

/**
 * Sends a change.
 * @template {keyof PostBodies} Path
 * @param {Path} path below /api/v1
 * @param {PostBodies[Path]} body sent as JSON
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<PostAnswers[Path]>} the answer; throws a Problem or a LostServer
 */
export async function change(path, body, { signal } = {}) {
  const keyBefore = key;
  try {
    return await post(path, body, { signal, headers: { [HEADER]: await getKey() } });
  } catch (error) {
    // A restarted server has a new key: fetch it and try once more.
    if (!(error instanceof Problem) || error.type !== REFUSED || !keyBefore) throw error;
    key = null;
    return post(path, body, { signal, headers: { [HEADER]: await getKey() } });
  }
}

/** A mark for several requests that are one action of the user: 8 hexadecimal digits. */
export function newBatch() {
  return [...crypto.getRandomValues(new Uint8Array(4))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A line that says that changes are not allowed, and how to allow them. */
export function howToAllow() {
  return h("p", { class: "how-to-allow soft small" }, icon("not", { size: 16 }),
    h("span", null, rich("Read-only. To allow changes, start the server with {command}",
      { command: h("code", null, "sokkuri serve --allow-changes") })));
}
