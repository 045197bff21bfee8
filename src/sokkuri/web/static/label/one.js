// One suggested image in large, why it is suggested, and the nearest ones that have labels.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { makeStage } from "../image/stage.js";
import { link } from "../base/router.js";

const NEIGHBOURS = 6;

/**
 * @param {{signal: AbortSignal, isBusy: () => boolean,
 *   onguess: (guess: ?{label: string, share: number}) => void}} options while `isBusy`, labels are
 *   on their way, and neighbours are left for the next `refresh`
 * @returns {{element: HTMLElement, near: HTMLElement, show: (image: *) => void,
 *   aim: (image: *) => void, refresh: () => void}} `near` are the labelled neighbours, to be put
 *   beside it; `aim` asks for those without showing the image
 */
export function makeOne({ signal, isBusy, onguess }) {
  const element = h("div", { class: "label-one" });
  const near = h("section", { class: "label-near", "aria-labelledby": "label-near" });
  let drawn = null;
  let shown = null;
  let request = null;

  async function refresh() {
    if (!shown || isBusy()) return;
    request?.abort();
    request = new AbortController();
    const { id } = shown;
    try {
      const found = await api.get("/labels/near", { id, labelled: NEIGHBOURS },
        { signal: AbortSignal.any([signal, request.signal]) });
      near.replaceChildren(...neighbours(found));
      onguess(found.guess);
    } catch (error) {
      if (error.name === "AbortError") return;
      near.replaceChildren(heading(), h("p", { class: "soft small" },
        `Not known at present: ${error.message}`));
    }
  }

  function show(image) {
    if (drawn !== image.id) {
      drawn = image.id;
      element.replaceChildren(makeStage(image), about(image));
    }
    aim(image);
  }

  function aim(image) {
    if (shown?.id !== image.id) {
      shown = image;
      near.replaceChildren(heading(), h("ul", { class: "near-list", role: "list" },
        [1, 2, 3].map(() => h("li", { class: "skeleton" }))));
      onguess(null);
    }
    refresh();
  }

  return { element, near, show, aim, refresh };
}

/** Fetches an image's picture before it is shown. */
export function preload({ id, v }) {
  const picture = new Image();
  picture.fetchPriority = "low";
  picture.src = api.imageUrl(id, "thumbnail", { size: 2048, v });
}

function about({ id, name, folder, why }) {
  return h("div", { class: "label-about" },
    h("h2", null, link("/image", { id }, null, name)),
    folder && h("span", { class: "soft small" }, folder),
    why && h("p", { class: "soft small" }, whyThis(why)));
}

/** The reason of a suggestion as a line. */
export function whyThis(why) {
  return `Why this one? ${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
}

const heading = () => h("h2", { id: "label-near" }, "Nearest with a label");

function neighbours({ labelled }) {
  if (!labelled.length) {
    return [heading(), h("p", { class: "soft small" }, "Nothing has a label yet.")];
  }
  return [heading(), h("ul", { class: "near-list", role: "list" }, labelled.map((hit) => {
    const src = api.imageUrl(hit.id, "thumbnail", { size: 128, v: hit.v });
    return h("li", null, link("/image", { id: hit.id }, { title: hit.name,
      "aria-label": `${hit.label}: ${hit.name}, distance ${hit.distance.toFixed(3)}` },
    h("img", { alt: "", src, loading: "lazy", decoding: "async" }),
    h("span", { class: "near-label" }, hit.label),
    h("span", { class: "number soft" }, hit.distance.toFixed(3))));
  }))];
}
