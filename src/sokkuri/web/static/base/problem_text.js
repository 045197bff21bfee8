// What the server says is wrong, in the language of the reader.

import { language, serverText, t } from "./messages.js";

/**
 * A text of the server about a problem. One without a translation is shown as it is, behind the note that
 * the server says so.
 * @param {string} text
 * @returns {string}
 */
export function problemText(text) {
  const shown = serverText(text);
  return language === "en" || shown !== text ? shown : t("The server said: {text}", { text });
}
