// Choose the weight of a term.

import { h } from "../base/dom.js";
import { t } from "../base/messages.js";

const WEIGHTS = [0.25, 0.5, 1, 2, 3, 5];

/**
 * @param {{name: string, weight: number, onchange: (weight: number) => void}} options
 *   name: of the term
 */
export function weightField({ name, weight, onchange }) {
  const choices = [...new Set([...WEIGHTS, weight])].sort((a, b) => a - b);
  /** @type {HTMLSelectElement} */
  const select = h("select", { class: "weight", title: t("Weight"),
    "aria-label": t("Weight of {name}", { name }),
    onchange: () => onchange(Number(select.value)) },
  choices.map((choice) => h("option", { value: choice }, `× ${choice}`)));
  select.value = String(weight);
  return select;
}
