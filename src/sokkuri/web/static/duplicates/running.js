// The progress of a running comparison.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { serverText, t } from "../base/messages.js";

/** @import { DuplicateRunDocument, RunProgressDocument } from "../base/api_types.js" */

const EVERY = 1000; // milliseconds

/**
 * @param {{onstate: (state: DuplicateRunDocument) => void, ondone: () => void,
 *   signal: AbortSignal}} options
 *   onstate: called with each state; ondone: called when a run that was shown has ended
 * @returns {{el: HTMLElement, update: (state: DuplicateRunDocument) => void, begin: () => void}}
 *   `begin` is called after a run was started, which may end before the first state arrives
 */
export function makeRunning({ onstate, ondone, signal }) {
  const bar = h("progress", { "aria-label": t("Comparing"), max: 1 });
  const text = h("p", { class: "number" });
  const el = h("section", { class: "running", "aria-label": t("Comparing"), hidden: true },
    h("h2", null, t("Comparing")), bar, text);
  let timer = 0;
  let seen = false;

  const fetchState = async () => {
    try {
      update(await api.comparing({ signal }));
    } catch {
      // The page fetches the state again when a lost server is back.
    }
  };
  /** @param {DuplicateRunDocument} state */
  const update = (state) => {
    const { running } = state;
    clearTimeout(timer);
    el.hidden = !running;
    onstate(state);
    if (running) {
      seen = true;
      draw(running);
      if (!signal.aborted) timer = setTimeout(fetchState, EVERY);
    } else if (seen) {
      seen = false;
      ondone();
    }
  };
  /** @param {RunProgressDocument} progress */
  const draw = ({ stage, done, total }) => {
    if (total) bar.value = done / total;
    else bar.removeAttribute("value");
    const counts = total ? t("{number} of {total}", { number: done, total }) : "";
    text.textContent = [serverText(stage), counts].filter(Boolean).join(" · ");
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  const begin = () => {
    seen = true;
  };
  return { el, update, begin };
}
