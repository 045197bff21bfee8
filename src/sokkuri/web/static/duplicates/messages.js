// Texts about files that were moved to the trash and restored.

import { files } from "./differences.js";

const NAMED = 3; // files that a message names

/** Says why files were not restored. */
export function reasons(left) {
  const rest = left.length > NAMED ? `; and ${files(left.length - NAMED)} more` : "";
  return left.slice(0, NAMED).map(({ id, reason }) => `${id}: ${reason}`).join("; ") + rest;
}

/** Names files that belong to moved pictures: those that moved with them, and those that stay. */
export function belonging({ companions, companions_moved: along }) {
  const others = along.length ? `, with ${named(along)}` : "";
  if (!companions.length) return others;
  const them = companions.length === 1 ? "it" : "them";
  return `${others}, but not what belongs to ${them}: ${named(companions)}`;
}

function named(paths) {
  const rest = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  return `${paths.slice(0, NAMED).join(", ")}${rest}`;
}
