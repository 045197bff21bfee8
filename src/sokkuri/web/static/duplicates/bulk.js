// Moves the copies in all groups of a grade to the trash: counts them, asks the user, and sends them in small
// batches, so that the user can stop.

import * as api from "../base/api.js";
import { change, newBatch } from "../base/changes.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { rich, t } from "../base/messages.js";
import { files, MEANINGS, NAMES } from "./differences.js";

/**
 * @import {
 *   DuplicateGroupDocument, DuplicatePageDocument, NotMovedDocument
 * } from "../base/api_types.js"
 * @import { Grade } from "./differences.js"
 * @import { Filters } from "./toolbar.js"
 */

const PAGE = 500; // groups
const BATCH = 25; // files

/**
 * @typedef {{id: string, keep: string, size: number}} Drop
 * @typedef {(group: DuplicateGroupDocument) => ?Drop[]} Marked the drops that the user has marked
 *   in a group, or null if the group is not on the page
 */

/**
 * Asks whether all images of every group of a grade, except the kept ones, shall go to the trash, and
 * moves them.
 * @param {Grade} grade
 * @param {{filters: Filters, marked: Marked, signal: AbortSignal}} options
 * @returns {Promise<?Bulk>} the files that were moved and not moved, or null if nothing was tried
 */
export function openBulk(grade, { filters, marked, signal }) {
  return new Promise((resolve) => {
    const bulk = new Bulk(grade, filters, marked, signal);
    bulk.el.addEventListener("close", () => {
      bulk.stopped.abort();
      bulk.el.remove();
      resolve(bulk.logs.length || bulk.left.length ? bulk : null);
    });
    document.body.append(bulk.el);
    bulk.el.showModal();
    bulk.count();
  });
}

class Bulk {
  /**
   * @param {Grade} grade
   * @param {Filters} filters
   * @param {Marked} marked
   * @param {AbortSignal} signal
   */
  constructor(grade, filters, marked, signal) {
    this.grade = grade;
    this.filters = filters;
    this.marked = marked;
    /** @type {string[]} */
    this.logs = [];
    /** @type {string[]} */
    this.moved = [];
    /** @type {NotMovedDocument[]} */
    this.left = [];
    /** @type {Drop[]} */
    this.drops = [];
    /** @type {string[]} */
    this.companions = [];
    /** @type {string[]} */
    this.companions_moved = [];
    this.running = false;
    this.stopped = new AbortController();
    this.signal = AbortSignal.any([signal, this.stopped.signal]);
    signal.addEventListener("abort", () => this.el.close(), { once: true });
    this.text = h("p", { role: "status" }, t("Counting…"));
    this.bar = h("progress", { max: 1, "aria-label": t("Moving to the trash"), hidden: true });
    this.confirm = h("button", { type: "button", class: "button danger", disabled: true,
      onclick: () => this.run() }, t("Move to the trash"));
    this.cancel = h("button", { type: "button", class: "button", autofocus: true,
      onclick: () => this.stop() }, t("Cancel"));
    this.el = h("dialog", { class: "bulk", "aria-labelledby": "bulk-title" },
      h("h2", { id: "bulk-title" }, rich("Trash all copies that are {grade}",
        { grade: h("span", { class: `grade ${grade}` }, NAMES[grade]) })),
      h("p", { class: "soft" }, t("“{grade}” means: {meaning}. In each group, the pictures marked "
        + "“Keep” stay.", { grade: NAMES[grade], meaning: MEANINGS[grade] })),
      this.text, this.bar, h("div", { class: "row" }, this.cancel, this.confirm));
    this.el.addEventListener("cancel", (event) => {
      if (!this.running) return;
      event.preventDefault(); // Esc during a run: wait for the current batch
      this.stop();
    });
  }

  /** Counts all drops of the grade: those marked on the page, and those of all other groups. */
  async count() {
    /** @type {?string} */
    let cursor = null;
    let groups = 0;
    let conflicts = 0;
    try {
      do {
        /** @type {DuplicatePageDocument} */
        const page = await api.duplicates({ ...this.filters, cursor, limit: PAGE },
          { signal: this.signal });
        for (const group of page.groups) {
          if (group.grade !== this.grade) continue;
          conflicts += Number(Boolean(group.conflict));
          const drops = this.marked(group) ?? proposedDrops(group);
          groups += Number(drops.length > 0);
          this.drops.push(...drops);
        }
        cursor = page.next;
      } while (cursor);
    } catch (error) {
      if (!api.isAbort(error)) this.text.textContent = api.messageOf(error);
      return;
    }
    const bytes = this.drops.reduce((sum, { size }) => sum + size, 0);
    const skipped = conflicts ? t(" {count} group is to be looked at: only what you have marked there "
      + "goes.| {count} groups are to be looked at: only what you have marked there goes.",
    { count: conflicts }) : "";
    this.text.textContent = (this.drops.length ? t("{files} of {count} group ({bytes}) will move to the "
      + "trash. Each file is compared once more with the picture that stays before it is moved. You "
      + "can undo this.|{files} of {count} groups ({bytes}) will move to the trash. Each file is "
      + "compared once more with the picture that stays before it is moved. You can undo this.",
    { files: files(this.drops.length), count: groups, bytes: format.bytes(bytes) })
      : t("There are no files to move.")) + skipped;
    this.confirm.disabled = !this.drops.length;
  }

  stop() {
    this.stopped.abort();
    if (!this.running) this.el.close();
    else this.text.textContent = t("Stopping…");
  }

  async run() {
    this.running = true;
    this.confirm.disabled = true;
    this.cancel.textContent = t("Stop");
    this.cancel.focus();
    this.bar.hidden = false;
    const { filters, drops } = this;
    const batch = newBatch();
    try {
      for (let start = 0; start < drops.length && !this.signal.aborted; start += BATCH) {
        const some = drops.slice(start, start + BATCH).map(({ id, keep }) => ({ id, keep }));
        // Without the signal: a sent batch is carried out, and undoing it needs the answer.
        const { log, moved, left, ...belonging } = await change("/duplicates/drops",
          { ...filters, drops: some, batch });
        if (log !== null) this.logs.push(log);
        this.moved.push(...moved);
        this.left.push(...left);
        this.companions.push(...belonging.companions);
        this.companions_moved.push(...belonging.companions_moved);
        this.bar.value = (start + some.length) / drops.length;
        this.text.textContent = t("{number} of {files}",
          { number: this.moved.length, files: files(drops.length) });
      }
    } catch (error) {
      this.left.push({ id: "", reason: api.messageOf(error) });
    }
    this.running = false;
    this.el.close();
  }
}

/**
 * @param {DuplicateGroupDocument} group
 * @returns {Drop[]}
 */
function proposedDrops(group) {
  if (group.conflict) return [];
  return group.images.filter(({ id, kept }) => id !== group.keep && !kept)
    .map(({ id, size }) => ({ id, size, keep: group.keep }));
}
