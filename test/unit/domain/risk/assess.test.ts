import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Decimal,
  add,
  compare,
  decimalOf,
  greaterThan,
  lessThan,
  multiply,
} from "../../../../src/domain/money.ts";
import { OrderIntent, OrderType, Side, TimeInForce } from "../../../../src/domain/order.ts";
import { Origin, isAtLeast } from "../../../../src/domain/origin.ts";
import type { Approved } from "../../../../src/domain/risk/approved.ts";
import { type Decision, assess, resumeApproval } from "../../../../src/domain/risk/assess.ts";
import { type RiskFacts, isReduction } from "../../../../src/domain/risk/facts.ts";
import { Policy, TradingState } from "../../../../src/domain/risk/policy.ts";
import { mayLeaveNow, needsReferencePrice } from "../../../../src/domain/risk/rules.ts";
import { SourceCaps } from "../../../../src/domain/source.ts";
import { NOW_MS, aMarketIntent, aPolicy, aTrade, anIntent, someFacts } from "../../../support/builders.ts";

/** The codes a decision gives, by rule; nothing for a rule that simply passed. */
const reasonsOf = (decision: Decision): Record<string, string | undefined> =>
  Object.fromEntries(
    decision.verdicts.filter(({ reason }) => reason !== undefined).map(({ rule, reason }) => [rule, reason]),
  );

const verdictOf = (decision: Decision, rule: string) => decision.verdicts.find((verdict) => verdict.rule === rule);

const longTen = someFacts({ position: "10" });
const sellTen = aMarketIntent({ side: "sell" });
/** More than {@link longTen} holds, so not an exit. */
const sellEleven = aMarketIntent({ side: "sell", quantity: "11" });

describe("an order within every limit", () => {
  it("is approved, and every rule says what it measured against which limit", () => {
    expect(assess(anIntent(), aPolicy(), someFacts())).toEqual({
      outcome: "approved",
      intent: anIntent(),
      isReduction: false,
      verdicts: [
        { rule: "trading_state", passed: true, input: "position 0", limit: "active" },
        { rule: "order_supported", passed: true, input: "supported", limit: "broker" },
        { rule: "audit_backlog", passed: true, input: "0", limit: "1000" },
        { rule: "position_known", passed: true, input: "compared", limit: "compared with the broker" },
        { rule: "circuit_breaker", passed: true, input: "closed", limit: "deny" },
        { rule: "symbol_allowed", passed: true, input: "AAPL", limit: "AAPL MSFT" },
        { rule: "reference_price_age", passed: true, input: "not needed", limit: "900" },
        { rule: "max_quantity", passed: true, input: "10", limit: "100" },
        { rule: "max_notional", passed: true, input: "1872.5", limit: "25000" },
        { rule: "max_position", passed: true, input: "10", limit: "1000" },
      ],
    });
  });
});

