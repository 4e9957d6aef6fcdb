// A venue for tests that does what it is told by its weather: it loses, delays, hides and misreports, and never forgets what
// it really did. Orders are for whole units and fill one by one.
import type {
  Broker,
  CancelEnding,
  Deduplication,
  ExecutionsEnding,
  FindEnding,
  ListEnding,
  SubmitEnding,
  VenueExecution,
  VenueReport,
} from "../../../src/domain/broker.ts";
import { type Decimal, ZERO, add, decimalOf, divide, multiply, roundForWire } from "../../../src/domain/money.ts";
import { type OrderIntent, type OrderStatus, isTerminal, signOf } from "../../../src/domain/order.ts";
import type { BucketLimits } from "../../../src/domain/token-bucket.ts";
import { aBroker, aHolding, aReport, aTrade, anExecution } from "../../support/builders.ts";
import type { Simulation } from "./simulation.ts";

/** What the venue does with one attempt. */
export const ATTEMPTS = [
  "accept",
  "accept_then_drop_the_answer",
  "accept_then_crash",
  "crash_before",
  "lose",
  "reject",
  "throttle",
  "answer_with_another_order",
] as const;
export const LOOKS = ["true", "true", "stale", "outage", "throttle"] as const;
export const LISTS = ["true", "incomplete", "stale", "outage"] as const;
export const CANCELS = ["take", "take_slowly", "take_then_drop_the_answer", "lose", "too_late", "throttle"] as const;

export type Weather = {
  readonly deduplication: Deduplication;
  /** For each attempt of each order in turn; after the last, the venue accepts. */
  readonly attempts: readonly (typeof ATTEMPTS)[number][];
  /** For each look at a live order in turn; after the last, the venue tells the truth. */
  readonly looks: readonly (typeof LOOKS)[number][];
  /** The same for orders that have ended, of which there are two at most. */
  readonly endedLooks: readonly (typeof LOOKS)[number][];
  readonly lists: readonly (typeof LISTS)[number][];
  readonly cancels: readonly (typeof CANCELS)[number][];
  readonly latencyMs: number;
  /** How long the venue hides a new order from look-ups. */
  readonly hiddenMs: number;
  /** How long each unit takes to fill. */
  readonly unitMs: number;
  /** After so many, an order that is not filled expires. */
  readonly endAfterUnits: number;
  /** After a cancel one more unit is reported so much later; 0 for none. */
  readonly lateMs: number;
  /** How much later than a report the list of trades shows a trade. */
  readonly executionLagMs: number;
  /** How many calls the account may make. */
  readonly limits: BucketLimits;
  /** How many trades one list shows, but for those at the same moment as the last one. */
  readonly tradesPerList: number;
};

export const CALM: Weather = {
  deduplication: "permanent",
  attempts: [],
  looks: [],
  endedLooks: [],
  lists: [],
  cancels: [],
  latencyMs: 20,
  hiddenMs: 0,
  unitMs: 100,
  endAfterUnits: 10,
  lateMs: 0,
  executionLagMs: 200,
  limits: { ratePerSec: 1_000, capacity: 1_000_000 },
  tradesPerList: Infinity,
};

const STALE_MS = 2_000;
/** What the broker says of a number of its own making. */
const cents = (price: Decimal): Decimal => decimalOf(Number(price).toFixed(2));
const priceOf = (unit: number): Decimal => add(decimalOf("187"), multiply(decimalOf("0.003"), decimalOf(String(unit))));

type VenueOrder = {
  readonly intent: OrderIntent;
  readonly venueOrderId: string;
  readonly openedAtMs: number;
  canceledAtMs: number;
  cancelTakenAtMs: number;
};

type Trade = { readonly unit: number; readonly atMs: number; readonly toldAtMs: number };

