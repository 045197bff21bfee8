// The list "History": the drops of all pages, and the plans that `sokkuri duplicates --apply` has
// applied, with a button to undo each of them.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { files } from "./differences.js";

const NAMED = 3; // files of an entry

export class History {
  /**
   * @param {{signal: AbortSignal,
   *   onundo: ?((entry: {logs: string[], ids: string[]}) => Promise<void>)}} options
   *   onundo: undoes an entry; null if changes are not allowed
   */
  constructor({ signal, onundo }) {
    Object.assign(this, { signal, onundo, turn: 0 });
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

  show(entries) {
    const focused = this.list.contains(document.activeElement);
    const total = entries.reduce((sum, { ids }) => sum + ids.length, 0);
    this.el.hidden = !entries.length;
    this.summary.textContent = `History: ${files(total)} moved to the trash`;
    this.list.replaceChildren(...entries.map((entry) => this.line(entry)));
    if (focused) (this.list.querySelector("button") ?? this.summary).focus();
  }

  line(entry) {
    const { ids, time, plan } = entry;
    const rest = ids.length > NAMED ? ` and ${format.count(ids.length - NAMED)} more` : "";
    const when = time ? format.date(time) : "earlier";
    const undo = this.onundo && h("button", { type: "button", class: "button quiet small",
      "aria-label": `Undo: bring back ${files(ids.length)} moved ${when}`,
      onclick: async () => {
        undo.disabled = true;
        await this.onundo(entry);
        undo.disabled = false;
      } }, "Undo");
    return h("li", null, h("span", { class: "number" }, `${when} · ${files(ids.length)}`,
      plan && " · by a plan"),
      h("span", { class: "soft small" }, ids.slice(0, NAMED).join(", ") + rest), undo);
  }
}

/** Joins the drops of a batch. The latest comes first; its logs are in the order of the drops. */
function entriesOf(drops) {
  const entries = new Map();
  for (const { log, ids, batch, time, plan } of drops) {
    const entry = entries.get(batch) ?? { logs: [], ids: [], time, plan };
    entry.logs.unshift(log);
    entry.ids.unshift(...ids);
    entries.set(batch, entry);
  }
  return [...entries.values()];
}
