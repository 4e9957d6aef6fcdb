import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Batch } from "../../src/account/orders/batch.ts";
import { SourceId } from "../../src/domain/ids.ts";
import { readNativeOrder } from "../../src/domain/signal/native.ts";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";
import { QuickVenue } from "./support/quick-venue.ts";
import { eventually, readAudit, readOrder, sendOrder } from "./support/gateway.ts";

const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "1", time_in_force: "gtc" };

function aBatch(count: number): Batch {
  const order = readNativeOrder(RESTING);
  if (!order.ok) throw new Error("not an order");
  return {
    source: SourceId.parse("api"),
    actor: { kind: "api_key", id: "test" },
    sender: null,
    idempotencyKey: crypto.randomUUID(),
    bodySha256: "0".repeat(64),
    requestId: crypto.randomUUID(),
    clientIp: null,
    orders: Array.from({ length: count }, (_, index) => ({ index, order: order.value })),
  };
}

const countOf = (where: string) =>
  runInDurableObject(account(), (_, state) => {
    const row = state.storage.sql.exec<{ count: number }>(`SELECT COUNT(*) AS count FROM orders WHERE ${where}`).one();
    return row.count;
  });

describe("an account with 1,000 working orders", () => {
  const makeAllDue = () =>
    runInDurableObject(account(), (_, state) => {
      state.storage.sql.exec("UPDATE orders SET due_at_ms = 0 WHERE due_at_ms > 0");
    });

  it("goes on after a restart with one list for all of them, and finds every fill", { timeout: 180_000 }, async () => {
    const quick = new QuickVenue();
    const venue = () => quick.answer;
    await withAccount({ venue }, async () => {
      for (let placed = 50; placed <= 1_000; placed += 50) {
        expect((await account().submitBatch(aBatch(50))).ok).toBe(true);
        // Entries are denied while too many audit entries wait for D1.
        await eventually(async () => ((await countOf("status = 'new'")) === placed ? true : undefined), 30_000);
      }
    });

    await evictDurableObject(account());
    await withAccount({ venue }, async () => {
      quick.calls.length = 0;
      await makeAllDue();
      await account().wake();
      await eventually(async () => ((await countOf("due_at_ms = 0")) === 0 ? true : undefined), 10_000);
      expect(quick.calls.filter((call) => call === "GET /v2/orders").length).toBeLessThanOrEqual(4);
      expect(quick.calls.filter((call) => call.includes("by_client_order_id"))).toEqual([]);

      quick.fillAll();
      await makeAllDue();
      await account().wake();
      await eventually(async () => ((await countOf("status = 'filled'")) === 1_000 ? true : undefined), 40_000);
      const held = await runInDurableObject(account(), (_, state) =>
        state.storage.sql.exec("SELECT quantity FROM positions WHERE symbol = 'MSFT'").one(),
      );
      expect(held).toEqual({ quantity: "1000" });
    });
  });
});

describe("a broker that accepts an order and never answers", () => {
  it("gets it once, and the order ends filled with the whole story on record", { timeout: 90_000 }, async () => {
    let posts = 0;
    const venue =
      (real: Venue): Venue =>
      async (request) => {
        if (request.method !== "POST") return real(request);
        posts += 1;
        await real(request);
        return new Promise(() => undefined);
      };
    const order = await withAccount({ venue }, async () => {
      const sent = await sendOrder({
        ...RESTING,
        symbol: "SPY",
        type: "market",
        limit_price: undefined,
        time_in_force: "day",
      });
      return eventually(async () => {
        const now = await readOrder(sent.id);
        return now.status === "filled" ? now : undefined;
      }, 20_000);
    });
    expect(posts).toBe(1);
    expect(order).toMatchObject({ attempts: 1, outcome: "known", filled_quantity: "1" });
    const story = await eventually(async () => {
      const read = await readAudit(`&order_id=${order.id}`);
      return read.at(-1)?.event.type === "order.executed" ? read : undefined;
    });
    expect(story.map(({ event }) => `${event.type} ${event.result.code}`)).toEqual([
      "signal.accepted accepted",
      "order.approved approved",
      "order.submitting pending_new",
      "order.unknown timeout",
      "order.filled filled",
      "order.executed filled",
    ]);
  });
});
