// Overriding a policy for a while through the HTTP door: what it lets through and for how long, who may agree to it, and what
// stays on the record.
import { env } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { SETTLED_MS } from "../../src/directory/directory.ts";
import type { Order } from "../../src/domain/order.ts";
import type { PolicyOverride } from "../../src/domain/policy-override.ts";
import type { Coverage } from "../../src/domain/risk/coverage.ts";
import type { OrderPreview } from "../../src/domain/risk/preview.ts";
import { makeAccount } from "../support/make-account.ts";
import { idOf, make } from "./support/admin.ts";
import { anAddress, call, eventually, get, placeOrder, readAudit, settled } from "./support/gateway.ts";

/** More units than `max_quantity` allows, at a price that nobody sells for. */
const BIG = { symbol: "AAPL", side: "buy", type: "limit", quantity: "101", limit_price: "10", time_in_force: "gtc" };
const HOUR_MS = 3_600_000;

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const terms = (overrides: object = {}) => ({
  settings: { max_quantity: "200" },
  until: inMs(HOUR_MS),
  reason: "a test",
  approver: "ana",
  ...overrides,
});

/** One for each test. */
const accounts = Array.from({ length: 19 }, () => idOf("overridden"));

beforeAll(async () => {
  for (const id of accounts) await makeAccount(id);
  // What adds something is answered after this time, so that every isolate finds it.
  await scheduler.wait(SETTLED_MS);
});

function anAccount(): string {
  const id = accounts.pop();
  if (id === undefined) throw new Error("make more accounts");
  return id;
}

const pathOf = (account: string) => `/v1/accounts/${account}/overrides`;
const set = (account: string, overrides: object = {}) => make<PolicyOverride>(pathOf(account), terms(overrides));
const end = (account: string, id: string) => call("DELETE", `${pathOf(account)}/${id}`);
const list = async (account: string): Promise<PolicyOverride[]> =>
  (await (await get(pathOf(account))).json<{ overrides: PolicyOverride[] }>()).overrides;

/** What becomes of {@link BIG}. */
async function outcomeAt(account: string): Promise<string> {
  const { status, reason } = await placeOrder({ ...BIG, account });
  return status === "denied" ? (reason?.code ?? "denied") : "approved";
}

const overNow = (until: string) => scheduler.wait(Date.parse(until) - Date.now() + 1);

describe("an override that is asked for once more", () => {
  it("is one, and holds over what was set in between", async () => {
    const account = anAccount();
    const until = inMs(HOUR_MS);
    const tight = { settings: { max_quantity: "1" }, until };
    const first = await set(account, tight);
    expect((await set(account, tight)).id).toBe(first.id);
    await set(account, { until });
    await set(account, { settings: { max_notional: "off" }, until });
    expect(await outcomeAt(account)).toBe("approved");
    const again = await set(account, tight);
    expect(again.id).not.toBe(first.id);
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
    await set(account, { settings: { max_notional: "off" }, until });
    expect((await set(account, tight)).id).toBe(again.id);
  });
});

