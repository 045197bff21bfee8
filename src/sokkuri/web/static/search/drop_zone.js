// What the page Search shows before there is a query: how to give it a picture.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/messages.js";
import { pickButton } from "./picking.js";

/** @param {(files: File[]) => void} addFiles */
export function dropZone(addFiles) {
  return h("div", { class: "drop-zone" }, icon("photos", { size: 48 }),
    h("p", { class: "drop-title" }, t("Drop a photo here")),
    h("p", { class: "soft" }, t("or paste one, to find pictures that look like it. The photo is sent "
      + "only to this server, and the server does not keep it.")),
    h("div", { class: "row" }, pickButton(addFiles, "button primary", t("Choose photos")),
      h("a", { class: "button", href: "/browse" }, t("Choose from the collection"))));
}