describe("each rule passes at its limit and fails just over it", () => {
  const NO_COUNTER_CASE = {};
  it.each<[string, OrderIntent, Policy, RiskFacts, Record<string, string>]>([
    ["max_quantity at", anIntent(), aPolicy({ max_quantity: "10" }), someFacts(), NO_COUNTER_CASE],
    [
      "max_quantity over",
      anIntent(),
      aPolicy({ max_quantity: "9.999999999" }),
      someFacts(),
      { max_quantity: "max_quantity_exceeded" },
    ],
    ["max_notional at", anIntent(), aPolicy({ max_notional: "1872.5" }), someFacts(), NO_COUNTER_CASE],
    [
      "max_notional over",
      anIntent(),
      aPolicy({ max_notional: "1872.499999999" }),
      someFacts(),
      { max_notional: "max_notional_exceeded" },
    ],
    [
      "max_notional at, by notional",
      aMarketIntent({ quantity: undefined, notional: "1000" }),
      aPolicy({ max_notional: "1000" }),
      someFacts(),
      NO_COUNTER_CASE,
    ],
    [
      "max_notional over, by notional",
      aMarketIntent({ quantity: undefined, notional: "1000.000000001" }),
      aPolicy({ max_notional: "1000" }),
      someFacts(),
      { max_notional: "max_notional_exceeded" },
    ],
    [
      "max_quantity at, by notional",
      aMarketIntent({ quantity: undefined, notional: "1875" }),
      aPolicy({ max_quantity: "10" }),
      someFacts(),
      NO_COUNTER_CASE,
    ],
    [
      "max_quantity over, by notional",
      aMarketIntent({ quantity: undefined, notional: "1875.000001" }),
      aPolicy({ max_quantity: "10" }),
      someFacts(),
      { max_quantity: "max_quantity_exceeded" },
    ],
    ["max_position at", anIntent(), aPolicy({ max_position: "10" }), someFacts(), NO_COUNTER_CASE],
    [
      "max_position over",
      anIntent(),
      aPolicy({ max_position: "9.999999999" }),
      someFacts(),
      { max_position: "max_position_exceeded" },
    ],
    [
      "reference_price_max_age_sec at",
      aMarketIntent(),
      aPolicy({ reference_price_max_age_sec: 60 }),
      someFacts({ referencePrice: aTrade("187.5", NOW_MS - 60_000) }),
      NO_COUNTER_CASE,
    ],
    [
      "reference_price_max_age_sec over",
      aMarketIntent(),
      aPolicy({ reference_price_max_age_sec: 60 }),
      someFacts({ referencePrice: aTrade("187.5", NOW_MS - 60_001) }),
      { reference_price_age: "reference_price_stale", max_notional: "reference_price_stale" },
    ],
    ["audit backlog at", anIntent(), aPolicy(), someFacts({ auditBacklog: 1_000 }), NO_COUNTER_CASE],
    [
      "audit backlog over",
      anIntent(),
      aPolicy(),
      someFacts({ auditBacklog: 1_001 }),
      { audit_backlog: "audit_backlog" },
    ],
    ["symbols in", anIntent({ symbol: "MSFT" }), aPolicy(), someFacts(), NO_COUNTER_CASE],
    ["symbols out", anIntent({ symbol: "MSFTX" }), aPolicy(), someFacts(), { symbol_allowed: "symbol_not_allowed" }],
    [
      "symbols in another case",
      anIntent({ symbol: "aapl" }),
      aPolicy(),
      someFacts(),
      { symbol_allowed: "symbol_not_allowed" },
    ],
    ["symbols none", anIntent(), aPolicy({ symbols: [] }), someFacts(), { symbol_allowed: "symbol_not_allowed" }],
    [
      "positions never compared with the broker's",
      anIntent(),
      aPolicy(),
      someFacts({ positionKnown: false }),
      { position_known: "position_unknown" },
    ],
    [
      "a broker that does not answer",
      anIntent(),
      aPolicy(),
      someFacts({ circuitOpen: true }),
      { circuit_breaker: "circuit_open" },
    ],
    [
      "a broker that does not answer, where entries wait for it",
      anIntent(),
      aPolicy({ when_circuit_open: "wait" }),
      someFacts({ circuitOpen: true }),
      NO_COUNTER_CASE,
    ],
    [
      "what the broker cannot do",
      anIntent(),
      aPolicy(),
      someFacts({ unsupported: { code: "unsupported_symbol", detail: "no such symbol" } }),
      { order_supported: "unsupported_symbol" },
    ],
  ])("%s", (_, intent, policy, facts, reasons) => {
    const decision = assess(intent, policy, facts);
    expect(reasonsOf(decision)).toEqual(reasons);
    expect(decision.outcome).toBe(Object.keys(reasons).length === 0 ? "approved" : "denied");
  });

  it("says of a denial the reason of the first rule that failed, and runs the others too", () => {
    const facts = someFacts({ auditBacklog: 9_999 });
    const decision = assess(anIntent({ symbol: "TSLA", quantity: "1000" }), aPolicy(), facts);
    expect(decision).toMatchObject({ outcome: "denied", reason: "audit_backlog" });
    expect(reasonsOf(decision)).toEqual({
      audit_backlog: "audit_backlog",
      symbol_allowed: "symbol_not_allowed",
      max_quantity: "max_quantity_exceeded",
      max_notional: "max_notional_exceeded",
    });
  });
});

describe("a limit that is not set", () => {
  const LIMITS = [
    ["symbols", "symbol_allowed"],
    ["max_quantity", "max_quantity"],
    ["max_notional", "max_notional"],
    ["max_position", "max_position"],
    ["reference_price_max_age_sec", "reference_price_age"],
  ] as const;

  it.each(LIMITS)("denies every entry and is named: %s", (limit, rule) => {
    for (const intent of [anIntent(), aMarketIntent(), aMarketIntent({ quantity: undefined, notional: "5" })]) {
      const decision = assess(intent, aPolicy({ [limit]: undefined }), someFacts());
      expect(decision).toMatchObject({ outcome: "denied", reason: "limit_not_set" });
      expect(verdictOf(decision, rule)).toMatchObject({ passed: false, limit: null, reason: "limit_not_set" });
    }
  });

  it.each(LIMITS)("is named also where the market price is unknown: %s", (limit, rule) => {
    const facts = someFacts({ referencePrice: undefined });
    const decision = assess(aMarketIntent(), aPolicy({ [limit]: undefined }), facts);
    expect(verdictOf(decision, rule)).toMatchObject({ passed: false, limit: null, reason: "limit_not_set" });
  });

  it("is named together with all others that are not set", () => {
    const decision = assess(anIntent(), Policy.parse({ trading_state: "active" }), someFacts());
    expect(reasonsOf(decision)).toEqual(Object.fromEntries(LIMITS.map(([, rule]) => [rule, "limit_not_set"])));
  });

  it("leaves an account with an empty policy halted", () => {
    expect(assess(sellTen, Policy.parse({}), longTen)).toMatchObject({ outcome: "denied", reason: "trading_halted" });
  });
});

