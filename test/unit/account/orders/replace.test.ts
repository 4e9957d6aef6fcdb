import { describe, expect, it } from "vitest";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { readDue } from "../../../../src/account/orders/orders.ts";
import { addToPosition } from "../../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import {
  type ReplaceArgs,
  type Replacement,
  releaseOrder,
  replaceOrder,
} from "../../../../src/account/orders/replace.ts";
import type { OrderId } from "../../../../src/domain/ids.ts";
import type { OrderEvent } from "../../../../src/domain/lifecycle.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order, OrderType } from "../../../../src/domain/order.ts";
import { OrderChange } from "../../../../src/domain/signal/change.ts";
import { NOW_MS, aPolicy, aReport, anOrder } from "../../../support/builders.ts";
import {
  CALLER,
  aSignal,
  at,
  decidingWith,
  idOf,
  journalOf,
  newId,
  numbered,
  openAccount,
  put,
  read,
  typesOf,
  workingUnits,
  stopTrading,
} from "../tables.ts";

const APPROVAL_MS = 300_000;
const AT = new Date(NOW_MS).toISOString();
const live = numbered(
  anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1, time_in_force: "gtc" }),
  1,
);
const partly = { ...live, status: "partially_filled", filled_quantity: decimalOf("4") } as const satisfies Order;

const { order: _order, proof: _proof, ...SENDER } = aSignal({ requestId: "replace-1" });

type Asked = Partial<Omit<Replacement, "change">> & {
  change?: object;
  with?: Partial<Omit<ReplaceArgs, "replacement">>;
};

/** Asks for another limit in the place of order 1, by order 2. */
function replace(sql: SqlStorage, { change = { limit_price: "186" }, with: context = {}, ...replacement }: Asked = {}) {
  return replaceOrder(sql, {
    ...decidingWith(),
    ...at(),
    newId: () => newId(2),
    ...context,
    replacement: {
      ...SENDER,
      actor: CALLER.actor,
      original: live.id,
      change: OrderChange.parse(change),
      ...replacement,
    },
  });
}

function open(order: Order = live) {
  const sql = openAccount();
  put(sql, order, { dueAtMs: NOW_MS + 15_000, looks: 5 });
  return sql;
}

/** Something happens to the order that is replaced. */
const happen = (sql: SqlStorage, event: OrderEvent) => mustRecord(sql, read(sql, live), event, at());
const canceledAt = (filled: string): OrderEvent => ({
  type: "report",
  report: aReport({
    client_order_id: live.client_order_id,
    status: "canceled",
    filled_quantity: filled,
    average_price: filled === "0" ? null : "187",
  }),
});

/** The order that waited is looked at, as the follower does when it is due. */
function release(sql: SqlStorage, id: OrderId = idOf(2), context: Partial<ReplaceArgs> = {}): Order {
  releaseOrder(sql, id, { ...decidingWith(), ...at(), ...context });
  return read(sql, { id }).order;
}

describe("an order in the place of another one", () => {
  it("waits for the end of that one, which is wanted canceled, and the two know each other", () => {
    const sql = open();
    const replaced = replace(sql);
    expect(replaced).toMatchObject({
      ok: true,
      value: {
        duplicate: false,
        order: {
          id: idOf(2),
          status: "pending_new",
          delivery: "waiting",
          replaces: live.id,
          limit_price: "186",
          quantity: "10",
        },
      },
    });
    expect(read(sql, live).order).toMatchObject({ cancel_requested_at: AT, replaced_by: idOf(2), status: "new" });
    expect(readDue(sql, "cancel", NOW_MS, 10).map(({ order }) => order.id)).toEqual([live.id]);
    expect(readDue(sql, "send", NOW_MS + APPROVAL_MS - 1, 10)).toEqual([]);
  });

  it("reserves no second time what that one still may fill", () => {
    const sql = open();
    replace(sql, { change: { quantity: "25" } });
    expect(workingUnits(sql, "buy")).toBe("10");
  });

  it("is journalled with who wanted it, and so is the wish", () => {
    const sql = open();
    replace(sql);
    expect(typesOf(sql, { id: idOf(2) })).toEqual(["signal.accepted", "order.approved"]);
    expect(typesOf(sql, live)).toEqual(["order.cancel_requested"]);
    expect(journalOf(sql).at(-1)).toMatchObject({
      actor: CALLER.actor,
      request_id: "replace-1",
      data: { replaced_by: idOf(2) },
    });
    expect(journalOf(sql)[1]?.data).toMatchObject({ replaces: live.id });
  });

  it("takes the place at once of one that nobody has sent", () => {
    const sql = open(numbered(anOrder(), 1));
    replace(sql);
    expect(read(sql, live).order).toMatchObject({ status: "canceled", delivery: "none" });
    expect(read(sql, { id: idOf(2) }).dueAtMs).toBe(0);
    expect(release(sql)).toMatchObject({ delivery: "pending", quantity: "10" });
  });

  it.each([
    ["on the wire", { delivery: "submitting", attempts: 1, venue_order_id: null }],
    ["of unknown outcome", { delivery: "unknown", outcome: "unknown", attempts: 1, venue_order_id: null }],
  ])("may wait for one that is %s", (_, state) => {
    const sql = open(anOrder({ ...live, ...state }));
    expect(replace(sql)).toMatchObject({ ok: true, value: { order: { delivery: "waiting" } } });
  });

  it("that closes a position is not in the way of itself", () => {
    const sql = open({ ...live, side: "sell" });
    addToPosition(sql, "AAPL", decimalOf("10"));
    stopTrading(sql, "reducing");
    expect(replace(sql)).toMatchObject({ ok: true, value: { order: { delivery: "waiting" } } });
  });
});

