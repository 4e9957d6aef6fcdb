// One suite for every route there is: it reads the API document, so a route that declares nothing, or names what this suite does
// not know, fails here.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createRoute, z } from "@hono/zod-openapi";
import { beforeAll, describe, expect, it } from "vitest";
import type { ApiKey } from "../../src/domain/access.ts";
import { makeApiKey } from "../../src/domain/api-key.ts";
import type { Order } from "../../src/domain/order.ts";
import type { PolicyOverride } from "../../src/domain/policy-override.ts";
import { Scope } from "../../src/domain/scope.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import type { Source } from "../../src/domain/source.ts";
import type { TradingStop } from "../../src/domain/trading-stop.ts";
import { createApp } from "../../src/http/app.ts";
import { guarded } from "../../src/http/guarded.ts";
import { makeAccount } from "../support/make-account.ts";
import { NO_LIMITS } from "../support/no-limits.ts";
import { anAddress, call, send, sign } from "./support/gateway.ts";
import { NOBODYS, type Operation, fillPath, operationsOf, undeclaredIn } from "./support/operations.ts";

const app = createApp();
const operations = operationsOf(app);
/** Doors that are open, or that ask for something else than a key. */
const WITHOUT_KEY = new Set(["getHealth"]);
const SIGNALS = new Set(["sendSignal", "sendAlert"]);
const keyed = operations.filter(({ name }) => !WITHOUT_KEY.has(name) && !SIGNALS.has(name));

type Ask = (operation: Operation) => Promise<Response>;

/** What there is of the account `paper`. */
let theirs = NOBODYS;
let keys: Readonly<Record<"few" | "expired" | "disabled" | "deleted" | "elsewhere", MadeKey>>;

const POLICY = { ...NO_LIMITS, symbols: ["AAPL"], max_quantity: "1", max_notional: "1000" };
const RESTING = { symbol: "AAPL", side: "buy", type: "limit", quantity: "1", limit_price: "10", time_in_force: "gtc" };
const SOURCE = { kind: "signed", account: "paper" };

/** A good body for every operation that takes one. */
const BODIES: Readonly<Record<string, () => object>> = {
  placeOrder: () => RESTING,
  placeOrders: () => ({ orders: [RESTING] }),
  previewOrder: () => RESTING,
  stopTrading: () => ({ reason: "the suite", account: "second", cancel: "none" }),
  releaseStop: () => ({}),
  approveOrder: () => ({}),
  declineOrder: () => ({}),
  replayPolicy: () => ({ policy: POLICY }),
  replaceOrder: () => ({ limit_price: "11" }),
  settleOrder: () => ({ outcome: "not_placed", reason: "the suite" }),
  setPaperPrice: () => ({ price: "187.5" }),
  createAccount: () => ({ id: "suite-new", connection: { broker: "paper" }, policy: POLICY }),
  changeAccount: () => ({ name: "of the suite" }),
  setPolicy: () => ({ policy: POLICY, reason: "the suite" }),
  setOverride: () => ({
    settings: { max_open_orders: 1_000 },
    until: new Date(Date.now() + 3_600_000).toISOString(),
    reason: "the suite",
    approver: "somebody else",
  }),
  setCredentials: () => ({ credentials: { key_id: "k", secret_key: "s" } }),
  createApiKey: () => ({ owner: "suite-new", scopes: ["orders:read"], accounts: ["second"] }),
  changeApiKey: () => ({ status: "disabled" }),
  createSource: () => ({ id: "suite-new", kind: "signed", account: "second" }),
  changeSource: () => ({ name: "of the suite" }),
  refreshInstruments: () => ({ account: "second" }),
  rotateSecret: () => ({}),
  sendSignal: () => RESTING,
  sendAlert: () => RESTING,
};

function bodyOf({ name, takesBody }: Operation): { readonly body?: string } {
  if (!takesBody) return {};
  const body = BODIES[name];
  if (body === undefined) throw new Error(`say in BODIES what ${name} takes`);
  return { body: JSON.stringify(body()) };
}

type Asked = { readonly headers?: Readonly<Record<string, string>>; readonly body?: BodyInit };

