// Making elements, and the two ways of telling the user something in passing.

/**
 * Makes an element. `on*` props are listeners, `dataset` is an object, null and false leave a
 * prop out, true sets it bare; all others are attributes.
 * @param {string} tag
 * @param {?Object<string, *>} [props]
 * @param {...*} children strings, numbers, nodes, arrays of these; null and false are left out
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
 * Says something to screen readers, when they have finished what they are at.
 * @param {string} text
 */
export function announce(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  clearTimeout(announcing);
  // An empty moment in between, so that the same text twice is read twice.
  announcing = setTimeout(() => {
    live.textContent = text;
  }, 60);
}

/**
 * Shows a short message at the foot of the page for a few seconds.
 * @param {string} text
 * @param {{action?: string, onaction?: () => void}} [options] a button's label and what it does
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
 * Whether a key press belongs to a field that is being typed in.
 * @param {Event} event
 * @returns {boolean}
 */
export function isTyping(event) {
  const el = event.target;
  return el instanceof HTMLElement &&
    (el.isContentEditable || el.matches("textarea, select, input:not([type=checkbox])"));
}