describe("a replacement is not made", () => {
  it("where the rules deny it: then the old order stays as it is, and nobody wants it canceled", () => {
    const sql = open();
    const replaced = replace(sql, { change: { quantity: "101" } });
    expect(replaced).toMatchObject({
      ok: true,
      value: { order: { status: "denied", delivery: "none", reason: { code: "max_quantity_exceeded" } } },
    });
    expect(read(sql, live)).toMatchObject({ order: live, dueAtMs: NOW_MS + 15_000, looks: 5 });
    expect(typesOf(sql, live)).toEqual([]);
  });

  it("but measured by what would be left to send", () => {
    const sql = open(partly);
    expect(replace(sql, { change: { quantity: "104" } })).toMatchObject({ value: { order: { delivery: "waiting" } } });
    const other = open(partly);
    expect(replace(other, { change: { quantity: "104.000000001" } })).toMatchObject({
      value: { order: { status: "denied" } },
    });
  });

  it.each([
    ["filled", { ...live, status: "filled", filled_quantity: decimalOf("10") }],
    ["canceled", { ...live, status: "canceled" }],
    ["denied", { ...live, status: "denied", delivery: "none" }],
    ["wanted canceled already", { ...live, cancel_requested_at: AT }],
    ["one with a stop loss", { ...live, stop_loss: { stop_price: decimalOf("180") } }],
    ["a leg", { ...live, parent: idOf(9) }],
  ] as const)("where the order is %s", (_, order) => {
    const sql = open(order);
    expect(replace(sql)).toEqual({ ok: false, error: { reason: "not_replaceable", order } });
    expect(typesOf(sql)).toEqual([]);
  });

  it("where another one takes its place already", () => {
    const sql = open();
    replace(sql);
    const second = replace(sql, {
      requestId: "replace-2",
      with: { newId: () => newId(3) },
      change: { limit_price: "185" },
    });
    expect(second).toMatchObject({ ok: false, error: { reason: "not_replaceable", order: { id: live.id } } });
    expect(read(sql, live).order.replaced_by).toBe(idOf(2));
  });

  it.each([
    ["all that is wanted is filled already", partly, { quantity: "4" }, "/quantity"],
    ["less is wanted than is filled", partly, { quantity: "3" }, "/quantity"],
    ["a stop is given to a limit order", live, { stop_price: "180" }, "/stop_price"],
  ])("where %s", (_, order, change, pointer) => {
    const sql = open(order);
    expect(replace(sql, { change })).toMatchObject({
      ok: false,
      error: { reason: "invalid_change", errors: [{ pointer }] },
    });
    expect(read(sql, live).order).toEqual(order);
  });

  it("where there is no such order", () => {
    expect(replace(openAccount())).toEqual({ ok: false, error: { reason: "order_unknown" } });
  });
});

