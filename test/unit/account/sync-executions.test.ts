import { describe, expect, it } from "vitest";
import { listExecutions } from "../../../src/account/executions.ts";
import { readExecuting } from "../../../src/account/orders.ts";
import { recordEvent } from "../../../src/account/record.ts";
import { type SyncDeps, syncExecutions } from "../../../src/account/sync-executions.ts";
import type { ListEnding, VenueExecution } from "../../../src/domain/broker.ts";
import type { Order } from "../../../src/domain/order.ts";
import { NOW_MS, anExecution, anOrder } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";
import { at, journalOf, numbered, put, read, typesOf } from "./tables.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

const filled = (index: number, quantity = "10", overrides: object = {}): Order =>
  numbered(
    anOrder({
      delivery: "delivered",
      status: "filled",
      venue_order_id: `venue-${index}`,
      filled_quantity: quantity,
      average_price: "187.2",
      attempts: 1,
      ...overrides,
    }),
    index,
  );

const trade = (index: number, id: string, quantity: string, price = "187.1234") =>
  anExecution({ execution_id: id, venue_order_id: `venue-${index}`, quantity, price });

const listed = (...items: readonly VenueExecution[]): ListEnding<VenueExecution> => ({ ending: "listed", items });

/** Asks the broker once, who gives this answer; what it was asked is kept. */
function ask(sql: SqlStorage, answer: ListEnding<VenueExecution>, nowMs = NOW_MS, whileAsking = () => {}) {
  const asked: number[] = [];
  const givenUp: string[] = [];
  const deps: SyncDeps = {
    sql,
    broker: {
      executions: async (sinceMs) => {
        asked.push(sinceMs);
        await Promise.resolve();
        whileAsking();
        return answer;
      },
    },
    commit: (change) => change(),
    nowMs: () => nowMs,
    record: (row, event) => void recordEvent(sql, row, event, at(nowMs)),
    onGivenUp: ({ id }) => givenUp.push(id),
  };
  return syncExecutions(deps).then((synced) => ({ ...synced, asked, givenUp }));
}

