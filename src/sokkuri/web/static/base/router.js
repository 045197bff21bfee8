// Shows the view of the address; keeps history, titles, focus and scroll positions.
//
// A view is a module with `title` and `show(main, params, context)`. It may also have
// `update(params, context)` (applies a new query of the same path), `keepsScroll` (true if it
// restores its scroll position itself) and `shortcuts` (lines [keys, meaning] for the help dialog).

import { LostServer, Problem, isAbort } from "./api.js";
import { around, h } from "./dom.js";
import { t } from "./messages.js";
import { problemPanel } from "./problem.js";
import { Query, toQuery } from "./query.js";

/**
 * @import { InfoDocument } from "./api_types.js"
 * @import { Child, Props } from "./dom.js"
 * @import { Params } from "./query.js"
 */

/**
 * @typedef {{signal: AbortSignal, info: InfoDocument}} Context `signal` is aborted when the view
 *   ends; `info` describes the server
 * @typedef {(main: HTMLElement, params: Query, context: Context) =>
 *   void | Promise<void | null | (() => void)>} View
 * @typedef {{title: string, show: View, keepsScroll?: boolean, shortcuts?: string[][],
 *   update?: (params: Query, context: Context) => Promise<boolean>}} ViewModule
 * @typedef {{path: string, params: Query}} Address
 */

/** @type {Record<string, ViewModule>} */
let routes = {};
/** @type {HTMLElement} */
let main;
/** @type {() => Promise<InfoDocument>} */
let getInfo;

/**
 * @type {{path: ?string, module: ?ViewModule, cleanup: ?(() => void),
 *   controller: AbortController}}
 */
let shown = { path: null, module: null, cleanup: null, controller: new AbortController() };
/** @type {?Address} */
let before = null;
/** @type {?Address} */
let here = null;
let turn = 0;
let moving = false;
let saving = 0;

/**
 * Shows the view of the current address and of each later address.
 * @param {Record<string, ViewModule>} table the view module of each path
 * @param {HTMLElement} element the place of the views
 * @param {() => Promise<InfoDocument>} info fetches what views get as `context.info`
 */
export function start(table, element, info) {
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
 * The current address.
 * @returns {Address} params has the interface of URLSearchParams
 */
export function current() {
  const path = location.pathname === "/" ? "/browse" : location.pathname.replace(/\/$/, "");
  return { path, params: new Query(location.search) };
}

/**
 * The previous address: the last one with another path.
 * @returns {?Address}
 */
export const previous = () => before;

/**
 * The module of the current view, or null.
 * @returns {?ViewModule}
 */
export const currentView = () => shown.module;

/**
 * @param {string} path
 * @param {Params | Query | null} [params]
 */
const address = (path, params) => {
  const query = toQuery(params);
  return query ? `${path}?${query}` : path;
};

/**
 * Goes to an address.
 * @param {string} path
 * @param {Params | Query | null} [params] becomes the query string; empty values are left out
 * @param {{replace?: boolean, state?: Object, quiet?: boolean}} [options] `replace` replaces the
 *   entry of the history, `state` is kept with the entry, and `quiet` changes only the address,
 *   not the view
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

/** Shows the current view again. */
export function reload() {
  load({ fresh: true });
}

/**
 * A link to a view that does not load the page again.
 * @param {string} path
 * @param {?Params} params
 * @param {?Props} [props]
 * @param {...Child} children
 * @returns {HTMLAnchorElement}
 */
export function link(path, params, props, ...children) {
  return h("a", { ...props, href: address(path, params) }, ...children);
}

/** @param {MouseEvent} event */
function followLink(event) {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey &&
    !event.altKey;
  const anchor = around(event, "a[href]");
  if (!plain || event.defaultPrevented || !(anchor instanceof HTMLAnchorElement)) return;
  if (anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
  if (!(anchor.pathname in routes) || anchor.hash) return;
  event.preventDefault();
  navigate(anchor.pathname, new Query(anchor.search));
}

/**
 * Sets the title of the page. A view calls it for a more exact title than its `title`.
 * @param {string} text
 */
export async function setTitle(text) {
  const thisTurn = turn;
  document.title = `${text} · sokkuri`;
  const name = (await getInfo().catch(() => null))?.name;
  if (name && thisTurn === turn) document.title = `${text} · ${name} · sokkuri`;
}

async function load({ first = false, fresh = false } = {}) {
  const thisTurn = ++turn;
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
    if (thisTurn !== turn) return;
    if (!fresh && path === shown.path && module.update) {
      const context = { signal: shown.controller.signal, info };
      if (await module.update(params, context)) return;
      if (thisTurn !== turn) return;
    }
    await showView(module, path, params, info, thisTurn, first);
    if (thisTurn === turn && !module.keepsScroll) scrollTo(0, scroll);
  } catch (error) {
    if (thisTurn === turn && !isAbort(error)) fail(error, path);
  } finally {
    if (thisTurn === turn) {
      moving = false;
      delete document.documentElement.dataset.loading;
    }
  }
}

/**
 * @param {ViewModule} module
 * @param {string} path
 * @param {Query} params
 * @param {InfoDocument} info
 * @param {number} thisTurn
 * @param {boolean} first
 */
async function showView(module, path, params, info, thisTurn, first) {
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
  if (thisTurn === turn && !first) focusHeading();
}

function leave() {
  shown.controller.abort();
  try {
    shown.cleanup?.();
  } catch (error) {
    console.error(error);
  }
}

/**
 * @param {unknown} error
 * @param {string} path
 */
function fail(error, path) {
  leave();
  shown = { path, module: null, cleanup: null, controller: new AbortController() };
  if (!(error instanceof Problem || error instanceof LostServer)) console.error(error);
  main.replaceChildren(problemPanel(error, reload));
  focusHeading();
}

/** @type {ViewModule} */
const UNKNOWN = {
  title: t("Not found"),
  show(element) {
    element.append(problemPanel(
      new Problem({ status: 404, title: t("This page does not exist"), detail: "" }), null));
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

/** @param {string} path */
function markNav(path) {
  for (const anchor of document.querySelectorAll("[data-nav] a")) {
    if (!(anchor instanceof HTMLAnchorElement)) continue;
    const here = anchor.pathname === path;
    if (here) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}

function saveScrollSoon() {
  clearTimeout(saving);
  saving = setTimeout(saveScroll, 200);
}

// The page is short for a moment while the view changes; that scroll position is not saved.
function saveScroll() {
  clearTimeout(saving);
  if (!moving) history.replaceState({ ...history.state, scroll: scrollY }, "");
}
