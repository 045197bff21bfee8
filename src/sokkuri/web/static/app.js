// Starts the page: icons, the search field, theme, mosaic, shortcuts, the banner for a lost server,
// then the router.

import * as api from "./base/api.js";
import { watchConnection } from "./base/connection.js";
import { findAll, h, isTyping, mustFind, toast } from "./base/dom.js";
import { openHelp } from "./base/help.js";
import { icon, kana } from "./base/icons.js";
import { t, translateDocument } from "./base/messages.js";
import { navigate, reload, start } from "./base/router.js";
import * as settings from "./base/settings.js";
import * as browse from "./browse/view.js";
import * as duplicates from "./duplicates/view.js";
import { listenForZoom } from "./image/opening.js";
import * as image from "./image/view.js";
import * as label from "./label/view.js";
import * as map from "./map/view.js";
import * as rings from "./rings/view.js";
import { installFind } from "./search/find.js";
import * as search from "./search/view.js";
import * as setup from "./setup/view.js";
import * as status from "./status/view.js";

/**
 * @import { InfoDocument } from "./base/api_types.js"
 * @import { ViewModule } from "./base/router.js"
 */

/** @type {Record<string, ViewModule>} */
const ROUTES = {
  "/browse": browse,
  "/search": search,
  "/rings": rings,
  "/map": map,
  "/image": image,
  "/duplicates": duplicates,
  "/label": label,
  "/status": status,
};
const THEMES = {
  auto: t("Theme: same as the system"), light: t("Theme: light"), dark: t("Theme: dark"),
};
/** @type {Record<string, string>} */
const PLACES = {
  b: "/browse", s: "/search", r: "/rings", m: "/map", d: "/duplicates", l: "/label", t: "/status",
};

const MOSAIC_FORCED = t("Mosaic stays on: the server was started with --mosaic");

/** @type {?Promise<InfoDocument>} */
let info = null;

/** Information about the server. It is fetched once; after a failure it is fetched again. */
function getInfo() {
  info ??= api.info().then((answer) => {
    if (answer.mosaic) settings.force("mosaic", true);
    return answer;
  }).catch((error) => {
    info = null;
    throw error;
  });
  return info;
}

function themeButton() {
  const order = /** @type {(keyof typeof THEMES)[]} */ (Object.keys(THEMES));
  const button = h("button", { type: "button", class: "icon-button" });
  /** @param {keyof typeof THEMES} theme */
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.replaceChildren(icon({ auto: "auto", light: "sun", dark: "moon" }[theme]));
    button.setAttribute("aria-label", THEMES[theme]);
    button.title = THEMES[theme];
  };
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(settings.get("theme")) + 1) % order.length];
    settings.set("theme", next);
    toast(THEMES[next]);
  });
  settings.subscribe("theme", apply);
  apply(settings.get("theme"));
  return button;
}

function mosaicButton() {
  const button = h("button", { type: "button", class: "icon-button", role: "switch",
    "aria-label": t("Mosaic: show pictures as blocks") }, icon("mosaic"));
  /** @param {boolean} on */
  const apply = (on) => {
    const forced = settings.isForced("mosaic");
    button.setAttribute("aria-checked", String(on));
    button.setAttribute("aria-disabled", String(forced));
    button.title = forced ? MOSAIC_FORCED
      : on ? t("Mosaic is on") : t("Mosaic: show pictures as blocks");
  };
  button.addEventListener("click", () => {
    if (settings.isForced("mosaic")) toast(MOSAIC_FORCED);
    else settings.set("mosaic", !settings.get("mosaic"));
  });
  settings.subscribe("mosaic", (on) => {
    apply(on);
    if (!settings.isForced("mosaic")) reload();
  });
  apply(settings.get("mosaic"));
  return button;
}

function helpButton() {
  return h("button", { type: "button", class: "icon-button", "aria-label": t("Keyboard shortcuts"),
    title: t("Keyboard shortcuts (?)"), onclick: openHelp }, icon("help"));
}

/** @param {() => void} focusFind moves the focus to the field at the top */
function listenForShortcuts(focusFind) {
  let prefixTime = -Infinity; // when g was pressed, in milliseconds
  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (modified || event.defaultPrevented || isTyping(event)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") openHelp();
    else if (event.key === "/") focusFind();
    else if (event.key === "g") prefixTime = event.timeStamp;
    else if (event.timeStamp - prefixTime < 1200 && event.key in PLACES) {
      prefixTime = -Infinity;
      navigate(PLACES[event.key]);
    } else return;
    event.preventDefault();
  });
}

// The router has no address "#view", and some browsers do not move the focus for such a link.
/** @param {HTMLElement} main */
function listenForSkip(main) {
  mustFind(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
}

/**
 * Starts the only page of a server whose folder has no collection yet.
 * @param {HTMLElement} main
 */
function bootSetup(main) {
  document.body.classList.add("setting-up");
  mustFind("#tools").append(themeButton());
  listenForSkip(main);
  start({ "/setup": setup }, main, getInfo);
}

function boot() {
  translateDocument(document.body);
  for (const placeholder of findAll("[data-icon]", document)) {
    const name = placeholder.dataset.icon ?? "";
    placeholder.replaceWith(icon(name, { size: name === "mark" ? 24 : 20 }));
  }
  mustFind(".wordmark .kana").append(kana());
  const main = mustFind("#view");
  if (location.pathname === "/setup") {
    bootSetup(main);
    return;
  }
  mustFind("#tools").append(mosaicButton(), themeButton(), helpButton());
  watchConnection(mustFind("#banner"), () => {
    // A view that is complete stays. It loads its missing parts itself on the event "found".
    if (!main.firstElementChild || main.querySelector("[data-lost]")) reload();
  });
  listenForShortcuts(installFind(mustFind("#find-place"), getInfo));
  listenForZoom();
  listenForSkip(main);
  start(ROUTES, main, getInfo);
}

boot();
