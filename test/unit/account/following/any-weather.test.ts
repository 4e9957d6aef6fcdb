import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { type OrderRow, findOrder, insertOrder } from "../../../../src/account/orders/orders.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { replaceOrder } from "../../../../src/account/orders/replace.ts";
import type { Deduplication } from "../../../../src/domain/broker.ts";
import { OrderId } from "../../../../src/domain/ids.ts";
import { ZERO, add, lessThan } from "../../../../src/domain/money.ts";
import { type Order, isTerminal, signOf } from "../../../../src/domain/order.ts";
import { OrderChange } from "../../../../src/domain/signal/change.ts";
import { NOW_MS, aBroker, aReport, aRow, anOrder } from "../../../support/builders.ts";
import { ATTEMPTS, CALM, CANCELS, LISTS, LOOKS, LyingVenue, type Weather } from "../lying-venue.ts";
import { Simulation } from "../simulation.ts";
import { BALANCES, aSignal, decidingWith, newId, tradesOf, stopTrading } from "../tables.ts";

const SYMBOLS = ["AAPL", "MSFT"] as const;

/** What happens around the venue: how many orders there are, and what people and machines do. */
type Day = {
  readonly orders: number;
  /** Which order somebody wants canceled, and when, counted from the start. */
  readonly cancels: readonly { readonly order: number; readonly afterMs: number }[];
  /** When somebody wants another quantity of the first order, or of what took its place. */
  readonly changes: readonly { readonly units: number; readonly afterMs: number }[];
  readonly crashesAfterMs: readonly number[];
  /** When trading is halted, counted from the start. */
  readonly haltAfterMs: number;
  readonly weather: Weather;
};

const moments = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 5_000 }), fc.nat({ max: 120_000 }));

const weathers: fc.Arbitrary<Weather> = fc.record({
  deduplication: fc.constantFrom<Deduplication>("permanent", "permanent", "open_orders", "none"),
  attempts: fc.array(fc.constantFrom(...ATTEMPTS), { maxLength: 6 }),
  looks: fc.array(fc.constantFrom(...LOOKS), { maxLength: 40 }),
  endedLooks: fc.array(fc.constantFrom(...LOOKS), { maxLength: 4 }),
  lists: fc.array(fc.constantFrom(...LISTS), { maxLength: 10 }),
  cancels: fc.array(fc.constantFrom(...CANCELS), { maxLength: 6 }),
  latencyMs: fc.constantFrom(1, 40, 900),
  hiddenMs: fc.constantFrom(0, 400, 3_000, 20_000, 70_000, 3_600_000),
  unitMs: fc.constantFrom(0, 100, 5_000, 60_000),
  endAfterUnits: fc.integer({ min: 0, max: 10 }),
  lateMs: fc.constantFrom(0, 0, 2_000, 40_000),
  executionLagMs: fc.constantFrom(0, 300, 8_000),
  limits: fc.constantFrom(
    CALM.limits,
    CALM.limits,
    { ratePerSec: 2.5, capacity: 50 },
    { ratePerSec: 0.5, capacity: 4 },
  ),
  tradesPerList: fc.constantFrom(Infinity, Infinity, 4, 1),
});

const days: fc.Arbitrary<Day> = fc.record({
  orders: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 })),
  cancels: fc.array(fc.record({ order: fc.nat({ max: 8 }), afterMs: moments }), { maxLength: 6 }),
  changes: fc.array(fc.record({ units: fc.integer({ min: 1, max: 15 }), afterMs: moments }), { maxLength: 3 }),
  crashesAfterMs: fc.array(moments, { maxLength: 4 }),
  haltAfterMs: fc.constantFrom(0, 1_500, 25_000, Infinity, Infinity, Infinity),
  weather: weathers,
});

const CALM_DAY: Day = { orders: 1, cancels: [], changes: [], crashesAfterMs: [], haltAfterMs: Infinity, weather: CALM };

const idOf = (index: number): OrderId => OrderId.parse(`paper_019bc224-4100-7abc-8def-0123456789a${index}`);

