// Which view is shown: addresses, history, titles, focus and scroll positions.
//
// A view is a module with `title`, `show(main, params, context)` and, where it has them,
// `update(params, context)` (takes a new query of the same path itself), `keepsScroll` (restores
// its scroll position itself) and `shortcuts` (lines [keys, meaning] for the help dialog).

import { h } from "./dom.js";
import { problemPanel } from "./problem.js";
import { Query, toQuery } from "./query.js";

/**
 * @typedef {{signal: AbortSignal, info: *}} Context `signal` ends with the view, `info` is about
 *   the server
 * @typedef {(main: HTMLElement, params: Query, context: Context) => Promise<?() => void>} View
 */

let routes = {};
let main = null;
let getInfo = async () => null;

let shown = { path: null, module: null, cleanup: null, controller: null };
let before = null;
let here = null;
let turn = 0;
let moving = false;
let saving = 0;

/**
 * Shows the view of the address, and from now on that of each new one.
 * @param {Object<string, *>} table the view module of each path
 * @param {HTMLElement} element where views are shown
 * @param {() => Promise<*>} [info] what views get as `context.info`
 */
export function start(table, element, info = getInfo) {
  routes = table;
  main = element;
  getInfo = info;
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => load());
  addEventListener("scroll", saveScrollSoon, { passive: true });
  addEventListener("pagehide", saveScroll);
  document.addEventListener("click", followLink);
  return load({ first: true });
}

/**
 * Where we are.
 * @returns {{path: string, params: Query}} params can be read as URLSearchParams can
 */
export function current() {
  const path = location.pathname === "/" ? "/browse" : location.pathname.replace(/\/$/, "");
  return { path, params: new Query(location.search) };
}

/**
 * Where we were before: the last address with another path.
 * @returns {?{path: string, params: Query}}
 */
export const previous = () => before;

/**
 * The view module that is shown, if any.
 * @returns {?Object}
 */
export const currentView = () => shown.module;

const address = (path, params) => {
  const query = toQuery(params);
  return query ? `${path}?${query}` : path;
};

/**
 * Goes to an address.
 * @param {string} path
 * @param {?Object<string, *>} [params] becomes the query; empty values are left out
 * @param {{replace?: boolean, state?: Object, quiet?: boolean}} [options] `state` is kept with
 *   the entry; `quiet` changes only the address and leaves the view to itself
 */
export function navigate(path, params, { replace = false, state = {}, quiet = false } = {}) {
  const url = address(path, params);
  const same = url === location.pathname + location.search;
  if (!replace && !same) saveScroll();
  if (replace && quiet) history.replaceState({ ...history.state, ...state }, "", url);
  else if (replace || same) history.replaceState(state, "", url);
  else history.pushState(state, "", url);
  if (!quiet) load();
}

/** Shows the current view anew. */
export function reload() {
  load({ fresh: true });
}

/**
 * A link that goes to a view without a page load.
 * @param {string} path
 * @param {?Object<string, *>} params
 * @param {?Object<string, *>} props
 * @param {...*} children
 * @returns {HTMLAnchorElement}
 */
export function link(path, params, props, ...children) {
  return h("a", { ...props, href: address(path, params) }, ...children);
}

function followLink(event) {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey &&
    !event.altKey;
  const anchor = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!plain || event.defaultPrevented || !anchor) return;
  if (anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
  if (!(anchor.pathname in routes) || anchor.hash) return;
  event.preventDefault();
  navigate(anchor.pathname, new Query(anchor.search));
}

/**
 * The title of the page; a view calls it when it knows better than its `title`.
 * @param {string} text
 */
export async function setTitle(text) {
  const mine = turn;
  document.title = `${text} · sokkuri`;
  const name = (await getInfo().catch(() => null))?.name;
  if (name && mine === turn) document.title = `${text} · ${name} · sokkuri`;
}

async function load({ first = false, fresh = false } = {}) {
  const mine = ++turn;
  const { path, params } = current();
  const scroll = history.state?.scroll ?? 0;
  if (here && here.path !== path) before = here;
  here = { path, params };
  moving = true;
  document.documentElement.dataset.loading = "";
  markNav(path);
  try {
    const module = routes[path] ?? UNKNOWN;
    const info = await getInfo();
    if (mine !== turn) return;
    if (!fresh && path === shown.path && module.update) {
      const context = { signal: shown.controller.signal, info };
      if (await module.update(params, context)) return;
      if (mine !== turn) return;
    }
    await showView(module, path, params, info, mine, first);
    if (mine === turn && !module.keepsScroll) scrollTo(0, scroll);
  } catch (error) {
    if (mine === turn && error.name !== "AbortError") fail(error, path);
  } finally {
    if (mine === turn) {
      moving = false;
      delete document.documentElement.dataset.loading;
    }
  }
}

async function showView(module, path, params, info, mine, first) {
  leave();
  const controller = new AbortController();
  shown = { path, module, cleanup: null, controller };
  main.replaceChildren();
  main.dataset.view = path.slice(1);
  setTitle(module.title);
  const showing = module.show(main, params, { signal: controller.signal, info });
  if (!first) focusHeading();
  const cleanup = await showing;
  if (shown.controller !== controller) {
    if (typeof cleanup === "function") cleanup();
    return;
  }
  shown.cleanup = typeof cleanup === "function" ? cleanup : null;
  if (mine === turn && !first) focusHeading();
}

function leave() {
  shown.controller?.abort();
  try {
    shown.cleanup?.();
  } catch (error) {
    console.error(error);
  }
}

function fail(error, path) {
  leave();
  shown = { path, module: null, cleanup: null, controller: new AbortController() };
  if (error.name !== "Problem" && error.name !== "LostServer") console.error(error);
  main.replaceChildren(problemPanel(error, reload));
  focusHeading();
}

const UNKNOWN = {
  title: "Not found",
  show(element) {
    element.append(problemPanel(
      { name: "Problem", status: 404, title: "There is no such page", detail: "" }, null));
  },
};

function focusHeading() {
  const heading = main.querySelector("h1");
  if (!heading || (document.activeElement !== main && main.contains(document.activeElement))) {
    return;
  }
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function markNav(path) {
  for (const anchor of document.querySelectorAll("[data-nav] a")) {
    const here = anchor.pathname === path;
    if (here) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}

function saveScrollSoon() {
  clearTimeout(saving);
  saving = setTimeout(saveScroll, 200);
}

// While a view changes the page is short for a moment; that scroll position is nobody's.
function saveScroll() {
  clearTimeout(saving);
  if (!moving) history.replaceState({ ...history.state, scroll: scrollY }, "");
}