describe("the trading state", () => {
  it.each<[TradingState, string, OrderIntent, string | undefined]>([
    ["active", "an entry", anIntent(), undefined],
    ["active", "an exit", sellTen, undefined],
    ["reducing", "an exit", sellTen, undefined],
    ["reducing", "an entry", anIntent(), "reducing_only"],
    ["reducing", "a sale of more than is held", sellEleven, "reducing_only"],
    [
      "reducing",
      "an exit by notional",
      aMarketIntent({ side: "sell", quantity: undefined, notional: "1" }),
      "reducing_only",
    ],
    ["halted", "an entry", anIntent(), "trading_halted"],
    ["halted", "an exit", sellTen, "trading_halted"],
  ])("%s, asked for %s", (state, _, intent, reason) => {
    const policy = aPolicy({ trading_state: state });
    expect(reasonsOf(assess(intent, policy, longTen))["trading_state"]).toBe(reason);
    expect(mayLeaveNow(intent, policy, () => longTen)).toBe(reason === undefined);
  });

  it("that is reducing lets nothing through while the position is not known to be there", () => {
    const decision = assess(sellTen, aPolicy({ trading_state: "reducing" }), someFacts({ position: "0" }));
    expect(decision).toMatchObject({ outcome: "denied", reason: "reducing_only" });
  });

  it("that is reducing counts the orders already on their way out", () => {
    const policy = aPolicy({ trading_state: "reducing" });
    const facts = someFacts({ position: "10", workingSameSide: "0.5" });
    expect(assess(sellTen, policy, facts)).toMatchObject({ outcome: "denied", reason: "reducing_only" });
    expect(assess(aMarketIntent({ side: "sell", quantity: "9.5" }), policy, facts).outcome).toBe("approved");
  });
});

describe("an exit", () => {
  const noLimits = Policy.parse({ trading_state: "active" });

  it("passes with no limit, no market price, no comparison, no broker and a full outbox, and each rule says it is exempt", () => {
    const unlucky = { positionKnown: false, circuitOpen: true, referencePrice: undefined, auditBacklog: 5_000 };
    const facts = someFacts({ position: "10", ...unlucky });
    const decision = assess(sellTen, noLimits, facts);
    expect(decision.outcome).toBe("approved");
    expect(reasonsOf(decision)).toEqual({
      audit_backlog: "exempt_reduction",
      position_known: "exempt_reduction",
      circuit_breaker: "exempt_reduction",
      symbol_allowed: "exempt_reduction",
      reference_price_age: "exempt_reduction",
      max_quantity: "exempt_reduction",
      max_notional: "exempt_reduction",
      max_position: "exempt_reduction",
    });
  });

  it("passes over every limit", () => {
    const policy = aPolicy({ symbols: ["MSFT"], max_quantity: "1", max_notional: "1" });
    expect(assess(sellTen, policy, longTen).outcome).toBe("approved");
  });

  it("does not pass where the broker cannot carry it out", () => {
    const facts = someFacts({ position: "10", unsupported: { code: "price_increment", detail: "too fine" } });
    expect(assess(sellTen, noLimits, facts)).toMatchObject({ outcome: "denied", reason: "price_increment" });
  });

  it("of more than is held is an entry like any other", () => {
    expect(assess(sellEleven, noLimits, longTen)).toMatchObject({ outcome: "denied", reason: "limit_not_set" });
  });
});

