import { afterEach, describe, expect, it, vi } from "vitest";
import { type Venue, withAccount } from "./support/faulty-venue.ts";
import { call, readOrder, sendOrder } from "./support/gateway.ts";

const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "1", time_in_force: "gtc" };
const settle = (id: string, more: object = {}) =>
  call("POST", `/v1/orders/${id}/settle`, {
    body: { outcome: "not_placed", reason: "asked the broker's desk", ...more },
  });

/** Takes no order and says nothing of any. */
const silent =
  (real: Venue): Venue =>
  async (request) =>
    /\/v2\/orders/.test(request.url) ? new Response("oops", { status: 500 }) : real(request);

afterEach(() => vi.restoreAllMocks());

describe("a person's word while the broker does not answer", () => {
  it("is not taken by default, and the answer says how it can be", async () => {
    await withAccount({ venue: silent }, async () => {
      const order = await sendOrder(RESTING);
      expect(order.delivery).toBe("unknown");
      const answer = await settle(order.id);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        code: "broker_silent",
        detail: expect.stringContaining("without_broker"),
      });
      expect(await readOrder(order.id)).toMatchObject({ delivery: "unknown" });
    });
  });

  it("is taken where it has to do", async () => {
    await withAccount({ venue: silent }, async () => {
      const order = await sendOrder(RESTING);
      const answer = await settle(order.id, { without_broker: true });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ delivery: "none", status: "canceled", outcome: "known" });
    });
  });
});
