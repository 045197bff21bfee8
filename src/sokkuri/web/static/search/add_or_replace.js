// Asks what a dropped or pasted picture is for, while the search has pictures already.

import { h } from "../base/dom.js";
import { t } from "../base/messages.js";
import { current } from "../base/router.js";
import { fromParams } from "./state.js";
import { addTerms } from "./terms.js";
import { recall } from "./uploads.js";

/** @param {number} count */
const pictures = (count) => t("{count} picture|{count} pictures", { count });

/**
 * Searches with pictures that were dropped or pasted. If the page shows a search with pictures, asks
 * whether to add these or to replace the others.
 * @param {File[]} files
 */
export async function takeFiles(files) {
  const before = await shownPictures();
  const choice = before ? await ask(before, files.length) : "add";
  if (choice) await addTerms({ files, replaces: choice === "replace" });
}

/** How many pictures the search of the page has; 0 on another page. */
async function shownPictures() {
  const { path, params } = current();
  if (path !== "/search") return 0;
  const { ids, nots, upload } = fromParams(params);
  const uploads = upload ? await recall(upload) : null;
  return ids.length + nots.length + (uploads?.length ?? 0);
}

/**
 * @param {number} before
 * @param {number} count
 * @returns {Promise<""|"add"|"replace">} "" if the user cancelled
 */
function ask(before, count) {
  /**
   * @param {string} value
   * @param {string} text
   * @param {import("../base/dom.js").Props} [props]
   */
  const button = (value, text, props) => h("button", { type: "submit", value,
    class: "button", ...props }, text);
  const cancel = h("button", { type: "button", class: "button quiet" }, t("Cancel"));
  const dialog = h("dialog", { class: "add-or-replace", "aria-labelledby": "add-or-replace" },
    h("form", { method: "dialog" },
      h("h2", { id: "add-or-replace" }, t("Add or replace?")),
      h("p", null, t("The search has {pictures} already. Add this one to it, or search with this one "
        + "instead? Words and filters stay.|The search has {pictures} already. Add these {count} to "
        + "it, or search with these instead? Words and filters stay.",
      { pictures: pictures(before), count })),
      h("div", { class: "row" },
        cancel,
        button("replace", t("Replace")),
        button("add", t("Add"), { class: "button primary", autofocus: true }))));
  cancel.addEventListener("click", () => dialog.close());
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(/** @type {""|"add"|"replace"} */ (dialog.returnValue));
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
