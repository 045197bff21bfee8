// The progress of a running `sokkuri index`: images done, speed, time left.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";

// The speed is measured over the last seconds: known images are fast, new ones are slow.
const SPEED_WINDOW = 20_000; // milliseconds

/**
 * @returns {{el: HTMLElement, update: (status: *) => void, stop: () => void}} `update` takes a
 *   status of the stream of events
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
      : "Scanning the folder";
  };
  // The time left is updated even when no status arrives.
  const timer = setInterval(draw, 2000);
  return {
    el,
    update: (status) => {
      if (!status.runs) samples.length = 0;
      else samples.push({ time: performance.now(), done: status.total + status.failed });
      last = status;
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

/** Images per second during the last SPEED_WINDOW. */
export function speed(samples, now = performance.now()) {
  while (samples.length > 2 && now - samples[0].time > SPEED_WINDOW) samples.shift();
  if (samples.length < 2) return 0;
  const seconds = (now - samples[0].time) / 1000;
  return Math.max(0, samples.at(-1).done - samples[0].done) / Math.max(seconds, 0.5);
}
