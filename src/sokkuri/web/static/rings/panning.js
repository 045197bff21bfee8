// Zooms and pans a world inside a stage, by wheel, pinch, drag and keys, whatever the world shows.

import { around } from "../base/dom.js";

const MOST = 16; // largest scale, unless the owner names another one
const SLACK = 0.2; // free space allowed beside the world, as a share of the stage
const CLICK = 5; // pixels that the pointer may move during a click
const PAN = 60; // pixels for a key press
const ZOOM = 1.4; // factor for a key or a button
const EDGE = 12; // pixels around a box that is scrolled into view

/**
 * @typedef {{onchange?: () => void, most?: number}} PanningOptions most: the largest scale
 * @typedef {{x: number, y: number}} Point in pixels of the stage
 */

/**
 * Makes `world` (as large as `stage`, inside it) movable.
 * @param {HTMLElement} stage
 * @param {HTMLElement} world
 * @param {PanningOptions} [options]
 * @returns {Panning}
 */
export function panning(stage, world, options = {}) {
  return new Panning(stage, world, options);
}

class Panning {
  /**
   * @param {HTMLElement} stage
   * @param {HTMLElement} world
   * @param {PanningOptions} options
   */
  constructor(stage, world, { onchange, most = MOST }) {
    this.stage = stage;
    this.world = world;
    this.onchange = onchange;
    this.most = most;
    this.view = { x: 0, y: 0, scale: 1 };
    this.controller = new AbortController();
    this.drag = new Drag(this);
    const { signal } = this.controller;
    stage.addEventListener("wheel", (event) => this.wheeled(event), { passive: false, signal });
    stage.addEventListener("keydown", (event) => this.pressed(event), { signal });
    stage.addEventListener("dblclick", (event) => {
      if (!around(event, "a, button")) this.fit();
    }, { signal });
    this.drag.listen(signal);
  }

  /** @param {boolean} [smooth] */
  apply(smooth) {
    const { view, world } = this;
    const { clientWidth: w, clientHeight: h } = this.stage;
    view.x = clamp(view.x, w * (1 - view.scale - SLACK), w * SLACK);
    view.y = clamp(view.y, h * (1 - view.scale - SLACK), h * SLACK);
    world.classList.toggle("smooth", Boolean(smooth));
    world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    world.style.setProperty("--zoom", String(view.scale));
    this.onchange?.();
  }

  /**
   * Zooms around a point of the stage.
   * @param {number} by
   * @param {Point} at
   * @param {boolean} [smooth]
   */
  zoom(by, { x, y }, smooth = false) {
    const { view } = this;
    const scale = clamp(view.scale * by, 1, this.most);
    const part = scale / view.scale;
    view.x = x - (x - view.x) * part;
    view.y = y - (y - view.y) * part;
    view.scale = scale;
    // Zoomed out, the whole world is visible in its original place.
    if (scale === 1 && by < 1) view.x = view.y = 0;
    this.apply(smooth);
  }

  /**
   * Zooms one step around the middle: in, or out if `sign` is -1.
   * @param {number} sign
   */
  step(sign) {
    const { clientWidth, clientHeight } = this.stage;
    this.zoom(ZOOM ** sign, { x: clientWidth / 2, y: clientHeight / 2 }, true);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   * @param {boolean} [smooth]
   */
  pan(dx, dy, smooth) {
    this.view.x += dx;
    this.view.y += dy;
    this.apply(smooth);
  }

  fit(smooth = true) {
    Object.assign(this.view, { x: 0, y: 0, scale: 1 });
    this.apply(smooth);
  }

  /**
   * Pans as little as needed to show a box of the world; x and y are its centre.
   * @param {{x: number, y: number, w: number, h: number}} box
   */
  reveal({ x, y, w, h }) {
    const { view, stage } = this;
    const left = (x - w / 2) * view.scale + view.x;
    const top = (y - h / 2) * view.scale + view.y;
    const dx = outside(left, w * view.scale, stage.clientWidth);
    const dy = outside(top, h * view.scale, stage.clientHeight);
    if (dx || dy) this.pan(dx, dy, true);
  }

  /** @param {WheelEvent} event */
  wheeled(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const by = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018));
    this.zoom(clamp(by, 0.5, 2), inside(this.stage, event));
  }

  /**
   * Handles the keys of the stage; elements inside it may handle arrow keys themselves.
   * @param {KeyboardEvent} event
   */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    /** @type {Record<string, () => void>} */
    const always = {
      "+": () => this.step(1),
      "=": () => this.step(1),
      "-": () => this.step(-1),
      0: () => this.fit(),
    };
    /** @type {Record<string, () => void>} */
    const onStage = {
      ArrowLeft: () => this.pan(PAN, 0, true),
      ArrowRight: () => this.pan(-PAN, 0, true),
      ArrowUp: () => this.pan(0, PAN, true),
      ArrowDown: () => this.pan(0, -PAN, true),
    };
    const action = always[event.key]
      ?? (event.target === this.stage ? onStage[event.key] : null);
    if (!action) return;
    event.preventDefault();
    action();
  }

  destroy() {
    this.controller.abort();
  }
}

