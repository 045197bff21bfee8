// What can be done with selected images. A selection goes to the server as a query, not as a list: see
// POST /api/v1/selections.

import { copyText } from "../base/copying.js";
import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { t } from "../base/messages.js";

/**
 * @import {
 *   GivenLabelDocument, ImageLabelDocument, SelectionRequestDocument
 * } from "../base/api_types.js"
 */

const BASE = "/api/v1/selections";
const LABELS = 1000; // images of a request that labels
const PAGE = 1000; // images of a request for ids

/**
 * @typedef {SelectionRequestDocument} Source the selected images, as the server takes them
 */

/** @param {number} count */
export const images = (count) => t("{count} image|{count} images", { count });

/**
 * Sends a selection to the server.
 * @param {Source} source
 */
export const hold = (source) => api.post("/selections", source);

/**
 * The ids of up to `limit` selected images.
 * @param {Source} source
 * @param {number} [limit]
 */
export async function idsOf(source, limit = Infinity) {
  const { selection, count } = await hold(source);
  /** @type {string[]} */
  const ids = [];
  const wanted = Math.min(limit, count);
  for (let offset = 0; offset < wanted; offset += PAGE) { // a part may lack images that are gone
    const part = await api.get(`/selections/${selection}/images`,
      { offset: String(offset), limit: Math.min(PAGE, wanted - offset) });
    ids.push(...part.images.map(({ id }) => id));
  }
  return ids;
}

/**
 * Copies the paths of the selected images, a line each.
 * @param {Source} source
 */
export async function copyPaths(source) {
  const { selection, count } = await hold(source);
  const list = await api.getResponse(`/selections/${selection}/list`, { format: "txt" });
  const paths = await list.text();
  await copyText(paths, t("The path is copied|{count} paths are copied", { count }));
}

/**
 * Downloads the selected images as a list, or their original files.
 * @param {Source} source
 * @param {"csv"|"json"|"zip"} kind
 */
export async function download(source, kind) {
  const { selection } = await hold(source);
  const anchor = document.createElement("a");
  anchor.href = `${BASE}/${selection}/${kind === "zip" ? "zip" : `list?format=${kind}`}`;
  anchor.download = `images.${kind}`;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

/**
 * Gives the selected images a label, and offers to undo it.
 * @param {Source} source
 * @param {string} label
 * @param {() => void} [onlabelled] called after it, and after the undo
 */
export async function giveLabel(source, label, onlabelled = () => {}) {
  const ids = await idsOf(source);
  const before = await sendLabels(ids.map((id) => ({ id, label })));
  toast(t("{count} image labelled “{label}”|{count} images labelled “{label}”",
    { count: ids.length, label }), { action: t("Undo"), onaction: async () => {
    try {
      await sendLabels(before);
      toast(t("The labels are as before"));
      onlabelled();
    } catch (error) {
      toast(format.capitalise(api.messageOf(error)));
    }
  } });
  onlabelled();
}

/** @param {GivenLabelDocument[]} labels */
async function sendLabels(labels) {
  /** @type {ImageLabelDocument[]} */
  const before = [];
  for (let start = 0; start < labels.length; start += LABELS) {
    const answer = await change("/labels", { labels: labels.slice(start, start + LABELS) });
    before.push(...answer.before);
  }
  return before;
}
