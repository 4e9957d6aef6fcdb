import { describe, expect, it } from "vitest";
import { catchUp } from "../../../../src/account/positions/executions.ts";
import { type OrderRow, readLive } from "../../../../src/account/orders/orders.ts";
import { adoptPosition, positionIn } from "../../../../src/account/positions/positions.ts";
import { mustRecord, postponeLook, recordEvent } from "../../../../src/account/orders/record.ts";
import { isTimerDue, nextTimerAtMs } from "../../../../src/account/timers.ts";
import type { VenueReport } from "../../../../src/domain/broker.ts";
import { purposeOf } from "../../../../src/domain/follow.ts";
import { legIdOf } from "../../../../src/domain/ids.ts";
import type { OrderEvent } from "../../../../src/domain/lifecycle.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import type { Settlement } from "../../../../src/domain/settlement.ts";
import { NOW_MS, aReport, anExecution, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { CALLER, at, idOf, journalOf, numbered, put, read, typesOf } from "../tables.ts";

const AT = new Date(NOW_MS).toISOString();
const MINUTE_MS = 60_000;
const pending = anOrder();
const submitting = anOrder({ delivery: "submitting", attempts: 1 });
const repeating = anOrder({ delivery: "submitting", outcome: "unknown", attempts: 2 });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const partly = anOrder({ ...live, status: "partially_filled", filled_quantity: "4", average_price: "187.2" });
const canceled = anOrder({ ...live, status: "canceled" });

const reportOf = (overrides: object = {}): OrderEvent => ({ type: "report", report: aReport(overrides) });
const fillOf = (filled: string, status = "partially_filled"): OrderEvent =>
  reportOf({ status, filled_quantity: filled, average_price: "187.2" });
const NOT_SENT: OrderEvent = { type: "not_sent", code: "rate_limited", retryAfterMs: 4_000 };
const ABSENT: OrderEvent = { type: "absent" };
const NOT_PLACED: Settlement = { outcome: "not_placed", without_broker: false, reason: "their support looked" };

const WISH: OrderEvent = { type: "cancel_requested", at: AT, replacedBy: null };
const CANCEL_SENT: OrderEvent = { type: "cancel_sent" };

const planOf = ({ order, looks, isExit }: OrderRow) => purposeOf(order, looks, isExit);

/** Records events one after the other, a minute apart, and returns what the last one led to. */
function recordAll(order: Order, events: readonly OrderEvent[], overrides: Partial<OrderRow> = {}) {
  const sql = openSqlStorage();
  put(sql, order, overrides);
  for (const [index, event] of events.entries()) {
    mustRecord(sql, read(sql, order), event, at(NOW_MS + index * MINUTE_MS));
  }
  return { sql, row: read(sql, order) };
}

describe("an event that is recorded", () => {
  it("changes the row, the position and the journal, and returns the row as it is stored", () => {
    const sql = openSqlStorage();
    const row = put(sql, submitting);
    const recorded = mustRecord(sql, row, fillOf("4"), at());
    expect(recorded).toEqual(read(sql, submitting));
    expect(recorded.order).toMatchObject({ delivery: "delivered", filled_quantity: "4", updated_at: AT });
    expect(positionIn(sql, "AAPL")).toBe("4");
    expect(journalOf(sql)).toMatchObject([
      {
        type: "order.partially_filled",
        time: AT,
        actor: { kind: "broker", id: "paper" },
        request_id: "request-1",
        order_id: submitting.id,
        symbol: "AAPL",
        data: { client_order_id: submitting.client_order_id, filled_quantity: "4", average_price: "187.2" },
      },
    ]);
  });

  it("counts each unit once, to the right side", () => {
    const { sql } = recordAll(anOrder({ ...live, side: "sell" }), [
      reportOf({ side: "sell", status: "partially_filled", filled_quantity: "4" }),
      reportOf({ side: "sell", status: "partially_filled", filled_quantity: "4" }),
      reportOf({ side: "sell", status: "partially_filled", filled_quantity: "3" }),
      reportOf({ side: "sell", status: "filled", filled_quantity: "10" }),
    ]);
    expect(positionIn(sql, "AAPL")).toBe("-10");
  });

  it("that is illegal changes nothing", () => {
    const sql = openSqlStorage();
    const row = put(sql, pending);
    expect(recordEvent(sql, row, ABSENT, at())).toEqual({
      ok: false,
      error: { event: "absent", delivery: "pending", status: "pending_new" },
    });
    expect(() => mustRecord(sql, row, ABSENT, at())).toThrow("refused absent");
    expect(read(sql, pending)).toEqual(row);
    expect(typesOf(sql)).toEqual([]);
  });

  it("that says nothing new is not journalled and leaves the time of the last change", () => {
    const { sql, row } = recordAll(live, [reportOf()], { looks: 2 });
    expect(row).toMatchObject({ order: live, looks: 3 });
    expect(typesOf(sql)).toEqual([]);
  });

  it.each<[string, Order, OrderEvent, string]>([
    ["the broker's, where it reports", live, fillOf("4"), "broker"],
    ["the broker's, where it rejects", submitting, { type: "rejected", code: "x", detail: "y" }, "broker"],
    ["the gateway's, where it sends", pending, { type: "submitting" }, "gateway"],
    ["the gateway's, where it does not know", submitting, { type: "unknown", code: "timeout" }, "gateway"],
  ])("is journalled as %s", (_, order, event, kind) => {
    expect(journalOf(recordAll(order, [event]).sql)[0]).toMatchObject({ actor: { kind, id: "paper" } });
  });

  it("is journalled as the caller's where somebody asked for it", () => {
    const sql = openSqlStorage();
    mustRecord(sql, put(sql, live), WISH, { ...at(), caller: CALLER });
    expect(journalOf(sql)[0]).toMatchObject({
      actor: CALLER.actor,
      request_id: CALLER.requestId,
      client_ip: CALLER.clientIp,
    });
  });

  it.each<[string, Order, OrderEvent, object]>([
    [
      "which order takes its place",
      live,
      { type: "cancel_requested", at: AT, replacedBy: idOf(2) },
      { replaced_by: idOf(2) },
    ],
    [
      "what was left to send",
      anOrder({ delivery: "waiting" }),
      { type: "released", quantity: decimalOf("6"), verdicts: [] },
      { quantity: "6", verdicts: [] },
    ],
    [
      "what the rules said",
      anOrder({ delivery: "waiting" }),
      { type: "denied", code: "x", verdicts: [] },
      { verdicts: [] },
    ],
    [
      "which trades were read",
      partly,
      { type: "executed", averagePrice: decimalOf("1"), executions: [{ id: 1 }] },
      { executions: [{ id: 1 }] },
    ],
  ])("tells %s", (_, order, event, details) => {
    expect(journalOf(recordAll(order, [event]).sql)[0]?.data).toMatchObject(details);
  });
});

describe("when an order is looked at next", () => {
  it.each<[string, Order, OrderEvent, number, number, number | null]>([
    ["soon after its attempt became unclear", submitting, { type: "unknown", code: "timeout" }, 9, 0, 500],
    ["soon after it was found", unknown, reportOf(), 7, 0, 250],
    ["later with every look that shows nothing new", live, reportOf(), 3, 4, 5_000],
    [
      "at once where it was found and somebody wants it canceled",
      anOrder({ ...unknown, cancel_requested_at: AT }),
      reportOf(),
      7,
      0,
      0,
    ],
    [
      "at once where it has waited for another",
      anOrder({ delivery: "waiting" }),
      { type: "released", quantity: decimalOf("6"), verdicts: [] },
      0,
      0,
      0,
    ],
    ["soon after its cancel left", anOrder({ ...live, cancel_requested_at: AT }), { type: "cancel_sent" }, 0, 1, 500],
    ["twice more after it was canceled", live, reportOf({ status: "canceled" }), 4, 0, 5_000],
    ["never again after it was filled", live, fillOf("10", "filled"), 4, 0, null],
    ["never again after it was rejected", submitting, { type: "rejected", code: "x", detail: "y" }, 0, 0, null],
    [
      "as before where only its trades were read",
      partly,
      { type: "executed", averagePrice: decimalOf("1"), executions: [] },
      3,
      3,
      2_000,
    ],
  ])("%s", (_, order, event, looks, thenLooks, inMs) => {
    const { row } = recordAll(order, [event], { looks });
    expect(row).toMatchObject({ looks: thenLooks, dueAtMs: inMs === null ? null : NOW_MS + inMs });
  });

  it.each([
    [0, 4_000],
    [0.999, 4_000],
  ])("is not before the broker's hint after it was turned away, with %d drawn", (random, inMs) => {
    const sql = openSqlStorage();
    const { dueAtMs } = mustRecord(sql, put(sql, submitting), NOT_SENT, at(NOW_MS, random));
    expect(dueAtMs).toBe(NOW_MS + inMs);
  });

  it("is drawn from a wider range after each time it was turned away", () => {
    const sql = openSqlStorage();
    const event: OrderEvent = { type: "not_sent", code: "rate_limited", retryAfterMs: null };
    const third = put(sql, numbered(anOrder({ ...submitting, attempts: 3 }), 3));
    expect(mustRecord(sql, third, event, at(NOW_MS, 0.75)).dueAtMs).toBe(NOW_MS + 6_000);
  });

  it.each([
    [0, 1_000],
    [2, 5_000],
    [5, 60_000],
    [6, 300_000],
  ])(
    "is later with every absence, whatever the looks that were not answered: after %d before, in %d ms",
    (absences, inMs) => {
      for (const looks of [absences, 40]) {
        const { row } = recordAll(unknown, [ABSENT], { absences, looks });
        expect(row).toMatchObject({ absences: absences + 1, dueAtMs: NOW_MS + inMs });
      }
    },
  );

  it("counts absences in a row, and anew after each attempt", () => {
    expect(recordAll(unknown, [ABSENT, ABSENT]).row.absences).toBe(2);
    expect(recordAll(unknown, [ABSENT, ABSENT, { type: "submitting" }]).row.absences).toBe(0);
    const again: OrderEvent[] = [ABSENT, { type: "submitting" }, { type: "unknown", code: "timeout" }, ABSENT];
    expect(recordAll(unknown, again).row.absences).toBe(1);
    expect(recordAll(unknown, [ABSENT, reportOf()]).row.absences).toBe(0);
  });

  it("keeps the absences where somebody comes to want it canceled", () => {
    expect(recordAll(unknown, [ABSENT, ABSENT, WISH]).row).toMatchObject({ absences: 2, looks: 0 });
    expect(recordAll(live, [ABSENT, ABSENT, WISH]).row).toMatchObject({ absences: 2, looks: 0 });
  });

  it("keeps the absences where the broker takes a cancel of what it does not show", () => {
    const events: OrderEvent[] = [WISH, CANCEL_SENT, ABSENT, CANCEL_SENT, ABSENT, CANCEL_SENT];
    expect(recordAll(live, events).row.absences).toBe(2);
    expect(recordAll(live, [...events, reportOf()]).row.absences).toBe(0);
  });

  it("is where the order was due for its cancel, after a report of a look from before somebody wanted that", () => {
    const { row } = recordAll(live, [WISH, reportOf()], { looks: 6 });
    expect(row).toMatchObject({ looks: 0, dueAtMs: NOW_MS + MINUTE_MS });
    expect(planOf(row)).toBe("cancel");
  });

  it.each<[string, Order, OrderEvent]>([
    ["says that the order has moved", live, fillOf("4")],
    ["tells of one more partial fill", partly, fillOf("5")],
    ["does not find the order", live, ABSENT],
  ])("is for its cancel also where such a look %s", (_, order, event) => {
    const { row } = recordAll(order, [WISH, event], { looks: 6 });
    expect(row).toMatchObject({ looks: 0, dueAtMs: NOW_MS + MINUTE_MS });
    expect(planOf(row)).toBe("cancel");
  });

  it("counts a report of a look that came between two cancels", () => {
    expect(recordAll(live, [WISH, CANCEL_SENT, reportOf()]).row).toMatchObject({ looks: 2 });
  });

  it("is put off where a look told nothing, and not before the broker's hint", () => {
    const sql = openSqlStorage();
    postponeLook(sql, put(sql, live, { looks: 1 }), NOW_MS);
    expect(read(sql, live)).toMatchObject({ looks: 2, dueAtMs: NOW_MS + 1_000 });
    postponeLook(sql, read(sql, live), NOW_MS, NOW_MS + 7_000);
    expect(read(sql, live)).toMatchObject({ looks: 3, dueAtMs: NOW_MS + 7_000 });
  });

  it("is put off as after two looks where a cancel is to be repeated without one between", () => {
    const sql = openSqlStorage();
    const wanted = anOrder({ ...live, cancel_requested_at: AT });
    postponeLook(sql, put(sql, wanted), NOW_MS, 0, 2);
    expect(read(sql, wanted)).toMatchObject({ looks: 2, dueAtMs: NOW_MS + 1_000 });
    expect(planOf(read(sql, wanted))).toBe("cancel");
  });
});

describe("a fill in a symbol whose position was taken over from the broker", () => {
  it("has the positions compared at once, because it may be in what was taken over", () => {
    const sql = openSqlStorage();
    const row = put(sql, live);
    adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS);
    mustRecord(sql, row, reportOf({ status: "filled", filled_quantity: "10", average_price: "187" }), at());
    expect(isTimerDue(sql, "reconcile", NOW_MS)).toBe(true);
  });

  it("does not, an hour later", () => {
    const sql = openSqlStorage();
    const row = put(sql, live);
    adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS - 3_600_001);
    mustRecord(sql, row, reportOf({ status: "filled", filled_quantity: "10", average_price: "187" }), at());
    expect(isTimerDue(sql, "reconcile", NOW_MS)).toBe(false);
  });
});

