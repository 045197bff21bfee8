// All groups of a grade at once: what would be dropped is counted, asked for, and then done in
// small parts, so that it can be stopped.

import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { files, GRADES } from "./differences.js";

const PAGE = 500;
const PART = 25;

/**
 * Asks whether all but the kept ones of every group of a grade shall go, and lets them go.
 * @param {string} grade
 * @param {{filters: *, known: (group: *) => ?{id: string, keep: string, size: number}[],
 *   signal: AbortSignal}} options known: what the user has marked in a group that is on the page
 * @returns {Promise<?{logs: string[], moved: string[], left: {id: string, reason: string}[]}>}
 *   what was done, null where nothing was
 */
export function openBulk(grade, { filters, known, signal }) {
  return new Promise((resolve) => {
    const bulk = new Bulk(grade, filters, known, signal);
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
  constructor(grade, filters, known, signal) {
    Object.assign(this, { grade, filters, known, logs: [], moved: [], left: [], drops: [] });
    this.stopped = new AbortController();
    this.signal = AbortSignal.any([signal, this.stopped.signal]);
    signal.addEventListener("abort", () => this.el.close(), { once: true });
    this.text = h("p", { role: "status" }, "Counting…");
    this.bar = h("progress", { max: 1, "aria-label": "Moving to the trash", hidden: true });
    this.go = h("button", { type: "button", class: "button primary", disabled: true,
      onclick: () => this.run() }, "Move to the trash");
    this.cancel = h("button", { type: "button", class: "button", autofocus: true,
      onclick: () => this.leave() }, "Cancel");
    this.el = h("dialog", { class: "bulk", "aria-labelledby": "bulk-title" },
      h("h2", { id: "bulk-title" }, "Drop all copies that are ",
        h("span", { class: `grade ${grade}` }, grade)),
      h("p", { class: "soft" }, `That is: ${GRADES[grade]}. In each group, what is marked to be `
        + "kept stays."),
      this.text, this.bar, h("div", { class: "row" }, this.cancel, this.go));
    this.el.addEventListener("cancel", (event) => {
      if (!this.running) return;
      event.preventDefault(); // Esc while it runs: the part under way is waited for
      this.leave();
    });
  }

  /** All drops of the grade: of what is marked on the page, and of the groups beyond it. */
  async count() {
    let cursor = null;
    let groups = 0;
    try {
      do {
        const page = await api.duplicates({ ...this.filters, cursor, limit: PAGE },
          { signal: this.signal });
        const mine = page.groups.filter(({ grade }) => grade === this.grade);
        for (const group of mine) {
          const drops = this.known(group) ?? proposed(group);
          groups += drops.length > 0;
          this.drops.push(...drops);
        }
        cursor = page.next;
      } while (cursor);
    } catch (error) {
      if (error.name !== "AbortError") this.text.textContent = error.message;
      return;
    }
    const bytes = this.drops.reduce((sum, { size }) => sum + size, 0);
    const many = `${files(this.drops.length)} of ${format.count(groups)} `
      + `${groups === 1 ? "group" : "groups"}, ${format.bytes(bytes)},`;
    this.text.textContent = this.drops.length ? `${many} go to the trash. Each is compared with `
      + "what stays once more before it is moved, and all can be undone." : "There is none to drop.";
    this.go.disabled = !this.drops.length;
  }

  leave() {
    this.stopped.abort();
    if (!this.running) this.el.close();
    else this.text.textContent = "Stopping…";
  }

  async run() {
    this.running = true;
    this.go.disabled = true;
    this.cancel.textContent = "Stop";
    this.cancel.focus();
    this.bar.hidden = false;
    const { filters, drops } = this;
    try {
      for (let at = 0; at < drops.length && !this.signal.aborted; at += PART) {
        const part = drops.slice(at, at + PART).map(({ id, keep }) => ({ id, keep }));
        // Without the signal: what was sent is done, and its answer is needed for the undoing.
        const { log, moved, left } = await change("/duplicates/drops",
          { ...filters, drops: part });
        if (moved.length) this.logs.push(log);
        this.moved.push(...moved);
        this.left.push(...left);
        this.bar.value = (at + part.length) / drops.length;
        this.text.textContent = `${format.count(this.moved.length)} of ${files(drops.length)}`;
      }
    } catch (error) {
      this.left.push({ id: "", reason: error.message });
    }
    this.running = false;
    this.el.close();
  }
}

function proposed(group) {
  return group.images.filter(({ id, kept }) => id !== group.keep && !kept)
    .map(({ id, size }) => ({ id, size, keep: group.keep }));
}
