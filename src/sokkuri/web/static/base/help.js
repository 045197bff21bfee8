// The dialog of keyboard shortcuts: those of the current page and those of every page.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { LANGUAGES, t } from "./messages.js";
import { currentView } from "./router.js";
import * as settings from "./settings.js";

const EVERYWHERE = [
  ["g b", t("Browse")],
  ["g s", t("Search")],
  ["g r", t("Rings")],
  ["g m", t("Map")],
  ["g d", t("Duplicates")],
  ["g l", t("Label")],
  ["g t", t("Status")],
  ["/", t("Search: words, a picture or an id")],
  ["Ctrl V", t("Search with the copied picture")],
  ["?", t("Show this list")],
];

/** Opens the dialog, unless it is open. */
export function openHelp() {
  if (document.querySelector("dialog.help[open]")) return;
  const view = currentView();
  const close = h("button", { type: "button", class: "icon-button", "aria-label": t("Close") },
    icon("close"));
  const dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" },
    h("header", null, h("h2", { id: "help-title" }, t("Keyboard shortcuts")), close),
    h("div", { class: "columns" },
      view?.shortcuts && list(view.title, view.shortcuts), list(t("On every page"), EVERYWHERE)),
    languageField());
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The choice of the language. The page loads anew in it. */
function languageField() {
  const select = h("select", { onchange: () => {
    settings.set("language", select.value);
    location.reload();
  } }, h("option", { value: "auto" }, t("Same as the browser")),
  Object.entries(LANGUAGES).map(([value, name]) => h("option", { value, lang: value }, name)));
  select.value = settings.get("language");
  return h("label", { class: "language row" }, h("span", null, t("Language")), select);
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
