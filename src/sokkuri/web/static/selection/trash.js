// Moves the selected images to the trash: asks, sends them in small batches, and offers to undo it.

import { isConflict, messageOf } from "../base/api.js";
import { change, newBatch } from "../base/changes.js";
import { announce, h, toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { serverText, t } from "../base/messages.js";
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
    this.text = h("p", { role: "status" }, t("The files go to the trash of this system. A copy need not "
      + "stay: what is in the trash may be the only one. To bring the files back, press “Undo” "
      + "afterwards, or use “History” on the page Duplicates."));
    this.bar = h("progress", { max: 1, "aria-label": t("Moving to the trash"), hidden: true });
    this.confirm = h("button", { type: "button", class: "button danger",
      onclick: () => this.run() }, t("Move to the trash"));
    this.cancel = h("button", { type: "button", class: "button", autofocus: true,
      onclick: () => this.stop() }, t("Cancel"));
    this.element = h("dialog", { class: "selection-dialog", "aria-labelledby": "trash-title" },
      h("form", { method: "dialog" },
        h("h2", { id: "trash-title" }, t("Move {count} image to the trash?|Move {count} images to the trash?",
          { count })),
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
    else this.text.textContent = t("Stopping…");
  }

  async run() {
    this.running = true;
    this.confirm.disabled = true;
    this.cancel.textContent = t("Stop");
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
        this.text.textContent = t("{number} of {images}",
          { number: this.moved, images: images(ids.length) });
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
    const rest = first ? t(". One stays: {reason}|. {count} stay: {reason}",
      { count: this.left.length, reason: `${first.id} ${serverText(first.reason)}` }) : "";
    if (this.logs.length) {
      toast(t("{count} image moved to the trash|{count} images moved to the trash",
        { count: this.moved }) + rest,
        { action: t("Undo"), onaction: () => bringBack(this.logs).then(this.onundone) });
    } else if (first) toast(t("Nothing was moved") + rest);
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
    toast(left.length ? t("{count} image could not be brought back: {reason}|"
      + "{count} images could not be brought back: {reason}",
    { count: left.length, reason: serverText(left[0].reason) }) : t("The files are back"));
  } catch (error) {
    toast(format.capitalise(messageOf(error)));
  }
  announce(t("Undo has ended"));
}
