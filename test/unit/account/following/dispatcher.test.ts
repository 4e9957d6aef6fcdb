import { afterEach, describe, expect, it, vi } from "vitest";
import { Connection } from "../../../../src/account/connection.ts";
import { type DispatchDeps, Dispatcher } from "../../../../src/account/following/dispatcher.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { CLOSED, type CircuitBreaker } from "../../../../src/domain/circuit-breaker.ts";
import type { OrderId } from "../../../../src/domain/ids.ts";
import { type Order, isTerminal } from "../../../../src/domain/order.ts";
import { NOW_MS, aBroker, aReport, anOrder } from "../../../support/builders.ts";
import { Simulation } from "../simulation.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { idOf, numbered, put, putOff, read } from "../tables.ts";

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

/** A dispatcher over tables with these orders, all due, whose steps end when they are told to. What sells is an exit. */
function dispatch(orders: readonly Order[], { limits = ROOMY, breaker = CLOSED, missing = () => [] }: Made = {}) {
  const sql = openSqlStorage();
  const add = (order: Order, index: number) => put(sql, numbered(order, index), { isExit: order.side === "sell" });
  for (const [index, order] of orders.entries()) add(order, index);
  const clock = { nowMs: NOW_MS };
  const started: string[] = [];
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
    parentLives: () => false,
    isShadow: false,
    predecessorEnded: ({ replaces }) => replaces !== null && isTerminal(read(sql, { id: replaces }).order.status),
    step: async (row, { move }) => {
      const { id, client_order_id: name } = row.order;
      started.push(`${move} ${name.replace("order-", "")}`);
      await wait(name);
      putOff(sql, { id }, LATER_MS);
    },
    sweep: async (rows) => {
      swept.push(rows.length);
      started.push("sweep");
      await wait("sweep");
      const ids = missing(rows.map(({ order }) => order.id));
      for (const { order } of rows) if (!ids.includes(order.id)) putOff(sql, order, LATER_MS);
      return ids;
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
  const work = <T>(index: number, doWork: () => Promise<T>) => dispatcher.whileStill(idOf(index), () => run(), doWork);
  return { sql, add, clock, connection, started, swept, run, end, work, inFlight: () => running.length };
}

const many = (order: Order, count: number): Order[] => Array.from({ length: count }, () => order);

describe("which of the due orders take a step", () => {
  it("cancels and exits go first, and take turns in that", () => {
    const { run, started } = dispatch([live, unknown, exit, canceling]);
    run();
    expect(started).toEqual(["submit 2", "cancel 3", "look_up 1", "look_up 0"]);
    const next = dispatch([exit, canceling]);
    next.run();
    next.add(exit, 2);
    next.add(canceling, 3);
    next.run();
    expect(next.started).toEqual(["submit 0", "cancel 1", "cancel 3", "submit 2"]);
  });

  it.each([
    [0, ["look_up 1", "look_up 2"]],
    [1, ["look_up 2", "submit 0"]],
    [2, ["submit 0", "look_up 1"]],
  ])("orders to send, doubts and live orders take turns in going next (after %d runs)", (runs, next) => {
    const { run, started, clock } = dispatch([pending, unknown, live]);
    clock.nowMs = NOW_MS - 1;
    for (let count = 0; count < runs; count++) run();
    clock.nowMs = NOW_MS;
    run();
    expect(started).toEqual(next);
  });

  it("the next one starts when one has ended", async () => {
    const { run, started, end } = dispatch(many(pending, 5));
    run();
    run();
    expect(started).toEqual(["submit 0", "submit 1"]);
    await end(1);
    expect(started.slice(2)).toEqual(["submit 2"]);
    await end(0, 2);
    expect(started.slice(3)).toEqual(["submit 3", "submit 4"]);
  });

  it.each([
    ["four at most are on their way", [...many(exit, 5), ...many(canceling, 5)], { submit: 3, cancel: 1 }],
    ["one place is kept for a cancel", many(exit, 5), { submit: 3 }],
    ["one place is kept for an exit", many(canceling, 5), { cancel: 3 }],
    ["two at most of what can wait are on their way", many(pending, 5), { submit: 2 }],
    ["one at most asks for doubts", many(unknown, 5), { look_up: 1 }],
    ["one at most asks for live orders", many(live, 5), { look_up: 1 }],
    ["one for each of them may", [...many(unknown, 3), ...many(live, 3)], { look_up: 2 }],
  ])("%s", (_, orders, expected) => {
    const { run, started } = dispatch(orders);
    run();
    run();
    const moves = Object.groupBy(started, (step) => step.split(" ")[0] ?? "");
    expect(Object.fromEntries(Object.entries(moves).map(([move, steps]) => [move, steps?.length]))).toEqual(expected);
  });

  it.each([
    ["exits", many(exit, 4), canceling, "cancel"],
    ["cancels", many(canceling, 4), exit, "submit"],
    ["orders to send", many(pending, 4), exit, "submit"],
    ["orders to send", many(pending, 4), canceling, "cancel"],
    ["questions", [...many(unknown, 4), ...many(live, 4)], exit, "submit"],
    ["questions", [...many(unknown, 4), ...many(live, 4)], canceling, "cancel"],
  ])("any number of slow %s leaves a place for the other that is urgent", (_, slow, urgent, move) => {
    const { run, started, add } = dispatch(slow);
    run();
    run();
    add(urgent, 20);
    run();
    expect(started.at(-1)).toBe(`${move} 20`);
  });

  it("neither doubts nor live orders keep an order from being sent", async () => {
    const { run, started, add, end } = dispatch([...many(unknown, 5), ...many(live, 5)]);
    run();
    expect(started).toEqual(["look_up 0", "look_up 5"]);
    add(pending, 20);
    for (const name of [0, 5, 1, 6]) if (!started.includes("submit 20")) await end(name);
    expect(started).toContain("submit 20");
  });

  it("no order takes two at once, however often it is due", () => {
    const { run, started, sql } = dispatch([unknown]);
    run();
    putOff(sql, numbered(unknown, 0), 0);
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
      put(sql, numbered(canceling, index), { dueAtMs });
    }
    run();
    expect(started).toEqual(["cancel 1", "cancel 2", "cancel 0"]);
  });
});