describe("an override", () => {
  it("lets through what was denied before, and ends with its time", async () => {
    const account = anAccount();
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
    const { until } = await set(account, { until: inMs(3_000) });
    expect(await outcomeAt(account)).toBe("approved");
    await overNow(until);
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
    expect(await list(account)).toMatchObject([{ state: "over", ended_at: null, ended_by: null }]);
  });

  it("can be tighter than the policy, and binds every way an order comes", async () => {
    const account = anAccount();
    await set(account, { settings: { max_quantity: "1" } });
    const order = { ...BIG, quantity: "2", account };
    expect(await placeOrder(order)).toMatchObject({ status: "denied", reason: { code: "max_quantity_exceeded" } });
    const body = { account, orders: [order] };
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const batch = await call("POST", "/v1/orders/batch", { body, headers });
    expect(await batch.text()).toContain("max_quantity_exceeded");
  });

  it("begins when it is to begin", async () => {
    const account = anAccount();
    const { from, state } = await set(account, { from: inMs(1_500) });
    expect(state).toBe("coming");
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
    await overNow(from);
    expect(await outcomeAt(account)).toBe("approved");
  });

  it("survives a restart, and so does its end", async () => {
    const account = anAccount();
    const { until } = await set(account, { until: inMs(3_000) });
    await evictDurableObject(env.ACCOUNTS_DO.getByName(account));
    expect(await outcomeAt(account)).toBe("approved");
    await overNow(until);
    await evictDurableObject(env.ACCOUNTS_DO.getByName(account));
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
  });

  it("is ended early, from the answer on and for good", async () => {
    const account = anAccount();
    const { id } = await set(account);
    expect(await outcomeAt(account)).toBe("approved");
    const ended = await (await end(account, id)).json<PolicyOverride>();
    expect(ended).toMatchObject({ id, state: "over", ended_by: "bootstrap" });
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
    expect(await (await end(account, id)).json()).toEqual(ended);
    expect(await list(account)).toEqual([ended]);
  });

  it("is what the broker is asked for, too: what it lets in has a price to be measured with", async () => {
    const account = anAccount();
    const { policy } = await (await get(`/v1/accounts/${account}`)).json<{ policy: object }>();
    const body = { policy: { ...policy, symbols: [] }, reason: "a test" };
    expect((await call("PUT", `/v1/accounts/${account}/policy`, { body })).status).toBe(200);
    const order = { symbol: "MSFT", side: "buy", type: "market", quantity: "1", account };
    expect(await placeOrder(order)).toMatchObject({ reason: { code: "symbol_not_allowed" } });
    await set(account, { settings: { symbols: ["MSFT"] } });
    expect(await settled((await placeOrder(order)).id, "filled")).toMatchObject({ symbol: "MSFT" });
  });

  it("counts when an order that waits in the place of another is let go", async () => {
    const account = anAccount();
    const { id } = await placeOrder({ ...BIG, quantity: "1", account });
    await settled(id, "new");
    await set(account);
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const replaced = await call("POST", `/v1/orders/${id}/replace`, { body: { quantity: "101" }, headers });
    const { id: successor } = await replaced.json<Order>();
    expect(await settled(successor, "new")).toMatchObject({ replaces: id, quantity: "101" });
  });

  it("gives way to one that is set later, and to nothing else", async () => {
    const account = anAccount();
    await set(account, { settings: { max_quantity: "200", max_notional: "30000" } });
    const { id } = await set(account, { settings: { max_quantity: "50" } });
    expect(await outcomeAt(account)).toBe("max_quantity_exceeded");
    await end(account, id);
    expect(await outcomeAt(account)).toBe("approved");
  });

  it("outlasts a change of the policy below it, and does not touch the policy", async () => {
    const account = anAccount();
    const before = await (await get(`/v1/accounts/${account}`)).json<{ policy: object; policy_version: number }>();
    await set(account);
    const after = await (await get(`/v1/accounts/${account}`)).json<typeof before>();
    expect([after.policy, after.policy_version]).toEqual([before.policy, before.policy_version]);
    const body = { policy: { ...before.policy, max_quantity: "5" }, reason: "a test" };
    expect((await call("PUT", `/v1/accounts/${account}/policy`, { body })).status).toBe(200);
    expect(await outcomeAt(account)).toBe("approved");
  });
});

describe("who sets an override", () => {
  it("is not who approves it", async () => {
    const account = anAccount();
    const owner = idOf("ana");
    const { key } = await make<{ key: string }>("/v1/api-keys", { owner, scopes: ["admin:risk"], accounts: [account] });
    const headers = { "X-API-Key": key, "CF-Connecting-IP": anAddress() };
    for (const approver of [owner, owner.toUpperCase(), `${owner}@example.com`]) {
      const refused = await call("POST", pathOf(account), { body: terms({ approver }), headers });
      expect(refused.status).toBe(422);
      expect(await refused.json()).toMatchObject({ errors: [{ pointer: "/approver" }] });
    }
    expect(await list(account)).toEqual([]);
    const made = await make<PolicyOverride>(pathOf(account), terms({ approver: "ben" }), headers);
    expect(made).toMatchObject({ approver: "ben", set_by: expect.stringMatching(`^${owner}/`) as string });
  });

  it("needs the scope for it: who may set policies may not", async () => {
    const account = anAccount();
    const body = { owner: idOf("policies"), scopes: ["admin:accounts"] };
    const { key } = await make<{ key: string }>("/v1/api-keys", body);
    const headers = { "X-API-Key": key, "CF-Connecting-IP": anAddress() };
    expect((await call("POST", pathOf(account), { body: terms(), headers })).status).toBe(403);
  });

  it("says for how long, and is told every field that is wrong", async () => {
    const account = anAccount();
    const answerTo = async (body: object) => {
      const response = await call("POST", pathOf(account), { body });
      const { errors } = await response.json<{ errors: { pointer: string }[] }>();
      return [response.status, ...errors.map(({ pointer }) => pointer)];
    };
    expect(await answerTo({ settings: {} })).toEqual([422, "/settings", "/until", "/reason", "/approver"]);
    expect(await answerTo(terms({ until: inMs(8 * 24 * HOUR_MS) }))).toEqual([422, "/until"]);
    expect(await answerTo(terms({ until: inMs(-1) }))).toEqual([422, "/until"]);
    expect(await answerTo(terms({ settings: { max_quantity: "x" } }))).toEqual([422, "/settings/max_quantity"]);
  });

  it("sets one, however often the same request is made", async () => {
    const account = anAccount();
    const body = terms();
    const [first, second] = [await make(pathOf(account), body), await make(pathOf(account), body)];
    expect(second).toEqual(first);
    expect(await list(account)).toHaveLength(1);
  });

  it("sets so many at once and no more, and those that are over do not count", async () => {
    const account = anAccount();
    const first = await set(account);
    for (let times = 1; times < 20; times += 1) await set(account, { reason: `the ${times}.` });
    const refused = await call("POST", pathOf(account), { body: terms({ reason: "one too many" }) });
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: "too_many" }]);
    await end(account, first.id);
    await set(account, { reason: "in its place" });
  });
});

