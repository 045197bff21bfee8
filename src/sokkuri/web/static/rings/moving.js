// Moves the pictures of the rings to their places.

/** @import { Place } from "./layout.js" */

/** How long pictures move, in milliseconds. */
export const MOVE = 400;
const EASE = "cubic-bezier(0.3, 0, 0.15, 1)";

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 */

export const prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Puts a picture at its place at once.
 * @param {HTMLElement} el
 * @param {Place} place
 */
export function placeAt(el, place) {
  el.getAnimations().forEach((animation) => animation.cancel());
  el.style.width = `${place.w}px`;
  el.style.height = `${place.h}px`;
  el.style.transform = shift(place.x - place.w / 2, place.y - place.h / 2);
}

/**
 * The current position and size of a picture, also during an animation.
 * @param {{li: HTMLElement, place: Place}} item
 * @returns {Box}
 */
export function boxOf({ li, place }) {
  const matrix = new DOMMatrixReadOnly(getComputedStyle(li).transform);
  return { x: matrix.e, y: matrix.f, w: matrix.a * place.w, h: matrix.d * place.h };
}

/**
 * Shows how a picture moves to its place; a new one grows there.
 * @param {{li: HTMLElement, place: Place}} item
 * @param {Box | undefined} from where it was
 */
export function move({ li, place }, from) {
  const x = place.x - place.w / 2;
  const y = place.y - place.h / 2;
  const to = { transform: shift(x, y), opacity: 1 };
  const start = from
    ? { transform: shift(from.x, from.y, from.w / place.w, from.h / place.h) }
    : { transform: shift(x + place.w * 0.15, y + place.h * 0.15, 0.7, 0.7), opacity: 0 };
  li.animate([start, to],
    { duration: MOVE, easing: EASE, delay: from ? 0 : 60, fill: "backwards" });
}

/**
 * Lets a picture fade, then removes it.
 * @param {HTMLElement} el
 */
export function fadeAway(el) {
  const fading = el.animate([{ opacity: 0 }],
    { duration: MOVE / 2, easing: "ease-out", fill: "forwards" });
  fading.finished.then(() => el.remove(), () => el.remove());
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} [sx]
 * @param {number} [sy]
 */
function shift(x, y, sx = 1, sy = 1) {
  return `translate(${x}px, ${y}px) scale(${sx}, ${sy})`;
}
