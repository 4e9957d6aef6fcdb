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
import { type Decision, assess, assessNew, resumeApproval } from "../../../../src/domain/risk/assess.ts";
import { type RiskFacts, isReduction } from "../../../../src/domain/risk/facts.ts";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { TradingState } from "../../../../src/domain/risk/trading-state.ts";
import { needsPrice } from "../../../../src/domain/risk/needs-price.ts";
import { mayLeave } from "../../../../src/domain/risk/rules/trading-state.ts";
import { RULE_BOOK } from "../../../../src/domain/risk/rule-book.ts";
import { SourceCaps } from "../../../../src/domain/source.ts";
import { NO_LIMITS } from "../../../support/no-limits.ts";
import {
  NOW_MS,
  aBook,
  aMarketIntent,
  aPolicy,
  aTrade,
  anInstrument,
  anIntent,
  someFacts,
  someFunds,
} from "../../../support/builders.ts";

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

describe("an order that closes more than is held", () => {
  const reducing = { ...longTen, tradingState: "reducing" } as const;
  const placed = (asked: OrderIntent, facts: RiskFacts) => {
    const { outcome, intent, arithmetic } = assessNew(asked, aPolicy(), facts);
    return [outcome, intent.quantity, arithmetic];
  };
  const CLAMPED = "only exits pass";

  it("is for what is held while only exits pass", () => {
    expect(placed(sellEleven, reducing)).toEqual(["approved", "10", `11 asked, 10 left to close: ${CLAMPED}`]);
  });

  it("is for what is left of that beside other exits", () => {
    const facts = { ...reducing, onItsWay: { units: decimalOf("4"), hasAmounts: false } };
    expect(placed(sellEleven, facts)).toEqual(["approved", "6", `11 asked, 6 left to close: ${CLAMPED}`]);
  });

  it.each<[string, OrderIntent, Partial<RiskFacts>]>([
    ["opens more", aMarketIntent(), {}],
    ["finds everything on its way out", sellEleven, { onItsWay: { units: decimalOf("10"), hasAmounts: false } }],
    ["finds nobody knows how much on its way", sellEleven, { onItsWay: { units: decimalOf("0"), hasAmounts: true } }],
    ["rests at a price of its own", anIntent({ side: "sell", quantity: "11", limit_price: "250" }), {}],
    ["is for an amount of money", aMarketIntent({ side: "sell", quantity: undefined, notional: "100" }), {}],
    ["would have legs", { ...sellEleven, take_profit: { limit_price: decimalOf("180") } }, {}],
  ])("is denied then as it is where it %s", (_, asked, facts) => {
    expect(placed(asked, { ...reducing, ...facts })).toEqual(["denied", asked.quantity, undefined]);
  });

  it("is what was asked for where entries pass, and denied where nothing does", () => {
    expect(placed(sellEleven, longTen)).toEqual(["approved", "11", undefined]);
    expect(placed(sellEleven, { ...longTen, tradingState: "halted" })).toEqual(["denied", "11", undefined]);
  });

  it("is not another one on its second way to the rules: that is for whoever has decided about it", () => {
    expect(assess(sellEleven, aPolicy(), reducing)).toMatchObject({ outcome: "denied", intent: { quantity: "11" } });
  });
});

describe("an order within every limit", () => {
  it("is approved, and every rule says what it measured against which limit", () => {
    const decision = assess(anIntent(), aPolicy(), someFacts());
    expect(decision).toMatchObject({ outcome: "approved", intent: anIntent(), isReduction: false });
    expect(decision.verdicts).toEqual(
      expect.arrayContaining([
        { rule: "trading_state", passed: true, input: "position 0", limit: "active" },
        { rule: "order_supported", passed: true, input: "supported", limit: "broker" },
        { rule: "symbol_allowed", passed: true, input: "AAPL", limit: "AAPL MSFT" },
        { rule: "reference_price_age", passed: true, input: "1", limit: "900" },
        { rule: "max_quantity", passed: true, input: "10", limit: "100" },
        { rule: "max_notional", passed: true, input: "1872.5", limit: "25000" },
        { rule: "max_position", passed: true, input: "10", limit: "1000" },
        { rule: "max_open_orders", passed: true, input: "1", limit: "off" },
      ]),
    );
  });
});