describe("the same replacement again", () => {
  const named = { change: { limit_price: "186", client_order_id: "mine-2" }, idempotencyKey: "key-2" };
  const again = { ...named, requestId: "replace-2", with: { newId: () => newId(3) } };

  it("is the same order as it now stands, and is journalled as a duplicate", () => {
    const sql = open();
    replace(sql, named);
    happen(sql, canceledAt("0"));
    const released = release(sql);
    expect(replace(sql, again)).toEqual({ ok: true, value: { order: released, duplicate: true } });
    expect(typesOf(sql).at(-1)).toBe("signal.duplicate");
  });

  it("by the same request, whose answer got lost, is no duplicate and not journalled", () => {
    const sql = open();
    const first = replace(sql, named);
    const count = typesOf(sql).length;
    expect(replace(sql, { ...named, with: { newId: () => newId(3) } })).toEqual(first);
    expect(typesOf(sql)).toHaveLength(count);
  });

  it.each([
    ["by its client order id", { ...again, idempotencyKey: null }],
    ["by its key", { ...again, change: { limit_price: "186" } }],
  ])("is known %s, and conflicts where its content is another", (_, replacement) => {
    const sql = open();
    replace(sql, named);
    const other = { ...replacement, change: { ...replacement.change, limit_price: "185" } };
    expect(replace(sql, other)).toEqual({ ok: false, error: { reason: "idempotency_conflict", orderId: idOf(2) } });
    expect(typesOf(sql).at(-1)).toBe("signal.conflict");
  });

  it("conflicts where it is of another order", () => {
    const sql = open();
    const other = numbered(live, 5);
    put(sql, other);
    replace(sql, named);
    expect(replace(sql, { ...again, original: other.id })).toMatchObject({
      ok: false,
      error: { reason: "idempotency_conflict" },
    });
    expect(read(sql, other).order.cancel_requested_at).toBeNull();
  });

  it("conflicts with an order that has the name already", () => {
    const sql = open();
    put(sql, numbered(anOrder({ delivery: "none", status: "denied" }), 9));
    const taken = { change: { limit_price: "186", client_order_id: "order-9" } };
    expect(replace(sql, taken)).toEqual({ ok: false, error: { reason: "idempotency_conflict", orderId: idOf(9) } });
    expect(read(sql, live).order.cancel_requested_at).toBeNull();
  });
});

describe("when the order that was waited for has ended", () => {
  /** Order 2, for 12 in all at 186, waits for order 1. */
  function waiting(order: Order = live, change: object = { quantity: "12", limit_price: "186" }) {
    const sql = open(order);
    expect(replace(sql, { change })).toMatchObject({ ok: true, value: { order: { delivery: "waiting" } } });
    return sql;
  }

  it.each([
    ["nothing", "0", "12"],
    ["a part", "4", "8"],
    ["all of its own", "9.5", "2.5"],
  ])("the other is sent for the rest: it had filled %s (%s of 10)", (_, filled, rest) => {
    const sql = waiting();
    happen(sql, canceledAt(filled));
    expect(read(sql, { id: idOf(2) }).dueAtMs).toBe(0);
    expect(release(sql)).toMatchObject({ delivery: "pending", status: "pending_new", quantity: rest, attempts: 0 });
    expect(workingUnits(sql, "buy")).toBe(rest);
    expect(typesOf(sql, { id: idOf(2) }).at(-1)).toBe("order.released");
  });

  it("the other lapses where nothing is left to send", () => {
    const sql = waiting(live, { quantity: "5", limit_price: "186" });
    happen(sql, canceledAt("5"));
    expect(release(sql)).toMatchObject({
      status: "expired",
      delivery: "none",
      reason: { code: "replaced_order_filled" },
    });
  });

  it.each<[string, OrderEvent, string]>([
    [
      "filled",
      {
        type: "report",
        report: aReport({ client_order_id: "order-1", status: "filled", filled_quantity: "10", average_price: "187" }),
      },
      "replaced_order_filled",
    ],
    [
      "expired",
      { type: "report", report: aReport({ client_order_id: "order-1", status: "expired" }) },
      "replaced_order_expired",
    ],
    [
      "rejected",
      { type: "report", report: aReport({ client_order_id: "order-1", status: "rejected" }) },
      "replaced_order_rejected",
    ],
  ])("by itself, the other lapses: it was %s", (_, event, code) => {
    const sql = waiting();
    happen(sql, event);
    expect(release(sql)).toMatchObject({ status: "expired", delivery: "none", reason: { code } });
    expect(read(sql, { id: idOf(2) }).dueAtMs).toBeNull();
  });

  it("the other lapses where its approval ended first", () => {
    const sql = waiting();
    happen(sql, canceledAt("0"));
    expect(release(sql, idOf(2), { nowMs: NOW_MS + APPROVAL_MS })).toMatchObject({
      status: "expired",
      reason: { code: "approval_lapsed" },
    });
  });

  it("the rules look at the other once more, at what is left of it", () => {
    const sql = waiting();
    happen(sql, canceledAt("4"));
    const denied = release(sql, idOf(2), { policy: aPolicy({ max_quantity: "7" }) });
    expect(denied).toMatchObject({ status: "denied", delivery: "none", reason: { code: "max_quantity_exceeded" } });
    expect(denied.verdicts.find(({ rule }) => rule === "max_quantity")).toMatchObject({
      passed: false,
      input: "8",
      limit: "7",
    });
    expect(typesOf(sql, denied).at(-1)).toBe("order.denied");
  });

  it.each<[OrderType, string]>([
    ["market", "pending"],
    ["limit", "none"],
  ])(
    "the other is judged by its type before the collar gave it a price: only %s orders are let in",
    (type, delivery) => {
      const exit: Order = { ...live, side: "sell", type: "market", limit_price: undefined };
      const collared = { ...aPolicy(), price_collar_percent: decimalOf("2") };
      const sql = open(exit);
      addToPosition(sql, "AAPL", decimalOf("10"));
      // For more than is held it is an entry, which is bounded.
      const replaced = replace(sql, { change: { quantity: "15" }, with: { policy: collared } });
      expect(replaced).toMatchObject({ ok: true, value: { order: { type: "limit", limit_price: "183.75" } } });
      happen(sql, canceledAt("0"));
      expect(release(sql, idOf(2), { policy: { ...collared, order_types: [type] } })).toMatchObject({ delivery });
    },
  );

  it("the other keeps the verdicts of that second look", () => {
    const sql = waiting();
    happen(sql, canceledAt("4"));
    expect(release(sql).verdicts.find(({ rule }) => rule === "max_quantity")).toMatchObject({
      passed: true,
      input: "8",
    });
  });

  it("the other is left alone where somebody has canceled it meanwhile", () => {
    const sql = waiting();
    cancelOrder(sql, idOf(2), at());
    happen(sql, canceledAt("0"));
    expect(release(sql)).toMatchObject({ status: "canceled", delivery: "none" });
    expect(typesOf(sql, { id: idOf(2) }).at(-1)).toBe("order.canceled");
  });

  it("and only then: before that it is a mistake", () => {
    const sql = waiting();
    expect(() => release(sql)).toThrow("before the one it waits for had ended");
  });

  it("the other is sent once, however often it is looked at", () => {
    const sql = waiting();
    happen(sql, canceledAt("4"));
    const released = release(sql);
    expect(release(sql)).toEqual(released);
    expect(typesOf(sql).filter((type) => type === "order.released")).toHaveLength(1);
  });
});

