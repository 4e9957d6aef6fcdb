import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CaughtUp,
  type ExecutionQuery,
  catchUp,
  listExecutions,
  pruneExecutions,
} from "../../../../src/account/positions/executions.ts";
import type { VenueExecution } from "../../../../src/domain/broker.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, anExecution, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { numbered, tradesOf } from "../tables.ts";

const DAY_MS = 86_400_000;

const filledWith = (filled: string, status: Order["status"] = "partially_filled") =>
  anOrder({ delivery: "delivered", status, venue_order_id: "venue-1", filled_quantity: filled, attempts: 1 });

const trade = (id: string, quantity: string, price = "187", atMs = NOW_MS): VenueExecution =>
  anExecution({ execution_id: id, quantity, price, executed_at_ms: atMs });

const idsOf = (sql: SqlStorage, query: Partial<ExecutionQuery> = {}) => tradesOf(sql, query).map(({ id }) => id);

function mustCatchUp(sql: SqlStorage, order: Order, listed: readonly VenueExecution[]): CaughtUp {
  const caughtUp = catchUp(sql, order, listed);
  if (typeof caughtUp === "string") throw new Error(`${caughtUp} of the trades`);
  return caughtUp;
}

describe("the trades behind an order's fills", () => {
  it("are shown with the order's terms once they add up to what was reported", () => {
    const sql = openSqlStorage();
    const order = filledWith("10", "filled");
    const listed = [trade("a", "4", "187.1"), trade("b", "6", "187.2", NOW_MS + 5)];
    expect(catchUp(sql, order, listed)).toEqual({ added: listed, averagePrice: "187.16" });
    expect(tradesOf(sql)).toEqual([
      {
        id: "b",
        order_id: order.id,
        symbol: "AAPL",
        side: "buy",
        quantity: "6",
        price: "187.2",
        executed_at: new Date(NOW_MS + 5).toISOString(),
      },
      {
        id: "a",
        order_id: order.id,
        symbol: "AAPL",
        side: "buy",
        quantity: "4",
        price: "187.1",
        executed_at: new Date(NOW_MS).toISOString(),
      },
    ]);
  });

  it.each([
    ["behind", "nothing is listed", []],
    ["behind", "a part is listed", [trade("a", "4"), trade("b", "5.999999999")]],
    ["behind", "one trade is listed twice", [trade("a", "5"), trade("a", "5")]],
    ["ahead", "more is listed than was reported", [trade("a", "4"), trade("b", "6.000000001")]],
  ])("are %s, and none is shown, where %s", (says, _, listed) => {
    const sql = openSqlStorage();
    expect(catchUp(sql, filledWith("10"), listed)).toBe(says);
    expect(idsOf(sql)).toEqual([]);
  });

  it("are kept from the moment they are listed, and count when those that were missing are listed too", () => {
    const sql = openSqlStorage();
    const [first, second, third] = [trade("a", "4", "187"), trade("b", "5", "188"), trade("c", "1", "189")];
    expect(catchUp(sql, filledWith("10"), [first])).toBe("behind");
    expect(catchUp(sql, filledWith("10"), [second])).toBe("behind");
    expect(mustCatchUp(sql, filledWith("10"), [third, first])).toEqual({
      added: [first, second, third],
      averagePrice: "187.7",
    });
    expect(idsOf(sql)).toEqual(["c", "b", "a"]);
    expect(mustCatchUp(sql, filledWith("10"), [first, second, third]).added).toEqual([]);
  });

  it("are kept where they are ahead of the reports, and count when the report has come", () => {
    const sql = openSqlStorage();
    const both = [trade("a", "4", "187"), trade("b", "6", "188")];
    expect(catchUp(sql, filledWith("4"), both)).toBe("ahead");
    expect(idsOf(sql)).toEqual([]);
    expect(mustCatchUp(sql, filledWith("10"), [])).toEqual({ added: both, averagePrice: "187.6" });
    expect(idsOf(sql)).toEqual(["b", "a"]);
  });

  it("keep those shown that count already, while more are missing", () => {
    const sql = openSqlStorage();
    mustCatchUp(sql, filledWith("4"), [trade("a", "4")]);
    expect(catchUp(sql, filledWith("10"), [trade("b", "5")])).toBe("behind");
    expect(idsOf(sql)).toEqual(["a"]);
  });

  it("are each order's own, also where the broker gives two of them one id", () => {
    const sql = openSqlStorage();
    mustCatchUp(sql, filledWith("4"), [trade("a", "4")]);
    const other = numbered(filledWith("4"), 2);
    expect(mustCatchUp(sql, other, [trade("a", "4")]).averagePrice).toBe("187");
    expect(tradesOf(sql).map(({ order_id: id }) => id)).toEqual([filledWith("4").id]);
  });

  it("count once, however often the list shows them and whatever was kept before", () => {
    const sql = openSqlStorage();
    const first = trade("a", "4", "187");
    expect(mustCatchUp(sql, filledWith("4"), [first, first]).added).toEqual([first]);
    const second = trade("b", "6", "188");
    expect(mustCatchUp(sql, filledWith("10"), [first, second, first])).toEqual({
      added: [second],
      averagePrice: "187.6",
    });
    expect(idsOf(sql)).toEqual(["b", "a"]);
    expect(mustCatchUp(sql, filledWith("10"), []).added).toEqual([]);
  });

  it("give an average that no rounding of the reports' averages would give", () => {
    const listed = [trade("a", "1", "187.003"), trade("b", "1", "187.004"), trade("c", "1", "187.004")];
    expect(mustCatchUp(openSqlStorage(), filledWith("3"), listed).averagePrice).toBe("187.003666667");
  });

  it("give the same average in whatever order and portions they are listed", () => {
    const some = fc.array(
      fc.record({ units: fc.integer({ min: 1, max: 9 }), cents: fc.integer({ min: 1, max: 999 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(some, fc.nat({ max: 5 }), (trades, cut) => {
        const listed = trades.map(({ units, cents }, index) => trade(`t${index}`, String(units), String(cents / 100)));
        const sum = (list: typeof trades) => String(list.reduce((total, { units }) => total + units, 0));
        const whole = mustCatchUp(openSqlStorage(), filledWith(sum(trades)), listed.toReversed());
        const sql = openSqlStorage();
        const part = trades.slice(0, cut);
        if (part.length > 0) mustCatchUp(sql, filledWith(sum(part)), listed.slice(0, cut));
        expect(mustCatchUp(sql, filledWith(sum(trades)), listed).averagePrice).toBe(whole.averagePrice);
        expect(idsOf(sql)).toHaveLength(trades.length);
      }),
      { numRuns: 50 },
    );
  });

  it("are added once each, in whatever pieces they are listed and whenever they are reported", () => {
    const pieces = fc.array(
      fc.record({ from: fc.nat({ max: 5 }), to: fc.nat({ max: 6 }), reported: fc.nat({ max: 6 }) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(pieces, (list) => {
        const sql = openSqlStorage();
        const trades = Array.from({ length: 6 }, (_, index) => trade(`t${index}`, "1", String(187 + index)));
        const added: string[] = [];
        let reported = 0;
        const hear = (filled: number, listed: readonly VenueExecution[]) => {
          reported = Math.max(reported, filled);
          const caughtUp = catchUp(sql, filledWith(String(reported)), listed);
          if (typeof caughtUp !== "string") added.push(...caughtUp.added.map(({ execution_id: id }) => id));
          expect(idsOf(sql).toSorted()).toEqual(added.toSorted());
        };
        // A report of no fill asks for no trades.
        for (const { from, to, reported: filled } of list) if (filled > 0) hear(filled, trades.slice(from, to));
        hear(6, trades);
        expect(added.toSorted()).toEqual(trades.map(({ execution_id: id }) => id));
      }),
    );
  });
});

describe("the list of trades", () => {
  /** Five trades of two orders, two of them at the same moment. */
  function filledTables() {
    const sql = openSqlStorage();
    const one = numbered(filledWith("3"), 1);
    const two = numbered(filledWith("2"), 2);
    mustCatchUp(sql, one, [
      trade("a", "1", "1", NOW_MS),
      trade("c", "1", "1", NOW_MS + 5),
      trade("e", "1", "1", NOW_MS + 9),
    ]);
    mustCatchUp(sql, two, [trade("b", "1", "1", NOW_MS + 5), trade("d", "1", "1", NOW_MS + 5)]);
    return { sql, one, two };
  }

  it("is newest first, and goes by id where the time is the same", () => {
    expect(idsOf(filledTables().sql)).toEqual(["e", "d", "c", "b", "a"]);
  });

  it("is that of one order where it is asked for", () => {
    const { sql, one, two } = filledTables();
    expect(idsOf(sql, { orderId: one.id })).toEqual(["e", "c", "a"]);
    expect(idsOf(sql, { orderId: two.id })).toEqual(["d", "b"]);
    expect(idsOf(sql, { orderId: anOrder().id })).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6])("comes in pages of %d without gaps and without repeats", (limit) => {
    const { sql } = filledTables();
    const seen: string[] = [];
    for (let page = idsOf(sql, { limit }); page.length > 0; page = idsOf(sql, { limit, before: seen.at(-1) })) {
      expect(page.length).toBeLessThanOrEqual(limit);
      seen.push(...page);
    }
    expect(seen).toEqual(["e", "d", "c", "b", "a"]);
  });

  it("of one order comes in pages too", () => {
    const { sql, one } = filledTables();
    expect(idsOf(sql, { orderId: one.id, limit: 2 })).toEqual(["e", "c"]);
    expect(idsOf(sql, { orderId: one.id, limit: 2, before: "c" })).toEqual(["a"]);
  });

  it("is of one symbol where that is asked for", () => {
    const { sql } = filledTables();
    mustCatchUp(sql, numbered(anOrder({ ...filledWith("1"), symbol: "MSFT" }), 3), [trade("f", "1", "1", NOW_MS + 1)]);
    expect(idsOf(sql, { symbol: "MSFT" })).toEqual(["f"]);
    expect(idsOf(sql, { symbol: "AAPL" })).toEqual(["e", "d", "c", "b", "a"]);
  });

  it("does not exist before a trade that nobody knows", () => {
    expect(listExecutions(filledTables().sql, { before: "x", limit: 10 })).toBeNull();
  });
});

describe("trades older than a year", () => {
  it("are forgotten, and younger ones are not", () => {
    const sql = openSqlStorage();
    const ages = [366 * DAY_MS, 365 * DAY_MS + 1, 365 * DAY_MS, DAY_MS, 0];
    mustCatchUp(
      sql,
      filledWith("5"),
      ages.map((ageMs, index) => trade(`t${index}`, "1", "1", NOW_MS - ageMs)),
    );
    expect(pruneExecutions(sql, NOW_MS)).toBe(false);
    expect(idsOf(sql)).toEqual(["t4", "t3", "t2"]);
  });

  it("are forgotten 500 at a time, until none is left", () => {
    const sql = openSqlStorage();
    const old = Array.from({ length: 1_001 }, (_, index) => trade(`t${index}`, "1", "1", NOW_MS - 366 * DAY_MS));
    mustCatchUp(sql, filledWith("1001"), old);
    const left = () => sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM executions").one().n;
    expect([pruneExecutions(sql, NOW_MS), left()]).toEqual([true, 501]);
    expect([pruneExecutions(sql, NOW_MS), left()]).toEqual([true, 1]);
    expect([pruneExecutions(sql, NOW_MS), left()]).toEqual([false, 0]);
  });
});

describe("an average price", () => {
  it("has as many digits as the wire takes", () => {
    const listed = [trade("a", "1", "1"), trade("b", "2", "2")];
    expect(mustCatchUp(openSqlStorage(), filledWith("3"), listed).averagePrice).toBe(decimalOf("1.666666667"));
  });
});
