// Map: all pictures as points, similar ones near each other. Zoomed in, some show their pictures.

import * as api from "../base/api.js";
import { change, howToAllow } from "../base/changes.js";
import { announce, around, h, isTyping, present, toast } from "../base/dom.js";
import { events } from "../base/events.js";
import * as format from "../base/format.js";
import { icon } from "../base/icons.js";
import { lasting } from "../base/lasting.js";
import { rich, serverText, t } from "../base/messages.js";
import { panel } from "../base/problem.js";
import { link, navigate } from "../base/router.js";
import { panning } from "../rings/panning.js";
import { asksForLabels, FilterBar } from "../search/filter_bar.js";
import { ActionBar } from "../selection/action_bar.js";
import { Choosing } from "./choosing.js";
import { choosePoints, Overlay, shortName } from "./overlay.js";
import { Plot } from "./plot.js";
import { Points } from "./points.js";

/**
 * @import { InfoDocument, MapDocument, MapImageDocument, StatusEventDocument
 * } from "../base/api_types.js"
 * @import { Params, Query } from "../base/query.js"
 */

/** @typedef {keyof typeof GROUPINGS} Grouping */

export const title = t("Map");

export const shortcuts = [
  ["← → ↑ ↓", t("Pan the map")],
  ["+ - 0", t("Zoom in, out, show all")],
  ["Tab", t("Move to the pictures in sight")],
  ["Ctrl A", t("Select all pictures that pass the filter")],
  ["Shift, Ctrl", t("With a rectangle or a lasso: add to the selection, take from it")],
  ["Esc", t("Unselect all")],
  ["s", t("Search for the selected images")],
  ["Ctrl C", t("Copy the paths of the selected images")],
];

const FRESH = 4000; // milliseconds after an action in which the map is loaded when images change
const EVERY = 1000; // milliseconds between two questions about a run
const CALM = 150; // milliseconds without a movement before pictures are fetched
const REACH = 10; // pixels around the pointer in which a point is found
const MOST = 400; // largest scale
const GROUPS = 10;
const GROUPINGS = { folder: t("Folder"), label: t("Label"), date: t("Date"), copies: t("Copies") };
const LIT = 100; // pictures that are lit for a search
const MARGIN = 24; // pixels around the map

export const { show, update } = lasting((main, { signal, info }) => new MapView(main, signal, info));

