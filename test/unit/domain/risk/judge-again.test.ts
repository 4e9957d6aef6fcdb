// An order on the record under another policy: against what the gateway would have decided of the same order, under that policy, in
// the same world. Whatever is judged has to be what would have been decided; whatever cannot be known has to be named.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OrderIntent, OrderIntent as IntentSchema, type Verdict } from "../../../../src/domain/order.ts";
import { type Decision, assess } from "../../../../src/domain/risk/assess.ts";
import { stateOf } from "../../../../src/domain/risk/coverage.ts";
import { type RiskFacts, isReduction } from "../../../../src/domain/risk/facts.ts";
import { type Recorded, judgeAgain } from "../../../../src/domain/risk/judge-again.ts";
import { needsPrice } from "../../../../src/domain/risk/needs-price.ts";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { RULE_BOOK } from "../../../../src/domain/risk/rule-book.ts";
import { SourceCaps } from "../../../../src/domain/source.ts";
import {
  NOW_MS,
  aBook,
  aHolding,
  aMarketIntent,
  aPolicy,
  aTrade,
  anInstrument,
  anIntent,
  anOrder,
  nothingRecent,
  someFacts,
  someFunds,
} from "../../../support/builders.ts";
import { decimalOf } from "../../../../src/domain/money.ts";

const NEW_YORK = { time_zone: "America/New_York", sessions: [{ days: ["thu"], from: "09:30", to: "16:00" }] };
const CLOSED = { time_zone: "UTC", sessions: [{ days: ["mon"], from: "00:00", to: "00:01" }] };

const decide = (asked: OrderIntent, policy: Policy, facts: RiskFacts): Decision =>
  assess(asked, policy, { ...facts, askedType: asked.type });

/** The order as the account would have stored it. */
function record(asked: OrderIntent, policy: Policy, facts: RiskFacts): Recorded {
  const decision = decide(asked, policy, facts);
  const isApproved = decision.outcome === "approved";
  const state = isApproved
    ? { status: "pending_new", delivery: "pending", reason: null, ...holdOf(decision) }
    : { status: "denied", delivery: "none", reason: { code: decision.reason } };
  // One field takes the place of the other where an amount is bounded, so neither may stay of the ordinary order.
  const terms = { quantity: undefined, notional: undefined, limit_price: undefined, stop_price: undefined };
  return {
    order: anOrder({ ...terms, ...decision.intent, ...state, verdicts: decision.verdicts }),
    asked: { type: asked.type, isByAmount: asked.notional !== undefined },
    isExit: isApproved && decision.isReduction,
  };
}

const holdOf = ({ hold }: Extract<Decision, { outcome: "approved" }>) =>
  hold === null ? {} : { hold: { expires_at: new Date(NOW_MS).toISOString(), owner: null, decided: null, ...hold } };

const asRecorded = (
  policy: Parameters<typeof aPolicy>[0],
  { intent = anIntent(), facts = {} }: { intent?: OrderIntent; facts?: Parameters<typeof someFacts>[0] } = {},
): Recorded => record(intent, aPolicy(policy), someFacts(facts));

const under = (recorded: Recorded, policy: Parameters<typeof aPolicy>[0], rule: string) => {
  const { verdicts, notJudged } = judgeAgain(recorded, aPolicy(policy));
  const verdict = verdicts.find((one) => one.rule === rule);
  return notJudged.find((one) => one.rule === rule)?.why ?? verdict?.reason ?? (verdict?.passed ? "passes" : undefined);
};

type Overrides = Parameters<typeof aPolicy>[0];