describe("a denial", () => {
  it("has the reason of the first rule that failed, and runs the others too", () => {
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
  const LIMITS = RULE_BOOK.flatMap((rule) =>
    rule.kind === "limit" && Policy.parse({})[rule.setting] === undefined ? [[rule.setting, rule.id] as const] : [],
  );

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
    const decision = assess(anIntent(), Policy.parse({}), someFacts());
    expect(reasonsOf(decision)).toEqual(Object.fromEntries(LIMITS.map(([, rule]) => [rule, "limit_not_set"])));
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
    const facts = { ...longTen, tradingState: state };
    expect(reasonsOf(assess(intent, aPolicy(), facts))["trading_state"]).toBe(reason);
    expect(mayLeave(intent, state, () => longTen)).toBe(reason === undefined);
  });

  it("that is reducing lets nothing through while the position is not known to be there", () => {
    const decision = assess(sellTen, aPolicy(), someFacts({ position: "0", tradingState: "reducing" }));
    expect(decision).toMatchObject({ outcome: "denied", reason: "reducing_only" });
  });

  it("that is reducing counts the orders already on their way out", () => {
    const facts = someFacts({ position: "10", workingSameSide: "0.5", tradingState: "reducing" });
    expect(assess(sellTen, aPolicy(), facts)).toMatchObject({ outcome: "denied", reason: "reducing_only" });
    expect(assess(aMarketIntent({ side: "sell", quantity: "9.5" }), aPolicy(), facts).outcome).toBe("approved");
  });
});

