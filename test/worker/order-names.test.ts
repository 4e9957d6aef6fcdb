import { describe, expect, it } from "vitest";
import type { Order } from "../../src/domain/order.ts";
import { call } from "./support/gateway.ts";

const order = (terms: object = {}) => ({
  symbol: "MSFT",
  side: "buy",
  type: "limit",
  quantity: "1",
  limit_price: "1",
  client_order_id: crypto.randomUUID(),
  ...terms,
});
const place = (body: object, key: string) => call("POST", "/v1/orders", { body, headers: { "Idempotency-Key": key } });

describe("an order that has two names", () => {
  it("is found by a key that first came with a repeat of it, also when the repeat's other name is missing", async () => {
    const body = order();
    const first = await (await place(body, crypto.randomUUID())).json<Order>();
    const later = crypto.randomUUID();
    expect((await place(body, later)).headers.get("Idempotency-Replayed")).toBe("true");
    const changed = await place(order({ quantity: "2" }), later);
    expect(changed.status).toBe(409);
    expect(await changed.json()).toMatchObject({
      code: "idempotency_conflict",
      detail: expect.stringContaining(first.id),
    });
  });

  it("keeps the key that it was placed with", async () => {
    const [one, other] = [order(), order()];
    const key = crypto.randomUUID();
    const first = await (await place(one, key)).json<Order>();
    expect((await place(other, key)).status).toBe(409);
    const again = await place(one, key);
    expect(await again.json()).toMatchObject({ id: first.id });
  });
});
