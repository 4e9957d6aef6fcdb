// Which accounts a configuration may have, and at which brokers.
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config.ts";
import { AccountId } from "../../../src/domain/ids.ts";

const secret = "test-only-secret-0123456789-0123456789";

/** A whole environment with one account, `main`. */
const anEnvironment = (account: Record<string, unknown>, settings: Record<string, unknown> = {}) => ({
  ENVIRONMENT: "development",
  REPLAY_WINDOW_SEC: "300",
  RATE_LIMIT_RPS: "10",
  API_KEY_HMAC_SECRET: secret,
  BOOTSTRAP_API_KEY: secret,
  BROKER_CREDENTIALS: '{"main":{"key_id":"key","secret_key":"secret"}}',
  DEFAULT_ACCOUNT: "main",
  ACCOUNTS: { main: { policy: {}, ...account } },
  PAPER_VENUE: { cash: "1000", prices: {} },
  ...settings,
});

const process = { broker: "paper_process", url: "http://127.0.0.1:8788" };

const accountIn = (environment: object): unknown => {
  const config = readConfig(environment);
  return config.ok ? config.value.ACCOUNTS[AccountId.parse("main")] : config.error;
};
const settingsRefused = (environment: object): string[] => {
  const config = readConfig(environment);
  return config.ok ? [] : config.error.map(({ setting }) => setting);
};

describe("an account", () => {
  it.each(["paper", "alpaca_paper", "alpaca_live"])("may be at %s, with nothing but a policy", (broker) => {
    expect(accountIn(anEnvironment({ broker }))).toMatchObject({ broker });
    expect(settingsRefused(anEnvironment({ broker, url: process.url }))).toEqual(["ACCOUNTS.main"]);
  });

  it("may be at a paper venue's process, which is like Alpaca where nothing else is said", () => {
    expect(accountIn(anEnvironment(process))).toMatchObject({
      broker: "paper_process",
      url: "http://127.0.0.1:8788",
      deduplication: "permanent",
      requests_per_min: 200,
    });
  });

  it.each([
    { url: "http://localhost:1" },
    { url: "http://127.0.0.1:65535" },
    { deduplication: "open_orders" },
    { deduplication: "none" },
    { requests_per_min: 4 },
    { requests_per_min: 600_000 },
  ])("at a paper venue's process may have %j", (fields) => {
    expect(accountIn(anEnvironment({ ...process, ...fields }))).toMatchObject(fields);
  });

  it.each([
    ["url", undefined],
    ["url", "http://127.0.0.1"],
    ["url", "http://127.0.0.1:8788/"],
    ["url", "http://127.0.0.1:8788/v2"],
    ["url", "http://127.0.0.1:8788?x"],
    ["url", "http://127.0.0.1:0"],
    ["url", "http://127.0.0.1:65536"],
    ["url", "http://127.0.0.1:8788\n"],
    ["url", "http://127.0.0.1.example.com:8788"],
    ["url", "http://127.0.0.1:1@example.com:8788"],
    ["url", "http://user@127.0.0.1:8788"],
    ["url", "http://[::1]:8788"],
    ["url", "http://0.0.0.0:8788"],
    ["url", "https://127.0.0.1:8788"],
    ["url", "http://venue.example.com:8788"],
    ["deduplication", "sometimes"],
    ["deduplication", null],
    ["requests_per_min", 3],
    ["requests_per_min", 600_001],
    ["requests_per_min", 200.5],
    ["requests_per_min", "200"],
  ])("at a paper venue's process is refused with the %s %j", (field, value) => {
    expect(settingsRefused(anEnvironment({ ...process, [field]: value }))).toEqual([`ACCOUNTS.main.${field}`]);
  });

  it.each(["staging", "production"])("cannot be at a paper venue's process in %s", (ENVIRONMENT) => {
    expect(accountIn(anEnvironment(process, { ENVIRONMENT }))).toEqual([
      { setting: "ACCOUNTS.main.broker", problem: "may be paper_process in development only" },
    ]);
  });

  it.each(["paper_process", "alpaca_paper", "alpaca_live"])("at %s needs credentials", (broker) => {
    const account = broker === "paper_process" ? process : { broker };
    const environment = anEnvironment(account, { BROKER_CREDENTIALS: "{}" });
    expect(settingsRefused(environment)).toEqual(["BROKER_CREDENTIALS.main"]);
  });

  it.each([undefined, "", "binance", "__proto__"])("cannot be at %j", (broker) => {
    expect(settingsRefused(anEnvironment({ broker }))).toEqual(["ACCOUNTS.main.broker"]);
  });
});