/** The orders as the account stores them when it has approved them. Every third sells. */
const orderOf = (index: number): Order =>
  anOrder({
    id: idOf(index),
    client_order_id: `order-${index}`,
    symbol: SYMBOLS[index % 2],
    side: index % 3 === 2 ? "sell" : "buy",
  });

/** Lives through a day, until nothing is left to do but for a person. Looks after every step that nothing is wrong. */
async function live(day: Day, { compares = false, readsTrades = false } = {}) {
  drawn = 0;
  const simulation = new Simulation();
  const { sql } = simulation;
  const read = (id: OrderId): OrderRow => {
    const row = findOrder(sql, id);
    if (row === undefined) throw new Error("the order is gone");
    return row;
  };
  const orders = Array.from({ length: day.orders }, (_, index) => orderOf(index));
  for (const order of orders) insertOrder(sql, aRow({ order, expiresAtMs: NOW_MS + 300_000 }), null);

  /** The first order and what took its place. */
  const chain = [idOf(0)];
  if (!compares) writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
  const submits = new Map<OrderId, number>();
  const wrong: string[] = [];
  let isHalted = false;
  const venue = new LyingVenue(day.weather, simulation, (intent) => {
    const order = orders.find((candidate) => candidate.client_order_id === intent.client_order_id) ?? anOrder();
    submits.set(order.id, (submits.get(order.id) ?? 0) + 1);
    const { delivery, attempts, cancel_requested_at: wish } = read(order.id).order;
    if (delivery !== "submitting" || attempts !== submits.get(order.id)) wrong.push("left before it was claimed");
    if (wish !== null) wrong.push("left although it was wanted canceled");
    if (isHalted) wrong.push("left while trading was halted");
  });
  for (const { order, afterMs } of day.cancels) {
    const id = idOf(order % day.orders);
    simulation.at(NOW_MS + afterMs, () => cancelOrder(sql, id, { nowMs: simulation.nowMs, random: 0 }));
  }
  for (const { units, afterMs } of day.changes) {
    simulation.at(NOW_MS + afterMs, () => {
      const original = chain.at(-1) ?? idOf(0);
      const id = newId(500 + orders.length);
      const { order: _order, proof: _proof, ...sender } = aSignal({ requestId: `change-${afterMs}` });
      const change = OrderChange.parse({ quantity: String(units) });
      const context = {
        ...decidingWith({ nowMs: simulation.nowMs, policy: simulation.policy }),
        random: 0,
        newId: () => id,
      };
      const replaced = replaceOrder(sql, { ...context, replacement: { ...sender, original, change } });
      if (!replaced.ok) return;
      orders.push(replaced.value.order);
      if (replaced.value.order.status !== "denied") chain.push(id.order);
    });
  }
  for (const afterMs of day.crashesAfterMs) simulation.at(NOW_MS + afterMs, () => simulation.crash());
  const halt = () => {
    isHalted = true;
    stopTrading(sql, "halted");
  };
  if (day.haltAfterMs === 0) halt();
  else if (day.haltAfterMs < Infinity) simulation.at(NOW_MS + day.haltAfterMs, halt);
  simulation.compares = compares;
  simulation.start(venue.broker);

  /** Nothing is left to look for, or only what is not there. */
  const isOver = (order: OrderRow): boolean =>
    (order.dueAtMs === null && !(readsTrades && order.executionsSinceMs !== null)) ||
    (order.order.delivery === "needs_operator" && venue.ordersOf(order.order.client_order_id).length === 0);
  const filled = new Map(orders.map(({ id }) => [id, ZERO]));
  await simulation.run(
    () => orders.every(({ id }) => isOver(read(id))),
    () => {
      expect(wrong).toEqual([]);
      const now = orders.map(({ id }) => read(id).order);
      for (const order of now) {
        expect(lessThan(order.filled_quantity, filled.get(order.id) ?? ZERO)).toBe(false);
        filled.set(order.id, order.filled_quantity);
        expect(venue.ordersOf(order.client_order_id).length).toBeLessThanOrEqual(1);
      }
      for (const symbol of compares ? [] : SYMBOLS) {
        const fills = now.filter((order) => order.symbol === symbol);
        const units = fills.map(({ side, filled_quantity: quantity }) => signOf(side, quantity)).reduce(add, ZERO);
        expect(positionIn(sql, symbol)).toBe(units);
      }
    },
  );
  if (compares) {
    const enough = simulation.comparisons + 3;
    await simulation.run(() => simulation.comparisons >= enough);
  }
  return { simulation, venue, orders: orders.map(({ id }) => read(id).order), chain, submits };
}