/** Somebody nobody has heard of, with a body of JSON, and an id of its own for what needs one. */
async function ask(method: string, path: string, { headers = {}, body }: Asked): Promise<Response> {
  const request = new Request(`https://gateway.test${path}`, {
    method,
    headers: {
      "CF-Connecting-IP": anAddress(),
      "Content-Type": "application/json",
      "Idempotency-Key": crypto.randomUUID(),
      ...headers,
    },
    body: body ?? null,
  });
  return app.fetch(request, { ...env, UNSIGNED_SOURCES: "true" }, createExecutionContext());
}

const asked = (operation: Operation, headers: Readonly<Record<string, string>>, query = "") =>
  ask(operation.method, `${fillPath(operation.path, theirs)}${query}`, { headers, ...bodyOf(operation) });

async function make<T>(path: string, body: object, status = 201): Promise<T> {
  const response = await call("POST", path, { body, headers: { "Idempotency-Key": crypto.randomUUID() } });
  if (response.status !== status) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

type MadeKey = { readonly key: string; readonly api_key: ApiKey };
const makeKey = (terms: object) =>
  make<MadeKey>("/v1/api-keys", { owner: `suite-${crypto.randomUUID().slice(0, 8)}`, ...terms });

beforeAll(async () => {
  const readable = { scopes: ["admin:*", "orders:read"] };
  // In parallel: an answer to what adds something is held back for a second.
  const [order, source, ofPaper, few, expired, disabled, deleted, elsewhere] = await Promise.all([
    make<Order>("/v1/orders", RESTING, 202),
    make<{ readonly source: Source }>("/v1/sources", { id: "suite-theirs", ...SOURCE }),
    makeKey({ scopes: ["orders:read"], accounts: ["paper"] }),
    // A key that may do nothing that any route asks for, but be known.
    makeKey({ scopes: ["audit:read"], accounts: ["paper"] }),
    makeKey({ ...readable, expires_at: new Date(Date.now() + 1_500).toISOString() }),
    makeKey(readable),
    makeKey(readable),
    makeKey({ ...readable, addresses: ["192.0.2.0/24"] }),
  ]);
  await call("PATCH", `/v1/api-keys/${disabled.api_key.id}`, { body: { status: "disabled" } });
  await call("DELETE", `/v1/api-keys/${deleted.api_key.id}`);
  await scheduler.wait(1_000);
  const secret = source.source.secrets[0]?.id ?? "";
  // In a symbol that nobody trades here.
  const stopped = { account: "paper", symbol: "SPY", cancel: "none", reason: "the suite" };
  const { stop } = await make<{ readonly stop: TradingStop }>("/v1/stops", stopped, 200);
  const signal = await (await send("cancel ZZZZ")).json<SignalReceipt>();
  const override = await make<PolicyOverride>("/v1/accounts/paper/overrides", BODIES["setOverride"]?.() ?? {});
  const ids = {
    order: order.id,
    source: "suite-theirs",
    key: ofPaper.api_key.id,
    stop: stop.id,
    signal: signal.id,
    override: override.id,
  };
  theirs = { account: "paper", secret, ...ids };
  keys = { few, expired, disabled, deleted, elsewhere };
});

/** Somebody else's secret and checksum behind the same public id; the right checksum is found by trying. */
function withOtherSecret(key: string): string {
  const id = key.slice("sp_dev_".length, "sp_dev_".length + 10);
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const drawn = Array.from(id, (character) => alphabet.indexOf(character));
  let at = 0;
  return makeApiKey("development", (length) => Uint8Array.from({ length }, () => drawn[at++] ?? at % 62)).key;
}

const stranger = (environment: "development" | "production") =>
  makeApiKey(environment, (length) => crypto.getRandomValues(new Uint8Array(length))).key;

/** Every way not to prove who one is. */
const UNPROVEN: Readonly<Record<string, () => Readonly<Record<string, string>>>> = {
  "no key": () => ({}),
  "an empty key": () => ({ "X-API-Key": "" }),
  "a text that is no key": () => ({ "X-API-Key": "hello" }),
  "a wrong key": () => ({ "X-API-Key": `${env.BOOTSTRAP_API_KEY}x` }),
  "a well-formed key that nobody made": () => ({ "X-API-Key": stranger("development") }),
  "a key of another environment": () => ({ "X-API-Key": stranger("production") }),
  "a mistyped key": () => ({ "X-API-Key": keys.few.key.replace(/.$/, (last) => (last === "0" ? "1" : "0")) }),
  "another secret under a known id": () => ({ "X-API-Key": withOtherSecret(keys.few.key) }),
  "a key that has expired": () => ({ "X-API-Key": keys.expired.key }),
  "a key that is disabled": () => ({ "X-API-Key": keys.disabled.key }),
  "a key that is deleted": () => ({ "X-API-Key": keys.deleted.key }),
  "a key from a wrong address": () => ({ "X-API-Key": keys.elsewhere.key }),
  "a key in another header": () => ({ Authorization: `Bearer ${env.BOOTSTRAP_API_KEY}` }),
  "a key in a cookie": () => ({ Cookie: `X-API-Key=${env.BOOTSTRAP_API_KEY}` }),
  "an assertion, where Cloudflare Access is off": () => ({ "Cf-Access-Jwt-Assertion": "eyJhbGciOiJub25lIn0.e30." }),
};

let failures = 0;
let address = anAddress();

/** An address that may fail once more: after three failures it is told nothing for a while, see `limits.test.ts`. */
function patientAddress(): Readonly<Record<string, string>> {
  failures += 1;
  if (failures % 3 === 0) address = anAddress();
  return { "CF-Connecting-IP": address };
}

/** What an answer says, but for the name of the request. */
async function said(response: Response): Promise<string> {
  const { request_id: _, ...problem } = await response.json<Record<string, unknown>>();
  return JSON.stringify({ status: response.status, ...problem });
}

/** Which operations do not answer as they should. */
async function failing(
  among: readonly Operation[],
  ask_: Ask,
  isRight: (status: number, operation: Operation) => boolean,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const operation of among) {
    const response = await ask_(operation);
    const text = await response.text();
    if (!isRight(response.status, operation)) wrong.push(`${operation.name}: ${response.status} ${text.slice(0, 200)}`);
  }
  return wrong;
}

