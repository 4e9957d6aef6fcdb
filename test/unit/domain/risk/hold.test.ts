import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import { assess } from "../../../../src/domain/risk/assess.ts";
import { driftSince } from "../../../../src/domain/risk/hold.ts";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { aMarketIntent, aPolicy, anIntent, someFacts } from "../../../support/builders.ts";

const holding = (approval: object | string) => aPolicy({ approval });
const SETTING = { above: "0", expires_sec: 900, max_drift_percent: "1", two_persons: false };
const above = (money: string) => holding({ ...SETTING, above: money });

describe("which orders wait for a person", () => {
  // 10 AAPL at 187.25 or better cost 1872.50 at most.
  it.each([
    ["none where the policy says auto", holding("auto"), false],
    ["one for less than the amount does not", above("1872.51"), false],
    ["one for exactly the amount does not", above("1872.5"), false],
    ["one for more than the amount does", above("1872.49"), true],
    ["each one where the amount is zero", above("0"), true],
  ])("%s", (_, policy, isHeld) => {
    const decision = assess(anIntent(), policy, someFacts());
    expect(decision).toMatchObject({ outcome: "approved", hold: isHeld ? { price: "187.5" } : null });
  });

  it("none for which there is no price: the rules deny it", () => {
    const policy = aPolicy({ approval: { ...SETTING, above: "1000000" }, reference_price_max_age_sec: 60 });
    const facts = someFacts({ referencePrice: undefined });
    const decision = assess(aMarketIntent(), { ...policy, max_notional: "off" }, facts);
    expect(decision).toMatchObject({ outcome: "denied", reason: "reference_price_unknown" });
  });

  it("an exit never does", () => {
    const facts = someFacts({ position: decimalOf("10") });
    expect(assess(anIntent({ side: "sell" }), above("0"), facts)).toMatchObject({
      outcome: "approved",
      isReduction: true,
      hold: null,
    });
  });

  it("one that is denied does not: nobody is asked about what will not be sent", () => {
    const decision = assess(anIntent(), { ...above("0"), max_quantity: decimalOf("9") }, someFacts());
    expect(decision).toMatchObject({ outcome: "denied", reason: "max_quantity_exceeded" });
    expect(decision).not.toHaveProperty("hold");
  });
});

describe("the price since an order is held", () => {
  const one = above("0");
  it.each([
    ["has not moved", "200", "200", true],
    ["is just within, above", "200", "202", true],
    ["is just within, below", "200", "198", true],
    ["is too far above", "200", "202.01", false],
    ["is too far below", "200", "197.99", false],
  ])("%s", (_, then, now, isNear) => {
    expect(driftSince(decimalOf(then), decimalOf(now), one) === undefined).toBe(isNear);
  });

  it("is to be known, then and now", () => {
    expect(driftSince(null, decimalOf("200"), one)).toMatch(/no price/);
    expect(driftSince(decimalOf("200"), null, one)).toMatch(/no price/);
  });

  it("may be anywhere where the policy says off, or auto", () => {
    expect(driftSince(decimalOf("200"), null, holding({ ...SETTING, max_drift_percent: "off" }))).toBeUndefined();
    expect(driftSince(decimalOf("200"), decimalOf("400"), holding("auto"))).toBeUndefined();
  });
});

describe("the setting", () => {
  it.each([
    ["a negative amount", { ...SETTING, above: "-1" }],
    ["no word on the price", { ...SETTING, max_drift_percent: undefined }],
    ["no word on a second person", { ...SETTING, two_persons: undefined }],
    ["less time than anybody needs", { ...SETTING, expires_sec: 9 }],
    ["more than a day", { ...SETTING, expires_sec: 86_401 }],
    ["another word", "manual"],
  ])("does not take %s", (_, approval) => {
    expect(Policy.safeParse({ approval }).success).toBe(false);
  });
});
