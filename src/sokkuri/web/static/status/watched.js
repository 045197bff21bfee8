// Whether the server indexes changes of the folder as they come (`serve --watch`), or what it waits
// for.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { serverText, t } from "../base/messages.js";

/** @import { StatusEventDocument } from "../base/api_types.js" */

/**
 * A line, which is hidden if the server does not watch the folder.
 * @returns {{el: HTMLElement, update: (status: StatusEventDocument) => void}} `update` takes a
 *   status of the stream of events
 */
export function makeWatched() {
  const el = h("p", { class: "watched", role: "status", hidden: true });
  /** @type {?string} */
  let shown = null;
  const update = (/** @type {StatusEventDocument} */ { watch }) => {
    const text = watch ? describe(watch) : "";
    if (text === shown) return;
    shown = text;
    el.hidden = !text;
    el.classList.toggle("waiting", watch?.state === "waiting");
    el.textContent = text;
  };
  return { el, update };
}

/** @param {NonNullable<StatusEventDocument["watch"]>} watch */
function describe({ state, text, poll }) {
  if (state === "waiting") return t("{reason}.", { reason: format.capitalise(serverText(text)) });
  if (state === "starting") return t("The server begins to watch the folder.");
  if (poll === null) return t("The server indexes changes of the folder as they come.");
  return t("The server looks for changes of the folder every {seconds} s.",
    { seconds: format.count(poll) });
}
