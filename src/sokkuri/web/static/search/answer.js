// The right side of the search page: the hits as rows or as rings, a wait, a hint, or a problem.

import { Problem } from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { panel, problemPanel } from "../base/problem.js";
import { toQuery } from "../base/query.js";
import { hitsGrid } from "./results.js";
import { ringPreview } from "../rings/preview.js";
import { ringsCanvas } from "../rings/canvas.js";
import { ListSelection } from "../selection/list_selection.js";

/**
 * @import { HitDocument, InfoDocument, SearchResultDocument } from "../base/api_types.js"
 * @import { Picture } from "../rings/canvas.js"
 */

const WAIT_SHOWN_AFTER = 350; // milliseconds

export class SearchAnswer {
  /**
   * @param {{onview: (view: "grid"|"rings") => void, onlike: (id: string) => void,
   *   onunlike: (id: string) => void, onretry: () => void, oncancel: () => void,
   *   info: InfoDocument, signal: AbortSignal}} options
   */
  constructor(options) {
    this.options = options;
    /** @type {?ReturnType<typeof ringsCanvas>} */
    this.canvas = null;
    /** @type {?ListSelection} */
    this.selection = null;
    this.waiting = 0;
    this.summary = h("p", { class: "answer-said soft small number" });
    this.choices = {
      grid: this.choice("grid", "browse", t("Rows")),
      rings: this.choice("rings", "rings", t("Rings")),
    };
    this.choose = h("div", { class: "choice", role: "group", "aria-label": t("Show results as"),
      hidden: true }, Object.values(this.choices));
    this.body = h("div", { class: "answer-body" });
    this.element = h("section", { class: "search-answer", "aria-label": t("Results") },
      h("div", { class: "answer-bar" }, this.summary, this.choose), this.body);
  }

  /**
   * @param {"grid" | "rings"} view
   * @param {string} name
   * @param {string} label
   */
  choice(view, name, label) {
    const choose = () => this.options.onview(view);
    return h("button", { type: "button", class: "button quiet", onclick: choose },
      icon(name, { size: 18 }), label);
  }

  /** @param {string} text says what the page waits for */
  wait(text) {
    clearTimeout(this.waiting);
    this.body.setAttribute("aria-busy", "true");
    this.waiting = setTimeout(() => {
      this.body.classList.add("stale");
      this.summary.replaceChildren(h("span", { class: "answer-wait" },
        h("progress", { "aria-label": text }), text,
        h("button", { type: "button", class: "button quiet", onclick: this.options.oncancel },
          t("Cancel"))));
    }, WAIT_SHOWN_AFTER);
  }

  /**
   * @param {SearchResultDocument} answer
   * @param {{view: string, centre: ?Picture, under: string}} options centre: the picture in the
   *   middle of the rings
   */
  show(answer, { view, centre, under }) {
    if (answer.hits.length === 0) {
      this.showHint(t("No results"), t("No picture is near enough and passes the filters."));
    } else if (view === "rings" && centre) {
      this.showRings(answer.hits, centre, under);
    } else {
      const host = hitsGrid(answer.hits, {
        under,
        onlike: ({ id }) => this.options.onlike(id),
        onunlike: ({ id }) => this.options.onunlike(id),
      });
      this.put(host);
      const { info, signal, onretry } = this.options;
      this.selection = new ListSelection({ host, info, signal, onchanged: onretry });
    }
    this.summary.textContent = summaryOf(answer);
    this.choose.hidden = answer.hits.length === 0;
    for (const [name, button] of Object.entries(this.choices)) {
      button.setAttribute("aria-pressed", String(name === view));
    }
  }

  /**
   * @param {HitDocument[]} hits
   * @param {Picture} centre
   * @param {string} under
   */
  showRings(hits, centre, under) {
    const room = h("div", { class: "answer-rings" });
    this.put(room);
    /** @param {Picture} picture */
    const isUpload = ({ id, src }) => Boolean(src) && id.startsWith("upload:");
    /** @param {Picture} picture */
    const hrefOf = (picture) =>
      (isUpload(picture) ? null : `/rings?${toQuery({ id: picture.id, under })}`);
    const preview = ringPreview({ hrefOf, isCentre: ({ id }) => id === centre.id });
    preview.element.hidden = true;
    room.append(preview.element);
    /** @type {ReturnType<typeof ringsCanvas>} */
    const canvas = ringsCanvas(room, { hrefOf, onselect: (picture) => {
      preview.element.hidden = false;
      preview.show(picture);
      // The preview must not cover the picture under the pointer.
      preview.element.classList.toggle("opposite", canvas.isLeft(picture.id));
    } });
    this.canvas = canvas;
    canvas.show(centre, hits.filter(({ id }) => id !== centre.id), { moves: false });
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof Problem) || error.status !== 503) {
      this.replaceHits(problemPanel(error, this.options.onretry, 2));
      return;
    }
    this.showHint(t("The server is busy"), t("It has too many requests. Try again in a moment."),
      h("button", { type: "button", class: "button", onclick: this.options.onretry },
        t("Try again")));
  }

  /**
   * @param {string} title
   * @param {string} text
   * @param {...HTMLElement} actions
   */
  showHint(title, text, ...actions) {
    this.replaceHits(panel({ icon: "photos", level: 2, title, text }, actions));
  }

  /** @param {HTMLElement} content */
  replaceHits(content) {
    this.summary.textContent = "";
    this.choose.hidden = true;
    this.put(content);
  }

  /** @param {...HTMLElement} content */
  put(...content) {
    clearTimeout(this.waiting);
    this.body.classList.remove("stale");
    this.body.removeAttribute("aria-busy");
    this.canvas?.destroy();
    this.canvas = null;
    this.selection?.stop();
    this.selection = null;
    this.body.replaceChildren(...content);
  }

  destroy() {
    this.put();
  }
}

/** @param {SearchResultDocument} answer */
function summaryOf({ hits, metric, exact, recall, milliseconds, not_compared: left }) {
  const count = t("{count} picture|{count} pictures", { count: hits.length });
  const rest = left ? t(" · {count} not yet compared for copies", { count: left }) : "";
  const how = format.quality(exact, recall);
  return `${count} · ${metric}, ${how} · ${format.milliseconds(milliseconds)}${rest}`;
}
