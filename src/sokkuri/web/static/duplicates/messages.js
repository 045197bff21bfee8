// Texts about files that were moved to the trash and restored.

import { files } from "./differences.js";

/** @import { NotMovedDocument } from "../base/api_types.js" */

const NAMED = 3; // files that a message names

/**
 * Says why files were not restored.
 * @param {NotMovedDocument[]} left
 */
export function reasons(left) {
  const rest = left.length > NAMED ? `; and ${files(left.length - NAMED)} more` : "";
  return left.slice(0, NAMED).map(({ id, reason }) => `${id}: ${reason}`).join("; ") + rest;
}

/**
 * Names files that belong to moved pictures: those that moved with them, and those that stay.
 * @param {{companions: string[], companions_moved: string[]}} result
 */
export function belonging({ companions, companions_moved: along }) {
  const others = along.length ? `, with ${named(along)}` : "";
  if (!companions.length) return others;
  const them = companions.length === 1 ? "it" : "them";
  return `${others}, but not what belongs to ${them}: ${named(companions)}`;
}

/** @param {string[]} paths */
function named(paths) {
  const rest = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  return `${paths.slice(0, NAMED).join(", ")}${rest}`;
}
