import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { executingSinceMs } from "../../../../src/account/orders/orders.ts";
import { recordEvent } from "../../../../src/account/orders/record.ts";
import { type Listing, type SyncDeps, syncExecutions } from "../../../../src/account/positions/sync-executions.ts";
import type { ExecutionsEnding, VenueExecution } from "../../../../src/domain/broker.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, aReport, anExecution, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { at, journalOf, numbered, put, read, tradesOf, typesOf } from "../tables.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
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

const trade = (index: number, id: string, quantity: string, price = "187.1234", atMs = NOW_MS) =>
  anExecution({ execution_id: id, venue_order_id: `venue-${index}`, quantity, price, executed_at_ms: atMs });

const listed = (...items: readonly VenueExecution[]): ExecutionsEnding => ({ ending: "listed", items, isWhole: true });
const listedInPart = (...items: readonly VenueExecution[]): ExecutionsEnding => ({
  ending: "listed",
  items,
  isWhole: false,
});

/** A venue with these trades, that shows so many at a time, from a second before the time that is named. */
function venueOf(trades: readonly VenueExecution[], size: number) {
  return (sinceMs: number): ExecutionsEnding => {
    const all = trades
      .filter(({ executed_at_ms: atMs }) => atMs >= sinceMs - SECOND_MS)
      .toSorted((a, b) => a.executed_at_ms - b.executed_at_ms);
    return { ending: "listed", items: all.slice(0, size), isWhole: all.length <= size };
  };
}

/** What a process keeps of a list that it reads in pieces, by the tables it reads it for. */
const unfinished = new WeakMap<SqlStorage, Listing>();

/** Asks the broker once, who gives this answer; what it was asked is kept. */
function ask(sql: SqlStorage, answer: ExecutionsEnding, nowMs = NOW_MS, whileAsking = () => {}) {
  return askVenue(sql, () => answer, nowMs, whileAsking);
}

