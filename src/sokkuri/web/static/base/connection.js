// Shows a banner when the server does not answer, and tries until it answers again.

import { announce, clear, h } from "./dom.js";
import { connection, healthy } from "./api.js";
import { events } from "./events.js";
import { icon } from "./icons.js";
import { t } from "./messages.js";

const FIRST = 1000;
const LONGEST = 15000;

let lost = false;
let timer = 0;
let wait = FIRST;

/**
 * Starts to watch the connection.
 * @param {HTMLElement} banner
 * @param {() => void} onFound called when the server is back
 */
export function watchConnection(banner, onFound) {
  connection.addEventListener("lost", () => {
    if (lost) return;
    lost = true;
    wait = FIRST;
    show(banner);
    scheduleAttempt();
  });
  connection.addEventListener("found", () => {
    lost = false;
    clearTimeout(timer);
    banner.hidden = true;
    clear(banner);
    announce(t("The server is back"));
    onFound();
  });
  addEventListener("online", () => lost && attempt());
  // The stream of events breaks at once when the server stops.
  events(() => {}, async () => {
    if (!document.hidden && !await healthy()) connection.dispatchEvent(new Event("lost"));
  });
}

/** @param {HTMLElement} banner */
function show(banner) {
  const retry = h("button", { type: "button", class: "button", onclick: attempt }, t("Try now"));
  const text = h("span", null, t("The server does not answer. Trying again…"));
  banner.replaceChildren(icon("lost"), text, retry);
  banner.hidden = false;
}

// Pauses grow. A random factor keeps the attempts of several tabs apart.
function scheduleAttempt() {
  clearTimeout(timer);
  timer = setTimeout(attempt, wait * (0.8 + Math.random() * 0.4));
  wait = Math.min(wait * 1.7, LONGEST);
}

async function attempt() {
  clearTimeout(timer);
  if (await healthy()) connection.dispatchEvent(new Event("found"));
  else if (lost) scheduleAttempt();
}
