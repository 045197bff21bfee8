// Recent and saved searches. They stay in this browser, as addresses of the page Search.

import { list, t } from "../base/messages.js";
import { Query, toQuery } from "../base/query.js";
import * as settings from "../base/settings.js";
import { splitWeight, toParams } from "./state.js";

/**
 * @import { Search } from "./state.js"
 * @import { Upload } from "./uploads.js"
 */

const MOST_RECENT = 10;
const MOST_SAVED = 200;

/**
 * @typedef {{collection: string, query: string, label: string}} Past
 *   query: of the address, without "?"; label: what a person searched for
 */

/**
 * @param {"recent" | "saved"} list
 * @param {string | undefined} collection the name of the collection
 * @returns {Past[]} the latest first
 */
export function past(list, collection) {
  return settings.get(list).filter((one) => one.collection === collection);
}

/**
 * Puts a search first in a list.
 * @param {"recent" | "saved"} list
 * @param {Past} search
 */
export function add(list, search) {
  const others = settings.get(list).filter((one) => !isSame(one, search));
  const most = list === "recent" ? MOST_RECENT : MOST_SAVED;
  let room = most - 1;
  settings.set(list, [search, ...others.filter(({ collection }) =>
    collection !== search.collection || room-- > 0)]);
}

/** @param {"recent" | "saved"} list @param {Past} search */
export function remove(list, search) {
  settings.set(list, settings.get(list).filter((one) => !isSame(one, search)));
}

/** Removes all recent searches of a collection. @param {string | undefined} collection */
export function clearRecent(collection) {
  settings.set("recent", settings.get("recent").filter((one) => one.collection !== collection));
}

/** @param {Past} search */
export const isSaved = (search) => settings.get("saved").some((one) => isSame(one, search));

/**
 * @param {Past} one
 * @param {Past} other
 */
const isSame = (one, other) => one.collection === other.collection && one.query === other.query;

/** The keys of uploaded pictures that saved searches need. @returns {Set<string>} */
export function savedUploads() {
  const keys = settings.get("saved").map(({ query }) => new Query(query).get("upload") ?? "");
  return new Set(keys.filter(Boolean));
}

/**
 * @param {Search} search
 * @param {Upload[]} uploads
 * @param {string} collection
 * @returns {Past}
 */
export function toPast(search, uploads, collection) {
  const params = toParams({ ...search, view: "grid" });
  return { collection, query: toQuery(params), label: labelOf(search, uploads) };
}

/**
 * @param {Search} search
 * @param {Upload[]} uploads
 */
function labelOf(search, uploads) {
  /** @param {string} id */
  const weightOf = (id) => search.weights.get(id) ?? 1;
  /** @param {string} id */
  const nameOf = (id) => id.slice(id.lastIndexOf("/") + 1);
  /** @type {(readonly [text: string, weight: number, not: boolean])[]} */
  const terms = [
    ...search.texts.map((written) => /** @type {const} */ ([...splitWeight(written), false])),
    ...search.notTexts.map((written) => /** @type {const} */ ([...splitWeight(written), true])),
    ...uploads.map(({ name, weight, not }) =>
      /** @type {const} */ ([name || t("a picture"), weight ?? 1, not])),
    ...search.ids.map((id) => /** @type {const} */ ([nameOf(id), weightOf(id), false])),
    ...search.nots.map((id) => /** @type {const} */ ([nameOf(id), weightOf(id), true])),
  ];
  terms.sort((one, other) => Number(one[2]) - Number(other[2]));
  const parts = terms.map(([text, weight, not]) =>
    [not ? t("without {term}", { term: text }) : text, weight !== 1 && `× ${weight}`]
      .filter(Boolean).join(" "));
  if (search.crop) parts.push(t("a part"));
  if (search.under) parts.push(t("in {folder}", { folder: search.under }));
  if (search.where) parts.push(search.where);
  return list(parts);
}
