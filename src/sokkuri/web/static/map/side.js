// The column beside the map: how many pictures there are, what is lit, how the map is made, what the
// colours mean, the regions, and the picture under the pointer.

import * as api from "../base/api.js";
import { howToAllow } from "../base/changes.js";
import { h, present } from "../base/dom.js";
import * as format from "../base/format.js";
import { rich, serverText, t } from "../base/messages.js";
import { problemText } from "../base/problem_text.js";
import { link, navigate } from "../base/router.js";
import { shade } from "./colours.js";
import { shortName } from "./overlay.js";

/**
 * @import { MapDocument, MapImageDocument, MapRegionDocument } from "../base/api_types.js"
 * @import { Params } from "../base/query.js"
 */

const GROUPINGS = { folder: t("Folder"), label: t("Label"), date: t("Date"), copies: t("Copies") };

/** @typedef {keyof typeof GROUPINGS} Grouping */

/**
 * What the colours mean that an address names, by default folders.
 * @param {?string} named
 * @returns {Grouping}
 */
export const groupingOf = (named) => (named !== null && Object.hasOwn(GROUPINGS, named)
  ? /** @type {Grouping} */ (named) : "folder");

/**
 * @typedef {{map: MapDocument, by: Grouping, passing: ?number, query: ?string, lit: number,
 *   works: boolean}} Shown
 *   passing: how many pictures pass the filter, null without one; query: the picture whose likes are
 *   lit, `lit` of them; works: whether the browser can draw the points
 */

export class Side {
  /**
   * @param {{address: () => Params, onmake: (rebuild: boolean) => void,
   *   onregion: (region: MapRegionDocument) => void}} options
   */
  constructor({ address, onmake, onregion }) {
    this.address = address;
    this.onmake = onmake;
    this.onregion = onregion;
    this.el = h("div", { class: "map-about" });
  }

  /** @param {Shown} shown */
  show({ map, by, passing, query, lit, works }) {
    const { count, waiting, regions } = map;
    this.el.replaceChildren(...present([
      count > 0 && h("p", { class: "soft map-count" }, (passing !== null
        ? t("{number} of {count} picture|{number} of {count} pictures", { number: passing, count })
        : t("{count} picture|{count} pictures", { count }))
        + (waiting ? t(", {count} more without a place", { count: waiting }) : "")),
      !works && h("p", null, t("This browser cannot draw the points: it has no WebGL 2.")),
      query && this.litNote(query, lit),
      this.maker(map),
      count > 0 && this.chooser(by),
      count > 0 && legend(map, by),
      regions.length > 0 && this.regionList(regions),
    ]));
  }

  /**
   * @param {string} query
   * @param {number} count
   */
  litNote(query, count) {
    return h("p", { class: "map-lit" },
      t("The picture most like {name} is lit. |The {count} pictures most like {name} are lit. ",
        { count, name: shortName(query) }),
      link("/map", { ...this.address(), id: null }, null, t("Show all")));
  }

  /**
   * The buttons that make the map, or the progress.
   * @param {MapDocument} map
   */
  maker({ running, failure, allowed, made, waiting }) {
    if (running) {
      const known = running.total > 0 && running.stage !== "projecting";
      return h("div", { class: "running" },
        h("progress", { "aria-label": t("Making the map"), max: 1,
          value: known ? running.done / running.total : null }),
        h("p", { class: "number small" }, format.capitalise(serverText(running.stage))));
    }
    /**
     * @param {string} text
     * @param {boolean} rebuild
     * @param {string} kind
     */
    const make = (text, rebuild, kind) => h("button", { type: "button", class: `button ${kind}`,
      onclick: () => this.onmake(rebuild) }, text);
    return h("div", { class: "map-make" },
      failure && h("p", { class: "fault", role: "alert" }, problemText(failure)),
      allowed && !made && make(t("Make the map"), false, "primary"),
      allowed && made && waiting > 0 && make(t("Place {count} new", { count: waiting }), false,
        "primary"),
      allowed && made && make(t("Make it anew"), true, "quiet"),
      !allowed && (!made || waiting > 0) && h("div", null, howToAllow(),
        h("p", { class: "soft small" }, rich("Or make the map with {command}",
          { command: h("code", null, "sokkuri map") }))));
  }

  /** @param {Grouping} shown */
  chooser(shown) {
    /** @type {HTMLSelectElement} */
    const select = h("select", { onchange: () => navigate("/map",
      { ...this.address(), by: select.value === "folder" ? null : select.value }, { replace: true }) },
      Object.entries(GROUPINGS).map(([by, label]) =>
        h("option", { value: by, selected: by === shown }, label)));
    return h("label", { class: "map-by" }, rich("Colours and names by {choice}",
      { choice: select }));
  }

  /** @param {MapRegionDocument[]} regions */
  regionList(regions) {
    return h("div", null, h("h2", null, t("Regions")),
      h("ul", { class: "map-regions", role: "list" }, regions.map((region) =>
        h("li", null, h("button", { type: "button", class: "button quiet small", title: region.name,
          onclick: () => this.onregion(region) }, shortName(region.name))))));
  }

  /**
   * Shows the picture under the pointer.
   * @param {MapImageDocument} image
   */
  preview(image) {
    this.el.querySelector(".map-preview")?.remove();
    this.el.append(h("figure", { class: "map-preview" },
      h("img", { src: api.imageUrl(image.id, "thumbnail", { size: 256, v: image.v }), alt: "" }),
      h("figcaption", { class: "small" }, image.name)));
  }
}

/**
 * @param {MapDocument} map
 * @param {Grouping} by
 */
function legend({ groups, copies }, by) {
  if (copies?.groups) {
    return h("p", { class: "soft small" }, t("{number} pictures are in {count} group of copies. "
      + "The pictures of a group have one colour.|{number} pictures are in {count} groups of copies. "
      + "The pictures of a group have one colour.",
    { number: copies.images, count: copies.groups }));
  }
  if (!groups.length) {
    return h("p", { class: "soft small" }, { label: t("No picture has a label."),
      date: t("Of no picture it is known when it was taken."),
      copies: t("No copies are known. The page Duplicates finds them."),
      folder: t("All pictures are in one folder.") }[by]);
  }
  return h("ul", { class: "map-legend", role: "list" }, groups.map(({ name, count }, index) =>
    h("li", null,
      h("span", { class: `swatch map-colour-${shade(index, by, groups.length)}`,
        "aria-hidden": "true" }),
      h("span", { class: "map-name", title: name }, name),
      h("span", { class: "number soft small" }, format.count(count)))));
}
