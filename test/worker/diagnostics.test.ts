import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { diagnose } from "../../src/diagnostics/diagnose.ts";
import type { Diagnostics, GatewayCheckId } from "../../src/diagnostics/gateway-checks.ts";
import { MIGRATIONS } from "../../src/storage/migrations.ts";
import { makeAccount } from "../support/make-account.ts";
import { account, withAccount } from "./support/faulty-venue.ts";
import { call, eventually, placeOrder } from "./support/gateway.ts";

type Answer = ReturnType<typeof Diagnostics.parse>;
type Found = Answer["checks"][number];

async function read(headers: Record<string, string> = {}): Promise<Answer> {
  const response = await call("GET", "/v1/diagnostics", { headers });
  expect(response.status).toBe(200);
  const text = await response.text();
  for (const secret of [
    env.BOOTSTRAP_API_KEY,
    ...env.API_KEY_HMAC_SECRET.split(","),
    env.CREDENTIALS_ENCRYPTION_KEYS,
  ]) {
    expect(text).not.toContain(secret);
  }
  const answer = JSON.parse(text) as Answer;
  for (const { status, advice } of answer.checks) expect(advice === null).toBe(status === "ok");
  return answer;
}

/** What is not well, as `check` or `check account`, and how it stands. */
const troublesIn = (checks: readonly Pick<Found, "check" | "account" | "status">[]): Record<string, string> =>
  Object.fromEntries(
    checks
      .filter(({ status }) => status !== "ok")
      .map(({ check, account: id, status }) => [id === null ? check : `${check} ${id}`, status]),
  );

const find = ({ checks }: Answer, check: GatewayCheckId, id: string | null = null): Found | undefined =>
  checks.find((found) => found.check === check && found.account === id);

const sql = (query: string, ...values: unknown[]) => env.DB.prepare(query).bind(...values);

/** Makes the broker's last word that much older. */
const ageView = (ms: number) =>
  runInDurableObject(
    account(),
    (_, state) => void state.storage.sql.exec("UPDATE broker_view SET at_ms = at_ms - ?", ms),
  );

describe("the diagnostics of a gateway that is well", () => {
  it("say so, one by one, with the time that it was asked", async () => {
    const beforeMs = Date.now();
    const answer = await read();
    expect(troublesIn(answer.checks)).toEqual({});
    expect(answer).toMatchObject({ status: "ok", replay_window_sec: 300 });
    expect(Date.parse(answer.time)).toBeGreaterThanOrEqual(beforeMs);
    expect(Date.parse(answer.time)).toBeLessThanOrEqual(Date.now());
    expect(answer.checks.map(({ check, account: id }) => (id === null ? check : `${check} ${id}`))).toEqual([
      "settings.environment",
      "settings.api_key_enabled",
      "settings.unsigned_sources",
      "settings.maintenance_mode",
      "settings.default_account",
      "binding.DB",
      "binding.ACCOUNTS_DO",
      "binding.PAPER_VENUES_DO",
      "binding.LIMITERS_DO",
      "binding.GATEWAY_DO",
      "database.migrations",
      "database.triggers",
      "vault.keys",
      "vault.rotation",
      "sources.secrets",
      "api_keys.expiry",
      "api_keys.rotation",
      "accounts",
      ...["paper", "second"].flatMap((id) =>
        ["broker", "circuit_breaker", "audit_log"].map((check) => `account.${check} ${id}`),
      ),
    ]);
  });

  it("leave no trace: neither in the configuration, nor on its record", async () => {
    const changes = "(SELECT SUM(revision) FROM accounts) AS revisions";
    const entries = "(SELECT COUNT(*) FROM order_audit_log WHERE chain = 'gateway') AS entries";
    const count = () => sql(`SELECT ${changes}, ${entries}`).first();
    const before = await count();
    await read();
    expect(await count()).toEqual(before);
  });

  it("ask brokers through the accounts, so asking often is not calling often", async () => {
    let calls = 0;
    const venue = (real: (request: Request) => Promise<Response>) => (request: Request) => {
      calls += 1;
      return real(request);
    };
    await withAccount({ venue }, async () => {
      for (let times = 0; times < 10; times += 1) await read();
    });
    expect(calls).toBeLessThanOrEqual(4);
  });

  it("are for keys that may look after every account", async () => {
    const make = async (terms: object) =>
      (await (await call("POST", "/v1/api-keys", { body: terms })).json<{ key: string }>()).key;
    const ask = async (terms: object) => {
      const response = await call("GET", "/v1/diagnostics", { headers: { "X-API-Key": await make(terms) } });
      return { status: response.status, code: (await response.json<{ code?: string }>()).code };
    };
    expect(await ask({ owner: "whole", scopes: ["admin:accounts"] })).toEqual({ status: 200, code: undefined });
    expect(await ask({ owner: "partly", scopes: ["admin:accounts"], accounts: ["paper"] })).toEqual({
      status: 403,
      code: "beyond_own_rights",
    });
    expect(await ask({ owner: "reader", scopes: ["orders:read"] })).toEqual({ status: 403, code: "scope_missing" });
  });
});