let logged: string[] = [];
let drawn = 0;

beforeEach(() => {
  logged = [];
  for (const level of ["info", "log", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => void logged.push(line));
  }
  // Jitter is drawn from a sequence that starts anew with each day, so that a failing day fails again.
  vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
    drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 31;
    new DataView(bytes?.buffer ?? new ArrayBuffer(4)).setUint32(0, drawn * 2);
    return bytes;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("orders followed through any weather", () => {
  vi.setConfig({ testTimeout: 60_000 });
  const RUNS = { numRuns: 40 };
  const everyDay = (check: (day: Day, lived: Awaited<ReturnType<typeof live>>) => void, options = {}) =>
    fc.asyncProperty(days, async (day) => check(day, await live(day, options)));

  it("exist at the venue at most once, and in the end our record says what the venue says", async () => {
    const check = everyDay((_, { simulation, venue, orders, submits }) => {
      for (const order of orders) {
        const accepted = venue.ordersOf(order.client_order_id);
        expect(accepted.length).toBeLessThanOrEqual(1);
        expect(order.attempts).toBe(submits.get(order.id) ?? 0);
        expect(order.attempts).toBeLessThanOrEqual(4);
        const [placed] = accepted;
        if (placed !== undefined) {
          const { status, filled_quantity: filled } = venue.viewOf(placed, simulation.nowMs);
          expect(order).toMatchObject({ delivery: "delivered", outcome: "known", status, filled_quantity: filled });
          expect(isTerminal(order.status)).toBe(true);
        } else {
          expect(order.filled_quantity).toBe("0");
          expect(isTerminal(order.status)).toBe(order.delivery !== "needs_operator");
          expect(order.status).not.toBe("filled");
        }
      }
      expect(logged.filter((line) => line.includes("step_failed"))).toEqual([]);
    });
    await fc.assert(check, RUNS);
  });

  it("are written down event by event in one whole chain, as submitting as often as they left, and never after a wish", async () => {
    const check = everyDay((_, { simulation, orders, submits }) => {
      expect(simulation.brokenLink()).toBeUndefined();
      const journal = simulation.journal();
      for (const order of orders) {
        const types = journal.filter(({ order_id: id }) => id === order.id).map(({ type }) => type);
        const sent = types.filter((type) => type === "order.submitting");
        expect(sent).toHaveLength(submits.get(order.id) ?? 0);
        const wished = types.indexOf("order.cancel_requested");
        if (wished !== -1) expect(types.slice(wished)).not.toContain("order.submitting");
        if (order.cancel_requested_at !== null) expect(types.some((type) => type.includes("cancel"))).toBe(true);
      }
    });
    await fc.assert(check, RUNS);
  });

  it("never fill more than was wanted in all, however often their quantity was changed", async () => {
    const check = everyDay(({ changes, weather }, { orders, chain }) => {
      const filled = orders
        .filter(({ id }) => chain.includes(id))
        .map(({ filled_quantity: quantity }) => Number(quantity));
      const wanted = Math.max(10, ...changes.map(({ units }) => units));
      // A unit that is told after the end was not yet known when the rest was sent.
      const late = weather.lateMs > 0 ? chain.length : 0;
      expect(filled.reduce((total, units) => total + units, 0)).toBeLessThanOrEqual(wanted + late);
    });
    await fc.assert(check, RUNS);
  });

  it("have an exact average price once the venue has listed their trades", async () => {
    const check = everyDay(
      (_, { simulation, venue, orders }) => {
        for (const order of orders) {
          const [placed] = venue.ordersOf(order.client_order_id);
          const exact = placed === undefined ? null : venue.averagePrice(placed, simulation.nowMs);
          expect(order.average_price).toBe(exact);
          const trades = tradesOf(simulation.sql, { orderId: order.id });
          expect(trades.map(({ quantity }) => quantity).reduce(add, ZERO)).toBe(order.filled_quantity);
        }
        expect(logged.filter((line) => line.includes("executions_missing"))).toEqual([]);
      },
      { readsTrades: true },
    );
    await fc.assert(check, RUNS);
  });

  it("leave the account with the position that the venue has, also where positions are compared meanwhile", async () => {
    const check = everyDay(
      (_, { simulation, venue, orders }) => {
        const held = new Map(venue.holdings().map(({ symbol, quantity }) => [symbol, quantity]));
        for (const symbol of SYMBOLS) {
          // What an order may explain that a person has to find out about is left to that order.
          const isOpen = orders.some((order) => order.symbol === symbol && order.delivery === "needs_operator");
          if (!isOpen) expect(positionIn(simulation.sql, symbol)).toBe(held.get(symbol) ?? ZERO);
        }
      },
      { compares: true },
    );
    await fc.assert(check, RUNS);
  });
});

describe("an order ends as it should", () => {
  const weather = (overrides: Partial<Weather>): Partial<Day> => ({ weather: { ...CALM, ...overrides } });
  const cancelAfter = (afterMs: number) => ({ cancels: [{ order: 0, afterMs }] });

  it.each<[string, Partial<Day>, number, Partial<Record<keyof Order, unknown>>]>([
    ["nothing goes wrong", {}, 1, { status: "filled" }],
    ["the answer is lost", weather({ attempts: ["accept_then_drop_the_answer"] }), 1, { status: "filled" }],
    ["the process ends before the venue has it", weather({ attempts: ["crash_before"] }), 2, { status: "filled" }],
    ["the process ends after the venue has it", weather({ attempts: ["accept_then_crash"] }), 1, { status: "filled" }],
    [
      "the process ends while the attempt is on its way",
      { ...weather({ latencyMs: 900 }), crashesAfterMs: [300] },
      1,
      { status: "filled" },
    ],
    ["the attempt is lost", weather({ attempts: ["lose"] }), 2, { status: "filled" }],
    [
      "the attempt is lost at a venue that takes ids twice",
      weather({ attempts: ["lose"], deduplication: "none" }),
      1,
      { delivery: "needs_operator", reason: { code: "absent_duplicates_possible" } },
    ],
    [
      "the attempt is lost at a venue that forgets the ids of ended orders",
      weather({ attempts: ["lose"], deduplication: "open_orders" }),
      1,
      { delivery: "needs_operator", reason: { code: "absent_duplicates_possible" } },
    ],
    [
      "it is there, but the venue shows it after an operator was called",
      weather({ attempts: ["accept_then_drop_the_answer"], deduplication: "none", hiddenMs: 3_600_000 }),
      1,
      { status: "filled" },
    ],
    [
      "it is throttled three times",
      weather({ attempts: ["throttle", "throttle", "throttle"] }),
      4,
      { status: "filled" },
    ],
    [
      "it is throttled four times",
      weather({ attempts: ["throttle", "throttle", "throttle", "throttle"] }),
      4,
      { status: "expired", delivery: "none", reason: { code: "attempts_exhausted" } },
    ],
    ["it is rejected", weather({ attempts: ["reject"] }), 1, { status: "rejected" }],
    [
      "a repeat is refused for the money that the first attempt holds",
      weather({ attempts: ["accept_then_drop_the_answer", "reject"], hiddenMs: 30_000 }),
      2,
      { status: "filled" },
    ],
    [
      "a repeat is refused as a duplicate",
      weather({ attempts: ["accept_then_drop_the_answer"], hiddenMs: 30_000 }),
      2,
      { status: "filled" },
    ],
    [
      "a repeat is throttled after a lost answer",
      weather({ attempts: ["accept_then_drop_the_answer", "throttle", "throttle"], hiddenMs: 30_000 }),
      2,
      { status: "filled" },
    ],
    ["trading is halted before it leaves", { haltAfterMs: 0 }, 0, { status: "expired", delivery: "none" }],
    [
      "trading is halted while it is unknown",
      { ...weather({ attempts: ["lose"] }), haltAfterMs: 1_500 },
      1,
      { delivery: "needs_operator", reason: { code: "absent_trading_state_changed" } },
    ],
    [
      "it is canceled while it trades",
      { ...weather({ unitMs: 5_000 }), ...cancelAfter(12_000) },
      1,
      { status: "canceled", filled_quantity: "2" },
    ],
    [
      "it is canceled while its attempt is on the wire",
      { ...weather({ unitMs: 5_000, latencyMs: 900 }), ...cancelAfter(300) },
      1,
      { status: "canceled", filled_quantity: "0" },
    ],
    [
      "it is canceled while its attempt is on the wire and never arrives",
      { ...weather({ attempts: ["throttle"], latencyMs: 900 }), ...cancelAfter(300) },
      1,
      { status: "canceled", delivery: "none" },
    ],
    [
      "it is canceled while nobody knows whether it is there",
      {
        ...weather({ attempts: ["accept_then_drop_the_answer"], hiddenMs: 3_000, unitMs: 5_000 }),
        ...cancelAfter(1_000),
      },
      1,
      { status: "canceled", filled_quantity: "0" },
    ],
    [
      "it is canceled while nobody knows, and it is not there",
      { ...weather({ attempts: ["lose"] }), ...cancelAfter(1_000) },
      1,
      { delivery: "needs_operator", reason: { code: "absent_cancel_requested" } },
    ],
    [
      "the venue loses the cancel",
      { ...weather({ cancels: ["lose", "too_late", "take"], unitMs: 600_000 }), ...cancelAfter(1_000) },
      1,
      { status: "canceled", filled_quantity: "0" },
    ],
    [
      "the answer to the cancel is lost",
      { ...weather({ cancels: ["take_then_drop_the_answer"], unitMs: 60_000 }), ...cancelAfter(1_000) },
      1,
      { status: "canceled" },
    ],
    [
      "a fill is faster than the cancel",
      { ...weather({ cancels: ["take_slowly"], unitMs: 200 }), ...cancelAfter(100) },
      1,
      { status: "filled", filled_quantity: "10" },
    ],
    [
      "a fill is told after the cancel",
      { ...weather({ unitMs: 5_000, lateMs: 40_000 }), ...cancelAfter(12_000) },
      1,
      { status: "canceled", filled_quantity: "3" },
    ],
    ["it expires with fills", weather({ endAfterUnits: 4 }), 1, { status: "expired", filled_quantity: "4" }],
  ])("when %s", async (_, day, submits, end) => {
    const lived = await live({ ...CALM_DAY, ...day });
    expect(lived.orders[0]).toMatchObject(end);
    expect(lived.submits.get(idOf(0)) ?? 0).toBe(submits);
  });

  it("when a fill is told after the cancel, also while the venue does not answer the looks that are left", async () => {
    const lost = { ...CALM, unitMs: 5_000, lateMs: 2_000, endedLooks: ["outage", "outage"] as const };
    const { orders } = await live({ ...CALM_DAY, cancels: [{ order: 0, afterMs: 12_000 }], weather: lost });
    expect(orders[0]).toMatchObject({ status: "canceled", filled_quantity: "3" });
  });

  it("when it fills while the venue turns every cancel away", async () => {
    const simulation = new Simulation();
    const { sql } = simulation;
    const order = anOrder({
      delivery: "delivered",
      status: "new",
      venue_order_id: "venue-1",
      attempts: 1,
      cancel_requested_at: new Date(NOW_MS).toISOString(),
    });
    insertOrder(sql, aRow({ order }), null);
    const filled = aReport({ status: "filled", filled_quantity: "10", average_price: "187" });
    simulation.start(
      aBroker({
        cancel: () => simulation.call(20, () => ({ ending: "not_sent", code: "forbidden", retryAfterMs: null })),
        find: () => simulation.call(20, () => ({ ending: "found", report: filled })),
        executions: () => simulation.call(20, () => ({ ending: "listed", items: [], isWhole: true })),
      }),
    );
    const isFilled = () => findOrder(sql, order.id)?.order.status === "filled";
    await simulation.run(() => isFilled() || simulation.nowMs > NOW_MS + 600_000);
    expect(isFilled()).toBe(true);
  });
});
