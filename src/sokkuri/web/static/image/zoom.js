// Computes where a picture lies in a window when it is zoomed and moved. Uses no elements.

const MOST = 8; // times the size at which a pixel of the picture is a pixel of the screen
const ENLARGED = 2; // to fill the window, a picture is enlarged at most so much

/**
 * @typedef {{width: number, height: number}} Size in pixels of the page
 */

export class Zoom {
  /**
   * The whole picture, in the middle of the window.
   * @param {Size} picture at scale 1
   * @param {Size} view
   */
  constructor(picture, view) {
    this.picture = picture;
    this.view = view;
    this.whole = 0; // the scale at which the whole picture fills the window
    this.least = 0;
    this.most = 0;
    this.scale = 0;
    this.x = 0;
    this.y = 0;
    this.resize(view);
    this.fit();
  }

  /**
   * Changes the size of the window. A picture that filled the window fills it again.
   * @param {Size} view
   */
  resize(view) {
    const wasWhole = this.isWhole;
    this.view = view;
    const { width, height } = this.picture;
    this.whole = Math.min(view.width / width, view.height / height, ENLARGED);
    this.least = Math.min(this.whole, 1);
    this.most = Math.max(MOST, 2 * this.whole);
    if (wasWhole) this.fit();
    else this.move(0, 0);
  }

  /** Whether the whole picture is in the window. */
  get isWhole() {
    return this.scale <= this.whole * 1.001;
  }

  fit() {
    this.scale = this.whole;
    this.x = 0;
    this.y = 0;
    this.move(0, 0);
  }

  /**
   * Changes the scale. The point of the picture at `at` stays there, as far as the edges allow.
   * @param {number} scale
   * @param {{x: number, y: number}} [at]
   */
  zoomTo(scale, at = { x: this.view.width / 2, y: this.view.height / 2 }) {
    const next = Math.min(this.most, Math.max(this.least, scale));
    this.x = at.x - ((at.x - this.x) * next) / this.scale;
    this.y = at.y - ((at.y - this.y) * next) / this.scale;
    this.scale = next;
    this.move(0, 0);
  }

  /**
   * Moves the picture, but not beyond its edges.
   * @param {number} dx
   * @param {number} dy
   */
  move(dx, dy) {
    this.x = within(this.x + dx, this.picture.width * this.scale, this.view.width);
    this.y = within(this.y + dy, this.picture.height * this.scale, this.view.height);
  }
}

/**
 * The start of a picture in the window: in the middle if it is smaller, else without a gap.
 * @param {number} start
 * @param {number} length
 * @param {number} room
 */
function within(start, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, start));
}
