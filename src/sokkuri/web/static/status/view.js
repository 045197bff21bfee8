// Status: counts, images that failed or were read in part and why, the recall of searches, and the
// progress of indexing and of a replacement of the model.

import * as api from "../base/api.js";
import { copyText } from "../base/copying.js";
import { clear, h, present, toast } from "../base/dom.js";
import { events } from "../base/events.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { serverText, t } from "../base/messages.js";
import { problemPanel } from "../base/problem.js";
import { link } from "../base/router.js";
import { indexing, makeProgress, replacing } from "./progress.js";
import { ListSelection, selectable } from "../selection/list_selection.js";
import { makeRuns } from "./runs.js";
import { makeWatched } from "./watched.js";

/**
 * @import { InfoDocument, StatusDocument, StatusEventDocument } from "../base/api_types.js"
 * @import { View } from "../base/router.js"
 */

export const title = t("Status");

/**
 * @typedef {{id: string, text: string}} Line
 * @typedef {(cursor: ?string) => Promise<{lines: Line[], next: ?string}>} ReadPage
 */

const PAGE = 50;
const CALM = 3000; // milliseconds without a change before the full status is fetched again

/** @type {View} */
export async function show(main, _params, { signal, info }) {
  const tasks = [makeProgress(t("Indexing"), indexing), makeProgress(t("Replacing"), replacing)];
  const runs = makeRuns({ signal, buttons: true });
  const watched = makeWatched();
  const numbers = h("section", { class: "numbers", "aria-label": t("Counts") });
  const about = h("section", { class: "about-index", "aria-label": t("Index") });
  const failed = h("section", { class: "failures", "aria-labelledby": "failures" });
  const damaged = h("section", { class: "failures", "aria-labelledby": "damaged", hidden: true });
  main.append(h("div", { class: "status" },
    h("h1", { tabindex: "-1" }, t("Status")), tasks.map((task) => task.el), numbers,
    watched.el, runs.el, about, failed, damaged));
  const selecting = new ListSelection({ host: main, info, signal, searchable: false });
  for (let i = 0; i < 5; i++) numbers.append(h("div", { class: "skeleton tile" }));

  /** @type {?StatusDocument} */
  let seen = null;
  let wasReplacing = false;
  const draw = async () => {
    const status = await api.status({ signal });
    numbers.replaceChildren(...tiles(status));
    about.replaceChildren(...indexFacts(status, info));
    const isNew = seen?.failed !== status.failed || seen?.damaged !== status.damaged;
    if (isNew) selecting.selection.clear();
    if (seen?.failed !== status.failed) await listFailures(failed, status.failed, signal);
    if (seen?.damaged !== status.damaged) await listDamaged(damaged, status.damaged, signal);
    seen = status;
  };
  await draw();
  const stop = follow((status) => {
    for (const task of tasks) task.update(status);
    runs.update(status);
    watched.update(status);
    numbers.replaceChildren(...tiles({ ...seen, ...status }));
    const replaced = wasReplacing && !status.replacement;
    wasReplacing = Boolean(status.replacement);
    return status.revision !== seen?.revision || status.failed !== seen.failed || replaced;
  }, draw);
  return () => {
    for (const task of tasks) task.stop();
    stop();
  };
}

/**
 * Calls `update` for each status of the stream, and `draw` when the changes pause.
 * @param {(status: StatusEventDocument) => boolean} update
 * @param {() => Promise<void>} draw
 */