describe("an order that was canceled", () => {
  const nothingNew = reportOf({ status: "canceled" });

  /** What is due after looks at these times, each of which told nothing new. */
  function dueAfter(...looksAfterMs: readonly number[]) {
    const sql = openSqlStorage();
    put(sql, canceled, { dueAtMs: NOW_MS + 5_000 });
    for (const afterMs of looksAfterMs) mustRecord(sql, read(sql, canceled), nothingNew, at(NOW_MS + afterMs));
    return read(sql, canceled).dueAtMs;
  }

  it("is looked at five seconds and a minute later, for a fill that is told late", () => {
    expect(dueAfter(5_000)).toBe(NOW_MS + 60_000);
    expect(dueAfter(5_000, 60_000)).toBeNull();
  });

  it("is looked at then also where it was looked at before: a market moved, or a list was on its way", () => {
    expect(dueAfter(1_000, 2_000, 3_000, 4_000)).toBe(NOW_MS + 5_000);
    expect(dueAfter(1_000, 5_000, 6_000, 30_000, 59_000)).toBe(NOW_MS + 60_000);
  });

  it("is looked at again after a late fill", () => {
    const sql = openSqlStorage();
    put(sql, canceled, { dueAtMs: NOW_MS + 60_000 });
    const late = reportOf({ status: "canceled", filled_quantity: "1", average_price: "187" });
    expect(mustRecord(sql, read(sql, canceled), late, at(NOW_MS + 60_000)).dueAtMs).toBe(NOW_MS + 65_000);
  });

  it.each([
    [5_000, 60_000],
    [60_000, 120_000],
    [86_399_999, 86_459_999],
    [86_400_000, null],
  ])("is looked at until a look is answered, for a day: not answered after %d ms, at %s ms", (afterMs, thenMs) => {
    const sql = openSqlStorage();
    postponeLook(sql, put(sql, canceled), NOW_MS + afterMs);
    expect(read(sql, canceled).dueAtMs).toBe(thenMs === null ? null : NOW_MS + thenMs);
  });
});

