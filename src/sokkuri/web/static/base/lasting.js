// Views that stay while only the query of their address changes.

/**
 * The functions of a view module, from what makes the view.
 * @template V
 * @param {(main: HTMLElement, context: import("./router.js").Context) => V} make gives an object
 *   with `go(params)`, which shows what an address asks for, and `stop()`
 */
export function lasting(make) {
  let active = null;
  return {
    /** @type {import("./router.js").View} */
    async show(main, params, context) {
      const view = make(main, context);
      active = view;
      await view.go(params);
      return () => {
        if (active === view) active = null;
        view.stop();
      };
    },
    async update(params) {
      if (!active) return false;
      await active.go(params);
      return true;
    },
  };
}