describe("the diagnostics of a gateway that is not well", () => {
  it("know that it runs as development, and is reached through Cloudflare", async () => {
    const answer = await read({ "CF-Ray": "8f2d1c0b9a7e6d5c-FRA" });
    expect(answer.status).toBe("failed");
    expect(troublesIn(answer.checks)).toEqual({ "settings.environment": "failed" });
  });

  it("miss a trigger that was dropped, and name it with the command that makes it again", async () => {
    const name = "order_audit_log_no_delete";
    const trigger = await sql("SELECT sql FROM sqlite_master WHERE name = ?", name).first<{ sql: string }>();
    await sql(`DROP TRIGGER ${name}`).run();
    try {
      const answer = await read();
      expect(troublesIn(answer.checks)).toEqual({ "database.triggers": "failed" });
      expect(find(answer, "database.triggers")).toMatchObject({
        detail: expect.stringContaining(name) as string,
        advice: expect.stringContaining("--file migrations/0001_audit_log_rules.sql") as string,
      });
    } finally {
      await sql(trigger?.sql ?? "").run();
    }
    expect((await read()).status).toBe("ok");
  });

  it("miss a migration, and do not look at what the tables hold before it is applied", async () => {
    const name = MIGRATIONS.at(-1);
    await sql("DELETE FROM d1_migrations WHERE name = ?", name).run();
    try {
      const answer = await read();
      expect(troublesIn(answer.checks)).toEqual({ "database.migrations": "failed" });
      expect(find(answer, "database.migrations")?.detail).toContain(name);
      expect(find(answer, "vault.keys")).toBeUndefined();
      expect(find(answer, "accounts")).toBeUndefined();
    } finally {
      await sql("INSERT INTO d1_migrations (name) VALUES (?)", name).run();
    }
  });

  it("find rows that nobody can open, because their key is not in the setting", async () => {
    const insert =
      "INSERT INTO source_secrets (id, source, sealed, key_version, created_at) VALUES ('lost', 's', 'x', 9, '')";
    await sql(insert).run();
    try {
      const answer = await read();
      expect(troublesIn(answer.checks)).toEqual({ "vault.keys": "failed" });
      expect(find(answer, "vault.keys")?.detail).toContain("1 row under version 9");
    } finally {
      await sql("DELETE FROM source_secrets WHERE id = 'lost'").run();
    }
  });

  it("name a key that expires soon", async () => {
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const terms = { owner: "ending", scopes: ["orders:read"], expires_at: soon };
    const made = await (await call("POST", "/v1/api-keys", { body: terms })).json<{ api_key: { id: string } }>();
    const answer = await read();
    expect(answer.status).toBe("warning");
    expect(find(answer, "api_keys.expiry")).toMatchObject({
      status: "warning",
      detail: expect.stringContaining(made.api_key.id) as string,
    });
    await call("DELETE", `/v1/api-keys/${made.api_key.id}`);
    expect((await read()).status).toBe("ok");
  });
});

