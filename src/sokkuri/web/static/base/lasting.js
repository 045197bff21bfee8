// Views that stay while only the query string of their address changes.

/**
 * The functions `show` and `update` of a view module.
 * @template V
 * @param {(main: HTMLElement, context: import("./router.js").Context) => V} make returns a view
 *   with `go(params)`, which shows the state of an address, and `stop()`
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
