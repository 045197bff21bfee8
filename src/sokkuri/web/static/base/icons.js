// Icons of 24 x 24 units, in the colour of the text around them.

const SVG = "http://www.w3.org/2000/svg";

// SVG paths, drawn as lines. Paths that start with "fill:" are filled.
/** @type {Record<string, string[]>} */
const DRAWINGS = {
  mark: ["M3.5 3.5h11v11h-11z", "fill:M9 9h12v12H9z"],
  browse: ["M3 5h8v6H3z", "M14 5h7v6h-7z", "M3 14h5v5H3z", "M11 14h10v5H11z"],
  search: ["M16.5 10.5a6 6 0 1 1-12 0 6 6 0 0 1 12 0z", "M15 15l5.5 5.5"],
  rings: ["M12 12h.01", "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z",
    "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z"],
  map: ["M6 7h.01M9 10h.01M6 11h.01M10 6.5h.01", "M16 8h.01M19 6h.01M18.5 10h.01",
    "M14 17h.01M17 15h.01M17.5 19h.01M11.5 15h.01M6 18h.01"],
  duplicates: ["M3.5 3.5h12v12h-12z", "M8.5 18.5v2h12v-12h-2", "M6.5 12l2.5-3 2 2 1.5-1.5"],
  label: ["M3.5 4.5h8l9 9-7.5 7.5-9.5-9.5z", "M7.5 8.5h.01"],
  compare: ["M3.5 5h7v14h-7z", "M13.5 5h7v14h-7z"],
  trash: ["M5 7h14M10 7V4.5h4V7", "M6.5 7l1 13h9l1-13", "M10 10.5v6M14 10.5v6"],
  undo: ["M8.5 5L4 9.5 8.5 14", "M4.5 9.5H15a5 5 0 0 1 0 10h-4"],
  status: ["M4 20V11", "M9.3 20V5", "M14.7 20v-7", "M20 20V8"],
  sun: ["M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z", "M12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5",
    "M5.3 5.3L7 7M17 17l1.7 1.7M18.7 5.3L17 7M7 17l-1.7 1.7"],
  moon: ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"],
  auto: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "fill:M12 3.5a8.5 8.5 0 0 1 0 17z"],
  mosaic: ["M4 4h16v16H4z", "fill:M4 4h5.3v5.3H4z", "fill:M14.7 4H20v5.3h-5.3z",
    "fill:M9.3 9.3h5.4v5.4H9.3z", "fill:M4 14.7h5.3V20H4z", "fill:M14.7 14.7H20V20h-5.3z"],
  help: ["M9 9.2a3 3 0 1 1 4.4 2.7c-1 .5-1.4 1.1-1.4 2.3", "M12 17.6h.01"],
  folder: ["M3 6.5h6l2 2.5h10v9.5H3z"],
  folders: ["M4 5h16M4 10h16M8 15h12M8 20h12"],
  hand: ["M12 4v16M4 12h16", "M9.5 6.5L12 4l2.5 2.5M9.5 17.5L12 20l2.5-2.5",
    "M6.5 9.5L4 12l2.5 2.5M17.5 9.5L20 12l-2.5 2.5"],
  box: ["M5 6h3M10.5 6h3M16 6h3v3M19 11v3M19 16.5V19h-3M13.5 19h-3M8 19H5v-3M5 14v-3M5 8.5V6"],
  lasso: ["M19.5 9.5c0 3-3.5 5.5-7.8 5.5S4.500 12.500 4.500 9.500 7.500 4 12 4s7.500 2.500 7.500 5.500z",
    "M8 14.500c-1.500 1-1.500 3 .5 3.200S9.500 20 7.500 20.500"],
  filter: ["M4 6h16M7 12h10M10 18h4"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  close: ["M6 6l12 12M18 6L6 18"],
  left: ["M14.5 5.5L8 12l6.5 6.5"],
  right: ["M9.5 5.5L16 12l-6.5 6.5"],
  copy: ["M8.5 8.5h11v11h-11z", "M15.5 8.5v-4h-11v11h4"],
  open: ["M13 4.5h6.5V11", "M19.5 4.5L11 13", "M9 5.5H4.5v14h14V15"],
  facts: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M12 11v5.2M12 7.8h.01"],
  play: ["M8 5.5v13l10.5-6.5z"],
  minus: ["M5 12h14"],
  plus: ["M5 12h14M12 5v14"],
  not: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M6 6l12 12"],
  lost: ["M4 9a12 12 0 0 1 16 0", "M7.5 13a7 7 0 0 1 9 0", "M12 18h.01", "M4 4l16 16"],
  missing: ["M4 5h16v14H4z", "M4 16l5-5 4 4 2-2 5 4", "M4 5l16 14"],
  problem: ["M12 4l9 16H3z", "M12 10v4.5", "M12 17.3h.01"],
  photos: ["M3 7h14v12H3z", "M7 7V4h14v12h-4", "M3 16l4.5-4.5L12 16l2-2 3 3"],
  star: ["M12 3.8l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.8-5.2 2.8 1-5.8-4.2-4.1 5.8-.8z"],
  done: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M8 12.3l2.8 2.8L16 9.6"],
};

// The name in hiragana, as paths, because not every computer has a Japanese font.
const KANA = [
  "M6 4H16.5L5 11.5H20C13.5 12 10.5 15 11 18C11.4 20.5 14 21 16.5 21",
  "M27 14.5C32 12 41 10.5 41 15C41 18.5 37 20 32.5 20.5",
  "M62 3.5L54 12L62 20.5",
  "M78 4.5C77 8 77 11 78.2 14M87 4C88 11 87.5 17.5 80.5 21",
];

/**
 * The name in hiragana. Screen readers skip it: the name in Latin letters is beside it.
 * @returns {SVGSVGElement}
 */
export function kana() {
  const svg = document.createElementNS(SVG, "svg");
  set(svg, { viewBox: "0 0 92 24", width: 46, height: 12, class: "icon", "aria-hidden": "true" });
  for (const d of KANA) {
    const path = document.createElementNS(SVG, "path");
    set(path, { d, class: "line" });
    svg.append(path);
  }
  return svg;
}

/**
 * An icon. Without a label, screen readers skip it: the button around it has the name.
 * @param {string} name
 * @param {{size?: number, label?: string}} [options]
 * @returns {SVGSVGElement}
 */
export function icon(name, { size = 20, label } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  set(svg, { viewBox: "0 0 24 24", width: size, height: size, class: "icon", ...named });
  for (const drawing of DRAWINGS[name] ?? []) {
    const filled = drawing.startsWith("fill:");
    const path = document.createElementNS(SVG, "path");
    set(path, { d: filled ? drawing.slice(5) : drawing, class: filled ? "filled" : "line" });
    svg.append(path);
  }
  return svg;
}

/**
 * @param {Element} el
 * @param {Record<string, unknown>} attributes
 */
function set(el, attributes) {
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, String(value));
}
