import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf, greaterThan, multiply } from "../../../../src/domain/money.ts";
import type { OrderIntent } from "../../../../src/domain/order.ts";
import { assess } from "../../../../src/domain/risk/assess.ts";
import { boundMarketOrder } from "../../../../src/domain/risk/bounded.ts";
import { previewOf } from "../../../../src/domain/risk/preview.ts";
import {
  aMarketIntent,
  aPolicy,
  aTrade,
  anInstrument,
  anIntent,
  NOW_MS,
  someFacts,
} from "../../../support/builders.ts";

const STOCK = anInstrument({ price_increment: null, lot_size: "0.000000001" });
const policy = aPolicy({ price_collar_percent: "2" });
const bound = (intent: OrderIntent, facts: Parameters<typeof someFacts>[0] = {}) =>
  boundMarketOrder(intent, policy, someFacts({ instrument: STOCK, ...facts }));

describe("a market order that opens a position, under a collar", () => {
  it.each([
    ["buy", "191.25"],
    ["sell", "183.75"],
  ] as const)("to %s is a limit order with the collar's room", (side, limit) => {
    const { intent, arithmetic } = bound(aMarketIntent({ side }));
    expect(intent).toEqual(anIntent({ side, limit_price: limit }));
    expect(arithmetic).toBe(`187.5 ${side === "buy" ? "+" : "-"} 2 % = ${limit} at worst`);
  });

  it("says where its price is no traded one", () => {
    const referencePrice = { ...aTrade("187.505", NOW_MS), of: "quote" as const };
    const { intent, arithmetic } = bound(aMarketIntent(), { referencePrice });
    expect(intent.limit_price).toBe("191.25");
    expect(arithmetic).toBe("187.505 between bid and ask + 2 % = 191.25 at worst");
  });

  it("is rounded inwards, so that it stays within the collar", () => {
    const facts = { referencePrice: aTrade("10.013", NOW_MS) };
    expect(bound(aMarketIntent(), facts).intent.limit_price).toBe("10.21");
    expect(bound(aMarketIntent({ side: "sell" }), facts).intent.limit_price).toBe("9.82");
  });

  it("for an amount of money is for what that buys at worst", () => {
    const facts = { instrument: anInstrument({ price_increment: null, lot_size: "1" }) };
    const { intent, arithmetic } = bound(aMarketIntent({ quantity: undefined, notional: "1000" }), facts);
    expect(intent).toEqual(anIntent({ quantity: "5", limit_price: "191.25" }));
    expect(arithmetic).toContain("1000 / 191.25 = 5, down to lots of 1");
  });

  it.each([
    ["49999.82", "17836.24", "0.349731498"],
    ["10000", "50999.999999999", "4.999999999"],
  ])("at %s for %s is not a step more, however near to it the quotient is", (price, notional, quantity) => {
    const facts = { referencePrice: aTrade(price, NOW_MS) };
    expect(bound(aMarketIntent({ quantity: undefined, notional }), facts).intent.quantity).toBe(quantity);
  });

  it("passes the collar, and is what is placed", () => {
    const decision = assess(aMarketIntent(), policy, someFacts({ instrument: STOCK }));
    expect(decision).toMatchObject({ outcome: "approved", intent: { type: "limit", limit_price: "191.25" } });
  });
});

describe("the type that an account may enter with", () => {
  const facts = someFacts({ instrument: STOCK, askedType: "market" });

  it.each<[readonly string[], string]>([
    [["market"], "approved"],
    [["limit"], "denied"],
  ])("is the one that is asked for, whatever the collar makes of it: %j", (types, outcome) => {
    const only = aPolicy({ price_collar_percent: "2", order_types: types });
    const decision = assess(aMarketIntent(), only, facts);
    expect(decision).toMatchObject({ outcome, intent: { type: "limit", limit_price: "191.25" } });
    expect(decision.verdicts).toContainEqual(expect.objectContaining({ rule: "order_type_allowed", input: "market" }));
    const { rules, ...preview } = previewOf(aMarketIntent(), { policy: only, overridden: [] }, facts);
    expect(preview).toMatchObject({ outcome, order: { type: "limit" } });
    expect(rules).toContainEqual(expect.objectContaining({ rule: "order_type_allowed", input: "market" }));
  });
});

describe("a market order stays one", () => {
  it.each<[string, OrderIntent, Parameters<typeof someFacts>[0]]>([
    ["where it closes a position", aMarketIntent({ side: "sell" }), { position: "10" }],
    ["where there is no price", aMarketIntent(), { referencePrice: undefined }],
    ["where its steps are not known", aMarketIntent(), { instrument: undefined }],
    [
      "where the amount buys less than a lot",
      aMarketIntent({ quantity: undefined, notional: "1" }),
      { instrument: anInstrument({ lot_size: "1" }) },
    ],
  ])("%s", (_, intent, facts) => {
    expect(bound(intent, facts).intent).toBe(intent);
  });

  it("without a collar", () => {
    expect(boundMarketOrder(aMarketIntent(), aPolicy(), someFacts({ instrument: STOCK })).intent).toEqual(
      aMarketIntent(),
    );
  });

  it("and is denied, if it opens a position and could not be bounded", () => {
    expect(assess(aMarketIntent(), policy, someFacts({ instrument: undefined }))).toMatchObject({ outcome: "denied" });
  });
});

it("never costs more than the amount, nor leaves the collar", () => {
  const money = fc.integer({ min: 1, max: 5_000_000 }).map((cents) => String(cents / 100));
  fc.assert(
    fc.property(money, money, fc.constantFrom("buy", "sell"), (price, notional, side) => {
      const facts = { referencePrice: aTrade(price, NOW_MS) };
      const { intent } = bound(aMarketIntent({ side, quantity: undefined, notional }), facts);
      const { quantity, limit_price: limit } = intent;
      if (quantity === undefined || limit === undefined) return;
      expect(greaterThan(multiply(quantity, limit), decimalOf(notional))).toBe(false);
      const decision = assess(
        intent,
        aPolicy({ price_collar_percent: "2", max_quantity: "off", max_notional: "off" }),
        someFacts({ instrument: STOCK, ...facts }),
      );
      expect(decision.verdicts.find(({ rule }) => rule === "price_collar")).toMatchObject({ passed: true });
    }),
  );
});

describe("a market order with a take profit within the collar", () => {
  it.each([
    ["buy", "190", "189.99"],
    ["sell", "185", "185.01"],
  ] as const)("to %s is bounded before it: there it would be closed at once", (side, limit_price, limit) => {
    const { intent, arithmetic } = bound(aMarketIntent({ side, take_profit: { limit_price } }));
    expect(intent).toEqual(anIntent({ side, limit_price: limit, take_profit: { limit_price } }));
    expect(arithmetic).toContain(`, ${limit} for the take profit at ${limit_price}`);
  });

  it("is a cent away from it also where prices have smaller steps", () => {
    const facts = { referencePrice: aTrade("0.5", NOW_MS) };
    expect(bound(aMarketIntent({ take_profit: { limit_price: "0.5151" } }), facts).intent.limit_price).toBe("0.5051");
  });

  it.each([
    ["beyond the collar", "195"],
    ["on the wrong side of the market, which the broker's rules refuse", "180"],
  ])("is bounded by the collar where that is %s", (_, limit_price) => {
    expect(bound(aMarketIntent({ take_profit: { limit_price } })).intent.limit_price).toBe("191.25");
  });
});
