// Makes elements, and shows short messages: announcements for screen readers and toasts.

/**
 * @typedef {Node | string | number | false | null | undefined | readonly Child[]} Child
 * @typedef {{[Kind in keyof HTMLElementEventMap as `on${Kind}`]?:
 *   ((event: HTMLElementEventMap[Kind]) => unknown) | false | null}} Listeners
 * @typedef {Listeners & {dataset?: Record<string, string | number | undefined>} &
 *   {[attribute: string]: unknown}} Props
 */

/**
 * Makes an element. `on*` props are listeners, and `dataset` is an object. All other props become
 * attributes: null and false are left out, and true sets an empty attribute.
 * @template {string} Tag
 * @param {Tag} tag
 * @param {?Props} [props]
 * @param {...Child} children strings, numbers, nodes or arrays of them; null and false are left out
 * @returns {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement}
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProp(el, name, value);
  append(el, children);
  return /** @type {any} */ (el); // the checker cannot follow a type that depends on the tag
}

/**
 * @param {HTMLElement} el
 * @param {string} name
 * @param {unknown} value
 */
function setProp(el, name, value) {
  if (value === null || value === undefined) return;
  if (name.startsWith("on") && typeof value === "function") {
    el.addEventListener(name.slice(2).toLowerCase(), /** @type {EventListener} */ (value));
  } else if (name === "dataset") {
    Object.assign(el.dataset, /** @type {Record<string, unknown>} */ (value));
  } else if (name.startsWith("aria-")) {
    el.setAttribute(name, String(value));
  } else if (value !== false) {
    el.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {HTMLElement} el
 * @param {Child[]} children
 */
function append(el, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(el, child);
    else el.append(child instanceof Node ? child : String(child));
  }
}

/**
 * The items of a list that are there.
 * @template Item
 * @param {readonly (Item | false | null | undefined | "" | 0)[]} list
 * @returns {Item[]}
 */
export const present = (list) => /** @type {Item[]} */ (list.filter(Boolean));

/**
 * Finds an element inside another one, or in the document.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {?HTMLElement}
 */
export function find(selector, root = document) {
  const el = root.querySelector(selector);
  return el instanceof HTMLElement ? el : null;
}

/**
 * Finds all elements inside another one.
 * @param {string} selector
 * @param {ParentNode} root
 * @returns {HTMLElement[]}
 */
export const findAll = (selector, root) =>
  [...root.querySelectorAll(selector)].filter((el) => el instanceof HTMLElement);

/**
 * Finds an element that is certain to be there.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement}
 */
export function mustFind(selector, root = document) {
  const el = find(selector, root);
  if (!el) throw new Error(`The page has no element ${selector}`);
  return el;
}

/**
 * The element that has the focus.
 * @returns {?HTMLElement}
 */
export function focused() {
  return document.activeElement instanceof HTMLElement ? document.activeElement : null;
}

/**
 * The element around the target of an event that matches a selector.
 * @param {Event} event
 * @param {string} selector
 * @returns {?HTMLElement}
 */
export function around({ target }, selector) {
  const el = target instanceof Element ? target.closest(selector) : null;
  return el instanceof HTMLElement ? el : null;
}

/**
 * Empties an element.
 * @param {Element} el
 */
export function clear(el) {
  el.replaceChildren();
}

let announcing = 0;

/**
 * Announces a text to screen readers, after what they are reading.
 * @param {string} text
 */
export function announce(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  clearTimeout(announcing);
  // The text is empty for a moment. Otherwise a repeated text would be read only once.
  announcing = setTimeout(() => {
    live.textContent = text;
  }, 60);
}

/**
 * Shows a short message at the bottom of the page for a few seconds.
 * @param {string} text
 * @param {{action?: string, onaction?: () => void}} [options] label and action of a button
 */
export function toast(text, { action, onaction } = {}) {
  const host = document.getElementById("toasts");
  if (!host) return;
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    box.remove();
  };
  const button = action && h("button", {
    type: "button",
    class: "button quiet",
    onclick: () => {
      close();
      onaction?.();
    },
  }, action);
  const box = h("div", { class: "toast" }, h("span", null, text), button);
  const wait = () => {
    timer = setTimeout(close, action ? 8000 : 4000);
  };
  for (const event of ["pointerenter", "focusin"]) {
    box.addEventListener(event, () => clearTimeout(timer));
  }
  for (const event of ["pointerleave", "focusout"]) box.addEventListener(event, wait);
  while (host.children.length > 2) host.firstElementChild?.remove();
  host.append(box);
  wait();
  announce(text);
}

/**
 * Whether the user is typing into a field.
 * @param {Event} event
 * @returns {boolean}
 */
export function isTyping(event) {
  const el = event.target;
  return el instanceof HTMLElement &&
    (el.isContentEditable || el.matches("textarea, select, input:not([type=checkbox])"));
}
