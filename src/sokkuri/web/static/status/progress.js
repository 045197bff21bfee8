// A run of `sokkuri index` as it goes: how far, how fast, how long still.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";

// Speed is that of the last while: runs are quick over what they know and slow over what is new.
const WHILE = 20_000;

/**
 * @returns {{el: HTMLElement, update: (pulse: *) => void, stop: () => void}} `update` takes what
 *   the stream of events says
 */
export function makeProgress() {
  const bar = h("progress", { "aria-label": "Indexing", max: 1 });
  const text = h("p", { class: "number" });
  const el = h("section", { class: "running", "aria-label": "Indexing", hidden: true },
    h("h2", null, "Indexing"), bar, text);
  const samples = [];
  let last = null;

  const draw = () => {
    if (!last) return;
    const { total, failed, waiting, runs } = last;
    el.hidden = runs === 0;
    if (el.hidden) return;
    const done = total + failed;
    if (waiting) bar.value = done / (done + waiting);
    else bar.removeAttribute("value");
    text.textContent = waiting ? describe(done, waiting, speed(samples), runs)
      : "Looking through the folder";
  };
  // Without news the time left still goes down, or is seen to have been wrong.
  const timer = setInterval(draw, 2000);
  return {
    el,
    update: (pulse) => {
      if (!pulse.runs) samples.length = 0;
      else samples.push({ time: performance.now(), done: pulse.total + pulse.failed });
      last = pulse;
      draw();
    },
    stop: () => clearInterval(timer),
  };
}

function describe(done, waiting, rate, runs) {
  const parts = [`${format.count(done)} of ${format.count(done + waiting)}`];
  if (rate > 0) {
    parts.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} images/s`,
      `${format.duration(waiting / rate)} left`);
  }
  if (runs > 1) parts.push(`${runs} processes`);
  return parts.join(" · ");
}

/** Images a second over the last while, up to now. */
export function speed(samples, now = performance.now()) {
  while (samples.length > 2 && now - samples[0].time > WHILE) samples.shift();
  if (samples.length < 2) return 0;
  const seconds = (now - samples[0].time) / 1000;
  return Math.max(0, samples.at(-1).done - samples[0].done) / Math.max(seconds, 0.5);
}
