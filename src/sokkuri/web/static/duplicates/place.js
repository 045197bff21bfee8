// The place of the window in the list of groups, kept with the entry of the history: Back and a reload
// return to it.

const CALM = 200; // milliseconds without scrolling before the place is saved

/**
 * The saved place of the shown entry of the history, or null.
 * @returns {?{index: number, offset: number}}
 */
export const savedPlace = () => history.state?.anchor ?? null;

/**
 * Makes a function that saves the place of a list soon after its last call.
 * @param {() => ?{index: number, offset: number}} place
 * @param {AbortSignal} signal
 */
export function placeSaver(place, signal) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    const { href } = location;
    timer = setTimeout(() => {
      const isHere = !signal.aborted && location.href === href;
      if (isHere) history.replaceState({ ...history.state, anchor: place() }, "");
    }, CALM);
  };
}