async function askVenue(
  sql: SqlStorage,
  answerTo: (sinceMs: number) => ExecutionsEnding,
  nowMs = NOW_MS,
  whileAsking = () => {},
) {
  const asked: number[] = [];
  const givenUp: string[] = [];
  const deps: SyncDeps = {
    sql,
    broker: {
      executions: async (sinceMs) => {
        asked.push(sinceMs);
        await Promise.resolve();
        const answer = answerTo(sinceMs);
        whileAsking();
        return answer;
      },
    },
    commit: (change) => change(),
    nowMs: () => nowMs,
    record: (row, event) => void recordEvent(sql, row, event, at(nowMs)),
    onGivenUp: (id) => givenUp.push(id),
  };
  const synced = await syncExecutions(deps, unfinished.get(sql));
  if (synced.unfinished === null) unfinished.delete(sql);
  else unfinished.set(sql, synced.unfinished);
  return { againInMs: synced.againInMs, asked, givenUp };
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
    expect(tradesOf(sql)).toHaveLength(2);
  });

  it("counts a trade once, however often the list shows it", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS });
    const [one, two] = [trade(1, "a", "4", "187"), trade(1, "b", "6", "188")];
    await ask(sql, listed(one, two, one, two, two));
    expect(read(sql, order).order.average_price).toBe("187.6");
    expect(tradesOf(sql)).toHaveLength(2);
  });

  it("leaves trades alone that are not of our orders", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    await ask(sql, listed(trade(7, "x", "3"), trade(1, "a", "10")));
    expect(tradesOf(sql).map(({ id }) => id)).toEqual(["a"]);
  });

  it.each([
    ["the list does not show all of them", listed(trade(1, "a", "4"))],
    ["the list shows nothing yet", listed()],
    ["the broker does not answer", { ending: "unknown", code: "timeout" } as const],
    ["the broker turns the call away", { ending: "not_sent", code: "rate_limited", retryAfterMs: 1 } as const],
  ])("asks again, and shows nothing, while %s", async (_, answer) => {
    const sql = openSqlStorage();
    const row = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const { againInMs } = await ask(sql, answer);
    expect(againInMs).toBeGreaterThanOrEqual(SECOND_MS);
    expect(read(sql, row.order)).toEqual(row);
    expect(tradesOf(sql)).toEqual([]);
    expect(typesOf(sql)).toEqual([]);
  });

  it("asks again from ten minutes before what was listed, because a trade may be listed that late", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - HOUR_MS, dueAtMs: null });
    await ask(sql, listed(trade(1, "a", "4", "187", NOW_MS - HOUR_MS)));
    const { asked } = await ask(sql, listed(trade(1, "b", "6", "188", NOW_MS - 600_000)), NOW_MS + SECOND_MS);
    expect(asked).toEqual([NOW_MS - 600_000]);
    expect(read(sql, order).order.average_price).toBe("187.6");
    expect(tradesOf(sql).map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("asks from where it asked before, when there was no list", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS - HOUR_MS, dueAtMs: null });
    await ask(sql, { ending: "unknown", code: "timeout" });
    expect((await ask(sql, listed())).asked).toEqual([NOW_MS - HOUR_MS]);
  });

  it("asks less and less often for a fill that stays without its trades", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    const delays: (number | null)[] = [];
    for (const seconds of [0, 1, 10, 60, 600, 6_000, 60_000]) {
      delays.push((await ask(sql, listed(), NOW_MS + seconds * SECOND_MS)).againInMs);
    }
    expect(delays).toEqual([1_000, 1_000, 5_000, 30_000, 300_000, 300_000, 300_000]);
  });

  it("asks as often as the youngest fill needs", async () => {
    const sql = openSqlStorage();
    const nowMs = NOW_MS + HOUR_MS;
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    put(sql, filled(2, "10", { updated_at: new Date(nowMs - 8_000).toISOString() }), { executionsSinceMs: NOW_MS });
    expect((await ask(sql, listed(), nowMs)).againInMs).toBe(4_000);
  });

  it("settles the orders it can, where the trades of another are missing", async () => {
    const sql = openSqlStorage();
    const late = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000 });
    const early = put(sql, filled(2), { executionsSinceMs: NOW_MS });
    const { againInMs } = await ask(sql, listed(trade(2, "b", "10")));
    expect(againInMs).not.toBeNull();
    expect(read(sql, early.order).executionsSinceMs).toBeNull();
    expect(read(sql, late.order).executionsSinceMs).toBe(NOW_MS - 60_000);
    expect(tradesOf(sql).map(({ id }) => id)).toEqual(["b"]);
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
    expect((await ask(sql, listed(...trades))).againInMs).toBeNull();
    expect(executingSinceMs(sql)).toBeNull();
    expect(tradesOf(sql)).toHaveLength(1_000);
  });
});