class MapView {
  /** @type {MapDocument} */
  map;
  /** @type {Points | undefined} */
  points;
  /** @type {?HTMLElement} */
  none;
  /** @type {?number} */
  frameAsked;
  /** @type {number | undefined} */
  following;
  /** @type {number | undefined} */
  resting;
  /** @type {number | undefined} */
  hovering;

  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main, signal, info) {
    /** @type {Grouping} */
    this.by = "folder";
    /** @type {?string} */
    this.query = null;
    this.under = "";
    this.where = "";
    this.turn = 0; // of loading the map
    /** @type {?string} */
    this.revision = null;
    this.signal = signal;
    this.overlay = new Overlay();
    this.canvas = h("canvas", { class: "map-canvas", "aria-hidden": "true" });
    const world = h("div", { class: "map-world" });
    this.stage = h("div", { class: "map-stage", tabindex: 0, role: "group" }, this.canvas, world,
      this.overlay.names, this.overlay.pictures, this.zoomButtons());
    this.about = h("div", { class: "map-about" });
    this.room = h("div", { class: "map-room" }, this.stage);
    this.filter = new FilterBar({ signal,
      onchange: (filter) => navigate("/map", { ...this.address(), ...filter }) });
    this.root = h("div", { class: "map" },
      h("section", { class: "map-side", "aria-label": t("About the map") },
        h("h1", { tabindex: "-1" }, t("Map")), this.filter.toggle,
        this.filter.panel, this.about),
      this.room);
    this.choosing = new Choosing({ stage: this.stage, frame: () => this.frame(),
      onchange: () => this.chosen() });
    this.bar = this.actionBar(info);
    this.changedAt = -Infinity; // when this page last moved images to the trash or back
    this.stopEvents = events((status) => this.collectionChanged(status));
    main.append(this.root, this.bar.element);
    this.plot = new Plot(this.canvas);
    this.plot.onrestore = () => this.redraw();
    this.panning = panning(this.stage, world, { onchange: () => this.moved(), most: MOST });
    this.watcher = new ResizeObserver(() => this.moved());
    this.watcher.observe(this.stage);
    this.themes = new MutationObserver(() => this.moved());
    this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.moved(),
      { signal });
    this.stage.addEventListener("pointermove", (event) => this.pointed(event), { signal });
    this.stage.addEventListener("click", (event) => this.clicked(event), { signal });
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }

  /** @param {InfoDocument} info */
  actionBar(info) {
    const { choosing, signal } = this;
    const again = () => this.loadAgain();
    return new ActionBar({ info, signal, count: () => choosing.count,
      onclear: () => choosing.clear(),
      onchanged: () => { this.changedAt = performance.now(); again(); },
      onlabelled: () => (this.by === "label" || asksForLabels(this.where)) && again(),
      onended: (error) => {
        toast(t("{reason}. The map was loaded again",
          { reason: format.capitalise(api.messageOf(error)) }));
        again();
      },
      source: () => ({ map: { version: choosing.points?.version ?? "", points: choosing.bits(),
        under: this.under || null, where: this.where || null } }) });
  }

  loadAgain() {
    this.load().catch((error) => {
      if (!this.signal.aborted) toast(format.capitalise(api.messageOf(error)));
    });
  }

  /**
   * After an action of this page, the server may notice the change later than it answers.
   * @param {StatusEventDocument} status
   */
  collectionChanged({ revision }) {
    const isOther = this.revision && revision !== this.revision;
    this.revision = revision;
    if (isOther && performance.now() - this.changedAt < FRESH) this.loadAgain();
  }

  /** The parameters of the address. */
  address() {
    return { by: this.by === "folder" ? null : this.by, id: this.query, under: this.under,
      where: this.where };
  }

  /**
   * Shows the state of an address. Another filter leaves the map where it is.
   * @param {Query} params
   */
  async go(params) {
    const named = params.get("by") ?? "";
    const by = Object.hasOwn(GROUPINGS, named) ? /** @type {Grouping} */ (named) : "folder";
    const query = params.get("id");
    const isSame = this.map && by === this.by && query === this.query;
    this.by = by;
    this.query = query;
    this.under = params.get("under") ?? "";
    this.where = params.get("where") ?? "";
    this.root.classList.toggle("by-date", by === "date");
    this.filter.show(this);
    this.choosing.clear();
    if (isSame) await this.applyFilter();
    else await this.load();
  }

  zoomButtons() {
    /**
     * @param {string} label
     * @param {string} name
     * @param {() => void} act
     */
    const button = (label, name, act) => h("button",
      { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
      icon(name));
    return h("div", { class: "ring-zoom" },
      button(t("Zoom in (+)"), "plus", () => this.panning.step(1)),
      button(t("Zoom out (-)"), "minus", () => this.panning.step(-1)),
      button(t("Show all (0)"), "map", () => this.panning.fit()));
  }

  /** Loads the map, or says that there is none. */
  async load() {
    const turn = this.turn += 1;
    const map = await api.get("/map", { by: this.by }, { signal: this.signal });
    const content = await fetchPoints(this.by, map, this.signal);
    if (turn !== this.turn) return;
    if (!content) { // the map has changed between the two requests
      await this.load();
      return;
    }
    const points = new Points(content, map.version);
    this.map = map;
    this.points = points;
    this.plot.setPoints(points);
    this.overlay.show([], points);
    this.overlay.setRegions(this.map.regions);
    this.plot.light(await this.searched());
    await this.applyFilter();
    if (this.map.running) this.follow();
  }

  /** Fades the points that do not pass the filter. */
  async applyFilter() {
    const { under, where, map, points } = this;
    if (!points) return;
    try {
      const bits = (under || where) && map.count
        ? await fetchBytes("passing", { version: map.version, under, where }, this.signal) : null;
      if (under !== this.under || where !== this.where || map !== this.map) return;
      points.filter(bits);
    } catch (error) {
      if (this.signal.aborted) return;
      if (api.isConflict(error)) {
        await this.load();
        return;
      }
      if (!this.filter.explain(error)) throw error;
      points.filter(null);
    }
    this.plot.filter();
    this.choosing.reset(points);
    this.describe();
    this.moved();
  }

  /** Shows what is chosen. */
  chosen() {
    this.plot.choose(this.choosing.numbers());
    if (this.bar.show()) this.stage.focus({ preventScroll: true });
    this.moved();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    if (isTyping(event) || document.querySelector("dialog[open]") || !this.points?.count) return;
    this.choosing.chooseAll();
    event.preventDefault();
  }

  /** The points of the pictures that look like the one in the address. */
  async searched() {
    if (!this.query || !this.map.count) return [];
    const { signal } = this;
    const { hits } = await api.similar(this.query, { k: LIT }, { signal });
    const params = { version: this.map.version, id: hits.map(({ id }) => id) };
    const { points } = await api.get("/map/find", params, { signal });
    return points;
  }

  describe() {
    const { count, waiting, regions } = this.map;
    const regionText = regions.slice(0, 8)
      .map((region) => `${shortName(region.name)}, ${format.count(region.count)}`).join("; ");
    this.stage.setAttribute("aria-label", t("Map of {count} picture. Similar pictures are near each "
      + "other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.|Map of {count} "
      + "pictures. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed "
      + "in, Tab moves to pictures.", { count })
      + (regionText ? t(" Regions: {regions}.", { regions: regionText }) : ""));
    this.stage.hidden = !count;
    this.none?.remove();
    this.none = count ? null : panel({ icon: "map", level: 2,
      title: this.map.made ? t("No picture is on the map") : t("There is no map yet"),
      text: t("A map shows all pictures as points. Similar pictures are near each other.") });
    if (this.none) this.room.append(this.none);
    this.about.replaceChildren(...present([
      count > 0 && h("p", { class: "soft map-count" }, (this.points?.passes
        ? t("{number} of {count} picture|{number} of {count} pictures",
          { number: this.points.passing, count })
        : t("{count} picture|{count} pictures", { count }))
        + (waiting ? t(", {count} more without a place", { count: waiting }) : "")),
      !this.plot.works
        && h("p", null, t("This browser cannot draw the points: it has no WebGL 2.")),
      this.query !== null && this.query !== "" && this.litNote(this.query),
      this.maker(),
      count > 0 && this.chooser(),
      count > 0 && this.legend(),
      regions.length > 0 && this.regionList(),
    ]));
  }

  /** @param {string} query */
  litNote(query) {
    return h("p", { class: "map-lit" },
      t("The picture most like {name} is lit. |The {count} pictures most like {name} are lit. ",
        { count: this.plot.lit.length, name: shortName(query) }),
      link("/map", { ...this.address(), id: null }, null, t("Show all")));
  }

  /** The buttons that make the map, or the progress. */
  maker() {
    const { running, failure, allowed, made, waiting } = this.map;
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
      onclick: () => this.make(rebuild) }, text);
    return h("div", { class: "map-make" },
      failure && h("p", { class: "fault", role: "alert" }, failure),
      allowed && !made && make(t("Make the map"), false, "primary"),
      allowed && made && waiting > 0 && make(t("Place {count} new", { count: waiting }), false,
        "primary"),
      allowed && made && make(t("Make it anew"), true, "quiet"),
      !allowed && (!made || waiting > 0) && h("div", null, howToAllow(),
        h("p", { class: "soft small" }, rich("Or make the map with {command}",
          { command: h("code", null, "sokkuri map") }))));
  }

  /** @param {boolean} rebuild */
  async make(rebuild) {
    try {
      await change("/map", { rebuild }, { signal: this.signal });
      this.map.running = { stage: "starting", done: 0, total: 0 };
      this.describe();
      this.follow();
    } catch (error) {
      if (!this.signal.aborted) toast(api.messageOf(error));
    }
  }

  /** Asks for the state of the run until it ends, then shows the new map. */
  follow() {
    clearTimeout(this.following);
    this.following = setTimeout(async () => {
      if (this.signal.aborted) return;
      try {
        const map = await api.get("/map", { by: this.by }, { signal: this.signal });
        if (!map.running) {
          await this.load();
          announce(map.failure ?? t("The map is ready"));
          return;
        }
        this.map.running = map.running;
        this.describe();
      } catch {
        if (this.signal.aborted) return; // otherwise the server may come back
      }
      this.follow();
    }, EVERY);
  }

  chooser() {
    /** @type {HTMLSelectElement} */
    const select = h("select", { onchange: () => navigate("/map",
      { ...this.address(), by: select.value === "folder" ? null : select.value }, { replace: true }) },
      Object.entries(GROUPINGS).map(([by, label]) =>
        h("option", { value: by, selected: by === this.by }, label)));
    return h("label", { class: "map-by" }, rich("Colours and names by {choice}",
      { choice: select }));
  }

  legend() {
    const { groups, copies } = this.map;
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
        folder: t("All pictures are in one folder.") }[this.by]);
    }
    return h("ul", { class: "map-legend", role: "list" }, groups.map(({ name, count }, index) =>
      h("li", null,
        h("span", { class: `swatch map-colour-${this.shade(index)}`, "aria-hidden": "true" }),
        h("span", { class: "map-name", title: name }, name),
        h("span", { class: "number soft small" }, format.count(count)))));
  }

  /**
   * The number of the colour of a group. Dates use the whole scale from early to late.
   * @param {number} group
   */
  shade(group) {
    const { groups } = this.map;
    if (this.by !== "date" || groups.length < 2) return group;
    return Math.round(group * (GROUPS - 1) / (groups.length - 1));
  }

  regionList() {
    return h("div", null, h("h2", null, t("Regions")),
      h("ul", { class: "map-regions", role: "list" }, this.map.regions.map((region) =>
        h("li", null, h("button", { type: "button", class: "button quiet small", title: region.name,
          onclick: () => this.goTo(region) }, shortName(region.name))))));
  }

  /**
   * Zooms to a place of the map.
   * @param {{x: number, y: number}} place
   * @param {number} [scale]
   */
  goTo({ x, y }, scale = 8) {
    const { clientWidth: w, clientHeight: h_ } = this.stage;
    this.panning.fit(false);
    const frame = this.frame();
    this.panning.zoom(scale, { x: frame.x + x * frame.size, y: frame.y + (1 - y) * frame.size });
    const now = this.frame();
    this.panning.pan(w / 2 - (now.x + x * now.size), h_ / 2 - (now.y + (1 - y) * now.size));
    this.stage.focus({ preventScroll: true });
  }

  /** The square of the map on the stage, in pixels. */
  frame() {
    const { clientWidth: w, clientHeight: height } = this.stage;
    const size = Math.max(Math.min(w, height) - 2 * MARGIN, 1);
    const { x, y, scale } = this.panning.view;
    return { x: x + scale * (w - size) / 2, y: y + scale * (height - size) / 2,
      size: scale * size };
  }

  /** Draws at the next frame, and fetches pictures when the map rests. */
  moved() {
    if (!this.points) return;
    this.frameAsked ??= requestAnimationFrame(() => this.redraw());
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.showPictures(), CALM);
  }

  redraw() {
    this.frameAsked = null;
    const frame = this.frame();
    this.plot.draw(frame, this.colours(), this.colour("--chosen"));
    this.overlay.arrange(frame);
  }

  colours() {
    /** @type {(number | string)[]} */
    const names = [...[...Array(GROUPS).keys()].map((group) => this.shade(group)), "other"];
    return names.map((name) => this.colour(`--map-${name}`));
  }

  /** @param {string} name of a property of the style sheet */
  colour(name) {
    return parseColour(getComputedStyle(this.stage).getPropertyValue(name));
  }

  async showPictures() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const { points } = this;
    if (!points) return;
    const chosen = choosePoints(points, this.frame(), { width, height });
    try {
      const images = chosen.length ? await this.imagesAt(chosen) : [];
      this.overlay.show(images, points);
      this.overlay.arrange(this.frame());
    } catch (error) {
      const isOld = error instanceof api.Problem && error.status === 409;
      if (!this.signal.aborted && isOld) this.load().catch(() => {});
    }
  }

  /** @param {number[]} point */
  async imagesAt(point) {
    const params = { version: this.points?.version ?? "", point };
    const { images } = await api.get("/map/images", params, { signal: this.signal });
    return images;
  }

  /**
   * The point under a pointer, -1 if there is none.
   * @param {MouseEvent} event
   */
  pointAt(event) {
    const box = this.stage.getBoundingClientRect();
    const frame = this.frame();
    const x = (event.clientX - box.left - frame.x) / frame.size;
    const y = 1 - (event.clientY - box.top - frame.y) / frame.size;
    return this.points?.nearest({ x, y }, REACH / frame.size) ?? -1;
  }

  /**
   * Shows the picture under a resting pointer beside the map.
   * @param {MouseEvent} event
   */
  pointed(event) {
    clearTimeout(this.hovering);
    if (!this.points?.count || around(event, "a, button")) return;
    const point = this.pointAt(event);
    this.stage.classList.toggle("on-point", point >= 0);
    if (point < 0) return;
    this.hovering = setTimeout(async () => {
      const images = await this.imagesAt([point]).catch(() => []);
      if (images.length && !this.signal.aborted) this.preview(images[0]);
    }, CALM);
  }

  /** @param {MapImageDocument} image */
  preview(image) {
    this.about.querySelector(".map-preview")?.remove();
    this.about.append(h("figure", { class: "map-preview" },
      h("img", { src: api.imageUrl(image.id, "thumbnail", { size: 256, v: image.v }), alt: "" }),
      h("figcaption", { class: "small" }, image.name)));
  }

  /** @param {MouseEvent} event */
  async clicked(event) {
    if (!this.points?.count || around(event, "a, button")) return;
    const point = this.pointAt(event);
    if (point < 0) return;
    const [image] = await this.imagesAt([point]).catch(() => []);
    if (image) navigate("/image", { id: image.id });
  }

  stop() {
    for (const timer of [this.following, this.resting, this.hovering]) clearTimeout(timer);
    cancelAnimationFrame(this.frameAsked ?? 0);
    this.stopEvents();
    this.watcher.disconnect();
    this.themes.disconnect();
    this.panning.destroy();
    this.plot.destroy();
  }
}

/**
 * The points of a map; null if the server has another version by now.
 * @param {string} by
 * @param {MapDocument} map
 * @param {AbortSignal} signal
 */
async function fetchPoints(by, { count, version }, signal) {
  if (!count) return new ArrayBuffer(0);
  const response = await api.getResponse("/map/points", { by }, { signal });
  const isSame = response.headers.get("etag")?.startsWith(`"${version}-`);
  return isSame ? response.arrayBuffer() : null;
}

/**
 * @param {string} what
 * @param {Params} params
 * @param {AbortSignal} signal
 */
async function fetchBytes(what, params, signal) {
  return (await api.getResponse(`/map/${what}`, params, { signal })).arrayBuffer();
}

/**
 * Red, green and blue of `#rrggbb`, 0 to 1.
 * @param {string} text
 */
function parseColour(text) {
  const number = Number.parseInt(text.trim().slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255].map((part) => part / 255);
}
