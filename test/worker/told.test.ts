// A change that is stored, and that not everybody who goes by it could be told of: the answer says so, and the same request made
// again completes it. What adds something is answered all the same.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { ApiKey } from "../../src/domain/access.ts";
import type { AccountConfiguration } from "../../src/domain/account.ts";
import type { PolicyOverride } from "../../src/domain/policy-override.ts";
import { wakeAccounts } from "../../src/intake/wake-accounts.ts";
import { makeAccount } from "../support/make-account.ts";
import { type MadeSource, idOf, make, signed } from "./support/admin.ts";
import { call } from "./support/gateway.ts";

/** Nobody can be told anything while `work` runs. */
async function whileNobodyCanBeTold<T>(work: () => Promise<T>): Promise<T> {
  const gateway = env.GATEWAY_DO.getByName("gateway");
  const away = () => Promise.reject(new Error("the object is away"));
  const nowhere = { getByName: () => ({ configure: away, requireSource: away, requireRevision: away }) };
  const swap = (next: (before: Env) => Env) =>
    runInDurableObject(gateway, (object) => {
      const holder = object as unknown as { env: Env };
      const before = holder.env;
      holder.env = next(before);
      return before;
    });
  const before = await swap((now) => ({ ...now, ACCOUNTS_DO: nowhere, LIMITERS_DO: nowhere }) as unknown as Env);
  try {
    return await work();
  } finally {
    await swap(() => before);
  }
}

async function expectNotTold(response: Response, who: string): Promise<void> {
  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toBe("5");
  const body = await response.json<{ code: string; detail: string }>();
  expect(body.code).toBe("not_told");
  expect(body.detail).toContain(who);
}

const configurationOf = (id: string): Promise<AccountConfiguration> =>
  runInDurableObject(env.ACCOUNTS_DO.getByName(id), (_, { storage }) => {
    const row = storage.sql.exec<{ configuration: string }>("SELECT configuration FROM configuration").one();
    return JSON.parse(row.configuration) as AccountConfiguration;
  });

describe("a change that nobody could be told of", () => {
  it("of a source's secrets binds when the same request is made again", async () => {
    const id = idOf("told");
    const first = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    await make<MadeSource>(`/v1/sources/${id}/secrets`, {});
    expect((await signed(id, first.secret.secret)).status).toBe(202);
    const retire = () => call("DELETE", `/v1/sources/${id}/secrets/${first.secret.id}`);
    await expectNotTold(await whileNobodyCanBeTold(retire), "paper");
    expect((await retire()).status).toBe(200);
    expect((await signed(id, first.secret.secret)).status).toBe(401);
  });

  it("of a source binds when the same request is made again", async () => {
    const id = idOf("told");
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, secret.secret)).status).toBe(202);
    const remove = () => call("DELETE", `/v1/sources/${id}`);
    await expectNotTold(await whileNobodyCanBeTold(remove), "paper");
    expect((await remove()).status).toBe(200);
    expect((await signed(id, secret.secret)).status).toBe(401);
  });

  it("of an API key binds when the same request is made again", async () => {
    const terms = { owner: idOf("told"), scopes: ["orders:read"] };
    const { key, api_key: made } = await make<{ key: string; api_key: ApiKey }>("/v1/api-keys", terms);
    const read = () => call("GET", "/v1/orders?limit=1", { headers: { "X-API-Key": key } });
    expect((await read()).status).toBe(200);
    const remove = () => call("DELETE", `/v1/api-keys/${made.id}`);
    await expectNotTold(await whileNobodyCanBeTold(remove), made.id);
    expect((await remove()).status).toBe(200);
    expect((await read()).status).toBe(401);
  });

  it("of an account binds when the same request is made again", async () => {
    const { id } = await makeAccount(idOf("told"));
    const disable = () => call("PATCH", `/v1/accounts/${id}`, { body: { status: "disabled" } });
    await expectNotTold(await whileNobodyCanBeTold(disable), id);
    expect((await configurationOf(id)).status).toBe("active");
    expect((await disable()).status).toBe(200);
    expect((await configurationOf(id)).status).toBe("disabled");
  });

  it("of an override binds when the same request is made again, and is one override; so does its end", async () => {
    const body = {
      settings: { max_quantity: "1" },
      until: new Date(Date.now() + 3_600_000).toISOString(),
      reason: "a test",
      approver: "ana",
    };
    const set = () => call("POST", "/v1/accounts/second/overrides", { body });
    await expectNotTold(await whileNobodyCanBeTold(set), "second");
    expect((await configurationOf("second")).overrides).toEqual([]);
    const { id } = await (await set()).json<PolicyOverride>();
    expect((await configurationOf("second")).overrides).toMatchObject([{ id }]);
    const end = () => call("DELETE", `/v1/accounts/second/overrides/${id}`);
    await expectNotTold(await whileNobodyCanBeTold(end), "second");
    expect((await configurationOf("second")).overrides).toMatchObject([{ id }]);
    expect((await end()).status).toBe(200);
    expect((await configurationOf("second")).overrides).toEqual([]);
  });

  it("of a source is made up for by the cron trigger", async () => {
    const id = idOf("told");
    const { secret } = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect((await signed(id, secret.secret)).status).toBe(202);
    await expectNotTold(await whileNobodyCanBeTold(() => call("DELETE", `/v1/sources/${id}`)), "paper");
    // This isolate still goes by what it has read before; the account does not.
    await wakeAccounts(env);
    expect((await signed(id, secret.secret)).status).toBe(401);
  });

  it("of a deleted account, too, is made up for by the cron trigger", async () => {
    const { id } = await makeAccount(idOf("told"));
    await call("PATCH", `/v1/accounts/${id}`, { body: { status: "disabled" } });
    await expectNotTold(await whileNobodyCanBeTold(() => call("DELETE", `/v1/accounts/${id}`)), id);
    expect((await configurationOf(id)).status).toBe("disabled");
    await wakeAccounts(env);
    expect((await configurationOf(id)).status).toBe("deleted");
  });
});

describe("a new secret", () => {
  it("is shown, and works, also when nobody could be told when the old one ends: nobody would be shown it again", async () => {
    const id = idOf("shown");
    const first = await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    const second = await whileNobodyCanBeTold(() => make<MadeSource>(`/v1/sources/${id}/secrets`, {}));
    expect(second.untold_accounts).toContain("paper");
    for (const { secret } of [first, second]) expect((await signed(id, secret.secret)).status).toBe(202);
    const third = await call("DELETE", `/v1/sources/${id}/secrets/${first.secret.id}`);
    expect(third.status).toBe(200);
  });

  it("names nobody where all have been told", async () => {
    const id = idOf("shown");
    await make<MadeSource>("/v1/sources", { id, kind: "signed", account: "paper" });
    expect(await make<MadeSource>(`/v1/sources/${id}/secrets`, {})).toMatchObject({ untold_accounts: [] });
  });
});

describe("a rotation of the encryption key", () => {
  it("is not over while an account could not be told, though nothing is left to wrap", async () => {
    const rewrap = () => call("POST", "/v1/vault/rewrap");
    await expectNotTold(await whileNobodyCanBeTold(rewrap), "paper");
    const done = await rewrap();
    expect(done.status).toBe(200);
    expect(await done.json()).toMatchObject({ left: 0 });
  });
});