describe("a limit in the proposed policy", () => {
  it.each<[string, string, Overrides, Overrides, string]>([
    ["lowered", "max_quantity", { max_quantity: "100" }, { max_quantity: "9.9" }, "max_quantity_exceeded"],
    ["raised", "max_quantity", { max_quantity: "9.9" }, { max_quantity: "10" }, "passes"],
    ["off", "max_quantity", { max_quantity: "9.9" }, { max_quantity: "off" }, "passes"],
    ["unset", "max_quantity", { max_quantity: "100" }, { max_quantity: undefined }, "limit_not_set"],
    ["set", "max_quantity", { max_quantity: undefined }, { max_quantity: "10" }, "passes"],
    ["on", "max_notional", { max_notional: "off" }, { max_notional: "1872.49" }, "max_notional_exceeded"],
    ["narrower", "symbol_allowed", {}, { symbols: ["MSFT"] }, "symbol_not_allowed"],
    ["wider", "side_allowed", { sides: ["sell"] }, { sides: "any" }, "passes"],
    ["longer", "symbol_restricted", {}, { restricted_symbols: ["AAPL"] }, "symbol_restricted"],
    ["lowered", "reference_price_age", {}, { reference_price_max_age_sec: 1 }, "passes"],
    ["raised", "min_buying_power", {}, { min_buying_power: "198128" }, "buying_power_exceeded"],
    ["met", "min_buying_power", {}, { min_buying_power: "198127.5" }, "passes"],
    ["closed", "trading_hours", {}, { trading_hours: CLOSED }, "outside_trading_hours"],
    ["open", "trading_hours", { trading_hours: CLOSED }, { trading_hours: NEW_YORK }, "passes"],
    ["lowered", "price_collar", {}, { price_collar_percent: "0.1" }, "passes"],
  ])("that is %s judges what was measured: %s", (_, rule, then, now, says) => {
    expect(under(asRecorded(then), now, rule)).toBe(says);
  });

  it.each([
    ["duplicate_order_window_sec", 5, "duplicate_order", "duplicate_order"],
    ["repeated_execution", { times: 2, window_sec: 60 }, "repeated_execution", "repeated_execution"],
    ["self_match", "deny", "self_match", "self_match"],
    ["when_circuit_open", "deny", "circuit_breaker", "circuit_open"],
    ["max_open_orders", 1, "max_open_orders", "max_open_orders_exceeded"],
    ["max_orders_per_day", 1, "max_orders_per_day", "max_orders_per_day_exceeded"],
  ])("judges what the account had done and was doing: %s", (setting, limit, rule, says) => {
    const facts = {
      opposing: [null],
      circuitOpen: true,
      openOrders: 1,
      recent: nothingRecent({
        sameOrderAgeMs: 4_000,
        repeatAgesMs: [1_000, 2_000],
        orders: { second: 1, minute: 1, day: 1 },
      }),
    };
    const recorded = asRecorded({ when_circuit_open: "wait" }, { facts });
    expect(recorded.order.status).toBe("pending_new");
    expect(under(recorded, { when_circuit_open: "wait", [setting]: limit }, rule)).toBe(says);
    expect(under(recorded, { when_circuit_open: "wait" }, rule)).toBe("passes");
  });

  it("leaves facts as they were", () => {
    const recorded = asRecorded({}, { facts: { auditBacklog: 5_000, tradingState: "halted" } });
    expect(under(recorded, {}, "audit_backlog")).toBe("audit_backlog");
    expect(under(recorded, {}, "trading_state")).toBe("trading_halted");
  });
});

