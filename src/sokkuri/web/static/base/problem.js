// How errors and empty pages look: one panel, one sentence, one thing to do.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * A panel in place of a view, or of a part of it.
 * @param {{icon?: string, title: string, text?: *, level?: number}} about
 * @param {...*} actions links and buttons
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
 * What to show for an error.
 * @param {Error} error a Problem, a LostServer or a fault of our own
 * @param {?() => void} retry
 * @param {number} [level] of the heading
 * @returns {HTMLElement}
 */
export function problemPanel(error, retry, level = 1) {
  const again = retry &&
    h("button", { type: "button", class: "button", onclick: retry }, "Try again");
  const home = h("a", { class: "button quiet", href: "/browse" }, "Browse");
  if (error.name === "LostServer") {
    const lost = panel({ icon: "lost", level, title: "The server does not answer",
      text: "This page comes back by itself when it does." }, again);
    lost.dataset.lost = "";
    return lost;
  }
  if (error.name === "Problem") {
    const missing = error.status === 404;
    return panel({ icon: missing ? "missing" : "problem", level, title: sentence(error.title),
      text: capital(error.detail) }, missing ? null : again, home);
  }
  return panel({ icon: "problem", level, title: "Something went wrong on this page",
    text: error.message }, again, home);
}

/** "Not Found" as "Not found", but "HTTP" as it is. */
function sentence(text) {
  const lowered = text.replace(/\b([A-Z])([a-z]+)\b/g, (word, first, rest, at) =>
    at ? first.toLowerCase() + rest : word);
  return capital(lowered);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
