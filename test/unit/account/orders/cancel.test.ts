import { describe, expect, it } from "vitest";
import { cancelAll } from "../../../../src/account/orders/cancel-all.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { readDue } from "../../../../src/account/orders/orders.ts";
import { type Order, OrderStatus, isTerminal } from "../../../../src/domain/order.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { ACCOUNT, CALLER, at, idOf, journalOf, numbered, put, read, typesOf, workingUnits } from "../tables.ts";

const AT = new Date(NOW_MS).toISOString();
const byCaller = { ...at(), caller: CALLER };

const pending = anOrder();
const waiting = anOrder({ delivery: "waiting" });
const submitting = anOrder({ delivery: "submitting", attempts: 1 });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });

/** Cancels one order, an hour's wait away from its next look. */
function cancel(order: Order) {
  const sql = openSqlStorage();
  put(sql, order, { dueAtMs: NOW_MS + 60_000, looks: 6 });
  return { sql, canceled: cancelOrder(sql, order.id, byCaller) };
}

describe("an order that somebody wants canceled", () => {
  it.each([
    ["pending", pending],
    ["waiting", waiting],
  ])("ends at once where nobody has sent it (%s)", (_, order) => {
    const { sql, canceled } = cancel(order);
    expect(canceled).toMatchObject({
      ok: true,
      value: { status: "canceled", delivery: "none", cancel_requested_at: AT },
    });
    expect(read(sql, order).dueAtMs).toBeNull();
    expect(workingUnits(sql, "buy")).toBe("0");
    expect(typesOf(sql)).toEqual(["order.canceled"]);
  });

  it.each([
    ["on the wire", submitting, 30_000],
    ["of unknown outcome", unknown, 500],
    ["a person's to find out about", needsOperator, 500],
    ["live", live, 0],
  ])("keeps the wish where it is %s, counts as before, and is looked at soon", (_, order, dueInMs) => {
    const { sql, canceled } = cancel(order);
    expect(canceled).toEqual({ ok: true, value: { ...order, cancel_requested_at: AT, updated_at: AT } });
    expect(read(sql, order)).toMatchObject({ dueAtMs: NOW_MS + dueInMs, looks: 0 });
    expect(workingUnits(sql, "buy")).toBe("10");
    expect(typesOf(sql)).toEqual(["order.cancel_requested"]);
  });

  it("is the first to be taken care of at the broker", () => {
    const { sql } = cancel(live);
    expect(readDue(sql, "cancel", NOW_MS, 10)).toHaveLength(1);
  });

  it("is journalled with who wanted it", () => {
    expect(journalOf(cancel(live).sql)[0]).toMatchObject({
      actor: CALLER.actor,
      request_id: CALLER.requestId,
      client_ip: CALLER.clientIp,
      order_id: live.id,
    });
  });

  it("is the same order when it is wanted canceled again, and nothing is written", () => {
    const { sql, canceled } = cancel(live);
    expect(cancelOrder(sql, live.id, { ...byCaller, nowMs: NOW_MS + 5_000 })).toEqual(canceled);
    expect(typesOf(sql)).toHaveLength(1);
  });

  it("is the same order when it is canceled already", () => {
    const { sql, canceled } = cancel(pending);
    expect(cancelOrder(sql, pending.id, byCaller)).toEqual(canceled);
    expect(typesOf(sql)).toHaveLength(1);
  });

  it.each(OrderStatus.options.filter((status) => isTerminal(status) && status !== "canceled"))(
    "is refused where it is %s already",
    (status) => {
      const order = anOrder({ ...live, status });
      const { sql, canceled } = cancel(order);
      expect(canceled).toEqual({ ok: false, error: { reason: "order_ended", order } });
      expect(typesOf(sql)).toEqual([]);
    },
  );

  it("is refused where there is no such order", () => {
    expect(cancelOrder(openSqlStorage(), idOf(9), byCaller)).toEqual({ ok: false, error: { reason: "order_unknown" } });
  });
});

