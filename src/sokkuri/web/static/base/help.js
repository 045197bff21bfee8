// The dialog with the keyboard's shortcuts: those of every page, and those of this one.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { currentView } from "./router.js";

const EVERYWHERE = [
  ["g b", "Browse"],
  ["g s", "Search"],
  ["g r", "Rings"],
  ["g d", "Duplicates"],
  ["g l", "Label"],
  ["g t", "Status"],
  ["/", "Search with a picture"],
  ["?", "This list"],
];

/** Opens the dialog; a second call while it is open does nothing. */
export function openHelp() {
  if (document.querySelector("dialog.help[open]")) return;
  const view = currentView();
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close" },
    icon("close"));
  const dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" },
    h("header", null, h("h2", { id: "help-title" }, "Keyboard"), close),
    h("div", { class: "columns" },
      view?.shortcuts && list(view.title, view.shortcuts), list("Everywhere", EVERYWHERE)));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function list(title, shortcuts) {
  const lines = shortcuts.map(([keys, meaning]) =>
    h("div", null, h("dt", null, keys.split(" ").map((key) => h("kbd", null, key))),
      h("dd", null, meaning)));
  return h("section", null, h("h3", null, title), h("dl", null, lines));
}