describe("what an order is measured with", () => {
  const market = someFacts({ referencePrice: aTrade("100", NOW_MS) });

  it.each<[string, OrderIntent, string]>([
    ["a buy limit by its own price, below the market", anIntent({ limit_price: "90" }), "900"],
    ["a buy limit by its own price, above the market", anIntent({ limit_price: "110" }), "1100"],
    ["a buy stop limit by its limit", anIntent({ type: "stop_limit", stop_price: "105", limit_price: "106" }), "1060"],
    ["a market order by the market", aMarketIntent(), "1000"],
    ["a market sale by the market", sellTen, "1000"],
    ["a sell limit below the market by the market", anIntent({ side: "sell", limit_price: "90" }), "1000"],
    ["a sell limit above the market by its own price", anIntent({ side: "sell", limit_price: "110" }), "1100"],
    ["a buy stop above the market by its stop", aMarketIntent({ type: "stop", stop_price: "120" }), "1200"],
    ["a buy stop below the market by the market", aMarketIntent({ type: "stop", stop_price: "80" }), "1000"],
    ["a sell stop by the market", aMarketIntent({ side: "sell", type: "stop", stop_price: "80" }), "1000"],
    ["an order by notional by its notional", aMarketIntent({ quantity: undefined, notional: "12.34" }), "12.34"],
  ])("%s", (_, intent, notional) => {
    expect(verdictOf(assess(intent, aPolicy(), market), "max_notional")).toMatchObject({ input: notional });
  });

  it.each<[string, OrderIntent, string]>([
    ["the market's units for a market order", aMarketIntent({ quantity: undefined, notional: "1000" }), "10"],
    [
      "more units where its own limit is below the market",
      anIntent({ quantity: undefined, notional: "1000", limit_price: "50" }),
      "20",
    ],
    [
      "the market's units where its own limit is above it",
      anIntent({ quantity: undefined, notional: "1000", limit_price: "200" }),
      "10",
    ],
  ])("an order by notional by %s", (_, intent, quantity) => {
    expect(verdictOf(assess(intent, aPolicy(), market), "max_quantity")).toMatchObject({ input: quantity });
  });

  it.each<[string, RiskFacts["referencePrice"], string]>([
    ["missing", undefined, "reference_price_unknown"],
    ["zero", aTrade("0", NOW_MS), "reference_price_unknown"],
    ["negative", aTrade("-1", NOW_MS), "reference_price_unknown"],
    ["of no known time", aTrade("100", Number.NaN), "reference_price_unknown"],
    ["from more than a minute ahead", aTrade("100", NOW_MS + 60_001), "reference_price_unknown"],
    ["from far ahead", aTrade("100", NOW_MS + 86_400_000), "reference_price_unknown"],
    ["too old", aTrade("100", NOW_MS - 900_001), "reference_price_stale"],
  ])("nothing, where the market price is %s", (_, referencePrice, reason) => {
    const facts = someFacts({ referencePrice });
    for (const intent of [aMarketIntent(), sellTen, aMarketIntent({ type: "stop", stop_price: "120" })]) {
      const decision = assess(intent, aPolicy(), facts);
      expect(decision).toMatchObject({ outcome: "denied", reason });
      expect(reasonsOf(decision)).toEqual({ reference_price_age: reason, max_notional: reason });
    }
    const byNotional = assess(aMarketIntent({ quantity: undefined, notional: "5" }), aPolicy(), facts);
    expect(reasonsOf(byNotional)).toEqual({ reference_price_age: reason, max_quantity: reason, max_position: reason });
  });

  it("the market price of a clock up to a minute ahead of ours", () => {
    const facts = someFacts({ referencePrice: aTrade("100", NOW_MS + 60_000) });
    expect(assess(aMarketIntent(), aPolicy(), facts).outcome).toBe("approved");
  });

  it("no market price where a buy limit bounds its own", () => {
    const facts = someFacts({ referencePrice: undefined });
    expect(assess(anIntent(), aPolicy(), facts).outcome).toBe("approved");
  });

  it("nothing, where it asks for neither quantity nor notional", () => {
    const { quantity: _, ...intent } = anIntent();
    const decision = assess(intent, aPolicy(), someFacts());
    expect(reasonsOf(decision)).toEqual({
      max_quantity: "order_unmeasurable",
      max_notional: "order_unmeasurable",
      max_position: "order_unmeasurable",
    });
  });
});

describe("the market price is asked for", () => {
  it.each<[boolean, string, OrderIntent, Policy]>([
    [true, "a market order", aMarketIntent(), aPolicy()],
    [true, "a sell limit", anIntent({ side: "sell" }), aPolicy()],
    [true, "a buy limit by notional", anIntent({ quantity: undefined, notional: "5" }), aPolicy()],
    [false, "a buy limit", anIntent(), aPolicy()],
    [false, "a symbol not allowed", aMarketIntent({ symbol: "TSLA" }), aPolicy()],
    [false, "any symbol, when none are set", aMarketIntent(), aPolicy({ symbols: undefined })],
    [false, "any order while reducing", aMarketIntent(), aPolicy({ trading_state: "reducing" })],
    [false, "any order while halted", aMarketIntent(), aPolicy({ trading_state: "halted" })],
  ])("%s for %s", (needed, _, intent, policy) => {
    expect(needsReferencePrice(intent, policy, () => false)).toBe(needed);
  });

  it("for a buy limit too while an order by amount works: its units count", () => {
    expect(needsReferencePrice(anIntent(), aPolicy(), () => true)).toBe(true);
    expect(needsReferencePrice(anIntent(), aPolicy({ trading_state: "halted" }), () => true)).toBe(false);
  });
});

