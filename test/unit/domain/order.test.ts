import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../src/domain/money.ts";
import {
  Delivery,
  OrderIntent,
  OrderStatus,
  intentOf,
  isAnswered,
  isLive,
  isTerminal,
  signOf,
} from "../../../src/domain/order.ts";
import { anIntent, anOrder } from "../../support/builders.ts";

describe("an intent", () => {
  it.each([
    ["quantity", { quantity: "1", notional: undefined }],
    ["notional", { quantity: undefined, notional: "1" }],
  ])("asks for a %s", (_, amount) => {
    expect(OrderIntent.safeParse({ ...anIntent(), ...amount }).success).toBe(true);
  });

  it.each([
    ["neither quantity nor notional", { quantity: undefined }],
    ["both quantity and notional", { notional: "1" }],
    ["a field that does not exist", { limit: "1" }],
    ["a symbol that none can be", { symbol: "AA PL" }],
    ["no account", { account: undefined }],
    ["no client order id", { client_order_id: undefined }],
  ])("is refused with %s", (_, fields) => {
    expect(OrderIntent.safeParse({ ...anIntent(), ...fields }).success).toBe(false);
  });
});

describe("a status", () => {
  it("after which nothing more is expected is one of seven", () => {
    expect(OrderStatus.options.filter(isTerminal)).toEqual([
      "denied",
      "shadowed",
      "filled",
      "canceled",
      "replaced",
      "rejected",
      "expired",
    ]);
  });

  it("lets the order trade on until then", () => {
    expect(OrderStatus.options.filter((status) => isLive({ status }) === isTerminal(status))).toEqual([]);
  });
});

describe("a caller who waits", () => {
  it("is answered unless an attempt is still to come or on the wire", () => {
    const open = Delivery.options.filter((delivery) => !isAnswered({ delivery }));
    expect(open).toEqual(["waiting", "pending", "submitting"]);
  });
});

describe("the sign of a quantity", () => {
  it.each([
    ["buy", "1.5", "1.5"],
    ["sell", "1.5", "-1.5"],
    ["buy", "0", "0"],
    ["sell", "0", "0"],
  ] as const)("to %s %s is %s", (side, quantity, signed) => {
    expect(signOf(side, decimalOf(quantity))).toBe(signed);
  });
});

describe("the intent of an order", () => {
  it.each([
    ["a limit order", anIntent()],
    ["an order by notional", anIntent({ type: "market", quantity: undefined, limit_price: undefined, notional: "5" })],
    ["a stop limit order", anIntent({ type: "stop_limit", side: "sell", stop_price: "180", time_in_force: "gtc" })],
  ])("is what was asked for: %s", (_, intent) => {
    const order = anOrder({ quantity: undefined, limit_price: undefined, ...intent });
    expect(intentOf(order)).toEqual(intent);
  });
});