describe("more trades than one list shows", () => {
  it("are read in pieces, each from where the one before ended", async () => {
    const sql = openSqlStorage();
    const atMs = [30, 20, 10].map((seconds) => NOW_MS - seconds * SECOND_MS);
    const trades = atMs.map((ms, index) => trade(index, `t${index}`, "10", "187", ms));
    for (const index of trades.keys()) put(sql, filled(index), { executionsSinceMs: NOW_MS - 90_000, dueAtMs: null });
    const pieces = [];
    for (let lists = 0; lists < 3; lists++) pieces.push(await askVenue(sql, venueOf(trades, 2)));
    expect(pieces.map(({ asked, againInMs }) => [...asked, againInMs])).toEqual([
      [NOW_MS - 90_000, SECOND_MS],
      [NOW_MS - 20_000, null],
      [null],
    ]);
    expect(tradesOf(sql)).toHaveLength(3);
  });

  it("are read soon again, however old the fills are", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS });
    expect((await ask(sql, listedInPart(trade(7, "x", "1")), NOW_MS + HOUR_MS)).againInMs).toBe(SECOND_MS);
  });

  it("of one order are kept piece by piece, and count when the last of them is read", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const trades = Array.from({ length: 10 }, (_, index) =>
      trade(1, `t${index}`, "1", String(187 + index / 10), NOW_MS - 50_000 + index * 5_000),
    );
    const shown: number[] = [];
    for (let lists = 0; lists < 4; lists++) {
      await askVenue(sql, venueOf(trades, 4));
      shown.push(tradesOf(sql).length);
    }
    expect(shown).toEqual([0, 0, 10, 10]);
    expect(read(sql, order)).toMatchObject({ order: { average_price: "187.45" }, executionsSinceMs: null });
    expect(typesOf(sql)).toEqual(["order.executed"]);
    expect(journalOf(sql)[0]?.data["executions"]).toHaveLength(10);
  });

  it("are read to their end, although none of them is ours", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const foreign = Array.from({ length: 9 }, (_, index) =>
      trade(7, `x${index}`, "1", "1", NOW_MS - 50_000 + index * 5_000),
    );
    const trades = [...foreign, trade(1, "a", "10")];
    for (let lists = 0; lists < 9; lists++) await askVenue(sql, venueOf(trades, 2));
    expect(read(sql, order).executionsSinceMs).toBeNull();
  });

  it("are not asked for for ever where they all happened at the same moment", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS, dueAtMs: null });
    await ask(sql, listedInPart(trade(7, "x", "1"), trade(7, "y", "1")));
    expect((await ask(sql, listedInPart())).asked).toEqual([NOW_MS + 1]);
    expect((await ask(sql, listed())).asked).toEqual([NOW_MS + 2]);
    expect((await ask(sql, listed())).asked).toEqual([NOW_MS]);
  });

  it("are read on from the same place where a piece was not answered", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    await ask(sql, listedInPart(trade(7, "x", "1", "1", NOW_MS - 30_000)));
    await ask(sql, { ending: "unknown", code: "timeout" });
    expect((await ask(sql, listed())).asked).toEqual([NOW_MS - 30_000]);
  });

  it("are read from their start again by a new process", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    await ask(sql, listedInPart(trade(1, "a", "4", "187", NOW_MS - 30_000)));
    unfinished.delete(sql);
    const both = listed(trade(1, "a", "4", "187", NOW_MS - 30_000), trade(1, "b", "6"));
    expect((await ask(sql, both)).asked).toEqual([NOW_MS - 60_000]);
    expect(tradesOf(sql)).toHaveLength(2);
  });

  it("hide none that is listed a moment late, though a piece went past it", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const foreign = [15_000, 2_000, 1_000].map((agoMs, index) => trade(7, `x${index}`, "1", "1", NOW_MS - agoMs));
    await askVenue(sql, venueOf(foreign, 2));
    const withLate = venueOf([...foreign, trade(1, "a", "10", "187", NOW_MS - 4_000)], 2);
    for (let second = 1; second <= 30; second++) await askVenue(sql, withLate, NOW_MS + second * SECOND_MS);
    expect(tradesOf(sql).map(({ id }) => id)).toEqual(["a"]);
  });

  it("hide no order that came to wait while a piece was on its way", async () => {
    const sql = openSqlStorage();
    put(sql, filled(1), { executionsSinceMs: NOW_MS - 90_000, dueAtMs: null });
    const trades = [
      trade(2, "b", "4", "187", NOW_MS - 80_000),
      trade(3, "c", "10", "187", NOW_MS - 100_000),
      trade(1, "a", "10", "187", NOW_MS - 20_000),
      trade(2, "d", "6", "187", NOW_MS - 10_000),
    ];
    const cameToWait = () => {
      // One whose trades are partly in this piece, and one with trades from before it.
      put(sql, filled(2), { executionsSinceMs: NOW_MS - 85_000, dueAtMs: null });
      put(sql, filled(3), { executionsSinceMs: NOW_MS - 110_000, dueAtMs: null });
    };
    await askVenue(sql, venueOf(trades, 2), NOW_MS, cameToWait);
    for (let lists = 0; lists < 6; lists++) await askVenue(sql, venueOf(trades, 2));
    expect(executingSinceMs(sql)).toBeNull();
    expect(
      tradesOf(sql)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(["a", "b", "c", "d"]);
  });

  it("are each read once, whenever orders fill, in pieces of whatever size", async () => {
    const fills = fc.array(fc.record({ order: fc.nat({ max: 4 }), atMs: fc.integer({ min: 0, max: 60_000 }) }), {
      minLength: 1,
      maxLength: 40,
    });
    const check = fc.asyncProperty(
      fills,
      fc.integer({ min: 20, max: 40 }),
      fc.nat({ max: 90 }),
      async (some, size, quiet) => {
        const sql = openSqlStorage();
        const trades = some
          .toSorted((a, b) => a.atMs - b.atMs)
          .map(({ order, atMs }, index) => trade(order, `t${index}`, "1", String(100 + index), NOW_MS + atMs));
        const orders = Map.groupBy(trades, ({ venue_order_id: id }) => Number(id.replace("venue-", "")));
        const told = new Set<number>();
        for (let second = 0; second < 180; second++) {
          const nowMs = NOW_MS + second * SECOND_MS;
          // An order is told to have filled as soon as all of it has, but for a time in which the broker tells nothing.
          const tell = () => {
            for (const [index, { length, ...own }] of orders) {
              const lastMs = own[length - 1]?.executed_at_ms ?? Infinity;
              if (told.has(index) || lastMs > nowMs || second < quiet) continue;
              told.add(index);
              const updated_at = new Date(nowMs).toISOString();
              put(sql, filled(index, String(length), { updated_at }), {
                executionsSinceMs: NOW_MS - 60_000,
                dueAtMs: null,
              });
            }
          };
          const happened = trades.filter(({ executed_at_ms: atMs }) => atMs <= nowMs);
          const { asked } = await askVenue(sql, venueOf(happened, size), nowMs, tell);
          if (asked.length === 0) tell();
        }
        expect(executingSinceMs(sql)).toBeNull();
        const shown = tradesOf(sql).map(({ id }) => id);
        expect(shown.toSorted()).toEqual(trades.map(({ execution_id: id }) => id).toSorted());
        expect(typesOf(sql)).toHaveLength(orders.size);
      },
    );
    await fc.assert(check, { numRuns: 50 });
  });
});

