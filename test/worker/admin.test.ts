import { describe, expect, it } from "vitest";
import type { ApiKey } from "../../src/domain/access.ts";
import { type AuditEntry, checkLink, hashEvent } from "../../src/domain/audit-entry.ts";
import { encodeUtf8 } from "../../src/crypto/encoding.ts";
import { sha256Hex } from "../../src/crypto/hash.ts";
import { BUY, type MadeSource, idOf, make, signed } from "./support/admin.ts";
import { call, get, placeOrder, readOrder } from "./support/gateway.ts";

describe("a source that signs", () => {
  it("is accepted as soon as its secret has been shown, and names the source on its orders", async () => {
    const id = idOf("signed");
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    const response = await signed(id, secret.secret);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ source: id, account: "paper" });
  });

  it("moves to another secret without one signal refused, and the old one ends with the answer that says so", async () => {
    const id = idOf("rotates");
    const first = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, first.secret.secret)).status).toBe(202);
    const second = await make<MadeSource>(`/v1/sources/${id}/secrets`, {});
    for (const { secret } of [first, second, first, second]) expect((await signed(id, secret.secret)).status).toBe(202);
    const retired = await call("DELETE", `/v1/sources/${id}/secrets/${first.secret.id}`);
    expect(retired.status).toBe(200);
    expect((await signed(id, first.secret.secret)).status).toBe(401);
    expect((await signed(id, second.secret.secret)).status).toBe(202);
  });

  it("is refused on the next signal after it was disabled, and taken again once enabled", async () => {
    const id = idOf("disabled");
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, secret.secret)).status).toBe(202);
    await call("PATCH", `/v1/sources/${id}`, { body: { status: "disabled" } });
    expect((await signed(id, secret.secret)).status).toBe(401);
    await call("PATCH", `/v1/sources/${id}`, { body: { status: "active" } });
    expect((await signed(id, secret.secret)).status).toBe(202);
  });

  it("reaches no account but its own", async () => {
    const id = idOf("bound");
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    const elsewhere = await signed(id, secret.secret, { ...BUY, account: "second" });
    expect(elsewhere.status).toBe(422);
    expect(await elsewhere.json()).toMatchObject({ errors: [{ pointer: "/account" }] });
  });

  it("may name an account as soon as the answer says that it reaches it", async () => {
    const id = idOf("grows");
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, secret.secret)).status).toBe(202);
    const changed = await call("PATCH", `/v1/sources/${id}`, { body: { accounts: ["paper", "second"] } });
    expect(changed.status).toBe(200);
    expect((await signed(id, secret.secret, { ...BUY, account: "second" })).status).toBe(202);
  });

  it("goes on with its only secret when the newer one is retired: that one's successor is gone", async () => {
    const id = idOf("goes-on");
    const first = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    const second = await make<MadeSource>(`/v1/sources/${id}/secrets`, {});
    expect(second.source.secrets.map(({ expires_at: end }) => end === null)).toEqual([false, true]);
    const retired = await call("DELETE", `/v1/sources/${id}/secrets/${second.secret.id}`);
    expect(await retired.json()).toMatchObject({ secrets: [{ id: first.secret.id, expires_at: null }] });
    expect((await signed(id, first.secret.secret)).status).toBe(202);
  });

  it("is held to caps of its own", async () => {
    const id = idOf("capped");
    const caps = { signals_per_min: 600, max_quantity: "2" };
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper", caps });
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

describe("an account", () => {
  it("is there for whoever has seen the answer, also where nobody knew of it a moment ago", async () => {
    const id = idOf("new");
    expect((await get(`/v1/orders?account=${id}`)).status).toBe(404);
    await make("/v1/accounts", { id, connection: { broker: "paper" }, policy: {} });
    expect((await get(`/v1/orders?account=${id}`)).status).toBe(200);
    await make("/v1/sources", { id: idOf("of-new"), kind: "signed", account: id });
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

  it("cannot give another one, when it changes it, what it does not have itself", async () => {
    const terms = { owner: idOf("o"), scopes: ["admin:keys", "orders:read"], accounts: ["paper"] };
    const { key } = await make<{ key: string }>("/v1/api-keys", terms);
    const other = { owner: idOf("p"), scopes: ["orders:read"], accounts: ["paper"] };
    const { api_key: made } = await make<{ api_key: ApiKey }>("/v1/api-keys", other);
    const change = (body: object) => call("PATCH", `/v1/api-keys/${made.id}`, { headers: { "X-API-Key": key }, body });
    for (const more of [{ scopes: ["orders:write"] }, { accounts: ["paper", "second"] }, { accounts: null }]) {
      const response = await change(more);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: "beyond_own_rights" });
    }
    expect((await change({ status: "disabled" })).status).toBe(200);
  });

  it("that is bound to a place and a time makes and changes none that is not", async () => {
    const end = new Date(Date.now() + 3_600_000).toISOString();
    const bounds = { addresses: ["192.0.2.0/24"], expires_at: end };
    const terms = { scopes: ["admin:keys"], accounts: ["paper"] };
    const { key } = await make<{ key: string }>("/v1/api-keys", { owner: idOf("o"), ...terms, ...bounds });
    const headers = { "X-API-Key": key, "CF-Connecting-IP": "192.0.2.9" };
    const later = new Date(Date.parse(end) + 1).toISOString();
    for (const [pointer, more] of [
      ["/addresses", { addresses: [] }],
      ["/addresses", { addresses: ["192.0.2.0/23"] }],
      ["/addresses", { addresses: ["192.0.2.1", "198.51.100.1"] }],
      ["/expires_at", { expires_at: null }],
      ["/expires_at", { expires_at: later }],
    ] as const) {
      const body = { owner: idOf("p"), ...terms, ...bounds, ...more };
      const response = await call("POST", "/v1/api-keys", { headers, body });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
    }
    const within = { owner: idOf("p"), ...terms, addresses: ["192.0.2.128/25"], expires_at: end };
    const { api_key: made } = await make<{ api_key: ApiKey }>("/v1/api-keys", within, headers);
    const unbind = await call("PATCH", `/v1/api-keys/${made.id}`, { headers, body: { expires_at: null } });
    expect(unbind.status).toBe(403);
  });

  it("is not made with an end that is over", async () => {
    const past = new Date(Date.now() - 1_000).toISOString();
    const body = { owner: idOf("o"), scopes: ["orders:read"], expires_at: past };
    const response = await call("POST", "/v1/api-keys", { body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/expires_at" }] });
  });

  it("is not revived beside two live ones of its owner", async () => {
    const terms = { owner: idOf("o"), scopes: ["orders:read"] };
    const soon = new Date(Date.now() + 500).toISOString();
    const { api_key: old } = await make<{ api_key: ApiKey }>("/v1/api-keys", { ...terms, expires_at: soon });
    await make("/v1/api-keys", terms);
    await make("/v1/api-keys", terms);
    const revived = await call("PATCH", `/v1/api-keys/${old.id}`, { body: { expires_at: null } });
    expect(revived.status).toBe(409);
    expect(await revived.json()).toMatchObject({ code: "too_many" });
  });

  it("cannot have a source reach an account that it is not good for", async () => {
    const id = idOf("reach");
    await make("/v1/sources", { id, kind: "signed", account: "paper" });
    const terms = { owner: idOf("o"), scopes: ["admin:sources"], accounts: ["paper"] };
    const { key } = await make<{ key: string }>("/v1/api-keys", terms);
    const headers = { "X-API-Key": key };
    const response = await call("PATCH", `/v1/sources/${id}`, { headers, body: { accounts: ["paper", "second"] } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/accounts" }] });
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
    const { secret } = await make<MadeSource>("/v1/sources", {
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
