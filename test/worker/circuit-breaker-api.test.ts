import { describe, expect, it } from "vitest";
import type { CircuitBreakerView } from "../../src/domain/circuit-breaker.ts";
import { type Venue, withAccount } from "./support/faulty-venue.ts";
import { call, eventually, get, placeOrder, readAudit, readOrder, settled } from "./support/gateway.ts";

const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "10", time_in_force: "gtc" };
const PATH = "/v1/accounts/paper/circuit-breaker";

const readBreaker = async (): Promise<CircuitBreakerView> => (await get(PATH)).json();
const silent = (): Venue => () => Promise.resolve(new Response(null, { status: 503 }));

/** Sends orders to a venue that is not there until the breaker is open. They are left of unknown outcome. */
async function openBreaker(): Promise<CircuitBreakerView> {
  return eventually(async () => {
    const breaker = await readBreaker();
    if (breaker.state === "open") return breaker;
    await placeOrder(RESTING);
    return undefined;
  });
}

describe("the circuit breaker of an account", () => {
  it("is closed while the broker answers", async () => {
    await placeOrder(RESTING);
    expect(await readBreaker()).toEqual({
      state: "closed",
      consecutive_failures: 0,
      opened_at: null,
      retry_at: null,
    });
  });

  it("opens when the broker is gone, denies entries, and closes for whoever knows that it is back", async () => {
    await withAccount({ venue: () => silent() }, async () => {
      const open = await openBreaker();
      expect(open.consecutive_failures).toBeGreaterThanOrEqual(5);
      expect(Date.parse(open.retry_at!)).toBeGreaterThan(Date.parse(open.opened_at!));
      const denied = await placeOrder(RESTING);
      expect(denied).toMatchObject({ status: "denied", reason: { code: "circuit_open" } });
    });

    const response = await call("POST", `${PATH}/reset`, { headers: { "CF-Connecting-IP": "203.0.113.9" } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ state: "closed", opened_at: null, retry_at: null });
    await settled((await placeOrder(RESTING)).id, "new");
    const reset = await eventually(async () => (await readAudit("&type=circuit_breaker.reset"))[0]);
    expect(reset.event).toMatchObject({
      actor: { kind: "api_key", id: "bootstrap" },
      client_ip: "203.0.113.9",
      request_id: response.headers.get("X-Request-Id"),
    });
  });

  it("stays closed when it is reset without need, and that is not on record", async () => {
    await eventually(async () => ((await readBreaker()).consecutive_failures === 0 ? true : undefined));
    const before = (await readAudit("&type=circuit_breaker.reset")).length;
    expect((await call("POST", `${PATH}/reset`)).status).toBe(200);
    await settled((await placeOrder(RESTING)).id, "new");
    expect((await readAudit("&type=circuit_breaker.reset")).length).toBe(before);
  });

  it("lets a cancel through while it is open", { timeout: 20_000 }, async () => {
    const order = await placeOrder(RESTING);
    await settled(order.id, "new");
    const cancels: string[] = [];
    const venue =
      (real: Venue): Venue =>
      (request) => {
        if (request.method !== "DELETE") return silent()(request);
        cancels.push(request.url);
        return real(request);
      };
    await withAccount({ venue }, async () => {
      await openBreaker();
      expect((await call("DELETE", `/v1/orders/${order.id}`)).status).toBe(202);
      await eventually(async () => (cancels.length > 0 ? true : undefined));
    });
    await call("POST", `${PATH}/reset`);
    expect(await settled(order.id, "canceled")).toMatchObject({ filled_quantity: "0" });
    expect(await readOrder(order.id)).toMatchObject({ outcome: "known" });
  });
});
