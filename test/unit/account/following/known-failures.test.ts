// What has gone wrong elsewhere between a signal and a broker, each as a test. Not here, because it needs more than the
// account's own code: a signed request that is sent again after its time (signature.test.ts, and over HTTP in test/worker),
// a call to the broker without a limit (request.test.ts), the number of writes for a signal (test/worker/cost.test.ts).
// Limits on orders in a day and on cool-downs are rules that do not exist yet.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { insertOrder, listOrders } from "../../../../src/account/orders/orders.ts";
import { addToPosition, positionIn } from "../../../../src/account/positions/positions.ts";
import { toFindEnding } from "../../../../src/brokers/alpaca/endings.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, aBroker, aPolicy, aReport, aRow, anOrder } from "../../../support/builders.ts";
import { CALM, LyingVenue, type Weather } from "../lying-venue.ts";
import { Simulation } from "../simulation.ts";
import { transactionSync } from "../sql-storage.ts";
import {
  ACCOUNT,
  BALANCES,
  aSignal,
  admitSignal,
  journalOf,
  numbered,
  openAccount,
  put,
  read,
  typesOf,
  workingUnits,
  stopTrading,
} from "../tables.ts";

const HOUR_MS = 3_600_000;
const NAMED = { client_order_id: "mine-1" };

/** An account at a venue, and a way to let signals in. */
function trade(weather: Partial<Weather> = {}) {
  const simulation = new Simulation();
  const { sql } = simulation;
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
  const venue = new LyingVenue({ ...CALM, ...weather }, simulation);
  const submit = (overrides: Parameters<typeof aSignal>[0] = {}) =>
    admitSignal(sql, aSignal(overrides), { nowMs: simulation.nowMs });
  const rest = (...orders: readonly Order[]) =>
    simulation.run(() => orders.every((order) => read(sql, order).dueAtMs === null));
  return { simulation, sql, venue, submit, rest };
}

function orderOf(admitted: ReturnType<typeof admitSignal>): Order {
  if (!admitted.ok) throw new Error(admitted.error.reason);
  return admitted.value.order;
}

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a process that ends at the wrong moment", () => {
  it("before the broker was called: the order is not lost, and the sender's retry is told how it stands", async () => {
    const { simulation, sql, venue, submit, rest } = trade();
    const order = orderOf(submit({ order: NAMED }));
    // Nothing of the process that let it in is left.
    simulation.start(venue.broker);
    await rest(order);
    expect(read(sql, order).order.status).toBe("filled");
    const retried = submit({ order: NAMED, requestId: "retry" });
    expect(retried).toMatchObject({ ok: true, value: { duplicate: true, order: { id: order.id, status: "filled" } } });
    expect(venue.orders).toHaveLength(1);
  });

  it("after the broker accepted, of a sender who gives no id: sent again, the same request makes no second order", async () => {
    const { simulation, sql, venue, submit, rest } = trade({ attempts: ["accept_then_crash"] });
    simulation.start(venue.broker);
    const order = orderOf(submit());
    await rest(order);
    const again = aSignal();
    expect(submit({ requestId: "retry", proof: again.proof })).toEqual({ ok: false, error: { reason: "replayed" } });
    expect(venue.orders).toHaveLength(1);
    expect(read(sql, order).order).toMatchObject({ status: "filled", attempts: 1 });
  });

  it("over and over: the attempts are counted over all of them, and one order comes of it", async () => {
    const crash = "accept_then_crash" as const;
    const { simulation, sql, venue, submit, rest } = trade({ attempts: [crash, crash, crash], hiddenMs: 25_000 });
    simulation.start(venue.broker);
    const order = orderOf(submit());
    for (const afterMs of [700, 4_000, 9_000, 21_000]) simulation.at(NOW_MS + afterMs, () => simulation.crash());
    await rest(order);
    expect(venue.orders).toHaveLength(1);
    expect(read(sql, order).order.status).toBe("filled");
  });
});

