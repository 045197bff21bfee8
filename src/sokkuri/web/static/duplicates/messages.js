// Texts about files that were moved to the trash and restored.

import { list, serverText, t } from "../base/messages.js";
import { files } from "./differences.js";

/** @import { NotMovedDocument } from "../base/api_types.js" */

const NAMED = 3; // files that a message names

/**
 * Says why files were not restored.
 * @param {NotMovedDocument[]} left
 */
export function reasons(left) {
  const rest = left.length > NAMED ? t("; and {files} more",
    { files: files(left.length - NAMED) }) : "";
  return left.slice(0, NAMED).map(({ id, reason }) => `${id}: ${serverText(reason)}`).join("; ") + rest;
}

/**
 * Names files that belong to moved pictures: those that moved with them, and those that stay.
 * @param {{companions: string[], companions_moved: string[]}} result
 */
export function belonging({ companions, companions_moved: along }) {
  const others = along.length ? t(", with {files}", { files: named(along) }) : "";
  if (!companions.length) return others;
  return others + t(", but not what belongs to it: {files}|, but not what belongs to them: {files}",
    { count: companions.length, files: named(companions) });
}

/** @param {string[]} paths */
function named(paths) {
  const rest = paths.length > NAMED ? t(" and {count} more", { count: paths.length - NAMED }) : "";
  return list(paths.slice(0, NAMED)) + rest;
}
