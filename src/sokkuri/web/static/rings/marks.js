// Draws the faint rings between the pictures, and the distance of each.

import { labelSpot } from "./labels.js";
import { MOVE } from "./moving.js";

/** @import { Place, Ring } from "./layout.js" */

const SVG = "http://www.w3.org/2000/svg";

/** Two drawings: the rings lie below the pictures, their labels above. */
export class Marks {
  constructor() {
    this.ellipses = svg("svg", { class: "ring-marks", "aria-hidden": "true" });
    this.labels = svg("svg", { class: "ring-marks ring-labels", "aria-hidden": "true" });
  }

  /**
   * @param {Ring[]} rings
   * @param {Place[]} places of the pictures, which labels avoid
   * @param {{w: number, h: number}} size of the stage
   * @param {boolean} fades whether they appear slowly
   */
  draw(rings, places, { w, h }, fades) {
    this.ellipses.replaceChildren(...rings.map(({ rx, ry }) =>
      svg("ellipse", { cx: w / 2, cy: h / 2, rx, ry })));
    this.labels.replaceChildren(...rings.map((ring) =>
      svg("text", labelSpot(ring, places, w, h), String(ring.distance))));
    for (const drawing of [this.ellipses, this.labels]) {
      drawing.setAttribute("width", String(w));
      drawing.setAttribute("height", String(h));
      if (fades) drawing.animate({ opacity: [0, 0, 1] }, MOVE);
    }
  }
}

/**
 * @param {string} tag
 * @param {Record<string, unknown>} attributes
 * @param {string} [text]
 */
function svg(tag, attributes, text = "") {
  const el = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, String(value));
  el.textContent = text;
  return el;
}