describe("a broker that accepts an order and whose answer times out", () => {
  it("has one order, however often the sender comes back with it", async () => {
    const { simulation, venue, submit, rest } = trade({ attempts: ["accept_then_drop_the_answer"], hiddenMs: 5_000 });
    simulation.start(venue.broker);
    const order = orderOf(submit({ order: NAMED }));
    for (const afterMs of [100, 600, 3_000, 30_000]) {
      simulation.at(NOW_MS + afterMs, () => submit({ order: NAMED, requestId: `retry-${afterMs}` }));
    }
    await rest(order);
    await simulation.run(() => simulation.nowMs > NOW_MS + 30_000);
    expect(venue.orders).toHaveLength(1);
    expect(venue.calls.submit).toBe(1);
  });

  it("may have filled it: until that is known it counts, and no second exit passes as one", async () => {
    const { simulation, sql, venue, submit } = trade({ attempts: ["accept_then_drop_the_answer"], hiddenMs: 5_000 });
    addToPosition(sql, "AAPL", decimalOf("10"));
    simulation.start(venue.broker);
    const exit = orderOf(submit({ order: { side: "sell" } }));
    await simulation.run(() => read(sql, exit).order.delivery === "unknown");
    expect(workingUnits(sql, "sell")).toBe("10");
    const second = aSignal({ order: { side: "sell" }, requestId: "second" });
    stopTrading(sql, "reducing");
    expect(orderOf(admitSignal(sql, second))).toMatchObject({
      status: "denied",
      reason: { code: "reducing_only" },
    });
  });
});

describe("a broker that never answers", () => {
  it("keeps nobody waiting: the sender has an answer before the broker is called", () => {
    const sql = openAccount();
    // Any call to this broker fails the test.
    expect(admitSignal(sql, aSignal(), { broker: aBroker() })).toMatchObject({
      value: { order: { delivery: "pending" } },
    });
  });

  it("keeps no other order from being sent and followed", async () => {
    const { simulation, sql, venue, submit } = trade();
    const stuck = orderOf(submit());
    const others = ["a", "b", "c", "d"].map((name) =>
      orderOf(submit({ order: { client_order_id: name }, requestId: name })),
    );
    const { broker } = venue;
    const never = new Promise<never>(() => undefined);
    simulation.start({
      ...broker,
      submit: (intent) => (intent.client_order_id === stuck.client_order_id ? never : broker.submit(intent)),
    });
    await simulation.run(() => others.every((order) => read(sql, order).order.status === "filled"));
    expect(read(sql, stuck).order.delivery).toBe("submitting");
  });
});

describe("two closes of the same position at once", () => {
  const exit = { side: "sell", type: "market", limit_price: undefined };

  function closeTwice(policy = aPolicy(), isReducing = false) {
    const sql = openAccount();
    if (isReducing) stopTrading(sql, "reducing");
    addToPosition(sql, "AAPL", decimalOf("10"));
    return [1, 2].map((count) =>
      orderOf(admitSignal(sql, aSignal({ order: exit, requestId: `exit-${count}` }), { policy })),
    );
  }

  it("do not both pass as exits: the second could turn the position around", () => {
    const [first, second] = closeTwice(aPolicy(), true);
    expect(first).toMatchObject({ status: "pending_new" });
    expect(second).toMatchObject({ status: "denied", reason: { code: "reducing_only" } });
  });

  it("are an exit and an entry, and the entry is held to every limit", () => {
    const [first, second] = closeTwice(aPolicy({ max_quantity: "9" }));
    expect(first?.verdicts).toContainEqual(
      expect.objectContaining({ rule: "max_quantity", reason: "exempt_reduction" }),
    );
    expect(second).toMatchObject({ status: "denied", reason: { code: "max_quantity_exceeded" } });
  });

  it("end with nothing held, not with as much the other way round", async () => {
    const { simulation, sql, venue } = trade();
    addToPosition(sql, "AAPL", decimalOf("10"));
    stopTrading(sql, "reducing");
    simulation.start(venue.broker);
    const orders = [1, 2].map((count) =>
      orderOf(
        admitSignal(sql, aSignal({ order: { side: "sell" }, requestId: `exit-${count}` }), {
          policy: simulation.policy,
        }),
      ),
    );
    await simulation.run(() => orders.every((order) => read(sql, order).dueAtMs === null));
    expect(positionIn(sql, "AAPL")).toBe("0");
  });
});

