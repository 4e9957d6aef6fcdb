// Intents, orders, reports, policies, configurations and facts for tests: each complete and ordinary, until an override says otherwise.
import type { OrderRow } from "../../src/account/orders/orders.ts";
import type { AccountConfiguration } from "../../src/domain/account.ts";
import type { Broker, VenueExecution, VenueHolding, VenueReport } from "../../src/domain/broker.ts";
import { type Instrument, Instrument as InstrumentSchema } from "../../src/domain/instrument.ts";
import type { OrderState } from "../../src/domain/lifecycle.ts";
import { type Decimal, decimalOf } from "../../src/domain/money.ts";
import {
  type Order,
  type OrderIntent,
  Order as OrderSchema,
  OrderIntent as IntentSchema,
} from "../../src/domain/order.ts";
import type { Funds, RecentFacts, RiskFacts } from "../../src/domain/risk/facts.ts";
import { type Policy, Policy as PolicySchema } from "../../src/domain/risk/policy.ts";
import type { LastTrade } from "../../src/domain/worth.ts";
import { NO_LIMITS } from "./no-limits.ts";

/** When everything below takes place. */
export const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);

/** Any field as it is spelled on the wire; `undefined` leaves it out. */
type Overrides<T> = { readonly [K in keyof T]?: unknown };

const withoutUndefined = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const TERMS = {
  account: "paper",
  client_order_id: "sp-0192f3a4",
  symbol: "AAPL",
  side: "buy",
  type: "limit",
  quantity: "10",
  limit_price: "187.25",
  time_in_force: "day",
  extended_hours: false,
};

/** To buy 10 AAPL at 187.25 or better: 1872.50 at most. */
export const anIntent = (overrides: Overrides<OrderIntent> = {}): OrderIntent =>
  IntentSchema.parse(withoutUndefined({ ...TERMS, ...overrides }));

/** The same, at whatever the market asks. */
export const aMarketIntent = (overrides: Overrides<OrderIntent> = {}): OrderIntent =>
  anIntent({ type: "market", limit_price: undefined, ...overrides });

/** The order of {@link anIntent}, approved and not yet sent. */
export const anOrder = (overrides: Overrides<Order> = {}): Order =>
  OrderSchema.parse(
    withoutUndefined({
      ...TERMS,
      id: "paper_019bc224-4100-7abc-8def-0123456789ab",
      source: "default",
      request_id: "request-1",
      status: "pending_new",
      delivery: "pending",
      outcome: "known",
      venue_order_id: null,
      filled_quantity: "0",
      average_price: null,
      reason: null,
      verdicts: [{ rule: "trading_state", passed: true, input: "position 0", limit: "active" }],
      attempts: 0,
      replaces: null,
      replaced_by: null,
      cancel_requested_at: null,
      created_at: new Date(NOW_MS).toISOString(),
      updated_at: new Date(NOW_MS).toISOString(),
      ...overrides,
    }),
  );

/** The part of {@link anOrder} that events change. */
export function aState(overrides: Overrides<OrderState> = {}): OrderState {
  const order = anOrder(overrides);
  return {
    status: order.status,
    delivery: order.delivery,
    outcome: order.outcome,
    venue_order_id: order.venue_order_id,
    quantity: order.quantity,
    filled_quantity: order.filled_quantity,
    average_price: order.average_price,
    reason: order.reason,
    verdicts: order.verdicts,
    hold: order.hold,
    attempts: order.attempts,
    replaced_by: order.replaced_by,
    cancel_requested_at: order.cancel_requested_at,
    ...(order.parent === undefined ? {} : { parent: order.parent }),
  };
}

/** {@link anOrder} as the account keeps it, due now. */
export const aRow = ({ order, ...overrides }: Partial<Omit<OrderRow, "order">> & { order?: Order } = {}): OrderRow => ({
  order: order ?? anOrder(),
  request: "{}",
  expiresAtMs: NOW_MS + 60_000,
  looks: 0,
  absences: 0,
  dueAtMs: NOW_MS,
  executionsSinceMs: null,
  isExit: false,
  goal: null,
  ...overrides,
});

type Spelled<T> = { readonly [K in keyof T]?: T[K] extends Decimal | null ? T[K] | string : T[K] };

const decimalOrNull = (text: string | null): Decimal | null => (text === null ? null : decimalOf(text));

/** The venue's first word on {@link anOrder}: it has it, and nothing is filled. */
export function aReport(overrides: Spelled<VenueReport> = {}): VenueReport {
  const fields = {
    venue_order_id: "venue-1",
    client_order_id: TERMS.client_order_id,
    symbol: "AAPL",
    side: "buy" as const,
    type: "limit" as const,
    quantity: "10",
    notional: null,
    limit_price: "187.25",
    stop_price: null,
    status: "new" as const,
    filled_quantity: "0",
    average_price: null,
    ...overrides,
  };
  return {
    ...fields,
    quantity: decimalOrNull(fields.quantity),
    notional: decimalOrNull(fields.notional),
    limit_price: decimalOrNull(fields.limit_price),
    stop_price: decimalOrNull(fields.stop_price),
    filled_quantity: decimalOf(fields.filled_quantity),
    average_price: decimalOrNull(fields.average_price),
  };
}

/** A trade of {@link aReport}'s order: 10 units at 187.25, at {@link NOW_MS}. */
export function anExecution(overrides: Spelled<VenueExecution> = {}): VenueExecution {
  const fields = {
    execution_id: "execution-1",
    venue_order_id: "venue-1",
    quantity: "10",
    price: "187.25",
    executed_at_ms: NOW_MS,
    ...overrides,
  };
  return { ...fields, quantity: decimalOf(fields.quantity), price: decimalOf(fields.price) };
}

