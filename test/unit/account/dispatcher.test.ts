import { afterEach, describe, expect, it, vi } from "vitest";
import { Connection } from "../../../src/account/connection.ts";
import { type DispatchDeps, Dispatcher } from "../../../src/account/dispatcher.ts";
import { putOff } from "../../../src/account/orders.ts";
import { positionIn } from "../../../src/account/positions.ts";
import { CLOSED, type CircuitBreaker } from "../../../src/domain/circuit-breaker.ts";
import type { OrderId } from "../../../src/domain/ids.ts";
import { type Order, isTerminal } from "../../../src/domain/order.ts";
import { NOW_MS, aBroker, aReport, anOrder } from "../../support/builders.ts";
import { Simulation } from "./simulation.ts";
import { openSqlStorage } from "./sql-storage.ts";
import { numbered, put, read } from "./tables.ts";

const WISH = { cancel_requested_at: new Date(NOW_MS).toISOString() };
const pending = anOrder();
const exit = anOrder({ side: "sell" });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const canceling = anOrder({ ...live, ...WISH });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });

const ROOMY = { ratePerSec: 1_000, capacity: 1_000_000 };
const OPEN: CircuitBreaker = {
  state: "open",
  failures: 5,
  openedAtMs: NOW_MS,
  openings: 1,
  retryAtMs: NOW_MS + 15_000,
};
const LATER_MS = NOW_MS + 3_600_000;

type Made = { limits?: typeof ROOMY; breaker?: CircuitBreaker; missing?: (rows: readonly OrderId[]) => OrderId[] };

/** A dispatcher over tables with these orders, all due, whose steps end when they are told to. */
function dispatch(orders: readonly Order[], { limits = ROOMY, breaker = CLOSED, missing = () => [] }: Made = {}) {
  const sql = openSqlStorage();
  for (const [index, order] of orders.entries()) put(sql, numbered(order, index));
  const clock = { nowMs: NOW_MS };
  const started: string[] = [];
  const held: string[] = [];
  const swept: number[] = [];
  const ends = new Map<string, () => void>();
  let running: Promise<void>[] = [];
  const connection = new Connection({
    limits,
    breaker,
    nowMs: () => clock.nowMs,
    onTrouble: () => undefined,
    onBreakerChange: () => undefined,
  });
  const wait = (name: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, resolve);
    return promise;
  };
  const deps: DispatchDeps = {
    sql,
    connection,
    broker: aBroker(),
    nowMs: () => clock.nowMs,
    mayLeave: () => true,
    predecessorEnded: ({ replaces }) => replaces !== null && isTerminal(read(sql, { id: replaces }).order.status),
    isExit: ({ side }) => side === "sell",
    step: async (row, { move }) => {
      const { id, client_order_id: name } = row.order;
      started.push(`${move} ${name.replace("order-", "")}`);
      await wait(name);
      putOff(sql, id, LATER_MS);
    },
    sweep: async (rows) => {
      swept.push(rows.length);
      started.push("sweep");
      await wait("sweep");
      const ids = missing(rows.map(({ order }) => order.id));
      for (const { order } of rows) if (!ids.includes(order.id)) putOff(sql, order.id, LATER_MS);
      return ids;
    },
    hold: ({ order }, untilMs) => {
      held.push(`${order.client_order_id.replace("order-", "")} for ${untilMs - clock.nowMs} ms`);
      putOff(sql, order.id, untilMs);
    },
    start: (work) => running.push(work),
    onEnd: () => run(),
  };
  const dispatcher = new Dispatcher();
  const run = () => dispatcher.run(deps);
  /** Ends steps, or the list, and waits until what follows has started. */
  const end = async (...names: readonly (number | "sweep")[]) => {
    for (const name of names) ends.get(name === "sweep" ? name : `order-${name}`)?.();
    await new Promise((resolve) => setImmediate(resolve));
    running = [];
  };
  return { sql, clock, connection, started, held, swept, run, end, inFlight: () => running.length };
}

const many = (order: Order, count: number): Order[] => Array.from({ length: count }, () => order);

