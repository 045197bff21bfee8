// The dialog of all labels: rename, merge or delete one, and undo it.

import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";

/** @import { LabelCountDocument, PostBodies } from "../base/api_types.js" */

/** @param {number} count */
const images = (count) => t("{count} image|{count} images", { count });

/**
 * A link to the images with a label, unless a filter cannot write the label.
 * @param {string} label
 */
function browseLink(label) {
  if (label.includes("'") && label.includes('"')) return null;
  const quote = label.includes("'") ? '"' : "'";
  return link("/browse", { where: `label = ${quote}${label}${quote}` },
    { class: "button quiet", "aria-label": t("Browse {label}", { label }) }, t("Browse"));
}

/**
 * Opens the dialog.
 * @param {{allowed: boolean, signal: AbortSignal, onchange: (label: string) => void}} options
 *   `onchange` gets a label that was renamed, deleted or brought back
 */
export function openLabels({ allowed, signal, onchange }) {
  const dialog = new LabelsDialog(allowed, signal, onchange);
  document.body.append(dialog.element);
  dialog.element.showModal();
  dialog.load();
}

class LabelsDialog {
  /**
   * @param {boolean} allowed
   * @param {AbortSignal} signal
   * @param {(label: string) => void} onchange
   */
  constructor(allowed, signal, onchange) {
    this.allowed = allowed;
    this.signal = signal;
    this.onchange = onchange;
    /** @type {LabelCountDocument[]} */
    this.labels = [];
    const close = h("button", { type: "button", class: "icon-button", "aria-label": t("Close") },
      icon("close"));
    this.said = h("p", { class: "labels-said", role: "status" });
    this.list = h("ul", { class: "labels-list", role: "list" });
    this.element = h("dialog", { class: "labels-dialog", "aria-labelledby": "labels-title" },
      h("header", null, h("h2", { id: "labels-title" }, t("Labels")), close), this.said, this.list);
    close.addEventListener("click", () => this.element.close());
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
    this.element.addEventListener("close", () => this.element.remove());
    signal.addEventListener("abort", () => this.element.close(), { once: true });
  }

  async load() {
    try {
      const { labels } = await api.get("/labels", null, { signal: this.signal });
      this.labels = labels;
      this.list.replaceChildren(...labels.map((one) => this.row(one)));
      if (!labels.length) this.list.replaceChildren(h("li", { class: "soft" }, t("No labels yet")));
    } catch (error) {
      if (!api.isAbort(error)) {
        this.say(t("Could not be loaded: {reason}", { reason: api.messageOf(error) }));
      }
    }
  }

  /** @param {LabelCountDocument} one */
  row({ label, count }) {
    /**
     * @param {string} text
     * @param {string} name
     * @param {() => void} act
     */
    const button = (text, name, act) => h("button", { type: "button", class: "button quiet",
      disabled: !this.allowed, "aria-label": name, onclick: act }, text);
    const item = h("li", null, h("span", { class: "labels-name" }, label),
      h("span", { class: "number soft small" }, images(count)), browseLink(label),
      button(t("Rename"), t("Rename {label}", { label }),
        () => item.replaceChildren(this.form({ label, count }, item))),
      button(t("Delete"), t("Delete {label}", { label }), () => this.replace(label, null)));
    return item;
  }

  /**
   * The fields that take the place of a row while its label is renamed.
   * @param {LabelCountDocument} one
   * @param {HTMLElement} item
   */
  form(one, item) {
    const { label } = one;
    const field = h("input", { type: "text", value: label, maxlength: 200, required: true,
      autocomplete: "off", spellcheck: "false", "aria-label": t("New name of {label}", { label }) });
    const send = h("button", { type: "submit", class: "button primary" }, t("Rename"));
    const restore = () =>
      item.replaceWith(this.row(this.labels.find((each) => each.label === label) ?? one));
    field.addEventListener("input", () => {
      const other = this.labels.find((each) => each.label === field.value.trim());
      send.textContent = other && other.label !== label
        ? t("Merge with {images}", { images: images(other.count) }) : t("Rename");
    });
    const form = h("form", { class: "row", onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      if (field.value.trim() === label) restore();
      else this.replace(label, field.value);
    } }, field, send,
    h("button", { type: "button", class: "button quiet", onclick: restore }, t("Cancel")));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // the dialog stays open
      restore();
    });
    queueMicrotask(() => field.select());
    return form;
  }

  /**
   * @param {string} label
   * @param {?string} to the new label; null deletes the label
   */
  async replace(label, to) {
    const done = await this.send("/labels/rename", { label, to });
    if (!done) return;
    const values = { count: done.changed, label, to: done.to };
    this.say(done.to === null
      ? t("{count} image no longer has the label “{label}”. |"
        + "{count} images no longer have the label “{label}”. ", values)
      : t("{count} image now has the label “{to}” instead of “{label}”. |"
        + "{count} images now have the label “{to}” instead of “{label}”. ", values),
      h("button", { type: "button", class: "button", onclick: () => this.undo(done.edit) },
        icon("undo", { size: 18 }), t("Undo")));
  }

  /** @param {number} edit */
  async undo(edit) {
    const done = await this.send("/labels/undo", { edit });
    if (!done) return;
    this.say(t("{count} image has the label “{label}” again.|{count} images have the label “{label}” "
      + "again.", { count: done.changed, label: done.label }));
  }

  /**
   * Sends a change and shows the labels after it. The answer is null if it failed.
   * @template {"/labels/rename" | "/labels/undo"} Path
   * @param {Path} path
   * @param {PostBodies[Path]} body
   */
  async send(path, body) {
    try {
      const done = await change(path, body, { signal: this.signal });
      this.onchange(done.label);
      await this.load();
      return done;
    } catch (error) {
      if (!api.isAbort(error)) this.say(api.messageOf(error));
      return null;
    }
  }

  /** @param {...(string | Node)} parts */
  say(...parts) {
    this.said.replaceChildren(...parts);
    this.said.querySelector("button")?.focus();
  }
}
