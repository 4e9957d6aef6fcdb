// Every rule, one by one: just inside its limit, at it, just outside, with what it needs missing, and for an exit.
import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { OrderIntent } from "../../../../src/domain/order.ts";
import { assess } from "../../../../src/domain/risk/assess.ts";
import type { RiskFacts } from "../../../../src/domain/risk/facts.ts";
import type { Policy } from "../../../../src/domain/risk/policy.ts";
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

type Facts = Parameters<typeof someFacts>[0];
/** What there is to look at, and why it is not let pass; `undefined` where it is. */
type Case = readonly [intent: OrderIntent, facts: Facts, reason: string | undefined];
type Cases = {
  /** Under this policy. */
  readonly policy?: Parameters<typeof aPolicy>[0];
  readonly inside: Case;
  readonly at: Case;
  readonly outside: Case;
  /** What it measures with is not known; where there is nothing of that kind, `null`. */
  readonly missing: Case | null;
  /** What {@link outside} is to an order that only closes a position. */
  readonly exit: "exempt" | "bound";
};

const any = anIntent();
const market = aMarketIntent();
const counts = (kind: "orders" | "messages", window: "second" | "minute" | "day", count: number): Facts => ({
  recent: nothingRecent({ [kind]: { second: 0, minute: 0, day: 0, [window]: count } }),
});
const paced = (kind: "orders" | "messages", window: "second" | "minute" | "day", id: string): Cases => ({
  policy: { [id]: 5 },
  inside: [any, counts(kind, window, 3), undefined],
  at: [any, counts(kind, window, 4), undefined],
  outside: [any, counts(kind, window, 5), `${id}_exceeded`],
  missing: null,
  exit: "exempt",
});
const from = (sender: Partial<NonNullable<RiskFacts["sender"]>>): Facts => ({
  sender: { origin: "hmac", minimumOrigin: "hmac", caps: null, ...sender },
});
const withCaps = (caps: object): Facts => from({ caps: SourceCaps.parse({ signals_per_min: 60, ...caps }) });
const UNLISTED: Facts = { instrument: undefined };
const NO_PRICE = { referencePrice: undefined };
const buyAt = (limit_price: string): OrderIntent => anIntent({ limit_price });
const opposing = (...prices: readonly (string | null)[]): Facts => ({
  opposing: prices.map((price) => (price === null ? null : decimalOf(price))),
});
/** 10 MSFT owed, worth 410 each. */
const MSFT_SHORT = {
  book: aBook({
    positions: new Map([["MSFT", decimalOf("-10")]]),
    holdings: [aHolding({ symbol: "MSFT", quantity: "-10", market_value: "-4100" })],
  }),
};
/** The same, which the broker's list does not have yet. */
const MSFT_JUST_SOLD = {
  book: { ...MSFT_SHORT.book, holdings: [], lastTrades: new Map([["MSFT", aTrade("410", NOW_MS)]]) },
};
/** Open from 14:30 on, when everything here takes place, or until then. */
const session = (start: string, end: string) => ({
  trading_hours: { time_zone: "UTC", sessions: [{ days: ["thu"], from: start, to: end }] },
});