describe("the diagnostics of an account whose broker", () => {
  it("is gone say so, and of an open circuit breaker how to close it", { timeout: 30_000 }, async () => {
    const gone = () => () => Promise.resolve(new Response(null, { status: 503 }));
    await withAccount({ venue: gone }, async () => {
      await ageView(60_000);
      const answer = await read();
      expect(troublesIn(answer.checks)).toMatchObject({ "account.broker paper": "failed" });
      expect(find(answer, "account.broker", "paper")?.detail).toContain("does not answer");
      expect(find(answer, "account.broker", "second")?.status).toBe("ok");
      const open = await eventually(async () => {
        await placeOrder({ symbol: "AAPL", side: "buy", type: "limit", quantity: "1", limit_price: "1" });
        const found = find(await read(), "account.circuit_breaker", "paper");
        return found?.status === "failed" ? found : undefined;
      });
      expect(open.advice).toContain("/v1/accounts/paper/circuit-breaker/reset");
    });
    await call("POST", "/v1/accounts/paper/circuit-breaker/reset");
    await eventually(async () => ((await read()).status === "ok" ? true : undefined));
  });

  it("does not take the key say that it is there, and that the key may be the trouble", async () => {
    const refusing = () => () => Promise.resolve(Response.json({ message: "forbidden" }, { status: 401 }));
    await withAccount({ venue: refusing }, async () => {
      await ageView(60_000);
      const answer = await read();
      expect(troublesIn(answer.checks)).toEqual({ "account.broker paper": "failed" });
      expect(find(answer, "account.broker", "paper")?.detail).toContain("may refuse the key");
    });
    await eventually(async () => ((await read()).status === "ok" ? true : undefined));
  });
});

describe("the diagnostics of an account's record", () => {
  it("find that the audit log has not taken what happened", async () => {
    const block = "BEFORE INSERT ON order_audit_log WHEN NEW.chain = 'late' BEGIN SELECT RAISE(ABORT, 'not now'); END";
    await sql(`CREATE TRIGGER not_now ${block}`).run();
    await makeAccount("late");
    const order = { account: "late", symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
    await placeOrder(order);
    expect(find(await read(), "account.audit_log", "late")?.status).toBe("ok");
    await runInDurableObject(env.ACCOUNTS_DO.getByName("late"), (_, state) => {
      const then = new Date(Date.now() - 600_000).toISOString();
      state.storage.sql.exec("UPDATE orders SET state = json_set(state, '$.updated_at', ?)", then);
    });
    const late = find(await read(), "account.audit_log", "late");
    expect(late).toMatchObject({ status: "failed", detail: expect.stringContaining("10 min ago") as string });
    await sql("DROP TRIGGER not_now").run();
    await eventually(async () => ((await read()).status === "ok" ? true : undefined));
  });
});

describe("the diagnostics of a Worker that lacks something", () => {
  const now = new Date();
  const caller = { actor: { kind: "api_key", id: "bootstrap" }, requestId: "a-test", clientIp: null } as const;

  async function diagnoseWith(other: Env) {
    const config = readConfig(env);
    if (!config.ok) throw new Error("the settings of the tests are not valid");
    return diagnose({ config: config.value, env: other, caller, isAtEdge: false, now });
  }

  it.each(["DB", "ACCOUNTS_DO", "PAPER_VENUES_DO", "LIMITERS_DO", "GATEWAY_DO"])(
    "name the binding %s",
    async (name) => {
      const without = { ...env };
      Reflect.deleteProperty(without, name);
      const found = (await diagnoseWith(without)).find(({ check }) => check === `binding.${name}`);
      expect(found).toMatchObject({ status: "failed", detail: `The Worker has no binding ${name}.` });
    },
  );

  it("say of a database that is away that it is, and look at what needs none", async () => {
    const away = { prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error("away")) }) }) };
    const checks = await diagnoseWith({ ...env, DB: away as unknown as D1Database });
    expect(troublesIn(checks)).toEqual({ "binding.DB": "failed" });
    expect(checks.map(({ check }) => check)).toContain("binding.LIMITERS_DO");
    expect(checks.map(({ check }) => check)).not.toContain("accounts");
  });

  it("say of an object that throws that it does not answer", async () => {
    const broken = { getByName: () => ({ changeAccount: () => Promise.reject(new Error("reset")) }) };
    const checks = await diagnoseWith({ ...env, GATEWAY_DO: broken as unknown as Env["GATEWAY_DO"] });
    expect(troublesIn(checks)).toEqual({ "binding.GATEWAY_DO": "failed" });
  });
});

describe("the diagnostics of very many accounts", () => {
  it("are of the first twenty, those that take orders before the others, and say which were left out", async () => {
    for (let at = 10; at < 29; at += 1) await makeAccount(`many-${at}`);
    await call("PATCH", "/v1/accounts/many-10", { body: { status: "disabled" } });
    const answer = await read();
    const asked = answer.checks.filter(({ check }) => check === "account.broker").map(({ account: id }) => id);
    expect(asked).toHaveLength(20);
    expect(asked).not.toContain("many-10");
    expect(find(answer, "accounts")).toMatchObject({
      status: "warning",
      detail: "20 of 22 accounts were asked, and not second, many-10.",
    });
  });
});
