// What the page Browse does when the collection has changed: it loads the grid again, or, if the user is
// busy with the old one, offers to.

import { announce, h } from "../base/dom.js";
import { t } from "../base/messages.js";

/** @import { StatusEventDocument } from "../base/api_types.js" */

const FRESH = 4000; // milliseconds between two looks at the new images of a run

/**
 * @typedef {{revision: ?string, hasImages: boolean, isSelecting: boolean, hasFocus: boolean}} Shown
 *   revision: of the collection when the grid was loaded; hasFocus: whether an image has it
 */

export class Freshness {
  /**
   * @param {{host: HTMLElement, signal: AbortSignal, shown: () => Shown, onrefresh: () => void}} options
   *   host: the pictures lie in it, and the button that offers to load the grid again lies above them;
   *   shown: describes the grid; onrefresh: loads the grid again
   */
  constructor({ host, signal, shown, onrefresh }) {
    this.host = host;
    this.signal = signal;
    this.shown = shown;
    this.onrefresh = onrefresh;
    this.ranAt = -Infinity; // when images were last indexed, in milliseconds
    this.changedAt = -Infinity; // when this page last moved images to the trash or back
    /** @type {?number} */
    this.timer = null;
    /** @type {?HTMLElement} */
    this.offer = null;
  }

  /** This page has moved images to the trash or back. */
  changed() {
    this.changedAt = performance.now();
  }

  /** @param {StatusEventDocument} status */
  follow({ revision, total, runs }) {
    const now = performance.now();
    if (runs) this.ranAt = now;
    const shown = this.shown();
    if (!shown.revision || revision === shown.revision) return;
    if (now - this.changedAt < FRESH && !shown.isSelecting) {
      this.onrefresh(); // the first answer may have come before the server noticed the change
      return;
    }
    if (now - this.ranAt < FRESH && !shown.isSelecting) {
      this.timer ??= setTimeout(() => this.refreshDuringRun(), shown.hasImages ? FRESH : 0);
      return;
    }
    if (shown.hasImages) this.offerReload();
    else if (total) this.onrefresh();
  }

  /** Shows the new images of a run, unless the user is busy with the old ones. */
  refreshDuringRun() {
    this.timer = null;
    const { isSelecting, hasFocus } = this.shown();
    if (isSelecting || hasFocus) this.offerReload();
    else this.onrefresh();
  }

  offerReload() {
    if (this.offer || this.signal.aborted) return;
    const button = h("button", { type: "button", class: "button", onclick: this.onrefresh },
      t("The collection has changed. Reload"));
    this.offer = h("div", { class: "stale" }, button);
    this.host.prepend(this.offer);
    announce(t("The collection has changed"));
  }

  /** Removes the offer to load the grid again, because that is done. */
  withdrawOffer() {
    this.offer?.remove();
    this.offer = null;
  }

  stop() {
    clearTimeout(this.timer ?? undefined);
  }
}
