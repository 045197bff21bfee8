// What lies over the points: thumbnails of a few points in sight, and names of regions.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";
import { toQuery } from "../base/query.js";

const TILE = 92; // pixels; each tile has at most one thumbnail
const MOST = 48; // thumbnails
const FEW = 3000; // points in sight from which on thumbnails are shown

/**
 * Chooses points to show as thumbnails: at most one for each tile of the window.
 * @param {import("./points.js").Points} points
 * @param {{x: number, y: number, size: number}} frame see Plot.draw
 * @param {{width: number, height: number}} room
 * @returns {number[]} none while too many points are in sight
 */
export function choosePoints(points, frame, { width, height }) {
  const box = {
    left: -frame.x / frame.size, right: (width - frame.x) / frame.size,
    top: 1 + frame.y / frame.size, bottom: 1 - (height - frame.y) / frame.size,
  };
  const tiles = new Map();
  let seen = 0;
  points.visit(box, (point) => {
    const { x, y } = onScreen(points.at(point), frame);
    const tile = `${Math.floor(x / TILE)} ${Math.floor(y / TILE)}`;
    if (!tiles.has(tile)) tiles.set(tile, point);
    seen += 1;
    return seen <= FEW;
  });
  return seen > FEW ? [] : [...tiles.values()].slice(0, MOST);
}

/** The pixel of a place of the map. */
export function onScreen({ x, y }, frame) {
  return { x: frame.x + x * frame.size, y: frame.y + (1 - y) * frame.size };
}

export class Overlay {
  constructor() {
    this.pictures = h("div", { class: "map-pictures" });
    this.names = h("div", { class: "map-names", "aria-hidden": "true" });
    this.shown = new Map();
    this.regions = [];
  }

  /** Shows the pictures of some images; those that are there stay. */
  show(images, points) {
    const wanted = new Map(images.map((image) => [image.point, image]));
    for (const [point, { element }] of this.shown) {
      if (wanted.has(point)) continue;
      element.remove();
      this.shown.delete(point);
    }
    for (const [point, image] of wanted) {
      if (this.shown.has(point)) continue;
      const element = h("a", { href: `/image?${toQuery({ id: image.id })}`, title: image.name },
        h("img", { src: imageUrl(image.id, "thumbnail", { size: 64, v: image.v }), alt: image.name,
          draggable: "false" }));
      this.pictures.append(element);
      this.shown.set(point, { element, place: points.at(point) });
    }
  }

  setRegions(regions) {
    this.regions = regions.map((region) => {
      const element = h("span", null, shortName(region.name));
      return { element, place: region };
    });
    this.names.replaceChildren(...this.regions.map(({ element }) => element));
  }

  /** Puts everything in its place. */
  arrange(frame) {
    for (const { element, place } of [...this.shown.values(), ...this.regions]) {
      const { x, y } = onScreen(place, frame);
      element.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px)`;
    }
  }
}

/** The last part of a folder's path. */
export const shortName = (name) => name.split("/").at(-1);