describe("what is known of overrides", () => {
  it("is listed, newest first and in pages", async () => {
    const account = anAccount();
    const over = await set(account, { reason: "over" });
    await end(account, over.id);
    await set(account, { reason: "in force" });
    await set(account, { reason: "coming", from: inMs(HOUR_MS / 2) });
    expect((await list(account)).map(({ reason, state }) => [reason, state])).toEqual([
      ["coming", "coming"],
      ["in force", "in_force"],
      ["over", "over"],
    ]);
    const reasons: string[] = [];
    for (let cursor: number | null = 1_000; cursor !== null;) {
      const page: Response = await get(`${pathOf(account)}?limit=1&cursor=${cursor}`);
      const { overrides, next_cursor: next } = await page.json<{
        overrides: PolicyOverride[];
        next_cursor: number | null;
      }>();
      reasons.push(...overrides.map(({ reason }) => reason));
      cursor = next;
    }
    expect(reasons).toEqual(["coming", "in force", "over"]);
  });

  it("is in a preview and in the coverage, with the values that are in force", async () => {
    const account = anAccount();
    const { id, until } = await set(account);
    const overridden = [{ setting: "max_quantity", override: id, until }];
    const preview = await call("POST", "/v1/orders/preview", { body: { ...BIG, account } });
    const { rules, ...previewed } = await preview.json<OrderPreview>();
    expect(previewed).toMatchObject({ outcome: "approved", overridden });
    expect(rules.find(({ rule }) => rule === "max_quantity")).toMatchObject({ limit: "200", headroom: "99" });
    const coverage = await (await get(`/v1/policy/coverage?account=${account}`)).json<Coverage>();
    expect(coverage.overridden).toEqual(overridden);
    expect(JSON.stringify(coverage.clauses)).toContain('"setting":"max_quantity","value":"200"');
    await end(account, id);
    expect(await (await get(`/v1/policy/coverage?account=${account}`)).json()).toMatchObject({ overridden: [] });
  });

  it("is on the record: who set it, who approved it, why, who ended it, and what was decided under it", async () => {
    const account = anAccount();
    const { id, until } = await set(account, { reason: "for the record" });
    const order = await placeOrder({ ...BIG, account });
    await settled(order.id, "new");
    await end(account, id);
    const atGateway = await (await get("/v1/audit?chain=gateway&limit=200")).text();
    for (const type of ["override.set", "override.ended"]) expect(atGateway).toContain(`\\"type\\":\\"${type}\\"`);
    expect(atGateway).toContain(id);
    const approved = await eventually(async () =>
      (await readAudit(`&account=${account}`)).find(({ event }) => event.type === "order.approved"),
    );
    expect(approved.event.data["overridden"]).toEqual([{ setting: "max_quantity", override: id, until }]);
    const denied = await placeOrder({ ...BIG, account });
    const entry = await eventually(async () =>
      (await readAudit(`&account=${account}`)).find(({ event }) => event.order_id === denied.id),
    );
    expect(entry.event.data).not.toHaveProperty("overridden");
  });

  it("is never rewritten", async () => {
    const account = anAccount();
    const { id } = await set(account);
    const run = (sql: string) => env.DB.prepare(sql).bind(id).run();
    await expect(run("DELETE FROM policy_overrides WHERE id = ?")).rejects.toThrow("policy_overrides are kept");
    const rewritten = "ended once, and nothing else";
    await expect(run("UPDATE policy_overrides SET until = '2999' WHERE id = ?")).rejects.toThrow(rewritten);
    await end(account, id);
    const again = "UPDATE policy_overrides SET ended_at = '2999', ended_by = 'eve' WHERE id = ?";
    await expect(run(again)).rejects.toThrow(rewritten);
  });
});