describe("an order that a person has said was not placed", () => {
  const settled = () => recordAll(unknown, [{ type: "settled", settlement: NOT_PLACED }]);

  it("is looked at five seconds and a minute later, because the broker may know better", () => {
    const { sql, row } = settled();
    expect(row.dueAtMs).toBe(NOW_MS + 5_000);
    postponeLook(sql, row, NOW_MS + 5_000);
    expect(read(sql, unknown).dueAtMs).toBe(NOW_MS + 60_000);
    postponeLook(sql, read(sql, unknown), NOW_MS + 60_000);
    expect(read(sql, unknown).dueAtMs).toBeNull();
  });

  it("is what the broker then reports: its fill counts, and its trades are read", () => {
    const { sql, row } = settled();
    const found = mustRecord(sql, row, fillOf("10", "filled"), at(NOW_MS + 5_000));
    expect(found.order).toMatchObject({ status: "filled", delivery: "delivered", filled_quantity: "10", reason: null });
    expect(found.executionsSinceMs).toBe(NOW_MS - MINUTE_MS);
    expect(positionIn(sql, "AAPL")).toBe("10");
    expect(typesOf(sql)).toEqual(["order.settled", "order.filled"]);
  });

  it.each([
    ["rests", { status: "new" }],
    ["trades", { status: "partially_filled", filled_quantity: "4", average_price: "187.2" }],
  ] as const)("is followed again where the broker then says that it %s there", (_, fields) => {
    const { sql, row } = settled();
    const found = mustRecord(sql, row, reportOf(fields), at(NOW_MS + 5_000));
    expect(found).toMatchObject({
      order: { delivery: "delivered", status: fields.status, reason: null },
      looks: 0,
      dueAtMs: NOW_MS + 5_250,
    });
    expect(readLive(sql)).toEqual([found.order]);
  });
});

