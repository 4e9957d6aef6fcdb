import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MIGRATIONS, TRIGGERS } from "../../../src/storage/migrations.ts";

const FILES = readdirSync("migrations")
  .filter((name) => name.endsWith(".sql"))
  .toSorted();

/** What the files make and do not take away again, with the file that made it last. */
function triggersMade(): Record<string, string> {
  const made: Record<string, string> = {};
  for (const file of FILES) {
    const text = readFileSync(join("migrations", file), "utf8");
    for (const [, verb, name] of text.matchAll(/^(CREATE|DROP) TRIGGER IF (?:NOT )?EXISTS (\w+)/gm)) {
      if (verb === "CREATE") made[name ?? ""] = file;
      else delete made[name ?? ""];
    }
  }
  return made;
}

describe("what the code expects of the database", () => {
  it("is every migration in the folder, in the order in which they are applied", () => {
    expect(MIGRATIONS).toEqual(FILES);
  });

  it("is every trigger that the migrations make, each with the file that makes it again", () => {
    expect(TRIGGERS).toEqual(triggersMade());
    expect(Object.keys(TRIGGERS)).toContain("order_audit_log_no_update");
  });

  it("is made again by running the file once more: every trigger and index in it may be there already", () => {
    for (const file of new Set(Object.values(TRIGGERS))) {
      const text = readFileSync(join("migrations", file), "utf8");
      expect(text).not.toMatch(/^CREATE (?:TABLE|UNIQUE INDEX|INDEX(?! IF NOT EXISTS)|TRIGGER(?! IF NOT EXISTS))/m);
    }
  });
});