export class LyingVenue {
  readonly orders: VenueOrder[] = [];
  readonly calls: Record<"submit" | "find" | "cancel" | "openOrders" | "executions" | "holdings", number> = {
    submit: 0,
    find: 0,
    cancel: 0,
    openOrders: 0,
    executions: 0,
    holdings: 0,
  };
  readonly #weather: Weather;
  readonly #simulation: Simulation;
  readonly #onSubmit: (intent: OrderIntent) => void;
  readonly #attempts = new Map<string, number>();
  #looks = 0;
  #endedLooks = 0;

  constructor(weather: Weather, simulation: Simulation, onSubmit: (intent: OrderIntent) => void = () => undefined) {
    this.#weather = weather;
    this.#simulation = simulation;
    this.#onSubmit = onSubmit;
  }

  get broker(): Broker {
    const take = <T>(effect: () => T) => this.#simulation.call(this.#weather.latencyMs, effect);
    return aBroker({
      deduplication: this.#weather.deduplication,
      limits: this.#weather.limits,
      submit: (intent) => {
        this.#onSubmit(intent);
        this.calls.submit += 1;
        return take(() => this.#attempt(intent));
      },
      find: (clientOrderId) => {
        this.calls.find += 1;
        return take(() => this.#find(clientOrderId));
      },
      cancel: (venueOrderId) => {
        this.calls.cancel += 1;
        return take(() => this.#cancel(venueOrderId));
      },
      openOrders: () => {
        this.calls.openOrders += 1;
        return take(() => this.#list());
      },
      executions: (sinceMs) => {
        this.calls.executions += 1;
        return take(() => this.#listTrades(sinceMs));
      },
      holdings: () => {
        this.calls.holdings += 1;
        return take(() => ({ ending: "listed", items: this.holdings() }));
      },
      balances: () => {
        const money = decimalOf("100000");
        return take(() => ({
          ending: "read",
          balances: { currency: "USD", cash: money, equity: money, buying_power: money },
        }));
      },
      latestTrades: (symbols) =>
        Promise.resolve(new Map(symbols.map((symbol) => [symbol, aTrade("187", this.#simulation.nowMs)]))),
    });
  }

  ordersOf(clientOrderId: string): VenueOrder[] {
    return this.orders.filter(({ intent }) => intent.client_order_id === clientOrderId);
  }

  /** The venue's order as it was at that time, and as it really was. */
  viewOf(order: VenueOrder, atMs: number): VenueReport {
    const trades = this.#tradesOf(order).filter(({ toldAtMs }) => toldAtMs <= atMs);
    const { intent, venueOrderId } = order;
    return aReport({
      venue_order_id: venueOrderId,
      client_order_id: intent.client_order_id,
      symbol: intent.symbol,
      side: intent.side,
      quantity: intent.quantity ?? null,
      limit_price: intent.limit_price ?? null,
      status: this.#statusOf(order, trades.length, atMs),
      filled_quantity: String(trades.length),
      average_price: trades.length === 0 ? null : cents(averageOf(trades)),
    });
  }

  /** What the fills of the order cost on average, exactly. */
  averagePrice(order: VenueOrder, atMs: number): Decimal | null {
    const trades = this.#tradesOf(order).filter(({ toldAtMs }) => toldAtMs <= atMs);
    return trades.length === 0 ? null : roundForWire(averageOf(trades));
  }

  /** Two pages that overlap, and a rest that is left for the next list. */
  #listTrades(sinceMs: number): ExecutionsEnding {
    const all = this.executionsSince(sinceMs);
    const last = all[this.#weather.tradesPerList - 1];
    // Never more at one moment than one list holds.
    const items = all.filter(({ executed_at_ms: atMs }) => last === undefined || atMs <= last.executed_at_ms);
    const half = Math.floor(items.length / 2);
    const pages = [...items.slice(0, half + 1), ...items.slice(half)];
    return { ending: "listed", items: pages, isWhole: items.length === all.length };
  }

  /** The trades that the venue shows by now, oldest first. */
  executionsSince(sinceMs: number): VenueExecution[] {
    const visibleMs = this.#simulation.nowMs - this.#weather.executionLagMs;
    return this.orders
      .flatMap((order) =>
        this.#tradesOf(order)
          .filter(({ atMs, toldAtMs }) => atMs >= sinceMs && toldAtMs <= visibleMs)
          .map(({ unit, atMs }) =>
            anExecution({
              execution_id: `${order.venueOrderId}-${unit}`,
              venue_order_id: order.venueOrderId,
              quantity: "1",
              price: priceOf(unit),
              executed_at_ms: atMs,
            }),
          ),
      )
      .toSorted((a, b) => a.executed_at_ms - b.executed_at_ms);
  }

  /** What is held by what was really traded until now. */
  holdings() {
    const units = new Map<string, Decimal>();
    for (const order of this.orders) {
      const { symbol, side } = order.intent;
      const filled = this.viewOf(order, this.#simulation.nowMs).filled_quantity;
      units.set(symbol, add(units.get(symbol) ?? ZERO, signOf(side, filled)));
    }
    return [...units].map(([symbol, quantity]) => aHolding({ symbol, quantity, market_value: null }));
  }

  #attempt(intent: OrderIntent): SubmitEnding {
    const count = this.#attempts.get(intent.client_order_id) ?? 0;
    this.#attempts.set(intent.client_order_id, count + 1);
    const behaviour = this.#weather.attempts[count] ?? "accept";
    switch (behaviour) {
      case "accept":
        return this.#accept(intent);
      case "accept_then_drop_the_answer":
        this.#accept(intent);
        return { ending: "unknown", code: "timeout" };
      case "accept_then_crash":
        this.#simulation.crash();
        return this.#accept(intent);
      case "crash_before":
        this.#simulation.crash();
        return { ending: "unknown", code: "timeout" };
      case "lose":
        return { ending: "unknown", code: "network" };
      case "reject":
        // Also of a repeat whose first attempt used up the money, so before the id is looked at.
        return { ending: "rejected", code: "insufficient_funds", detail: "not enough buying power" };
      case "throttle":
        return { ending: "not_sent", code: "rate_limited", retryAfterMs: 1_000 };
      case "answer_with_another_order": {
        const ending = this.#accept(intent);
        return ending.ending === "accepted" ? { ...ending, report: aReport({ symbol: "SPY" }) } : ending;
      }
      default:
        return behaviour satisfies never;
    }
  }

  #accept(intent: OrderIntent): SubmitEnding {
    const { deduplication } = this.#weather;
    const atMs = this.#simulation.nowMs;
    const known = this.ordersOf(intent.client_order_id);
    const isOpen = known.some((order) => !isTerminal(this.viewOf(order, atMs).status));
    if ((deduplication === "permanent" && known.length > 0) || (deduplication === "open_orders" && isOpen)) {
      return { ending: "unknown", code: "duplicate_client_order_id" };
    }
    const venueOrderId = `venue-${this.orders.length + 1}`;
    const order = { intent, venueOrderId, openedAtMs: atMs, canceledAtMs: Infinity, cancelTakenAtMs: Infinity };
    this.orders.push(order);
    return { ending: "accepted", report: this.viewOf(order, atMs) };
  }

  #find(clientOrderId: string): FindEnding {
    const { nowMs } = this.#simulation;
    const [order] = this.ordersOf(clientOrderId);
    const hasEnded = order !== undefined && isTerminal(this.viewOf(order, nowMs - STALE_MS).status);
    const look = hasEnded ? this.#weather.endedLooks[this.#endedLooks++] : this.#weather.looks[this.#looks++];
    const behaviour = look ?? "true";
    if (behaviour === "outage") return { ending: "unknown", code: "timeout" };
    if (behaviour === "throttle") return { ending: "not_sent", code: "rate_limited", retryAfterMs: 700 };
    if (order === undefined || nowMs < order.openedAtMs + this.#weather.hiddenMs) return { ending: "absent" };
    const atMs = behaviour === "stale" ? Math.max(order.openedAtMs, nowMs - STALE_MS) : nowMs;
    return { ending: "found", report: this.viewOf(order, atMs) };
  }

  #list(): ListEnding<VenueReport> {
    const behaviour = this.#weather.lists[this.calls.openOrders - 1] ?? "true";
    if (behaviour === "outage") return { ending: "unknown", code: "http_503" };
    const atMs = this.#simulation.nowMs - (behaviour === "stale" ? STALE_MS : 0);
    const items = this.orders
      .filter(({ openedAtMs }) => openedAtMs <= atMs)
      .map((order) => this.viewOf(order, atMs))
      .filter(({ status }, index) => !isTerminal(status) && (behaviour !== "incomplete" || index % 2 === 0));
    return { ending: "listed", items };
  }

  #cancel(venueOrderId: string): CancelEnding {
    const { nowMs } = this.#simulation;
    const order = this.orders.find((candidate) => candidate.venueOrderId === venueOrderId);
    if (order === undefined || isTerminal(this.viewOf(order, nowMs).status)) return { ending: "too_late" };
    const behaviour = this.#weather.cancels[this.calls.cancel - 1] ?? "take";
    const take = (delayMs: number): void => {
      order.cancelTakenAtMs = Math.min(order.cancelTakenAtMs, nowMs);
      order.canceledAtMs = Math.min(order.canceledAtMs, nowMs + delayMs);
    };
    switch (behaviour) {
      case "take":
        take(0);
        return { ending: "requested" };
      case "take_slowly":
        take(3_000);
        return { ending: "requested" };
      case "take_then_drop_the_answer":
        take(0);
        return { ending: "unknown", code: "timeout" };
      case "lose":
        return { ending: "unknown", code: "network" };
      case "too_late":
        return { ending: "too_late" };
      case "throttle":
        return { ending: "not_sent", code: "rate_limited", retryAfterMs: 700 };
      default:
        return behaviour satisfies never;
    }
  }

  #endsAtMs({ openedAtMs, canceledAtMs }: VenueOrder): number {
    const { unitMs, endAfterUnits } = this.#weather;
    return Math.min(canceledAtMs, openedAtMs + endAfterUnits * Math.max(unitMs, 100) + 1);
  }

  #tradesOf(order: VenueOrder): Trade[] {
    const { unitMs, endAfterUnits, lateMs } = this.#weather;
    const endsAtMs = this.#endsAtMs(order);
    const { nowMs } = this.#simulation;
    const trades = Array.from(
      { length: Math.min(endAfterUnits, unitsOf(order)) },
      (_, index) => order.openedAtMs + (index + 1) * unitMs,
    )
      .filter((atMs) => atMs < endsAtMs && atMs <= nowMs)
      .map((atMs, index): Trade => ({ unit: index + 1, atMs, toldAtMs: atMs }));
    const canFillLate =
      lateMs > 0 && order.canceledAtMs === endsAtMs && endsAtMs <= nowMs && trades.length < unitsOf(order);
    const late = { unit: trades.length + 1, atMs: endsAtMs, toldAtMs: endsAtMs + lateMs };
    return canFillLate ? [...trades, late] : trades;
  }

  #statusOf(order: VenueOrder, filled: number, atMs: number): OrderStatus {
    if (filled === unitsOf(order)) return "filled";
    const endsAtMs = this.#endsAtMs(order);
    if (atMs >= endsAtMs) return order.canceledAtMs === endsAtMs ? "canceled" : "expired";
    if (atMs >= order.cancelTakenAtMs) return "pending_cancel";
    return filled === 0 ? "new" : "partially_filled";
  }
}

const unitsOf = ({ intent }: VenueOrder): number => Number(intent.quantity ?? 0);

const averageOf = (trades: readonly Trade[]): Decimal =>
  divide(trades.map(({ unit }) => priceOf(unit)).reduce(add, ZERO), decimalOf(String(trades.length)));
