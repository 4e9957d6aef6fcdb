import { describe, expect, it } from "vitest";
import { isSameOrder } from "../../../src/domain/broker.ts";
import { aReport, anIntent } from "../../support/builders.ts";

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