describe("an exit", () => {
  const noLimits = Policy.parse({});

  it("passes with no limit, no market price, no comparison, no broker and a full outbox, and each rule says it is exempt", () => {
    const unlucky = { positionKnown: false, circuitOpen: true, referencePrice: undefined, auditBacklog: 5_000 };
    const facts = someFacts({ position: "10", ...unlucky });
    const decision = assess(sellTen, noLimits, facts);
    expect(decision.outcome).toBe("approved");
    const failed = Object.entries(reasonsOf(decision));
    expect(failed.length).toBeGreaterThan(15);
    expect(failed.filter(([, reason]) => reason !== "exempt_reduction")).toEqual([]);
  });

  it("passes over every limit", () => {
    const policy = aPolicy({ symbols: ["MSFT"], max_quantity: "1", max_notional: "1" });
    expect(assess(sellTen, policy, longTen).outcome).toBe("approved");
  });

  it("does not pass where the broker cannot carry it out", () => {
    const supports = () => ({ code: "price_increment", detail: "too fine" });
    const facts = someFacts({ position: "10", supports });
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

  it.each<[string, RiskFacts["referencePrice"]]>([
    ["missing", undefined],
    ["zero", aTrade("0", NOW_MS)],
    ["negative", aTrade("-1", NOW_MS)],
    ["of no known time", aTrade("100", Number.NaN)],
    ["from more than a minute ahead", aTrade("100", NOW_MS + 60_001)],
    ["from far ahead", aTrade("100", NOW_MS + 86_400_000)],
  ])("nothing, where the market price is %s", (_, referencePrice) => {
    const facts = someFacts({ referencePrice });
    const reason = "reference_price_unknown";
    for (const intent of [aMarketIntent(), sellTen, aMarketIntent({ type: "stop", stop_price: "120" })]) {
      const decision = assess(intent, aPolicy(), facts);
      expect(decision).toMatchObject({ outcome: "denied", reason });
      expect(reasonsOf(decision)).toEqual({ reference_price_age: reason, max_notional: reason });
    }
    const byNotional = assess(aMarketIntent({ quantity: undefined, notional: "5" }), aPolicy(), facts);
    expect(reasonsOf(byNotional)).toEqual({ reference_price_age: reason, max_quantity: reason, max_position: reason });
    expect(reasonsOf(assess(anIntent(), aPolicy(), facts))).toEqual({ reference_price_age: reason });
  });

  it("the market price of a clock up to a minute ahead of ours", () => {
    const facts = someFacts({ referencePrice: aTrade("100", NOW_MS + 60_000) });
    expect(assess(aMarketIntent(), aPolicy(), facts).outcome).toBe("approved");
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
  it.each<[boolean, string, OrderIntent, Policy, TradingState]>([
    [true, "a market order", aMarketIntent(), aPolicy(), "active"],
    [true, "a buy limit", anIntent(), aPolicy(), "active"],
    [true, "a sale of more than is held", sellEleven, aPolicy(), "active"],
    [true, "any symbol, where all may be entered", anIntent({ symbol: "TSLA" }), aPolicy({ symbols: "any" }), "active"],
    [false, "an exit", sellTen, aPolicy(), "active"],
    [false, "a symbol not allowed", aMarketIntent({ symbol: "TSLA" }), aPolicy(), "active"],
    [false, "any symbol, when none are set", aMarketIntent(), aPolicy({ symbols: undefined }), "active"],
    [false, "any order while reducing", aMarketIntent(), aPolicy(), "reducing"],
    [false, "any order while halted", aMarketIntent(), aPolicy(), "halted"],
  ])("%s for %s", (needed, _, intent, policy, tradingState) => {
    expect(needsPrice(intent, { policy, tradingState }, () => longTen)).toBe(needed);
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
    for (const policy of [aPolicy({ symbols: ["MSFT"] }), aPolicy()]) {
      expect(assess(sellTen, policy, facts).outcome).toBe("approved");
      expect(assess(sellTen, policy, { ...facts, tradingState: "reducing" }).outcome).toBe("approved");
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
    ...Object.fromEntries(Object.entries(NO_LIMITS).map(([setting, none]) => [setting, fc.constant(none)])),
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
  const count = fc.nat({ max: 10 });
  const anyCounts = fc.record({ second: count, minute: count, day: count });
  const anyFacts: fc.Arbitrary<RiskFacts> = fc
    .record({
      sender: fc.option(anySender),
      nowMs: fc.constant(NOW_MS),
      askedType: fc.constantFrom(...OrderType.options),
      position: fc.oneof(fc.constant(decimalOf("0")), decimal),
      workingSameSide: fc.oneof(fc.constant(decimalOf("0")), positive.map(decimalOf)),
      workingByAmount: fc.array(
        fc.record({ money: positive.map(decimalOf), ownPrice: maybe(positive.map(decimalOf)) }),
        {
          maxLength: 2,
        },
      ),
      referencePrice: maybe(
        fc.record({
          price: decimal,
          atMs: fc.integer({ min: NOW_MS - 1_000_000, max: NOW_MS + 100_000 }),
          of: fc.constantFrom("trade", "quote"),
        }),
      ),
      positionKnown: fc.boolean(),
      circuitOpen: fc.boolean(),
      auditBacklog: fc.nat({ max: 1_100 }),
      supports: fc
        .option(fc.constant({ code: "unsupported_symbol", detail: "no" }), { nil: undefined, freq: 9 })
        .map((unsupported) => () => unsupported),
      tradingState: fc.constantFrom(...TradingState.options),
      opposing: fc.array(fc.oneof(fc.constant(null), positive.map(decimalOf)), { maxLength: 2 }),
      openOrders: fc.nat({ max: 10 }),
      book: fc.constant(aBook()),
      funds: fc.constantFrom(someFunds(), undefined),
      instrument: fc.constantFrom(anInstrument(), undefined),
      recent: fc.record({
        orders: anyCounts,
        messages: anyCounts,
        sameOrderAgeMs: fc.option(fc.nat({ max: 60_000 })),
        repeatAgesMs: fc.array(fc.nat({ max: 60_000 }), { maxLength: 3 }),
      }),
    })
    .map((facts) => ({
      ...facts,
      onItsWay: { units: facts.workingSameSide, hasAmounts: facts.workingByAmount.length > 0 },
    }));

  /** Rules about the sender have nothing to say where there is none, or where it has no cap of its own. */
  const rulesFor = ({ sender }: RiskFacts): string[] =>
    RULE_BOOK.map(({ id }) => id).filter((id) => {
      if (id === "origin") return sender !== null;
      if (id === "source_max_quantity") return sender?.caps?.max_quantity !== undefined;
      return id !== "source_max_notional" || sender?.caps?.max_notional !== undefined;
    });

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
    const limit = fc.constantFrom(...Object.keys(NO_LIMITS), "reference_price_max_age_sec");
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
    const WELL = {
      instrument: anInstrument(),
      tradingState: "active",
      positionKnown: true,
      circuitOpen: false,
      supports: () => undefined,
    } as const;
    /** Limits that about half of the small orders keep to. */
    const limits = fc.record({ max_quantity: small, max_notional: fc.nat({ max: 1_000 }).map((money) => money + 0.5) });
    const withAnyPosition = (some: object) => aPolicy({ ...some, max_position: "999999999999999" });
    let approvals = 0;
    fc.assert(
      fc.property(anyIntent, limits.map(withAnyPosition), anyFacts, (intent, policy, anyOfThem) => {
        const facts = someFacts({ ...anyOfThem, ...WELL });
        if (assess(intent, policy, facts).outcome === "denied" || isReduction(intent, facts)) return;
        approvals += 1;
        const { quantity, notional, limit_price: limit, stop_price: stop } = intent;
        const limitOf = (text: string | undefined) => decimalOf(text ?? "0");
        const [maxQuantity, maxNotional] = [limitOf(policy.max_quantity), limitOf(policy.max_notional)];
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
      // Two in a hundred are approved.
      { numRuns: 3_000 },
    );
    expect(approvals).toBeGreaterThan(10);
  });
});
