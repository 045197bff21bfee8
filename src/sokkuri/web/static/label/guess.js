// The button that gives the label of the nearest labelled images.

import { h } from "../base/dom.js";
import { rich } from "../base/messages.js";

/** @import { GuessDocument } from "../base/api_types.js" */

export class GuessButton {
  /** @param {{allowed: boolean, onpick: (label: string) => void}} options */
  constructor({ allowed, onpick }) {
    /** @type {?string} the suggested label */
    this.label = null;
    this.onpick = onpick;
    this.el = h("button", { type: "button", class: "button quiet label-guess", hidden: true,
      disabled: !allowed, "aria-keyshortcuts": "0", onclick: () => this.pick() });
  }

  /** @param {?GuessDocument} guess */
  show(guess) {
    this.label = guess?.label ?? null;
    this.el.hidden = !guess;
    if (!guess) return;
    this.el.replaceChildren(h("kbd", { "aria-hidden": "true" }, "0"),
      h("span", null, rich("Suggested by its neighbours: {label} ({percent}%)",
        { label: h("strong", null, guess.label), percent: Math.round(guess.share * 100) })));
  }

  pick() {
    if (this.label !== null) this.onpick(this.label);
  }
}
