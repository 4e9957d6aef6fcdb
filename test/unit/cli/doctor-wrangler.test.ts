import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readWranglerConfig } from "../../../src/cli/doctor/read-wrangler.ts";
import { type Meant, checkWranglerConfig } from "../../../src/cli/doctor/wrangler-config.ts";

let dir: string;
beforeAll(async () => {
  // Takes seconds to load on a busy machine: here, where no test waits for it.
  await import("wrangler");
  dir = mkdtempSync(join(tmpdir(), "sallyport-wrangler-"));
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true }));

/** The tables that are looked at, of the top of the file or of an environment. */
const tablesOf = (at: string): string => `
[${at}secrets]
required = ["API_KEY_HMAC_SECRET", "BOOTSTRAP_API_KEY", "CREDENTIALS_ENCRYPTION_KEYS"]
[${at}triggers]
crons = ["*/5 * * * *"]
[[${at}d1_databases]]
binding = "DB"
database_id = "00000000-0000-0000-0000-000000000000"
[[${at}durable_objects.bindings]]
name = "ACCOUNTS_DO"
class_name = "AccountObject"
[[${at}durable_objects.bindings]]
name = "PAPER_VENUES_DO"
class_name = "PaperVenueObject"
[[${at}durable_objects.bindings]]
name = "LIMITERS_DO"
class_name = "LimiterObject"
[[${at}durable_objects.bindings]]
name = "GATEWAY_DO"
class_name = "GatewayObject"
[[${at}migrations]]
tag = "0001"
new_sqlite_classes = ["AccountObject", "PaperVenueObject", "LimiterObject", "GatewayObject"]
`;
const TOML = `
name = "sallyport"
${tablesOf("")}
[env.production]
name = "sallyport-production"
routes = [{ pattern = "sallyport.example.com", custom_domain = true }]
${tablesOf("env.production.")}`;

/** What is found in that file, with some of its text replaced, which has to be there. */
async function findingsOf(replace: readonly (readonly [string, string])[], meant?: Meant) {
  let text = TOML;
  for (const [before, after] of replace) {
    expect(text).toContain(before);
    text = text.replace(before, after);
  }
  const path = join(dir, "wrangler.toml");
  writeFileSync(path, text);
  return findingsIn(path, meant);
}

async function findingsIn(path: string, meant?: Meant) {
  const config = await readWranglerConfig(path);
  const checks = config.ok ? checkWranglerConfig(config.value, meant) : [config.error];
  return checks.filter(({ status }) => status !== "ok");
}

const D1_OF_PRODUCTION = '[[env.production.d1_databases]]\nbinding = "DB"\n';
const READY = [
  [
    `${D1_OF_PRODUCTION}database_id = "00000000-0000-0000-0000-000000000000"`,
    `${D1_OF_PRODUCTION}database_id = "6f1c5a52-0d0b-4c34-9d3f-6a1b1f0f2a11"`,
  ],
  ["sallyport.example.com", "gateway.example.org"],
] as const;

describe("the project's own wrangler.toml", () => {
  it("has everything that a laptop needs, and but for its placeholders everything that production needs", async () => {
    expect(await findingsIn("wrangler.toml")).toEqual([]);
    for (const { check } of await findingsIn("wrangler.toml", "production")) {
      expect(["local.database_id", "local.domain"]).toContain(check);
    }
  });
});

describe("wrangler.toml", () => {
  it("can have everything that a laptop needs", async () => {
    expect(await findingsOf([])).toEqual([]);
  });

  it("has everything that production needs once the two placeholders are filled in", async () => {
    const found = await findingsOf([], "production");
    expect(found).toMatchObject([
      { check: "local.database_id", status: "failed" },
      { check: "local.domain", status: "failed" },
    ]);
    expect(found[0]?.advice).toContain("npx wrangler d1 create sallyport-production");
    expect(await findingsOf(READY, "production")).toEqual([]);
  });

  it.each([
    [
      "local.bindings",
      '[[d1_databases]]\nbinding = "DB"',
      '[[d1_databases]]\nbinding = "D"',
      /DB in the top of the file/,
    ],
    [
      "local.bindings",
      '[[env.production.durable_objects.bindings]]\nname = "GATEWAY_DO"\nclass_name = "GatewayObject"',
      "",
      /GATEWAY_DO \(class GatewayObject\) in env\.production/,
    ],
    ["local.bindings", 'class_name = "LimiterObject"', 'class_name = "AccountObject"', /LIMITERS_DO/],
    ["local.durable_objects", ', "GatewayObject"]', "]", /GatewayObject in the top of the file/],
    ["local.crons", '[env.production.triggers]\ncrons = ["*/5 * * * *"]', "", /cron trigger in env\.production/],
    ["local.secrets", '"BOOTSTRAP_API_KEY", ', "", /BOOTSTRAP_API_KEY in the top of the file/],
  ])("fails %s without its %j", async (check, before, after, detail) => {
    const found = await findingsOf([[before, after]]);
    expect(found).toMatchObject([{ check, status: "failed", detail: expect.stringMatching(detail) as string }]);
    expect(found[0]?.advice).toContain("git diff");
  });

  it("has no such environment", async () => {
    expect(await findingsOf([], "nowhere")).toMatchObject([{ check: "local.environment", status: "failed" }]);
  });

  it.each([
    ["is no TOML", 'name = "sallyport"', "name = sallyport"],
    ["has a list where there is none", 'crons = ["*/5 * * * *"]', 'crons = "*/5 * * * *"'],
  ])("is refused when it %s", async (_, before, after) => {
    expect(await findingsOf([[before, after]])).toMatchObject([{ check: "local.wrangler_toml", status: "failed" }]);
  });

  it("is refused when it is not there", async () => {
    const read = await readWranglerConfig(join(dir, "none.toml"));
    expect(read).toMatchObject({ ok: false, error: { check: "local.wrangler_toml", status: "failed" } });
  });
});
