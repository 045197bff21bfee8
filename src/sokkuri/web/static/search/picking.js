// Takes pictures from the user: dropped anywhere on the page, pasted, or picked with a button.

import { h, isTyping } from "../base/dom.js";

/** @import { Child } from "../base/dom.js" */

/**
 * Listens on the whole page until `signal` is aborted.
 * @param {(files: File[]) => void} ontake
 * @param {{signal: AbortSignal, onhover?: (over: boolean) => void}} options
 */
export function takePictures(ontake, { signal, onhover }) {
  let depth = 0;
  let ours = false; // a picture of the page itself is dragged
  /** @param {boolean} over */
  const hover = (over) => onhover?.(over);
  /**
   * @template {keyof DocumentEventMap} Kind
   * @param {Kind} type
   * @param {(event: DocumentEventMap[Kind]) => void} listener
   */
  const on = (type, listener) => document.addEventListener(type, listener, { signal });
  /** @param {DragEvent} event */
  const hasFiles = ({ dataTransfer }) => !ours && (dataTransfer?.types.includes("Files") ?? false);
  on("dragstart", () => {
    ours = true;
  });
  on("dragend", () => {
    ours = false;
  });
  on("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    hover(true);
  });
  on("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  on("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) hover(false);
  });
  on("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    hover(false);
    passOn(event.dataTransfer?.files, ontake);
  });
  on("paste", (event) => {
    const files = event.clipboardData?.files;
    // Programs for texts and tables copy a picture beside the text: a field wants the text.
    const isText = isTyping(event) && event.clipboardData?.types.includes("text/plain");
    if (!files?.length || isText) return;
    event.preventDefault();
    passOn(files, ontake);
  });
  signal.addEventListener("abort", () => hover(false));
}

/**
 * A button that opens the file dialog of the system.
 * @param {(files: File[]) => void} ontake
 * @param {string} className
 * @param {...Child} label
 */
export function pickButton(ontake, className, ...label) {
  const input = h("input", { type: "file", accept: "image/*,.heic,.heif,.avif,.tif,.tiff,.jxl",
    multiple: true, hidden: true });
  input.addEventListener("change", () => {
    passOn(input.files, ontake);
    input.value = "";
  });
  return [
    h("button", { type: "button", class: className, onclick: () => input.click() }, ...label),
    input,
  ];
}

/**
 * @param {Iterable<File> | null | undefined} files
 * @param {(files: File[]) => void} ontake
 */
function passOn(files, ontake) {
  // A copy, because the browser empties the list after the event.
  const copy = [...files ?? []];
  if (copy.length > 0) ontake(copy);
}
