// A large image: first a small blurred thumbnail, then the sharp picture over it.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { listed } from "../base/trail.js";

/**
 * @typedef {{id: string, name: string, v: string, width: ?number, height: ?number}} Staged
 */

/**
 * @param {Staged} image
 * @returns {HTMLElement}
 */
export function makeStage({ id, name, v, width, height }) {
  const frame = h("div", { class: "frame" });
  const ratio = width && height ? width / height : 1.5;
  // Small images are enlarged a little, but not to the size of the window.
  frame.style.setProperty("--ratio", String(ratio));
  frame.style.setProperty("--natural", `${width ? Math.max(width * 1.75, 320) : 2048}px`);
  const stage = h("figure", { class: "stage" }, frame);
  const early = h("img", { class: "early", alt: "",
    src: imageUrl(id, "thumbnail", { size: 256, v }) });
  early.addEventListener("error", () => early.remove());
  frame.append(early, sharp({ id, name, v }, stage, early));
  return stage;
}

/**
 * @param {Pick<Staged, "id" | "name" | "v">} image
 * @param {HTMLElement} stage
 * @param {HTMLElement} early
 */
function sharp({ id, name, v }, stage, early) {
  const img = h("img", { class: "sharp", alt: name, decoding: "async", fetchpriority: "high" });
  const src = imageUrl(id, "thumbnail", { size: 2048, v });
  img.addEventListener("load", () => {
    stage.classList.add("shown");
    early.classList.add("gone");
  });
  img.addEventListener("error", () => {
    const again = h("button", { type: "button", class: "button", onclick: () => {
      stage.querySelector(".no-picture")?.remove();
      img.hidden = false;
      img.src = src;
    } }, t("Try again"));
    img.hidden = true;
    stage.querySelector(".no-picture")?.remove();
    stage.append(h("div", { class: "no-picture" }, icon("missing", { size: 40 }),
      h("span", null, t("This picture cannot be shown")), again));
  });
  img.src = src;
  return img;
}

/**
 * Begins to load the picture of an image before its details are there, if its list knows enough.
 * @param {string} id
 */
export async function loadEarly(id) {
  const known = await listed(id).catch(() => null);
  if (known?.v) new Image().src = imageUrl(id, "thumbnail", { size: 2048, v: known.v });
}
