// What the right side of a search shows: waiting, hits as rows or as rings, nothing, a problem.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { panel, problemPanel } from "../base/problem.js";
import { toQuery } from "../base/query.js";
import { hitsGrid } from "./results.js";
import { ringPreview } from "../rings/preview.js";
import { ringsCanvas } from "../rings/canvas.js";

const FELT = 350; // milliseconds; shorter waits are not shown

export class SearchAnswer {
  /**
   * @param {{onview: (view: "grid"|"rings") => void, onlike: (id: string) => void,
   *   onunlike: (id: string) => void, onretry: () => void, oncancel: () => void}} options
   */
  constructor(options) {
    this.options = options;
    this.canvas = null;
    this.waiting = 0;
    this.said = h("p", { class: "answer-said soft small number" });
    this.choices = {
      grid: this.choice("grid", "browse", "Rows"),
      rings: this.choice("rings", "rings", "Rings"),
    };
    this.choose = h("div", { class: "choice", role: "group", "aria-label": "Show as",
      hidden: true }, Object.values(this.choices));
    this.body = h("div", { class: "answer-body" });
    this.element = h("section", { class: "search-answer", "aria-label": "What was found" },
      h("div", { class: "answer-bar" }, this.said, this.choose), this.body);
  }

  choice(view, name, label) {
    const choose = () => this.options.onview(view);
    return h("button", { type: "button", class: "button quiet", onclick: choose },
      icon(name, { size: 18 }), label);
  }

  /** @param {string} text what is waited for */
  wait(text) {
    clearTimeout(this.waiting);
    this.body.setAttribute("aria-busy", "true");
    this.waiting = setTimeout(() => {
      this.body.classList.add("stale");
      this.said.replaceChildren(h("span", { class: "answer-wait" },
        h("progress", { "aria-label": text }), text,
        h("button", { type: "button", class: "button quiet", onclick: this.options.oncancel },
          "Cancel")));
    }, FELT);
  }

  /**
   * @param {*} answer of the server
   * @param {{view: string, centre: ?*, under: string}} how centre: what is in the middle of rings
   */
  show(answer, { view, centre, under }) {
    if (answer.hits.length === 0) {
      this.hint("Nothing found", "No picture is that near, or the filters leave none over.");
    } else if (view === "rings" && centre) {
      this.showRings(answer.hits, centre, under);
    } else {
      this.put(hitsGrid(answer.hits, {
        under,
        onlike: ({ id }) => this.options.onlike(id),
        onunlike: ({ id }) => this.options.onunlike(id),
      }));
    }
    this.said.textContent = saidOf(answer);
    this.choose.hidden = answer.hits.length === 0;
    for (const [name, button] of Object.entries(this.choices)) {
      button.setAttribute("aria-pressed", String(name === view));
    }
  }

  showRings(hits, centre, under) {
    const room = h("div", { class: "answer-rings" });
    this.put(room);
    const isSent = ({ id, src }) => Boolean(src) && id.startsWith("upload:");
    const hrefOf = (picture) =>
      (isSent(picture) ? null : `/rings?${toQuery({ id: picture.id, under })}`);
    const preview = ringPreview({ hrefOf, isCentre: ({ id }) => id === centre.id });
    preview.element.hidden = true;
    room.append(preview.element);
    const canvas = ringsCanvas(room, { hrefOf, onselect: (picture) => {
      preview.element.hidden = false;
      preview.show(picture);
      // Not upon what is pointed at.
      preview.element.classList.toggle("opposite", canvas.isLeft(picture.id));
    } });
    this.canvas = canvas;
    canvas.show(centre, hits.filter(({ id }) => id !== centre.id), { move: false });
  }

  /** @param {Error} error */
  fail(error) {
    if (error.status !== 503) {
      this.putInstead(problemPanel(error, this.options.onretry, 2));
      return;
    }
    this.hint("Busy just now", "The server has more to do than it can take on. Soon it will.",
      h("button", { type: "button", class: "button", onclick: this.options.onretry },
        "Try again"));
  }

  hint(title, text, ...actions) {
    this.putInstead(panel({ icon: "photos", level: 2, title, text }, actions));
  }

  putInstead(content) {
    this.said.textContent = "";
    this.choose.hidden = true;
    this.put(content);
  }

  put(...content) {
    clearTimeout(this.waiting);
    this.body.classList.remove("stale");
    this.body.removeAttribute("aria-busy");
    this.canvas?.destroy();
    this.canvas = null;
    this.body.replaceChildren(...content);
  }

  destroy() {
    this.put();
  }
}

function saidOf({ hits, metric, exact, recall, milliseconds }) {
  const quality = exact ? "exact" : `recall ${recall.toFixed(2)}`;
  const count = hits.length === 1 ? "1 picture" : `${hits.length} pictures`;
  return `${count} · ${metric}, ${quality} · ${Math.round(milliseconds * 10) / 10} ms`;
}