describe("which of the due orders take a step", () => {
  it("cancels go first, then orders to send, then doubts, then live orders", () => {
    const { run, started } = dispatch([live, unknown, pending, canceling]);
    run();
    expect(started).toEqual(["cancel 3", "submit 2", "look_up 1", "look_up 0"]);
  });

  it("four at most are on their way, and the next one starts when one has ended", async () => {
    const { run, started, end } = dispatch(many(pending, 7));
    run();
    expect(started).toEqual(["submit 0", "submit 1", "submit 2", "submit 3"]);
    run();
    expect(started).toHaveLength(4);
    await end(2);
    expect(started.slice(4)).toEqual(["submit 4"]);
    await end(0, 1, 3);
    expect(started.slice(5)).toEqual(["submit 5", "submit 6"]);
  });

  it("two at most for one purpose, so that neither doubts nor live orders hide the others", async () => {
    const { run, started, sql, end } = dispatch(many(unknown, 6));
    run();
    expect(started).toEqual(["look_up 0", "look_up 1"]);
    put(sql, numbered(live, 8));
    run();
    expect(started.slice(2)).toEqual(["look_up 8"]);
    await end(0);
    expect(started.slice(3)).toEqual(["look_up 2"]);
  });

  it("three at most ask, so that one place is always free for an order or a cancel", () => {
    const { run, started, sql } = dispatch([...many(unknown, 4), ...many(live, 4)]);
    run();
    expect(started).toHaveLength(3);
    put(sql, numbered(pending, 20));
    run();
    expect(started.slice(3)).toEqual(["submit 20"]);
  });

  it("no order takes two at once, however often it is due", () => {
    const { run, started, sql } = dispatch([unknown]);
    run();
    putOff(sql, read(sql, numbered(unknown, 0)).order.id, 0);
    run();
    expect(started).toEqual(["look_up 0"]);
  });

  it("one that is not due takes none", () => {
    const { run, started, clock } = dispatch(many(pending, 2));
    clock.nowMs = NOW_MS - 1;
    expect(run()).toBeNull();
    expect(started).toEqual([]);
  });

  it("what has waited longest goes first", () => {
    const { run, started, sql } = dispatch([]);
    for (const [index, dueAtMs] of [NOW_MS, NOW_MS - 20, NOW_MS - 10].entries()) {
      put(sql, numbered(pending, index), { dueAtMs });
    }
    run();
    expect(started).toEqual(["submit 1", "submit 2", "submit 0"]);
  });
});

describe("a gate that is closed", () => {
  it("holds entries and looks back until the probe, and lets exits and cancels through", () => {
    const { run, started, held } = dispatch([pending, unknown, exit, canceling], { breaker: OPEN });
    run();
    expect(started).toEqual(["cancel 3", "submit 2"]);
    expect(held).toEqual(["0 for 15000 ms", "1 for 15000 ms"]);
  });

  it("holds live orders back too, and says until when", () => {
    const { run, started } = dispatch([live], { breaker: OPEN });
    expect(run()).toBe(NOW_MS + 15_000);
    expect(started).toEqual([]);
  });

  it("hides no exit behind any number of entries", () => {
    const { run, started } = dispatch([...many(pending, 120), exit], { breaker: OPEN });
    run();
    expect(started).toEqual(["submit 120"]);
  });

  it("lets one look through when the probe is due, and the rest when that was answered", async () => {
    const { run, started, clock, connection, end } = dispatch([unknown, unknown, pending], { breaker: OPEN });
    clock.nowMs += 15_000;
    run();
    expect(started).toEqual(["look_up 0"]);
    await connection.listenTo(aBroker({ find: () => Promise.resolve({ ending: "absent" }) })).find("x" as never);
    clock.nowMs += 30_000;
    await end(0);
    run();
    expect(started.slice(1)).toEqual(["submit 2", "look_up 1"]);
  });

  it("of a budget that is used up holds everything back, cancels included", () => {
    const { run, started, connection, held } = dispatch([pending, exit, canceling, unknown]);
    connection.heardQuota({ remaining: 0, resetAtMs: NOW_MS + 5_000 });
    run();
    expect(started).toEqual([]);
    expect(held.toSorted()).toEqual(["0 for 5000 ms", "1 for 5000 ms", "2 for 5000 ms", "3 for 5000 ms"]);
  });

  it("holds nothing back that calls nobody", () => {
    const { run, started, clock } = dispatch([pending, anOrder({ delivery: "submitting", attempts: 1 })], {
      breaker: OPEN,
    });
    clock.nowMs = NOW_MS + 60_000;
    run();
    expect(started).toEqual(["lapse 0", "mark_interrupted 1"]);
  });
});

