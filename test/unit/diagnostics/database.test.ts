import { describe, expect, it } from "vitest";
import { checkMigrations, checkTriggers, missingMigrations } from "../../../src/diagnostics/database.ts";
import { MIGRATIONS, TRIGGERS } from "../../../src/storage/migrations.ts";

describe("the migrations", () => {
  it("are fine when every one is applied", () => {
    expect(checkMigrations({ migrations: MIGRATIONS }, "production")).toMatchObject({ status: "ok", advice: null });
  });

  it.each(MIGRATIONS)("are not when %s is missing, and the command that applies it is there", (name) => {
    const migrations = MIGRATIONS.filter((other) => other !== name);
    expect(missingMigrations({ migrations })).toEqual([name]);
    const check = checkMigrations({ migrations }, "production");
    expect(check).toMatchObject({ check: "database.migrations", status: "failed" });
    expect(check.detail).toContain(name);
    expect(check.advice).toBe("npx wrangler d1 migrations apply DB --env production --remote");
    expect(checkMigrations({ migrations }, "development").advice).toContain("npm start");
  });

  it("of a version to come are a warning: what is known is there", () => {
    const check = checkMigrations({ migrations: [...MIGRATIONS, "9999_later.sql"] }, "production");
    expect(check).toMatchObject({ status: "warning", detail: expect.stringContaining("9999_later.sql") as string });
  });
});

describe("the triggers", () => {
  const all = Object.keys(TRIGGERS);

  it("are fine when every one is there, whatever else is", () => {
    expect(checkTriggers({ migrations: MIGRATIONS, triggers: [...all, "another"] }, "production").status).toBe("ok");
  });

  it.each(all)("are not without %s, and the command that makes it is there", (name) => {
    const check = checkTriggers(
      { migrations: MIGRATIONS, triggers: all.filter((other) => other !== name) },
      "production",
    );
    expect(check).toMatchObject({ check: "database.triggers", status: "failed" });
    expect(check.detail).toContain(name);
    const file = TRIGGERS[name];
    expect(check.advice).toContain(`npx wrangler d1 execute DB --env production --remote --file migrations/${file}`);
  });

  it("of a migration that is not applied were dropped by nobody", () => {
    expect(checkTriggers({ migrations: [], triggers: [] }, "production").status).toBe("ok");
    const migrations = MIGRATIONS.slice(0, 2);
    const triggers = all.filter((name) => TRIGGERS[name] === MIGRATIONS[1]);
    expect(checkTriggers({ migrations, triggers }, "production").status).toBe("ok");
    expect(checkTriggers({ migrations, triggers: triggers.slice(1) }, "production").status).toBe("failed");
  });

  it("that are all gone are made by one command a file", () => {
    const { advice } = checkTriggers({ migrations: MIGRATIONS, triggers: [] }, "development");
    expect(advice?.match(/--file/g)).toHaveLength(new Set(Object.values(TRIGGERS)).size);
  });
});
