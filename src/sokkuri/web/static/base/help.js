// The dialog of keyboard shortcuts: those of the current page and those of every page.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { currentView } from "./router.js";

const EVERYWHERE = [
  ["g b", "Browse"],
  ["g s", "Search"],
  ["g r", "Rings"],
  ["g m", "Map"],
  ["g d", "Duplicates"],
  ["g l", "Label"],
  ["g t", "Status"],
  ["/", "Search: words, a picture or an id"],
  ["Ctrl V", "Search with the copied picture"],
  ["?", "Show this list"],
];

/** Opens the dialog, unless it is open. */
export function openHelp() {
  if (document.querySelector("dialog.help[open]")) return;
  const view = currentView();
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close" },
    icon("close"));
  const dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" },
    h("header", null, h("h2", { id: "help-title" }, "Keyboard shortcuts"), close),
    h("div", { class: "columns" },
      view?.shortcuts && list(view.title, view.shortcuts), list("On every page", EVERYWHERE)));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * @param {string} title
 * @param {string[][]} shortcuts
 */
function list(title, shortcuts) {
  const lines = shortcuts.map(([keys, meaning]) =>
    h("div", null, h("dt", null, keys.split(" ").map((key) => h("kbd", null, key))),
      h("dd", null, meaning)));
  return h("section", null, h("h3", null, title), h("dl", null, lines));
}