describe("canceling all that live", () => {
  it("ends what was not sent, wishes for the rest, and leaves what is over as it is", () => {
    const sql = openSqlStorage();
    const filled = anOrder({ ...live, status: "filled", filled_quantity: "10" });
    const orders = [pending, submitting, unknown, needsOperator, live].map((order, index) => numbered(order, index));
    for (const order of orders) put(sql, order);
    put(sql, numbered(filled, 9), { dueAtMs: null });
    const canceled = cancelAll(sql, ACCOUNT, undefined, byCaller);
    expect(canceled.map(({ id }) => id).toSorted()).toEqual(orders.map(({ id }) => id));
    expect(read(sql, numbered(pending, 0)).order.status).toBe("canceled");
    for (const order of orders.slice(1)) expect(read(sql, order).order.cancel_requested_at).toBe(AT);
    expect(read(sql, numbered(filled, 9)).order).toEqual(numbered(filled, 9));
  });

  it("is journalled once with who wanted it and for how many orders, before what becomes of each", () => {
    const sql = openSqlStorage();
    put(sql, numbered(live, 1));
    put(sql, numbered(pending, 2));
    cancelAll(sql, ACCOUNT, undefined, byCaller);
    const [first, ...rest] = journalOf(sql);
    expect(first).toMatchObject({
      type: "orders.cancel_requested",
      actor: CALLER.actor,
      request_id: CALLER.requestId,
      symbol: null,
      data: { orders: 2 },
    });
    expect(rest.map(({ type }) => type).toSorted()).toEqual(["order.cancel_requested", "order.canceled"]);
  });

  it("is journalled also where nothing lives", () => {
    const sql = openSqlStorage();
    expect(cancelAll(sql, ACCOUNT, undefined, byCaller)).toEqual([]);
    expect(typesOf(sql)).toEqual(["orders.cancel_requested"]);
  });

  it("in one symbol leaves the others alone", () => {
    const sql = openSqlStorage();
    const other = numbered(anOrder({ ...live, symbol: "MSFT" }), 2);
    put(sql, numbered(live, 1));
    put(sql, other);
    expect(cancelAll(sql, ACCOUNT, "AAPL", byCaller).map(({ id }) => id)).toEqual([idOf(1)]);
    expect(read(sql, other).order).toEqual(other);
    expect(journalOf(sql)[0]).toMatchObject({ symbol: "AAPL", data: { orders: 1 } });
  });

  it("cancels replacements before the orders they wait for, so that none of them is released", () => {
    const sql = openSqlStorage();
    const original = numbered(anOrder({ ...live, cancel_requested_at: AT, replaced_by: idOf(2) }), 1);
    const unsent = numbered(anOrder({ replaced_by: idOf(4) }), 3);
    const orders = [
      original,
      numbered(anOrder({ ...waiting, replaces: idOf(1) }), 2),
      unsent,
      numbered(anOrder({ ...waiting, replaces: idOf(3) }), 4),
    ];
    for (const order of orders) put(sql, order, { dueAtMs: NOW_MS + 60_000 });
    cancelAll(sql, ACCOUNT, undefined, byCaller);
    const ended = orders.map((order) => [read(sql, order).order.status, read(sql, order).order.delivery]);
    expect(ended).toEqual([
      ["new", "delivered"],
      ["canceled", "none"],
      ["canceled", "none"],
      ["canceled", "none"],
    ]);
    expect(typesOf(sql)).not.toContain("order.released");
    expect(read(sql, { id: idOf(4) }).dueAtMs).toBeNull();
  });

  it("names an order that was wanted canceled before among those that are, and leaves its wish", () => {
    const sql = openSqlStorage();
    const wanted = numbered(anOrder({ ...live, cancel_requested_at: "2026-01-15T14:00:00.000Z" }), 1);
    put(sql, wanted);
    expect(cancelAll(sql, ACCOUNT, undefined, byCaller)).toEqual([wanted]);
  });
});
