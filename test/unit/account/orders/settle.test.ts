import { describe, expect, it } from "vitest";
import { isUnsettled, settleOrder } from "../../../../src/account/orders/settle.ts";
import { nextTimerAtMs } from "../../../../src/account/timers.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { Delivery, type Order } from "../../../../src/domain/order.ts";
import { Settlement } from "../../../../src/domain/settlement.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { CALLER, at, idOf, journalOf, put, read, typesOf, workingUnits } from "../tables.ts";

const byCaller = { ...at(), caller: CALLER };
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });

const notPlaced = Settlement.parse({ outcome: "not_placed", reason: "their support looked" });
const placed = (overrides: object = {}) =>
  Settlement.parse({
    outcome: "placed",
    status: "canceled",
    filled_quantity: "4",
    average_price: "187.2",
    reason: "on the statement",
    ...overrides,
  });

function settle(order: Order, settlement: Settlement) {
  const sql = openSqlStorage();
  put(sql, order, { dueAtMs: NOW_MS + 300_000, looks: 30, absences: 7 });
  return { sql, settled: settleOrder(sql, order.id, settlement, byCaller) };
}

describe("an order that a person has found out about", () => {
  it.each([unknown, needsOperator])(
    "was never placed: it is canceled and frees what it reserved ($delivery)",
    (order) => {
      const { sql, settled } = settle(order, notPlaced);
      expect(settled).toMatchObject({
        ok: true,
        value: {
          status: "canceled",
          delivery: "none",
          outcome: "known",
          reason: { code: "settled_by_operator", detail: "their support looked" },
        },
      });
      expect(workingUnits(sql, "buy")).toBe("0");
      expect(positionIn(sql, "AAPL")).toBe("0");
    },
  );

  it.each([unknown, needsOperator])("was placed: what it filled is in the position ($delivery)", (order) => {
    const { sql, settled } = settle(order, placed({ venue_order_id: "venue-9" }));
    expect(settled).toMatchObject({
      ok: true,
      value: {
        status: "canceled",
        delivery: "delivered",
        outcome: "known",
        venue_order_id: "venue-9",
        filled_quantity: "4",
        average_price: "187.2",
      },
    });
    expect(positionIn(sql, "AAPL")).toBe("4");
    expect(workingUnits(sql, "buy")).toBe("0");
  });

  it("was sold elsewhere: the position is less", () => {
    const { sql } = settle(anOrder({ ...unknown, side: "sell" }), placed({ status: "filled", filled_quantity: "10" }));
    expect(positionIn(sql, "AAPL")).toBe("-10");
  });

  it("was never placed, and is looked at once more soon: the broker may know better", () => {
    expect(read(settle(unknown, notPlaced).sql, unknown).dueAtMs).toBe(NOW_MS + 5_000);
  });

  it("was placed and filled, and is not looked at any more", () => {
    const { sql } = settle(unknown, placed({ status: "filled", filled_quantity: "10" }));
    expect(read(sql, unknown).dueAtMs).toBeNull();
  });

  it("has no trades in any list of ours, and none are looked for", () => {
    const { sql } = settle(unknown, placed());
    expect(read(sql, unknown).executionsSinceMs).toBeNull();
    expect(nextTimerAtMs(sql)).toBeNull();
  });

  it("is journalled with who said what", () => {
    const { sql } = settle(needsOperator, placed());
    expect(journalOf(sql)).toMatchObject([
      {
        type: "order.settled",
        actor: CALLER.actor,
        request_id: CALLER.requestId,
        client_ip: CALLER.clientIp,
        data: {
          settlement: { outcome: "placed", status: "canceled", filled_quantity: "4", reason: "on the statement" },
        },
      },
    ]);
  });
});

describe("a person's word is refused", () => {
  it.each([
    ["live", live],
    ["pending", anOrder()],
    ["on the wire", anOrder({ delivery: "submitting", attempts: 1 })],
    ["waiting", anOrder({ delivery: "waiting" })],
    ["denied", anOrder({ delivery: "none", status: "denied" })],
    ["filled", anOrder({ ...live, status: "filled", filled_quantity: "10" })],
  ])("about an order that somebody knows about: it is %s", (_, order) => {
    const { sql, settled } = settle(order, notPlaced);
    expect(settled).toEqual({ ok: false, error: { reason: "order_known", order } });
    expect(typesOf(sql)).toEqual([]);
  });

  it("a second time", () => {
    const { sql } = settle(unknown, notPlaced);
    expect(settleOrder(sql, unknown.id, placed(), byCaller)).toMatchObject({
      ok: false,
      error: { reason: "order_known" },
    });
  });

  it("where it cannot be true, and it says which field", () => {
    const { sql, settled } = settle(unknown, placed({ status: "filled" }));
    expect(settled).toMatchObject({
      ok: false,
      error: { reason: "invalid_settlement", errors: [{ pointer: "/filled_quantity" }] },
    });
    expect(read(sql, unknown).order).toEqual(unknown);
  });

  it("about no order", () => {
    expect(settleOrder(openSqlStorage(), idOf(1), notPlaced, byCaller)).toEqual({
      ok: false,
      error: { reason: "order_unknown" },
    });
  });

  it("in every delivery but two", () => {
    expect(Delivery.options.filter((delivery) => isUnsettled({ delivery }))).toEqual(["unknown", "needs_operator"]);
  });
});
