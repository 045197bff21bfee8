// Labels as buttons, the first nine with a digit key, and a field that finds and adds labels.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { t } from "../base/messages.js";

/** @import { LabelCountDocument } from "../base/api_types.js" */

const DIGITS = 9;

/**
 * @param {{allowed: boolean, onpick: (label: string) => void, onleave: () => void}} options
 *   `onleave` is called when the user leaves the field with Enter or Escape
 */
export function makePicker({ allowed, onpick, onleave }) {
  const list = h("ul", { class: "label-list", role: "list", "aria-label": t("Labels") });
  const field = h("input", { type: "text", class: "label-field", maxlength: 200,
    autocomplete: "off", spellcheck: "false", "aria-label": t("Find or add a label"),
    "aria-describedby": "label-hint", placeholder: t("Find or add a label"), disabled: !allowed });
  const hint = h("p", { class: "soft small label-hint", id: "label-hint", "aria-live": "polite" });
  const element = h("div", { class: "label-picker" }, list,
    h("div", { class: "label-typed" }, field, h("kbd", { "aria-hidden": "true" }, "l")), hint);
  /** @type {Map<string, ReturnType<typeof button>>} */
  const buttons = new Map();
  /** @type {string[]} */
  let labels = [];
  /** @type {(string | null)[]} labels, and null for a new one */
  let choices = [];
  let chosenIndex = 0;

  /** @param {string} label */
  function button(label) {
    const digit = h("kbd", { "aria-hidden": "true" });
    const count = h("span", { class: "number soft small" });
    const press = h("button", { type: "button", class: "button label-button", title: label,
      disabled: !allowed, onclick: () => onpick(label) },
    digit, h("span", { class: "label-text" }, label), count);
    return { label, item: h("li", null, press), press, digit, count };
  }

  /** @param {LabelCountDocument[]} counts */
  function show(counts) {
    labels = counts.map(({ label }) => label);
    const current = new Set(labels);
    for (const [label, { item }] of buttons) {
      if (current.has(label)) continue;
      item.remove();
      buttons.delete(label);
    }
    counts.forEach(({ label, count }, n) => {
      const known = buttons.get(label) ?? button(label);
      buttons.set(label, known);
      const { item, press, digit, count: shown } = known;
      digit.textContent = n < DIGITS ? String(n + 1) : "";
      if (n < DIGITS) press.setAttribute("aria-keyshortcuts", String(n + 1));
      else press.removeAttribute("aria-keyshortcuts");
      shown.textContent = format.count(count);
      shown.setAttribute("aria-label", t("{count} image|{count} images", { count }));
      if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
    });
    const chosen = choices[chosenIndex];
    narrow();
    if (choices.includes(chosen)) chosenIndex = choices.indexOf(chosen); // counts alone have changed
    mark();
  }

  /** Shows only labels that match the typed text, and what Enter would do. */
  function narrow() {
    const typed = field.value.trim();
    const matching = findMatches(labels, typed);
    const isNew = typed !== "" && !labels.includes(typed);
    choices = typed ? [...matching, ...(isNew ? [null] : [])] : [];
    // Enter gives the first label that starts with the text, else it adds the text as a label.
    const hasPrefixMatch = matching[0]?.toLowerCase().startsWith(typed.toLowerCase());
    chosenIndex = hasPrefixMatch ? 0 : choices.length - 1;
    for (const [label, { item }] of buttons) {
      item.hidden = typed !== "" && !matching.includes(label);
    }
    mark();
  }

  function mark() {
    const chosen = choices[chosenIndex];
    for (const [label, { press }] of buttons) press.classList.toggle("marked", label === chosen);
    const typed = field.value.trim();
    hint.textContent = !choices.length ? ""
      : chosen === null ? t("Enter adds “{label}”", { label: typed })
        : t("Enter: {label}", { label: chosen });
  }

  function leave() {
    field.value = "";
    narrow();
    onleave();
  }

  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && choices.length) {
      chosenIndex = (chosenIndex + step + choices.length) % choices.length;
    }
    if (step) mark();
    else if (event.key === "Enter" && choices.length) {
      const label = choices[chosenIndex] ?? field.value.trim();
      leave();
      onpick(label);
    } else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });

  return {
    element,
    show,
    focus: () => field.focus(),
    /**
     * The label of a digit key.
     * @param {number} digit
     * @returns {?string}
     */
    labelOf: (digit) => (digit >= 1 && digit <= DIGITS ? labels[digit - 1] ?? null : null),
  };
}

/**
 * Labels that contain the typed text: equal labels first, then labels that start with it.
 * @param {string[]} labels
 * @param {string} typed
 */
export function findMatches(labels, typed) {
  const lowered = typed.toLowerCase();
  /** @param {string} label */
  const rank = (label) => {
    const text = label.toLowerCase();
    if (label === typed) return 0;
    if (text === lowered) return 1;
    if (text.startsWith(lowered)) return 2;
    return text.includes(lowered) ? 3 : 4;
  };
  return labels.map((label, n) => ({ label, n, first: rank(label) }))
    .filter(({ first }) => first < 4)
    .sort((a, b) => a.first - b.first || a.n - b.n).map(({ label }) => label);
}
