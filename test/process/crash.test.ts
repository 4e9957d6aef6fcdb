import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Order } from "../../src/domain/order.ts";
import { type World, aWorld, post, read, settled } from "./support/running-gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };

describe("a gateway killed without warning", () => {
  let world: World;
  beforeAll(async () => {
    world = await aWorld();
  });
  afterAll(() => world.dispose());

  it("follows an order that was still resting, and fills it once", async () => {
    const { secrets } = world;
    const first = await world.start();
    const limit = { ...BUY, symbol: "MSFT", type: "limit", limit_price: "400", time_in_force: "gtc" };
    const accepted = (await (await post(first, limit, secrets)).json()) as Order;
    await settled(first, accepted.id, "new", secrets);
    await first.kill();

    const second = await world.start();
    try {
      const moved = await fetch(`${second.url}/v1/paper/paper/prices/MSFT`, {
        method: "PUT",
        body: '{"price":"399"}',
        headers: { "X-API-Key": secrets.apiKey, "Content-Type": "application/json" },
      });
      expect(moved.status).toBe(200);
      expect(await settled(second, accepted.id, "filled", secrets)).toMatchObject({
        filled_quantity: "1",
        average_price: "399",
        attempts: 1,
      });
    } finally {
      await second.stop();
    }
  });

  it("fills every order it answered with 202 once, after it is started again", async () => {
    const { secrets } = world;
    const accepted: Order[] = [];
    for (let round = 0; round < 3; round++) {
      const gateway = await world.start();
      // Several at once, so that the kill meets them at different steps.
      const answers = await Promise.all(Array.from({ length: 4 }, () => post(gateway, BUY, secrets)));
      for (const answer of answers) {
        expect(answer.status).toBe(202);
        accepted.push((await answer.json()) as Order);
      }
      await gateway.kill();
    }

    const gateway = await world.start();
    try {
      for (const { id } of accepted) {
        const order = await settled(gateway, id, "filled", secrets);
        expect(order.filled_quantity).toBe("1");
      }
      const { orders } = await read<{ orders: Order[] }>(gateway, "/v1/orders?symbol=AAPL&limit=200", secrets);
      expect(orders).toHaveLength(accepted.length);
      const fills = await eventuallyAudited(gateway.url, accepted.length);
      expect(fills).toBe(accepted.length);
    } finally {
      await gateway.stop();
    }

    async function eventuallyAudited(url: string, count: number): Promise<number> {
      for (const deadlineMs = Date.now() + 20_000; ;) {
        const response = await fetch(`${url}/v1/audit?type=order.filled&symbol=AAPL&limit=200`, {
          headers: { "X-API-Key": secrets.apiKey },
        });
        const { entries } = (await response.json()) as { entries: unknown[] };
        if (entries.length >= count || Date.now() > deadlineMs) return entries.length;
      }
    }
  });
});