describe("an order whose trades the broker never lists", () => {
  const updatedAt = (ms: number) => ({ updated_at: new Date(ms).toISOString() });

  it("is given up after a day, and the average that was reported stays", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS });
    expect((await ask(sql, listed(), NOW_MS + DAY_MS - 1)).givenUp).toEqual([]);
    const { againInMs, givenUp } = await ask(sql, listed(), NOW_MS + DAY_MS);
    expect({ againInMs, givenUp }).toEqual({ againInMs: null, givenUp: [order.id] });
    expect(read(sql, order)).toMatchObject({ order: { average_price: "187.2" }, executionsSinceMs: null });
  });

  it("is given up after a day also while no list can be read", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000 });
    // One item that cannot be read makes every list from here on unknown.
    const unreadable = { ending: "unknown", code: "unreadable_execution" } as const;
    expect((await ask(sql, unreadable, NOW_MS + DAY_MS - 1)).givenUp).toEqual([]);
    expect((await ask(sql, unreadable, NOW_MS + DAY_MS)).givenUp).toEqual([order.id]);
    expect(executingSinceMs(sql)).toBeNull();
  });

  it("is not given up where the first list that can be read after a day shows them", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const { givenUp } = await ask(sql, listed(trade(1, "a", "10")), NOW_MS + DAY_MS);
    expect(givenUp).toEqual([]);
    expect(read(sql, order)).toMatchObject({ order: { average_price: "187.1234" }, executionsSinceMs: null });
  });

  it("is given up after a day also where newer ones wait, and alone", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, filled(1), { executionsSinceMs: NOW_MS - 60_000 });
    const nowMs = NOW_MS + DAY_MS;
    for (let index = 2; index < 700; index++) {
      put(sql, filled(index, "10", updatedAt(nowMs)), { executionsSinceMs: nowMs - 60_000 });
    }
    expect((await ask(sql, listed(), nowMs)).givenUp).toEqual([order.id]);
    expect(executingSinceMs(sql)).toBe(nowMs - 60_000);
  });

  it("keeps no other from being read, and makes no list longer with every hour", async () => {
    const sql = openSqlStorage();
    put(sql, filled(0), { executionsSinceMs: NOW_MS - 60_000, dueAtMs: null });
    const trades: VenueExecution[] = [];
    const listedTrades: number[] = [];
    const answerTo = (sinceMs: number): ExecutionsEnding => {
      const items = trades.filter(({ executed_at_ms: atMs }) => atMs >= sinceMs);
      listedTrades.push(items.length);
      return listed(...items);
    };
    for (let hour = 1; hour <= 6; hour++) {
      const nowMs = NOW_MS + hour * HOUR_MS;
      const ids = [1, 2, 3].map((count) => hour * 10 + count);
      for (const id of ids) {
        put(sql, filled(id, "10", updatedAt(nowMs)), { executionsSinceMs: nowMs - 60_000, dueAtMs: null });
        trades.push(trade(id, `t${id}`, "10", "187", nowMs));
      }
      await askVenue(sql, answerTo, nowMs);
      expect(ids.map((id) => read(sql, filled(id)).executionsSinceMs)).toEqual([null, null, null]);
    }
    // This hour's three, and those of the hour before.
    expect(listedTrades).toEqual([3, 6, 6, 6, 6, 6]);
    expect(read(sql, filled(0)).executionsSinceMs).not.toBeNull();
  });
});

