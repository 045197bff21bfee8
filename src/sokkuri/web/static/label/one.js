// A large picture of one suggested image, the reason for the suggestion, and the nearest labelled
// images.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { capitalise, decimal } from "../base/format.js";
import { serverText, t } from "../base/messages.js";
import { makeStage } from "../image/stage.js";
import { link } from "../base/router.js";

/**
 * @import { GuessDocument, NearbyImagesDocument } from "../base/api_types.js"
 * @import { ImageToLabel } from "./suggestions.js"
 */

const NEIGHBOURS = 6;

/**
 * @param {{signal: AbortSignal, isBusy: () => boolean,
 *   onguess: (guess: ?GuessDocument) => void}} options while `isBusy`, labels are
 *   being sent, and neighbours are fetched only by the next `refresh`; `onguess` gets the label
 *   that the neighbours suggest
 * @returns {{element: HTMLElement, near: HTMLElement, show: (image: ImageToLabel) => void,
 *   showNear: (image: ImageToLabel) => void, refresh: () => void}} `near` shows the labelled
 *   neighbours; `showNear` fetches them without showing the image
 */
export function makeOne({ signal, isBusy, onguess }) {
  const element = h("div", { class: "label-one" });
  const near = h("section", { class: "label-near", "aria-labelledby": "label-near" });
  /** @type {?string} */
  let drawnId = null;
  /** @type {?ImageToLabel} */
  let current = null;
  /** @type {?AbortController} */
  let request = null;

  async function refresh() {
    if (!current || isBusy()) return;
    request?.abort();
    request = new AbortController();
    const { id } = current;
    try {
      const answer = await api.get("/labels/near", { id, labelled: NEIGHBOURS },
        { signal: AbortSignal.any([signal, request.signal]) });
      near.replaceChildren(...neighbours(answer));
      onguess(answer.guess);
    } catch (error) {
      if (api.isAbort(error)) return;
      near.replaceChildren(heading(), h("p", { class: "soft small" },
        t("Could not be loaded: {reason}", { reason: api.messageOf(error) })));
    }
  }

  /** @param {ImageToLabel} image */
  function show(image) {
    if (drawnId !== image.id) {
      drawnId = image.id;
      element.replaceChildren(makeStage(image), about(image));
    }
    showNear(image);
  }

  /** @param {ImageToLabel} image */
  function showNear(image) {
    if (current?.id !== image.id) {
      current = image;
      near.replaceChildren(heading(), h("ul", { class: "near-list", role: "list" },
        [1, 2, 3].map(() => h("li", { class: "skeleton" }))));
      onguess(null);
    }
    refresh();
  }

  return { element, near, show, showNear, refresh };
}

/** @type {?string} */
let preloaded = null;

/**
 * Loads the picture of an image before it is shown.
 * @param {ImageToLabel} image
 */
export function preload({ id, v }) {
  if (id === preloaded) return;
  preloaded = id;
  const picture = new Image();
  picture.fetchPriority = "low";
  picture.src = api.imageUrl(id, "thumbnail", { size: 2048, v });
}

/** @param {ImageToLabel} image */
function about({ id, name, folder, why }) {
  return h("div", { class: "label-about" },
    h("h2", null, link("/image", { id }, null, name)),
    folder && h("span", { class: "soft small" }, folder),
    why && h("p", { class: "soft small" }, whyThis(why)));
}

/**
 * The reason for a suggestion as a line of text.
 * @param {string} why
 */
export function whyThis(why) {
  return t("Why this image? {reason}.", { reason: capitalise(serverText(why)) });
}

const heading = () => h("h2", { id: "label-near" }, t("Nearest labelled images"));

/** @param {NearbyImagesDocument} answer */
function neighbours({ labelled }) {
  if (!labelled.length) {
    return [heading(), h("p", { class: "soft small" }, t("No image has a label yet."))];
  }
  return [heading(), h("ul", { class: "near-list", role: "list" }, labelled.map((hit) => {
    const src = api.imageUrl(hit.id, "thumbnail", { size: 128, v: hit.v });
    return h("li", null, link("/image", { id: hit.id }, { title: hit.name,
      "aria-label": t("{label}: {name}, distance {distance}",
        { label: hit.label, name: hit.name, distance: decimal(hit.distance, 3) }) },
    h("img", { alt: "", src, loading: "lazy", decoding: "async" }),
    h("span", { class: "near-label" }, hit.label),
    h("span", { class: "number soft" }, decimal(hit.distance, 3))));
  }))];
}
