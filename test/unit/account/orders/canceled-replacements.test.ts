// Whoever wants an order canceled wants nothing in its place.
import { describe, expect, it } from "vitest";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { readDue } from "../../../../src/account/orders/orders.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { releaseOrder, replaceOrder } from "../../../../src/account/orders/replace.ts";
import type { OrderId } from "../../../../src/domain/ids.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { OrderChange } from "../../../../src/domain/signal/change.ts";
import { NOW_MS, aReport, anOrder } from "../../../support/builders.ts";
import { CALLER, aSignal, at, decidingWith, newId, numbered, openAccount, put, read, typesOf } from "../tables.ts";

const AT = new Date(NOW_MS).toISOString();
const old = numbered(anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 }), 1);
const byCaller = { ...at(), caller: CALLER };

/** Puts order `index` in the place of another one. */
function replace(sql: SqlStorage, original: OrderId, index: number): Order {
  const { order: _, proof: __, ...sender } = aSignal({ requestId: `replace-${index}` });
  const replacement = { ...sender, original, change: OrderChange.parse({ quantity: "20" }) };
  const replaced = replaceOrder(sql, { ...decidingWith(), ...at(), replacement, newId: () => newId(index) });
  if (!replaced.ok) throw new Error(replaced.error.reason);
  return replaced.value.order;
}

/** Order 1, and order 2 that waits for its end. */
function replacing() {
  const sql = openAccount();
  put(sql, old);
  return { sql, replacement: replace(sql, old.id, 2) };
}

/** The broker says how order 1 stands. */
const report = (sql: SqlStorage, fields: object) =>
  mustRecord(sql, read(sql, old), { type: "report", report: aReport({ client_order_id: "order-1", ...fields }) }, at());

const release = (sql: SqlStorage, { id }: Pick<Order, "id">) => releaseOrder(sql, id, { ...decidingWith(), ...at() });

describe("a cancel of an order that is being replaced", () => {
  it("leaves nothing that will be sent in its place", () => {
    const { sql, replacement } = replacing();
    expect(cancelOrder(sql, old.id, byCaller).ok).toBe(true);
    expect(read(sql, replacement).order).toMatchObject({ status: "canceled", delivery: "none", attempts: 0 });
  });

  it("does so also when that order has just ended, and what waits for it is about to be released", () => {
    const { sql, replacement } = replacing();
    report(sql, { status: "canceled" });
    expect(read(sql, replacement).order.delivery).toBe("waiting");
    expect(cancelOrder(sql, old.id, byCaller)).toMatchObject({ ok: true, value: { id: old.id, status: "canceled" } });
    expect(read(sql, replacement).order).toMatchObject({ status: "canceled", delivery: "none" });
  });

  it("does so also when that one was released, and has not been sent", () => {
    const { sql, replacement } = replacing();
    report(sql, { status: "canceled" });
    release(sql, replacement);
    expect(read(sql, replacement).order.delivery).toBe("pending");
    cancelOrder(sql, old.id, byCaller);
    expect(read(sql, replacement).order).toMatchObject({ status: "canceled", delivery: "none", attempts: 0 });
  });

  it("has its replacement canceled at the broker where that lives there", () => {
    const { sql, replacement } = replacing();
    report(sql, { status: "canceled" });
    release(sql, replacement);
    mustRecord(sql, read(sql, replacement), { type: "submitting" }, at());
    const placed = aReport({ client_order_id: replacement.client_order_id, venue_order_id: "venue-2", quantity: "20" });
    mustRecord(sql, read(sql, replacement), { type: "report", report: placed }, at());
    cancelOrder(sql, old.id, byCaller);
    expect(read(sql, replacement).order).toMatchObject({ status: "new", cancel_requested_at: AT });
    expect(readDue(sql, "cancel", NOW_MS, 10).map(({ order }) => order.id)).toEqual([replacement.id]);
  });

  it("reaches through all that took each other's place", () => {
    const { sql, replacement } = replacing();
    const last = replace(sql, replacement.id, 3);
    expect(read(sql, replacement).order).toMatchObject({ status: "canceled", replaced_by: last.id });
    report(sql, { status: "canceled" });
    release(sql, last);
    expect(cancelOrder(sql, replacement.id, byCaller)).toMatchObject({ ok: true, value: { status: "canceled" } });
    expect(read(sql, last).order).toMatchObject({ status: "canceled", delivery: "none" });
  });

  it("leaves what has ended as it is, and writes nothing the second time", () => {
    const { sql } = replacing();
    cancelOrder(sql, old.id, byCaller);
    const before = typesOf(sql);
    cancelOrder(sql, old.id, byCaller);
    expect(typesOf(sql)).toEqual(before);
  });

  it("is refused where that order was filled, and nothing is left in its place all the same", () => {
    const { sql, replacement } = replacing();
    report(sql, { status: "filled", filled_quantity: "10", average_price: "187" });
    expect(cancelOrder(sql, old.id, byCaller)).toMatchObject({ ok: false, error: { reason: "order_ended" } });
    expect(read(sql, replacement).order).toMatchObject({ status: "canceled", delivery: "none" });
  });
});
