import { describe, expect, it } from "vitest";
import {
  describeShortEnd,
  describeStatus,
  describeTerms,
  formatOrder,
  formatOrders,
  shortTime,
} from "../../../src/cli/order-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { OrderView } from "../../../src/cli/views.ts";
import { legIdOf } from "../../../src/domain/ids.ts";
import { anOrder } from "../../support/builders.ts";

const view = (overrides: Parameters<typeof anOrder>[0] = {}) => OrderView.parse(anOrder(overrides));

const PARENT = "paper_019bc224-4100-7abc-8def-0123456789aa";

describe("an order's terms", () => {
  it.each([
    [{}, "buy 10 AAPL limit 187.25 day"],
    [{ type: "market", limit_price: undefined, side: "sell" }, "sell 10 AAPL market day"],
    [{ type: "market", limit_price: undefined, quantity: undefined, notional: "250" }, "buy AAPL for 250 market day"],
    [{ type: "stop", limit_price: undefined, stop_price: "180" }, "buy 10 AAPL stop 180 day"],
    [{ type: "stop_limit", stop_price: "180", time_in_force: "gtc" }, "buy 10 AAPL stop 180 limit 187.25 gtc"],
    [{ extended_hours: true }, "buy 10 AAPL limit 187.25 day extended hours"],
    [
      { take_profit: { limit_price: "200" }, stop_loss: { stop_price: "180" } },
      "buy 10 AAPL limit 187.25 day tp 200 sl 180",
    ],
    [{ stop_loss: { stop_price: "180", limit_price: "179" } }, "buy 10 AAPL limit 187.25 day sl 180 limit 179"],
    [{ side: "sell", parent: PARENT }, "sell 10 AAPL limit 187.25 day (take profit)"],
    [
      { side: "sell", parent: PARENT, type: "stop_limit", stop_price: "180" },
      "sell 10 AAPL stop 180 limit 187.25 day (stop loss)",
    ],
  ])("%j", (overrides, words) => {
    expect(describeTerms(view(overrides))).toBe(words);
  });
});

describe("an order's status", () => {
  it.each([
    [
      { status: "filled", delivery: "delivered" },
      { text: "filled", tone: "good" },
    ],
    [
      { status: "denied", delivery: "none" },
      { text: "denied", tone: "bad" },
    ],
    [{ status: "new", delivery: "delivered" }, "new"],
    [
      { status: "pending_new", delivery: "unknown" },
      { text: "pending_new, unknown", tone: "doubtful" },
    ],
    [
      { status: "pending_new", delivery: "needs_operator" },
      { text: "pending_new, needs_operator", tone: "doubtful" },
    ],
    [
      { status: "new", delivery: "delivered", outcome: "unknown" },
      { text: "new, outcome unknown", tone: "doubtful" },
    ],
    [{ status: "pending_new", delivery: "waiting" }, "pending_new, waiting"],
    [{ status: "new", delivery: "delivered", cancel_requested_at: "2026-01-15T14:30:00.000Z" }, "new, cancel wanted"],
  ])("%j says what keeps anybody from relying on it", (overrides, cell) => {
    expect(describeStatus(view(overrides))).toEqual(cell);
  });
});

describe("an order", () => {
  it.each([
    ["last trade 40 s old", "last trade 40 s old"],
    ["last trade 98164096.7 s old", "last trade 98164096 s (1136 d) old"],
    ["100 s older", "100 s older"],
  ])("shows an age that can be read: %s", (input, shown) => {
    const verdicts = [{ rule: "reference_price_age", passed: false, input, limit: "900", reason: "reference_stale" }];
    expect(formatOrder(view({ verdicts }), plain)).toContain(` ${shown} `);
  });

  it("is shown with its reason and every rule's verdict", () => {
    const verdicts = [{ rule: "max_quantity", passed: false, input: "10", limit: null, reason: "limit_not_set" }];
    const order = view({ status: "denied", reason: { code: "denied", detail: "max_quantity" }, verdicts });
    const text = formatOrder(order, plain);
    expect(text).toContain(order.id);
    expect(text).toMatch(/^reason +denied: max_quantity$/m);
    expect(text).toMatch(/^max_quantity +FAIL +10 +not set +limit_not_set$/m);
  });

  it("is shown with how its terms came about, whose it is, and what belongs to it", () => {
    const hold = { expires_at: "2026-01-15T14:45:00.000Z", price: "187.5", owner: "bob", decided: null };
    const legs = [legIdOf(anOrder().id, 1), legIdOf(anOrder().id, 2)];
    const text = formatOrder(view({ arithmetic: "10 units; 193 + 2 % = 196.86 at worst", hold, legs }), plain);
    expect(text).toMatch(/^worked out +10 units; 193 \+ 2 % = 196\.86 at worst$/m);
    expect(text).toMatch(/^owner +bob$/m);
    expect(text).toMatch(new RegExp(`^legs +${legs.join(", ")}$`, "m"));
    expect(formatOrder(view({ parent: PARENT }), plain)).toMatch(new RegExp(`^leg of +${PARENT}$`, "m"));
  });

  it.each([
    [{ status: "filled", filled_quantity: "10" }, undefined],
    [{ status: "new" }, undefined],
    [{ status: "canceled", filled_quantity: "4" }, "canceled, 4 filled"],
    [{ status: "canceled", replaced_by: PARENT }, `canceled, replaced by ${PARENT}`],
    [{ status: "denied", reason: { code: "declined", detail: "no" } }, "denied: declined"],
    [{ status: "shadowed" }, "shadowed"],
  ])("is said to have ended short where it has: %j", (overrides, words) => {
    expect(describeShortEnd(view(overrides))).toBe(words);
  });

  it("is one line in a list, and no orders are said to be none", () => {
    expect(formatOrders([view({}), view({})], plain).split("\n")).toHaveLength(3);
    expect(formatOrders([], plain)).toBe("No orders.");
  });
});

describe("a time in a list", () => {
  it("is without fractions", () => {
    expect(shortTime("2026-01-15T14:30:00.123Z")).toBe("2026-01-15T14:30:00Z");
    expect(shortTime("2026-01-15T14:30:00Z")).toBe("2026-01-15T14:30:00Z");
  });
});