describe("a gate that is closed", () => {
  it("holds entries and looks back until the probe, and lets exits and cancels through", () => {
    const { run, started } = dispatch([pending, unknown, exit, canceling], { breaker: OPEN });
    expect(run()).toBe(NOW_MS + 15_000);
    expect(started).toEqual(["submit 2", "cancel 3"]);
  });

  it("holds live orders back too, and says until when", () => {
    const { run, started } = dispatch([live], { breaker: OPEN });
    expect(run()).toBe(NOW_MS + 15_000);
    expect(started).toEqual([]);
  });

  it("says when the first of all that it holds back may go", () => {
    const { run, connection } = dispatch([pending, canceling], { breaker: OPEN });
    connection.heardQuota({ remaining: 0, resetAtMs: NOW_MS + 5_000 });
    expect(run()).toBe(NOW_MS + 5_000);
  });

  it("hides no exit behind any number of entries", () => {
    const { run, started } = dispatch([...many(pending, 120), exit], { breaker: OPEN });
    run();
    expect(started).toEqual(["submit 120"]);
  });

  it("lets an exit through that is to be sent again, also behind many doubts that it holds back", () => {
    const { run, started, sql } = dispatch(many(unknown, 120), { breaker: OPEN });
    const again = anOrder({ ...unknown, side: "sell" });
    put(sql, numbered(again, 120), { isExit: true, absences: 5 });
    expect(run()).toBe(NOW_MS + 15_000);
    expect(started).toEqual(["submit 120"]);
  });

  it("is asked once for all that are held back for the same, and leaves them due", () => {
    const { run, sql, connection } = dispatch([...many(pending, 20), ...many(unknown, 20)], { breaker: OPEN });
    const draw = vi.spyOn(connection, "draw");
    run();
    expect(draw.mock.calls.map(([purpose]) => purpose).toSorted()).toEqual(["ask", "send"]);
    for (let index = 0; index < 40; index++) expect(read(sql, { id: idOf(index) }).dueAtMs).toBe(NOW_MS);
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
    const orders = [pending, exit, canceling, unknown, live];
    const { run, started, sql, connection } = dispatch(orders);
    connection.heardQuota({ remaining: 0, resetAtMs: NOW_MS + 5_000 });
    expect(run()).toBe(NOW_MS + 5_000);
    expect(started).toEqual([]);
    for (const index of orders.keys()) expect(read(sql, { id: idOf(index) }).dueAtMs).toBe(NOW_MS);
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

describe("work on an order that no step may disturb", () => {
  /** Work that has begun when it is in `log`, and ends when it is told to. */
  function slowWork(name: string, log: string[]) {
    const { promise, resolve } = Promise.withResolvers<string>();
    const begin = () => {
      log.push(name);
      return promise;
    };
    return { begin, end: () => resolve(`${name} is done`) };
  }

  it("keeps steps away from that order, and from no other, until it has ended", async () => {
    const { run, started, work, add } = dispatch([unknown]);
    const { begin, end } = slowWork("work", started);
    const done = work(0, begin);
    add(canceling, 1);
    run();
    expect(started).toEqual(["work", "cancel 1"]);
    end();
    expect(await done).toBe("work is done");
    expect(started.slice(2)).toEqual(["look_up 0"]);
  });

  it("takes no place from a call: any amount of it leaves one for an exit and one for a cancel", () => {
    const { run, started, work, add } = dispatch([]);
    for (const index of [5, 6, 7, 8, 9]) void work(index, () => new Promise<never>(() => undefined));
    add(exit, 1);
    run();
    expect(started).toEqual(["submit 1"]);
    add(canceling, 2);
    run();
    expect(started).toEqual(["submit 1", "cancel 2"]);
  });

  it("waits for the step that is being taken", async () => {
    const { run, started, work, end } = dispatch([unknown]);
    run();
    const { begin } = slowWork("work", started);
    void work(0, begin);
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual(["look_up 0"]);
    await end(0);
    expect(started).toEqual(["look_up 0", "work"]);
  });

  it("waits for other such work on it, one after the other", async () => {
    const { started, work } = dispatch([]);
    const works = ["a", "b", "c"].map((name) => slowWork(name, started));
    const done = works.map(({ begin }) => work(0, begin));
    for (const [index, { end }] of works.entries()) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(started).toHaveLength(index + 1);
      end();
    }
    expect(await Promise.all(done)).toEqual(["a is done", "b is done", "c is done"]);
  });

  it("frees the order also where it fails", async () => {
    const { started, work } = dispatch([unknown]);
    await expect(work(0, () => Promise.reject(new Error("storage is gone")))).rejects.toThrow("storage is gone");
    expect(started).toEqual(["look_up 0"]);
  });
});

describe("live orders", () => {
  it("are looked at one by one while they are few", () => {
    const { run, started } = dispatch(many(live, 5));
    run();
    expect(started).toEqual(["look_up 0"]);
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
    expect(started).toEqual(["sweep", "look_up 2"]);
    await end(2);
    expect(started.slice(2)).toEqual(["look_up 5"]);
    await end(5);
    expect(started.slice(3)).toEqual([]);
  });

  it("that the list does not show are asked for by name also where they are many", async () => {
    const { run, started, end } = dispatch(many(live, 8), { missing: (ids) => [...ids] });
    run();
    await end("sweep");
    expect(started).toEqual(["sweep", "look_up 0"]);
    await end(0);
    await end(1);
    expect(started.slice(2)).toEqual(["look_up 1", "look_up 2"]);
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
    const { run, started, add } = dispatch(many(live, 6));
    run();
    add(pending, 7);
    add(canceling, 8);
    run();
    expect(started).toEqual(["sweep", "cancel 8", "submit 7"]);
  });

  it("leave places for what matters more: their list counts as one look", () => {
    const { run, started, add } = dispatch(many(live, 6));
    run();
    for (const index of [10, 11]) add(unknown, index);
    run();
    for (const index of [20, 21]) add(pending, index);
    run();
    expect(started).toEqual(["sweep", "look_up 10"]);
    for (const index of [30, 31]) add(exit, index);
    run();
    for (const index of [40, 41]) add(canceling, index);
    run();
    expect(started.slice(2)).toEqual(["submit 30", "cancel 40"]);
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
