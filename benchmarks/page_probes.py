"""Scripts that measure inside a page, by the browser's clock.

All times are in milliseconds. What is in the document counts as shown when the frame after it has
begun. The scripts are functions for Playwright's `evaluate`, or are run before those of the page.
"""

WATCH_START = """
// Notes when the first of some things is shown, in milliseconds from the start of the navigation.
window.shownAt = {};
const looks = {
  picture: () => document.querySelector(".cell.shown img"),
  group: () => {
    const pictures = [...document.querySelectorAll(".copies:first-child img")];
    return pictures.length && pictures.every((one) => one.complete && one.naturalWidth);
  },
};
function look() {
  for (const [name, isThere] of Object.entries(looks)) {
    if (!isThere()) continue;
    delete looks[name];
    requestAnimationFrame((now) => { window.shownAt[name] = performance.now(); });
  }
  requestAnimationFrame(look);
}
document.addEventListener("DOMContentLoaded", look);

// Counts the frames in which the map's points are drawn. A pixel of the first one is read, since
// the browser draws later than it is told to.
window.pointFrames = [];
const draw = WebGL2RenderingContext.prototype.drawArrays;
WebGL2RenderingContext.prototype.drawArrays = function (mode, first, count) {
  draw.call(this, mode, first, count);
  if (count < 50) return;
  window.pointFrames.push(performance.now());
  if (window.shownAt.points) return;
  this.readPixels(0, 0, 1, 1, this.RGBA, this.UNSIGNED_BYTE, new Uint8Array(4));
  window.shownAt.points = -1;
  requestAnimationFrame(() => { window.shownAt.points = performance.now(); });
};
"""

SHOWN_AT = "(name) => (window.shownAt[name] > 0 ? window.shownAt[name] : null)"

WATCH_VIEWER = """() => {
  const picture = () => document.querySelector(".viewer-stage .viewer-sheet:not(.old) img");
  const old = picture()?.src;
  window.viewed = new Promise((resolve) => addEventListener("keydown", (event) => {
    const look = () => {
      const img = picture();
      if (!img || img.src === old || !img.complete || !img.naturalWidth) {
        requestAnimationFrame(look);
        return;
      }
      img.decode().then(() => requestAnimationFrame(
        () => resolve(performance.now() - event.timeStamp)));
    };
    look();
  }, { capture: true, once: true }));
}"""
"""Begins to measure from the next key to the moment when another full picture is shown in the
viewer."""

VIEWED = "() => window.viewed"
"""Waits for the end of WATCH_VIEWER, and returns the milliseconds."""

START_FRAMES = """() => {
  const times = [];
  window.frameTimes = times;
  const next = (now) => {
    if (window.frameTimes !== times) return;
    times.push(now);
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""

STOP_FRAMES = """() => {
  const times = window.frameTimes;
  window.frameTimes = null;
  return times.slice(1).map((now, n) => now - times[n]);
}"""
"""Returns the milliseconds of each frame since START_FRAMES."""

TAKE_POINT_FRAMES = "() => window.pointFrames.splice(0)"
"""Returns when frames with points were drawn since the last call."""