describe("an exit", () => {
  const exit = aMarketIntent({ side: "sell" });
  const held = { position: "10" };
  const tightest = { symbols: [], max_quantity: "1", max_notional: undefined, price_collar_percent: "1" };

  it("passes every limit of the proposed policy, whether or not one had stopped an entry", () => {
    for (const policy of [{}, { max_quantity: "1" }]) {
      const { verdicts, notJudged } = judgeAgain(asRecorded(policy, { intent: exit, facts: held }), aPolicy(tightest));
      expect(verdicts.filter(({ passed }) => !passed)).toEqual([]);
      expect(notJudged).toEqual([]);
    }
  });

  it("that was refused by what binds exits stays refused by that alone", () => {
    const recorded = asRecorded({ max_quantity: "1" }, { intent: exit, facts: { ...held, tradingState: "halted" } });
    const { verdicts } = judgeAgain(recorded, aPolicy(tightest));
    expect(verdicts.filter(({ passed }) => !passed).map(({ rule }) => rule)).toEqual(["trading_state"]);
  });

  it("that the record does not know for one is not taken for an entry", () => {
    const recorded = asRecorded({}, { intent: exit, facts: { ...held, tradingState: "halted" } });
    expect(under(recorded, { max_quantity: "1" }, "max_quantity")).toBe("perhaps_exit");
    expect(under(recorded, {}, "max_quantity")).toBe("passes");
  });

  it("is what no order is on the side that the position is on, or with nothing held", () => {
    for (const facts of [{ position: "10" }, { position: "0" }]) {
      const recorded = asRecorded({}, { facts: { ...facts, tradingState: "halted" } });
      expect(under(recorded, { max_quantity: "1" }, "max_quantity")).toBe("max_quantity_exceeded");
    }
  });

  it("may be what a replacement has become while it waited, whatever it was accepted as", () => {
    const recorded = asRecorded({}, { intent: anIntent({ side: "sell", quantity: "11" }), facts: held });
    const { order } = recorded;
    expect(under(recorded, { max_quantity: "1" }, "max_quantity")).toBe("max_quantity_exceeded");
    const replacement = { ...recorded, order: { ...order, replaces: order.id } };
    expect(under(replacement, { max_quantity: "1" }, "max_quantity")).toBe("perhaps_exit");
  });
});

describe("what was not known", () => {
  const unpriced = { intent: aMarketIntent(), facts: { referencePrice: undefined } };

  it("where there was a limit, is as unknown under another one, and passes under none", () => {
    const recorded = asRecorded({}, unpriced);
    expect(under(recorded, { max_notional: "1" }, "max_notional")).toBe("reference_price_unknown");
    expect(under(recorded, { max_notional: "off" }, "max_notional")).toBe("passes");
    expect(under(recorded, { max_notional: undefined }, "max_notional")).toBe("limit_not_set");
  });

  it.each(["off", undefined])("where the limit was %s, is not judged: it was not asked for in earnest", (then) => {
    const recorded = asRecorded({ max_daily_loss: then }, { facts: { funds: undefined } });
    expect(under(recorded, { max_daily_loss: "500" }, "max_daily_loss")).toBe("not_measured");
    expect(under(recorded, { max_daily_loss: "off" }, "max_daily_loss")).toBe("passes");
  });

  it("where the symbol was refused and is not any more, is not judged: the broker was not asked", () => {
    const facts = { referencePrice: undefined, instrument: undefined };
    const recorded = asRecorded({ symbols: ["MSFT"] }, { facts });
    for (const rule of ["instrument_tradable", "lot_size", "reference_price_age"]) {
      expect(under(recorded, {}, rule)).toBe("not_asked");
    }
    expect(under(recorded, {}, "max_notional")).toBe("passes");
    expect(under(recorded, { symbols: ["MSFT"] }, "lot_size")).toBe("instrument_unknown");
  });

  it("of an instrument is not taken for a class of instruments", () => {
    const recorded = asRecorded({ asset_classes: ["us_equity"] }, { facts: { instrument: undefined } });
    expect(under(recorded, { asset_classes: ["crypto"] }, "asset_class_allowed")).toBe("instrument_unknown");
  });
});

describe("what was not measured", () => {
  it("because its limit was off is not judged", () => {
    const recorded = asRecorded({ max_gross_exposure: "off" });
    expect(under(recorded, { max_gross_exposure: "1" }, "max_gross_exposure")).toBe("not_measured");
    expect(under(recorded, { max_gross_exposure: "off" }, "max_gross_exposure")).toBe("passes");
  });

  it("is known as such by every rule that is left alone while it is off", () => {
    for (const rule of RULE_BOOK) {
      if (rule.kind === "limit" && rule.measureWhenOff === false) {
        expect(rule.isMeasurement?.("not measured"), rule.id).toBe(false);
      }
    }
  });

  it("because the rule was not there yet is not judged, unless there is nothing to judge", () => {
    const recorded = asRecorded({});
    const verdicts = recorded.order.verdicts.filter(({ rule }) => rule !== "max_quantity");
    const older = { ...recorded, order: { ...recorded.order, verdicts } };
    expect(under(older, { max_quantity: "1" }, "max_quantity")).toBe("not_recorded");
    expect(under(older, { max_quantity: "off" }, "max_quantity")).toBe("passes");
    expect(under(older, { max_quantity: undefined }, "max_quantity")).toBe("limit_not_set");
  });

  it("because the rule is there no more stays as it was", () => {
    const recorded = asRecorded({});
    const gone = { rule: "gone", passed: false, input: "1", limit: "0", reason: "gone_exceeded" };
    const older = { ...recorded, order: { ...recorded.order, verdicts: [...recorded.order.verdicts, gone] } };
    expect(judgeAgain(older, aPolicy()).verdicts).toContainEqual(gone);
  });
});

