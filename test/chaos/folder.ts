// A folder of the run's own: gone with the run, or with the process, unless somebody is to look at it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Folder = { readonly path: string; readonly keep: () => void; readonly close: () => void };

export function openFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "sallyport-chaos-"));
  const close = (): void => {
    process.off("exit", close);
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  };
  process.on("exit", close);
  let kept = false;
  return {
    path,
    keep: () => {
      kept = true;
      process.off("exit", close);
    },
    close: () => {
      if (!kept) close();
    },
  };
}
