import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { SignalSettings } from "../../../src/domain/signal/settings.ts";
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

describe("accounts and sources that were stored before they could say more", () => {
  /** The tables as they were then, with one row each; then what has come since. */
  function migrated(): DatabaseSync {
    const database = new DatabaseSync(":memory:");
    const apply = (file: string) => {
      for (const statement of readFileSync(join("migrations", file), "utf8").split("--> statement-breakpoint"))
        database.exec(statement);
    };
    const since = FILES.indexOf("0008_new_settings.sql");
    FILES.slice(0, since).forEach(apply);
    const at = "2026-01-15T14:30:00.000Z";
    const insertAccount = database.prepare(
      "INSERT INTO accounts (id, status, revision, settings, policy_version, created_at, changed_at) VALUES (?, 'active', 1, ?, 1, ?, ?)",
    );
    insertAccount.run("old", JSON.stringify({ name: null, policy: { max_quantity: "1" } }), at, at);
    insertAccount.run(
      "held",
      JSON.stringify({ name: null, policy: { approval: { above: "0" } }, mode: "shadow" }),
      at,
      at,
    );
    const insertSource = database.prepare(
      "INSERT INTO sources (id, status, revision, settings, created_at, changed_at) VALUES (?, 'active', 1, ?, ?, ?)",
    );
    insertSource.run("bot", JSON.stringify({ kind: "signed" }), at, at);
    const { stop_reach: _, ...signals } = SignalSettings.parse({ format: "text", max_age_sec: 60 });
    insertSource.run("reader", JSON.stringify({ kind: "signed", owner: "ana", fan_out: ["second"], signals }), at, at);
    FILES.slice(since).forEach(apply);
    return database;
  }

  const settingsOf = (table: string, id: string): unknown =>
    JSON.parse(String(migrated().prepare(`SELECT settings FROM ${table} WHERE id = ?`).get(id)?.["settings"]));

  it("go on as they did", () => {
    expect(settingsOf("accounts", "old")).toEqual({
      name: null,
      policy: { max_quantity: "1", approval: "auto" },
      mode: "live",
    });
    const unsaid = { owner: null, fan_out: [], signals: SignalSettings.parse({}) };
    expect(settingsOf("sources", "bot")).toEqual({ kind: "signed", ...unsaid });
  });

  it("stays as it is where it says something", () => {
    expect(settingsOf("accounts", "held")).toEqual({
      name: null,
      policy: { approval: { above: "0" } },
      mode: "shadow",
    });
    const { stop_reach: _, ...signals } = SignalSettings.parse({ format: "text", max_age_sec: 60 });
    expect(settingsOf("sources", "reader")).toEqual({
      kind: "signed",
      owner: "ana",
      fan_out: ["second"],
      signals: { ...signals, stop_reach: "source" },
    });
  });
});