describe("another collar", () => {
  const collar = (percent: string | undefined) => ({ price_collar_percent: percent });

  it.each([
    ["2", "3"],
    ["2", "off"],
    ["off", "2"],
    [undefined, "2"],
  ])("of %s, then %s, makes another order of a market order: what goes by its price is not judged", (then, now) => {
    const recorded = asRecorded(collar(then), { intent: aMarketIntent() });
    const proposed = { ...collar(now), max_notional: "1", max_quantity: "1", order_types: ["market"] };
    expect(under(recorded, proposed, "max_notional")).toBe("other_terms");
    expect(under(recorded, proposed, "max_quantity")).toBe("max_quantity_exceeded");
  });

  it.each(["2", "3", "off"])("does not change which type was asked for, nor that it was the second time: %s", (now) => {
    const facts = { recent: nothingRecent({ sameOrderAgeMs: 4_000 }) };
    const recorded = asRecorded(collar("2"), { intent: aMarketIntent(), facts });
    const proposed = { ...collar(now), order_types: ["limit"], duplicate_order_window_sec: 5 };
    expect(under(recorded, proposed, "order_type_allowed")).toBe("order_type_not_allowed");
    expect(under(recorded, { ...proposed, order_types: ["market"] }, "order_type_allowed")).toBe("passes");
    expect(under(recorded, proposed, "duplicate_order")).toBe("duplicate_order");
  });

  it("was once held against the type that it had made of the order, which is not judged again", () => {
    const { order, ...rest } = asRecorded(collar("2"), { intent: aMarketIntent() });
    const verdicts = order.verdicts.map((one) =>
      one.rule === "order_type_allowed" ? { ...one, input: "limit" } : one,
    );
    const older = { ...rest, order: { ...order, verdicts } };
    expect(under(older, { ...collar("2"), order_types: ["market"] }, "order_type_allowed")).toBe("passes");
    expect(under(older, { ...collar("2"), order_types: ["limit"] }, "order_type_allowed")).toBe(
      "order_type_not_allowed",
    );
  });

  it("makes other units of an amount of money as well", () => {
    const intent = aMarketIntent({ quantity: undefined, notional: "1000" });
    const recorded = asRecorded(collar("2"), { intent });
    expect(under(recorded, { ...collar("3"), max_quantity: "1" }, "max_quantity")).toBe("other_terms");
    expect(under(recorded, { ...collar("2"), max_quantity: "1" }, "max_quantity")).toBe("max_quantity_exceeded");
  });

  it("may make an exit of an amount of money, which lets it pass while only exits do", () => {
    const intent = aMarketIntent({ side: "sell", quantity: undefined, notional: "1000" });
    const facts = { position: "10", tradingState: "reducing" as const };
    const recorded = asRecorded(collar("off"), { intent, facts });
    expect(under(recorded, collar("2"), "trading_state")).toBe("other_terms");
    expect(under(recorded, { ...collar("2"), max_daily_loss: undefined }, "max_daily_loss")).toBe("perhaps_exit");
    expect(under(recorded, { max_daily_loss: undefined }, "max_daily_loss")).toBe("limit_not_set");
  });

  it("leaves an order with a price of its own as it is", () => {
    const recorded = asRecorded(collar("2"));
    expect(under(recorded, { ...collar("3"), max_notional: "1" }, "max_notional")).toBe("max_notional_exceeded");
  });
});

