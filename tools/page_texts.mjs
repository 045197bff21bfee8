// Lists the texts of the pages as JSON, and the visible texts that no catalogue can translate.
//
//     node tools/page_texts.mjs [FOLDER]
//
// FOLDER has the modules: by default src/sokkuri/web/static. `used` has each text that a module
// gives to `t` or `rich`, with the names of its values; `unclear`, the calls whose text is not
// written out; `outside`, texts elsewhere that a person could see; `japanese`, the catalogue by
// its files; `server`, its texts of the server. tests/unit/web/test_page_texts.py says what holds.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse } from "acorn";

const STATIC = fileURLToPath(new URL("../src/sokkuri/web/static", import.meta.url));
const FOLDER = process.argv[2] ?? STATIC;
const MESSAGES = "base/messages.js"; // defines `t` and `rich`

// Files and folders without texts: made files, catalogues, drawings, shaders, expressions.
const NOT_READ = /^(bundle\/|japanese\/|base\/icons\.js$|map\/plot\.js$|search\/where\.js$)/;
// What stays the same in every language: the name, commands, keys, expressions, CSS.
const SAME = [
  /^( · )?sokkuri\b/, /^Problem$/, /^button( |$)/, /^ --bursts$/, /^width > 1000$/, /^English$|^日本語$/, /^id (=|like) $/,
  /^px, |^px\) scale\($/, /^cubic-bezier/, /^\((min|max)-width: /,
  /^taken, camera, lens/, /^size, modified, path, /, /^taken >= 2024/,
  /^(\S|Ctrl|Shift|Alt|Esc|Enter|Tab|Space|Home|End|Delete|Escape),?( (\S|Ctrl|End))*$/,
];

const TEXT_CALLS = new Set(["t", "rich"]);
const CHILDREN_FROM = { h: 2, link: 3 }; // the arguments before are a tag or an address, and props
const SHOWN_PROPS = new Set(["title", "aria-label", "aria-description", "aria-valuetext", "alt",
  "placeholder", "label", "text", "action"]);
const CODE_PROPS = new Set(["icon", "class", "type", "role", "href", "method", "transform",
  "list", "hint", "kind"]);
const SHOWN_FIELDS = new Set(["textContent", "innerText", "title", "placeholder", "alt",
  "ariaLabel", "label"]);
const CODE_FIELDS = new Set(["className", "href", "src", "lang", "type", "id", "name"]);
const SHOWING_CALLS = new Set(["announce", "toast", "setTitle", "append", "prepend",
  "replaceChildren", "replaceWith", "panel", "showHint", "showProblem", "say", "done"]);
const CODE_CALLS = new Set(["addEventListener", "removeEventListener", "querySelector",
  "querySelectorAll", "closest", "matches", "getElementById", "createElement", "createElementNS",
  "getAttribute", "removeAttribute", "hasAttribute", "toggleAttribute", "setProperty",
  "getPropertyValue", "get", "set", "has", "getAll", "delete", "add", "remove", "toggle",
  "contains", "icon", "startsWith", "endsWith", "includes", "indexOf", "lastIndexOf", "split",
  "replace", "replaceAll", "padStart", "matchMedia", "navigate", "change", "post", "request",
  "getContext", "Symbol", "Event", "CustomEvent", "RegExp", "URL", "DOMException", "subscribe",
  "force", "isForced", "find", "findAll", "mustFind", "around", "getExtension", "read", "on",
  "bindAttribLocation", "execCommand",
  "Error"]); // a fault of a page, which is for the console
// The value of these calls goes where their object or argument would go: `[...].filter(Boolean)`.
const PASSING_CALLS = new Set(["map", "flatMap", "flat", "filter", "concat", "join", "push",
  "capitalise", "list", "present", "String"]);
const COMPARISONS = new Set(["===", "!==", "==", "!=", "in", "instanceof"]);
const LETTER = /\p{L}/u;
// Words with spaces, a word with a capital letter, letters beyond ASCII: texts, wherever they are.
const PROSE = /\p{L}.*\s|\s.*\p{L}|^\p{Lu}\p{Ll}|[[\p{L}]--[A-Za-z]]/v;

const nameOf = (callee) =>
  (callee.type === "MemberExpression" ? callee.property.name : callee.name) ?? "";
const keyOf = ({ key, computed }) => (computed ? "" : key.name ?? String(key.value));
const isTextCall = ({ type, callee }) => type === "CallExpression"
  && callee.type === "Identifier" && TEXT_CALLS.has(callee.name);

/** The text of a literal, or of literals joined by +; null if it depends on values. */
function textOf(node) {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
  if (node.type !== "BinaryExpression" || node.operator !== "+") return null;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === null || right === null ? null : left + right;
}

/** How a call uses an argument: "shown", "code", "" if that is unknown, null if it passes it on. */
function useOfArgument(call, child) {
  const { callee } = call;
  const name = nameOf(callee);
  const index = call.arguments.indexOf(child);
  const object = callee.object?.name;
  if (child === callee) return name === "map" || name === "flatMap" ? "" : null;
  if (isTextCall(call)) return "code"; // the text was taken already; values are no texts
  if (name === "h" && call.arguments[0].value === "code") return "code"; // a command
  if (name in CHILDREN_FROM) return index >= CHILDREN_FROM[name] ? "shown" : "code";
  if (name === "setAttribute") {
    return index === 1 && SHOWN_PROPS.has(call.arguments[0].value) ? "shown" : "code";
  }
  if (object === "api" || object === "console" || object === "form") return "code";
  if (SHOWING_CALLS.has(name)) return "shown";
  if (CODE_CALLS.has(name)) return "code";
  return PASSING_CALLS.has(name) ? null : "";
}

function useOfProperty(property, child) {
  const key = keyOf(property);
  if (child === property.key || CODE_PROPS.has(key)) return "code";
  if (child.type === "ObjectExpression") return null; // its own keys say what is shown
  if (SHOWN_PROPS.has(key)) return "shown";
  return property.isProp ? "code" : null;
}

function useOfAssigned({ type, object, property }) {
  if (type !== "MemberExpression") return "";
  if (SHOWN_FIELDS.has(property.name)) return "shown";
  const of = object.property?.name;
  return of === "style" || of === "dataset" || CODE_FIELDS.has(property.name) ? "code" : "";
}

/** How a node's parent uses it; null if it passes the value on to its own parent. */
function useInParent(parent, child) {
  switch (parent.type) {
    case "ImportDeclaration": case "ExportNamedDeclaration": case "ExportAllDeclaration":
    case "SwitchCase": case "TaggedTemplateExpression": case "ImportExpression":
      return "code";
    case "BinaryExpression": return COMPARISONS.has(parent.operator) ? "code" : null;
    case "MemberExpression": return child === parent.property ? "code" : null;
    case "Property": return useOfProperty(parent, child);
    case "CallExpression": case "NewExpression": return useOfArgument(parent, child);
    case "AssignmentExpression": return useOfAssigned(parent.left);
    case "ConditionalExpression": return child === parent.test ? "code" : null;
    case "ArrowFunctionExpression": return child === parent.body ? null : "";
    case "ObjectExpression": case "ArrayExpression": case "LogicalExpression":
    case "TemplateLiteral": case "SpreadElement": case "ChainExpression":
      return null;
    default: return "";
  }
}

/** How a literal is used, by the nodes around it, the outermost first. */
function useOf(node, path) {
  let child = node;
  for (const parent of path.toReversed()) {
    const use = useInParent(parent, child);
    if (use !== null) return use;
    child = parent;
  }
  return "";
}

/** The names of the values of a text; null if the call gives another object. */
function valuesOf(node) {
  if (!node) return [];
  return node.type === "ObjectExpression" ? node.properties.map(keyOf) : null;
}

class Module {
  constructor(file) {
    Object.assign(this, { file, used: [], unclear: [], outside: [] });
    const source = readFileSync(`${FOLDER}/${file}`, "utf8");
    this.path = [];
    this.visit(parse(source, { ecmaVersion: "latest", sourceType: "module", locations: true }));
  }

  place(node) {
    return `${this.file}:${node.loc.start.line}`;
  }

  visit(node) {
    let children = Object.values(node);
    if (isTextCall(node) && this.file !== MESSAGES) {
      this.take(node);
      children = node.arguments.slice(1);
    }
    if (node.type === "CallExpression" && nameOf(node.callee) in CHILDREN_FROM) {
      const props = node.arguments[CHILDREN_FROM[nameOf(node.callee)] - 1];
      for (const property of props?.properties ?? []) property.isProp = true;
    }
    this.check(node);
    this.path.push(node);
    for (const child of children) {
      if (Array.isArray(child)) for (const one of child) one?.type && this.visit(one);
      else if (typeof child?.type === "string") this.visit(child);
    }
    this.path.pop();
  }

  take(call) {
    const text = textOf(call.arguments[0]);
    if (text === null) this.unclear.push(this.place(call));
    else this.used.push({ text, place: this.place(call), values: valuesOf(call.arguments[1]) });
  }

  check(node) {
    const text = node.type === "TemplateElement" ? node.value.cooked
      : node.type === "Literal" && typeof node.value === "string" ? node.value : null;
    if (text === null || !LETTER.test(text) || SAME.some((same) => same.test(text))) return;
    const use = useOf(node, this.path);
    if (use === "shown" || (use === "" && PROSE.test(text))) {
      this.outside.push({ text, place: this.place(node) });
    }
  }
}

async function catalogue() {
  const parts = {};
  const folder = `${FOLDER}/japanese`;
  for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
    if (file === "catalogue.js") continue;
    [parts[file]] = Object.values(await import(pathToFileURL(`${folder}/${file}`).href));
  }
  const { "server.js": server = {}, "problems.js": problems = {}, ...japanese } = parts;
  return { japanese, server: { ...server, ...problems } };
}

const modules = readdirSync(FOLDER, { recursive: true })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".js") && !NOT_READ.test(file))
  .sort().map((file) => new Module(file));
const all = (kind) => modules.flatMap((module) => module[kind]);
console.log(JSON.stringify({ used: all("used"), unclear: all("unclear"), outside: all("outside"),
  ...await catalogue() }));