describe("the position that an order can lead to", () => {
  const capped = aPolicy({ max_position: "10" });
  const worst = (intent: OrderIntent, facts: RiskFacts) => verdictOf(assess(intent, capped, facts), "max_position");

  it.each([
    ["what is held", "buy", "2", { position: "7" }, "9"],
    ["what is owed", "sell", "2", { position: "-7" }, "9"],
    ["what works on the same side, known or not", "buy", "2", { position: "3", workingSameSide: "4" }, "9"],
    ["what is held against a sale that turns it around", "sell", "9", { position: "2" }, "7"],
  ] as const)("counts %s", (_, side, quantity, facts, input) => {
    const intent = aMarketIntent({ side, quantity });
    expect(worst(intent, someFacts(facts))).toEqual({ rule: "max_position", passed: true, input, limit: "10" });
    const one = add(decimalOf(quantity), decimalOf(side === "sell" && facts.position === "2" ? "3.1" : "1.1"));
    expect(worst({ ...intent, quantity: one }, someFacts(facts))).toMatchObject({
      passed: false,
      reason: "max_position_exceeded",
    });
  });

  it("counts an order by amount at the market's price, or at its own where that buys more", () => {
    const byAmount = (money: string, ownPrice?: string) => ({
      money: decimalOf(money),
      ownPrice: ownPrice === undefined ? undefined : decimalOf(ownPrice),
    });
    const facts = {
      ...someFacts({ position: "1", referencePrice: aTrade("100", NOW_MS) }),
      workingByAmount: [byAmount("200"), byAmount("100", "50"), byAmount("100", "200")],
    };
    expect(worst(anIntent({ quantity: "2" }), facts)).toMatchObject({ passed: true, input: "8" });
    const blind = { ...facts, referencePrice: undefined };
    expect(worst(anIntent({ quantity: "2" }), blind)).toMatchObject({
      passed: false,
      reason: "reference_price_unknown",
    });
  });

  it("never exceeds the limit, whatever is asked for and whatever fills, in any order of events", () => {
    const step = fc.record({
      side: fc.constantFrom(...Side.options),
      units: fc.integer({ min: 1, max: 12 }),
      /** How many of the units at work on that side fill before the next order is asked for. */
      fills: fc.nat({ max: 15 }),
      isCanceled: fc.boolean(),
    });
    let approvals = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let held = 0;
        const working = { buy: 0, sell: 0 };
        for (const { side, units, fills, isCanceled } of steps) {
          const facts = someFacts({ position: String(held), workingSameSide: String(working[side]) });
          const intent = aMarketIntent({ side, quantity: String(units) });
          if (assess(intent, capped, facts).outcome === "approved") {
            approvals += 1;
            working[side] += units;
          }
          const filled = Math.min(fills, working[side]);
          working[side] = isCanceled ? 0 : working[side] - filled;
          held += side === "buy" ? filled : -filled;
          expect(Math.max(held + working.buy, working.sell - held)).toBeLessThanOrEqual(10);
        }
      }),
    );
    expect(approvals).toBeGreaterThan(100);
  });
});

describe("what the sender has proven of itself", () => {
  const from = (origin: Origin, minimumOrigin: Origin, more: Parameters<typeof someFacts>[0] = {}) =>
    someFacts({ sender: { origin, minimumOrigin, caps: null }, ...more });

  it.each<[Origin, Origin]>([
    ["hmac", "hmac"],
    ["hmac", "url_token"],
    ["certificate", "ip"],
    ["url_token", "url_token"],
  ])("is enough as %s where %s is the least", (origin, least) => {
    const decision = assess(anIntent(), aPolicy(), from(origin, least));
    expect(decision.outcome).toBe("approved");
    expect(verdictOf(decision, "origin")).toEqual({ rule: "origin", passed: true, input: origin, limit: least });
  });

  it.each<[Origin, Origin]>([
    ["url_token", "ip"],
    ["ip", "certificate"],
    ["certificate", "hmac"],
    ["url_token", "hmac"],
  ])("is not enough as %s where %s is the least", (origin, least) => {
    const decision = assess(anIntent(), aPolicy(), from(origin, least));
    expect(decision).toMatchObject({ outcome: "denied", reason: "origin_not_proven" });
    expect(reasonsOf(decision)).toEqual({ origin: "origin_not_proven" });
  });

  it("binds an exit too, because whoever has the URL can send one", () => {
    const facts = from("url_token", "hmac", { position: "10" });
    expect(assess(sellTen, aPolicy(), facts)).toMatchObject({ outcome: "denied", reason: "origin_not_proven" });
  });

  it("is not asked of an order given with an API key", () => {
    expect(verdictOf(assess(anIntent(), aPolicy(), someFacts({ sender: null })), "origin")).toBeUndefined();
  });
});

