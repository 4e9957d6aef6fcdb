// Headers as people have them at hand: from the command line, a log, or what `curl -v` prints.
import { readFileSync } from "node:fs";
import { Failure, UsageFault } from "./failure.ts";

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;
/** The first line of a request, or of an answer. */
const START_LINE = /^(?:[A-Z]+ \S+ HTTP\/[\d.]+|HTTP\/[\d.]+ .*)$/;

/** A header by its name, in any case; where it came several times, joined as HTTP has it. */
export function readHeaders(lines: readonly string[]): (name: string) => string | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new UsageFault("A header is like 'X-Nonce: 6f1f0a52-…'");
    const before = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  return (name) => headers.get(name.toLowerCase());
}

/** The lines of a file that are headers. `curl -v` puts a > in front of what was sent, and logs have a first line. */
export function readHeaderLines(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    throw new Failure(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/^> ?/, ""))
    .filter((line) => line.trim() !== "" && !START_LINE.test(line));
}
