// How pictures come into the page: dropped anywhere, pasted, or picked with a button.

import { h } from "../base/dom.js";

/**
 * Listens on the whole page until `signal`.
 * @param {(files: File[]) => void} ontake
 * @param {{signal: AbortSignal, onhover?: (over: boolean) => void}} options
 */
export function takePictures(ontake, { signal, onhover }) {
  let depth = 0;
  const hover = (over) => onhover?.(over);
  const on = (type, listener) => document.addEventListener(type, listener, { signal });
  on("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    hover(true);
  });
  on("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
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
    give(event.dataTransfer.files, ontake);
  });
  on("paste", (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    give(files, ontake);
  });
  signal.addEventListener("abort", () => hover(false));
}

/**
 * A button that opens the system's dialog for files.
 * @param {(files: File[]) => void} ontake
 * @param {string} className
 * @param {...*} label
 */
export function pickButton(ontake, className, ...label) {
  const input = h("input", { type: "file", accept: "image/*,.heic,.heif,.avif,.tif,.tiff,.jxl",
    multiple: true, hidden: true });
  input.addEventListener("change", () => {
    give(input.files, ontake);
    input.value = "";
  });
  return [
    h("button", { type: "button", class: className, onclick: () => input.click() }, ...label),
    input,
  ];
}

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

function give(files, ontake) {
  // A copy: the list empties itself when the event or the field is done.
  const taken = [...files];
  if (taken.length > 0) ontake(taken);
}
