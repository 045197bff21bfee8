// The chooser of rules for the picture to keep: those of `sokkuri duplicates --keep`. The groups
// show at once which picture each rule keeps.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { suggestFolders } from "../base/folders.js";
import { t } from "../base/messages.js";

/** @type {Record<string, string>} */
const RULES = {
  largest: t("the most pixels"),
  heaviest: t("the most bytes"),
  oldest: t("the oldest file"),
  newest: t("the newest file"),
  colour: t("in colour"),
  camera: t("with a camera's metadata"),
  "earliest-taken": t("taken first"),
};
/** @type {Record<string, {label: string, hint: string, toRule: (text: string) => string}>} */
const TEXTS = {
  format: { label: t("of a file format…"), hint: "png,jpg", toRule: (text) => `format:${text}` },
  folder: { label: t("in a folder…"), hint: "best/of", toRule: (text) =>
    `${text.replace(/^\.?\/+/, "").replace(/\/+$/, "")}/` },
};

export class KeepRules {
  /** @param {{onchange: (rules: string[]) => void}} options */
  constructor({ onchange }) {
    this.onchange = onchange;
    /** @type {string[]} */
    this.rules = [];
    this.chosen = h("ol", { class: "keep-rules", "aria-label": t("Rules, the first counts most") });
    this.select = h("select", { id: "keep-rule" });
    this.folders = h("datalist", { id: "keep-folders" });
    this.text = h("input", { type: "text", autocomplete: "off", spellcheck: "false",
      autocapitalize: "off", hidden: true });
    this.add = h("button", { type: "submit", class: "button quiet small", hidden: true }, t("Add"));
    this.el = h("form", { class: "row keep-chooser", "aria-label": t("Which picture to keep") },
      h("label", { for: this.select.id, class: "soft small" }, t("Keep first the picture")),
      this.chosen, this.select, this.text, this.folders, this.add);
    this.text.addEventListener("focus", () => suggestFolders(this.folders), { once: true });
    this.select.addEventListener("change", () => this.choose(this.select.value));
    this.el.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.text.value.trim();
      if (text) this.change([...this.rules, TEXTS[this.select.value].toRule(text)]);
    });
    this.show([]);
  }

  /**
   * Adds a rule, or asks for the text that it needs.
   * @param {string} name
   */
  choose(name) {
    if (Object.hasOwn(RULES, name)) {
      this.change([...this.rules, name]);
      return;
    }
    const { hint, label } = Object.hasOwn(TEXTS, name) ? TEXTS[name] : {};
    for (const element of [this.text, this.add]) element.hidden = !hint;
    this.text.value = "";
    this.text.placeholder = hint ?? "";
    this.text.setAttribute("aria-label", label ?? "");
    if (name === "folder") this.text.setAttribute("list", this.folders.id);
    else this.text.removeAttribute("list");
    if (hint) this.text.focus();
  }

  /** @param {string[]} rules */
  change(rules) {
    this.onchange([...new Set(rules)]);
  }

  /** @param {string[]} rules the rules of the address */
  show(rules) {
    this.rules = rules;
    this.chosen.replaceChildren(...rules.map((rule) => h("li", null, nameOf(rule),
      h("button", { type: "button", class: "icon-button", title: t("Remove this rule"),
        "aria-label": t("Remove the rule: {rule}", { rule: nameOf(rule) }),
        onclick: () => this.change(this.rules.filter((other) => other !== rule)) },
      icon("close", { size: 14 })))));
    const options = [["", rules.length ? t("then…") : t("that the evidence tells")],
      ...Object.entries(RULES).filter(([name]) => !rules.includes(name)),
      ...Object.entries(TEXTS).map(([name, { label }]) => [name, label])];
    this.select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
    this.select.value = "";
    this.choose("");
  }
}

/**
 * What a rule prefers, in words.
 * @param {string} rule
 */
function nameOf(rule) {
  if (rule.startsWith("format:")) return t("of the format {format}", { format: rule.slice(7) });
  return Object.hasOwn(RULES, rule) ? RULES[rule] : t("in the folder {folder}", { folder: rule });
}