describe("another time zone", () => {
  const rules = ["max_orders_per_day", "max_messages_per_day"] as const;
  const limits = { max_orders_per_day: 9, max_messages_per_day: 9, max_daily_loss: "9" };

  it("has other days: what is counted by them is not judged, unless there is no limit for it", () => {
    const recorded = asRecorded({});
    for (const rule of [...rules, "max_daily_loss"]) {
      expect(under(recorded, { ...limits, trading_hours: NEW_YORK }, rule)).toBe("other_day");
      expect(under(recorded, { trading_hours: NEW_YORK }, rule)).toBe("passes");
    }
  });

  it("is not what other sessions in the same zone are", () => {
    const recorded = asRecorded({ trading_hours: CLOSED });
    for (const rule of rules) expect(under(recorded, limits, rule)).toBe("passes");
  });
});

/** Everything that is so at a moment, whether or not the gateway asks. */
type World = {
  readonly intent: OrderIntent;
  readonly facts: RiskFacts;
  /** How much was counted since the beginning of a day in New York; the facts have it for one in UTC. */
  readonly otherDay: number;
};

const MONEY = ["max_percent_of_equity", "min_buying_power", "max_daily_loss", "max_drawdown_percent"] as const;

/** What the rules get to see of it under a policy, see learn.ts; what was learned under an earlier one stays known. */
function factsUnder(policy: Policy, { intent, facts, otherDay }: World, earlier: Policy = policy): RiskFacts {
  const { tradingState, recent, funds } = facts;
  const asking = [policy, earlier].filter((each) => needsPrice(intent, { policy: each, tradingState }, () => facts));
  const isAsked = asking.length > 0;
  const isMoneyAsked = asking.some((each) => MONEY.some((limit) => each[limit] !== undefined && each[limit] !== "off"));
  const { trading_hours: hours } = policy;
  const isInNewYork = typeof hours === "object" && hours.time_zone !== "UTC";
  const ofDay = <T extends { day: number }>(counted: T): T => (isInNewYork ? { ...counted, day: otherDay } : counted);
  const dayStart = decimalOf(String(100_000 + otherDay * 100));
  return {
    ...facts,
    referencePrice: isAsked ? facts.referencePrice : undefined,
    instrument: isAsked ? facts.instrument : undefined,
    funds: !isMoneyAsked || funds === undefined ? undefined : isInNewYork ? { ...funds, dayStart } : funds,
    recent: { ...recent, orders: ofDay(recent.orders), messages: ofDay(recent.messages) },
  };
}

const oneOf = fc.constantFrom;
const cap = (...limits: readonly string[]) => oneOf("off", "off", undefined, ...limits);
const heldAbove = (above: string) => ({ above, expires_sec: 900, max_drift_percent: "1", two_persons: false });
const count = oneOf("off", "off", undefined, 1, 3, 6);

const policies: fc.Arbitrary<Policy> = fc
  .record({
    symbols: oneOf<unknown>("any", "any", ["AAPL"], ["MSFT"], undefined),
    restricted_symbols: oneOf<unknown>([], [], ["AAPL"]),
    asset_classes: oneOf<unknown>("any", ["us_equity"], ["crypto"]),
    sides: oneOf<unknown>("any", ["buy"], undefined),
    order_types: oneOf<unknown>("any", ["limit"], ["market", "stop"]),
    times_in_force: oneOf<unknown>("any", ["gtc"]),
    trading_hours: oneOf<unknown>("any", NEW_YORK, CLOSED, undefined),
    max_quantity: cap("5", "10"),
    max_notional: cap("1000", "1900"),
    max_percent_of_equity: cap("1", "2"),
    price_collar_percent: cap("0.5", "2"),
    reference_price_max_age_sec: oneOf(undefined, 1, 900, 900),
    max_position: cap("8", "20"),
    max_position_notional: cap("1500", "4000"),
    max_gross_exposure: cap("1500", "9000"),
    max_net_exposure: cap("1500", "9000"),
    min_buying_power: cap("0", "199000"),
    max_daily_loss: cap("100", "1000"),
    max_drawdown_percent: cap("1", "10"),
    max_open_orders: count,
    max_orders_per_sec: count,
    max_orders_per_min: count,
    max_orders_per_day: count,
    max_messages_per_sec: count,
    max_messages_per_min: count,
    max_messages_per_day: count,
    duplicate_order_window_sec: oneOf("off", undefined, 5, 60),
    repeated_execution: oneOf("off", undefined, { times: 2, window_sec: 60 }),
    self_match: oneOf("off", undefined, "deny"),
    when_circuit_open: oneOf("deny", "wait"),
    approval: oneOf<unknown>("auto", heldAbove("0"), heldAbove("1500"), heldAbove("1880")),
  })
  .map((settings) =>
    Policy.parse(Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))),
  );

