import { describe, expect, it } from "vitest";
import { isHeldBack, lacksLegs, standingAlone, tradable } from "../../../src/domain/bracket.ts";
import { OrderId, legIdOf } from "../../../src/domain/ids.ts";
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

describe("orders that can trade beside one another", () => {
  it("are all that stand alone, and one leg of each order", () => {
    const other = legOf(3, { parent: legIdOf(entry.id, 9) });
    const alone = [anOrder(), anOrder({ client_order_id: "alone-2" })];
    expect(tradable([...alone, profit, other])).toEqual([...alone, profit, other]);
  });

  it("are the larger of two legs that both look live, and never both", () => {
    const rest = { ...stop, quantity: profit.quantity, filled_quantity: profit.filled_quantity };
    expect(tradable([profit, legOf(2, { ...rest, quantity: "4" })])).toEqual([profit]);
    expect(tradable([legOf(1, { ...profit, filled_quantity: "7" }), stop])).toEqual([stop]);
  });

  it("are, of two for as many units, the leg that may trade at any price", () => {
    expect(tradable([profit, stop])).toEqual([stop]);
    expect(tradable([stop, profit])).toEqual([stop]);
  });

  it("are no leg that is held back", () => {
    expect(tradable([profit, { ...stop, status: "suspended" as const }])).toEqual([profit]);
    expect(tradable([{ ...profit, status: "suspended" as const }])).toEqual([]);
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
