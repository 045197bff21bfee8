// The progress of a long task: images done, speed, time left. The tasks are a running
// `sokkuri index`, and `sokkuri index --replace`, which makes the vectors of another model.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { rich, t } from "../base/messages.js";

/** @import { StatusEventDocument } from "../base/api_types.js" */

// The speed is measured over the last seconds: known images are fast, new ones are slow.
const SPEED_WINDOW = 20_000; // milliseconds

/**
 * How far a task is. `done` and `waiting` are numbers of images, `runs` of processes that work on
 * it; `note` is shown below.
 * @typedef {{title: string, done: number, waiting: number, runs: number,
 *   note?: Array<string | Node>}} Task
 */
/** @typedef {{time: number, done: number}} Sample */

/**
 * The task of a running `sokkuri index`, or null. Takes a status from the stream of events.
 * @param {StatusEventDocument} status
 * @returns {?Task}
 */
export const indexing = ({ total, failed, waiting, runs }) =>
  runs ? { title: t("Indexing"), done: total + failed, waiting, runs } : null;

/**
 * The task of a replacement of the model, or null. Takes a status from the stream of events.
 * @param {StatusEventDocument} status
 * @returns {?Task}
 */
export function replacing({ replacement }) {
  if (!replacement) return null;
  const { model, done, failed, total, runs } = replacement;
  return { title: t("Replacing the model with {model}", { model }), done: done + failed,
    waiting: total - done - failed, runs,
    note: runs ? [t("Searches use the present model until all images have new vectors.")]
      : rich("No process works on it now. To go on, run the same {command} again.",
        { command: h("code", null, "sokkuri index --replace") }) };
}

/**
 * @param {string} label
 * @param {(status: StatusEventDocument) => ?Task} read
 * @returns {{el: HTMLElement, update: (status: StatusEventDocument) => void, stop: () => void}}
 *   `update` takes a status of the stream of events
 */
export function makeProgress(label, read) {
  const heading = h("h2", null, label);
  const bar = h("progress", { "aria-label": label, max: 1 });
  const text = h("p", { class: "number" });
  const note = h("p", { class: "soft small", hidden: true });
  const el = h("section", { class: "running", "aria-label": label, hidden: true },
    heading, bar, text, note);
  /** @type {Sample[]} */
  const samples = [];
  /** @type {?Task} */
  let task = null;

  const draw = () => {
    el.hidden = !task;
    if (!task) return;
    const { title, done, waiting, runs } = task;
    heading.textContent = title;
    note.replaceChildren(...(task.note ?? []));
    note.hidden = !task.note;
    if (waiting || !runs) bar.value = done / Math.max(1, done + waiting);
    else bar.removeAttribute("value");
    text.textContent = waiting || !runs ? describe(done, waiting, speed(samples), runs)
      : t("Scanning the folder");
  };
  // The time left is updated even when no status arrives.
  const timer = setInterval(draw, 2000);
  return {
    el,
    update: (status) => {
      task = read(status);
      if (!task?.runs) samples.length = 0;
      else samples.push({ time: performance.now(), done: task.done });
      draw();
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * @param {number} done
 * @param {number} waiting
 * @param {number} rate
 * @param {number} runs
 */
function describe(done, waiting, rate, runs) {
  const parts = [t("{number} of {total}", { number: done, total: done + waiting })];
  if (rate > 0) {
    parts.push(t("{rate} images/s", { rate: format.decimal(rate, rate < 10 ? 1 : 0) }),
      t("{time} left", { time: format.duration(waiting / rate) }));
  }
  if (runs > 1) parts.push(t("{count} process|{count} processes", { count: runs }));
  return parts.join(" · ");
}

/**
 * Images per second during the last SPEED_WINDOW.
 * @param {Sample[]} samples
 * @param {number} [now]
 */
export function speed(samples, now = performance.now()) {
  while (samples.length > 2 && now - samples[0].time > SPEED_WINDOW) samples.shift();
  if (samples.length < 2) return 0;
  const seconds = (now - samples[0].time) / 1000;
  const last = samples[samples.length - 1];
  return Math.max(0, last.done - samples[0].done) / Math.max(seconds, 0.5);
}
