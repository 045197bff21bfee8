// The large picture beside the rings: the selected picture with its name, distance and links.

import { imageUrl } from "../base/api.js";
import { h, present } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { link } from "../base/router.js";
import { shortDistance } from "./canvas.js";

/** @import { Picture } from "./canvas.js" */

/**
 * @param {{hrefOf: (picture: Picture) => ?string, isCentre: (picture: Picture) => boolean}} options
 * @returns {{element: HTMLElement, show: (picture: Picture) => void}}
 */
export function ringPreview({ hrefOf, isCentre }) {
  const img = h("img", { alt: "", decoding: "async", class: "preview-picture" });
  const frame = h("div", { class: "preview-frame" }, img);
  const name = h("p", { class: "preview-name" });
  const facts = h("p", { class: "preview-facts soft small number" });
  const actions = h("div", { class: "row preview-actions" });
  const element = h("div", { class: "ring-preview" }, frame,
    h("div", { class: "preview-text" }, name, facts, actions));
  /** @type {?Picture} */
  let shown = null;

  /** @param {Picture} picture */
  function show(picture) {
    const centre = isCentre(picture);
    name.textContent = picture.name;
    name.title = picture.folder ? `${picture.folder}/${picture.name}` : picture.name;
    facts.replaceChildren(...factsOf(picture, centre));
    actions.replaceChildren(...linksOf(picture, centre ? null : hrefOf(picture)));
    if (shown !== picture) load(picture);
    shown = picture;
  }

  // First the thumbnail that the rings have loaded, then a sharper one.
  /** @param {Picture} picture */
  function load(picture) {
    if (picture.src) {
      img.src = picture.src;
      return;
    }
    /** @param {number} size */
    const address = (size) => imageUrl(picture.id, "thumbnail", { size, v: picture.v });
    img.src = address(128);
    const sharp = new Image();
    sharp.addEventListener("load", () => {
      if (shown === picture) img.src = sharp.src;
    });
    sharp.src = address(frame.clientWidth * devicePixelRatio > 560 ? 1024 : 512);
  }

  return { element, show };
}

/**
 * @param {Picture} picture
 * @param {boolean} centre
 */
function factsOf(picture, centre) {
  const size = picture.width ? `${picture.width} × ${picture.height}` : null;
  const distance = centre ? t("in the middle")
    : t("distance {distance}", { distance: shortDistance(picture.distance) });
  return [[distance, size].filter(Boolean).join(" · ")];
}

/**
 * @param {Picture} picture
 * @param {?string} centreHref
 */
function linksOf(picture, centreHref) {
  if (!centreHref && picture.src) return []; // not in the collection
  return present([
    centreHref && h("a", { class: "button quiet to-middle", href: centreHref }, icon("rings"),
      t("Move to the middle")),
    link("/image", { id: picture.id }, { class: "button quiet" }, icon("open"), t("Details")),
    link("/search", { id: picture.id }, { class: "button quiet" }, icon("search"), t("Search")),
  ]);
}