describe("reading the trades behind reported fills", () => {
  it("asks for nothing while nothing was filled", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1));
    expect(await ask(sql, listed())).toEqual({ againInMs: null, asked: [], givenUp: [] });
  });

  it("makes the average price exact, and is done", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const { againInMs, asked } = await ask(sql, listed(trade(1, "a", "4", "187.1"), trade(1, "b", "6", "187.26")));
    expect({ againInMs, asked }).toEqual({ againInMs: null, asked: [NOW_MS - 60_000] });
    expect(read(sql, order)).toMatchObject({
      order: { average_price: "187.196", status: "filled" },
      executionsSinceMs: null,
      dueAtMs: null,
    });
    expect(typesOf(sql)).toEqual(["order.executed"]);
    expect(journalOf(sql)[0]).toMatchObject({
      actor: { kind: "broker" },
      data: { average_price: "187.196", executions: [{ execution_id: "a" }, { execution_id: "b" }] },
    });
  });

  it("asks once for all orders, from the oldest on", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS - 5_000 });
    put(sql, filled(2), { executionsSinceMs: NOW_MS - 90_000 });
    const { asked, againInMs } = await ask(sql, listed(trade(1, "a", "10"), trade(2, "b", "10")));
    expect({ asked, againInMs }).toEqual({ asked: [NOW_MS - 90_000], againInMs: null });
    expect(listExecutions(sql, { limit: 10 })).toHaveLength(2);
  });

  it("counts a trade once, however often the list shows it", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS });
    const [one, two] = [trade(1, "a", "4", "187"), trade(1, "b", "6", "188")];
    await ask(sql, listed(one, two, one, two, two));
    expect(read(sql, order).order.average_price).toBe("187.6");
    expect(listExecutions(sql, { limit: 10 })).toHaveLength(2);
  });

  it("leaves trades alone that are not of our orders", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    await ask(sql, listed(trade(7, "x", "3"), trade(1, "a", "10")));
    expect(listExecutions(sql, { limit: 10 }).map(({ id }) => id)).toEqual(["a"]);
  });

  it.each([
    ["the list shows only a part", listed(trade(1, "a", "4"))],
    ["the list shows nothing yet", listed()],
    ["the broker does not answer", { ending: "unknown", code: "timeout" } as const],
    ["the broker turns the call away", { ending: "not_sent", code: "rate_limited", retryAfterMs: 1 } as const],
  ])("asks again, and stores nothing, while %s", async (_, answer) => {
    const sql = openSqlStorage();
    const row = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const { againInMs } = await ask(sql, answer);
    expect(againInMs).toBeGreaterThanOrEqual(SECOND_MS);
    expect(read(sql, row.order)).toEqual(row);
    expect(listExecutions(sql, { limit: 10 })).toEqual([]);
    expect(typesOf(sql)).toEqual([]);
  });

  it("asks less and less often for a fill that stays without its trades", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    const delays = [0, 1, 10, 60, 600, 6_000, 60_000].map(
      async (seconds) => (await ask(sql, listed(), NOW_MS + seconds * SECOND_MS)).againInMs,
    );
    expect(await Promise.all(delays)).toEqual([1_000, 1_000, 5_000, 30_000, 300_000, 300_000, 300_000]);
  });

  it("settles the orders it can, where the trades of another are missing", async () => {
    const sql = openSqlStorage();
    const late = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000 });
    const early = put(sql, filled(2), { executionsSinceMs: NOW_MS });
    const { againInMs } = await ask(sql, listed(trade(2, "b", "10")));
    expect(againInMs).not.toBeNull();
    expect(read(sql, early.order).executionsSinceMs).toBeNull();
    expect(read(sql, late.order).executionsSinceMs).toBe(NOW_MS - 60_000);
  });

  it("asks again for an order that filled while the list was on its way", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    const meanwhile = () => void put(sql, filled(2), { executionsSinceMs: NOW_MS });
    const { againInMs } = await ask(sql, listed(trade(1, "a", "10")), NOW_MS, meanwhile);
    expect(againInMs).not.toBeNull();
    expect((await ask(sql, listed(trade(2, "b", "10")))).againInMs).toBeNull();
  });

  it("forgets none of a thousand orders that filled at the same moment", async () => {
    const sql = openSqlStorage();
    const trades = Array.from({ length: 1_000 }, (_, index) => trade(index, `t${index}`, "10"));
    for (const index of trades.keys()) put(sql, filled(index), { executionsSinceMs: NOW_MS, dueAtMs: null });
    for (let asked = 0; asked < 5 && (await ask(sql, listed(...trades))).againInMs !== null; asked++);
    expect(readExecuting(sql, 1_000).length).toBe(0);
  });

  it("gives up after a day, and the average that was reported stays", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS });
    expect((await ask(sql, listed(), NOW_MS + DAY_MS - 1)).givenUp).toEqual([]);
    const { againInMs, givenUp } = await ask(sql, listed(), NOW_MS + DAY_MS);
    expect({ againInMs, givenUp }).toEqual({ againInMs: null, givenUp: [order.id] });
    expect(read(sql, order)).toMatchObject({ order: { average_price: "187.2" }, executionsSinceMs: null });
  });
});

describe("a list that knows of a trade nobody has reported", () => {
  it("makes the order due, and stores nothing until the report has come", async () => {
    const sql = openSqlStorage();
    const partly = filled(1, "4", { status: "partially_filled" });
    const { order } = put(sql, partly, { executionsSinceMs: NOW_MS, dueAtMs: NOW_MS + 60_000 });
    const both = listed(trade(1, "a", "4"), trade(1, "b", "6"));
    expect((await ask(sql, both)).againInMs).not.toBeNull();
    expect(read(sql, order).dueAtMs).toBe(0);
    expect(listExecutions(sql, { limit: 10 })).toEqual([]);
  });

  it("makes the order due also where it has ended and nobody would look at it any more", async () => {
    const sql = openSqlStorage();
    const canceled = filled(1, "4", { status: "canceled" });
    const { order } = put(sql, canceled, { executionsSinceMs: NOW_MS, dueAtMs: null, looks: 2 });
    await ask(sql, listed(trade(1, "a", "4"), trade(1, "late", "1")));
    expect(read(sql, order).dueAtMs).toBe(0);
  });
});
