import { describe, expect, it } from "vitest";
import { isSameOrder, isThatOrder } from "../../../src/domain/broker.ts";
import { aReport, anIntent, anOrder } from "../../support/builders.ts";

describe("a venue's order", () => {
  it("is ours when every term of it is", () => {
    expect(isSameOrder(anIntent(), aReport())).toBe(true);
  });

  it.each([
    { client_order_id: "sp-other" },
    { symbol: "MSFT" },
    { side: "sell" as const },
    { type: "market" as const, limit_price: null },
    { type: "stop_limit" as const },
    { quantity: "11" },
    { quantity: null, notional: "10" },
    { limit_price: "187.26" },
    { limit_price: null },
    { stop_price: "187" },
  ])("is another one with %j", (change) => {
    expect(isSameOrder(anIntent(), aReport(change))).toBe(false);
  });

  it("may have the quantity that was made of our notional, and no other notional", () => {
    const intent = anIntent({ type: "market", limit_price: undefined, quantity: undefined, notional: "1000" });
    const report = { type: "market" as const, limit_price: null, quantity: "5.333", notional: "1000" };
    expect(isSameOrder(intent, aReport(report))).toBe(true);
    expect(isSameOrder(intent, aReport({ ...report, quantity: null }))).toBe(true);
    expect(isSameOrder(intent, aReport({ ...report, notional: "1001" }))).toBe(false);
  });
});

describe("a stop to buy", () => {
  const intent = anIntent({ type: "stop", limit_price: undefined, stop_price: "190" });
  const capped = { type: "stop_limit" as const, stop_price: "190", limit_price: "194.75" };

  it("is ours as it is", () => {
    expect(isSameOrder(intent, aReport({ type: "stop", stop_price: "190", limit_price: null }))).toBe(true);
  });

  it.each(["194.75", "197.6", "190"])("is ours with the limit %s that the venue gave it", (limit_price) => {
    expect(isSameOrder(intent, aReport({ ...capped, limit_price }))).toBe(true);
  });

  it.each([
    { stop_price: "190.01" },
    { limit_price: null },
    { type: "stop" as const },
    { type: "limit" as const },
    { quantity: "11" },
    { side: "sell" as const },
    { symbol: "MSFT" },
    { client_order_id: "sp-other" },
  ])("is another order when it has a limit and %j", (change) => {
    expect(isSameOrder(intent, aReport({ ...capped, ...change }))).toBe(false);
  });
});