describe("an attempt that did not arrive", () => {
  const wanted = { cancel_requested_at: AT };

  it("of an order that somebody came to want canceled ends it", () => {
    const { row, sql } = recordAll(anOrder({ ...submitting, ...wanted }), [NOT_SENT]);
    expect(row.order).toMatchObject({ status: "canceled", delivery: "none" });
    expect(typesOf(sql)).toEqual(["order.not_sent"]);
  });

  it("of such an order leaves nothing to look for", () => {
    expect(recordAll(anOrder({ ...submitting, ...wanted }), [NOT_SENT]).row.dueAtMs).toBeNull();
  });

  it("does not end it while an earlier attempt may have arrived", () => {
    const { row } = recordAll(anOrder({ ...repeating, ...wanted }), [NOT_SENT]);
    expect(row.order).toMatchObject({ status: "pending_new", delivery: "unknown", outcome: "unknown" });
    expect(row.dueAtMs).not.toBeNull();
  });
});

describe("the order that waits for one that has ended", () => {
  const replacement = numbered(anOrder({ delivery: "waiting", replaces: live.id }), 2);
  const replaced = (order: Order) => anOrder({ ...order, cancel_requested_at: AT, replaced_by: replacement.id });
  const LATER_MS = NOW_MS + 300_000;

  function dueOfReplacement(order: Order, event: OrderEvent) {
    const sql = openSqlStorage();
    put(sql, replacement, { dueAtMs: LATER_MS });
    mustRecord(sql, put(sql, replaced(order)), event, at());
    return read(sql, replacement).dueAtMs;
  }

  it.each<[string, Order, OrderEvent]>([
    ["canceled", live, reportOf({ status: "canceled" })],
    ["filled", live, fillOf("10", "filled")],
    ["expired", live, reportOf({ status: "expired" })],
    ["rejected", submitting, { type: "rejected", code: "x", detail: "y" }],
    ["canceled because its attempt never arrived", submitting, NOT_SENT],
    ["settled by an operator", unknown, { type: "settled", settlement: NOT_PLACED }],
  ])("is due at once: %s", (_, order, event) => {
    expect(dueOfReplacement(order, event)).toBe(0);
  });

  it.each([
    ["live", { delivery: "delivered", status: "new", venue_order_id: "venue-2" }],
    [
      "canceled, and due once more for a late fill",
      { delivery: "delivered", status: "canceled", venue_order_id: "venue-2" },
    ],
    ["pending after it was turned away", { delivery: "pending", attempts: 1 }],
  ])("waits no more when that one fills late: what is %s is due when it was", (_, state) => {
    const sql = openSqlStorage();
    const released = {
      ...anOrder({ replaces: live.id, ...state }),
      id: replacement.id,
      client_order_id: replacement.client_order_id,
    };
    put(sql, released, { dueAtMs: LATER_MS });
    mustRecord(sql, put(sql, replaced(canceled)), reportOf({ status: "canceled", filled_quantity: "1" }), at());
    expect(read(sql, released).dueAtMs).toBe(LATER_MS);
  });

  it.each<[string, Order, OrderEvent]>([
    ["partly filled", live, fillOf("4")],
    ["being canceled", live, reportOf({ status: "pending_cancel" })],
    ["of unknown outcome", submitting, { type: "unknown", code: "timeout" }],
    ["a person's to find out about", unknown, { type: "needs_operator", code: "x" }],
  ])("waits on while that one is %s", (_, order, event) => {
    expect(dueOfReplacement(order, event)).toBe(LATER_MS);
  });
});

