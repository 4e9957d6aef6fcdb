import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { replaceFile } from "../../../src/cli/replace-file.ts";

const { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } = fs;
const OLD = "the old secret\n";
const NEW = "the new secret\n";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-replace-"));
  file = join(dir, "hmac.secret");
  writeFileSync(file, OLD);
  chmodSync(file, 0o640);
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(dir, { recursive: true, force: true });
});

type Step = (name: string) => void;
type AnyFunction = (...args: unknown[]) => unknown;

/** Calls `before` and `after` around every step that anything takes in the file system, Node's own within a step included. */
function watchSteps({ before = () => undefined, after = () => undefined }: { before?: Step; after?: Step }): void {
  const functions = fs as unknown as Record<string, AnyFunction>;
  for (const [name, real] of Object.entries(functions)) {
    if (typeof real !== "function" || !name.endsWith("Sync")) continue;
    vi.spyOn(functions, name).mockImplementation((...args) => {
      before(name);
      const result = real(...args);
      after(name);
      return result;
    });
  }
  syncBuiltinESMExports();
}

/** What everybody who looks into the directory sees. */
const seen = () => ({
  text: readFileSync(file, "utf8"),
  modesOfOthers: readdirSync(dir)
    .filter((name) => name !== "hmac.secret")
    .map((name) => statSync(join(dir, name)).mode & 0o777),
});

describe("replacing a file of secrets", () => {
  it("shows the old text or the new one at every moment, and no copy that others can open", () => {
    const views: ReturnType<typeof seen>[] = [];
    watchSteps({ after: () => views.push(seen()) });
    replaceFile(file, NEW);
    vi.restoreAllMocks();
    expect(new Set(views.map(({ text }) => text))).toEqual(new Set([OLD, NEW]));
    expect(new Set(views.flatMap(({ modesOfOthers }) => modesOfOthers))).toEqual(new Set([0o600]));
    expect(seen()).toEqual({ text: NEW, modesOfOthers: [] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("has the new text on the disk before it takes the old one's place", () => {
    const steps: string[] = [];
    watchSteps({ before: (name) => steps.push(name) });
    replaceFile(file, NEW);
    expect(steps).toContain("fsyncSync");
    expect(steps.indexOf("fsyncSync")).toBeLessThan(steps.indexOf("renameSync"));
  });

  it.each(["openSync", "writeSync", "fsyncSync", "renameSync"])(
    "leaves the old one, and nothing beside it, when %s fails",
    (failing) => {
      const before = (name: string): void => {
        if (name === failing) throw new Error("ENOSPC: no space left on device");
      };
      watchSteps({ before });
      expect(() => replaceFile(file, NEW)).toThrow("ENOSPC");
      vi.restoreAllMocks();
      expect(seen()).toEqual({ text: OLD, modesOfOthers: [] });
    },
  );
});
