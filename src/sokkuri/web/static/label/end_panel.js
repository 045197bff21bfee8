// What the page Label shows when there is nothing left to label.

import { h } from "../base/dom.js";
import { rich, t } from "../base/messages.js";
import { panel } from "../base/problem.js";
import { link } from "../base/router.js";

/** @import { Filters } from "./modes.js" */

/**
 * @param {{total: number, labelled: number}} standing
 * @param {Filters & {skipped: Set<string>}} suggestions
 * @param {() => void} restoreSkipped
 */
export function endPanel({ total, labelled }, { under, where, skipped }, restoreSkipped) {
  if (!total) {
    return panel({ icon: "photos", level: 2, title: t("No pictures yet"),
      text: h("span", null, rich("To add pictures, run {command}",
        { command: h("code", null, "sokkuri index FOLDER") })) });
  }
  const again = skipped.size > 0 && h("button", { type: "button", class: "button",
    onclick: restoreSkipped }, t("Show skipped images again"));
  return panel({ icon: "done", level: 2, title: t("Nothing left to suggest"),
    text: labelled === total ? t("Every image has a label.") : under || where
      ? t("Each image without a label in this part was skipped, or is nearly the same as a "
        + "labelled image.")
      : t("Each image without a label was skipped, or is nearly the same as a labelled image.") },
  again,
  link("/browse", null, { class: "button quiet" }, t("Browse")));
}
