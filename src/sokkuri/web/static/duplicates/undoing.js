// What was done to duplicates in this tab, the last first, and how each is taken back.

import { change } from "../base/changes.js";
import * as settings from "../base/settings.js";

const MOST = 100;

/**
 * @typedef {{text: string, ids: string[], logs?: string[], different?: string[][],
 *   keep?: string[], keepAgain?: string[]}} Deed
 *   ids: whose group is looked at afterwards; logs: of files that were moved, the first first;
 *   different, keep: what was decided; keepAgain: what had been decided before
 */

/** @param {Deed} deed */
export function remember(deed) {
  settings.set("deeds", [...settings.get("deeds"), deed].slice(-MOST));
}

/** @returns {?Deed} the last one */
export const last = () => settings.get("deeds").at(-1) ?? null;

/** Forgets the last one. */
export function forget() {
  settings.set("deeds", settings.get("deeds").slice(0, -1));
}

/**
 * Takes a deed back.
 * @param {Deed} deed
 * @returns {Promise<{id: string, reason: string}[]>} what could not be
 */
export async function takeBack({ logs = [], different = [], keep = [], keepAgain = [] }) {
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
