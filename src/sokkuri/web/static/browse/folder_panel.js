// The list of folders beside the grid, and the button that shows and hides it.

import * as api from "../base/api.js";
import { h } from "../base/dom.js";
import { latest } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import * as settings from "../base/settings.js";
import { makeFolderList } from "./folder_list.js";

/**
 * @import { FolderDocument } from "../base/api_types.js"
 * @import { Params } from "../base/query.js"
 */

const NARROW = "(max-width: 859px)";

/** @type {?{folders: FolderDocument[], revision: string | undefined}} */
let cache = null;

export class FolderPanel {
  /**
   * @param {{root: string, before: HTMLElement, signal: AbortSignal,
   *   address: (under: string) => Params}} options
   *   root: the name of the collection; before: the element that the list precedes; address: of a
   *   folder
   */
  constructor({ root, before, signal, address }) {
    this.root = root;
    this.before = before;
    this.signal = signal;
    this.address = address;
    this.under = "";
    this.where = "";
    /** @type {?ReturnType<typeof makeFolderList>} */
    this.list = null;
    this.narrowShown = false;
    this.toggle = h("button", { type: "button", class: "button toggle",
      onclick: () => this.show(!this.isShown()) },
    icon("folders"), h("span", { class: "text" }, t("Folders")));
  }

  /**
   * Loads the folders, with the counts of the images that pass a filter.
   * @param {string} where
   */
  async load(where) {
    this.where = where;
    const revision = latest()?.revision;
    try {
      let known = cache;
      if (where || !known || known.revision !== revision) {
        const { folders } = await api.folders({ signal: this.signal }, { where });
        known = { folders, revision };
      }
      if (!where) cache = known;
      if (where === this.where) this.draw(known.folders);
    } catch (error) {
      if (!api.isAbort(error)) this.toggle.hidden = true;
    }
  }

  /** @param {FolderDocument[]} folders */
  draw(folders) {
    this.list?.el.remove();
    this.list = null;
    this.toggle.hidden = folders.length < 2;
    this.makeRoom(folders.length > 1 && this.isShown());
    if (folders.length < 2) return;
    this.list = makeFolderList(folders, { root: this.root, address: this.address });
    this.list.mark(this.under);
    this.before.before(this.list.el);
    this.show(this.isShown(), false);
  }

  /**
   * Marks the folder that the grid shows.
   * @param {string} under
   */
  mark(under) {
    this.under = under;
    this.list?.mark(under);
  }

  /** Whether the list is shown. Narrow pages start without it, wide ones as last set. */
  isShown() {
    if (matchMedia(NARROW).matches) return this.narrowShown;
    return settings.get("folders");
  }

  /**
   * @param {boolean} on
   * @param {boolean} [save]
   */
  show(on, save = true) {
    if (save && matchMedia(NARROW).matches) this.narrowShown = on;
    else if (save) settings.set("folders", on);
    this.toggle.setAttribute("aria-expanded", String(on));
    if (!this.list) return;
    this.list.el.hidden = !on;
    this.makeRoom(on);
  }

  /** @param {boolean} on */
  makeRoom(on) {
    this.before.parentElement?.classList.toggle("with-folders", on);
  }
}
