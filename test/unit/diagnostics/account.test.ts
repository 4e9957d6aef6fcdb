import { describe, expect, it } from "vitest";
import { type AccountFacts, checkAccount } from "../../../src/diagnostics/account.ts";
import { AccountId } from "../../../src/domain/ids.ts";

const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);
const at = (msAgo: number): string => new Date(NOW_MS - msAgo).toISOString();

const CLOSED = { state: "closed", consecutive_failures: 0, opened_at: null, retry_at: null } as const;
const WELL: AccountFacts = {
  account: { id: AccountId.parse("a1"), status: "active", connection: { broker: "alpaca_paper" } },
  broker: { as_of: at(3_000), stale: false },
  breaker: CLOSED,
  changesMs: [NOW_MS - 600_000],
  recordedMs: NOW_MS - 600_000,
};

const checksOf = (overrides: Partial<AccountFacts>) => checkAccount({ ...WELL, ...overrides }, NOW_MS);
const statusesOf = (overrides: Partial<AccountFacts>) => checksOf(overrides).map(({ status }) => status);

describe("an account", () => {
  it("is fine when its broker answers, the way there is open, and its record is kept", () => {
    expect(checksOf({}).map(({ check, account, status, advice }) => ({ check, account, status, advice }))).toEqual(
      ["account.broker", "account.circuit_breaker", "account.audit_log"].map((check) => ({
        check,
        account: "a1",
        status: "ok",
        advice: null,
      })),
    );
  });

  it("that is disabled has no failures, only warnings", () => {
    const broken = { broker: { as_of: null, stale: true }, recordedMs: null };
    expect(statusesOf(broken)).toEqual(["failed", "ok", "failed"]);
    const account = { ...WELL.account, status: "disabled" } as const;
    expect(statusesOf({ ...broken, account })).toEqual(["warning", "ok", "warning"]);
  });
});

describe("an account's broker", () => {
  const failing = { ...CLOSED, consecutive_failures: 2 };

  it("is doubtful when it has not answered the last calls", () => {
    const [broker] = checksOf({ breaker: failing });
    expect(broker).toMatchObject({ status: "warning", detail: expect.stringContaining("2 calls") as string });
  });

  it("does not answer when its last word is too old and calls find nobody", () => {
    const [broker] = checksOf({ broker: { as_of: at(60_000), stale: true }, breaker: failing });
    expect(broker).toMatchObject({ status: "failed", detail: expect.stringContaining("does not answer") as string });
  });

  it.each([at(60_000), null])("may refuse the key when calls find it, and it says nothing since %s", (lastAnswer) => {
    const [broker] = checksOf({ broker: { as_of: lastAnswer, stale: true } });
    expect(broker).toMatchObject({ status: "failed", detail: expect.stringContaining("may refuse the key") as string });
    expect(broker?.advice).toContain("npx sallyport accounts credentials a1");
  });
});

describe("an account's circuit breaker", () => {
  it.each(["open", "half_open"] as const)("fails while it is %s, and says how to close it", (state) => {
    const breaker = { state, consecutive_failures: 5, opened_at: at(20_000), retry_at: at(-5_000) };
    const [, found] = checksOf({ breaker });
    expect(found).toMatchObject({ check: "account.circuit_breaker", status: "failed" });
    expect(found?.advice).toContain("/v1/accounts/a1/circuit-breaker/reset");
  });
});

describe("an account's record", () => {
  const record = (changesMs: readonly number[], recordedMs: number | null) => statusesOf({ changesMs, recordedMs })[2];

  it("is fine when nothing has happened yet", () => {
    expect(record([], null)).toBe("ok");
  });

  it("may be two minutes behind, and no more", () => {
    expect(record([NOW_MS - 120_000], null)).toBe("ok");
    expect(record([NOW_MS - 120_001], null)).toBe("failed");
    expect(record([NOW_MS - 120_001], NOW_MS - 120_001)).toBe("ok");
    expect(record([NOW_MS - 120_001], NOW_MS - 120_002)).toBe("failed");
  });

  it("is judged by the oldest change that it lacks", () => {
    expect(record([NOW_MS, NOW_MS - 300_000, NOW_MS - 900_000], NOW_MS - 600_000)).toBe("failed");
    expect(record([NOW_MS, NOW_MS - 300_000], NOW_MS - 300_000)).toBe("ok");
  });
});
