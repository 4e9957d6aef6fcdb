import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { EMBEDDED_CREDENTIALS } from "../../src/brokers/paper/settings.ts";
import { makeAccount } from "../support/make-account.ts";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";
import { eventually, put, readAudit, readOrder, sendOrder, settled } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };

afterEach(() => vi.restoreAllMocks());

/** Trades at the venue without the gateway, as somebody with the same broker account does. */
const tradeElsewhere = (accountId: string, order: object): Promise<Response> =>
  env.PAPER_VENUES_DO.getByName(accountId).fetch("https://venue.test/v2/orders", {
    method: "POST",
    headers: {
      "APCA-API-KEY-ID": EMBEDDED_CREDENTIALS.keyId,
      "APCA-API-SECRET-KEY": EMBEDDED_CREDENTIALS.secretKey,
    },
    body: JSON.stringify({ ...order, time_in_force: "day" }),
  });

describe("what an account held before the gateway came", () => {
  it("is known to its first decision, and on record", async () => {
    await tradeElsewhere("older", { symbol: "AAPL", side: "buy", type: "market", qty: "300" });
    await makeAccount("older");
    const exit = await sendOrder({ ...BUY, account: "older", side: "sell", quantity: "200" });
    // More than the policy lets anybody enter, and an exit all the same.
    expect(exit.verdicts.find(({ rule }) => rule === "max_quantity")).toMatchObject({ reason: "exempt_reduction" });
    const entries = await eventually(async () => {
      const read = await readAudit("&account=older&type=position.reconciled");
      return read.length > 0 ? read : undefined;
    });
    expect(entries[0]?.event).toMatchObject({ symbol: "AAPL", data: { counted: "0", held: "300" } });
  });
});

describe("an account whose broker does not say what it holds", () => {
  const silent =
    (real: Venue): Venue =>
    (request) =>
      request.url.includes("/v2/positions") ? Promise.resolve(new Response("", { status: 500 })) : real(request);

  it("takes no entries until it does", async () => {
    const denied = await withAccount({ venue: silent }, async () => {
      await runInDurableObject(account(), (_, state) => state.storage.sql.exec("DELETE FROM broker_view").toArray());
      return sendOrder(BUY);
    });
    expect(denied).toMatchObject({ status: "denied", reason: { code: "position_unknown" } });
    await settled((await sendOrder(BUY)).id, "filled");
  });
});

describe("an alarm in which everything fails", () => {
  it("rings again, until what it was set for is done", { timeout: 20_000 }, async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const order = await sendOrder({ ...BUY, type: "limit", limit_price: "100", time_in_force: "gtc" });
    const rename = (from: string, to: string) =>
      runInDurableObject(account(), (_, state) => {
        state.storage.sql.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
      });
    await rename("timers", "hidden");
    // More often than the platform itself would try again.
    for (let ring = 0; ring < 8; ring++) {
      await runInDurableObject(account(), (_, state) => state.storage.setAlarm(Date.now() + 60_000));
      expect(await runDurableObjectAlarm(account())).toBe(true);
    }
    expect(await runInDurableObject(account(), (_, state) => state.storage.getAlarm())).not.toBeNull();
    await rename("hidden", "timers");
    await env.PAPER_VENUES_DO.getByName("paper").setPrice("AAPL", "99" as never);
    // No request wakes the account: its own alarm has to.
    const filled = await eventually(async () => {
      const [entry] = await readAudit(`&order_id=${order.id}&type=order.filled`);
      return entry;
    }, 15_000);
    expect(filled.event.order_id).toBe(order.id);
    await put("/v1/paper/paper/prices/AAPL", { price: "187.50" });
  });
});

describe("an account that is woken again", () => {
  it("goes on with an order that was sent in another process", async () => {
    const order = await sendOrder({ ...BUY, symbol: "MSFT", type: "limit", limit_price: "400", time_in_force: "gtc" });
    await evictDurableObject(account());
    await env.PAPER_VENUES_DO.getByName("paper").setPrice("MSFT", "399" as never);
    await eventually(async () => ((await readOrder(order.id)).status === "filled" ? true : undefined));
    expect(await readOrder(order.id)).toMatchObject({ filled_quantity: "1", average_price: "399" });
  });
});
