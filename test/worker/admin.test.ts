import { describe, expect, it } from "vitest";
import type { ApiKey } from "../../src/domain/access.ts";
import { type AuditEntry, checkLink, hashEvent } from "../../src/domain/audit-entry.ts";
import { encodeUtf8 } from "../../src/crypto/encoding.ts";
import { sha256Hex } from "../../src/crypto/hash.ts";
import type { Source } from "../../src/domain/source.ts";
import { call, hmacHex, placeOrder, readOrder } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const idOf = (prefix: string) => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;

type Made = { source: Source; secret: { id: string; secret: string }; path: string };

async function make<T>(path: string, body: object, status = 201): Promise<T> {
  const response = await call("POST", path, { body });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** A signed order as its source sends it. */
async function signed(source: string, secret: string, body: object = BUY): Promise<Response> {
  const text = JSON.stringify(body);
  const timestamp = new Date().toISOString();
  const nonce = crypto.randomUUID();
  const mac = await hmacHex(secret, `v1\n${timestamp}\n${nonce}\n`, text);
  const headers = { "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": `v1=${mac}`, "X-API-Key": "" };
  return call("POST", `/webhooks/${source}`, { body: text, headers });
}

describe("a source that signs", () => {
  it("is accepted as soon as its secret has been shown, and names the source on its orders", async () => {
    const id = idOf("signed");
    const { secret } = await make<Made>("/v1/sources", { id, kind: "signed", account: "paper" });
    const response = await signed(id, secret.secret);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ source: id, account: "paper" });
  });

  it("moves to another secret without one signal refused, and the old one ends with the answer that says so", async () => {
    const id = idOf("rotates");
    const first = await make<Made>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, first.secret.secret)).status).toBe(202);
    const second = await make<Made>(`/v1/sources/${id}/secrets`, {});
    for (const { secret } of [first, second, first, second]) expect((await signed(id, secret.secret)).status).toBe(202);
    const retired = await call("DELETE", `/v1/sources/${id}/secrets/${first.secret.id}`);
    expect(retired.status).toBe(200);
    expect((await signed(id, first.secret.secret)).status).toBe(401);
    expect((await signed(id, second.secret.secret)).status).toBe(202);
  });

  it("is refused on the next signal after it was disabled, and taken again once enabled", async () => {
    const id = idOf("disabled");
    const { secret } = await make<Made>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, secret.secret)).status).toBe(202);
    await call("PATCH", `/v1/sources/${id}`, { body: { status: "disabled" } });
    expect((await signed(id, secret.secret)).status).toBe(401);
    await call("PATCH", `/v1/sources/${id}`, { body: { status: "active" } });
    expect((await signed(id, secret.secret)).status).toBe(202);
  });

  it("reaches no account but its own", async () => {
    const id = idOf("bound");
    const { secret } = await make<Made>("/v1/sources", { id, kind: "signed", account: "paper" });
    const elsewhere = await signed(id, secret.secret, { ...BUY, account: "second" });
    expect(elsewhere.status).toBe(422);
    expect(await elsewhere.json()).toMatchObject({ errors: [{ pointer: "/account" }] });
  });

  it("is held to caps of its own", async () => {
    const id = idOf("capped");
    const caps = { signals_per_min: 600, max_quantity: "2" };
    const { secret } = await make<Made>("/v1/sources", { id, kind: "signed", account: "paper", caps });
    const response = await signed(id, secret.secret, { ...BUY, quantity: "3" });
    expect(await response.json()).toMatchObject({ status: "denied", reason: { code: "source_max_quantity_exceeded" } });
  });
});

describe("a source that cannot sign", () => {
  it("is not made while unsigned sources are off", async () => {
    const caps = { signals_per_min: 30, max_quantity: "1", max_notional: "1000" };
    const body = { id: idOf("tv"), kind: "tradingview", account: "paper", caps };
    const response = await call("POST", "/v1/sources", { body });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "unsigned_sources_off" });
  });
});

describe("an API key", () => {
  it("is refused on the next request after it was deleted", async () => {
    const terms = { owner: idOf("o"), scopes: ["orders:read"], accounts: ["paper"] };
    const { key, api_key: made } = await make<{ key: string; api_key: ApiKey }>("/v1/api-keys", terms);
    const read = () => call("GET", "/v1/orders?limit=1", { headers: { "X-API-Key": key } });
    expect((await read()).status).toBe(200);
    expect((await call("DELETE", `/v1/api-keys/${made.id}`)).status).toBe(200);
    expect((await read()).status).toBe(401);
  });

  it("sees the accounts it is for, and no other exists for it", async () => {
    const terms = { owner: idOf("o"), scopes: ["orders:read", "admin:accounts"], accounts: ["second"] };
    const { key } = await make<{ key: string }>("/v1/api-keys", terms);
    const headers = { "X-API-Key": key };
    const { accounts } = await (await call("GET", "/v1/accounts", { headers })).json<{ accounts: { id: string }[] }>();
    expect(accounts.map(({ id }) => id)).toEqual(["second"]);
    const order = await placeOrder(BUY);
    for (const path of [
      `/v1/orders/${order.id}`,
      "/v1/orders?account=paper",
      "/v1/portfolio?account=paper",
      "/v1/accounts/paper",
    ]) {
      expect((await call("GET", path, { headers })).status).toBe(404);
    }
    expect(await readOrder(order.id)).toMatchObject({ id: order.id });
  });

  it("cannot make a key that may do more than it may", async () => {
    const terms = { owner: idOf("o"), scopes: ["admin:keys", "orders:read"], accounts: ["paper"] };
    const { key } = await make<{ key: string }>("/v1/api-keys", terms);
    const headers = { "X-API-Key": key };
    for (const more of [
      { scopes: ["orders:write"], accounts: ["paper"] },
      { scopes: ["admin:*"], accounts: ["paper"] },
      { scopes: ["orders:read"], accounts: ["second"] },
      { scopes: ["orders:read"], accounts: null },
    ]) {
      const response = await call("POST", "/v1/api-keys", { headers, body: { owner: idOf("p"), ...more } });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: "beyond_own_rights" });
    }
  });

  it("has two live siblings at most", async () => {
    const terms = { owner: idOf("o"), scopes: ["orders:read"] };
    await make("/v1/api-keys", terms);
    await make("/v1/api-keys", terms);
    const third = await call("POST", "/v1/api-keys", { body: terms });
    expect(third.status).toBe(409);
    expect(await third.json()).toMatchObject({ code: "too_many" });
  });
});

describe("the record of changes", () => {
  it("is a whole chain that names who changed what, and holds no secret", async () => {
    const id = idOf("recorded");
    const { secret } = await make<Made>("/v1/sources", {
      id,
      kind: "signed",
      account: "paper",
      reason: "for the test",
    });
    const { key } = await make<{ key: string }>("/v1/api-keys", { owner: idOf("o"), scopes: ["audit:read"] });
    const page = await call("GET", "/v1/audit?chain=gateway&limit=200");
    const { entries } = await page.json<{ entries: AuditEntry[] }>();
    const hash = (event: string) => hashEvent(event, encodeUtf8, sha256Hex);
    expect(entries.map((entry, at) => checkLink(entries[at - 1], entry, hash)).filter(Boolean)).toEqual([]);
    const text = JSON.stringify(entries);
    expect(text).toContain(id);
    expect(text).toContain("for the test");
    expect(text).not.toContain(secret.secret);
    expect(text).not.toContain(key);
  });
});
