// The first run: what the folder holds, which network to use, what a run needs, and the button that
// starts it. The server has this page only until the folder has a collection.

import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { announce, h, present } from "../base/dom.js";
import * as format from "../base/format.js";
import { rich, t } from "../base/messages.js";
import { panel, problemPanel } from "../base/problem.js";
import { setTitle } from "../base/router.js";

/**
 * @import {
 *   EstimateDocument, InfoDocument, NetworkDocument, SetupDocument
 * } from "../base/api_types.js"
 * @import { View } from "../base/router.js"
 */

export const title = t("First run");

/** @type {View} */
export async function show(main, _params, { signal, info }) {
  const place = h("div", { class: "setup" }, h("h1", { tabindex: "-1" }, info.name),
    h("p", { class: "soft", role: "status" }, t("Looking at the folder…")));
  main.append(place);
  setTitle(title);
  const look = async () => {
    try {
      const found = await api.get("/setup", null, { signal });
      place.replaceChildren(...parts(found, info, signal, look));
    } catch (error) {
      if (!api.isAbort(error)) place.replaceChildren(problemPanel(error, look));
    }
  };
  await look();
}

/**
 * @param {SetupDocument} found
 * @param {InfoDocument} info
 * @param {AbortSignal} signal
 * @param {() => void} look
 */
function parts(found, info, signal, look) {
  const heading = [h("h1", { tabindex: "-1" }, info.name),
    h("p", { class: "soft setup-folder" }, h("code", null, found.folder))];
  if (found.problem) {
    return present([...heading,
      panel({ icon: "problem", level: 2, title: t("This folder cannot be indexed"),
        text: found.problem }, h("button", { type: "button", class: "button", onclick: look },
      t("Look again"))), leftOut(found)]);
  }
  return present([...heading, contents(found), leftOut(found), outer(found),
    new Start(found, signal).form]);
}

/** @param {SetupDocument} found */
function contents({ images, bytes, formats }) {
  return h("section", { "aria-labelledby": "setup-found" },
    h("h2", { id: "setup-found" }, t("{count} image|{count} images",
      { count: images }),
      h("span", { class: "soft small number" }, ` ${format.bytes(bytes)}`)),
    h("ul", { class: "setup-formats", "aria-label": t("Formats") },
      Object.entries(formats).map(([ending, count]) => h("li", null, ending || t("no ending"),
        h("span", { class: "number soft" }, ` ${format.count(count)}`)))));
}

/** @param {SetupDocument} found */
function leftOut({ not_read: notRead, unlisted }) {
  const lines = [notRead && format.capitalise(notRead), unlisted
    && t("{count} folder could not be read|{count} folders could not be read",
      { count: unlisted })].filter(Boolean);
  return lines.length > 0 && h("p", { class: "soft small" }, `${lines.join(". ")}.`);
}

/** @param {SetupDocument} found */
function outer({ inside }) {
  return inside && h("p", { class: "soft small" }, rich("This folder is inside a folder that has a "
    + "collection already. To look around in that one, run {command}.",
  { command: h("code", null, `sokkuri serve ${inside}`) }));
}

/** The form: the networks, the estimate, the button. */
class Start {
  /**
   * @param {SetupDocument} found
   * @param {AbortSignal} signal
   */
  constructor(found, signal) {
    this.found = found;
    this.signal = signal;
    this.turn = 0;
    this.estimate = h("p", { class: "setup-estimate number", role: "status" });
    this.button = h("button", { type: "submit", class: "button primary" }, t("Index"));
    this.fault = h("p", { class: "setup-fault", role: "alert" });
    this.form = h("form", { class: "setup-form" },
      h("fieldset", null, h("legend", null, t("Network")),
        found.networks.map((network, number) => this.choice(network, number === 0)),
        h("p", { class: "soft small" }, rich("To search by words, or for other networks, see "
          + "{command}. A collection can get another network later.",
        { command: h("code", null, "sokkuri models") }))),
      this.estimate,
      h("p", { class: "soft small" }, rich("The collection is kept in {folder}. Images are only "
        + "read, never changed.", { folder: h("code", null, found.store) })),
      this.fault, h("div", { class: "row" }, this.button));
    this.form.addEventListener("change", () => this.ask());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.begin();
    });
    this.ask();
  }

  /**
   * @param {NetworkDocument} network
   * @param {boolean} checked
   */
  choice({ name, source, words, dimension }, checked) {
    return h("label", { class: "setup-network" },
      h("input", { type: "radio", name: "network", value: name, checked }),
      h("span", null, h("strong", null, name),
        h("span", { class: "soft small" }, " ", words
          ? t("{number} numbers an image, searches by words too. {source}",
            { number: dimension, source })
          : t("{number} numbers an image. {source}", { number: dimension, source }))));
  }

  get network() {
    return String(new FormData(this.form).get("network"));
  }

  /** Asks what a run with the chosen network needs. The button works meanwhile. */
  async ask() {
    const thisTurn = ++this.turn;
    this.estimate.textContent = t("Estimating time and space with a few images…");
    let text = "";
    try {
      const needs = await api.get("/setup/estimate", { network: this.network },
        { signal: this.signal });
      text = this.describe(needs);
    } catch (error) {
      if (api.isAbort(error)) return;
      text = t("There is no estimate: {reason}", { reason: api.messageOf(error) });
    }
    if (thisTurn === this.turn) this.estimate.textContent = text;
  }

  /** @param {EstimateDocument} needs */
  describe({ seconds, disk_bytes: disk, memory_bytes: memory }) {
    const { free_bytes: free } = this.found;
    const values = { time: format.duration(seconds), disk: format.bytes(disk),
      free: format.bytes(free), memory: format.bytes(memory) };
    return disk > free
      ? t("About {time}, {disk} on disk, but only {free} are free, up to {memory} of memory.", values)
      : t("About {time}, {disk} on disk of {free} that are free, up to {memory} of memory.", values);
  }

  async begin() {
    this.button.disabled = true;
    this.fault.textContent = "";
    announce(t("The collection is being created"));
    try {
      await change("/setup", { network: this.network });
      location.assign("/browse"); // the server serves the collection now
    } catch (error) {
      this.fault.textContent = format.capitalise(api.messageOf(error));
      this.button.disabled = false;
    }
  }
}
