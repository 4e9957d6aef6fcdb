// Replaces a file of secrets, whole or not at all, and readable by its owner alone from its first byte on.
import { randomUUID } from "node:crypto";
import { realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** The text is on disk when this returns. A link stays, and leads to the new file. */
export function replaceFile(path: string, text: string): void {
  const target = realpathSync(path);
  const draft = `${target}.${randomUUID()}`;
  try {
    writeFileSync(draft, text, { flag: "wx", mode: 0o600, flush: true });
    renameSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
}
