// The runs of `index` that this server has started: why the last one stopped, what it did, and
// buttons to index again and to retry failures.

import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { announce, h, present, toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { list, t } from "../base/messages.js";
import { problemText } from "../base/problem_text.js";

/**
 * @import {
 *   IndexReportDocument, IndexRunDocument, StatusEventDocument
 * } from "../base/api_types.js"
 */

const ASK_AGAIN = 1000; // milliseconds

/**
 * A section that shows the runs of this server. It is hidden while there is nothing to say.
 * @param {{signal: AbortSignal, buttons?: boolean}} options buttons: offer to index again
 * @returns {{el: HTMLElement, update: (status: StatusEventDocument) => void}} `update` takes a
 *   status of the stream of events
 */
export function makeRuns({ signal, buttons = false }) {
  const runs = new Runs(signal, buttons);
  runs.load();
  return { el: runs.el, update: (status) => runs.update(status) };
}

class Runs {
  /**
   * @param {AbortSignal} signal
   * @param {boolean} buttons
   */
  constructor(signal, buttons) {
    this.signal = signal;
    this.buttons = buttons;
    this.failed = 0;
    this.running = false;
    this.wasRunning = false;
    this.timer = 0;
    /**
     * @param {string} label
     * @param {boolean} retry
     */
    const button = (label, retry) => h("button", { type: "button", class: "button",
      onclick: () => this.start(retry) }, label);
    this.again = button(t("Index again"), false);
    this.retry = button(t("Retry failures"), true);
    this.row = h("div", { class: "row" }, this.again, this.retry);
    this.failure = h("p", { class: "run-failure", role: "alert" });
    this.text = h("p", { class: "soft small" });
    this.el = h("section", { class: "runs", "aria-label": t("Runs"), hidden: true },
      this.row, this.failure, this.text);
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  /** Fetches the state of the runs, and again until the run has ended. */
  async load() {
    clearTimeout(this.timer);
    let state = null;
    try {
      state = await api.get("/index", null, { signal: this.signal });
    } catch {
      return; // the section stays as it is
    }
    this.show(state);
    if (state.running) this.timer = setTimeout(() => this.load(), ASK_AGAIN);
  }

  /** @param {IndexRunDocument} state */
  show({ allowed, running, failure, report, notes }) {
    if (this.running && !running) announce(failure ? t("Indexing stopped early") : t("Indexing has ended"));
    this.running = Boolean(running);
    this.row.hidden = !allowed || !this.buttons;
    this.again.disabled = this.running;
    this.retry.disabled = this.running;
    this.drawRetry();
    this.failure.textContent = failure ? t("Indexing stopped early: {reason}", { reason: problemText(failure) }) : "";
    this.text.textContent = [report && t("The last run: {summary}.", { summary: summary(report) }),
      ...notes.map((note) => `${format.capitalise(note)}.`)].filter(Boolean).join(" ");
    this.text.hidden = !this.buttons;
    this.el.hidden = this.row.hidden && !failure && !(this.buttons && this.text.textContent);
  }

  /** @param {StatusEventDocument} status */
  update({ runs, failed }) {
    this.failed = failed;
    this.drawRetry();
    if (this.wasRunning && !runs) this.load();
    this.wasRunning = runs > 0;
  }

  drawRetry() {
    this.retry.hidden = !this.failed;
  }

  /** @param {boolean} retry */
  async start(retry) {
    try {
      const { started } = await change("/index", { retry_failed: retry });
      if (!started) toast(t("A run is in progress already"));
      else announce(t("Indexing has started"));
    } catch (error) {
      toast(format.capitalise(api.messageOf(error)));
    }
    this.load();
  }
}

/** @param {IndexReportDocument} report */
function summary({ added, updated, moved, reused, removed, failed, total, seconds }) {
  const parts = present([
    added && t("{count} added", { count: added }),
    updated && t("{count} updated", { count: updated }),
    moved && t("{count} moved", { count: moved }),
    reused && t("{count} reused", { count: reused }),
    removed && t("{count} gone", { count: removed }),
    failed && t("{count} failed", { count: failed }),
  ]);
  return list([t("{count} image|{count} images", { count: total }), ...parts,
    format.duration(seconds)]);
}
