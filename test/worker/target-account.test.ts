import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { OLD_SECRET, sign } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
/** The same gateway with its default account as the operator has set it. */
const withDefault = (account: string) => ({ ...env, DEFAULT_ACCOUNT: account });

async function sendTo(
  gateway: object,
  body: object | string,
  options: Parameters<typeof sign>[1] = {},
): Promise<Response> {
  const { body: raw, headers } = await sign(body, options);
  return createApp().request("/webhooks/default", { method: "POST", body: raw, headers }, gateway);
}

afterEach(() => vi.restoreAllMocks());

describe("a secret that has led to one account", () => {
  it("does not lead to another when the default account is changed, so no old body runs again there", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const body = JSON.stringify({ ...BUY, client_order_id: crypto.randomUUID() });
    expect((await sendTo(withDefault("paper"), body, { scheme: "sha256" })).status).toBe(202);
    const moved = await sendTo(withDefault("second"), body, { scheme: "sha256" });
    expect(moved.status).toBe(503);
    expect(await moved.json()).toMatchObject({ code: "misconfigured" });
  });

  it("still reaches an account that the signed body names", async () => {
    const response = await sendTo(withDefault("paper"), { ...BUY, account: "second" });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ account: "second" });
  });

  it("leaves another secret free to lead elsewhere", async () => {
    const response = await sendTo(withDefault("second"), BUY, { secret: OLD_SECRET });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ account: "second" });
  });

  it("cannot be used for an account while D1 is out of reach and the isolate does not know its account yet", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const secret = "a-secret-nobody-used-before-0123456789";
    const unreachable = { batch: () => Promise.reject(new Error("gone")), prepare: () => ({ bind: () => ({}) }) };
    const gateway = { ...env, API_KEY_HMAC_SECRET: secret, DB: unreachable };
    const response = await sendTo(gateway, BUY, { secret });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "unavailable" });
  });
});