describe("eight distinct buys at once, where one is as much as may be held", () => {
  const one = { type: "market", quantity: "1", limit_price: undefined } as const;
  const capped = aPolicy({ max_position: "1" });

  it("are one order and seven denials, though the broker has answered none of them", () => {
    const sql = openAccount();
    const orders = Array.from({ length: 8 }, (_, count) =>
      orderOf(admitSignal(sql, aSignal({ order: one, requestId: `buy-${count}` }), { policy: capped })),
    );
    expect(orders.map(({ status }) => status)).toEqual(["pending_new", ...Array<string>(7).fill("denied")]);
    expect(orders[1]).toMatchObject({ reason: { code: "max_position_exceeded" } });
  });

  it("stay one while nobody knows whether the broker has it", async () => {
    const { simulation, sql, venue, submit } = trade({ attempts: ["accept_then_drop_the_answer"], hiddenMs: 5_000 });
    simulation.start(venue.broker);
    const first = orderOf(submit({ order: one }));
    await simulation.run(() => read(sql, first).order.delivery === "unknown");
    const next = orderOf(admitSignal(sql, aSignal({ order: one, requestId: "next" }), { policy: capped }));
    expect(next).toMatchObject({ status: "denied", reason: { code: "max_position_exceeded" } });
  });
});

describe("a captured request", () => {
  it("whose signature covers its body only is refused an hour later, and for good", () => {
    const sql = openAccount();
    const signal = aSignal({ bodySha256: "a".repeat(64) });
    const bodyOnly = (nonce: string) => ({
      scheme: "sha256" as const,
      keyId: "key-1",
      claims: {
        source: signal.source,
        nonce,
        nonceExpiresAtMs: NOW_MS + 900_000,
        bodySha256: "a".repeat(64),
        repeats: "refused" as const,
      },
    });
    expect(admitSignal(sql, { ...signal, proof: bodyOnly("one") }).ok).toBe(true);
    for (const laterMs of [1_000, HOUR_MS, 365 * 24 * HOUR_MS]) {
      const captured = { ...signal, proof: bodyOnly(`at ${laterMs}`), requestId: `captured-${laterMs}` };
      expect(admitSignal(sql, captured, { nowMs: NOW_MS + laterMs })).toEqual({
        ok: false,
        error: { reason: "replayed" },
      });
    }
    expect(listOrders(sql, { limit: 10 })).toHaveLength(1);
  });

  it("is refused while its nonce is remembered, and nothing is written for it", () => {
    const sql = openAccount();
    const { proof } = aSignal();
    admitSignal(sql, aSignal());
    const count = journalOf(sql).length;
    expect(admitSignal(sql, aSignal({ requestId: "captured", proof }), { nowMs: NOW_MS + 899_999 }).ok).toBe(false);
    expect(journalOf(sql)).toHaveLength(count);
  });
});

describe("two signals that are alike", () => {
  it("to buy 1 and then to buy 5 are two orders", () => {
    const sql = openAccount();
    const first = orderOf(admitSignal(sql, aSignal({ order: { quantity: "1" }, requestId: "one" })));
    const second = orderOf(admitSignal(sql, aSignal({ order: { quantity: "5" }, requestId: "two" })));
    expect([first.quantity, second.quantity]).toEqual(["1", "5"]);
    expect(second.id).not.toBe(first.id);
  });

  it("under one id, to buy 1 and then to buy 5, are a conflict that says so, and the first stays", () => {
    const sql = openAccount();
    const first = orderOf(admitSignal(sql, aSignal({ order: { ...NAMED, quantity: "1" }, requestId: "one" })));
    const second = admitSignal(sql, aSignal({ order: { ...NAMED, quantity: "5" }, requestId: "two" }));
    expect(second).toEqual({ ok: false, error: { reason: "idempotency_conflict", orderId: first.id } });
    expect(read(sql, first).order).toEqual(first);
  });

  it("in every word, but each with a nonce of its own, are two orders", () => {
    const sql = openAccount();
    const ids = ["one", "two"].map((requestId) => orderOf(admitSignal(sql, aSignal({ requestId }))).id);
    expect(new Set(ids).size).toBe(2);
  });
});

