// The source that a run is of: a copy, so that an edit while the gateway runs does not reach it, and so that it can be spoilt.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PROJECT = join(import.meta.dirname, "..", "..");

/** What the gateway is made of and with. */
const PARTS = ["src", "migrations", "wrangler.toml", "package.json", "tsconfig.json", "tsconfig.base.json"];

/** Exact text that stands once in a file, and what is put in its place. */
export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

/** Copies the project into a new folder. Throws where a patch does not fit the source any more. */
export function copySource(to: string, patches: readonly Patch[] = []): void {
  mkdirSync(to);
  for (const name of PARTS) cpSync(join(PROJECT, name), join(to, name), { recursive: true });
  symlinkSync(join(PROJECT, "node_modules"), join(to, "node_modules"));
  for (const patch of patches) apply(to, patch);
}

function apply(source: string, { file, find, replace }: Patch): void {
  const path = join(source, file);
  const text = readFileSync(path, "utf8");
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`${file} has ${places} places for a patch, and not 1:\n${find}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
}
