// Builds the page into dist/: flat files with a hash in their names, each beside its gzip form, and the template of a
// self-contained file. `crates/pytoon-studio` embeds the folder.
//
// `--types-only` writes the types of the API and stops; `--fast` leaves out the types and their check.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import openapiTS, { astToString } from "openapi-typescript";

const here = fileURLToPath(new URL(".", import.meta.url));
process.chdir(here);
const isFast = process.argv.includes("--fast");
if (!isFast) {
  // Only the schemas are used.
  const document = { ...JSON.parse(readFileSync("../docs/openapi.json", "utf8")), paths: {} };
  mkdirSync("generated", { recursive: true });
  writeFileSync("generated/api.ts", astToString(await openapiTS(document)));
  if (process.argv.includes("--types-only")) process.exit(0);
  execFileSync("node_modules/.bin/tsc", ["--noEmit"], { stdio: "inherit" });
}

const common = {
  absWorkingDir: here, bundle: true, minify: true, write: false, target: "es2022", jsx: "automatic", jsxImportSource: "preact",
  legalComments: "none",
};

/** The limit of all files of the first view together, in bytes of gzip. */
const LARGEST_FIRST_VIEW = 90_000;
/** Names of the files of the page, by the names of their sources. */
const names = {};
/** The gzip size of the files that the first view loads. */
let firstView = 0;

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist", { recursive: true });

// esbuild names chunks by their content, so that names and references agree.
const page = await build({
  ...common, entryPoints: { app: "src/main.tsx" }, outdir: "dist", format: "esm", splitting: true, metafile: true,
  entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]",
});
for (const file of page.outputFiles) put(basename(file.path), file.contents);
const outputs = Object.entries(page.metafile.outputs).map(([path, about]) => [basename(path), about]);
const [entry] = outputs.find(([, about]) => about.entryPoint === "src/main.tsx");
names["app.js"] = entry;
for (const name of loadedBy(entry)) firstView += gzipped(name);

const style = await build({ ...common, entryPoints: ["src/style/index.css"], outdir: "dist" });
const css = style.outputFiles[0].contents;
names["style.css"] = `style-${createHash("sha256").update(css).digest("hex").slice(0, 8)}.css`;
put(names["style.css"], css);
put("index.html", fill("index.html", names));
firstView += gzipped(names["style.css"]) + gzipped("index.html");

const inspect = await build({ ...common, entryPoints: ["src/inspect.tsx"], outdir: "dist", format: "iife" });
// A script element ends at the first end tag, wherever that stands.
const script = Buffer.from(inspect.outputFiles[0].contents).toString().replaceAll("</script", "<\\/script").trim();
const sheet = Buffer.from(css).toString().trim();
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const template = fill("inspect.html", { script, style: sheet, "script-hash": hash(script), "style-hash": hash(sheet) });
if (template.toString().split("PYTOON_BUNDLE").length !== 2) throw new Error("inspect.html needs its marker exactly once");
put("inspect.html", template);

if (firstView > LARGEST_FIRST_VIEW) {
  throw new Error(`the first view has ${firstView} bytes as gzip; the limit is ${LARGEST_FIRST_VIEW}: load a part of it later`);
}
console.log(`first view: ${(firstView / 1000).toFixed(1)} kB as gzip`);

/** Returns a chunk and all that it imports statically. */
function loadedBy(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const [, about] = outputs.find(([own]) => own === name);
  for (const imported of about.imports) if (imported.kind === "import-statement") loadedBy(basename(imported.path), found);
  return found;
}

function gzipped(name) {
  return readFileSync(`dist/${name}.gz`).length;
}

/** Returns a file with its `{names}` replaced. */
function fill(path, values) {
  const text = readFileSync(path, "utf8").replace(/\{([a-z.-]+)\}/g, (whole, name) => values[name] ?? whole);
  return Buffer.from(text);
}

function put(name, contents) {
  writeFileSync(`dist/${name}`, contents);
  writeFileSync(`dist/${name}.gz`, gzipSync(contents, { level: 9 }));
}
