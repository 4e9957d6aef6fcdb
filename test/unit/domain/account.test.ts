// What an operator may say of an account: where it is, what it may do, and what can change about it.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AccountChange, BrokerCredentials, Connection, NewAccount } from "../../../src/domain/account.ts";

/** A whole account, at the embedded paper venue until an override says otherwise. */
const anAccount = (overrides: Record<string, unknown> = {}) => ({
  id: "main",
  connection: { broker: "paper" },
  policy: {},
  ...overrides,
});
const KEYS = { key_id: "key", secret_key: "secret" };
const PROCESS = { broker: "paper_process", url: "http://127.0.0.1:8788" };
const LIVE = "Orders of account main trade real money.";

type Schema = typeof Connection | typeof NewAccount | typeof AccountChange | typeof BrokerCredentials;

/** The paths of the fields that are refused, each once. */
function refused(schema: Schema, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))];
}

describe("a connection", () => {
  it.each(["paper", "alpaca_paper", "alpaca_live"])("to %s has nothing to say but that", (broker) => {
    expect(Connection.parse({ broker })).toEqual({ broker });
    expect(refused(Connection, { broker, url: PROCESS.url })).toEqual([""]);
    expect(refused(Connection, { broker, requests_per_min: 200 })).toEqual([""]);
  });

  it("to a paper venue's process is like one to Alpaca where nothing else is said", () => {
    expect(Connection.parse(PROCESS)).toEqual({ ...PROCESS, deduplication: "permanent", requests_per_min: 200 });
  });

  it.each([
    { url: "http://localhost:1" },
    { url: "http://127.0.0.1:65535" },
    { deduplication: "open_orders" },
    { deduplication: "none" },
    { requests_per_min: 4 },
    { requests_per_min: 600_000 },
  ])("to a paper venue's process may have %j", (fields) => {
    expect(Connection.parse({ ...PROCESS, ...fields })).toMatchObject(fields);
  });

  it.each([
    ["url", undefined],
    ["url", "http://127.0.0.1"],
    ["url", "http://127.0.0.1:8788/"],
    ["url", "http://127.0.0.1:8788/v2"],
    ["url", "http://127.0.0.1:8788?x"],
    ["url", "http://127.0.0.1:0"],
    ["url", "http://127.0.0.1:65536"],
    ["url", "http://127.0.0.1:99999"],
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
  ])("to a paper venue's process is refused with the %s %j", (field, value) => {
    expect(refused(Connection, { ...PROCESS, [field]: value })).toEqual([field]);
  });

  it.each([undefined, "", "binance", "__proto__"])("cannot be to %j", (broker) => {
    expect(refused(Connection, { broker })).toEqual(["broker"]);
  });
});

describe("a new account", () => {
  it("takes signatures only, and halts until its policy says otherwise", () => {
    expect(NewAccount.parse(anAccount())).toMatchObject({
      minimum_origin: "hmac",
      mode: "live",
      policy: { restricted_symbols: [], when_circuit_open: "deny" },
    });
  });

  it.each([
    ["alpaca_paper", { broker: "alpaca_paper" }],
    ["paper_process", PROCESS],
  ])("at %s needs the broker's key", (_, connection) => {
    expect(refused(NewAccount, anAccount({ connection }))).toEqual(["credentials"]);
    expect(refused(NewAccount, anAccount({ connection, credentials: KEYS }))).toEqual([]);
  });

  it("at the embedded paper venue has no key", () => {
    expect(refused(NewAccount, anAccount({ credentials: KEYS }))).toEqual(["credentials"]);
  });

  it("that trades real money is confirmed word for word, and by its own name", () => {
    const live = (confirm_live?: string) =>
      refused(NewAccount, anAccount({ connection: { broker: "alpaca_live" }, credentials: KEYS, confirm_live }));
    expect(live(LIVE)).toEqual([]);
    for (const other of [undefined, "", "yes", LIVE.toLowerCase(), ` ${LIVE}`, LIVE.replace("main", "other")]) {
      expect(live(other)).toEqual(["confirm_live"]);
    }
  });

  it("that sends nothing needs no such word, where real money is either", () => {
    const connection = { broker: "alpaca_live" };
    expect(refused(NewAccount, anAccount({ connection, credentials: KEYS, mode: "shadow" }))).toEqual([]);
  });

  it("is told everything that is wrong with it at once", () => {
    const connection = { broker: "alpaca_live" };
    expect(refused(NewAccount, anAccount({ connection }))).toEqual(["credentials", "confirm_live"]);
  });

  it.each([
    ["id", "gateway"],
    ["id", "Main"],
    ["id", ""],
    ["name", " "],
    ["name", "n".repeat(101)],
    ["policy", undefined],
    ["policy.max_quantity", { max_quantity: "lots" }],
    ["policy.max_notional", { max_notional: "-1" }],
    ["policy.symbols.0", { symbols: ["aapl "] }],
    ["minimum_origin", "trust me"],
    ["reason", ""],
    ["", { revision: 2 }],
  ])("is refused with the %s %j", (path, value) => {
    const field = path.split(".")[0];
    const overrides = path === "" ? (value as Record<string, unknown>) : { [field ?? ""]: value };
    expect(refused(NewAccount, anAccount(overrides))).toEqual([path]);
  });
});

describe("a broker's key", () => {
  it("is what a header can carry, whatever is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 210 }), (text) => {
        const isPlain = text.length >= 1 && text.length <= 200 && /^[\x21-\x7e]*$/.test(text) && !text.endsWith("\n");
        expect(refused(BrokerCredentials, { key_id: text, secret_key: "s" })).toEqual(isPlain ? [] : ["key_id"]);
        expect(refused(BrokerCredentials, { key_id: "k", secret_key: text })).toEqual(isPlain ? [] : ["secret_key"]);
      }),
    );
  });

  it.each(["", "a b", "a\n", "a\u0000", "ä", "k".repeat(201)])("cannot be %j", (text) => {
    expect(refused(BrokerCredentials, { key_id: text, secret_key: "s" })).toEqual(["key_id"]);
  });
});

describe("a change of an account", () => {
  it.each([
    { name: "Main" },
    { status: "disabled" },
    { status: "active" },
    { minimum_origin: "ip" },
    { mode: "shadow" },
  ])("can be %j", (change) => {
    expect(AccountChange.parse(change)).toEqual(change);
  });

  it("changes something", () => {
    expect(refused(AccountChange, {})).toEqual([""]);
    expect(refused(AccountChange, { reason: "because" })).toEqual([""]);
    expect(refused(AccountChange, { confirm_live: "yes" })).toEqual([""]);
  });

  it.each([
    ["where it is", { connection: { broker: "alpaca_live" } }],
    ["who it is", { id: "other" }],
    ["its policy", { policy: {} }],
    ["its credentials", { credentials: KEYS }],
  ])("never changes %s", (_, change) => {
    expect(refused(AccountChange, { status: "active", ...change })).toEqual([""]);
  });

  it("is no deletion", () => {
    expect(refused(AccountChange, { status: "deleted" })).toEqual(["status"]);
  });
});