describe("an order that waits and is to be replaced itself", () => {
  /** Order 1 has filled 4 of 10 and lives; order 2, for 12 in all, waits for it; order 3 is wanted for 15 in all. */
  function chained(between: (sql: SqlStorage) => void = () => undefined) {
    const sql = open(partly);
    replace(sql, { change: { quantity: "12" } });
    between(sql);
    const second = {
      original: idOf(2),
      change: { quantity: "15" },
      requestId: "replace-2",
      with: { newId: () => newId(3) },
    };
    return { sql, replaced: replace(sql, second) };
  }
  const order = (sql: SqlStorage, index: number) => read(sql, { id: idOf(index) }).order;

  it("gives its place, and the third waits for the first, which is the one at the broker", () => {
    const { sql, replaced } = chained();
    expect(replaced).toMatchObject({ ok: true, value: { order: { delivery: "waiting", replaces: idOf(1) } } });
    expect(order(sql, 2)).toMatchObject({ status: "canceled", delivery: "none", replaced_by: idOf(3) });
    expect(order(sql, 1)).toMatchObject({ status: "partially_filled", replaced_by: idOf(3), cancel_requested_at: AT });
    expect(() => release(sql, idOf(3))).toThrow("before the one it waits for had ended");
  });

  it("is never sent, and the third goes for what the first has left of it", () => {
    const { sql } = chained();
    happen(sql, canceledAt("6"));
    expect(release(sql, idOf(3))).toMatchObject({ delivery: "pending", quantity: "9" });
    expect(release(sql, idOf(2))).toMatchObject({ status: "canceled", delivery: "none" });
  });

  it("gives its place also where the first has ended just before", () => {
    const { sql } = chained((tables) => happen(tables, canceledAt("6")));
    expect(read(sql, { id: idOf(3) }).dueAtMs).toBe(0);
    expect(release(sql, idOf(3))).toMatchObject({ delivery: "pending", quantity: "9" });
  });

  it("stays where the rules deny the third", () => {
    const sql = open(partly);
    replace(sql, { change: { quantity: "12" } });
    const second = {
      original: idOf(2),
      change: { quantity: "500" },
      requestId: "replace-2",
      with: { newId: () => newId(3) },
    };
    expect(replace(sql, second)).toMatchObject({ ok: true, value: { order: { status: "denied" } } });
    expect(order(sql, 2)).toMatchObject({ delivery: "waiting", cancel_requested_at: null });
    expect(order(sql, 1).replaced_by).toBe(idOf(2));
  });
});
