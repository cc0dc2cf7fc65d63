// Bundles the tests of the pure modules with esbuild, and runs them with the test runner of Node.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
process.chdir(here);
const tests = readdirSync(".").filter((name) => name.endsWith(".test.ts"));
await build({
  absWorkingDir: here, entryPoints: tests.map((name) => `./${name}`), bundle: true, platform: "node", format: "esm",
  outdir: "../node_modules/.tests", outExtension: { ".js": ".mjs" }, external: ["yaml"],
});
execFileSync(process.execPath, ["--test", ...tests.map((name) => `../node_modules/.tests/${name.replace(".ts", ".mjs")}`)], { stdio: "inherit" });
