// The progress of labelling: counts that follow each label at once, and the estimated accuracy.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { curvePicture } from "./curve.js";

/** @import { LabelCountDocument } from "../base/api_types.js" */

const CALM = 700; // milliseconds without a change before the counts are fetched again

/** The counts of labels on the server, plus the labels given since then. */
export class Standing {
  /**
   * @param {{signal: AbortSignal, isBusy: () => boolean, onchange: () => void,
   *   onmanage: () => void}} options `onmanage` is called when the user asks for all labels
   */
  constructor({ signal, isBusy, onchange, onmanage }) {
    this.signal = signal;
    this.isBusy = isBusy;
    this.onchange = onchange;
    /** @type {LabelCountDocument[]} */
    this.labels = [];
    this.labelled = 0;
    this.total = 0;
    this.timer = 0;
    this.bar = h("progress", { "aria-label": t("Labelled images") });
    this.text = h("p", { class: "number" });
    this.progress = h("div", { class: "label-progress" }, this.text, this.bar);
    this.curve = h("div", { class: "label-curve" });
    this.element = h("section", { class: "label-standing", "aria-labelledby": "label-accuracy" },
      h("h2", { id: "label-accuracy" }, t("Estimated accuracy")), this.curve,
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: onmanage },
          icon("label", { size: 18 }), t("Rename or delete labels")),
        h("a", { class: "button", href: "/api/v1/labels/export", download: "labels.csv" },
          icon("open", { size: 18 }), t("Export as CSV"))));
  }

  /** Fetches the counts of the server; ignores them while labels are still being sent. */
  async load() {
    clearTimeout(this.timer);
    const { labels, labelled, total } = await api.get("/labels", null, { signal: this.signal });
    if (this.total && this.isBusy()) return;
    this.labels = this.merged(labels);
    this.labelled = labelled;
    this.total = total;
    this.draw();
    this.loadCurve();
  }

  /**
   * Merges counts in the shown order, so that a key keeps its label while the page is open.
   * @param {LabelCountDocument[]} labels
   */
  merged(labels) {
    const counts = new Map(labels.map(({ label, count }) => [label, count]));
    const shown = this.labels.map(({ label }) => ({ label, count: counts.get(label) ?? 0 }));
    const shownLabels = new Set(shown.map(({ label }) => label));
    return [...shown, ...labels.filter(({ label }) => !shownLabels.has(label))];
  }

  async loadCurve() {
    try {
      const { curve } = await api.get("/labels/curve", null, { signal: this.signal });
      this.curve.replaceChildren(...curvePicture(curve));
    } catch (error) {
      if (!api.isAbort(error)) this.curve.replaceChildren(h("p", { class: "soft small" },
        t("Could not be loaded: {reason}", { reason: api.messageOf(error) })));
    }
  }

  /**
   * Loads the counts after a label was renamed or deleted, or came back.
   * @param {string} label
   */
  replaced(label) {
    this.labels = this.labels.filter((entry) => entry.label !== label);
    this.load().catch(() => {});
  }

  /** Fetches the counts when nothing has changed for a moment. */
  loadSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load().catch(() => {}), CALM);
  }

  /**
   * Adds to the count of a label; `change` is negative when labels were removed.
   * @param {string} label
   * @param {number} change
   */
  count(label, change) {
    const entry = this.labels.find((other) => other.label === label);
    if (entry) entry.count += change;
    else if (change > 0) this.labels.push({ label, count: change });
    this.labelled += change;
    this.draw();
  }

  draw() {
    const { labelled, total } = this;
    this.bar.max = Math.max(1, total);
    this.bar.value = Math.max(0, Math.min(labelled, total));
    this.text.textContent = t("{number} of {total} labelled", { number: labelled, total });
    this.onchange();
  }

  stop() {
    clearTimeout(this.timer);
  }
}