describe("every route in the API document", () => {
  it("is in it, and says which scope it takes, and knows no other scopes than there are", () => {
    expect(undeclaredIn(app)).toEqual([]);
    const known = new Set<string>(Scope.options);
    expect(keyed.filter(({ scopes }) => scopes.length === 0 || !scopes.every((scope) => known.has(scope)))).toEqual([]);
    expect(keyed.length).toBeGreaterThan(30);
  });

  it("describes the refusals of the guard", () => {
    const without = keyed.filter(
      ({ statuses }) => !["400", "401", "403", "429", "503"].every((status) => statuses.includes(status)),
    );
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  const answers = new Set<string>();

  it.each(Object.entries(UNPROVEN))(
    "refuses %s, in one and the same way",
    async (_, headers) => {
      const wrong = await failing(
        keyed,
        async (operation) => {
          const response = await asked(operation, { ...headers(), ...patientAddress() });
          const { "x-request-id": _id, ...rest } = Object.fromEntries(response.headers);
          answers.add(JSON.stringify([await said(response.clone()), rest]));
          return response;
        },
        (status) => status === 401,
      );
      expect(wrong).toEqual([]);
      expect([...answers]).toHaveLength(1);
    },
    20_000,
  );

  it("refuses a key in the address, even a good one", async () => {
    const wrong = await failing(
      keyed,
      (operation) => asked(operation, { "X-API-Key": env.BOOTSTRAP_API_KEY }, `?api_key=${env.BOOTSTRAP_API_KEY}`),
      (status) => status === 400,
    );
    expect(wrong).toEqual([]);
  });

  it("refuses a key without the scope, and says which one is missing", async () => {
    const wrong = await failing(
      keyed.filter(({ scopes }) => !scopes.includes("audit:read")),
      (operation) => asked(operation, { "X-API-Key": keys.few.key }),
      (status) => status === 403,
    );
    expect(wrong).toEqual([]);
  });
});

describe("the account of somebody else", () => {
  let foreigner: Readonly<Record<string, string>> = {};
  const byPath = keyed.filter(({ path }) => path.includes("{"));
  const byQuery = keyed.filter(({ query }) => query.includes("account"));
  const NAMED = { account: "account", order_id: "order" } as const;
  /** What belongs to no account, or to all. */
  const ABOVE = ["getDiagnostics", "getVault", "rewrapVault"];
  const LISTS = ["listAccounts", "listApiKeys", "listSources", "listStops"];
  const BY_BODY = [
    "createAccount",
    "createApiKey",
    "createSource",
    "placeOrder",
    "placeOrders",
    "previewOrder",
    "refreshInstruments",
    "replayPolicy",
    "stopTrading",
  ];

  beforeAll(async () => {
    const scopes = ["orders:read", "orders:write", "orders:cancel", "orders:approve", "audit:read", "kill", "admin:*"];
    foreigner = { "X-API-Key": (await makeKey({ scopes, accounts: ["second"] })).key };
  });

  const askAs = (operation: Operation, path: string, body: { readonly body?: string } = bodyOf(operation)) =>
    ask(operation.method, path, { headers: foreigner, ...body });

  it("can be named to every operation in one of the ways that are looked at here", () => {
    const covered = [...byPath, ...byQuery].map(({ name }) => name).concat(ABOVE, LISTS, BY_BODY);
    expect([...new Set(covered)].toSorted()).toEqual(keyed.map(({ name }) => name).toSorted());
  });

  it("does not exist where a path leads to a thing of it, and the answer is that to a thing nobody has", async () => {
    for (const operation of byPath) {
      const there = await askAs(operation, fillPath(operation.path, theirs));
      const nowhere = await askAs(operation, fillPath(operation.path, NOBODYS));
      expect([operation.name, there.status]).toEqual([operation.name, 404]);
      expect(await said(there), operation.name).toBe(await said(nowhere));
    }
  });

  it("does not exist where a query names it or a thing of it, nor where it is the default", async () => {
    for (const operation of byQuery) {
      const answers = new Set<string>();
      const queries = ["", `?account=${NOBODYS.account}`];
      for (const [parameter, kind] of Object.entries(NAMED)) {
        if (
          operation.query.includes(parameter) &&
          !(operation.name === "listAuditEntries" && parameter === "order_id")
        ) {
          queries.push(`?${parameter}=${theirs[kind]}`);
        }
      }
      for (const query of queries) {
        const response = await askAs(operation, `${operation.path}${query}`, {});
        expect([operation.name, query, response.status]).toEqual([operation.name, query, 404]);
        answers.add(await said(response));
      }
      expect(answers.size, operation.name).toBe(1);
    }
    const chain = await ask("GET", "/v1/audit?chain=gateway", { headers: foreigner });
    expect(chain.status).toBe(404);
  });

  it("shows nothing of its orders through an account that may be asked", async () => {
    for (const path of ["/v1/audit", "/v1/executions"]) {
      const response = await ask("GET", `${path}?account=second&order_id=${theirs.order}`, { headers: foreigner });
      expect(response.status).toBe(200);
      expect(Object.values(await response.json<object>())).toEqual([[], null]);
    }
  });

  it.each<[string, string, (account: string) => object, number]>([
    ["POST", "/v1/orders", (account) => ({ ...RESTING, account }), 422],
    ["POST", "/v1/orders/preview", (account) => ({ ...RESTING, account }), 422],
    ["POST", "/v1/policy/what-if", (account) => ({ account, policy: POLICY }), 422],
    ["POST", "/v1/stops", (account) => ({ account, reason: "the suite" }), 422],
    ["POST", "/v1/orders/batch", (account) => ({ account, orders: [RESTING] }), 422],
    ["POST", "/v1/admin/instruments/refresh", (account) => ({ account }), 422],
    ["POST", "/v1/orders/batch", (account) => ({ account: "second", orders: [{ ...RESTING, account }] }), 422],
    ["POST", "/v1/sources", (account) => ({ id: "suite-by-body", kind: "signed", account }), 422],
    [
      "POST",
      "/v1/sources",
      (account) => ({ id: "suite-by-body", kind: "signed", account: "second", accounts: [account] }),
      422,
    ],
    ["POST", "/v1/api-keys", (account) => ({ owner: "suite-by-body", scopes: ["kill"], accounts: [account] }), 403],
    ["POST", "/v1/accounts", (id) => ({ id, connection: { broker: "paper" }, policy: POLICY }), 403],
  ])("cannot be told from one that nobody has, where a body of %s %s names it", async (method, path, body, status) => {
    const answers = [];
    for (const account of [theirs.account, NOBODYS.account]) {
      const response = await ask(method, path, { headers: foreigner, body: JSON.stringify(body(account)) });
      expect(response.status).toBe(status);
      answers.push((await said(response)).replaceAll(account, "the account"));
    }
    expect(answers[0]).toBe(answers[1]);
  });

  it("is not there where a body names none and it is the default", async () => {
    for (const [path, body] of [
      ["/v1/orders", RESTING],
      ["/v1/orders/preview", RESTING],
      ["/v1/orders/batch", { orders: [RESTING] }],
      ["/v1/policy/what-if", { policy: POLICY }],
    ] as const) {
      const response = await ask("POST", path, { headers: foreigner, body: JSON.stringify(body) });
      expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ pointer: "/account" }] }]);
    }
  });

  it("is in no list", async () => {
    for (const operation of keyed.filter(({ name }) => LISTS.includes(name))) {
      const response = await askAs(operation, operation.path);
      expect(response.status).toBe(200);
      const text = (await response.text()).replaceAll('"broker":"paper"', "");
      for (const thing of Object.values(theirs)) expect(text, operation.name).not.toContain(`"${thing}"`);
    }
  });

  it("is not reached through what belongs to all accounts", async () => {
    const above = keyed.filter(({ name }) => ABOVE.includes(name));
    expect(
      await failing(
        above,
        (operation) => askAs(operation, operation.path),
        (status) => status === 403,
      ),
    ).toEqual([]);
  });
});