describe("live orders", () => {
  it("are looked at one by one while they are few", () => {
    const { run, started } = dispatch(many(live, 5));
    run();
    expect(started).toEqual(["look_up 0", "look_up 1"]);
  });

  it("are looked at with one list when six of them are due", () => {
    const { run, started, swept } = dispatch(many(live, 6));
    run();
    expect([started, swept]).toEqual([["sweep"], [6]]);
  });

  it("a thousand of them cost one list and no look", async () => {
    const { run, started, swept, end } = dispatch(many(live, 1_000));
    run();
    run();
    await end("sweep");
    run();
    expect([started, swept]).toEqual([["sweep"], [1_000]]);
  });

  it("that the list does not show are asked for by name, and only those", async () => {
    const { run, started, end } = dispatch(many(live, 8), {
      missing: (ids) => [ids[2], ids[5]].filter((id) => id !== undefined),
    });
    run();
    await end("sweep");
    expect(started).toEqual(["sweep", "look_up 2", "look_up 5"]);
  });

  it("that the list does not show are asked for by name also where they are many", async () => {
    const { run, started, end } = dispatch(many(live, 8), { missing: (ids) => [...ids] });
    run();
    await end("sweep");
    expect(started).toEqual(["sweep", "look_up 0", "look_up 1"]);
    await end(0, 1);
    expect(started.slice(3)).toEqual(["look_up 2", "look_up 3"]);
  });

  it("that were asked for by name are in the next list again", async () => {
    const { run, started, end, clock } = dispatch(many(live, 6), { missing: (ids) => ids.slice(0, 1) });
    run();
    await end("sweep");
    await end(0);
    clock.nowMs = LATER_MS;
    run();
    expect(started).toEqual(["sweep", "look_up 0", "sweep"]);
  });

  it("are not looked at one by one while a list is on its way, and orders to send are sent", () => {
    const { run, started, sql } = dispatch(many(live, 6));
    run();
    put(sql, numbered(pending, 7));
    put(sql, numbered(canceling, 8));
    put(sql, numbered(unknown, 9));
    run();
    expect(started).toEqual(["sweep", "cancel 8", "submit 7", "look_up 9"]);
  });

  it("leave places for what matters more: a list is one of four calls, and one of three questions", () => {
    const { run, started, sql } = dispatch(many(live, 6));
    run();
    for (const index of [10, 11, 12, 13]) put(sql, numbered(unknown, index));
    run();
    for (const index of [20, 21, 22]) put(sql, numbered(pending, index));
    run();
    expect(started).toEqual(["sweep", "look_up 10", "look_up 11", "submit 20"]);
  });

  it("and what an operator has to look at share a list", () => {
    const { run, swept } = dispatch([...many(live, 5), needsOperator]);
    run();
    expect(swept).toEqual([6]);
  });

  it("go on being looked at when a list is over that told nothing", async () => {
    const { run, started, end, clock } = dispatch(many(live, 6));
    run();
    await end("sweep");
    clock.nowMs = LATER_MS;
    run();
    expect(started).toEqual(["sweep", "sweep"]);
  });
});

describe("a thousand live orders that are due at the same moment", () => {
  afterEach(() => vi.useRealTimers());

  it("cost the broker one list and no look, and each is told what the list says of it", async () => {
    const simulation = new Simulation();
    const { sql } = simulation;
    const orders = Array.from({ length: 1_000 }, (_, index) => numbered(live, index));
    for (const order of orders) put(sql, order);
    const asked: string[] = [];
    const reports = orders.map(({ client_order_id }) =>
      aReport({ client_order_id, status: "partially_filled", filled_quantity: "1" }),
    );
    simulation.start(
      aBroker({
        openOrders: () => {
          asked.push("openOrders");
          return simulation.call(20, () => ({ ending: "listed", items: reports }));
        },
      }),
    );
    await simulation.run(() => orders.every((order) => read(sql, order).order.filled_quantity === "1"));
    expect(asked).toEqual(["openOrders"]);
    expect(positionIn(sql, "AAPL")).toBe("1000");
  });
});
