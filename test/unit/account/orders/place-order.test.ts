import { describe, expect, it } from "vitest";
import { findOrder } from "../../../../src/account/orders/orders.ts";
import { type Placing, placeOrder } from "../../../../src/account/orders/place-order.ts";
import { adoptPosition } from "../../../../src/account/positions/positions.ts";
import { RecentOrders } from "../../../../src/account/risk/recent-orders.ts";
import { SenderMeter } from "../../../../src/account/door/sender-meter.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { NOW_MS, aPolicy } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import {
  ACCOUNT,
  aSignal,
  decidingWith,
  journalOf,
  newId,
  openAccount,
  read,
  stopTrading,
  typesOf,
} from "../tables.ts";

const { source, order: ORDER } = aSignal();
let made = 3_000;

const place = (sql: SqlStorage, order: object = {}, overrides: Partial<Placing> = {}) =>
  placeOrder(
    sql,
    { ...ORDER, ...order },
    {
      ...decidingWith(),
      newId: () => newId((made += 1)),
      source,
      requestId: "request-1",
      sender: null,
      goal: null,
      arithmetic: "10",
      ...overrides,
    },
  );

const countsIn = (sql: SqlStorage) => new SenderMeter(sql, source, { nowMs: NOW_MS, date: "2026-01-15" }).counts();

describe("an order that the gateway has worked out", () => {
  it("is stored to be sent, under a name of its own", () => {
    const sql = openAccount();
    const order = place(sql);
    expect(order).toMatchObject({
      status: "pending_new",
      delivery: "pending",
      source,
      request_id: "request-1",
      arithmetic: "10",
    });
    expect(order.id).toBe(`paper_${order.client_order_id}`);
    expect(read(sql, order)).toMatchObject({ order, dueAtMs: NOW_MS, expiresAtMs: NOW_MS + 300_000, goal: null });
  });

  it("is journalled with how its quantity came about", () => {
    const sql = openAccount();
    const { id } = place(sql);
    expect(journalOf(sql)).toMatchObject([
      { type: "order.approved", order_id: id, actor: { kind: "gateway", id: ACCOUNT }, data: { arithmetic: "10" } },
    ]);
  });

  it("belongs to its goal, and is found by it after a restart", () => {
    const sql = openAccount();
    expect(read(sql, place(sql, {}, { goal: "goal-1" })).goal).toBe("goal-1");
  });

  it("counts for its source as an order and as a message, but not where it is denied", () => {
    const sql = openAccount();
    place(sql);
    place(sql, { quantity: "101" });
    expect(countsIn(sql)).toMatchObject({ orders: { day: 1 }, messages: { day: 1 } });
  });

  it("is held against the rules together with those before it", () => {
    const sql = openAccount();
    const policy = aPolicy({ max_orders_per_day: 1 });
    expect(place(sql, {}, { policy }).status).toBe("pending_new");
    expect(place(sql, {}, { policy })).toMatchObject({
      status: "denied",
      reason: { code: "max_orders_per_day_exceeded" },
    });
  });

  it("is a repetition of what its source has just ordered", () => {
    const sql = openAccount();
    const recent = new RecentOrders(openSqlStorage(), ACCOUNT, NOW_MS);
    const policy = aPolicy({ duplicate_order_window_sec: 60 });
    place(sql, {}, { policy, recent });
    expect(place(sql, {}, { policy, recent }).status).toBe("denied");
  });

  it("that is denied stays on the record, and nothing of it is sent", () => {
    const sql = openAccount();
    const order = place(sql, { quantity: "101" });
    expect(order).toMatchObject({ status: "denied", delivery: "none", reason: { code: "max_quantity_exceeded" } });
    expect(read(sql, order).dueAtMs).toBeNull();
    expect(typesOf(sql)).toEqual(["order.denied"]);
  });

  it("obeys the caps of the source that wanted it", () => {
    const sql = openAccount();
    const caps = { signals_per_min: 60, max_notional: decimalOf("1000") };
    const order = place(sql, {}, { sender: { revision: 1, origin: "hmac", caps, owner: null } });
    expect(order.reason).toEqual({ code: "source_max_notional_exceeded" });
  });

  it("obeys what the account asks a source to have proven", () => {
    const sender = { revision: 1, origin: "ip", caps: null, owner: null } as const;
    expect(place(openAccount(), {}, { sender }).status).toBe("denied");
    expect(place(openAccount(), {}, { sender, minimumOrigin: "ip" }).status).toBe("pending_new");
  });

  it("is an exit where it only takes off what is held, and then passes where trading is being reduced", () => {
    const sql = openAccount();
    adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS - 7_200_000);
    stopTrading(sql, "reducing");
    const exit = place(sql, { side: "sell" });
    expect(read(sql, exit)).toMatchObject({ order: { status: "pending_new" }, isExit: true });
    expect(place(sql, { side: "sell" }).status).toBe("denied");
    expect(findOrder(sql, exit.id)?.order.status).toBe("pending_new");
  });
});
