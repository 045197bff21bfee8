// Map: all pictures as points, similar ones near each other. Zoomed in, some show their pictures.

import * as api from "../base/api.js";
import { change } from "../base/changes.js";
import { announce, around, h, isTyping, toast } from "../base/dom.js";
import { events } from "../base/events.js";
import * as format from "../base/format.js";
import { lasting } from "../base/lasting.js";
import { t } from "../base/messages.js";
import { panel } from "../base/problem.js";
import { problemText } from "../base/problem_text.js";
import { navigate } from "../base/router.js";
import { openFrom } from "../base/trail.js";
import { asksForLabels, FilterBar } from "../search/filter_bar.js";
import { ActionBar } from "../selection/action_bar.js";
import { Choosing } from "./choosing.js";
import { fetchAlike, fetchImages, fetchPassing, fetchPoints } from "./fetching.js";
import { nearList, pointsAround } from "./near_list.js";
import { choosePoints, shortName } from "./overlay.js";
import { Points } from "./points.js";
import { groupingOf, Side } from "./side.js";
import { Stage } from "./stage.js";

/**
 * @import { InfoDocument, MapDocument, MapImageDocument, StatusEventDocument
 * } from "../base/api_types.js"
 * @import { Query } from "../base/query.js"
 * @import { Grouping } from "./side.js"
 */

export const title = t("Map");

