// The selected images of a grid: single images, and ranges from the last selected image.

/** A set of indices of a list. */
export class Selection {
  /**
   * @param {number} most largest number of selected images
   * @param {(selection: Selection) => void} onchange
   * @param {() => void} onfull called when the user selects more
   */
  constructor(most, onchange, onfull) {
    this.most = most;
    this.onchange = onchange;
    this.onfull = onfull;
    /** @type {Set<number>} */
    this.chosen = new Set();
    this.anchor = -1;
  }

  get size() {
    return this.chosen.size;
  }

  has(index) {
    return this.chosen.has(index);
  }

  toggle(index) {
    if (this.chosen.has(index)) this.chosen.delete(index);
    else this.add(index);
    this.anchor = index;
    this.onchange(this);
  }

  /** Selects all images from the last selected one to this one. */
  extend(index) {
    const from = this.anchor < 0 ? index : this.anchor;
    const step = index < from ? -1 : 1;
    for (let i = from; i !== index + step; i += step) {
      if (!this.add(i)) break;
    }
    this.onchange(this);
  }

  add(index) {
    if (this.chosen.has(index)) return true;
    if (this.chosen.size >= this.most) {
      this.onfull();
      return false;
    }
    this.chosen.add(index);
    return true;
  }

  clear() {
    if (!this.chosen.size) return;
    this.chosen.clear();
    this.anchor = -1;
    this.onchange(this);
  }
}
