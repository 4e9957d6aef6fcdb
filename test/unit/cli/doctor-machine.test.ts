import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkLocalDatabase, compareMigrations } from "../../../src/cli/doctor/local-database.ts";
import { checkNode } from "../../../src/cli/doctor/node-version.ts";
import { readWranglersNode } from "../../../src/cli/doctor/read-wrangler.ts";
import { checkSecretsFile, readSecretsFile } from "../../../src/cli/doctor/secrets-file.ts";
import { checkSettingValues } from "../../../src/cli/doctor/settings.ts";
import { lockState } from "../../../src/cli/state-lock.ts";
import { MIGRATIONS } from "../../../src/storage/migrations.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-doctor-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("this Node", () => {
  it.each([
    ["22.0.0", "ok"],
    ["22.0.1", "ok"],
    ["24.21.0", "ok"],
    ["100.0.0", "ok"],
    ["21.99.99", "failed"],
    ["9.0.0", "failed"],
  ])("%s is %s where wrangler needs 22.0.0", (version, status) => {
    expect(checkNode(version, ">=22.0.0")).toMatchObject({ check: "local.node", status });
  });

  it("is held against every part that wrangler names", () => {
    expect(checkNode("22.11.9", ">=22.12").status).toBe("failed");
    expect(checkNode("22.12.0", ">=22.12").status).toBe("ok");
    expect(checkNode("24.1.0", ">= 24.1.1").status).toBe("failed");
  });

  it("cannot be judged without wrangler", () => {
    for (const range of [undefined, "", "^22 || >=24"]) {
      expect(checkNode("24.0.0", range)).toMatchObject({ status: "failed", advice: "npm ci" });
    }
  });

  it("is one that the installed wrangler runs on", () => {
    expect(checkNode(process.versions.node, readWranglersNode()).status).toBe("ok");
  });
});

describe("the file of secrets", () => {
  it.each([
    [0o600, "ok"],
    [0o640, "ok"],
    [0o604, "failed"],
    [0o602, "failed"],
    [0o644, "failed"],
  ])("of mode %o is %s", (mode, status) => {
    const path = join(dir, "secrets.env");
    writeFileSync(path, "");
    chmodSync(path, mode);
    const [, check] = checkSecretsFile(statSync(path).mode, "secrets.env");
    expect(check).toMatchObject({ check: "local.dev_vars_mode", status });
    expect(check?.advice?.startsWith("chmod 600 secrets.env") ?? false).toBe(status === "failed");
  });

  it("is read as wrangler reads it", () => {
    const path = join(dir, "secrets.env");
    writeFileSync(path, '# a comment\nA="x,y" # another\nB=z\n');
    expect(readSecretsFile(path, "secrets.env")).toMatchObject({ ok: true, value: { values: { A: "x,y", B: "z" } } });
  });

  it("that is missing is made by npm start", () => {
    const read = readSecretsFile(join(dir, "none"), "none");
    expect(read).toMatchObject({ ok: false, error: { check: "local.dev_vars", status: "failed" } });
    expect(JSON.stringify(read)).toContain("npm start");
  });
});

describe("the settings", () => {
  const VARS = {
    ENVIRONMENT: "development",
    REPLAY_WINDOW_SEC: "300",
    RATE_LIMIT_RPS: "10",
    DEFAULT_ACCOUNT: "paper",
    PAPER_VENUE: { cash: "100000", prices: { AAPL: "187.50" } },
  };
  const SECRETS = {
    API_KEY_HMAC_SECRET: "hmac-secret-of-thirty-two-letters-0123",
    BOOTSTRAP_API_KEY: "bootstrap-key-of-thirty-two-letters-0123",
    CREDENTIALS_ENCRYPTION_KEYS: `1:${btoa("a-key-encryption-key-of-32-bytes")}`,
  };
  const check = (vars: object = {}, secrets: object = {}) =>
    checkSettingValues({ ...VARS, ...vars }, { file: ".dev.vars", values: { ...SECRETS, ...secrets } }, "[vars]");

  it("are fine when the gateway takes them", () => {
    expect(check()).toMatchObject([{ check: "local.settings", status: "ok" }]);
  });

  it.each([
    ["API_KEY_HMAC_SECRET", "keygen hmac", "32 characters"],
    ["BOOTSTRAP_API_KEY", "keygen bootstrap", "32 characters"],
    ["CREDENTIALS_ENCRYPTION_KEYS", "keygen encryption", "<version>:<key>"],
  ])("name %s when it is too short, what it has to be, and %s, and never what it is", (name, command, wanted) => {
    const checks = check({}, { [name]: "too-short-a-secret" });
    expect(checks).toMatchObject([{ check: "local.settings", status: "failed" }]);
    expect(checks[0]?.detail).toMatch(new RegExp(`^${name} is not valid: .*${wanted}`));
    expect(checks[0]?.advice).toBe(`Set it in .dev.vars; npx sallyport ${command} makes a new one.`);
    expect(JSON.stringify(checks)).not.toContain("too-short-a-secret");
  });

  it("name each one that is missing", () => {
    const { BOOTSTRAP_API_KEY: _, ...values } = SECRETS;
    const checks = checkSettingValues({ ...VARS, REPLAY_WINDOW_SEC: "601" }, { file: ".dev.vars", values }, "[vars]");
    expect(checks.map(({ detail }) => detail)).toEqual([
      "REPLAY_WINDOW_SEC is not valid: must be from 1 to 600.",
      "BOOTSTRAP_API_KEY is missing.",
    ]);
    expect(checks[0]?.advice).toBe("Correct it in wrangler.toml, under [vars].");
  });

  it("say where the one that wins is wrong", () => {
    expect(check({}, { REPLAY_WINDOW_SEC: "0" })[0]?.advice).toBe("Correct it in .dev.vars, or take it out there.");
  });

  it("of a gateway elsewhere are judged without its secrets, which are not here", () => {
    expect(checkSettingValues(VARS, null, "[env.production.vars]")).toMatchObject([{ status: "ok" }]);
    const [wrong] = checkSettingValues({ ...VARS, MAINTENANCE_MODE: "yes" }, null, "[env.production.vars]");
    expect(wrong).toMatchObject({
      status: "failed",
      advice: "Correct it in wrangler.toml, under [env.production.vars].",
    });
  });
});

