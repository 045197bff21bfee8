// The list "History": the drops of all pages, and the plans that `sokkuri duplicates --apply` has
// applied, with a button to undo each of them.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { list, t } from "../base/messages.js";
import { files } from "./differences.js";

/** @import { UndoableDropDocument } from "../base/api_types.js" */

/**
 * @typedef {{logs: string[], ids: string[], time: ?string, plan: boolean}} Entry the drops of a
 *   batch; the logs are in the order of the drops
 */

const NAMED = 3; // files of an entry

export class History {
  /**
   * @param {{signal: AbortSignal, onundo: ?((entry: Entry) => Promise<void>)}} options
   *   onundo: undoes an entry; null if changes are not allowed
   */
  constructor({ signal, onundo }) {
    this.signal = signal;
    this.onundo = onundo;
    this.turn = 0;
    this.summary = h("summary", null);
    this.list = h("ol", { class: "copies-history-list" });
    this.el = h("details", { class: "copies-history", hidden: true }, this.summary, this.list);
  }

  /** Fetches the drops and shows them. After a failure the list stays as it is. */
  async load() {
    const thisTurn = ++this.turn;
    let answer = null;
    try {
      answer = await api.drops({ signal: this.signal });
    } catch {
      return;
    }
    if (thisTurn === this.turn) this.show(entriesOf(answer.drops));
  }

  /** @param {Entry[]} entries */
  show(entries) {
    const focused = this.list.contains(document.activeElement);
    const total = entries.reduce((sum, { ids }) => sum + ids.length, 0);
    this.el.hidden = !entries.length;
    this.summary.textContent = t("History: {files} moved to the trash", { files: files(total) });
    this.list.replaceChildren(...entries.map((entry) => this.line(entry)));
    if (focused) (this.list.querySelector("button") ?? this.summary).focus();
  }

  /** @param {Entry} entry */
  line(entry) {
    const { ids, time, plan } = entry;
    const rest = ids.length > NAMED ? t(" and {count} more",
      { count: ids.length - NAMED }) : "";
    const when = time ? format.date(time) : t("earlier");
    const { onundo } = this;
    /** @type {?HTMLButtonElement} */
    const undo = onundo && h("button", { type: "button", class: "button quiet small",
      "aria-label": t("Undo: bring back {files} moved {when}",
        { files: files(ids.length), when }),
      onclick: async () => {
        if (undo) undo.disabled = true;
        await onundo(entry);
        if (undo) undo.disabled = false;
      } }, t("Undo"));
    return h("li", null, h("span", { class: "number" }, `${when} · ${files(ids.length)}`,
      plan && t(" · by a plan")),
      h("span", { class: "soft small" }, list(ids.slice(0, NAMED)) + rest), undo);
  }
}

/**
 * Joins the drops of a batch. The latest comes first; its logs are in the order of the drops.
 * @param {UndoableDropDocument[]} drops
 */
function entriesOf(drops) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  for (const { log, ids, batch, time, plan } of drops) {
    const entry = entries.get(batch) ?? { logs: [], ids: [], time, plan };
    entry.logs.unshift(log);
    entry.ids.unshift(...ids);
    entries.set(batch, entry);
  }
  return [...entries.values()];
}
