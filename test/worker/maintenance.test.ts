import { env } from "cloudflare:workers";
import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import worker from "../../src/index.ts";
import type { Decimal } from "../../src/domain/money.ts";
import { createApp } from "../../src/http/app.ts";
import { account } from "./support/faulty-venue.ts";
import { listOrders, placeOrder, put, readOrder, settled, sign } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "10", time_in_force: "gtc" };

const inMaintenance = { ...env, MAINTENANCE_MODE: "true" };
const key = () => ({ "X-API-Key": env.BOOTSTRAP_API_KEY, "Idempotency-Key": crypto.randomUUID() });
const ask = (method: string, path: string, body?: object) =>
  createApp().request(
    path,
    { method, headers: key(), body: body === undefined ? null : JSON.stringify(body) },
    inMaintenance,
  );

afterEach(() => vi.restoreAllMocks());

describe("in maintenance", () => {
  const signal = async () => {
    const { body, headers } = await sign(BUY);
    return createApp().request("/webhooks/default", { method: "POST", body, headers }, inMaintenance);
  };
  it.each<[string, (id: string) => Response | Promise<Response>]>([
    ["a signal", signal],
    ["an order", () => ask("POST", "/v1/orders", BUY)],
    ["a batch", () => ask("POST", "/v1/orders/batch", { orders: [BUY] })],
    ["a replacement", (id) => ask("POST", `/v1/orders/${id}/replace`, { limit_price: "11" })],
  ])("%s is turned away with 503 and Retry-After, and nothing is stored", async (_, send) => {
    const resting = await placeOrder(RESTING);
    const before = (await listOrders()).length;
    const response = await send(resting.id);
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe("60");
    expect(await response.json()).toMatchObject({ code: "maintenance" });
    expect((await listOrders()).length).toBe(before);
    expect(await readOrder(resting.id)).toMatchObject({ cancel_requested_at: null });
  });

  it("a signal that was turned away is taken afterwards, because nothing of it was used up", async () => {
    const { body, headers } = await sign(BUY);
    const request = { method: "POST", body, headers };
    expect((await createApp().request("/webhooks/default", request, inMaintenance)).status).toBe(503);
    expect((await createApp().request("/webhooks/default", request, env)).status).toBe(202);
  });

  it("cancels, reads and resets pass", async () => {
    const [one, other] = [await placeOrder(RESTING), await placeOrder(RESTING)];
    expect((await ask("DELETE", `/v1/orders/${one.id}`)).status).toBe(202);
    expect((await ask("DELETE", "/v1/orders")).status).toBe(202);
    await settled(one.id, "canceled");
    await settled(other.id, "canceled");
    for (const path of ["/health", `/v1/orders/${one.id}`, "/v1/orders", "/v1/portfolio", "/v1/executions"]) {
      expect((await ask("GET", path)).status).toBe(200);
    }
    expect((await ask("POST", "/v1/accounts/paper/circuit-breaker/reset")).status).toBe(200);
    const settlement = { outcome: "not_placed", reason: "x" };
    expect((await ask("POST", `/v1/orders/${one.id}/settle`, settlement)).status).toBe(409);
  });

  it("orders under way are followed", async () => {
    const order = await placeOrder({ ...RESTING, limit_price: "300" });
    await put("/v1/paper/paper/prices/MSFT", { price: "299" });
    expect((await ask("GET", `/v1/orders/${order.id}`)).status).toBe(200);
    await settled(order.id, "filled");
    await put("/v1/paper/paper/prices/MSFT", { price: "412.25" });
  });

  it("someone without the API key learns nothing of it", async () => {
    const response = await createApp().request("/v1/orders", { method: "POST", body: "{}" }, inMaintenance);
    expect(response.status).toBe(401);
  });
});

describe("the setting MAINTENANCE_MODE", () => {
  it.each(["yes", "TRUE", "1", ""])("is refused as %j, and named in the log", async (value) => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    const response = await createApp().request("/health", {}, { ...env, MAINTENANCE_MODE: value });
    expect(response.status).toBe(503);
    expect(lines.join("\n")).toContain("MAINTENANCE_MODE");
  });
});

describe("the cron trigger", () => {
  const ring = (bindings: Env = env) => worker.scheduled(createScheduledController({ cron: "*/5 * * * *" }), bindings);

  it("wakes every account, so that one whose alarm was lost follows its orders again", async () => {
    const order = await placeOrder({ ...RESTING, limit_price: "300" });
    await settled(order.id, "new");
    // The market moves where the account does not see it, and nothing is left to make it look.
    await env.PAPER_VENUES_DO.getByName("paper").setPrice("MSFT", "299" as Decimal);
    await runInDurableObject(account(), (_, state) => state.storage.deleteAlarm());
    await ring();
    expect(await settled(order.id, "filled")).toMatchObject({ average_price: "299" });
  });

  it("wakes the others when one account fails, and says which", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    const woken: string[] = [];
    const getByName = (name: string) => ({
      lookAfter: async () => {
        if (name === "paper") throw new Error("gone");
        woken.push(name);
        return [];
      },
    });
    const said: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
    await ring({ ...env, ACCOUNTS_DO: { getByName } } as unknown as Env);
    expect(woken).toEqual(["second"]);
    expect(said.map((line) => JSON.parse(line) as object)).toEqual([
      { level: "info", event: "accounts.looked_after", accounts: 2, unreached: 1, unlisted_stops: 0 },
    ]);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: "account.wake_failed", account: "paper", error: "Error: gone" },
    ]);
  });

  it("says what is wrong with the settings, and wakes nobody", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    await ring({ ...env, DEFAULT_ACCOUNT: "no id" });
    expect(lines.join("\n")).toContain("DEFAULT_ACCOUNT");
  });
});
