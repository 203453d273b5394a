// The one build step: web/src -> the package's static/dist, minified, with the licences of what is bundled.
import { build } from "esbuild";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../src/houselights/outlets/web/static/dist");

await rm(out, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["src/app.js"],
  outdir: out,
  bundle: true,
  splitting: true, // the network's libraries are loaded on the pages that draw one
  chunkNames: "[name]-[hash]",
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none", // they stand in licenses.txt, whole
  metafile: true,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
  if (name) packages.add(name);
}
const told = [];
for (const name of [...packages].sort()) {
  const home = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  const text = await Promise.any(["LICENSE.txt", "LICENSE", "LICENSE.md", "license"].map((f) => readFile(join(home, f), "utf8")))
    .catch(() => `${license} (this package ships no text of its licence)`);
  told.push(`${name} ${version}\n\n${text.trim()}\n`);
}
await writeFile(join(out, "licenses.txt"), told.join(`\n${"-".repeat(60)}\n\n`));