describe("a source's own caps", () => {
  const capped = (caps: object, more: Parameters<typeof someFacts>[0] = {}) =>
    someFacts({
      sender: { origin: "hmac", minimumOrigin: "hmac", caps: SourceCaps.parse({ signals_per_min: 60, ...caps }) },
      ...more,
    });
  const EXCEEDED = {
    max_quantity: { source_max_quantity: "source_max_quantity_exceeded" },
    max_notional: { source_max_notional: "source_max_notional_exceeded" },
  };

  it.each([
    ["max_quantity", "10", "9.999999999"],
    ["max_notional", "1872.5", "1872.499999999"],
  ] as const)("let an order pass at %s, and not just over it", (cap, at, under) => {
    expect(assess(anIntent(), aPolicy(), capped({ [cap]: at })).outcome).toBe("approved");
    const decision = assess(anIntent(), aPolicy(), capped({ [cap]: under }));
    expect(decision.outcome).toBe("denied");
    expect(reasonsOf(decision)).toEqual(EXCEEDED[cap]);
    expect(verdictOf(decision, `source_${cap}`)).toMatchObject({ input: at, limit: under });
  });

  it("stand beside the account's limits, which bind as before", () => {
    const decision = assess(anIntent(), aPolicy({ max_quantity: "9" }), capped({ max_quantity: "50" }));
    expect(reasonsOf(decision)).toEqual({ max_quantity: "max_quantity_exceeded" });
    expect(verdictOf(decision, "source_max_quantity")).toMatchObject({ passed: true, limit: "50" });
  });

  it("that are not set ask nothing", () => {
    const rules = assess(anIntent(), aPolicy(), capped({})).verdicts.map(({ rule }) => rule);
    expect(rules.filter((rule) => rule.startsWith("source_"))).toEqual([]);
  });

  it("deny what they cannot measure", () => {
    const facts = capped({ max_notional: "25000" }, { referencePrice: undefined });
    expect(reasonsOf(assess(aMarketIntent(), aPolicy(), facts))).toMatchObject({
      source_max_notional: "reference_price_unknown",
    });
  });

  it("bind the exits of a source that does not sign: whoever learns its address must not close what others opened", () => {
    const { sender } = capped({ max_quantity: "1" });
    if (sender === null) throw new Error("no sender");
    const facts = someFacts({ sender: { ...sender, origin: "ip", minimumOrigin: "url_token" }, position: "10" });
    expect(reasonsOf(assess(sellTen, aPolicy(), facts))).toEqual({
      source_max_quantity: "source_max_quantity_exceeded",
    });
    expect(assess({ ...sellTen, quantity: decimalOf("1") }, aPolicy(), facts).outcome).toBe("approved");
  });

  it("never ask an exit for a market price, which may not be known just then", () => {
    const { sender } = capped({ max_quantity: "10", max_notional: "1" });
    if (sender === null) throw new Error("no sender");
    const facts = someFacts({
      sender: { ...sender, origin: "ip", minimumOrigin: "url_token" },
      position: "10",
      referencePrice: undefined,
    });
    for (const policy of [aPolicy({ trading_state: "reducing" }), aPolicy({ symbols: ["MSFT"] }), aPolicy()]) {
      expect(assess(sellTen, policy, facts).outcome).toBe("approved");
    }
  });

  it("never trap an exit that is signed", () => {
    const facts = capped({ max_quantity: "1", max_notional: "1" }, { position: "10" });
    const decision = assess(sellTen, aPolicy(), facts);
    expect(decision.outcome).toBe("approved");
    expect(reasonsOf(decision)).toEqual({
      source_max_quantity: "exempt_reduction",
      source_max_notional: "exempt_reduction",
    });
  });
});