/** Drags the world with one pointer, or pinches it with two. */
class Drag {
  /** @param {Panning} owner */
  constructor(owner) {
    this.owner = owner;
    /** @type {Map<number, Point>} */
    this.held = new Map();
    this.moved = 0;
  }

  /** @param {AbortSignal} signal */
  listen(signal) {
    const { stage } = this.owner;
    /**
     * @template {keyof HTMLElementEventMap} Kind
     * @param {Kind} type
     * @param {(event: HTMLElementEventMap[Kind]) => void} listener
     */
    const on = (type, listener, capture = false) =>
      stage.addEventListener(type, listener, { signal, capture });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    on("click", (event) => this.click(event), true);
    on("dragstart", (event) => event.preventDefault());
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0 || around(event, "button, input")) return;
    if (this.held.size === 0) this.moved = 0;
    if (this.held.size < 2) this.held.set(event.pointerId, inside(this.owner.stage, event));
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { owner, held } = this;
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = inside(owner.stage, event);
    const old = held.size === 2 ? this.span() : null;
    held.set(event.pointerId, now);
    this.moved += Math.hypot(now.x - before.x, now.y - before.y);
    // Only during a drag: a captured pointer would suppress the click on a picture.
    if (this.moved > CLICK) this.capture(event.pointerId);
    if (old) {
      const { gap, middle } = this.span();
      owner.zoom(gap / Math.max(old.gap, 1), middle);
      owner.pan(middle.x - old.middle.x, middle.y - old.middle.y);
    } else if (this.moved > CLICK) {
      owner.pan(now.x - before.x, now.y - before.y);
    }
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.held.delete(event.pointerId);
    this.owner.stage.classList.remove("held");
  }

  /**
   * Suppresses the click at the end of a drag. A click by a key has no detail and is kept.
   * @param {MouseEvent} event
   */
  click(event) {
    if (this.moved <= CLICK || event.detail === 0) return;
    event.preventDefault();
    event.stopPropagation();
  }

  span() {
    const [first, second] = [...this.held.values()];
    return {
      gap: Math.hypot(first.x - second.x, first.y - second.y),
      middle: { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 },
    };
  }

  /** @param {number} pointer */
  capture(pointer) {
    const { stage } = this.owner;
    stage.classList.add("held");
    if (!stage.hasPointerCapture(pointer)) stage.setPointerCapture(pointer);
  }
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * How far to pan so that a box from `start` lies within a stage of length `room`.
 * @param {number} start
 * @param {number} length
 * @param {number} room
 */
function outside(start, length, room) {
  if (start < EDGE) return EDGE - start;
  return Math.min(0, room - EDGE - start - length);
}

/**
 * The position of a pointer inside the stage.
 * @param {HTMLElement} stage
 * @param {{clientX: number, clientY: number}} event
 * @returns {Point}
 */
function inside(stage, { clientX, clientY }) {
  const box = stage.getBoundingClientRect();
  return { x: clientX - box.left, y: clientY - box.top };
}
