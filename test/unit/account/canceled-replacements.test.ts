import { expect, it } from "vitest";
import { replaceOrder } from "../../../src/account/replace.ts";
import { cancelOrder } from "../../../src/account/cancel.ts";
import { anOrder } from "../../support/builders.ts";
import { CALLER, aSignal, at, decidingWith, newId, openAccount, put, read } from "./tables.ts";

it("a cancel of an order that is being replaced leaves nothing that will be sent in its place", () => {
  const sql = openAccount();
  const old = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
  put(sql, old);
  const { order: _, proof: __, ...sender } = aSignal({ requestId: "replace", idempotencyKey: "k" });
  const replacement = { ...sender, original: old.id, change: { quantity: "20" as never } };
  const replaced = replaceOrder(sql, { ...decidingWith(), ...at(), replacement, newId: newId(77) });
  expect(replaced.ok).toBe(true);
  const canceled = cancelOrder(sql, old.id, { ...at(), caller: CALLER });
  expect(canceled.ok).toBe(true);
  if (!replaced.ok) return;
  expect(read(sql, replaced.value.order).order.status).toBe("canceled");
});