describe("the database on this machine", () => {
  const directory = () => join(dir, "v3", "d1", "miniflare-D1DatabaseObject");

  function makeDatabase(name: string, migrations: readonly string[] | undefined): void {
    mkdirSync(directory(), { recursive: true });
    const database = new DatabaseSync(join(directory(), name));
    if (migrations !== undefined) {
      database.exec("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT)");
      for (const migration of migrations)
        database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").run(migration);
    }
    database.close();
  }

  it("need not be there yet, and is not made by looking", () => {
    expect(checkLocalDatabase(join(dir, "none"))).toMatchObject({ check: "local.database", status: "ok" });
    expect(() => statSync(join(dir, "none"))).toThrow("ENOENT");
  });

  it("has every migration there is, in the one file that has any", () => {
    makeDatabase("metadata.sqlite", undefined);
    makeDatabase("9ba2.sqlite", MIGRATIONS);
    expect(checkLocalDatabase(dir)).toMatchObject({
      status: "ok",
      detail: `All ${MIGRATIONS.length} migrations are applied.`,
    });
    expect(() => statSync(join(dir, "gateway.pid"))).toThrow("ENOENT");
  });

  it("lacks some, which npm start applies", () => {
    makeDatabase("9ba2.sqlite", MIGRATIONS.slice(0, -1));
    expect(checkLocalDatabase(dir)).toMatchObject({ status: "warning", advice: "npm start applies them." });
    expect(checkLocalDatabase(dir).detail).toContain(MIGRATIONS.at(-1));
  });

  it("is left alone while a gateway works on it", () => {
    makeDatabase("9ba2.sqlite", []);
    const lock = lockState(dir);
    expect(checkLocalDatabase(dir)).toMatchObject({
      status: "ok",
      detail: expect.stringContaining("works on it") as string,
    });
    lock.release();
    expect(checkLocalDatabase(dir)).toMatchObject({ status: "warning" });
  });

  it("may be damaged, and that is said", () => {
    makeDatabase("metadata.sqlite", undefined);
    writeFileSync(join(directory(), "9ba2.sqlite"), "no database at all\n".repeat(500));
    const found = checkLocalDatabase(dir);
    expect(found).toMatchObject({ check: "local.database", status: "failed" });
    expect(found.detail).toBe("A file of it is damaged: file is not a database.");
    expect(found.advice).toContain(`Put a copy from before in the place of ${dir}`);
    expect(() => statSync(join(dir, "gateway.pid"))).toThrow("ENOENT");
  });

  it.each([
    ["cannot be listed", "ENOTDIR", () => writeFileSync(join(dir, "v3"), "")],
    [
      "cannot be locked",
      "EISDIR",
      () => {
        makeDatabase("9ba2.sqlite", MIGRATIONS);
        mkdirSync(join(dir, `gateway.pid.${process.pid}`));
      },
    ],
    [
      "cannot be opened",
      "unable to open",
      () => {
        makeDatabase("9ba2.sqlite", MIGRATIONS);
        symlinkSync(join(dir, "none"), join(directory(), "another.sqlite"));
      },
    ],
  ])("may be in a state that %s, and that is said", (_, reason, spoil) => {
    spoil();
    const found = checkLocalDatabase(dir);
    expect(found).toMatchObject({ check: "local.database", status: "failed" });
    expect(found.detail).toMatch(new RegExp(`^It cannot be looked at: .*${reason}`));
    expect(found.advice).toContain(`ls -lR ${dir} `);
  });

  it("can be ahead of this version", () => {
    expect(compareMigrations(["1.sql"], ["1.sql", "2.sql"])).toMatchObject({ status: "warning" });
    expect(compareMigrations(["1.sql"], ["1.sql"])).toMatchObject({ status: "ok" });
    expect(compareMigrations(["1.sql", "2.sql"], ["2.sql", "3.sql"]).detail).toContain("1.sql");
  });
});
