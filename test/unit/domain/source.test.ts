// What an operator may say of a source, signed or not, and what can change about it.
import { describe, expect, it } from "vitest";
import { SignalSettings } from "../../../src/domain/signal/settings.ts";
import { NewSource, SourceCaps, SourceChange, stopsTooMuch } from "../../../src/domain/source.ts";

const SIGNED = { id: "bot", kind: "signed", account: "paper" };
const CAPS = { signals_per_min: 60, max_quantity: "10", max_notional: "1000" };
const TRADINGVIEW = { id: "chart", kind: "tradingview", account: "paper", caps: CAPS };
const FINGERPRINT = "0123456789abcdef".repeat(4);

/** The paths of the fields that are refused, each once. */
function refused(schema: typeof NewSource | typeof SourceChange | typeof SourceCaps, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))];
}

describe("a source that signs", () => {
  it("does so with a nonce where nothing is said, and is under no caps but the account's", () => {
    expect(NewSource.parse(SIGNED)).toEqual({
      ...SIGNED,
      schemes: ["v1", "standard_webhooks"],
      signals: SignalSettings.parse({}),
    });
  });

  it("may be given the scheme that signs the body alone", () => {
    expect(refused(NewSource, { ...SIGNED, schemes: ["sha256"] })).toEqual([]);
  });

  it.each([
    ["schemes", []],
    ["schemes.0", ["md5"]],
    ["caps.signals_per_min", { max_quantity: "1" }],
    ["accounts.0", ["Paper"]],
    ["account", undefined],
  ])("is refused with the %s %j", (path, value) => {
    expect(refused(NewSource, { ...SIGNED, [path.split(".")[0] ?? ""]: value })).toEqual([path]);
  });

  it("may have each of its signals go to several accounts", () => {
    expect(NewSource.parse({ ...SIGNED, fan_out: ["second", "third"] })).toMatchObject({
      fan_out: ["second", "third"],
    });
    expect(refused(NewSource, { ...SIGNED, fan_out: ["Second"] })).toEqual(["fan_out.0"]);
    expect(SourceChange.parse({ fan_out: [] })).toEqual({ fan_out: [] });
  });

  it.each(["origin", "deduplicate_sec", "certificate_fingerprints"])("has no %s", (field) => {
    const value = { origin: "ip", deduplicate_sec: 60, certificate_fingerprints: [] }[field];
    expect(refused(NewSource, { ...SIGNED, [field]: value })).toEqual([""]);
  });
});

describe("a source of TradingView's", () => {
  it("has to call from TradingView's addresses where nothing is said, and the same alert counts once in five minutes", () => {
    expect(NewSource.parse(TRADINGVIEW)).toEqual({
      ...TRADINGVIEW,
      origin: "ip",
      deduplicate_sec: 300,
      certificate_fingerprints: [],
      signals: SignalSettings.parse({}),
    });
  });

  it.each(["signals_per_min", "max_quantity", "max_notional"])("needs the cap %s", (cap) => {
    expect(refused(NewSource, { ...TRADINGVIEW, caps: { ...CAPS, [cap]: undefined } })).toEqual([`caps.${cap}`]);
  });

  it("needs caps at all", () => {
    expect(refused(NewSource, { ...TRADINGVIEW, caps: undefined })).toEqual(["caps"]);
  });

  it("cannot prove itself by a signature", () => {
    expect(refused(NewSource, { ...TRADINGVIEW, origin: "hmac" })).toEqual(["origin"]);
    expect(refused(NewSource, { ...TRADINGVIEW, schemes: ["v1"] })).toEqual([""]);
  });

  it("that shows a certificate has one pinned", () => {
    const certified = (certificate_fingerprints: string[]) =>
      refused(NewSource, { ...TRADINGVIEW, origin: "certificate", certificate_fingerprints });
    expect(certified([])).toEqual(["certificate_fingerprints"]);
    expect(certified([FINGERPRINT])).toEqual([]);
    expect(certified([FINGERPRINT.toUpperCase()])).toEqual(["certificate_fingerprints.0"]);
    expect(certified([FINGERPRINT.slice(1)])).toEqual(["certificate_fingerprints.0"]);
    expect(certified(Array.from({ length: 6 }, () => FINGERPRINT))).toEqual(["certificate_fingerprints"]);
  });

  it.each([0, 86_401, 1.5])("cannot take the same bytes for one signal for %d seconds", (deduplicate_sec) => {
    expect(refused(NewSource, { ...TRADINGVIEW, deduplicate_sec })).toEqual(["deduplicate_sec"]);
  });
});

describe("any source", () => {
  it.each(["default", "api", "Bot", "", "__proto__"])("cannot be named %j", (id) => {
    expect(refused(NewSource, { ...SIGNED, id })).toEqual(["id"]);
    expect(refused(NewSource, { ...TRADINGVIEW, id })).toEqual(["id"]);
  });

  it("is of a kind that is known", () => {
    expect(refused(NewSource, { ...SIGNED, kind: "telegram" })).toEqual(["kind"]);
  });

  it("reaches twenty accounts at most beside its own", () => {
    const accounts = (count: number) => Array.from({ length: count }, (_, index) => `a${index}`);
    expect(refused(NewSource, { ...SIGNED, accounts: accounts(20) })).toEqual([]);
    expect(refused(NewSource, { ...SIGNED, accounts: accounts(21) })).toEqual(["accounts"]);
  });
});

describe("a source whose stop reaches further than itself", () => {
  it.each(["account", "everything"])("signs, where that is %s", (stop_reach) => {
    expect(refused(NewSource, { ...SIGNED, signals: { stop_reach } })).toEqual([]);
    expect(refused(NewSource, { ...TRADINGVIEW, signals: { stop_reach } })).toEqual(["signals.stop_reach"]);
  });

  it("is none of TradingView's later either", () => {
    const signals = SignalSettings.parse({ stop_reach: "account" });
    expect(stopsTooMuch({ kind: "tradingview", signals })).toHaveLength(1);
    expect(stopsTooMuch({ kind: "signed", signals })).toEqual([]);
    expect(stopsTooMuch({ kind: "tradingview", signals: undefined })).toEqual([]);
  });
});

describe("caps", () => {
  it.each([
    ["signals_per_min", 0],
    ["signals_per_min", 60_001],
    ["signals_per_min", 0.5],
    ["max_quantity", "0"],
    ["max_quantity", "-1"],
    ["max_notional", "much"],
  ])("are refused with the %s %j", (cap, value) => {
    expect(refused(SourceCaps, { ...CAPS, [cap]: value })).toEqual([cap]);
  });
});

describe("a change of a source", () => {
  it.each([{ name: "Bot" }, { status: "disabled" }, { accounts: ["paper"] }, { caps: { signals_per_min: 1 } }])(
    "can be %j",
    (change) => {
      expect(SourceChange.parse(change)).toEqual(change);
    },
  );

  it("changes something", () => {
    expect(refused(SourceChange, {})).toEqual([""]);
    expect(refused(SourceChange, { reason: "because" })).toEqual([""]);
  });

  it.each([{ account: "other" }, { kind: "tradingview" }, { schemes: ["v1"] }, { origin: "url_token" }, { id: "x" }])(
    "is never %j, under which an old signal could become fresh, or a weaker one enough",
    (change) => {
      expect(refused(SourceChange, { status: "active", ...change })).toEqual([""]);
    },
  );

  it("is no deletion", () => {
    expect(refused(SourceChange, { status: "deleted" })).toEqual(["status"]);
  });
});