describe("a disabled account", () => {
  const account = "suite-disabled";
  let order: Order;
  const operator = { "X-API-Key": env.BOOTSTRAP_API_KEY };

  beforeAll(async () => {
    await makeAccount(account);
    order = await make<Order>("/v1/orders", { ...RESTING, account }, 202);
    await call("PATCH", `/v1/accounts/${account}`, { body: { status: "disabled" } });
  });

  it.each<[string, () => Promise<Response>]>([
    ["an order", () => ask("POST", "/v1/orders", { headers: operator, body: JSON.stringify({ ...RESTING, account }) })],
    [
      "a batch",
      () =>
        ask("POST", "/v1/orders/batch", { headers: operator, body: JSON.stringify({ account, orders: [RESTING] }) }),
    ],
    [
      "a replacement",
      () => ask("POST", `/v1/orders/${order.id}/replace`, { headers: operator, body: '{"limit_price":"11"}' }),
    ],
    ["a signal", () => send({ ...RESTING, account })],
  ])("takes no order: %s is refused, and says why", async (_, place) => {
    const response = await place();
    expect([response.status, await response.json()]).toMatchObject([409, { code: "account_disabled" }]);
  });

  it("can be read, and its orders canceled", async () => {
    for (const path of [
      `/v1/orders/${order.id}`,
      `/v1/orders?account=${account}`,
      `/v1/portfolio?account=${account}`,
      `/v1/accounts/${account}`,
      `/v1/audit?account=${account}`,
    ]) {
      expect((await ask("GET", path, { headers: operator })).status).toBe(200);
    }
    expect((await ask("DELETE", `/v1/orders?account=${account}`, { headers: operator })).status).toBe(202);
    expect((await ask("DELETE", `/v1/orders/${order.id}`, { headers: operator })).ok).toBe(true);
  });
});

