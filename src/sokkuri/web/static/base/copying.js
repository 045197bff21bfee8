// Copies texts to the clipboard.

import { focused, toast } from "./dom.js";
import { t } from "./messages.js";

/**
 * Copies a text, and says so.
 * @param {string} text
 * @param {string} said for example "Path copied"
 */
export async function copyText(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast(copyByCommand(text) ? said : t("The browser does not allow copying"));
  }
}

// Browsers offer no clipboard API over plain HTTP from another machine.
/** @param {string} text */
function copyByCommand(text) {
  const field = document.createElement("textarea");
  field.className = "unseen";
  field.setAttribute("aria-hidden", "true");
  const before = focused();
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  before?.focus();
  return copied;
}
