// A shadow account through the doors: it decides and records, and its venue hears of nothing that would change something.
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { NewAccount } from "../../src/domain/account.ts";
import { AccountId } from "../../src/domain/ids.ts";
import type { Order } from "../../src/domain/order.ts";
import { changeAccount, makeAccounts, venueOrdersOf } from "./support/fan-out.ts";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";
import { call, eventually, get, readAudit, readOrder, sendOrder, settled } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { ...BUY, type: "limit", limit_price: "180", time_in_force: "gtc" };
const SHADOW = { mode: "shadow" };
const LIVE = { mode: "live" };

async function makeAccount(change?: object): Promise<string> {
  const [id = ""] = await makeAccounts("s");
  if (change !== undefined) await changeAccount(id, change);
  return id;
}

const place = (order: object): Promise<Response> =>
  call("POST", "/v1/orders", { body: order, headers: { "Idempotency-Key": crypto.randomUUID(), Prefer: "wait=5" } });

describe("a shadow account", () => {
  it("decides about an order and keeps the decision, and its venue has no order", async () => {
    const id = await makeAccount(SHADOW);
    const response = await place({ ...BUY, account: id });
    expect(response.status).toBe(200);
    const order = await response.json<Order>();
    expect(order).toMatchObject({ status: "shadowed", delivery: "none", attempts: 0, filled_quantity: "0" });
    expect(order.verdicts.every(({ passed }) => passed)).toBe(true);
    expect(await readOrder(order.id)).toEqual(order);
    expect(await venueOrdersOf(id)).toEqual([]);
    const recorded = await eventually(async () => {
      const events = await readAudit(`&account=${id}`);
      const types = events.map(({ event }) => event.type).filter((type) => type.startsWith("order."));
      return types.length === 2 ? types : undefined;
    });
    expect(recorded).toEqual(["order.approved", "order.shadowed"]);
  });

  it("can be made as one, is asked for what it holds, and shows its mode", async () => {
    const id = `made-${crypto.randomUUID().slice(0, 8)}`;
    const { policy } = await (await get("/v1/accounts/paper")).json<{ policy: object }>();
    const made = await call("POST", "/v1/accounts", {
      body: { id, connection: { broker: "paper" }, policy, ...SHADOW },
    });
    expect(made.status).toBe(201);
    expect(await made.json()).toMatchObject(SHADOW);
    expect(await (await get(`/v1/accounts/${id}`)).json()).toMatchObject(SHADOW);
    const portfolio = await (await get(`/v1/portfolio?account=${id}`)).json<{ stale: boolean; equity: string }>();
    expect(portfolio).toMatchObject({ stale: false });
    expect(portfolio.equity).not.toBeNull();
  });

  it("has what it sent before canceled at the venue", async () => {
    const id = await makeAccount();
    const { id: order } = await (await place({ ...RESTING, account: id })).json<Order>();
    await settled(order, "new");
    await changeAccount(id, SHADOW);
    expect((await call("DELETE", `/v1/orders/${order}`)).ok).toBe(true);
    expect(await settled(order, "canceled")).toMatchObject({ delivery: "delivered" });
  });

  it("answers what it has shadowed in the same way once it is live, and sends only what is new", async () => {
    const id = await makeAccount(SHADOW);
    const order = { ...BUY, account: id, client_order_id: crypto.randomUUID() };
    const first = await (await place(order)).json<Order>();
    await changeAccount(id, LIVE);
    const again = await place(order);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await again.json()).toEqual(first);
    const other = await (await place({ ...BUY, quantity: "2", account: id })).json<Order>();
    await settled(other.id, "filled");
    expect(await venueOrdersOf(id)).toEqual([other.client_order_id]);
  });

  it("ends a held order, which nobody can let leave any more", async () => {
    const id = await makeAccount();
    const { policy } = await (await get(`/v1/accounts/${id}`)).json<{ policy: object }>();
    const body = {
      policy: { ...policy, approval: { above: "0", expires_sec: 900, max_drift_percent: "5", two_persons: false } },
      reason: "a test",
    };
    expect((await call("PUT", `/v1/accounts/${id}/policy`, { body })).status).toBe(200);
    const held = await (await place({ ...BUY, account: id })).json<Order>();
    expect(held.delivery).toBe("held");
    await changeAccount(id, SHADOW);
    await changeAccount(id, LIVE);
    expect(await readOrder(held.id)).toMatchObject({ status: "shadowed", delivery: "none" });
    const approved = await call("POST", `/v1/orders/${held.id}/approve`, { body: {} });
    expect(await approved.json()).toMatchObject({ code: "order_not_held" });
    expect(await venueOrdersOf(id)).toEqual([]);
  });
});

describe("an order that was approved while the account was live and has not left", () => {
  afterEach(() => changeAccount("paper", LIVE));

  const sent: string[] = [];
  /** Takes no order, and says so clearly. */
  const busy =
    (real: Venue): Venue =>
    (request) => {
      if (request.method !== "POST") return real(request);
      sent.push(request.url);
      const body = { code: 42910000, message: "rate limit exceeded" };
      return Promise.resolve(Response.json(body, { status: 429, headers: { "Retry-After": "1" } }));
    };

  it("is never sent, neither by the shadow nor after a restart, nor when the account is live again", async () => {
    const order = await withAccount({ venue: busy }, async () => {
      const made = await sendOrder({ ...BUY, client_order_id: crypto.randomUUID() }, { headers: { Prefer: "wait=1" } });
      await eventually(async () => ((await readOrder(made.id)).attempts > 0 ? true : undefined));
      await changeAccount("paper", SHADOW);
      return made;
    });
    expect(sent.length).toBeGreaterThan(0);
    expect(await readOrder(order.id)).toMatchObject({ status: "shadowed", delivery: "none" });
    await evictDurableObject(account());
    await account().wake();
    await changeAccount("paper", LIVE);
    await evictDurableObject(account());
    await account().wake();
    const other = await sendOrder({ ...BUY, quantity: "2" });
    await settled(other.id, "filled");
    expect(await venueOrdersOf("paper")).not.toContain(order.client_order_id);
    expect(await readOrder(order.id)).toMatchObject({ status: "shadowed" });
  });
});

describe("an account where real money is", () => {
  const CALLER = { actor: { kind: "api_key", id: "bootstrap" }, requestId: "a-test", clientIp: null } as const;

  it("becomes live by the operator's own words only", async () => {
    const id = AccountId.parse(`real-${crypto.randomUUID().slice(0, 8)}`);
    const terms = NewAccount.parse({
      id,
      connection: { broker: "alpaca_live" },
      credentials: { key_id: "key", secret_key: "secret" },
      policy: {},
      mode: "shadow",
    });
    const made = await env.GATEWAY_DO.getByName("gateway").createAccount(terms, null, CALLER);
    expect(made.ok).toBe(true);
    const refused = await call("PATCH", `/v1/accounts/${id}`, { body: LIVE });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ errors: [{ pointer: "/confirm_live" }] });
    const said = { ...LIVE, confirm_live: `Orders of account ${id} trade real money.` };
    const changed = await call("PATCH", `/v1/accounts/${id}`, { body: said });
    expect(await changed.json()).toMatchObject(LIVE);
  });
});
