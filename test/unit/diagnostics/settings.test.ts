import { describe, expect, it } from "vitest";
import { checkDefaultAccount, checkSettings } from "../../../src/diagnostics/settings.ts";
import type { Account } from "../../../src/domain/account.ts";
import { AccountId, SourceId } from "../../../src/domain/ids.ts";
import type { Source } from "../../../src/domain/source.ts";

const GOOD = {
  ENVIRONMENT: "production",
  API_KEY_ENABLED: true,
  UNSIGNED_SOURCES: false,
  MAINTENANCE_MODE: false,
} as const;

const statusesOf = (settings: Partial<Parameters<typeof checkSettings>[0]>, isAtEdge = true) =>
  Object.fromEntries(
    checkSettings({ ...GOOD, ...settings }, { isAtEdge, sources: [] })
      .filter(({ status }) => status !== "ok")
      .map(({ check, status, advice }) => [check, advice === null ? "no advice" : status]),
  );

describe("settings", () => {
  it("are no risk as they come", () => {
    expect(statusesOf({})).toEqual({});
    expect(statusesOf({ ENVIRONMENT: "staging" })).toEqual({});
  });

  it.each([
    [{ UNSIGNED_SOURCES: true }, { "settings.unsigned_sources": "warning" }],
    [{ MAINTENANCE_MODE: true }, { "settings.maintenance_mode": "warning" }],
    [{ API_KEY_ENABLED: false }, { "settings.api_key_enabled": "warning" }],
    [{ ENVIRONMENT: "development" }, { "settings.environment": "failed" }],
  ] as const)("%j is one: %j", (settings, found) => {
    expect(statusesOf(settings)).toEqual(found);
  });

  it("may be those of development where no request comes through Cloudflare", () => {
    expect(statusesOf({ ENVIRONMENT: "development" }, false)).toEqual({});
  });
});

describe("sources that cannot sign", () => {
  const aSource = (id: string, kind: Source["kind"], status: Source["status"] = "active") =>
    ({ id: SourceId.parse(id), kind, status }) as const;
  const found = (settings: { readonly UNSIGNED_SOURCES: boolean }, ...sources: ReturnType<typeof aSource>[]) =>
    checkSettings({ ...GOOD, ...settings }, { isAtEdge: true, sources }).find(
      ({ check }) => check === "settings.unsigned_sources",
    );

  it("are named where they are there and may not send", () => {
    const check = found({ UNSIGNED_SOURCES: false }, aSource("tv", "tradingview"), aSource("momentum", "signed"));
    expect(check).toMatchObject({ status: "warning", detail: expect.stringMatching(/so tv cannot: /) as string });
    expect(check?.advice).toContain('UNSIGNED_SOURCES = "true"');
  });

  it("surprise nobody where somebody has closed them", () => {
    const closed = (["disabled", "deleted"] as const).map((status) => aSource(status, "tradingview", status));
    expect(found({ UNSIGNED_SOURCES: false }, ...closed)).toMatchObject({ status: "ok" });
  });

  it("are a risk where they may send, whoever is there", () => {
    expect(found({ UNSIGNED_SOURCES: true }, aSource("tv", "tradingview"))?.detail).not.toContain("tv");
  });
});

type Facts = Pick<Account, "id" | "status" | "connection">;
const anAccount = (overrides: Partial<Facts> = {}): Facts => ({
  id: AccountId.parse("a1"),
  status: "active",
  connection: { broker: "alpaca_live" },
  ...overrides,
});

describe("the default account", () => {
  it.each([
    ["production", anAccount(), "ok"],
    ["staging", anAccount({ connection: { broker: "paper" } }), "ok"],
    ["production", anAccount({ connection: { broker: "alpaca_paper" } }), "ok"],
    ["production", anAccount({ connection: { broker: "paper" } }), "warning"],
    ["production", anAccount({ status: "disabled" }), "warning"],
    ["development", anAccount({ status: "deleted" }), "warning"],
    ["development", undefined, "warning"],
  ] as const)("in %s %j is %s", (environment, account, status) => {
    const check = checkDefaultAccount(environment, account);
    expect(check).toMatchObject({ check: "settings.default_account", status });
    expect(check.advice === null).toBe(status === "ok");
  });

  it("that is deleted is not to be made again, since its id is never used again", () => {
    const { advice } = checkDefaultAccount("production", anAccount({ status: "deleted" }));
    expect(advice).not.toContain("accounts create");
    expect(advice).toContain("Let DEFAULT_ACCOUNT name another account");
    expect(checkDefaultAccount("production", undefined).advice).toContain("npx sallyport accounts create");
  });
});
