// The stage of the map: the points, the names and pictures over them, and the part of the map that is in
// sight.

import { h } from "../base/dom.js";
import { panning } from "../rings/panning.js";
import { zoomButtons } from "../rings/zoom_buttons.js";
import { colourOf, groupColours } from "./colours.js";
import { Overlay } from "./overlay.js";
import { Plot } from "./plot.js";

/** @import { Frame } from "./overlay.js" */

const MOST = 400; // largest scale
const MARGIN = 24; // pixels around the map

export class Stage {
  /**
   * @param {{signal: AbortSignal, onmove: () => void, ondraw: () => {by: string, groups: number}}} options
   *   onmove: called when another part of the map is in sight, or it looks different; ondraw: called
   *   before drawing, and says what the colours mean
   */
  constructor({ signal, onmove, ondraw }) {
    this.onmove = onmove;
    this.ondraw = ondraw;
    /** @type {?number} */
    this.frameAsked = null;
    this.overlay = new Overlay();
    const canvas = h("canvas", { class: "map-canvas", "aria-hidden": "true" });
    const world = h("div", { class: "map-world" });
    this.el = h("div", { class: "map-stage", tabindex: 0, role: "group" }, canvas, world,
      this.overlay.names, this.overlay.pictures, zoomButtons(() => this.panning, "map"));
    this.plot = new Plot(canvas);
    this.plot.onrestore = () => this.redraw();
    this.panning = panning(this.el, world, { onchange: onmove, most: MOST });
    this.sizes = new ResizeObserver(onmove);
    this.sizes.observe(this.el);
    this.themes = new MutationObserver(onmove);
    this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onmove, { signal });
  }

  get size() {
    return { width: this.el.clientWidth, height: this.el.clientHeight };
  }

  /**
   * The square of the map on the stage, in pixels.
   * @returns {Frame}
   */
  frame() {
    const { width, height } = this.size;
    const size = Math.max(Math.min(width, height) - 2 * MARGIN, 1);
    const { x, y, scale } = this.panning.view;
    return { x: x + scale * (width - size) / 2, y: y + scale * (height - size) / 2,
      size: scale * size };
  }

  /**
   * The place of the map under a pointer.
   * @param {MouseEvent} event
   */
  placeOf(event) {
    const { left, top } = this.el.getBoundingClientRect();
    const { x, y, size } = this.frame();
    return { x: (event.clientX - left - x) / size, y: 1 - (event.clientY - top - y) / size };
  }

  /**
   * Zooms to a place of the map.
   * @param {{x: number, y: number}} place
   * @param {number} [scale]
   */
  goTo({ x, y }, scale = 8) {
    const { width, height } = this.size;
    this.panning.fit(false);
    const frame = this.frame();
    this.panning.zoom(scale, { x: frame.x + x * frame.size, y: frame.y + (1 - y) * frame.size });
    const now = this.frame();
    this.panning.pan(width / 2 - (now.x + x * now.size), height / 2 - (now.y + (1 - y) * now.size));
    this.focus();
  }

  focus() {
    this.el.focus({ preventScroll: true });
  }

  /** Draws at the next frame. */
  redrawSoon() {
    this.frameAsked ??= requestAnimationFrame(() => this.redraw());
  }

  redraw() {
    this.frameAsked = null;
    const frame = this.frame();
    const { by, groups } = this.ondraw();
    this.plot.draw(frame, groupColours(this.el, by, groups), colourOf(this.el, "--chosen"));
    this.overlay.arrange(frame);
  }

  stop() {
    cancelAnimationFrame(this.frameAsked ?? 0);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.panning.destroy();
    this.plot.destroy();
  }
}
