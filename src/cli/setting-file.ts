// One secret setting where an operator keeps it: a line of `.dev.vars`, or a file of its own. Read, and replaced in place.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { Failure } from "./failure.ts";
import { replaceFile } from "./replace-file.ts";

export type SettingFile = {
  /** Its path, as an operator would type it. */
  readonly shown: string;
  readonly value: string;
  /** Puts another value in the place of the one that was read. The rest of the file stays as it is. */
  readonly replace: (value: string) => void;
};

/** The line `NAME="value"` of a file in `.dev.vars` form. */
export function openDevVars(path: string, name: string): SettingFile {
  const text = readText(path);
  const lines = [
    ...text.matchAll(new RegExp(`^([ \\t]*${name}[ \\t]*=[ \\t]*["']?)([^"'\\n]+?)["']?[ \\t\\r]*$`, "gm")),
  ];
  const [line, ...more] = lines;
  if (line === undefined) throw new Failure(`${relative(process.cwd(), path)} does not set ${name}.`);
  if (more.length > 0) throw new Failure(`${relative(process.cwd(), path)} sets ${name} more than once.`);
  const [, before = "", value = ""] = line;
  const start = line.index + before.length;
  const replace = (next: string) => write(path, text.slice(0, start) + next + text.slice(start + value.length));
  return { shown: relative(process.cwd(), path), value, replace };
}

/** A file that holds the value and nothing else. */
export const openValueFile = (path: string): SettingFile => ({
  shown: relative(process.cwd(), path),
  value: readText(path).trim(),
  replace: (next) => write(path, `${next}\n`),
});

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw new Failure(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function write(path: string, text: string): void {
  try {
    replaceFile(path, text);
  } catch (thrown) {
    throw new Failure(`${path} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
