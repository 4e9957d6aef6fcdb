// Fails when package-lock.json names engines. npm 10 on an old Node silently leaves out an optional package whose engines
// exclude that Node, and all native binaries are optional packages; our scripts run on the Node that the project brings.
// `npm run lockfile` takes the names out.
import { readFileSync, writeFileSync } from "node:fs";

type Lockfile = { readonly packages: Record<string, { engines?: unknown }> };

const FILE = "package-lock.json";
const lockfile = JSON.parse(readFileSync(FILE, "utf8")) as Lockfile;
const named = Object.entries(lockfile.packages).filter(([path, entry]) => path !== "" && entry.engines !== undefined);

if (process.argv.includes("--fix")) {
  for (const [, entry] of named) delete entry.engines;
  writeFileSync(FILE, `${JSON.stringify(lockfile, null, 2)}\n`);
} else if (named.length > 0) {
  console.error(`${FILE}: ${named.length} entries name engines; run npm run lockfile`);
  process.exit(1);
} else {
  console.log(`${FILE}: installs alike on every Node`);
}
