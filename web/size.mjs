// What a browser downloads of scripts and styles, gzipped, all pages together. Fails above the limit.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 250;
const shipped = join(dirname(fileURLToPath(import.meta.url)), "../src/houselights/outlets/web/static");
let total = 0;
for (const name of (await readdir(shipped, { recursive: true })).sort()) {
  if (!/\.(js|css)$/.test(name)) continue;
  const bytes = await readFile(join(shipped, name));
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  total += gzipped;
  console.log(`${(gzipped / 1000).toFixed(1).padStart(7)} kB  ${(bytes.length / 1000).toFixed(1).padStart(7)} kB raw  ${name}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  of ${LIMIT_KB} kB, gzipped`);
if (total === 0) {
  console.error("nothing is built: run `node web/build.mjs`");
  process.exit(1);
}
process.exit(total > LIMIT_KB * 1000 ? 1 : 0);