const CASES: Readonly<Record<string, Cases>> = {
  trading_state: {
    inside: [any, { tradingState: "active" }, undefined],
    at: [aMarketIntent({ side: "sell" }), { tradingState: "reducing", position: "10" }, undefined],
    outside: [any, { tradingState: "halted" }, "trading_halted"],
    missing: [any, { tradingState: "reducing" }, "reducing_only"],
    exit: "bound",
  },
  order_supported: {
    inside: [any, {}, undefined],
    at: [any, {}, undefined],
    outside: [any, { supports: () => ({ code: "price_increment", detail: "too fine" }) }, "price_increment"],
    missing: null,
    exit: "bound",
  },
  origin: {
    inside: [any, from({ origin: "hmac", minimumOrigin: "ip" }), undefined],
    at: [any, from({ origin: "ip", minimumOrigin: "ip" }), undefined],
    outside: [any, from({ origin: "url_token", minimumOrigin: "ip" }), "origin_not_proven"],
    missing: [any, { sender: null }, undefined],
    exit: "bound",
  },
  source_max_quantity: {
    inside: [any, withCaps({ max_quantity: "10.1" }), undefined],
    at: [any, withCaps({ max_quantity: "10" }), undefined],
    outside: [any, withCaps({ max_quantity: "9.999999999" }), "source_max_quantity_exceeded"],
    missing: [
      aMarketIntent({ quantity: undefined, notional: "5" }),
      { ...withCaps({ max_quantity: "10" }), ...NO_PRICE },
      "reference_price_unknown",
    ],
    exit: "exempt",
  },
  source_max_notional: {
    inside: [any, withCaps({ max_notional: "1873" }), undefined],
    at: [any, withCaps({ max_notional: "1872.5" }), undefined],
    outside: [any, withCaps({ max_notional: "1872.499999999" }), "source_max_notional_exceeded"],
    missing: [market, { ...withCaps({ max_notional: "10" }), ...NO_PRICE }, "reference_price_unknown"],
    exit: "exempt",
  },
  audit_backlog: {
    inside: [any, { auditBacklog: 999 }, undefined],
    at: [any, { auditBacklog: 1_000 }, undefined],
    outside: [any, { auditBacklog: 1_001 }, "audit_backlog"],
    missing: null,
    exit: "exempt",
  },
  position_known: {
    inside: [any, { positionKnown: true }, undefined],
    at: [any, { positionKnown: true }, undefined],
    outside: [any, { positionKnown: false }, "position_unknown"],
    missing: [any, { positionKnown: false }, "position_unknown"],
    exit: "exempt",
  },
  circuit_breaker: {
    policy: { when_circuit_open: "deny" },
    inside: [any, { circuitOpen: false }, undefined],
    at: [any, { circuitOpen: false }, undefined],
    outside: [any, { circuitOpen: true }, "circuit_open"],
    missing: null,
    exit: "exempt",
  },
  symbol_allowed: {
    policy: { symbols: ["MSFT", "AAPL"] },
    inside: [any, {}, undefined],
    at: [anIntent({ symbol: "MSFT" }), {}, undefined],
    outside: [anIntent({ symbol: "aapl" }), {}, "symbol_not_allowed"],
    missing: [anIntent({ symbol: "TSLA" }), {}, "symbol_not_allowed"],
    exit: "exempt",
  },
  symbol_restricted: {
    policy: { symbols: "any", restricted_symbols: ["TSLA", "GME"] },
    inside: [any, {}, undefined],
    at: [anIntent({ symbol: "TSL" }), {}, undefined],
    outside: [anIntent({ symbol: "TSLA" }), {}, "symbol_restricted"],
    missing: null,
    exit: "exempt",
  },
  asset_class_allowed: {
    policy: { asset_classes: ["us_equity"] },
    inside: [any, {}, undefined],
    at: [any, {}, undefined],
    outside: [any, { instrument: anInstrument({ asset_class: "crypto" }) }, "asset_class_not_allowed"],
    missing: [any, UNLISTED, "instrument_unknown"],
    exit: "exempt",
  },
  instrument_tradable: {
    inside: [any, {}, undefined],
    at: [any, { instrument: anInstrument({ shortable: false }) }, undefined],
    outside: [any, { instrument: anInstrument({ tradable: false }) }, "not_tradable"],
    missing: [any, UNLISTED, "instrument_unknown"],
    exit: "exempt",
  },
  lot_size: {
    inside: [any, { instrument: anInstrument({ lot_size: "1" }) }, undefined],
    at: [any, { instrument: anInstrument({ lot_size: "5", min_quantity: "10" }) }, undefined],
    outside: [any, { instrument: anInstrument({ lot_size: "3" }) }, "quantity_off_lot"],
    missing: [any, UNLISTED, "instrument_unknown"],
    exit: "exempt",
  },
  price_increment: {
    inside: [buyAt("187.25"), { instrument: anInstrument({ price_increment: "0.01" }) }, undefined],
    at: [buyAt("187.25"), { instrument: anInstrument({ price_increment: "0.25" }) }, undefined],
    outside: [buyAt("187.26"), { instrument: anInstrument({ price_increment: "0.25" }) }, "price_off_tick"],
    missing: [
      any,
      { instrument: anInstrument({ asset_class: "other", price_increment: null }) },
      "price_increment_unknown",
    ],
    exit: "exempt",
  },
  min_notional: {
    inside: [any, { instrument: anInstrument({ min_notional: "1872" }) }, undefined],
    at: [any, { instrument: anInstrument({ min_notional: "1872.5" }) }, undefined],
    outside: [any, { instrument: anInstrument({ min_notional: "1872.51" }) }, "notional_below_minimum"],
    missing: [any, UNLISTED, "instrument_unknown"],
    exit: "exempt",
  },
  side_allowed: {
    policy: { sides: ["buy"] },
    inside: [any, {}, undefined],
    at: [any, {}, undefined],
    outside: [anIntent({ side: "sell" }), {}, "side_not_allowed"],
    missing: null,
    exit: "exempt",
  },
  order_type_allowed: {
    policy: { order_types: ["limit", "stop_limit"] },
    inside: [any, {}, undefined],
    at: [anIntent({ type: "stop_limit", stop_price: "188" }), { askedType: "stop_limit" }, undefined],
    outside: [market, { askedType: "market" }, "order_type_not_allowed"],
    missing: null,
    exit: "exempt",
  },
  time_in_force_allowed: {
    policy: { times_in_force: ["day", "ioc"] },
    inside: [any, {}, undefined],
    at: [anIntent({ time_in_force: "ioc" }), {}, undefined],
    outside: [anIntent({ time_in_force: "gtc" }), {}, "time_in_force_not_allowed"],
    missing: null,
    exit: "exempt",
  },
  trading_hours: {
    policy: session("14:30", "21:00"),
    inside: [any, { nowMs: NOW_MS + 1 }, undefined],
    at: [any, {}, undefined],
    outside: [any, { nowMs: NOW_MS - 1 }, "outside_trading_hours"],
    missing: null,
    exit: "exempt",
  },
  reference_price_age: {
    policy: { reference_price_max_age_sec: 60 },
    inside: [any, { referencePrice: aTrade("187.5", NOW_MS - 59_999) }, undefined],
    at: [any, { referencePrice: aTrade("187.5", NOW_MS - 60_000) }, undefined],
    outside: [any, { referencePrice: aTrade("187.5", NOW_MS - 60_001) }, "reference_price_stale"],
    missing: [any, NO_PRICE, "reference_price_unknown"],
    exit: "exempt",
  },
  price_collar: {
    policy: { price_collar_percent: "2" },
    inside: [buyAt("191.24"), {}, undefined],
    at: [buyAt("191.25"), {}, undefined],
    outside: [buyAt("191.250001"), {}, "price_collar_exceeded"],
    missing: [any, NO_PRICE, "reference_price_unknown"],
    exit: "exempt",
  },
  max_quantity: {
    policy: { max_quantity: "10" },
    inside: [anIntent({ quantity: "9.999999999" }), {}, undefined],
    at: [any, {}, undefined],
    outside: [anIntent({ quantity: "10.000000001" }), {}, "max_quantity_exceeded"],
    missing: [aMarketIntent({ quantity: undefined, notional: "5" }), NO_PRICE, "reference_price_unknown"],
    exit: "exempt",
  },
  max_notional: {
    policy: { max_notional: "1872.5" },
    inside: [anIntent({ quantity: "9.9" }), {}, undefined],
    at: [any, {}, undefined],
    outside: [anIntent({ quantity: "10.000000001" }), {}, "max_notional_exceeded"],
    missing: [market, NO_PRICE, "reference_price_unknown"],
    exit: "exempt",
  },
  max_position: {
    policy: { max_position: "15" },
    inside: [any, { position: "3", workingSameSide: "1.9" }, undefined],
    at: [any, { position: "3", workingSameSide: "2" }, undefined],
    outside: [any, { position: "3", workingSameSide: "2.000000001" }, "max_position_exceeded"],
    missing: [
      any,
      { ...NO_PRICE, workingByAmount: [{ money: decimalOf("5"), ownPrice: undefined }] },
      "reference_price_unknown",
    ],
    exit: "exempt",
  },
  max_percent_of_equity: {
    policy: { max_percent_of_equity: "1.8725" },
    inside: [anIntent({ quantity: "9.9" }), {}, undefined],
    at: [any, {}, undefined],
    outside: [any, { funds: someFunds({ equity: "99999.99" }) }, "max_percent_of_equity_exceeded"],
    missing: [any, { funds: undefined }, "funds_unknown"],
    exit: "exempt",
  },
  max_position_notional: {
    policy: { max_position_notional: "2812.5" },
    inside: [any, { position: "3", workingSameSide: "1.9" }, undefined],
    at: [any, { position: "3", workingSameSide: "2" }, undefined],
    outside: [any, { position: "3", workingSameSide: "2.000000001" }, "max_position_notional_exceeded"],
    missing: [any, NO_PRICE, "reference_price_unknown"],
    exit: "exempt",
  },
  max_gross_exposure: {
    policy: { max_gross_exposure: "5975" },
    inside: [anIntent({ quantity: "9.9" }), MSFT_SHORT, undefined],
    at: [any, MSFT_JUST_SOLD, undefined],
    outside: [anIntent({ quantity: "10.000001" }), MSFT_SHORT, "max_gross_exposure_exceeded"],
    missing: [any, { book: { ...MSFT_SHORT.book, holdings: [] } }, "exposure_unknown"],
    exit: "exempt",
  },
  max_net_exposure: {
    policy: { max_net_exposure: "4100" },
    inside: [anIntent({ quantity: "1" }), MSFT_SHORT, undefined],
    // Its 10 units are worth 1875, and nothing of them may fill: then the short position is what is left.
    at: [any, MSFT_SHORT, undefined],
    outside: [
      any,
      { book: { ...MSFT_SHORT.book, working: [anOrder({ symbol: "MSFT", side: "sell", quantity: "1" })] } },
      "max_net_exposure_exceeded",
    ],
    missing: [any, { book: { ...MSFT_SHORT.book, holdings: [] } }, "exposure_unknown"],
    exit: "exempt",
  },
  min_buying_power: {
    policy: { min_buying_power: "100" },
    inside: [any, { funds: someFunds({ buyingPower: "1973" }) }, undefined],
    at: [any, { funds: someFunds({ buyingPower: "2000", uncounted: "27.5" }) }, undefined],
    outside: [any, { funds: someFunds({ buyingPower: "2000", uncounted: "27.500000001" }) }, "buying_power_exceeded"],
    missing: [any, { funds: someFunds({ asOfMs: NOW_MS - 300_001 }) }, "funds_stale"],
    exit: "exempt",
  },
  max_daily_loss: {
    policy: { max_daily_loss: "500" },
    inside: [any, { funds: someFunds({ equity: "99500.01" }) }, undefined],
    at: [any, { funds: someFunds({ equity: "99500" }) }, undefined],
    outside: [any, { funds: someFunds({ equity: "99499.99" }) }, "max_daily_loss_exceeded"],
    missing: [any, { funds: undefined }, "funds_unknown"],
    exit: "exempt",
  },
  max_drawdown_percent: {
    policy: { max_drawdown_percent: "10" },
    inside: [any, { funds: someFunds({ equity: "90000.01" }) }, undefined],
    at: [any, { funds: someFunds({ equity: "90000" }) }, undefined],
    outside: [any, { funds: someFunds({ equity: "89999.99" }) }, "max_drawdown_percent_exceeded"],
    missing: [any, { funds: undefined }, "funds_unknown"],
    exit: "exempt",
  },
  max_open_orders: {
    policy: { max_open_orders: 5 },
    inside: [any, { openOrders: 3 }, undefined],
    at: [any, { openOrders: 4 }, undefined],
    outside: [any, { openOrders: 5 }, "max_open_orders_exceeded"],
    missing: null,
    exit: "exempt",
  },
  max_orders_per_sec: paced("orders", "second", "max_orders_per_sec"),
  max_orders_per_min: paced("orders", "minute", "max_orders_per_min"),
  max_orders_per_day: paced("orders", "day", "max_orders_per_day"),
  max_messages_per_sec: paced("messages", "second", "max_messages_per_sec"),
  max_messages_per_min: paced("messages", "minute", "max_messages_per_min"),
  max_messages_per_day: paced("messages", "day", "max_messages_per_day"),
  duplicate_order: {
    policy: { duplicate_order_window_sec: 10 },
    inside: [any, { recent: nothingRecent({ sameOrderAgeMs: 60_000 }) }, undefined],
    at: [any, { recent: nothingRecent({ sameOrderAgeMs: 10_001 }) }, undefined],
    outside: [any, { recent: nothingRecent({ sameOrderAgeMs: 10_000 }) }, "duplicate_order"],
    missing: [any, { recent: nothingRecent() }, undefined],
    exit: "exempt",
  },
  repeated_execution: {
    policy: { repeated_execution: { times: 3, window_sec: 60 } },
    inside: [any, { recent: nothingRecent({ repeatAgesMs: [1_000] }) }, undefined],
    at: [any, { recent: nothingRecent({ repeatAgesMs: [1_000, 2_000, 60_001] }) }, undefined],
    outside: [any, { recent: nothingRecent({ repeatAgesMs: [1_000, 2_000, 60_000] }) }, "repeated_execution"],
    missing: [any, { recent: nothingRecent() }, undefined],
    exit: "exempt",
  },
  self_match: {
    policy: { self_match: "deny" },
    inside: [buyAt("187"), opposing("188"), undefined],
    at: [buyAt("187.999999999"), opposing("190", "188"), undefined],
    outside: [buyAt("188"), opposing("190", "188"), "self_match"],
    missing: [any, opposing(null), "self_match"],
    exit: "exempt",
  },
};

