// The slideshow of the viewer: it shows one picture after the other, each for some seconds.

import * as settings from "../base/settings.js";

/** How long a picture may be shown, in seconds. */
export const SECONDS = [2, 4, 8, 15, 30, 60];

/** How long each picture is shown, in seconds. */
export function secondsEach() {
  const chosen = settings.get("slide");
  return SECONDS.includes(chosen) ? chosen : 4;
}

export class Slideshow {
  /**
   * @param {{onnext: () => void, onchange: (runs: boolean) => void}} options
   *   onnext: shows the next picture, after which `shown` is called; onchange: it has begun or ended
   */
  constructor({ onnext, onchange }) {
    this.onnext = onnext;
    this.onchange = onchange;
    this.runs = false;
    this.timer = 0;
    this.turn = 0;
    /** @type {?WakeLockSentinel} */
    this.lock = null;
  }

  start() {
    if (this.runs) return;
    this.runs = true;
    this.onchange(true);
    this.keepAwake();
    this.wait();
  }

  stop() {
    if (!this.runs) return;
    this.runs = false;
    clearTimeout(this.timer);
    this.lock?.release().catch(() => {});
    this.lock = null;
    this.onchange(false);
  }

  /**
   * A picture is shown: the next one follows some seconds after it is there.
   * @param {Promise<void>} loaded
   */
  async shown(loaded) {
    clearTimeout(this.timer);
    const thisTurn = ++this.turn;
    await loaded;
    if (this.runs && thisTurn === this.turn) this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onnext, 1000 * secondsEach());
  }

  /** Keeps the screen on, where the browser can. */
  async keepAwake() {
    const lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (this.runs) this.lock = lock ?? null;
    else lock?.release().catch(() => {});
  }
}
