// Orders with a take profit and a stop loss, from the signal to the position that they have closed: the account's own follower
// and tables, the Alpaca adapter, and the paper venue.
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cancelAll } from "../../../../src/account/orders/cancel-all.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { listOrders, readLive } from "../../../../src/account/orders/orders.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { setStop } from "../../../../src/account/stops/stops.ts";
import type { FindEnding, VenueReport } from "../../../../src/domain/broker.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, aReport } from "../../../support/builders.ts";
import { isAtRest, legsOf, orderNamed, statusesOf, trade } from "../bracketing.ts";
import { transactionSync } from "../sql-storage.ts";
import { ACCOUNT, CALLER, at, journalOf, read, tradesOf, typesOf, workingUnits } from "../tables.ts";

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("an order with a take profit and a stop loss", () => {
  it("has two legs once the venue has it, which are orders of their own", async () => {
    const { sql, submit, wait } = trade();
    submit({ type: "limit", limit_price: "185" });
    await wait(1_000);
    expect(statusesOf(sql)).toBe("new suspended suspended");
    const entry = orderNamed(sql);
    const [profit, stop] = legsOf(sql);
    const common = {
      account: ACCOUNT,
      source: entry.source,
      request_id: entry.request_id,
      parent: entry.id,
      side: "sell",
      quantity: "10",
      delivery: "delivered",
      verdicts: [],
      attempts: 0,
    };
    expect(profit).toMatchObject({ ...common, type: "limit", limit_price: "200" });
    expect(stop).toMatchObject({ ...common, type: "stop", stop_price: "180" });
    expect(new Set([entry, profit, stop].map((order) => order?.venue_order_id)).size).toBe(3);
    expect(read(sql, { id: profit?.id ?? entry.id })).toMatchObject({ isExit: true, goal: null });
    expect(journalOf(sql).filter(({ type }) => type === "order.leg_added")).toMatchObject([
      { order_id: profit?.id, data: { parent: entry.id, intent: { limit_price: "200" } } },
      { order_id: stop?.id, data: { parent: entry.id, intent: { stop_price: "180" } } },
    ]);
  });

  it("has legs that stand for nothing, and are rarely asked about, until it is filled", async () => {
    const { sql, submit, wait, calls } = trade();
    submit({ type: "limit", limit_price: "185" });
    await wait(1_000);
    expect(workingUnits(sql, "sell")).toBe("0");
    expect(workingUnits(sql, "buy")).toBe("10");
    calls.length = 0;
    await wait(3_600_000);
    const names = legsOf(sql).map(({ client_order_id: name }) => `find ${name}`);
    expect(calls.filter((call) => names.includes(call)).length).toBeLessThanOrEqual(30);
    expect(statusesOf(sql)).toBe("new suspended suspended");
  });

  it.each<[string, object, string, string]>([
    ["at the take profit", {}, "201", "filled filled canceled"],
    ["at the stop loss", {}, "179", "filled canceled filled"],
    ["at the take profit, where that is all", { stop_loss: undefined }, "201", "filled filled"],
    ["at the stop loss, where that is all", { take_profit: undefined }, "179", "filled filled"],
    ["at a stop limit", { stop_loss: { stop_price: "180", limit_price: "170" } }, "179", "filled canceled filled"],
  ])("is out again %s", async (_, order, price, expected) => {
    const { sql, submit, wait, moveTo, simulation } = trade();
    submit(order);
    await wait(5_000);
    expect(positionIn(sql, "AAPL")).toBe("10");
    expect(workingUnits(sql, "sell")).toBe("10");
    expect(readLive(sql).filter(({ status }) => status === "new")).toHaveLength(1);
    await moveTo(price);
    expect(statusesOf(sql)).toBe(expected);
    expect(positionIn(sql, "AAPL")).toBe("0");
    await simulation.run(() => isAtRest(sql));
    expect(tradesOf(sql).map(({ side, price: traded }) => `${side} ${traded}`)).toEqual([`sell ${price}`, "buy 187.5"]);
    expect(typesOf(sql)).not.toContain("order.needs_operator");
  });

  it("is closed piece by piece, and what one leg closes is not left to the other", async () => {
    const { sql, submit, wait, moveTo } = trade({ maxFillQuantity: "2" });
    submit();
    await wait(20_000);
    expect(statusesOf(sql)).toBe("filled new suspended");
    await moveTo("201");
    expect(statusesOf(sql)).toBe("filled filled canceled");
    expect(Number(legsOf(sql)[1]?.quantity)).toBeLessThan(10);
    expect(positionIn(sql, "AAPL")).toBe("0");
    expect(typesOf(sql)).not.toContain("order.needs_operator");
  });

  it("ends with its legs when it is canceled before it is filled", async () => {
    const { sql, submit, wait, simulation } = trade();
    submit({ type: "limit", limit_price: "185" });
    await wait(1_000);
    transactionSync(sql, () => cancelOrder(sql, orderNamed(sql).id, at(simulation.nowMs)));
    await wait(5_000);
    expect(statusesOf(sql)).toBe("canceled canceled canceled");
    await simulation.run(() => isAtRest(sql));
  });

  it("loses both legs when one of them is canceled", async () => {
    const { sql, submit, wait, simulation, calls } = trade();
    submit();
    await wait(5_000);
    const stop = legsOf(sql)[1];
    transactionSync(sql, () => cancelOrder(sql, stop?.id ?? orderNamed(sql).id, at(simulation.nowMs)));
    await wait(5_000);
    expect(statusesOf(sql)).toBe("filled canceled canceled");
    expect(calls.filter((call) => call === "cancel")).toHaveLength(1);
    expect(positionIn(sql, "AAPL")).toBe("10");
  });

  it("ends whole when everything is canceled, each of it being asked for", async () => {
    const { sql, submit, wait, simulation } = trade();
    submit();
    await wait(5_000);
    const context = { ...at(simulation.nowMs), caller: CALLER };
    expect(transactionSync(sql, () => cancelAll(sql, ACCOUNT, undefined, context))).toHaveLength(2);
    await wait(10_000);
    expect(statusesOf(sql)).toBe("filled canceled canceled");
  });

  it.each([
    ["entries", "filled new suspended"],
    ["all", "filled canceled canceled"],
  ] as const)("is left protected, or not, by a stop that cancels %s", async (cancels, expected) => {
    const { sql, submit, wait, simulation } = trade();
    submit();
    await wait(5_000);
    const stop = {
      id: crypto.randomUUID(),
      account: ACCOUNT,
      source: null,
      symbol: null,
      state: "reducing",
      level: "account",
      set_by: "operator",
      set_at: new Date(NOW_MS).toISOString(),
      reason: "a test",
    } as const;
    const context = { ...at(simulation.nowMs), account: ACCOUNT, caller: CALLER };
    transactionSync(sql, () => setStop(sql, stop, cancels, context));
    await wait(10_000);
    expect(statusesOf(sql)).toBe(expected);
  });

  it("is found with its legs where the answer to it got lost", async () => {
    const { sql, submit, wait } = trade({ onSubmit: () => ({ ending: "unknown", code: "timeout" }) });
    submit();
    await wait(10_000);
    expect(statusesOf(sql)).toBe("filled new suspended");
  });

  it("is asked for its legs until they are told, also when it is filled already", async () => {
    let asked = 0;
    const withoutLegs = (ending: FindEnding): FindEnding => {
      if (ending.ending !== "found") return ending;
      const { legs: _, ...report } = ending.report;
      return { ending: "found", report };
    };
    const { sql, submit, wait } = trade({
      onSubmit: () => ({ ending: "unknown", code: "timeout" }),
      onFind: (ending) => ((asked += 1) <= 5 ? withoutLegs(ending) : ending),
    });
    submit();
    await wait(2_000);
    expect(statusesOf(sql)).toBe("filled");
    await wait(120_000);
    expect(statusesOf(sql)).toBe("filled new suspended");
  });

  it("is asked for what has taken the place of a leg until that is told, at whatever price, and follows it", async () => {
    let isTold = false;
    let isReplaced = false;
    const onFind = (ending: FindEnding): FindEnding => {
      if (!isReplaced || ending.ending !== "found") return ending;
      const { legs, ...report } = ending.report;
      if (legs === undefined) return { ending: "found", report };
      if (!isTold) return { ending: "found", report };
      const others = legs.map((leg) => (leg.type === "stop" ? { ...leg, status: "replaced" as const } : leg));
      const newer = legs
        .filter(({ type }) => type === "stop")
        .map((leg) => ({
          ...leg,
          client_order_id: "moved-stop",
          venue_order_id: "moved",
          stop_price: decimalOf("185"),
        }));
      return { ending: "found", report: { ...report, legs: [...others, ...newer] } };
    };
    const { sql, submit, wait, simulation } = trade({ onFind });
    submit();
    await wait(5_000);
    const [, stop] = legsOf(sql);
    if (stop === undefined) throw new Error("no stop loss");
    isReplaced = true;
    const { client_order_id, symbol, side, type, quantity = null, stop_price = null, venue_order_id } = stop;
    const terms = { client_order_id, symbol, side, type, quantity, stop_price, limit_price: null };
    const report = aReport({ ...terms, venue_order_id: venue_order_id ?? "", status: "replaced" });
    mustRecord(sql, read(sql, stop), { type: "report", report }, { nowMs: simulation.nowMs, random: 0 });
    await wait(300_000);
    expect(statusesOf(sql)).toBe("filled new replaced");
    expect(workingUnits(sql, "sell")).toBe("10");
    isTold = true;
    await wait(120_000);
    const [, old, moved] = legsOf(sql);
    expect(old).toMatchObject({ status: "replaced", replaced_by: moved?.id });
    expect(moved).toMatchObject({ client_order_id: "moved-stop", stop_price: "185", parent: orderNamed(sql).id });
    expect(read(sql, stop).dueAtMs).toBeNull();
  });

  it("is followed in a list of many, in which a leg that is held back does not stand", async () => {
    const { sql, submit, wait, moveTo } = trade();
    const names = Array.from({ length: 8 }, (_, index) => `entry-${index}`);
    for (const [index, name] of names.entries()) submit({ client_order_id: name, quantity: String(index + 1) });
    await wait(700_000);
    expect(names.map((name) => statusesOf(sql, name))).toEqual(names.map(() => "filled new suspended"));
    await moveTo("179");
    expect(names.map((name) => statusesOf(sql, name))).toEqual(names.map(() => "filled canceled filled"));
    expect(positionIn(sql, "AAPL")).toBe("0");
    expect(typesOf(sql)).not.toContain("order.needs_operator");
  }, 60_000);

  it("is whole at the end whenever the process dies, whatever the market does meanwhile", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3_000 }), { maxLength: 4 }),
        fc.array(fc.record({ price: fc.constantFrom("187", "201", "179", "190"), ms: fc.nat({ max: 2_000 }) }), {
          maxLength: 4,
        }),
        fc.constantFrom(undefined, "3"),
        fc.option(fc.record({ leg: fc.nat({ max: 2 }), ms: fc.nat({ max: 2_000 }) })),
        async (crashes, moves, maxFillQuantity, cancel) => {
          const { simulation, sql, submit, wait, moveTo, adapter } = trade(
            maxFillQuantity === undefined ? {} : { maxFillQuantity },
          );
          submit();
          for (const ms of crashes) simulation.at(NOW_MS + ms, () => simulation.crash());
          if (cancel !== null) {
            simulation.at(NOW_MS + cancel.ms, () => {
              const { id, legs = [] } = orderNamed(sql);
              transactionSync(sql, () => cancelOrder(sql, [id, ...legs][cancel.leg] ?? id, at(simulation.nowMs)));
            });
          }
          for (const { price, ms } of moves) await moveTo(price, ms);
          await wait(900_000);
          // The market was at the take profit already: then there is nothing to bring home.
          if ((await adapter.find(orderNamed(sql).client_order_id)).ending === "absent") {
            expect(legsOf(sql)).toEqual([]);
            return;
          }
          const holdings = await adapter.holdings();
          const held = holdings.ending === "listed" ? (holdings.items[0]?.quantity ?? "0") : "not listed";
          expect(positionIn(sql, "AAPL")).toBe(held);
          const reports = await Promise.all(
            listOrders(sql, { limit: 10 }).map(async (order) => [order, await adapter.find(order.client_order_id)]),
          );
          for (const [order, found] of reports as [Order, FindEnding][]) {
            const report: Partial<VenueReport> = found.ending === "found" ? found.report : {};
            expect([order.status, order.filled_quantity]).toEqual([report.status, report.filled_quantity]);
          }
          expect(legsOf(sql)).toHaveLength(2);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);
});