function follow(update, draw) {
  let timer = 0;
  const stop = events((status) => {
    if (!update(status)) return;
    clearTimeout(timer);
    timer = setTimeout(() => draw().catch(() => {}), CALM);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** @param {Partial<StatusDocument>} status */
function tiles({ total, waiting, failed = 0, damaged = 0, missing, removed }) {
  /** @type {[string, number | undefined, string, boolean?][]} */
  const all = [
    [t("Images"), total, t("can be searched")],
    [t("Waiting"), waiting, t("to be indexed")],
    [t("Failed"), failed, t("could not be read"), failed > 0],
    [t("Damaged"), damaged, t("read in part"), damaged > 0],
    [t("Missing"), missing, t("files that no longer exist")],
    [t("Removed"), removed, t("excluded from searches")],
  ];
  return all.map(([label, value, text, bad]) => h("div", { class: `tile${bad ? " bad" : ""}` },
    h("h2", null, label), h("p", { class: "figure number" }, format.count(value ?? 0)),
    h("p", { class: "soft small" }, text)));
}

/**
 * @param {StatusDocument} status
 * @param {InfoDocument} info
 */
function indexFacts(status, info) {
  const { root, store, model, dimension, dtype, bytes, ann } = status;
  /** @type {[string, string | Node][]} */
  const lines = [
    [t("Searches"), ann ? t("Approximate") : t("Exact")],
    [t("Distance"), ann?.metric ?? info.metric],
    [t("Model"), `${model}, ${dimension} × ${dtype}`],
    [t("On disk"), format.bytes(bytes)],
    [t("Folder"), h("code", null, root)],
    [t("Store"), h("code", null, store)],
    [t("Version"), `sokkuri ${info.version}`],
  ];
  return present([
    h("h2", null, t("Index")),
    h("p", { class: "soft" }, ann ? t("Share of the true nearest neighbours that a search finds:")
      : t("Every search returns exactly the nearest images.")),
    ann && h("div", { class: "recalls" },
      Object.entries(ann.recall).map(([k, share]) => recallLine(k, share)),
      Object.entries(ann.text_recall).map(([k, share]) => recallLine(k, share, true)),
      h("p", { class: "soft small" },
        t("{number} of {total} rows are in the index.",
          { number: ann.covered, total: ann.rows }))),
    h("dl", null, lines.map(([label, value]) =>
      h("div", null, h("dt", null, label), h("dd", null, value)))),
    h("div", { class: "row" }, h("button", { type: "button", class: "button quiet",
      title: t("Versions and counts to report a bug with. It names no file."),
      onclick: () => copyReport() }, icon("copy", { size: 18 }), t("Copy a report"))),
  ]);
}

async function copyReport() {
  try {
    const { text } = await api.get("/report");
    await copyText(text, t("Report copied"));
  } catch (error) {
    toast(t("The report could not be made: {reason}", { reason: api.messageOf(error) }));
  }
}

/**
 * @param {string} k
 * @param {number} share
 * @param {boolean} [byWords]
 */
function recallLine(k, share, byWords = false) {
  const nearest = k === "1" ? t("The nearest") : t("The nearest {k}", { k });
  const label = byWords ? t("{nearest}, by words", { nearest }) : nearest;
  return h("div", { class: "recall" }, h("span", null, label),
    h("meter", { min: 0, max: 1, value: share, "aria-label": byWords
      ? t("Recall at {k}, by words", { k }) : t("Recall at {k}", { k }) }),
    h("span", { class: "number" }, format.percent(share)));
}

/**
 * @param {HTMLElement} host
 * @param {number} total
 * @param {AbortSignal} signal
 */
async function listFailures(host, total, signal) {
  clear(host);
  host.append(h("h2", { id: "failures" }, t("Failures")));
  if (!total) {
    host.append(h("p", { class: "soft" }, t("Every image could be read.")));
    return;
  }
  await listImages(host, async (cursor) => {
    const { failures, next } = await api.failures({ limit: PAGE, cursor }, { signal });
    const lines = failures.map(({ id, stage, reason }) => ({ id,
      text: t("{stage}: {reason}", { stage: serverText(stage), reason: serverText(reason) }) }));
    return { lines, next };
  });
}

/**
 * @param {HTMLElement} host
 * @param {number} total
 * @param {AbortSignal} signal
 */
async function listDamaged(host, total, signal) {
  clear(host);
  host.hidden = !total;
  if (!total) return;
  host.append(h("h2", { id: "damaged" }, t("Read in part")));
  await listImages(host, async (cursor) => {
    const { damaged, next } = await api.damaged({ limit: PAGE, cursor }, { signal });
    return { lines: damaged.map(({ id, reason }) => ({ id, text: serverText(reason) })), next };
  });
}

/**
 * Lists images with a text each, a page at a time. `read` returns the page behind a cursor.
 * @param {HTMLElement} host
 * @param {ReadPage} read
 */
async function listImages(host, read) {
  const list = h("ul", null);
  const more = h("button", { type: "button", class: "button" }, t("Show more"));
  host.append(list, more);
  /** @type {?string} */
  let cursor = null;
  const load = async () => {
    more.disabled = true;
    try {
      const page = await read(cursor);
      list.append(...page.lines.map(imageItem));
      cursor = page.next;
      more.hidden = !cursor;
    } catch (error) {
      if (!api.isAbort(error)) host.append(problemPanel(error, null, 3));
    }
    more.disabled = false;
  };
  more.addEventListener("click", load);
  await load();
}

/** @param {Line} line */
function imageItem({ id, text }) {
  const img = h("img", { alt: "", loading: "lazy",
    src: api.imageUrl(id, "thumbnail", { size: 64 }) });
  img.addEventListener("error", () => img.replaceWith(icon("missing")));
  return selectable(h("li", null, h("span", { class: "thumb" }, img),
    h("div", null, link("/image", { id }, null, id),
      h("p", { class: "soft small" }, text))), { id, name: id });
}
