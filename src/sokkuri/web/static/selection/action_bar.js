// The bar with what can be done with the selected images. Every page with pictures has the same one.

import { isAbort, isConflict, messageOf } from "../base/api.js";
import { announce, find, focused, h, isTyping, present, toast } from "../base/dom.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { navigate } from "../base/router.js";
import { copyPaths, download, giveLabel, idsOf, images } from "./actions.js";
import { askForLabel } from "./label_dialog.js";
import { openTrash } from "./trash.js";

/**
 * @import { InfoDocument } from "../base/api_types.js"
 * @import { Source } from "./actions.js"
 */

const MOST_SEARCHED = 50; // as many pictures as a search may have

/** What the keys do while images are selected, for the help of a page. */
export const SELECTION_KEYS = [
  ["Space", t("Select or unselect the image")],
  ["Shift →", t("Move and select")],
  ["Ctrl A", t("Select all")],
  ["Esc", t("Unselect all")],
  ["s", t("Search for the selected images")],
  ["Ctrl C", t("Copy the paths of the selected images")],
];

export class ActionBar {
  /**
   * @param {{info: InfoDocument, signal: AbortSignal, source: () => Source,
   *   count: () => number, onclear: () => void, searchable?: boolean,
   *   onchanged?: () => void, onlabelled?: () => void, onended?: (error: unknown) => void}} options
   *   info: of the server; source: the selected images; count: how many they are; onclear:
   *   unselects all; searchable: whether the images have vectors; onchanged: called when an action
   *   has changed the collection; onlabelled: called when one has changed labels; onended: called
   *   when nothing was done, because the selection no longer holds
   */
  constructor(options) {
    this.options = options;
    this.element = h("div", { class: "chosen-bar", role: "region", "aria-label": t("Selected"),
      hidden: true });
    const { signal } = options;
    signal.addEventListener("abort", () => document.body.classList.remove("has-bar"));
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }

  /** Shows how many images are selected. Returns whether the focus was in the bar that now hides. */
  show() {
    const count = this.options.count();
    const hadFocus = this.element.contains(document.activeElement);
    const act = hadFocus ? focused()?.dataset.act : null;
    this.element.hidden = count === 0;
    document.body.classList.toggle("has-bar", count > 0);
    if (!count) {
      this.element.replaceChildren();
      return hadFocus;
    }
    const text = t("{count} selected", { count });
    announce(text);
    this.element.replaceChildren(...present(this.parts(count, text)));
    if (act) find(`[data-act="${act}"]`, this.element)?.focus();
    return false;
  }

  /**
   * @param {number} count
   * @param {string} text
   */
  parts(count, text) {
    const { info, onclear, searchable = true } = this.options;
    return [
      h("span", { class: "number" }, text),
      searchable && count <= MOST_SEARCHED && this.button("search",
        count === 1 ? t("Search for this") : t("Search for these"), () => this.search(), "primary"),
      searchable && count === 1 && this.button("rings", t("Open rings"), () => this.rings()),
      info.changes && searchable && this.button("label", t("Label…"), () => this.label()),
      info.changes && this.button("trash", t("Move to trash…"), () => this.trash()),
      this.menu(),
      h("button", { type: "button", class: "icon-button", "aria-label": t("Unselect all"),
        title: t("Unselect all (Esc)"), dataset: { act: "clear" }, onclick: onclear }, icon("close")),
    ];
  }

  /**
   * @param {string} act
   * @param {string} label
   * @param {() => unknown} run
   * @param {string} [kind]
   */
  button(act, label, run, kind = "") {
    return h("button", { type: "button", class: `button ${kind}`, dataset: { act },
      onclick: () => this.attempt(run) }, label);
  }

  /** The further actions, in a list that opens above the bar. */
  menu() {
    const { info, source } = this.options;
    const details = h("details", { class: "chosen-more" });
    /**
     * @param {string} act
     * @param {string} label
     * @param {() => unknown} run
     */
    const item = (act, label, run) => this.button(act, label, () => {
      details.open = false;
      return run();
    }, "quiet");
    details.append(h("summary", { class: "button", dataset: { act: "more" } }, t("More")),
      h("div", { class: "chosen-menu" },
        item("copy", t("Copy paths"), () => copyPaths(source())),
        item("csv", t("Export list (CSV)"), () => download(source(), "csv")),
        item("json", t("Export list (JSON)"), () => download(source(), "json")),
        !info.mosaic && item("zip", t("Download originals (ZIP)"), () => download(source(), "zip"))));
    details.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      details.querySelector("summary")?.focus();
      event.preventDefault();
    });
    details.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !details.contains(relatedTarget)) details.open = false;
    });
    return details;
  }

  /**
   * Runs an action, and says what went wrong.
   * @param {() => unknown} run
   */
  async attempt(run) {
    try {
      await run();
    } catch (error) {
      if (!isAbort(error)) this.failed(error);
    }
  }

  /** @param {unknown} error */
  failed(error) {
    const { onended, signal } = this.options;
    if (isConflict(error) && onended && !signal.aborted) onended(error);
    else toast(format.capitalise(messageOf(error)));
  }

  async search() {
    const id = await idsOf(this.options.source(), MOST_SEARCHED);
    if (id.length) navigate("/search", { id });
  }

  async rings() {
    const [id] = await idsOf(this.options.source(), 1);
    if (id !== undefined) navigate("/rings", { id });
  }

  async label() {
    const { source, count, signal, onlabelled } = this.options;
    const selected = source(); // as it is now: the dialog may stay open for long
    const label = await askForLabel(images(count()), signal);
    if (label) await giveLabel(selected, label, () => !signal.aborted && onlabelled?.());
  }

  async trash() {
    const { source, count, signal, onclear, onchanged } = this.options;
    const onundone = () => {
      if (!signal.aborted && !count()) onchanged?.(); // otherwise a new selection stays
    };
    /** @param {unknown} error */
    const onended = (error) => this.failed(error);
    if (!await openTrash(source(), count(), { signal, onundone, onended }) || signal.aborted) return;
    onclear();
    onchanged?.();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const count = this.options.count();
    if (!count || event.defaultPrevented || isTyping(event)) return;
    if (document.querySelector("dialog[open]")) return;
    const { searchable = true } = this.options;
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === "c" && !String(getSelection())) {
      this.attempt(() => copyPaths(this.options.source()));
    } else if (control || event.altKey) return;
    else if (event.key === "Escape") this.options.onclear();
    else if (event.key === "s" && searchable && count <= MOST_SEARCHED) {
      this.attempt(() => this.search());
    } else if (event.key === "r" && searchable && count === 1) this.attempt(() => this.rings());
    else return;
    event.preventDefault();
  }
}
