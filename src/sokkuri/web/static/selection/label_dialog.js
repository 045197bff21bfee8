// Asks for the label of the selected images.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { t } from "../base/messages.js";

const LONGEST = 200; // characters

/**
 * @param {string} what names the images, for example "3 images"
 * @param {AbortSignal} signal closes the dialog
 * @returns {Promise<?string>} the label, or null if the user cancelled
 */
export function askForLabel(what, signal) {
  const known = h("datalist", { id: "selection-labels" });
  const field = h("input", { type: "text", list: known.id, required: true, maxlength: LONGEST,
    autocomplete: "off", id: "selection-label" });
  /** @type {HTMLDialogElement} */
  const dialog = h("dialog", { class: "selection-dialog", "aria-labelledby": "selection-title" },
    h("form", { method: "dialog" },
      h("h2", { id: "selection-title" }, t("Label {images}", { images: what })),
      h("label", { for: field.id }, t("Label")), field, known,
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => dialog.close() }, t("Cancel")),
        h("button", { type: "submit", class: "button primary", value: "give" }, t("Label")))));
  api.get("/labels", null, { signal }).then(({ labels }) => {
    known.replaceChildren(...labels.map(({ label }) => h("option", { value: label })));
  }).catch(() => {}); // without the list, a label can still be typed
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const label = field.value.trim();
      resolve(dialog.returnValue === "give" && label ? label : null);
      dialog.remove();
    });
    signal.addEventListener("abort", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}
