import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, sleep } from "../../src/cli/gateway-process.ts";
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
        const order = (await answer.json()) as Order;
        expect(answer.status, JSON.stringify(order)).toBe(202);
        accepted.push(order);
      }
      await gateway.kill();
    }

    const gateway = await world.start();
    try {
      // Read from D1 alone: no request wakes the account, its own alarm has to.
      const fills = await filledOrders(gateway, accepted.length);
      expect(fills.toSorted()).toEqual(accepted.map(({ id }) => id).toSorted());
      const { orders } = await read<{ orders: Order[] }>(gateway, "/v1/orders?symbol=AAPL&limit=200", secrets);
      expect(orders).toHaveLength(accepted.length);
      for (const order of orders) expect(order).toMatchObject({ status: "filled", filled_quantity: "1" });
    } finally {
      await gateway.stop();
    }
  });

  it("takes its processes along when the one that started them is killed", async () => {
    const script = `import { startGateway } from "./src/cli/gateway-process.ts";
      const gateway = await startGateway(JSON.parse(process.argv[1]));
      console.log(gateway.url);`;
    const options = JSON.stringify({ stateDir: world.dir, envFile: join(world.dir, "secrets.env") });
    const starter = spawn(process.execPath, ["--input-type=module", "-e", script, options], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [output] = (await once(starter.stdout, "data")) as [Buffer];
    const url = String(output).trim();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    starter.kill("SIGKILL");
    const isGone = async () =>
      fetch(`${url}/health`).then(
        () => false,
        () => true,
      );
    for (const deadlineMs = Date.now() + 10_000; Date.now() < deadlineMs && !(await isGone());) await sleep(100);
    expect(await isGone()).toBe(true);
    const gateway = await world.start();
    await gateway.stop();
  });

  /** The orders that the audit log says were filled, once there are `count` of them. */
  async function filledOrders(gateway: Gateway, count: number): Promise<string[]> {
    for (const deadlineMs = Date.now() + 45_000; ; await sleep(200)) {
      const path = "/v1/audit?type=order.filled&symbol=AAPL&limit=200";
      const { entries } = await read<{ entries: { event: string }[] }>(gateway, path, world.secrets);
      const ids = entries.map(({ event }) => (JSON.parse(event) as { order_id: string }).order_id);
      if (ids.length >= count || Date.now() > deadlineMs) return ids;
    }
  }
});