describe("the trades behind a fill", () => {
  it("are to be read half a second later, from a minute before the order was made", () => {
    const { sql, row } = recordAll(live, [fillOf("4")]);
    expect(row.executionsSinceMs).toBe(NOW_MS - MINUTE_MS);
    expect(nextTimerAtMs(sql)).toBe(NOW_MS + 500);
    expect(isTimerDue(sql, "executions", NOW_MS + 500)).toBe(true);
  });

  it("are to be read from the first fill on, whatever is filled meanwhile", () => {
    expect(recordAll(live, [fillOf("4"), fillOf("10", "filled")]).row.executionsSinceMs).toBe(NOW_MS - MINUTE_MS);
  });

  it("are to be read from a minute before the last one that was, once all before were", () => {
    const { sql, row } = recordAll(live, [fillOf("4")]);
    const tradedAtMs = NOW_MS + 10 * MINUTE_MS;
    catchUp(sql, row.order, [
      anExecution({ execution_id: "a", quantity: "1", executed_at_ms: tradedAtMs - 5 }),
      anExecution({ execution_id: "b", quantity: "3", executed_at_ms: tradedAtMs }),
    ]);
    const executed: OrderEvent = { type: "executed", averagePrice: decimalOf("187"), executions: [] };
    const allRead = mustRecord(sql, row, executed, at(tradedAtMs));
    expect(allRead.executionsSinceMs).toBeNull();
    const again = mustRecord(sql, allRead, fillOf("10", "filled"), at(tradedAtMs + 5 * MINUTE_MS));
    expect(again.executionsSinceMs).toBe(tradedAtMs - MINUTE_MS);
  });

  it("are none where nothing was filled, or a report says nothing new", () => {
    const { sql, row } = recordAll(live, [reportOf({ status: "canceled" }), reportOf({ status: "canceled" })]);
    expect([row.executionsSinceMs, nextTimerAtMs(sql)]).toEqual([null, null]);
  });

  it.each<[string, Order, readonly OrderEvent[]]>([
    ["the broker did not show the order", unknown, [ABSENT, ABSENT, ABSENT]],
    ["the attempt was repeated", unknown, [ABSENT, { type: "submitting" }, { type: "unknown", code: "duplicate" }]],
    ["it was left to a person", unknown, [ABSENT, { type: "needs_operator", code: "x" }]],
  ])("may be older than whatever was written of the order meanwhile: %s", (_, order, meanwhile) => {
    // Placed and filled at the start; nobody has seen it with fewer fills since.
    const { row } = recordAll(order, [...meanwhile, fillOf("10", "filled")]);
    expect(row.executionsSinceMs).toBeLessThanOrEqual(NOW_MS);
  });

  it("may be older than a wish to cancel, where the broker had not answered before it", () => {
    const sql = openSqlStorage();
    put(sql, live);
    const wishedAtMs = NOW_MS + 10 * MINUTE_MS;
    const wish: OrderEvent = { type: "cancel_requested", at: new Date(wishedAtMs).toISOString(), replacedBy: null };
    mustRecord(sql, read(sql, live), wish, at(wishedAtMs));
    const row = mustRecord(sql, read(sql, live), fillOf("10", "filled"), at(wishedAtMs + 1_000));
    expect(row.executionsSinceMs).toBeLessThanOrEqual(NOW_MS);
  });
});

