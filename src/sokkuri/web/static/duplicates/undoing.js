// The actions on duplicates in this tab, and how to undo them, the latest first.

import { change } from "../base/changes.js";
import * as settings from "../base/settings.js";

const MOST = 100;

/**
 * @typedef {{key?: string, text: string, ids: string[], logs?: string[],
 *   different?: [string, string][], keep?: string[], keepAgain?: string[]}} Action
 *   key: tells it from other actions; text: shown after the undo; ids: the group with one of these images is shown after the undo;
 *   logs: the logs of the moved files, the oldest first; different, keep: the decisions to undo;
 *   keepAgain: images to prefer again
 */

/** @param {Action} action */
export function remember(action) {
  const key = `${Date.now()}-${Math.random()}`;
  settings.set("deeds", [...settings.get("deeds"), { ...action, key }].slice(-MOST));
}

/** @returns {?Action} the last action */
export const last = () => settings.get("deeds").at(-1) ?? null;

/** @param {string[]} logs @returns {?Action} the action of this tab that made one of these logs */
export const madeBy = (logs) =>
  settings.get("deeds").find((action) => action.logs?.some((log) => logs.includes(log))) ?? null;

/** @param {Action} action @returns {boolean} whether it was not undone or forgotten yet */
export const isOpen = ({ key }) => settings.get("deeds").some((other) => other.key === key);

/**
 * Forgets an action.
 * @param {Action} action
 */
export function forget({ key }) {
  settings.set("deeds", settings.get("deeds").filter((other) => other.key !== key));
}

/**
 * Undoes an action.
 * @param {Action} action
 * @returns {Promise<{id: string, reason: string}[]>} files that could not be restored
 */
export async function revert({ logs = [], different = [], keep = [], keepAgain = [] }) {
  /** @type {{id: string, reason: string}[]} */
  const left = [];
  for (const log of logs.toReversed()) {
    left.push(...(await change("/duplicates/undo", { log })).left);
  }
  if (different.length || keep.length) {
    await change("/duplicates/decisions", { different, keep, undo: true });
  }
  if (keepAgain.length) await change("/duplicates/decisions", { keep: keepAgain });
  return left;
}