describe("a long history", () => {
  /** The same tables, and every query that is asked of them. */
  function listenTo(sql: SqlStorage) {
    const queries = new Map<string, readonly unknown[]>();
    const heard: SqlStorage = {
      exec: (query, ...values) => {
        queries.set(query, values);
        return sql.exec(query, ...values);
      },
    };
    return { heard, queries };
  }

  /** How SQLite would find the rows of a query. */
  const plansOf = (sql: SqlStorage, queries: ReadonlyMap<string, readonly unknown[]>): string[] =>
    [...queries].flatMap(([query, values]) =>
      sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...(values as []))
        .toArray()
        .map(({ detail }) => detail),
    );

  it("does not make a decision slower: no row of an order that is over is read for it", () => {
    const sql = openAccount();
    const over = anOrder({ delivery: "delivered", status: "filled", filled_quantity: "10", attempts: 1 });
    for (let index = 1_000; index < 3_000; index++) put(sql, numbered(over, index), { dueAtMs: null });
    const { heard, queries } = listenTo(sql);
    orderOf(admitSignal(heard, aSignal({ order: { ...NAMED, side: "sell" }, idempotencyKey: "key-1" })));
    expect(queries.size).toBeGreaterThan(5);
    const plans = plansOf(sql, queries);
    expect(plans.some((detail) => detail.includes("orders"))).toBe(true);
    const scans = plans.filter((detail) => /^SCAN orders(?! USING (COVERING )?INDEX orders_due)/.test(detail));
    expect(scans).toEqual([]);
  });
});

describe("one signal", () => {
  it("leaves everything or nothing: where it fails on the way, its nonce is not used up", () => {
    const sql = openAccount();
    const supports = () => {
      throw new Error("the process ends");
    };
    expect(() => transactionSync(sql, () => admitSignal(sql, aSignal(), { broker: { supports } }))).toThrow("ends");
    expect([listOrders(sql, { limit: 10 }), typesOf(sql)]).toEqual([[], []]);
    expect(admitSignal(sql, aSignal()).ok).toBe(true);
  });

  it("is refused before anything is written where its source has no token left, and may come again", () => {
    const sql = openAccount();
    const limits = { ratePerSec: 1, capacity: 1 };
    admitSignal(sql, aSignal({ requestId: "one" }), { limits });
    const refused = admitSignal(sql, aSignal({ requestId: "two" }), { limits });
    expect(refused).toMatchObject({ ok: false, error: { reason: "rate_limited", retryAfterMs: 1_000 } });
    expect(admitSignal(sql, aSignal({ requestId: "two" }), { limits, nowMs: NOW_MS + 1_000 }).ok).toBe(true);
  });
});

describe("a report under our id that is not of our order", () => {
  it("is believed by nobody, and goes to a person", async () => {
    const simulation = new Simulation();
    const { sql } = simulation;
    const order = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
    insertOrder(sql, aRow({ order }), null);
    const other = aReport({ side: "sell", status: "filled", filled_quantity: "10" });
    simulation.start(aBroker({ find: () => simulation.call(5, () => ({ ending: "found", report: other })) }));
    await simulation.run(() => read(sql, order).order.delivery === "needs_operator");
    expect(read(sql, order).order).toMatchObject({ filled_quantity: "0", reason: { code: "other_order_found" } });
    expect(positionIn(sql, "AAPL")).toBe("0");
    expect(journalOf(sql).at(-1)).toMatchObject({ chain: ACCOUNT, type: "order.needs_operator" });
  });
});

describe("a broker that tells of more filled than was ordered", () => {
  it("is not believed: no position comes of it, and no exit is measured by it", async () => {
    const simulation = new Simulation();
    const { sql } = simulation;
    writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
    const order = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
    put(sql, order);
    const { client_order_id, symbol, side, type, quantity: qty, limit_price } = order;
    const terms = {
      id: "venue-1",
      client_order_id,
      symbol,
      side,
      type,
      qty,
      notional: null,
      limit_price,
      stop_price: null,
    };
    const body = { ...terms, status: "filled", filled_qty: "999999999999999", filled_avg_price: "187.25" };
    let looks = 0;
    simulation.start(
      aBroker({
        find: (id) => {
          looks += 1;
          const answer = { kind: "response", status: 200, headers: new Headers(), body } as const;
          return simulation.call(20, () => toFindEnding(id, answer, simulation.nowMs));
        },
      }),
    );
    await simulation.run(() => looks > 5 || read(sql, order).dueAtMs === null);
    expect(read(sql, order).order).toEqual(order);
    expect(positionIn(sql, "AAPL")).toBe("0");
    const sale = aSignal({ order: { side: "sell", quantity: "5000000" }, requestId: "sale" });
    stopTrading(sql, "reducing");
    expect(orderOf(admitSignal(sql, sale))).toMatchObject({
      status: "denied",
      reason: { code: "reducing_only" },
    });
  });
});