describe.each(RULE_BOOK)("$id", ({ id }) => {
  const cases = CASES[id];
  if (cases === undefined) throw new Error(`no cases for the rule ${id}`);
  const policy: Policy = aPolicy({ symbols: "any", max_quantity: "off", max_notional: "off", ...cases.policy });
  const reasonOf = ([intent, facts]: Case) =>
    assess(intent, policy, someFacts(facts)).verdicts.find(({ rule }) => rule === id)?.reason;

  it.each(["inside", "at", "outside"] as const)("%s its limit", (where) => {
    const { [where]: example } = cases;
    expect(reasonOf(example)).toBe(example[2]);
  });

  it.skipIf(cases.missing === null)("with what it needs missing", () => {
    if (cases.missing === null) return;
    expect(reasonOf(cases.missing)).toBe(cases.missing[2]);
  });

  it(`${cases.exit === "bound" ? "binds" : "exempts"} an order that only closes a position`, () => {
    const [intent, facts, reason] = cases.outside;
    // So much is held on the other side that nothing of this order opens anything.
    const position = intent.side === "buy" ? "-1000" : "1000";
    const closing = reasonOf([intent, { ...facts, position }, undefined]);
    if (cases.exit === "bound") expect(closing).toBe(reason);
    else expect([undefined, "exempt_reduction"]).toContain(closing);
  });

  it("says what it measured in a text that means the same whenever it is judged again", () => {
    const rule = RULE_BOOK.find((each) => each.id === id);
    if (rule?.kind !== "limit") return;
    for (const [intent, facts, reason] of [cases.inside, cases.at, cases.outside]) {
      const verdict = assess(intent, policy, someFacts(facts)).verdicts.find((each) => each.rule === id);
      expect(rule.judge(verdict?.input ?? "", policy).passed).toBe(reason === undefined);
    }
  });
});

