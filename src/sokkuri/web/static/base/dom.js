// Makes elements, and shows short messages: announcements for screen readers and toasts.

/**
 * Makes an element. `on*` props are listeners, and `dataset` is an object. All other props become
 * attributes: null and false are left out, and true sets an empty attribute.
 * @param {string} tag
 * @param {?Object<string, *>} [props]
 * @param {...*} children strings, numbers, nodes or arrays of them; null and false are left out
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProp(el, name, value);
  append(el, children);
  return el;
}

function setProp(el, name, value) {
  if (value === null || value === undefined) return;
  if (name.startsWith("on") && typeof value === "function") {
    el.addEventListener(name.slice(2).toLowerCase(), value);
  } else if (name === "dataset") {
    Object.assign(el.dataset, value);
  } else if (name.startsWith("aria-")) {
    el.setAttribute(name, String(value));
  } else if (value !== false) {
    el.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    el.append(child instanceof Node ? child : String(child));
  }
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
  while (host.children.length > 2) host.firstElementChild.remove();
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
