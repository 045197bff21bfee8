// Zoom and pan of a world inside a stage: wheel, pinch, drag, keys. Knows nothing of what is shown.

const MOST = 16;
const SLACK = 0.2; // of the stage: how far the world may be pushed away at least
const CLICK = 5; // pixels that a hand may move in a click
const PAN = 60; // pixels, by a key
const ZOOM = 1.4; // by a key or a button
const EDGE = 12; // pixels around what is brought into sight

/**
 * Makes `world` (as large as `stage`, inside it) movable.
 * @param {HTMLElement} stage
 * @param {HTMLElement} world
 * @param {{onchange?: () => void}} [options]
 * @returns {Panning}
 */
export function panning(stage, world, options = {}) {
  return new Panning(stage, world, options);
}

class Panning {
  constructor(stage, world, { onchange }) {
    Object.assign(this, { stage, world, onchange });
    this.view = { x: 0, y: 0, scale: 1 };
    this.controller = new AbortController();
    this.drag = new Drag(this);
    const { signal } = this.controller;
    stage.addEventListener("wheel", (event) => this.wheeled(event), { passive: false, signal });
    stage.addEventListener("keydown", (event) => this.pressed(event), { signal });
    stage.addEventListener("dblclick", (event) => {
      if (!event.target.closest("a, button")) this.fit();
    }, { signal });
    this.drag.listen(signal);
  }

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

  /** Zooms around a point of the stage. */
  zoom(by, { x, y }, smooth = false) {
    const { view } = this;
    const scale = clamp(view.scale * by, 1, MOST);
    const part = scale / view.scale;
    view.x = x - (x - view.x) * part;
    view.y = y - (y - view.y) * part;
    view.scale = scale;
    // Zoomed out the whole is seen, so it goes where it belongs.
    if (scale === 1 && by < 1) view.x = view.y = 0;
    this.apply(smooth);
  }

  /** A step in, or out when `sign` is -1, around the middle. */
  step(sign) {
    const { clientWidth, clientHeight } = this.stage;
    this.zoom(ZOOM ** sign, { x: clientWidth / 2, y: clientHeight / 2 }, true);
  }

  pan(dx, dy, smooth) {
    this.view.x += dx;
    this.view.y += dy;
    this.apply(smooth);
  }

  fit(smooth = true) {
    Object.assign(this.view, { x: 0, y: 0, scale: 1 });
    this.apply(smooth);
  }

  /** Moves as little as needed for a box of the world to be seen; x and y are its middle. */
  reveal({ x, y, w, h }) {
    const { view, stage } = this;
    const left = (x - w / 2) * view.scale + view.x;
    const top = (y - h / 2) * view.scale + view.y;
    const dx = outside(left, w * view.scale, stage.clientWidth);
    const dy = outside(top, h * view.scale, stage.clientHeight);
    if (dx || dy) this.pan(dx, dy, true);
  }

  wheeled(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const by = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018));
    this.zoom(clamp(by, 0.5, 2), inside(this.stage, event));
  }

  /** Keys of the stage itself; what is in it may have its own arrows. */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const everywhere = {
      "+": () => this.step(1),
      "=": () => this.step(1),
      "-": () => this.step(-1),
      0: () => this.fit(),
    };
    const here = {
      ArrowLeft: () => this.pan(PAN, 0, true),
      ArrowRight: () => this.pan(-PAN, 0, true),
      ArrowUp: () => this.pan(0, PAN, true),
      ArrowDown: () => this.pan(0, -PAN, true),
    };
    const act = everywhere[event.key] ?? (event.target === this.stage ? here[event.key] : null);
    if (!act) return;
    event.preventDefault();
    act();
  }

  destroy() {
    this.controller.abort();
  }
}

/** One or two pointers that hold the world. */
class Drag {
  constructor(owner) {
    this.owner = owner;
    this.held = new Map();
    this.moved = 0;
  }

  listen(signal) {
    const { stage } = this.owner;
    const on = (type, listener, capture = false) =>
      stage.addEventListener(type, listener, { signal, capture });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    on("click", (event) => this.click(event), true);
    on("dragstart", (event) => event.preventDefault());
  }

  down(event) {
    if (event.button !== 0 || event.target.closest("button, input")) return;
    if (this.held.size === 0) this.moved = 0;
    if (this.held.size < 2) this.held.set(event.pointerId, inside(this.owner.stage, event));
  }

  move(event) {
    const { owner, held } = this;
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = inside(owner.stage, event);
    const old = held.size === 2 ? this.span() : null;
    held.set(event.pointerId, now);
    this.moved += Math.hypot(now.x - before.x, now.y - before.y);
    // Not before it is a drag: a captured pointer would take the click from what is under it.
    if (this.moved > CLICK) this.capture(event.pointerId);
    if (old) {
      const { gap, middle } = this.span();
      owner.zoom(gap / Math.max(old.gap, 1), middle);
      owner.pan(middle.x - old.middle.x, middle.y - old.middle.y);
    } else if (this.moved > CLICK) {
      owner.pan(now.x - before.x, now.y - before.y);
    }
  }

  up(event) {
    this.held.delete(event.pointerId);
    this.owner.stage.classList.remove("held");
  }

  /** The end of a drag is no click; a key's click has no detail. */
  click(event) {
    if (this.moved <= CLICK || event.detail === 0) return;
    event.preventDefault();
    event.stopPropagation();
  }

  span() {
    const [one, two] = [...this.held.values()];
    return {
      gap: Math.hypot(one.x - two.x, one.y - two.y),
      middle: { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 },
    };
  }

  capture(pointer) {
    const { stage } = this.owner;
    stage.classList.add("held");
    if (!stage.hasPointerCapture(pointer)) stage.setPointerCapture(pointer);
  }
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function outside(start, length, room) {
  if (start < EDGE) return EDGE - start;
  return Math.min(0, room - EDGE - start - length);
}

function inside(stage, { clientX, clientY }) {
  const box = stage.getBoundingClientRect();
  return { x: clientX - box.left, y: clientY - box.top };
}
