// The estimated accuracy by the number of labels: a line, and the same in words.

import { h } from "../base/dom.js";
import * as format from "../base/format.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 96;
const EDGE = 3;

/**
 * @param {Array<{labels: number, accuracy: number}>} curve ascending by labels
 * @returns {Array<Element>}
 */
export function curvePicture(curve) {
  if (!curve.length) {
    return [h("p", { class: "soft small" },
      "Once some images of two or more kinds are labelled, this says how well their labels "
      + "could have been guessed from the others.")];
  }
  const last = curve.at(-1);
  const said = `${format.percent(last.accuracy)} at ${format.count(last.labels)} labels`;
  return [
    h("p", { class: "small" }, h("strong", { class: "number" }, said), earlier(curve)),
    h("div", { class: "curve-frame" }, drawing(curve),
      h("span", { class: "top number soft", "aria-hidden": "true" }, "100%"),
      h("span", { class: "foot number soft", "aria-hidden": "true" }, "0%"),
      h("span", { class: "end number soft", "aria-hidden": "true" }, format.count(last.labels))),
    h("p", { class: "soft small" },
      "Each label as it would have been guessed from the nearest of the others."),
  ];
}

function earlier(curve) {
  const half = curve.findLast(({ labels }) => labels <= curve.at(-1).labels / 2);
  return half && `, from ${format.percent(half.accuracy)} at ${format.count(half.labels)}`;
}

function drawing(curve) {
  const most = curve.at(-1).labels;
  const across = (labels) => EDGE + (labels / most) * (WIDTH - 2 * EDGE);
  const up = (accuracy) => HEIGHT - EDGE - accuracy * (HEIGHT - 2 * EDGE);
  const points = curve.map(({ labels, accuracy }) =>
    `${across(labels).toFixed(1)},${up(accuracy).toFixed(1)}`);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true",
    class: "curve", preserveAspectRatio: "none" });
  for (const share of [0, 0.5, 1]) {
    svg.append(element("line", { x1: 0, x2: WIDTH, y1: up(share), y2: up(share), class: "rule" }));
  }
  // One point is a line of no length: its round ends make it a dot.
  const path = points.length > 1 ? points : [points[0], points[0]];
  svg.append(element("polyline", { points: path.join(" "), class: "graph" }));
  return svg;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