describe("what the broker lists", () => {
  const reasonOf = (intent: OrderIntent, instrument: object, rule: string) =>
    assess(intent, aPolicy(), someFacts({ instrument: anInstrument(instrument) })).verdicts.find(
      (verdict) => verdict.rule === rule,
    )?.reason;

  it.each([
    [
      "a short sale of what is not shortable",
      anIntent({ side: "sell" }),
      { shortable: false },
      "instrument_tradable",
      "not_shortable",
    ],
    ["what is not listed any more", any, { status: "inactive" }, "instrument_tradable", "not_tradable"],
    ["less than the least quantity", any, { min_quantity: "11" }, "lot_size", "quantity_below_minimum"],
    [
      "an amount of money of what trades whole only",
      aMarketIntent({ quantity: undefined, notional: "5" }),
      { fractionable: false },
      "lot_size",
      "not_fractionable",
    ],
    ["a tenth of a cent in a stock", buyAt("187.251"), { price_increment: null }, "price_increment", "price_off_tick"],
  ])("denies %s", (_, intent, instrument, rule, reason) => {
    expect(reasonOf(intent, instrument, rule)).toBe(reason);
  });
});

describe("the collar", () => {
  const policy = aPolicy({ price_collar_percent: "2" });
  const verdictOf = (intent: OrderIntent) =>
    assess(intent, policy, someFacts()).verdicts.find(({ rule }) => rule === "price_collar");

  it.each<[string, OrderIntent, string]>([
    ["a buy limit below the market by nothing", buyAt("100"), "0"],
    ["a sell limit above the market by nothing", anIntent({ side: "sell", limit_price: "300" }), "0"],
    ["a sell limit below the market by how far below", anIntent({ side: "sell", limit_price: "183.75" }), "2"],
    ["a stop above the market by how far above", aMarketIntent({ type: "stop", stop_price: "191.25" }), "2"],
    ["a stop below the market by how far below", aMarketIntent({ type: "stop", stop_price: "183.75" }), "2"],
    [
      "a stop limit by the further of its prices",
      anIntent({ type: "stop_limit", stop_price: "189.375", limit_price: "191.25" }),
      "2",
    ],
  ])("measures %s", (_, intent, input) => {
    expect(verdictOf(intent)).toMatchObject({ input });
  });
});
