import { describe, expect, it } from "vitest";
import { formatReceipt } from "../../../src/cli/receipt-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { ReceiptView } from "../../../src/cli/views.ts";
import { anOrder } from "../../support/builders.ts";
import { aReceipt, aStep } from "./receipts.ts";

const shown = (overrides: Parameters<typeof aReceipt>[0]): string =>
  formatReceipt(ReceiptView.parse(aReceipt(overrides)), plain);

describe("why a step stands as it does", () => {
  const ordered = (overrides: Parameters<typeof anOrder>[0]) => {
    const order = anOrder(overrides);
    const step = aStep({ action: "enter", symbol: "AAPL", outcome: "ordered", code: "ordered", orders: [order.id] });
    return shown({ steps: [{ ...step, detail: "buy 10" }], orders: [order] });
  };

  it.each([
    [{ status: "filled", filled_quantity: "10" }, "buy 10"],
    [{ status: "new", delivery: "delivered" }, "buy 10"],
    [{ status: "denied", reason: { code: "declined" } }, "buy 10; its order is denied: declined"],
    [{ status: "canceled", filled_quantity: "4" }, "buy 10; its order is canceled, 4 filled"],
    [{ status: "shadowed" }, "buy 10; its order is shadowed"],
  ])("says how its last order has ended, unless it is filled: %j", (overrides, why) => {
    expect(ordered(overrides)).toMatch(new RegExp(`^paper +enter +AAPL +ordered +${why}$`, "m"));
  });

  it("says what it waits for", () => {
    const steps = [
      aStep({ symbol: "AAPL" }),
      aStep({ action: "buy", symbol: "AAPL", outcome: "waiting" }),
      aStep({ action: "exit", symbol: "MSFT", orders: [anOrder().id] }),
    ];
    const text = shown({ steps, orders: [anOrder()] });
    expect(text).toMatch(
      /^paper +exit +AAPL +working +other orders have to end first, or the broker has to say what /m,
    );
    expect(text).toMatch(/^paper +buy +AAPL +waiting +what is asked for before it in AAPL is not settled yet$/m);
    expect(text).toMatch(/^paper +exit +MSFT +working$/m);
  });
});

describe("a receipt", () => {
  it("says how the terms of its orders came about", () => {
    const order = anOrder({ arithmetic: "10 units; 193 + 2 % = 196.86 at worst" });
    const text = shown({ orders: [order] });
    expect(text).toContain(`How it was worked out:\n\n  ${order.id}: 10 units; 193 + 2 % = 196.86 at worst`);
    for (const plainly of [anOrder(), anOrder({ arithmetic: "10" })]) {
      expect(shown({ orders: [plainly] })).not.toContain("worked out");
    }
  });
});