describe("an approval", () => {
  it("cannot be written by hand", () => {
    // @ts-expect-error -- a bare intent has not passed the policy
    const forged: Approved<OrderIntent> = anIntent();
    expect(forged).toEqual(anIntent());
  });

  it("is taken up again with the verdicts it was given", () => {
    const { verdicts } = assess(anIntent(), aPolicy(), someFacts());
    expect(resumeApproval(anIntent(), verdicts)).toEqual(anIntent());
  });

  it("is not taken up again where a rule had failed", () => {
    const { verdicts } = assess(anIntent({ symbol: "TSLA" }), aPolicy(), someFacts());
    expect(() => resumeApproval(anIntent({ symbol: "TSLA" }), verdicts)).toThrow("never approved");
  });

  it("is not taken up again where no rule was run", () => {
    expect(() => resumeApproval(anIntent(), [])).toThrow("never approved");
  });
});

describe("whatever is asked", () => {
  const small = fc.integer({ min: 1, max: 4_000 }).map((cents) => (cents / 100).toString());
  const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
  const large = fc.tuple(digits(15), digits(9)).map(([whole, fraction]) => `${whole}.${fraction}`);
  const positive = fc.oneof(
    { weight: 3, arbitrary: small },
    large.filter((text) => /[1-9]/.test(text)),
  );
  const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined, freq: 3 });

  /** Every intent the schema takes, those included that no sender can ask for. */
  const anyIntent = fc
    .record({
      symbol: fc.constantFrom("AAPL", "MSFT", "TSLA"),
      side: fc.constantFrom(...Side.options),
      type: fc.constantFrom(...OrderType.options),
      amount: fc.tuple(fc.constantFrom("quantity", "notional"), positive),
      limit_price: maybe(positive),
      stop_price: maybe(positive),
      time_in_force: fc.constantFrom(...TimeInForce.options),
      extended_hours: fc.boolean(),
    })
    .map(({ amount: [name, value], ...terms }) => anIntent({ quantity: undefined, ...terms, [name]: value }));

  const policyFields = {
    trading_state: fc.constantFrom(...TradingState.options),
    symbols: fc.constant(["AAPL", "MSFT"]),
    max_quantity: positive,
    max_notional: positive,
    max_position: positive,
    reference_price_max_age_sec: fc.integer({ min: 1, max: 604_800 }),
    when_circuit_open: fc.constantFrom("deny", "wait"),
  };
  const anyPolicy = fc.record(policyFields, { requiredKeys: [] }).map((fields) => Policy.parse(fields));

  const decimal = fc.tuple(fc.boolean(), positive).map(([minus, text]) => decimalOf(`${minus ? "-" : ""}${text}`));
  const anyOrigin = fc.constantFrom(...Origin.options);
  const anySender = fc.record({
    origin: anyOrigin,
    minimumOrigin: anyOrigin,
    caps: fc.option(
      fc
        .record({ max_quantity: positive, max_notional: positive }, { requiredKeys: [] })
        .map((caps) => SourceCaps.parse({ signals_per_min: 60, ...caps })),
    ),
  });
  const anyFacts: fc.Arbitrary<RiskFacts> = fc.record({
    sender: fc.option(anySender),
    nowMs: fc.constant(NOW_MS),
    position: fc.oneof(fc.constant(decimalOf("0")), decimal),
    workingSameSide: fc.oneof(fc.constant(decimalOf("0")), positive.map(decimalOf)),
    workingByAmount: fc.array(fc.record({ money: positive.map(decimalOf), ownPrice: maybe(positive.map(decimalOf)) }), {
      maxLength: 2,
    }),
    referencePrice: maybe(
      fc.record({ price: decimal, atMs: fc.integer({ min: NOW_MS - 1_000_000, max: NOW_MS + 100_000 }) }),
    ),
    positionKnown: fc.boolean(),
    circuitOpen: fc.boolean(),
    auditBacklog: fc.nat({ max: 1_100 }),
    unsupported: fc.option(fc.constant({ code: "unsupported_symbol", detail: "no" }), { nil: undefined, freq: 9 }),
  });

  const quantityCap = ({ sender }: RiskFacts) =>
    sender?.caps?.max_quantity === undefined ? [] : ["source_max_quantity"];
  const notionalCap = ({ sender }: RiskFacts) =>
    sender?.caps?.max_notional === undefined ? [] : ["source_max_notional"];

  /** The cap on units of a source that does not sign is among the rules that no exit is exempt from. */
  const rulesFor = (facts: RiskFacts): string[] => [
    "trading_state",
    "order_supported",
    ...(facts.sender === null ? [] : ["origin"]),
    ...(facts.sender?.origin === "hmac" ? [] : quantityCap(facts)),
    "audit_backlog",
    "position_known",
    "circuit_breaker",
    "symbol_allowed",
    "reference_price_age",
    "max_quantity",
    "max_notional",
    "max_position",
    ...(facts.sender?.origin === "hmac" ? quantityCap(facts) : []),
    ...notionalCap(facts),
  ];

  it("nothing passes that its sender has proven too little of, an exit neither", () => {
    fc.assert(
      fc.property(anyIntent, anyPolicy, anyFacts, (intent, policy, facts) => {
        const { sender } = facts;
        if (sender === null || isAtLeast(sender.origin, sender.minimumOrigin)) return;
        expect(assess(intent, policy, facts).outcome).toBe("denied");
      }),
    );
  });

  it("a source's caps only ever take away", () => {
    fc.assert(
      fc.property(anyIntent, anyPolicy, anyFacts, (intent, policy, facts) => {
        const uncapped = { ...facts, sender: facts.sender === null ? null : { ...facts.sender, caps: null } };
        if (assess(intent, policy, facts).outcome === "denied") return;
        expect(assess(intent, policy, uncapped).outcome).toBe("approved");
      }),
    );
  });

  it("a decision comes out, with a verdict of every rule", () => {
    fc.assert(
      fc.property(anyIntent, anyPolicy, anyFacts, (intent, policy, facts) => {
        const decision = assess(intent, policy, facts);
        expect(decision.verdicts.map(({ rule }) => rule)).toEqual(rulesFor(facts));
        expect(decision.outcome === "approved").toBe(decision.verdicts.every((verdict) => verdict.passed));
      }),
    );
  });

  it("an entry is denied while any limit is missing", () => {
    const limit = fc.constantFrom(
      "symbols",
      "max_quantity",
      "max_notional",
      "max_position",
      "reference_price_max_age_sec",
    );
    fc.assert(
      fc.property(anyIntent, anyPolicy, limit, anyFacts, (intent, policy, missing, facts) => {
        fc.pre(!isReduction(intent, facts));
        const decision = assess(intent, Policy.parse({ ...policy, [missing]: undefined }), facts);
        expect(decision.outcome).toBe("denied");
        expect(decision.verdicts).toContainEqual(expect.objectContaining({ limit: null, reason: "limit_not_set" }));
      }),
    );
  });

  it("an entry is denied while nobody knows the position, or the broker is away and entries do not wait for it", () => {
    fc.assert(
      fc.property(anyIntent, anyPolicy, anyFacts, (intent, policy, facts) => {
        fc.pre(!isReduction(intent, facts));
        fc.pre(!facts.positionKnown || (facts.circuitOpen && policy.when_circuit_open === "deny"));
        expect(assess(intent, policy, facts).outcome).toBe("denied");
      }),
    );
  });

  it("an approved order exceeds no limit unless it is an exit", () => {
    const higher = (prices: readonly Decimal[]) => prices.reduce((a, b) => (greaterThan(a, b) ? a : b));
    const lower = (prices: readonly Decimal[]) => prices.reduce((a, b) => (lessThan(a, b) ? a : b));
    const atMost = (a: Decimal, b: Decimal) => compare(a, b) <= 0;
    /** Limits that about half of the small orders keep to. */
    const limits = fc.record({ max_quantity: small, max_notional: fc.nat({ max: 1_000 }).map((money) => money + 0.5) });
    const withAnyPosition = (some: object) => aPolicy({ ...some, max_position: "999999999999999" });
    let approvals = 0;
    fc.assert(
      fc.property(anyIntent, limits.map(withAnyPosition), anyFacts, (intent, policy, anyOfThem) => {
        const facts = { ...anyOfThem, positionKnown: true, circuitOpen: false, unsupported: undefined };
        if (assess(intent, policy, facts).outcome === "denied" || isReduction(intent, facts)) return;
        approvals += 1;
        const { quantity, notional, limit_price: limit, stop_price: stop } = intent;
        const { max_quantity: maxQuantity = decimalOf("0"), max_notional: maxNotional = decimalOf("0") } = policy;
        const own = limit ?? stop;
        const market = facts.referencePrice?.price;
        const prices = [own, market].filter((price) => price !== undefined);
        if (quantity !== undefined) {
          expect(atMost(quantity, maxQuantity)).toBe(true);
          const price = intent.side === "buy" && limit !== undefined ? limit : higher(prices);
          expect(atMost(multiply(quantity, price), maxNotional)).toBe(true);
        }
        if (notional !== undefined) {
          expect(atMost(notional, maxNotional)).toBe(true);
          // A division ends after 12 digits.
          const units = add(maxQuantity, decimalOf("0.000000000001"));
          expect(atMost(notional, multiply(units, lower(prices)))).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(approvals).toBeGreaterThan(10);
  });
});
