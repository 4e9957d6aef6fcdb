import { describe, expect, it } from "vitest";
import { isHeldBack, lacksLegs, standingAlone, wayOutOf } from "../../../src/domain/bracket.ts";
import { OrderId, legIdOf } from "../../../src/domain/ids.ts";
import { decimalOf } from "../../../src/domain/money.ts";
import type { Order } from "../../../src/domain/order.ts";
import { anOrder } from "../../support/builders.ts";

const entry = anOrder({ status: "filled", delivery: "delivered", stop_loss: { stop_price: "180" } });
const legOf = (n: number, overrides: object = {}): Order =>
  anOrder({
    id: legIdOf(entry.id, n),
    client_order_id: `leg-${n}`,
    side: "sell",
    status: "new",
    delivery: "delivered",
    parent: entry.id,
    ...overrides,
  });
const profit = legOf(1, { limit_price: "200" });
const stop = legOf(2, { type: "stop", limit_price: undefined, stop_price: "180" });

describe("a leg", () => {
  it("is held back while the venue has it suspended, which of any other order is something else", () => {
    expect(isHeldBack({ ...stop, status: "suspended" })).toBe(true);
    expect(isHeldBack(stop)).toBe(false);
    expect(isHeldBack(anOrder({ status: "suspended" }))).toBe(false);
  });

  it("has an id of its own that sorts to where its order is, and is always the same", () => {
    const ids = [1, 2, 4_000].map((n) => legIdOf(entry.id, n));
    expect(new Set([...ids, entry.id]).size).toBe(4);
    for (const id of ids) {
      expect(OrderId.safeParse(id).success).toBe(true);
      expect(id.slice(0, 22)).toBe(entry.id.slice(0, 22));
    }
    expect(legIdOf(entry.id, 1)).toBe(ids[0]);
  });
});

describe("the way out of an order", () => {
  const filled = { ...entry, quantity: decimalOf("10"), filled_quantity: decimalOf("10") };
  const inPart = { ...filled, status: "partially_filled" as const, filled_quantity: decimalOf("8") };
  const suspended = { status: "suspended" } as const;
  const [heldProfit, heldStop] = [legOf(1, { ...profit, ...suspended }), legOf(2, { ...stop, ...suspended })];

  it("is the larger of two legs that both look live, and never both", () => {
    const rest = { ...stop, quantity: "4", filled_quantity: profit.filled_quantity };
    expect(wayOutOf(filled, [profit, legOf(2, rest)])).toEqual(profit);
    expect(wayOutOf(filled, [legOf(1, { ...profit, filled_quantity: "7" }), stop])).toEqual(stop);
  });

  it("is, of two for as many units, the leg that may trade at any price", () => {
    expect(wayOutOf(filled, [profit, stop])).toEqual(stop);
    expect(wayOutOf(filled, [stop, profit])).toEqual(stop);
  });

  it("is the leg that works, and one that is held back only where none works yet", () => {
    expect(wayOutOf(filled, [profit, heldStop])).toEqual(profit);
    expect(wayOutOf(filled, [heldProfit, heldStop])).toEqual(heldStop);
  });

  it("closes no more than has been filled, and nothing where nothing has", () => {
    expect(wayOutOf(inPart, [heldProfit])).toEqual({ ...heldProfit, quantity: "8" });
    expect(wayOutOf({ ...inPart, filled_quantity: decimalOf("0") }, [heldProfit, heldStop])).toBeUndefined();
    const canceled = { ...entry, status: "canceled" as const, filled_quantity: decimalOf("0") };
    expect(wayOutOf(canceled, [heldProfit])).toBeUndefined();
  });

  it("is at any price while nobody has told of the legs of an order that is filled", () => {
    const way = wayOutOf(filled, []);
    expect(way).toMatchObject({ side: "sell", type: "market", quantity: "10", filled_quantity: "0", parent: entry.id });
    expect(way).not.toHaveProperty("stop_loss");
    expect(wayOutOf(inPart, [])).toBeUndefined();
    expect(wayOutOf({ ...filled, legs: [stop.id] }, [])).toBeUndefined();
  });
});

describe("a live order stands for itself", () => {
  const order = { order: entry };
  const leg = { order: profit };
  const other = { order: anOrder({ id: legIdOf(entry.id, 9) }) };

  it("unless it is a leg whose order lives", () => {
    expect(standingAlone([order, leg, other])).toEqual([order, other]);
    expect(standingAlone([leg, other])).toEqual([leg, other]);
  });
});

describe("an order lacks its legs", () => {
  it.each<[string, Order, boolean]>([
    ["when it is filled and nobody has told of them", entry, true],
    ["not once they are known", { ...entry, legs: [stop.id] }, false],
    ["not before it is filled", { ...entry, status: "partially_filled" }, false],
    ["not when it was canceled", { ...entry, status: "canceled" }, false],
    ["not when it has none", anOrder({ status: "filled" }), false],
  ])("%s", (_, order, lacks) => {
    expect(lacksLegs(order)).toBe(lacks);
  });
});
