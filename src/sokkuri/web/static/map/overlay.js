// What lies over the points: thumbnails of a few points in sight, and names of regions.

import { imageUrl } from "../base/api.js";
import { h } from "../base/dom.js";
import { toQuery } from "../base/query.js";

/**
 * @import { MapImageDocument, MapRegionDocument } from "../base/api_types.js"
 * @import { Points } from "./points.js"
 */

const TILE = 92; // pixels; each tile has at most one thumbnail
const MOST = 48; // thumbnails
const FEW = 3000; // points in sight from which on thumbnails are shown

/**
 * @typedef {{x: number, y: number, size: number}} Frame see Plot.draw
 * @typedef {{element: HTMLElement, place: {x: number, y: number}}} Placed
 */

/**
 * Chooses points to show as thumbnails: at most one for each tile of the window.
 * @param {Points} points
 * @param {Frame} frame
 * @param {{width: number, height: number}} room
 * @returns {number[]} none while too many points are in sight
 */
export function choosePoints(points, frame, { width, height }) {
  const box = {
    left: -frame.x / frame.size, right: (width - frame.x) / frame.size,
    top: 1 + frame.y / frame.size, bottom: 1 - (height - frame.y) / frame.size,
  };
  /** @type {Map<string, number>} */
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

/**
 * The pixel of a place of the map.
 * @param {{x: number, y: number}} place
 * @param {Frame} frame
 */
export function onScreen({ x, y }, frame) {
  return { x: frame.x + x * frame.size, y: frame.y + (1 - y) * frame.size };
}

export class Overlay {
  constructor() {
    this.pictures = h("div", { class: "map-pictures" });
    this.names = h("div", { class: "map-names", "aria-hidden": "true" });
    /** @type {Map<number, Placed>} by point */
    this.shown = new Map();
    /** @type {Placed[]} */
    this.regions = [];
  }

  /**
   * Shows the pictures of some images; those that are there stay.
   * @param {MapImageDocument[]} images
   * @param {Points} points
   */
  show(images, points) {
    const wanted = new Map(images.map((image) => [image.point, image]));
    for (const [point, { element }] of this.shown) {
      if (wanted.has(point)) continue;
      element.remove();
      this.shown.delete(point);
    }
    for (const [point, image] of wanted) {
      if (this.shown.has(point)) continue;
      const element = h("a", { dataset: { point }, href: `/image?${toQuery({ id: image.id })}`, title: image.name },
        h("img", { src: imageUrl(image.id, "thumbnail", { size: 64, v: image.v }), alt: image.name,
          draggable: "false" }));
      this.pictures.append(element);
      this.shown.set(point, { element, place: points.at(point) });
    }
  }

  /** @param {MapRegionDocument[]} regions */
  setRegions(regions) {
    this.regions = regions.map((region) => {
      const element = h("span", null, shortName(region.name));
      return { element, place: region };
    });
    this.names.replaceChildren(...this.regions.map(({ element }) => element));
  }

  /**
   * Puts everything in its place.
   * @param {Frame} frame
   */
  arrange(frame) {
    for (const { element, place } of [...this.shown.values(), ...this.regions]) {
      const { x, y } = onScreen(place, frame);
      element.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px)`;
    }
  }
}

/** The last part of a folder's path. @param {string} name */
export const shortName = (name) => name.slice(name.lastIndexOf("/") + 1);
