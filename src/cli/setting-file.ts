// One secret setting where an operator keeps it: a line of `.dev.vars`, or a file of its own. Read, and replaced in place.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { isDeepStrictEqual, parseEnv } from "node:util";
import { settingIn } from "./dev-vars.ts";
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
  const shown = relative(process.cwd(), path);
  const value = settingIn(text, name);
  if (value === undefined) throw new Failure(`${shown} does not set ${name}.`);
  const [line, ...more] = text.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*["'\`]?`, "gm"));
  if (more.length > 0) throw new Failure(`${shown} sets ${name} more than once.`);
  const start = line === undefined ? 0 : line.index + line[0].length;
  const replace = (next: string): void => {
    const changed = text.slice(0, start) + next + text.slice(start + value.length);
    // A line may be written in more ways than are told apart here, and the next gateway reads what comes of it.
    if (!isDeepStrictEqual(parseEnv(changed), { ...parseEnv(text), [name]: next })) {
      throw new Failure(
        `${shown} sets ${name} in a way that cannot be changed safely, so nothing was written. Write the line as ` +
          `${name}="…", with nothing else on it, and do this again.`,
      );
    }
    write(path, changed);
  };
  return { shown, value, replace };
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