describe("a body", () => {
  const operator = { "X-API-Key": env.BOOTSTRAP_API_KEY };
  const withBody = operations.filter(({ takesBody }) => takesBody);
  /** Read by the framework, as the one body that no money depends on. */
  const LENIENT = "setPaperPrice";
  const strict = withBody.filter(({ name }) => name !== LENIENT && !SIGNALS.has(name));
  const lenient = withBody.filter(({ name }) => name === LENIENT);

  const sent = (operation: Operation, body: BodyInit, headers: Readonly<Record<string, string>> = {}) =>
    ask(operation.method, fillPath(operation.path, theirs), { headers: { ...operator, ...headers }, body });

  const refusals = async (among: readonly Operation[], body: BodyInit, code: string) => {
    const wrong: string[] = [];
    for (const operation of among) {
      const answer = await (await sent(operation, body)).json<{ code: string }>();
      if (answer.code !== code) wrong.push(`${operation.name}: ${JSON.stringify(answer)}`);
    }
    return wrong;
  };

  it("over its limit is refused by every operation that takes one, and by signals before they are proven", async () => {
    const { headers } = await sign("");
    const wrong = await failing(
      withBody,
      (operation) => sent(operation, `{"symbol":"${"A".repeat(66_000)}"}`, headers),
      (status) => status === 413,
    );
    expect(wrong).toEqual([]);
    expect(withBody.length).toBeGreaterThan(14);
  });

  it("that never ends is refused as soon as it is too long, whatever its length is said to be", async () => {
    const { headers } = await sign("");
    const endless = () =>
      new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) });
    const wrong = await failing(
      withBody,
      (operation) => sent(operation, endless(), headers),
      (status) => status === 413,
    );
    expect(wrong).toEqual([]);
  });

  it.each<[string, BodyInit]>([
    ["is empty", ""],
    ["is no JSON", "buy AAPL"],
    ["has more behind it", "{} {}"],
    ["is not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
  ])("that %s cannot be read by any operation", async (_, body) => {
    expect(await refusals([...strict, ...lenient], body, "malformed_body")).toEqual([]);
  });

  it.each<[string, BodyInit]>([
    ["is nested too deep", `{"reason":${"[".repeat(16)}${"]".repeat(16)}}`],
    ["has a key twice", '{"reason":"one","reason":"two"}'],
    ["has a key twice, once escaped", String.raw`{"reason":"one","\u0072eason":"two"}`],
    ["has a key twice inside", '{"policy":{"max_quantity":"1","max_quantity":"1000000"}}'],
    ["sets a prototype", '{"__proto__":{"scopes":["admin:*"]}}'],
    ["begins with a byte order mark", "\uFEFF{}"],
    ["has a number that a double does not hold", '{"quantity":9007199254740993}'],
  ])("that %s has no one meaning, and is read by no operation that matters", async (_, body) => {
    expect(await refusals(strict, body, "malformed_body")).toEqual([]);
    expect(await refusals(lenient, body, "invalid_request")).toEqual([]);
  });

  it.each(["[]", '"text"', "1", "null", "true", "[{}]"])(
    "that is %s is of the wrong type for all of them",
    async (body) => {
      expect(await refusals([...strict, ...lenient], body, "invalid_request")).toEqual([]);
    },
  );

  it("has no field that nobody knows", async () => {
    for (const operation of [...strict, ...lenient]) {
      const body = JSON.stringify({ ...BODIES[operation.name]?.(), surprise: 1 });
      const response = await sent(operation, body);
      expect([operation.name, response.status]).toEqual([operation.name, 422]);
      expect(await response.json()).toMatchObject({ errors: [{ pointer: "/surprise", message: "unknown field" }] });
    }
  });

  it("is read as JSON whatever it is said to be, or refused for what it is said to be", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]) {
      const headers = { "Content-Type": type };
      const wrong = await failing(
        [...strict, ...lenient],
        (operation) => sent(operation, "price=1", headers),
        (status, { name }) => status === (name === LENIENT ? 415 : 400),
      );
      expect(wrong, type).toEqual([]);
    }
  });
});

