// Bundles the pages: their modules become one script, and their style sheets one style sheet.
//
//     node tools/bundle_pages.mjs [FOLDER] [--watch]
//
// FOLDER is src/sokkuri/web/static/bundle by default. The names inside the bundle stay readable,
// and each module keeps its place, so that git can merge two changes of different modules.

import { fileURLToPath } from "node:url";
import { context } from "esbuild";

const STATIC = fileURLToPath(new URL("../src/sokkuri/web/static", import.meta.url));
const NOTE = 'Made by "make pages" from the modules and style sheets in web/static. Do not edit.';

const watch = process.argv.includes("--watch");
const [folder] = process.argv.slice(2).filter((argument) => argument !== "--watch");

const bundling = await context({
  absWorkingDir: STATIC,
  entryPoints: [{ in: "app.js", out: "pages" }, { in: "pages.css", out: "pages" }],
  outdir: folder ?? `${STATIC}/bundle`,
  bundle: true,
  format: "esm",
  target: "esnext",
  charset: "utf8",
  banner: { js: `// ${NOTE}`, css: `/* ${NOTE} */` },
  logLevel: "warning",
});
if (watch) {
  await bundling.watch();
} else {
  await bundling.rebuild();
  await bundling.dispose();
}
