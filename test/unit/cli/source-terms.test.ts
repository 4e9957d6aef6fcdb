import { describe, expect, it } from "vitest";
import { UsageFault } from "../../../src/cli/failure.ts";
import { readNewSource, readSourceChange } from "../../../src/cli/source-terms.ts";
import { SignalSettings } from "../../../src/domain/signal/settings.ts";
import { NewSource, SourceChange } from "../../../src/domain/source.ts";

const CAPS = { "signals-per-min": "30", "max-quantity": "10", "max-notional": "2000" };

/** What of it goes over the wire. */
const sent = (body: object): unknown => JSON.parse(JSON.stringify(body));

function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof UsageFault) return thrown.message;
    throw thrown;
  }
  return "no fault";
}

describe("a new source", () => {
  it("signs, and needs no more than an account", () => {
    expect(NewSource.parse(sent(readNewSource("momentum", { account: "paper" })))).toEqual({
      id: "momentum",
      kind: "signed",
      account: "paper",
      schemes: ["v1", "standard_webhooks"],
      signals: SignalSettings.parse({}),
    });
  });

  it("says all that the gateway takes of one that signs", () => {
    const terms = readNewSource("momentum", {
      account: "paper",
      also: ["a1", "a2"],
      scheme: ["standard-webhooks", "sha256"],
      name: "Momentum",
      reason: "a new strategy",
      ...CAPS,
    });
    expect(NewSource.parse(sent(terms))).toEqual({
      id: "momentum",
      kind: "signed",
      name: "Momentum",
      account: "paper",
      accounts: ["a1", "a2"],
      schemes: ["standard_webhooks", "sha256"],
      caps: { signals_per_min: 30, max_quantity: "10", max_notional: "2000" },
      reason: "a new strategy",
      signals: SignalSettings.parse({}),
    });
  });

  it("says whose it is, and how its signals are read", () => {
    const signals = { format: "text", default_size: { by: "quantity", value: "10" }, stop_reach: "everything" };
    const options = { account: "paper", owner: "maria", signals: "signals.json" };
    expect(NewSource.parse(sent(readNewSource("momentum", options, signals)))).toMatchObject({
      owner: "maria",
      signals: SignalSettings.parse(signals),
    });
  });

  it("says all that the gateway takes of TradingView", () => {
    const terms = readNewSource("tv", {
      kind: "tradingview",
      account: "paper",
      origin: "certificate",
      fingerprint: ["ab".repeat(32)],
      deduplicate: "60",
      ...CAPS,
    });
    expect(NewSource.parse(sent(terms))).toMatchObject({
      kind: "tradingview",
      origin: "certificate",
      certificate_fingerprints: ["ab".repeat(32)],
      deduplicate_sec: 60,
      caps: { signals_per_min: 30 },
    });
  });

  it.each([
    [{}, "--account is missing"],
    [{ account: "paper", kind: "other" }, "--kind takes signed or tradingview"],
    [{ account: "paper", origin: "ip" }, "sources create --kind signed knows no --origin"],
    [{ account: "paper", kind: "tradingview", scheme: ["v1"] }, "--kind tradingview knows no --scheme"],
    [{ account: "paper", "no-others": true }, "sources create --kind signed knows no --no-others"],
    [{ account: "paper", "max-quantity": "5" }, "--signals-per-min is missing"],
    [{ account: "paper", "signals-per-min": "often" }, "--signals-per-min takes a whole number"],
    [{ account: "paper", kind: "tradingview", deduplicate: "0" }, "--deduplicate takes a whole number"],
  ])("is not %j", (options, fault) => {
    expect(faultOf(() => readNewSource("momentum", options))).toContain(fault);
  });
});

describe("a change of a source", () => {
  it("says what the gateway takes", () => {
    const change = { name: "Momentum", also: ["a1"], "signals-per-min": "5", reason: "slower" };
    expect(SourceChange.parse(sent(readSourceChange(change)))).toEqual({
      name: "Momentum",
      accounts: ["a1"],
      caps: { signals_per_min: 5 },
      reason: "slower",
    });
    expect(SourceChange.parse(sent(readSourceChange({ "no-others": true })))).toEqual({ accounts: [] });
    expect(SourceChange.parse(sent(readSourceChange({ owner: "maria" })))).toEqual({ owner: "maria" });
    const changed = readSourceChange({ signals: "signals.json" }, { format: "text" });
    expect(SourceChange.parse(sent(changed))).toEqual({ signals: SignalSettings.parse({ format: "text" }) });
    expect(SourceChange.parse(sent(readSourceChange({ "fan-out": ["a1"] })))).toEqual({ fan_out: ["a1"] });
    expect(SourceChange.parse(sent(readSourceChange({ "no-fan-out": true })))).toEqual({ fan_out: [] });
  });

  it.each([
    [{}, "Say what changes"],
    [{ reason: "why not" }, "Say what changes"],
    [{ also: ["a1"], "no-others": true }, "Give --also or --no-others"],
    [{ "fan-out": ["a1"], "no-fan-out": true }, "Give --fan-out or --no-fan-out"],
    [{ account: "a1" }, "sources change knows no --account"],
    [{ kind: "signed" }, "sources change knows no --kind"],
  ])("is not %j", (options, fault) => {
    expect(faultOf(() => readSourceChange(options))).toContain(fault);
  });
});