describe("this suite", () => {
  const answers = { 200: { description: "Whatever." } };
  const anApp = () => {
    const other = createApp();
    return { other, undeclared: () => undeclaredIn(other) };
  };

  it("notices a route that the document leaves out", () => {
    const { other, undeclared } = anApp();
    other.get("/v1/backdoor/:id", (c) => c.text("open"));
    expect(undeclared()).toEqual(["get /v1/backdoor/{id}"]);
  });

  it("notices a route that says nothing of keys", () => {
    const { other, undeclared } = anApp();
    const route = createRoute({ method: "get", path: "/v1/backdoor", responses: answers });
    other.openapi(route, (c) => c.text("open"));
    expect(undeclared()).toEqual(["get /v1/backdoor"]);
  });

  it("notices a route that says it asks for a key, and asks nobody", async () => {
    const { other, undeclared } = anApp();
    const { security } = guarded(["orders:read"]);
    const params = z.object({ id: z.string() });
    const route = createRoute({
      method: "get",
      path: "/v1/orders/{id}/notes",
      security,
      request: { params },
      responses: answers,
    });
    other.openapi(route, (c) => c.text("open"));
    expect(undeclared()).toEqual([]);
    const wrong = await failing(
      operationsOf(other).filter(({ path }) => path.startsWith("/v1/orders/{id}")),
      async ({ method, path }) =>
        other.fetch(
          new Request(`https://gateway.test${fillPath(path, NOBODYS)}`, {
            method,
            headers: { "CF-Connecting-IP": anAddress() },
          }),
          env,
          createExecutionContext(),
        ),
      (status) => status === 401,
    );
    expect(wrong).toEqual(["get /v1/orders/{id}/notes: 200 open"]);
  });
});
