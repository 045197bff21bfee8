// The field at the top of every page: it takes words, a picture, or the id of an image. Below it are
// saved and recent searches.

import { info, messageOf } from "../base/api.js";
import { findAll, h } from "../base/dom.js";
import { capitalise } from "../base/format.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import * as settings from "../base/settings.js";
import { takeFiles } from "./add_or_replace.js";
import { clearRecent, past, remove } from "./past.js";
import { pickButton, takePictures } from "./picking.js";
import { addTerms, findImages } from "./terms.js";

/** @import { InfoDocument } from "../base/api_types.js" */

const MOST_CHARACTERS = 2000; // as the server accepts
const LISTS = /** @type {const} */ (["recent", "saved"]);

/**
 * Fills the place of the field, and takes pictures that are dropped or pasted on any page.
 * @param {HTMLElement} place
 * @param {() => Promise<InfoDocument>} getInfo
 * @returns {() => void} moves the focus to the field
 */
export function installFind(place, getInfo) {
  const field = new FindField(getInfo);
  place.append(field.element);
  const veil = h("div", { class: "drop-veil", "aria-hidden": "true" },
    h("p", null, t("Drop to search")));
  document.body.append(veil);
  /** @param {File[]} files */
  const take = (files) => {
    if (!document.querySelector("dialog[open]")) takeFiles(files);
  };
  takePictures(take, {
    signal: new AbortController().signal,
    onhover: (over) => document.documentElement.toggleAttribute("data-dropping", over),
  });
  return () => field.input.focus();
}

class FindField {
  /** @param {() => Promise<InfoDocument>} getInfo */
  constructor(getInfo) {
    /** @type {?InfoDocument} */
    this.info = null;
    this.input = h("input", { type: "search", id: "find", autocomplete: "off", spellcheck: "false",
      maxlength: MOST_CHARACTERS, "aria-describedby": "find-problem find-hint" });
    this.problem = h("p", { class: "find-problem small", id: "find-problem", role: "alert" });
    this.hint = h("p", { class: "find-hint small soft", id: "find-hint" });
    this.lists = h("div", { class: "find-lists" });
    // It can have the focus, so that a press on its text leaves it open.
    this.panel = h("div", { class: "find-panel", tabindex: -1, hidden: true }, this.problem, this.hint,
      h("div", { class: "row" }, pickButton((files) => this.addAll({ files }), "button",
        icon("photos", { size: 18 }), t("Choose a picture"))), this.lists);
    this.element = h("form", { class: "find", role: "search", "aria-label": t("Search") },
      h("label", { for: "find", class: "find-label" }, icon("search", { size: 18 }),
        h("span", { class: "unseen" }, t("Words, a picture or an id"))),
      this.input, this.panel);
    this.listen();
    this.load(getInfo);
  }

  listen() {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(this.input.value.trim());
    });
    this.input.addEventListener("focus", () => this.open());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("input", () => this.say(""));
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.element.contains(relatedTarget))) this.close();
    });
    this.panel.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("a")) this.close();
    });
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    for (const list of LISTS) {
      settings.subscribe(list, () => !this.panel.hidden && this.showLists());
    }
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key === "Escape" && !this.panel.hidden) {
      this.input.focus();
      this.close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.panel.hidden) this.open();
      const stops = [this.input, ...findAll("a[href], button", this.panel)];
      const step = event.key === "ArrowDown" ? 1 : -1;
      const at = stops.findIndex((stop) => stop === document.activeElement) + step;
      stops[(at + stops.length) % stops.length].focus();
    } else return;
    event.preventDefault();
  }

  /**
   * Learns what the collection is called, and whether its model knows words.
   * @param {() => Promise<InfoDocument>} getInfo
   */
  async load(getInfo) {
    this.info = await getInfo().catch(() => this.info);
    const words = this.info?.words;
    this.input.placeholder = words ? t("Words, a picture or an id") : t("A picture or an id");
    this.hint.replaceChildren(...(this.info?.no_words ? withCode(capitalise(this.info.no_words)) : [
      t("Type words or the id of an image, or paste or drop a picture on any page.")]));
  }

  async open() {
    if (!this.panel.hidden) return;
    this.panel.hidden = false;
    const before = this.info?.name;
    this.showLists();
    await this.load(info); // another command may have given the collection another model
    if (this.info?.name !== before) this.showLists();
  }

  close() {
    this.panel.hidden = true;
    this.say("");
  }

  /** @param {string} text */
  say(text) {
    this.problem.textContent = text;
  }

  showLists() {
    const name = this.info?.name;
    const saved = this.listOf("saved", name);
    const recent = this.listOf("recent", name);
    const focused = this.lists.contains(document.activeElement);
    this.lists.replaceChildren(
      ...(saved.length ? [h("h2", { class: "small soft" }, t("Saved searches")),
        h("ul", { role: "list" }, saved)] : []),
      ...(recent.length ? [h("div", { class: "find-head" },
        h("h2", { class: "small soft" }, t("Recent searches")),
        h("button", { type: "button", class: "button quiet small",
          onclick: () => clearRecent(name) }, t("Clear"))),
      h("ul", { role: "list" }, recent)] : []));
    if (focused) this.input.focus();
  }

  /**
   * @param {"recent" | "saved"} list
   * @param {string | undefined} collection
   */
  listOf(list, collection) {
    return past(list, collection).map((one) => h("li", null,
      h("a", { href: `/search?${one.query}` }, one.label),
      h("button", { type: "button", class: "icon-button", title: t("Remove"),
        "aria-label": list === "saved" ? t("Remove saved search {search}", { search: one.label })
          : t("Remove recent search {search}", { search: one.label }),
        onclick: () => remove(list, one) },
      icon("close", { size: 16 }))));
  }

  /** @param {Parameters<typeof addTerms>[0]} terms */
  addAll(terms) {
    this.input.value = "";
    this.close();
    return addTerms(terms);
  }

  /**
   * Searches by the image that a text names, else by its words.
   * @param {string} written
   */
  async submit(written) {
    if (!written) {
      this.open();
      return;
    }
    if (!this.info) await this.load(info);
    /** @type {Array<[string, number]>} */
    let images;
    try {
      images = await findImages(written);
    } catch (error) {
      this.fail(messageOf(error));
      return;
    }
    if (this.input.value.trim() !== written) return; // The user has typed on.
    if (images.length === 1) await this.addAll({ ids: images });
    else if (images.length > 1) {
      this.fail(t("Several images have this name. Write the whole id, with the folder."));
    } else if (this.info?.words) await this.addAll({ texts: [written] });
    else this.fail(t("No image has this id or name, and words are not known here."));
  }

  /** @param {string} text */
  async fail(text) {
    await this.open();
    this.say(text);
  }
}

/**
 * The parts of a text, with commands in backticks as code.
 * @param {string} text
 */
function withCode(text) {
  return text.split("`").map((part, n) => (n % 2 ? h("code", null, part) : part));
}
