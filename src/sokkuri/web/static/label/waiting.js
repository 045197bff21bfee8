// What is shown while the server looks for images to label: how far it is.

import { get } from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { serverText, t } from "../base/messages.js";

const EVERY = 500; // milliseconds

/** The panel. `show` asks the server again and again, until the panel leaves the page. */
export class Waiting {
  /** @param {{signal: AbortSignal}} options */
  constructor({ signal }) {
    this.signal = signal;
    this.timer = 0;
    this.bar = h("progress", { "aria-label": t("Looking for images"), max: 1 });
    this.text = h("p", { class: "number small" });
    this.progress = h("div", { class: "label-waiting", hidden: true }, this.bar, this.text);
    this.element = h("div", { class: "stage skeleton" }, h("div", null,
      h("p", { class: "soft" }, t("Looking for the images whose labels help most…")),
      this.progress));
  }

  /**
   * Shows the panel in `stage`, without progress at first: most answers come at once.
   * @param {HTMLElement} stage
   */
  show(stage) {
    if (this.element.isConnected) return;
    this.progress.hidden = true;
    stage.replaceChildren(this.element);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), EVERY);
  }

  async look() {
    if (!this.element.isConnected || this.signal.aborted) return;
    try {
      const { running } = await get("/suggestions/state", null, { signal: this.signal });
      if (running) this.draw(running);
    } catch {
      // The request for the suggestions fails, too, and the page says so.
    }
    this.timer = setTimeout(() => this.look(), EVERY);
  }

  /** @param {{stage: string, done: number, total: number}} running */
  draw({ stage, done, total }) {
    this.progress.hidden = false;
    if (total) this.bar.value = done / total;
    else this.bar.removeAttribute("value");
    const name = format.capitalise(serverText(stage));
    this.text.textContent = !total ? name : t("{stage} · {number} of {total}",
      { stage: name, number: format.count(done), total: format.count(total) });
  }
}