describe("an order with legs", () => {
  const profit = { venue_order_id: "venue-2", client_order_id: "theirs-2", side: "sell" as const, limit_price: "200" };
  const stop = {
    venue_order_id: "venue-3",
    client_order_id: "theirs-3",
    side: "sell" as const,
    type: "stop" as const,
    limit_price: null,
    stop_price: "180",
  };
  const bracket = anIntent({ take_profit: { limit_price: "200" }, stop_loss: { stop_price: "180" } });
  const withLegs = (...legs: Parameters<typeof aReport>[0][]) => aReport({ legs: legs.map((leg) => aReport(leg)) });

  it("is ours with the legs that were asked for, in any order", () => {
    expect(isSameOrder(bracket, withLegs(profit, stop))).toBe(true);
    expect(isSameOrder(bracket, withLegs(stop, profit))).toBe(true);
    expect(isSameOrder(anIntent({ take_profit: { limit_price: "200" } }), withLegs(profit))).toBe(true);
    expect(isSameOrder(anIntent({ stop_loss: { stop_price: "180" } }), withLegs(stop))).toBe(true);
  });

  it("is ours as long as the venue does not say which legs it has", () => {
    expect(isSameOrder(bracket, aReport())).toBe(true);
    expect(isSameOrder(anIntent(), aReport())).toBe(true);
  });

  it("is another one when the venue says that it has none, or has some that nobody asked for", () => {
    expect(isSameOrder(bracket, aReport({ legs: [] }))).toBe(false);
    expect(isSameOrder(anIntent(), aReport({ legs: [] }))).toBe(true);
    expect(isSameOrder(anIntent(), withLegs(stop))).toBe(false);
  });

  it("is another one when a leg is missing or there is one too many", () => {
    expect(isSameOrder(bracket, withLegs(profit))).toBe(false);
    expect(isSameOrder(anIntent({ stop_loss: { stop_price: "180" } }), withLegs(profit, stop))).toBe(false);
  });

  it("is ours with fewer units in a leg than it has, for what the other one closed, and with a leg in place of another", () => {
    const replaced = { ...stop, status: "replaced" as const };
    const rest = { ...stop, venue_order_id: "venue-4", quantity: "6" };
    expect(isSameOrder(bracket, withLegs(profit, replaced, rest))).toBe(true);
  });

  it.each([
    [{ quantity: "11" }, {}],
    [{ quantity: null }, {}],
    [{ side: "buy" as const }, {}],
    [{ symbol: "MSFT" }, {}],
    [{ limit_price: "200.01" }, {}],
    [{ stop_price: "190" }, {}],
    [{}, { stop_price: "180.01" }],
    [{}, { type: "stop_limit" as const, limit_price: "179" }],
    [{}, { side: "buy" as const }],
  ])("is another one when the take profit has %j and the stop loss %j", (ofProfit, ofStop) => {
    expect(isSameOrder(bracket, withLegs({ ...profit, ...ofProfit }, { ...stop, ...ofStop }))).toBe(false);
  });

  it("has a stop limit for a stop loss with a limit, and no other limit", () => {
    const intent = anIntent({ stop_loss: { stop_price: "180", limit_price: "179" } });
    const capped = { ...stop, type: "stop_limit" as const, limit_price: "179" };
    expect(isSameOrder(intent, withLegs(capped))).toBe(true);
    expect(isSameOrder(intent, withLegs({ ...capped, limit_price: "178" }))).toBe(false);
    expect(isSameOrder(intent, withLegs(stop))).toBe(false);
  });

  it("may get a limit from the venue for the stop loss of a sale, which buys", () => {
    const sale = anIntent({ side: "sell", stop_loss: { stop_price: "195" } });
    const capped = {
      ...stop,
      side: "buy" as const,
      type: "stop_limit" as const,
      stop_price: "195",
      limit_price: "199.87",
    };
    const report = { ...withLegs(capped), side: "sell" as const };
    expect(isSameOrder(sale, report)).toBe(true);
  });
});

describe("no other order", () => {
  it.each([
    ["a stop to sell", { type: "stop", side: "sell", limit_price: undefined, stop_price: "180" }],
    ["a market order", { type: "market", limit_price: undefined }],
    ["a stop limit with another limit", { type: "stop_limit", stop_price: "180", limit_price: "181" }],
  ])("may get a limit from the venue: %s", (_, terms) => {
    const intent = anIntent(terms);
    const report = aReport({
      side: intent.side,
      type: "stop_limit",
      stop_price: intent.stop_price ?? null,
      limit_price: "187.25",
    });
    expect(isSameOrder(intent, report)).toBe(false);
  });
});

describe("what a venue shows under the name of a leg is that leg", () => {
  const leg = anOrder({
    side: "sell",
    type: "stop",
    limit_price: undefined,
    stop_price: "180",
    parent: "paper_019bc224-4100-7abc-8def-0123456789aa",
  });
  const told = { side: "sell", type: "stop", limit_price: null, stop_price: "180" } as const;

  it.each(["10", "4", "12"])("also for %s units: the other one closes some", (quantity) => {
    expect(isThatOrder(leg, aReport({ ...told, quantity }))).toBe(true);
  });

  it.each<[string, Parameters<typeof aReport>[0]]>([
    ["another name", { client_order_id: "another" }],
    ["another symbol", { symbol: "MSFT" }],
    ["the other side", { side: "buy" }],
    ["another type", { type: "stop_limit", limit_price: "179" }],
    ["another price", { stop_price: "181" }],
    ["no units", { quantity: null }],
  ])("but not with %s", (_, change) => {
    expect(isThatOrder(leg, aReport({ ...told, ...change }))).toBe(false);
  });

  it("while an order that is no leg is for what was asked for", () => {
    expect(isThatOrder(anOrder(), aReport())).toBe(true);
    expect(isThatOrder(anOrder(), aReport({ quantity: "4" }))).toBe(false);
  });
});
