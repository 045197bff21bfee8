// The notice that labels are not saved yet, with what the user can do about it.

import { messageOf, Problem } from "../base/api.js";
import { h, present } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";

export class UnsavedNotice {
  /** @param {{onretry: () => void, ondiscard: () => void}} options */
  constructor({ onretry, ondiscard }) {
    this.onretry = onretry;
    this.ondiscard = ondiscard;
    this.el = h("div", { class: "label-notice", role: "alert", hidden: true });
  }

  /**
   * @param {unknown} problem why the server did not accept labels; null if it accepted them
   * @param {number} count how many labels are not saved
   */
  show(problem, count) {
    this.el.hidden = !problem;
    this.el.replaceChildren(...(problem ? this.parts(problem, count) : []));
  }

  /**
   * @param {unknown} problem
   * @param {number} count
   */
  parts(problem, count) {
    const refused = problem instanceof Problem && problem.status >= 400 && problem.status < 500;
    return present([
      icon("problem", { size: 18 }),
      h("span", null, t("One label is not saved yet: {reason}|{count} labels are not saved yet: "
        + "{reason}", { count, reason: messageOf(problem) })),
      h("button", { type: "button", class: "button", onclick: this.onretry }, t("Try again")),
      refused && h("button", { type: "button", class: "button quiet", onclick: this.ondiscard },
        t("Discard")),
    ]);
  }
}