const intents: fc.Arbitrary<OrderIntent> = fc
  .record({
    side: oneOf("buy", "sell"),
    time_in_force: oneOf("day", "gtc"),
    size: oneOf<object>({ quantity: "10" }, { quantity: "7" }, { quantity: "0.5" }, { notional: "1000" }),
    price: oneOf<object>(
      { type: "market" },
      { type: "market" },
      { type: "limit", limit_price: "187.25" },
      { type: "limit", limit_price: "191" },
      { type: "stop", stop_price: "188" },
    ),
  })
  .map(({ size, price, ...terms }) =>
    IntentSchema.parse({
      account: "paper",
      client_order_id: "sp-0192f3a4",
      symbol: "AAPL",
      extended_hours: false,
      ...terms,
      ...size,
      ...price,
    }),
  );

const counts = fc.nat({ max: 6 }).map((many) => ({ second: Math.min(many, 1), minute: Math.min(many, 3), day: many }));

const worlds: fc.Arbitrary<World> = fc.record({
  intent: intents,
  otherDay: fc.nat({ max: 6 }),
  facts: fc
    .record({
      position: oneOf("0", "10", "-10", "4"),
      workingSameSide: oneOf("0", "0", "3"),
      workingByAmount: oneOf<RiskFacts["workingByAmount"]>([], [], [{ money: decimalOf("500"), ownPrice: undefined }]),
      opposing: oneOf<RiskFacts["opposing"]>([], [null], [decimalOf("200")], [decimalOf("150")]),
      tradingState: oneOf(
        "active" as const,
        "active" as const,
        "active" as const,
        "reducing" as const,
        "halted" as const,
      ),
      positionKnown: oneOf(true, true, true, false),
      circuitOpen: oneOf(false, false, true),
      referencePrice: oneOf(aTrade("187.5", NOW_MS - 1_000), aTrade("187.5", NOW_MS - 60_000), undefined),
      auditBacklog: oneOf(0, 0, 0, 2_000),
      instrument: oneOf(
        anInstrument(),
        anInstrument({ price_increment: "0.01", lot_size: "1", min_notional: "900" }),
        anInstrument({ shortable: false, fractionable: false }),
        undefined,
      ),
      isMarketTaken: oneOf(true, true, true, false),
      openOrders: fc.nat({ max: 6 }),
      orders: counts,
      messages: counts,
      sameOrderAgeMs: oneOf(null, null, 4_000, 30_000),
      repeatAgesMs: oneOf<readonly number[]>([], [1_000], [1_000, 20_000]),
      sender: oneOf<RiskFacts["sender"]>(
        null,
        { origin: "hmac", minimumOrigin: "hmac", caps: null },
        {
          origin: "url_token",
          minimumOrigin: "url_token",
          caps: SourceCaps.parse({ signals_per_min: 60, max_quantity: "8", max_notional: "1500" }),
        },
      ),
      book: oneOf<RiskFacts["book"]>(
        aBook(),
        aBook({ positions: new Map([["MSFT", decimalOf("-10")]]) }),
        aBook({
          positions: new Map([["MSFT", decimalOf("-10")]]),
          holdings: [aHolding({ symbol: "MSFT", quantity: "-10", market_value: "-4100" })],
        }),
      ),
      funds: oneOf(someFunds(), someFunds({ equity: "97000", buyingPower: "1950" }), undefined),
    })
    .map(({ orders, messages, sameOrderAgeMs, repeatAgesMs, isMarketTaken, ...facts }) =>
      someFacts({
        ...facts,
        supports: ({ type }) =>
          type === "market" && !isMarketTaken ? { code: "no_market_orders", detail: "takes none" } : undefined,
        recent: nothingRecent({ orders, messages, sameOrderAgeMs, repeatAgesMs }),
      }),
    ),
});

