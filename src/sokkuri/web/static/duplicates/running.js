// Comparing as it goes: how far it is, and what was not compared yet.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";

const EVERY = 1000;

/**
 * @param {{onstate: (state: *) => void, ondone: () => void, signal: AbortSignal}} options
 *   onstate: told of each state; ondone: when a run has ended that was seen running
 * @returns {{el: HTMLElement, update: (state: *) => void, begin: () => void}} `update` takes what
 *   the API says; `begin` is told of a run that was started here, and may be over at once
 */
export function makeRunning({ onstate, ondone, signal }) {
  const bar = h("progress", { "aria-label": "Comparing", max: 1 });
  const text = h("p", { class: "number" });
  const el = h("section", { class: "running", "aria-label": "Comparing", hidden: true },
    h("h2", null, "Comparing"), bar, text);
  let timer = 0;
  let seen = false;

  const ask = async () => {
    try {
      update(await api.comparing({ signal }));
    } catch {
      // A server that is lost and comes back is asked again by the page.
    }
  };
  const update = (state) => {
    const { running } = state;
    clearTimeout(timer);
    el.hidden = !running;
    onstate(state);
    if (running) {
      seen = true;
      draw(running);
      if (!signal.aborted) timer = setTimeout(ask, EVERY);
    } else if (seen) {
      seen = false;
      ondone();
    }
  };
  const draw = ({ stage, done, total }) => {
    if (total) bar.value = done / total;
    else bar.removeAttribute("value");
    const far = total ? `${format.count(done)} of ${format.count(total)}` : "";
    text.textContent = [stage, far].filter(Boolean).join(" · ");
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  const begin = () => {
    seen = true;
  };
  return { el, update, begin };
}
