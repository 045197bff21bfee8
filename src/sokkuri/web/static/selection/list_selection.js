// Selecting in a list whose items are all in the document: hits, similar images, failures.

import { around, find, findAll, h, isTyping, mustFind } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { ActionBar } from "./action_bar.js";
import { onDrag } from "./dragging.js";
import { Selection } from "./selection.js";

/** @import { InfoDocument } from "../base/api_types.js" */

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/**
 * Gives an item of a list a check mark. It needs a link, which opens the image.
 * @param {HTMLElement} item
 * @param {{id: string, name: string}} image
 * @returns {HTMLElement} the item
 */
export function selectable(item, { id, name }) {
  item.classList.add("selectable");
  item.dataset.id = id;
  item.prepend(h("button", { type: "button", class: "tick", role: "checkbox", tabindex: "-1",
    "aria-checked": "false", "aria-label": t("Select {name}", { name }) }, icon("check", { size: 16 })));
  return item;
}

export class ListSelection {
  /**
   * @param {{host: HTMLElement, info: InfoDocument, signal: AbortSignal, searchable?: boolean,
   *   isMain?: boolean, onselect?: () => void, onchanged?: () => void,
   *   onlabelled?: () => void}} options
   *   host: contains the items; searchable: whether they have vectors; isMain: whether Ctrl+A means
   *   this list wherever the focus is; onselect: called when other items are selected; onchanged: called
   *   when an action has changed the images; onlabelled: called when one has changed labels
   */
  constructor({ host, info, signal, searchable = true, isMain = true, onselect, onchanged, onlabelled }) {
    this.host = host;
    this.isMain = isMain;
    this.onselect = onselect;
    this.stops = new AbortController();
    const ends = AbortSignal.any([signal, this.stops.signal]);
    this.selection = new Selection(() => this.show());
    this.bar = new ActionBar({ info, signal: ends, searchable, onchanged, onlabelled,
      count: () => this.selection.size, onclear: () => this.selection.clear(),
      source: () => ({ ids: this.ids() }) });
    mustFind("#view").append(this.bar.element);
    host.addEventListener("click", (event) => this.clicked(event), { signal: ends, capture: true });
    host.addEventListener("keydown", (event) => this.pressed(event), { signal: ends });
    onDrag(host, ".selectable", { selection: this.selection, signal: ends,
      indexOf: (item) => this.items().indexOf(item) });
    document.addEventListener("keydown", (event) => this.pressedAnywhere(event), { signal: ends });
  }

  items() {
    return findAll(".selectable", this.host);
  }

  ids() {
    const items = this.items();
    return [...this.selection.ranges].flatMap(([first, end]) =>
      items.slice(first, end).map(({ dataset }) => dataset.id ?? ""));
  }

  show() {
    this.host.classList.toggle("selecting", this.selection.size > 0);
    this.items().forEach((item, index) => {
      const isChosen = this.selection.has(index);
      item.classList.toggle("chosen", isChosen);
      find(".tick", item)?.setAttribute("aria-checked", String(isChosen));
    });
    this.onselect?.();
    if (this.bar.show()) this.items()[Math.max(0, this.selection.anchor)]?.querySelector("a")?.focus();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const item = around(event, ".selectable");
    if (!item || event.ctrlKey || event.metaKey) return;
    const onTick = around(event, ".tick");
    // While images are selected, a click on one selects. Enter (a click without detail) still opens.
    const onPicture = around(event, "a") && event.detail > 0;
    if (!onTick && !(onPicture && (event.shiftKey || this.selection.size))) return;
    event.preventDefault();
    event.stopPropagation();
    const index = this.items().indexOf(item);
    if (event.shiftKey) this.selection.extend(index);
    else this.selection.toggle(index);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const item = around(event, ".selectable");
    if (!item || !around(event, "a") || event.ctrlKey || event.metaKey) return;
    if (event.defaultPrevented) return;
    const items = this.items();
    const index = items.indexOf(item);
    if (event.key === " ") this.selection.toggle(index);
    else if (event.shiftKey && event.key in STEPS) {
      const next = Math.min(Math.max(index + STEPS[event.key], 0), items.length - 1);
      if (this.selection.anchor < 0) this.selection.toggle(index);
      this.selection.extend(next);
      items[next].querySelector("a")?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {KeyboardEvent} event */
  pressedAnywhere(event) {
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    if (isTyping(event) || document.querySelector("dialog[open]")) return;
    const isInside = event.target instanceof Node && this.host.contains(event.target);
    if (!this.isMain && !this.selection.size && !isInside) return;
    this.selection.all(this.items().length);
    event.preventDefault();
  }

  /** Ends the selection, and removes its bar. */
  stop() {
    this.selection.clear();
    this.stops.abort();
    this.bar.element.remove();
  }
}