/** What is the same whether it is judged now or again: an exit's exemption is not worked out again. */
const saying = ({ rule, passed, reason }: Verdict) => [rule, passed ? "passes" : reason];

const isExempt = (verdicts: readonly Verdict[]) => verdicts.some(({ reason }) => reason === "exempt_reduction");

const unlimitedUnder = (policy: Policy): ReadonlySet<string> =>
  new Set(RULE_BOOK.filter((rule) => stateOf(rule, policy) !== "on").map(({ id }) => id));

const RUNS = 500;
const PATIENCE_MS = 30_000;

describe("an order on the record", () => {
  it(
    "is decided about as it was by the very policy that decided, and nothing of it is left open",
    () => {
      fc.assert(
        fc.property(worlds, policies, (world, policy) => {
          const recorded = record(world.intent, policy, factsUnder(policy, world));
          const { waits, ...rest } = judgeAgain(recorded, policy);
          expect(rest).toEqual({ verdicts: recorded.order.verdicts, notJudged: [] });
          if (recorded.order.status !== "denied") expect(waits).toBe(recorded.order.hold !== undefined);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE_MS,
  );

  it(
    "is decided about as the gateway would have, by every rule that is judged",
    () => {
      const seen = { judged: 0, otherwise: 0, notJudged: new Set<string>() };
      fc.assert(
        fc.property(worlds, policies, policies, (world, then, now) => {
          const recorded = record(world.intent, then, factsUnder(then, world));
          const decision = decide(world.intent, now, factsUnder(now, world, then));
          const { verdicts: decided } = decision;
          const { verdicts, notJudged, waits } = judgeAgain(recorded, now);
          const open = new Set(notJudged.map(({ rule }) => rule));
          if (decision.outcome === "approved" && !open.has("approval")) expect(waits).toBe(decision.hold !== null);
          const judged = decided.filter(({ rule }) => !open.has(rule));
          expect(verdicts.map(saying)).toEqual(judged.map(saying));
          // An exit is not measured again, and nothing is where there is no limit.
          const isMeasured = ({ rule }: Verdict) =>
            !isExempt(decided) && !isExempt(verdicts) && !unlimitedUnder(now).has(rule);
          expect(verdicts.filter(isMeasured)).toEqual(judged.filter(isMeasured));
          const failed = new Set(recorded.order.verdicts.filter(({ passed }) => !passed).map(({ rule }) => rule));
          seen.judged += verdicts.length;
          seen.otherwise += verdicts.filter(({ rule, passed }) => passed === failed.has(rule)).length;
          for (const { why } of notJudged) seen.notJudged.add(why);
        }),
        { numRuns: RUNS },
      );
      expect(seen.judged).toBeGreaterThan(30 * RUNS);
      expect(seen.otherwise).toBeGreaterThan(RUNS);
      expect([...seen.notJudged].toSorted()).toEqual([
        "not_asked",
        "not_measured",
        "other_day",
        "other_terms",
        "perhaps_exit",
      ]);
    },
    PATIENCE_MS,
  );

  it(
    "is never taken for an entry where it was an exit, or the reverse",
    () => {
      fc.assert(
        fc.property(worlds, policies, (world, policy) => {
          const facts = factsUnder(policy, world);
          const { intent } = decide(world.intent, policy, facts);
          const { verdicts } = judgeAgain(record(world.intent, policy, facts), Policy.parse({}));
          const isTakenForEntry = verdicts.some(({ reason }) => reason === "limit_not_set");
          if (isTakenForEntry) expect(isReduction(intent, facts) && intent.notional === undefined).toBe(false);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE_MS,
  );
});
