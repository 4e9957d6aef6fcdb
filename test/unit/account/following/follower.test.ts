import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Follower } from "../../../../src/account/following/follower.ts";
import { RecentOrders } from "../../../../src/account/risk/recent-orders.ts";
import { ReferencePrices } from "../../../../src/account/risk/reference-prices.ts";
import { Waiters } from "../../../../src/account/following/waiters.ts";
import { log } from "../../../../src/log.ts";
import { KNOWN_INSTRUMENTS, NOW_MS, aReport, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { ACCOUNT, put, read } from "../tables.ts";

const pending = anOrder();

let lines: string[] = [];

beforeEach(() => {
  lines = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

const logged = (): unknown[] => lines.map((line): unknown => JSON.parse(line));

function follow(sql: SqlStorage): Follower {
  return new Follower({
    sql,
    account: ACCOUNT,
    commit: (change) => change(),
    start: () => undefined,
    waiters: new Waiters(),
    prices: new ReferencePrices(),
    instruments: KNOWN_INSTRUMENTS,
    recent: () => new RecentOrders(sql, ACCOUNT, NOW_MS),
    onEnd: () => undefined,
  });
}

describe("an event that cannot happen to an order", () => {
  it("changes nothing, and is logged by its name with where the order stands", () => {
    const sql = openSqlStorage();
    const row = put(sql, pending);
    expect(follow(sql).record(row, { type: "report", report: aReport() })).toBeUndefined();
    expect(read(sql, pending)).toEqual(row);
    expect(logged()).toEqual([
      {
        level: "error",
        event: "account.event_refused",
        order_id: pending.id,
        refused: "report",
        delivery: "pending",
        status: "pending_new",
      },
    ]);
  });

  it("because the order has moved on meanwhile changes nothing either, and is logged by its name", () => {
    const sql = openSqlStorage();
    put(sql, anOrder({ ...pending, attempts: 2 }));
    const seen = { ...read(sql, pending), order: pending };
    expect(follow(sql).record(seen, { type: "submitting" })).toBeUndefined();
    expect(logged()).toEqual([
      { level: "error", event: "account.event_refused", order_id: pending.id, refused: "submitting" },
    ]);
  });
});

describe("a fact in the log", () => {
  it("cannot take the place of what its line is called by", () => {
    // @ts-expect-error -- `event` is the name of the line
    log("error", "account.event_refused", { order_id: pending.id, event: "report" });
    // @ts-expect-error -- and `level` says how bad it is
    log("error", "account.event_refused", { order_id: pending.id, level: "info" });
    expect(lines).toHaveLength(2);
  });
});