describe("a list that knows of a trade nobody has reported", () => {
  const partly = filled(1, "4", { status: "partially_filled" });

  /** The report comes: all ten units are filled. */
  function tellOfAll(sql: SqlStorage, { id, client_order_id }: Order) {
    const report = aReport({
      client_order_id,
      venue_order_id: "venue-1",
      status: "filled",
      filled_quantity: "10",
      average_price: "187.2",
    });
    recordEvent(sql, read(sql, { id }), { type: "report", report }, at());
  }

  it("makes the order due, and shows nothing until the report has come", async () => {
    const sql = openSqlStorage();
    const { order } = put(sql, partly, { executionsSinceMs: NOW_MS, dueAtMs: NOW_MS + 60_000 });
    const both = listed(trade(1, "a", "4"), trade(1, "b", "6"));
    expect((await ask(sql, both)).againInMs).not.toBeNull();
    expect(read(sql, order).dueAtMs).toBe(0);
    expect(tradesOf(sql)).toEqual([]);
    tellOfAll(sql, order);
    expect((await ask(sql, both)).againInMs).toBeNull();
    expect(tradesOf(sql)).toHaveLength(2);
  });

  it.each([
    ["in a part of it", 3, [30_000, 20_000]],
    ["so long ago that nobody asks for it again", 100, [900_000, 800_000]],
  ] as const)("counts it when the report has come, though it was %s", async (_, size, [firstAgoMs, secondAgoMs]) => {
    const sql = openSqlStorage();
    const { order } = put(sql, partly, { executionsSinceMs: NOW_MS - HOUR_MS, dueAtMs: NOW_MS + 60_000 });
    const foreign = [15_000, 10_000].map((agoMs, index) => trade(7, `x${index}`, "1", "1", NOW_MS - agoMs));
    const own = [trade(1, "a", "4", "187", NOW_MS - firstAgoMs), trade(1, "b", "6", "188", NOW_MS - secondAgoMs)];
    const venue = venueOf([...own, ...foreign], size);
    await askVenue(sql, venue);
    tellOfAll(sql, order);
    for (let second = 1; second <= 30; second++) await askVenue(sql, venue, NOW_MS + second * SECOND_MS);
    expect(tradesOf(sql).map(({ id }) => id)).toEqual(["b", "a"]);
    expect(read(sql, order)).toMatchObject({ order: { average_price: "187.6" }, executionsSinceMs: null });
  });

  it("makes the order due also where it has ended and nobody would look at it any more", async () => {
    const sql = openSqlStorage();
    const canceled = filled(1, "4", { status: "canceled" });
    const { order } = put(sql, canceled, { executionsSinceMs: NOW_MS, dueAtMs: null, looks: 2 });
    await ask(sql, listed(trade(1, "a", "4"), trade(1, "late", "1")));
    expect(read(sql, order).dueAtMs).toBe(0);
  });
});