export const shortcuts = [
  ["← → ↑ ↓", t("Pan the map")],
  ["+ - 0", t("Zoom in, out, show all")],
  ["Tab", t("Move to the pictures in sight")],
  ["z", t("Open the viewer; it goes on with the nearest pictures")],
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

/** @typedef {{map: MapDocument, points: Points}} Content what the server has sent */

export const { show, update } = lasting((main, { signal, info }) => new MapView(main, signal, info));

class MapView {
  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {InfoDocument} info
   */
  constructor(main, signal, info) {
    this.signal = signal;
    /** @type {Grouping} */
    this.by = "folder";
    /** @type {?string} */
    this.query = null;
    this.under = "";
    this.where = "";
    this.turn = 0; // of loading the map
    /** @type {?Content} */
    this.content = null;
    /** @type {?string} */
    this.revision = null;
    this.changedAt = -Infinity; // when this page last moved images to the trash or back
    /** @type {Map<number, MapImageDocument>} the images over the map, by their points */
    this.pictures = new Map();
    /** @type {?MapImageDocument} under the pointer */
    this.pointedAt = null;
    this.following = 0; // timers
    this.resting = 0;
    this.hovering = 0;
    this.side = new Side({ address: () => this.address(),
      onmake: (rebuild) => this.make(rebuild), onregion: (region) => this.stage.goTo(region) });
    this.stage = new Stage({ signal, onmove: () => this.moved(),
      ondraw: () => ({ by: this.by, groups: this.content?.map.groups.length ?? 0 }) });
    /** @type {?HTMLElement} */
    this.none = null; // what stands in place of the map
    this.room = h("div", { class: "map-room" }, this.stage.el);
    this.filter = new FilterBar({ signal,
      onchange: (filter) => navigate("/map", { ...this.address(), ...filter }) });
    this.choosing = new Choosing({ stage: this.stage.el, frame: () => this.stage.frame(),
      onchange: () => this.chosen() });
    this.bar = this.actionBar(info);
    this.root = h("div", { class: "map" },
      h("section", { class: "map-side", "aria-label": t("About the map") },
        h("h1", { tabindex: "-1" }, t("Map")), this.filter.toggle,
        this.filter.panel, this.side.el),
      this.room);
    main.append(this.root, this.bar.element);
    this.stopEvents = events((status) => this.collectionChanged(status));
    this.listen();
  }

  listen() {
    const options = { signal: this.signal };
    this.stage.overlay.pictures.addEventListener("click", (event) => this.followed(event), options);
    this.stage.el.addEventListener("pointermove", (event) => this.pointed(event), options);
    this.stage.el.addEventListener("click", (event) => this.clicked(event), options);
    document.addEventListener("keydown", (event) => this.pressed(event), options);
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
    const by = groupingOf(params.get("by"));
    const query = params.get("id");
    const isSame = this.content && by === this.by && query === this.query;
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

  /** Loads the map, or says that there is none. */
  async load() {
    const turn = this.turn += 1;
    const { signal } = this;
    const map = await api.get("/map", { by: this.by }, { signal });
    const bytes = await fetchPoints(this.by, map, { signal });
    if (turn !== this.turn) return;
    if (!bytes) { // the map has changed between the two requests
      await this.load();
      return;
    }
    const points = new Points(bytes, map.version);
    const { plot, overlay } = this.stage;
    this.content = { map, points };
    plot.setPoints(points);
    overlay.show([], points);
    overlay.setRegions(map.regions);
    plot.light(await fetchAlike(map, this.query, { signal }));
    await this.applyFilter();
    if (map.running) this.follow();
  }

  /** Fades the points that do not pass the filter. */
  async applyFilter() {
    const { under, where, content, signal } = this;
    if (!content) return;
    const { map, points } = content;
    try {
      const bits = (under || where) && map.count
        ? await fetchPassing(map, { under, where }, { signal }) : null;
      if (under !== this.under || where !== this.where || content !== this.content) return;
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
    this.stage.plot.filter();
    this.choosing.reset(points);
    this.describe();
    this.moved();
  }

  /** Shows what is chosen. */
  chosen() {
    this.stage.plot.choose(this.choosing.numbers());
    if (this.bar.show()) this.stage.focus();
    this.moved();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    const { content, pointedAt } = this;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "a" && control && content?.points.count) this.choosing.chooseAll();
    else if (event.key === "z" && !control && content && pointedAt) this.open(content, pointedAt, true);
    else return;
    event.preventDefault();
  }

  /** Says in words what the map shows. */
  describe() {
    if (!this.content) return;
    const { map, points } = this.content;
    const { count, regions } = map;
    const { el, plot } = this.stage;
    const regionText = regions.slice(0, 8)
      .map((region) => `${shortName(region.name)}, ${format.count(region.count)}`).join("; ");
    el.setAttribute("aria-label", t("Map of {count} picture. Similar pictures are near each "
      + "other. Arrow keys pan, plus and minus zoom; zoomed in, Tab moves to pictures.|Map of {count} "
      + "pictures. Similar pictures are near each other. Arrow keys pan, plus and minus zoom; zoomed "
      + "in, Tab moves to pictures.", { count })
      + (regionText ? t(" Regions: {regions}.", { regions: regionText }) : ""));
    el.hidden = !count;
    this.none?.remove();
    this.none = count ? null : panel({ icon: "map", level: 2,
      title: map.made ? t("No picture is on the map") : t("There is no map yet"),
      text: t("A map shows all pictures as points. Similar pictures are near each other.") });
    if (this.none) this.room.append(this.none);
    this.side.show({ map, by: this.by, passing: points.passes ? points.passing : null,
      query: this.query, lit: plot.lit.length, works: plot.works });
  }

  /** @param {boolean} rebuild */
  async make(rebuild) {
    try {
      await change("/map", { rebuild }, { signal: this.signal });
      if (this.content) this.content.map.running = { stage: "starting", done: 0, total: 0 };
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
          announce(map.failure ? problemText(map.failure) : t("The map is ready"));
          return;
        }
        if (this.content) this.content.map.running = map.running;
        this.describe();
      } catch {
        if (this.signal.aborted) return; // otherwise the server may come back
      }
      this.follow();
    }, EVERY);
  }

  /** Draws at the next frame, and fetches pictures when the map rests. */
  moved() {
    if (!this.content) return;
    this.stage.redrawSoon();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.showPictures(), CALM);
  }

  async showPictures() {
    if (!this.content) return;
    const { map, points } = this.content;
    const { overlay } = this.stage;
    const chosen = choosePoints(points, this.stage.frame(), this.stage.size);
    try {
      const images = chosen.length ? await fetchImages(map, chosen, { signal: this.signal }) : [];
      this.pictures = new Map(images.map((image) => [image.point, image]));
      overlay.show(images, points);
      overlay.arrange(this.stage.frame());
    } catch (error) {
      if (!this.signal.aborted && api.isConflict(error)) this.load().catch(() => {});
    }
  }

  /**
   * The image at a point, undefined if it cannot be fetched.
   * @param {Content} content
   * @param {number} point
   */
  async imageAt({ map }, point) {
    return (await fetchImages(map, [point], { signal: this.signal }).catch(() => []))[0];
  }

  /**
   * The number of the point under a pointer, -1 if there is none.
   * @param {Content} content
   * @param {MouseEvent} event
   */
  pointAt({ points }, event) {
    return points.nearest(this.stage.placeOf(event), REACH / this.stage.frame().size);
  }

  /**
   * Shows the picture under a resting pointer beside the map.
   * @param {MouseEvent} event
   */
  pointed(event) {
    clearTimeout(this.hovering);
    const { content } = this;
    if (!content?.points.count || around(event, "a, button")) return;
    const point = this.pointAt(content, event);
    this.stage.el.classList.toggle("on-point", point >= 0);
    this.pointedAt = null;
    if (point < 0) return;
    this.hovering = setTimeout(async () => {
      const image = await this.imageAt(content, point);
      if (!image || this.signal.aborted) return;
      this.pointedAt = image;
      this.side.preview(image);
    }, CALM);
  }

  /** @param {MouseEvent} event */
  async clicked(event) {
    const { content } = this;
    if (!content?.points.count || around(event, "a, button")) return;
    const point = this.pointAt(content, event);
    if (point < 0) return;
    const image = await this.imageAt(content, point);
    if (image) this.open(content, image);
  }

  /**
   * A picture over the map is opened by its link.
   * @param {MouseEvent} event
   */
  followed(event) {
    const anchor = around(event, "a[data-point]");
    const image = anchor && this.pictures.get(Number(anchor.dataset.point));
    if (this.content && image) this.noteList(this.content, image);
  }

  /**
   * Shows the page of an image.
   * @param {Content} content
   * @param {MapImageDocument} image
   * @param {boolean} [viewer] whether the viewer is open at once
   */
  open(content, image, viewer = false) {
    this.noteList(content, image);
    navigate("/image", { id: image.id }, { state: { viewer } });
  }

  /**
   * Makes the points around an image the list in which its page goes on.
   * @param {Content} content
   * @param {MapImageDocument} image
   */
  noteList({ map, points }, image) {
    openFrom(nearList(pointsAround(points, image.point), image, (some) => fetchImages(map, some, {})));
  }

  stop() {
    for (const timer of [this.following, this.resting, this.hovering]) clearTimeout(timer);
    this.stopEvents();
    this.stage.stop();
  }
}
