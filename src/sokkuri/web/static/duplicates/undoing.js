// The actions on duplicates in this tab, and how to undo them, the latest first.

import { change } from "../base/changes.js";
import * as settings from "../base/settings.js";

const MOST = 100;

/**
 * @typedef {{text: string, ids: string[], logs?: string[], different?: string[][],
 *   keep?: string[], keepAgain?: string[]}} Action
 *   text: shown after the undo; ids: the group with one of these images is shown after the undo;
 *   logs: the logs of the moved files, the oldest first; different, keep: the decisions to undo;
 *   keepAgain: images to prefer again
 */

/** @param {Action} action */
export function remember(action) {
  settings.set("deeds", [...settings.get("deeds"), action].slice(-MOST));
}

/** @returns {?Action} the last action */
export const last = () => settings.get("deeds").at(-1) ?? null;

/** Forgets the last action. */
export function forget() {
  settings.set("deeds", settings.get("deeds").slice(0, -1));
}

/**
 * Undoes an action.
 * @param {Action} action
 * @returns {Promise<{id: string, reason: string}[]>} files that could not be restored
 */
export async function revert({ logs = [], different = [], keep = [], keepAgain = [] }) {
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
