// Panels for errors and empty pages: a title, a sentence, and what to do next.

import { LostServer, Problem, messageOf } from "./api.js";
import { h } from "./dom.js";
import { capitalise } from "./format.js";
import { icon } from "./icons.js";
import { serverText, t } from "./messages.js";
import { problemText } from "./problem_text.js";

/** @import { Child } from "./dom.js" */

/**
 * A panel that replaces a view or a part of it.
 * @param {{icon?: string, title: string, text?: Child, level?: number}} about
 * @param {...Child} actions links and buttons
 * @returns {HTMLElement}
 */
export function panel({ icon: name, title, text, level = 1 }, ...actions) {
  return h("div", { class: "panel" },
    name && icon(name, { size: 40 }),
    h(`h${level}`, null, title),
    text && h("p", null, text),
    actions.flat().some(Boolean) && h("div", { class: "row" }, actions));
}

/**
 * The panel for an error.
 * @param {unknown} error a Problem, a LostServer or a programming error of the page
 * @param {?(() => void)} retry
 * @param {number} [level] of the heading
 * @returns {HTMLElement}
 */
export function problemPanel(error, retry, level = 1) {
  const again = retry &&
    h("button", { type: "button", class: "button", onclick: retry }, t("Try again"));
  const home = h("a", { class: "button quiet", href: "/browse" }, t("Browse"));
  if (error instanceof LostServer) {
    const lost = panel({ icon: "lost", level, title: t("The server does not answer"),
      text: t("This page continues by itself when the server is back.") }, again);
    lost.dataset.lost = "";
    return lost;
  }
  if (error instanceof Problem) {
    const missing = error.status === 404;
    return panel({ icon: missing ? "missing" : "problem", level, 
      title: serverText(sentenceCase(error.title)),
      text: capitalise(problemText(error.detail)) }, missing ? null : again, home);
  }
  return panel({ icon: "problem", level, title: t("Something went wrong on this page"),
    text: messageOf(error) }, again, home);
}

/**
 * In sentence case: "Not Found" becomes "Not found"; "HTTP" stays.
 * @param {string} text
 */
function sentenceCase(text) {
  const lowered = text.replace(/\b([A-Z])([a-z]+)\b/g, (word, first, rest, offset) =>
    offset ? first.toLowerCase() + rest : word);
  return capitalise(lowered);
}
