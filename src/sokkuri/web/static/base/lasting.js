// Views that stay while only the query string of their address changes.

/**
 * @import { Query } from "./query.js"
 * @import { Context, View, ViewModule } from "./router.js"
 */

/**
 * @typedef {{go: (params: Query) => Promise<void>, stop: () => void}} Lasting go: shows the state
 *   of an address
 */

/**
 * The functions `show` and `update` of a view module.
 * @param {(main: HTMLElement, context: Context) => Lasting} make returns a view
 */
export function lasting(make) {
  /** @type {?Lasting} */
  let active = null;
  return {
    /** @type {View} */
    async show(main, params, context) {
      const view = make(main, context);
      active = view;
      await view.go(params);
      return () => {
        if (active === view) active = null;
        view.stop();
      };
    },
    /** @type {NonNullable<ViewModule["update"]>} */
    async update(params) {
      if (!active) return false;
      await active.go(params);
      return true;
    },
  };
}