/** 10 AAPL bought at 187.25, worth 187.5 each. */
export function aHolding(overrides: Spelled<VenueHolding> = {}): VenueHolding {
  const fields = { symbol: "AAPL", quantity: "10", average_price: "187.25", market_value: "1875", ...overrides };
  return {
    symbol: fields.symbol,
    quantity: decimalOf(fields.quantity),
    average_price: decimalOf(fields.average_price),
    market_value: decimalOrNull(fields.market_value),
  };
}

/** A broker that is asked nothing: every call that is not overridden fails the test. */
export function aBroker(overrides: Partial<Broker> = {}): Broker {
  const unexpected = (call: string) => () => Promise.reject(new Error(`unexpected ${call}`));
  return {
    deduplication: "permanent",
    limits: { ratePerSec: 1_000, capacity: 1_000_000 },
    supports: () => undefined,
    submit: unexpected("submit"),
    find: unexpected("find"),
    cancel: unexpected("cancel"),
    openOrders: unexpected("openOrders"),
    executions: unexpected("executions"),
    holdings: unexpected("holdings"),
    balances: unexpected("balances"),
    identify: unexpected("identify"),
    instruments: unexpected("instruments"),
    latestTrades: unexpected("latestTrades"),
    ...overrides,
  };
}

/** A policy with nothing left open, under which {@link anIntent} passes. */
export const aPolicy = (overrides: Overrides<Policy> = {}): Policy =>
  PolicySchema.parse(
    withoutUndefined({
      ...NO_LIMITS,
      symbols: ["AAPL", "MSFT"],
      max_quantity: "100",
      max_notional: "25000",
      max_position: "1000",
      reference_price_max_age_sec: 900,
      ...overrides,
    }),
  );

/** The configuration of an account that signed signals may trade with, under {@link aPolicy}. */
export const aConfiguration = (overrides: Partial<AccountConfiguration> = {}): AccountConfiguration => ({
  status: "active",
  connection: { broker: "paper" },
  minimum_origin: "hmac",
  mode: "live",
  policy: aPolicy(),
  policy_version: 1,
  overrides: [],
  revision: 1,
  sealed_credentials: null,
  ...overrides,
});

/** Nothing held, which the broker has confirmed, nothing working, the broker there, and a trade at 187.5 a second ago. */
export function someFacts({ position = "0", workingSameSide = "0", ...overrides }: Spelled<RiskFacts> = {}): RiskFacts {
  const hasAmounts = (overrides.workingByAmount ?? []).length > 0;
  return {
    onItsWay: { units: decimalOf(workingSameSide), hasAmounts },
    sender: null,
    position: decimalOf(position),
    workingSameSide: decimalOf(workingSameSide),
    workingByAmount: [],
    opposing: [],
    tradingState: "active",
    nowMs: NOW_MS,
    askedType: "limit",
    positionKnown: true,
    circuitOpen: false,
    referencePrice: aTrade("187.5", NOW_MS - 1_000),
    auditBacklog: 0,
    instrument: anInstrument(),
    supports: () => undefined,
    openOrders: 0,
    recent: nothingRecent(),
    book: aBook(),
    funds: someFunds(),
    ...overrides,
  };
}

/** AAPL, whole or in parts. */
export const anInstrument = (overrides: Overrides<Instrument> = {}): Instrument =>
  InstrumentSchema.parse({
    symbol: "AAPL",
    asset_class: "us_equity",
    exchange: "NASDAQ",
    status: "active",
    tradable: true,
    shortable: true,
    fractionable: true,
    lot_size: "0.000000001",
    min_quantity: null,
    min_notional: null,
    price_increment: "0.000000001",
    ...overrides,
  });

/** Every symbol is one of {@link anInstrument}'s kind, and nothing has to be read for that. */
export const KNOWN_INSTRUMENTS = {
  find: (symbol: string) => anInstrument({ symbol }),
  isUnlisted: () => false,
  know: () => Promise.resolve(),
  refreshDaily: () => Promise.resolve(86_400_000),
};

/** 100,000 of equity, as much as ever. */
export const someFunds = (overrides: Spelled<Funds> = {}): Funds => {
  const { asOfMs = NOW_MS - 1_000, ...money } = overrides;
  const fields = {
    equity: "100000",
    buyingPower: "200000",
    dayStart: "100000",
    peak: "100000",
    uncounted: "0",
    ...money,
  };
  return {
    asOfMs,
    equity: decimalOf(fields.equity),
    buyingPower: decimalOf(fields.buyingPower),
    dayStart: decimalOf(fields.dayStart),
    peak: decimalOf(fields.peak),
    uncounted: decimalOf(fields.uncounted),
  };
};

const NEVER = { second: 0, minute: 0, day: 0 };

export const nothingRecent = (overrides: Partial<RecentFacts> = {}): RecentFacts => ({
  orders: NEVER,
  messages: NEVER,
  sameOrderAgeMs: null,
  repeatAgesMs: [],
  ...overrides,
});

/** Nothing, which the broker said a second ago. */
export const aBook = (overrides: Partial<RiskFacts["book"]> = {}): RiskFacts["book"] => ({
  positions: new Map(),
  holdings: [],
  asOfMs: NOW_MS - 1_000,
  working: [],
  lastTrades: new Map(),
  ...overrides,
});

/** Heard of when it took place. */
export const aTrade = (price: string, atMs: number): LastTrade => ({
  price: decimalOf(price),
  atMs,
  of: "trade",
  heardAtMs: atMs,
});
