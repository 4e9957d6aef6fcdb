// A person says what became of an order, while the account and the broker go on.
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";
import { call, eventually, readOrder, sendOrder, settled } from "./support/gateway.ts";

const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "1", time_in_force: "gtc" };
const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };

const notFound = () => Response.json({ code: 40410000, message: "order not found" }, { status: 404 });
const isAttempt = ({ method, url }: Request) => method === "POST" && url.endsWith("/v2/orders");
const isLook = ({ url }: Request) => url.includes("by_client_order_id");

const settleAsNotPlaced = (id: string): Promise<Response> =>
  call("POST", `/v1/orders/${id}/settle`, { body: { outcome: "not_placed", reason: "not in their list" } });

/** Has every order of this purpose taken a step now. */
async function bringForward(purpose: "ask" | "watch", absences = 0): Promise<void> {
  await runInDurableObject(account(), (_, { storage }) => {
    storage.sql.exec("UPDATE orders SET due_at_ms = 0, absences = ? WHERE purpose = ?", absences, purpose);
  });
  await account().wake();
}

/** A gate that calls wait at while it is shut. */
function aGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return {
    open: resolve,
    pass: () => {
      waiting += 1;
      return promise;
    },
    whenSomebodyWaits: () => eventually(async () => (waiting > 0 ? waiting : undefined)),
  };
}

afterEach(() => vi.restoreAllMocks());

describe("a person's word that an order was not placed", () => {
  it("waits for a look that is on its way, and does not stand against what that finds", async () => {
    const gate = aGate();
    let isHeld = false;
    const venue =
      (real: Venue): Venue =>
      async (request) => {
        if (isAttempt(request)) {
          await real(request);
          return new Response("oops", { status: 500 });
        }
        if (!isLook(request)) return real(request);
        // A replica that does not show the order yet, but for one slow look.
        if (!isHeld) return notFound();
        isHeld = false;
        await gate.pass();
        return real(request);
      };
    await withAccount({ venue }, async () => {
      const order = await sendOrder(RESTING);
      expect(order.delivery).toBe("unknown");
      isHeld = true;
      await bringForward("ask");
      await gate.whenSomebodyWaits();
      const answer = settleAsNotPlaced(order.id);
      expect(await Promise.race([answer, scheduler.wait(300)])).toBeUndefined();
      gate.open();
      expect((await answer).status).toBe(409);
      expect(await readOrder(order.id)).toMatchObject({ delivery: "delivered", status: "new" });
    });
  });

  it("is about what was sent so far: nothing is sent while it is looked into", async () => {
    const gate = aGate();
    let attempts = 0;
    let isSettling = false;
    const venue =
      (real: Venue): Venue =>
      async (request) => {
        if (isAttempt(request)) {
          attempts += 1;
          return new Response("lost on the way", { status: 500 });
        }
        if (!isLook(request)) return real(request);
        if (isSettling) await gate.pass();
        return notFound();
      };
    await withAccount({ venue }, async () => {
      const order = await sendOrder(RESTING);
      expect(order.delivery).toBe("unknown");
      isSettling = true;
      const answer = settleAsNotPlaced(order.id);
      await gate.whenSomebodyWaits();
      // Meanwhile the fifth absence is in: the same id could be sent again.
      await bringForward("ask", 5);
      await scheduler.wait(300);
      expect(attempts).toBe(1);
      gate.open();
      expect((await answer).status).toBe(200);
      await bringForward("ask", 5);
      await scheduler.wait(300);
      expect(attempts).toBe(1);
      expect(await readOrder(order.id)).toMatchObject({ delivery: "none", status: "canceled", attempts: 1 });
    });
  });

  it("counts for less than the broker's, who tells of a fill afterwards", async () => {
    let isShown = false;
    const venue =
      (real: Venue): Venue =>
      async (request) => {
        if (isLook(request) && !isShown) return notFound();
        const answer = await real(request);
        return isAttempt(request) ? new Response("oops", { status: 500 }) : answer;
      };
    await withAccount({ venue }, async () => {
      const order = await sendOrder(BUY);
      expect(order.delivery).toBe("unknown");
      expect((await settleAsNotPlaced(order.id)).status).toBe(200);
      expect(await readOrder(order.id)).toMatchObject({ delivery: "none", status: "canceled" });
      isShown = true;
      await bringForward("watch");
      expect(await settled(order.id, "filled")).toMatchObject({ delivery: "delivered", filled_quantity: "1" });
    });
  });
});
