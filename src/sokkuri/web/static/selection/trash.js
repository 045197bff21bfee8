// Moves the selected images to the trash: asks, sends them in small batches, and offers to undo it.

import { isConflict, messageOf } from "../base/api.js";
import { change, newBatch } from "../base/changes.js";
import { announce, h, toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { idsOf, images } from "./actions.js";

/**
 * @import { NotMovedDocument } from "../base/api_types.js"
 * @import { Source } from "./actions.js"
 */

const BATCH = 25; // files, so that the user can stop

/**
 * @param {Source} source
 * @param {number} count
 * @param {{signal: AbortSignal, onundone: () => void, onended: (error: unknown) => void}} options
 *   `signal` stops it; `onundone` is called after an undo; `onended` is called if nothing was moved,
 *   because the selection no longer holds
 * @returns {Promise<boolean>} whether files were moved
 */
export function openTrash(source, count, { signal, onundone, onended }) {
  return new Promise((resolve) => {
    const trash = new Trash(source, count, signal, onundone);
    trash.element.addEventListener("close", () => {
      trash.stopped.abort();
      trash.element.remove();
      if (trash.ended) onended(trash.ended);
      else trash.tell();
      resolve(trash.logs.length > 0);
    });
    document.body.append(trash.element);
    trash.element.showModal();
  });
}

class Trash {
  /**
   * @param {Source} source
   * @param {number} count
   * @param {AbortSignal} signal
   * @param {() => void} onundone
   */
  constructor(source, count, signal, onundone) {
    this.source = source;
    this.count = count;
    this.onundone = onundone;
    /** @type {string[]} */
    this.logs = [];
    this.moved = 0;
    /** @type {NotMovedDocument[]} */
    this.left = [];
    this.running = false;
    /** @type {unknown} */
    this.ended = null; // why nothing was moved, if the selection no longer holds
    this.stopped = new AbortController();
    signal.addEventListener("abort", () => this.stop());
    this.text = h("p", { role: "status" }, "The files go to the trash of this system. A copy need not "
      + "stay: what is in the trash may be the only one. To bring the files back, press “Undo” "
      + "afterwards, or use “History” on the page Duplicates.");
    this.bar = h("progress", { max: 1, "aria-label": "Moving to the trash", hidden: true });
    this.confirm = h("button", { type: "button", class: "button danger",
      onclick: () => this.run() }, "Move to the trash");
    this.cancel = h("button", { type: "button", class: "button", autofocus: true,
      onclick: () => this.stop() }, "Cancel");
    this.element = h("dialog", { class: "selection-dialog", "aria-labelledby": "trash-title" },
      h("form", { method: "dialog" },
        h("h2", { id: "trash-title" }, `Move ${images(count)} to the trash?`),
        this.text, this.bar, h("div", { class: "row" }, this.cancel, this.confirm)));
    this.element.addEventListener("cancel", (event) => {
      if (!this.running) return;
      event.preventDefault(); // Esc during a run: wait for the current batch
      this.stop();
    });
  }

  stop() {
    this.stopped.abort();
    if (!this.running) this.element.close();
    else this.text.textContent = "Stopping…";
  }

  async run() {
    this.running = true;
    this.confirm.disabled = true;
    this.cancel.textContent = "Stop";
    this.cancel.focus();
    this.bar.hidden = false;
    const batch = newBatch();
    try {
      const ids = await idsOf(this.source);
      for (let start = 0; start < ids.length && !this.stopped.signal.aborted; start += BATCH) {
        // Without the signal: a sent batch is carried out, and undoing it needs the answer.
        const { log, moved, left } = await change("/trash",
          { ids: ids.slice(start, start + BATCH), batch });
        if (log) this.logs.push(log);
        this.moved += moved.length;
        this.left.push(...left);
        this.bar.value = Math.min(1, (start + BATCH) / ids.length);
        this.text.textContent = `${format.count(this.moved)} of ${images(ids.length)}`;
      }
    } catch (error) {
      if (isConflict(error) && !this.logs.length) this.ended = error;
      else this.left.push({ id: "", reason: messageOf(error) });
    }
    this.running = false;
    this.element.close();
  }

  /** Says what was moved and what was not, and offers to undo it. */
  tell() {
    const [first] = this.left;
    const rest = first ? `. ${this.left.length === 1 ? "One stays" : `${format.count(
      this.left.length)} stay`}: ${first.id} ${first.reason}` : "";
    if (this.logs.length) {
      toast(`${images(this.moved)} moved to the trash${rest}`,
        { action: "Undo", onaction: () => bringBack(this.logs).then(this.onundone) });
    } else if (first) toast(`Nothing was moved${rest}`);
  }
}

/** @param {string[]} logs */
async function bringBack(logs) {
  /** @type {NotMovedDocument[]} */
  const left = [];
  try {
    for (const log of logs.toReversed()) {
      left.push(...(await change("/duplicates/undo", { log })).left);
    }
    toast(left.length ? `${images(left.length)} could not be brought back: ${left[0].reason}`
      : "The files are back");
  } catch (error) {
    toast(format.capitalise(messageOf(error)));
  }
  announce("Undo has ended");
}