describe("a report that tells of legs", () => {
  const entry = anOrder({ ...live, stop_loss: { stop_price: "180" } });
  const stopOf = (overrides: object = {}) =>
    aReport({
      venue_order_id: "venue-2",
      client_order_id: "leg-1",
      side: "sell",
      type: "stop",
      limit_price: null,
      stop_price: "180",
      status: "suspended",
      ...overrides,
    });
  const told = (...legs: readonly VenueReport[]): OrderEvent => ({ type: "report", report: { ...aReport(), legs } });

  it("adds each of them once, and says what is new of it after that", () => {
    const { sql, row } = recordAll(entry, [told(stopOf()), told(stopOf()), told(stopOf({ status: "new" }))]);
    expect(row.order.legs).toEqual([legIdOf(entry.id, 1)]);
    const leg = read(sql, { id: legIdOf(entry.id, 1) });
    expect(leg.order).toMatchObject({ status: "new", parent: entry.id, venue_order_id: "venue-2" });
    expect(typesOf(sql)).toEqual(["order.leg_added", "order.updated"]);
  });

  it("counts what a leg has filled before anybody knew of it", () => {
    const filled = stopOf({ status: "filled", filled_quantity: "10", average_price: "179" });
    const { sql } = recordAll(entry, [told(filled)]);
    expect(positionIn(sql, "AAPL")).toBe("-10");
    expect(read(sql, { id: legIdOf(entry.id, 1) })).toMatchObject({ order: { status: "filled" }, dueAtMs: null });
  });

  it("does not take an order of somebody else's for one of them", () => {
    const sql = openSqlStorage();
    const other = put(sql, numbered(anOrder({ ...live, client_order_id: "leg-1" }), 7)).order;
    put(sql, entry);
    const leg = stopOf({ client_order_id: other.client_order_id, status: "canceled" });
    mustRecord(sql, read(sql, entry), told(leg), at());
    expect(read(sql, entry).order.legs).toBeUndefined();
    expect(read(sql, other).order).toEqual(other);
  });

  it("adds the one that has taken the place of another, which is asked for while nobody has told of it", () => {
    const { sql } = recordAll(entry, [
      { type: "report", report: { ...aReport({ status: "filled", filled_quantity: "10" }), legs: [stopOf()] } },
    ]);
    expect(read(sql, entry).dueAtMs).toBeNull();
    const leg = read(sql, { id: legIdOf(entry.id, 1) });
    mustRecord(sql, leg, { type: "report", report: stopOf({ status: "replaced" }) }, at());
    expect(read(sql, leg.order).dueAtMs).toBe(NOW_MS + 250);
    const successor = stopOf({ client_order_id: "leg-2", venue_order_id: "venue-3", status: "new" });
    const report = { ...aReport({ status: "filled", filled_quantity: "10" }), legs: [successor] };
    mustRecord(sql, read(sql, entry), { type: "report", report }, at());
    expect(read(sql, entry).order.legs).toEqual([1, 2].map((n) => legIdOf(entry.id, n)));
    expect(readLive(sql)).toMatchObject([{ client_order_id: "leg-2", parent: entry.id }]);
    expect(read(sql, leg.order)).toMatchObject({ order: { replaced_by: legIdOf(entry.id, 2) }, dueAtMs: null });
  });

  it.each([[[1, 2, 3]], [[3, 2, 1]]])(
    "knows what has taken the place of one that was moved twice, told as %j",
    (order) => {
      const legs = [
        stopOf({ status: "replaced" }),
        stopOf({ client_order_id: "leg-2", venue_order_id: "venue-3", status: "replaced" }),
        stopOf({ client_order_id: "leg-3", venue_order_id: "venue-4" }),
      ];
      const { sql } = recordAll(entry, [told(...order.map((n) => legs[n - 1] ?? stopOf()))]);
      const [working] = readLive(sql).filter(({ parent }) => parent !== undefined);
      expect(working).toMatchObject({ client_order_id: "leg-3" });
      for (const n of [1, 2, 3].map((index) => legIdOf(entry.id, index)).filter((id) => id !== working?.id)) {
        expect(read(sql, { id: n })).toMatchObject({ order: { replaced_by: working?.id }, dueAtMs: null });
      }
    },
  );

  it("knows which has taken whose place also where that one was told first", () => {
    const both = [stopOf(), stopOf({ client_order_id: "leg-2", venue_order_id: "venue-3" })];
    const { sql } = recordAll(entry, [told(...both)]);
    const leg = read(sql, { id: legIdOf(entry.id, 1) });
    mustRecord(sql, leg, { type: "report", report: stopOf({ status: "replaced" }) }, at());
    expect(read(sql, leg.order)).toMatchObject({ order: { replaced_by: legIdOf(entry.id, 2) }, dueAtMs: null });
  });
});
