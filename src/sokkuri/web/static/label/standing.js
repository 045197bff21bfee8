// How far labelling has come: counts that follow each label at once, and the estimated accuracy.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { curvePicture } from "./curve.js";

const CALM = 700; // milliseconds without a change, before the server is asked how it stands

/** Counts of labels: the server's, and what was given since. */
export class Standing {
  /** @param {{signal: AbortSignal, isBusy: () => boolean, onchange: () => void}} options */
  constructor({ signal, isBusy, onchange }) {
    Object.assign(this, { signal, isBusy, onchange, labels: [], labelled: 0, total: 0 });
    this.timer = 0;
    this.bar = h("progress", { "aria-label": "Labelled images" });
    this.text = h("p", { class: "number" });
    this.progress = h("div", { class: "label-progress" }, this.text, this.bar);
    this.curve = h("div", { class: "label-curve" });
    this.element = h("section", { class: "label-standing", "aria-labelledby": "label-accuracy" },
      h("h2", { id: "label-accuracy" }, "Estimated accuracy"), this.curve,
      h("a", { class: "button", href: "/api/v1/labels/export", download: "labels.csv" },
        icon("open", { size: 18 }), "Export as CSV"));
  }

  /** Takes over what the server says, unless labels are still on their way to it. */
  async load() {
    clearTimeout(this.timer);
    const found = await api.get("/labels", null, { signal: this.signal });
    if (this.total && this.isBusy()) return;
    this.labels = this.merged(found.labels);
    this.labelled = found.labelled;
    this.total = found.total;
    this.draw();
    this.loadCurve();
  }

  /** In the order that is shown, so that a key keeps its label until the page is left. */
  merged(labels) {
    const counts = new Map(labels.map(({ label, count }) => [label, count]));
    const shown = this.labels.map(({ label }) => ({ label, count: counts.get(label) ?? 0 }));
    const known = new Set(shown.map(({ label }) => label));
    return [...shown, ...labels.filter(({ label }) => !known.has(label))];
  }

  async loadCurve() {
    try {
      const { curve } = await api.get("/labels/curve", null, { signal: this.signal });
      this.curve.replaceChildren(...curvePicture(curve));
    } catch (error) {
      if (error.name !== "AbortError") this.curve.replaceChildren(h("p", { class: "soft small" },
        `Not known at present: ${error.message}`));
    }
  }

  /** Asks the server when nothing has changed for a moment. */
  settle() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load().catch(() => {}), CALM);
  }

  /** So many images have one label more, or fewer. */
  count(label, change) {
    const known = this.labels.find((one) => one.label === label);
    if (known) known.count += change;
    else if (change > 0) this.labels.push({ label, count: change });
    this.labelled += change;
    this.draw();
  }

  draw() {
    const { labelled, total } = this;
    this.bar.max = Math.max(1, total);
    this.bar.value = Math.max(0, Math.min(labelled, total));
    this.text.textContent = `${format.count(labelled)} of ${format.count(total)} labelled`;
    this.onchange();
  }

  stop() {
    clearTimeout(this.timer);
  }
}
