// The estimated accuracy by number of labels, as a curve and in words.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";
import { t } from "../base/messages.js";

/** @import { CurvePointDocument } from "../base/api_types.js" */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 96;
const EDGE = 3;

/**
 * @param {CurvePointDocument[]} curve ascending by labels
 * @returns {Array<Element>}
 */
export function curvePicture(curve) {
  const last = curve.at(-1);
  if (!last) {
    return [h("p", { class: "soft small" },
      t("When you have labelled some images of two or more kinds, this shows how well a label can "
      + "be predicted from the other labels."))];
  }
  const summary = t("{share} at {count} label|{share} at {count} labels",
    { share: format.percent(last.accuracy), count: last.labels });
  return [
    h("p", { class: "small" }, h("strong", { class: "number" }, summary), earlier(curve, last)),
    h("div", { class: "curve-frame" }, drawing(curve, last),
      h("span", { class: "top number soft", "aria-hidden": "true" }, "100%"),
      h("span", { class: "foot number soft", "aria-hidden": "true" }, "0%"),
      h("span", { class: "end number soft", "aria-hidden": "true" }, format.count(last.labels))),
    h("p", { class: "soft small" },
      t("Each label is predicted from the nearest other labelled images.")),
  ];
}

/**
 * @param {CurvePointDocument[]} curve
 * @param {CurvePointDocument} last
 */
function earlier(curve, last) {
  const half = curve.findLast(({ labels }) => labels <= last.labels / 2);
  return half && t(", from {share} at {count}",
    { share: format.percent(half.accuracy), count: half.labels });
}

/**
 * @param {CurvePointDocument[]} curve
 * @param {CurvePointDocument} last
 */
function drawing(curve, last) {
  const most = last.labels;
  /** @param {number} labels */
  const across = (labels) => EDGE + (labels / most) * (WIDTH - 2 * EDGE);
  /** @param {number} accuracy */
  const up = (accuracy) => HEIGHT - EDGE - accuracy * (HEIGHT - 2 * EDGE);
  const points = curve.map(({ labels, accuracy }) =>
    `${across(labels).toFixed(1)},${up(accuracy).toFixed(1)}`);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true",
    class: "curve", preserveAspectRatio: "none" });
  for (const share of [0, 0.5, 1]) {
    svg.append(element("line", { x1: 0, x2: WIDTH, y1: up(share), y2: up(share), class: "rule" }));
  }
  // A single point is a line of length zero. Its round ends make it a dot.
  const path = points.length > 1 ? points : [points[0], points[0]];
  svg.append(element("polyline", { points: path.join(" "), class: "graph" }));
  return svg;
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} attributes
 */
function element(name, attributes) {
  const el = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value));
  return el;
}
