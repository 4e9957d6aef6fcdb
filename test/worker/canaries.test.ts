// A canary, a text that stands nowhere else, is put into everything that somebody can send. Then every place is searched where
// something can be left behind: the log, every answer, every column of D1 and of every Durable Object. What may stand where is
// written down here, place by place: a new leak fails, and so does something that is no longer kept where it belongs.
import { createExecutionContext, createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Order } from "../../src/domain/order.ts";
import type { Source } from "../../src/domain/source.ts";
import { createApp } from "../../src/http/app.ts";
import worker from "../../src/index.ts";
import { NO_LIMITS } from "../support/no-limits.ts";
import { Canaries } from "./support/canaries.ts";
import { KEY_ID, SYMBOL, echoingBroker } from "./support/echoing-broker.ts";
import { anAddress, eventually, hmacHex } from "./support/gateway.ts";
import { NOBODYS, fillPath, operationsOf } from "./support/operations.ts";
import { type Place, placesOf, readEverythingStored } from "./support/places.ts";

const app = createApp();
const operations = operationsOf(app);
const settings = { ...env, UNSIGNED_SOURCES: "true" };

const canaries = new Canaries();
const word = (name: string): string => canaries.word(name);

const lines: string[] = [];
const answers: { readonly operation: string; readonly text: string }[] = [];

const operator = { "X-API-Key": env.BOOTSTRAP_API_KEY };
const nobody = { "X-API-Key": "" };

type Sent = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
  /** Settings and bindings that differ. */
  readonly bindings?: object;
};

/** Asks as the operator does, unless the headers say otherwise, and keeps the answer. */
async function ask(operation: string, method: string, path: string, sent: Sent = {}): Promise<Response> {
  const { body, bindings } = sent;
  const text = body === undefined || typeof body === "string" ? (body ?? null) : JSON.stringify(body);
  const headers = {
    "CF-Connecting-IP": anAddress(),
    "Content-Type": "application/json",
    ...operator,
    ...sent.headers,
  };
  const request = new Request(`https://gateway.test${path}`, { method, headers, body: text });
  const response = await app.fetch(request, { ...settings, ...bindings }, createExecutionContext());
  answers.push({ operation, text: JSON.stringify([[...response.headers], await response.clone().text()]) });
  return response;
}

async function must<T>(operation: string, method: string, path: string, sent: Sent = {}): Promise<T> {
  const response = await ask(operation, method, path, sent);
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
  return response.json();
}

const POLICY = {
  ...NO_LIMITS,
  symbols: ["AAPL", ...Object.values(SYMBOL)],
  max_quantity: "10",
  max_notional: "10000",
  max_position: "10000",
  reference_price_max_age_sec: 900,
};
const AT_ALPACA = { connection: { broker: "alpaca_paper" }, policy: POLICY };
const RESTING = { symbol: "AAPL", side: "buy", type: "limit", quantity: "1", limit_price: "10", time_in_force: "gtc" };
const CAPS = { signals_per_min: 600, max_quantity: "5", max_notional: "5000" };

/** Every header that is read, and some that are not. What is asked for a key gets a wrong one. */
const everyHeader = (): Record<string, string> => ({
  "X-API-Key": word("X-API-Key"),
  Authorization: `Bearer ${word("Authorization")}`,
  Cookie: `session=${word("Cookie")}`,
  "X-Signature": `v1=${word("X-Signature")}`,
  "X-Timestamp": word("X-Timestamp"),
  "X-Nonce": word("X-Nonce"),
  "webhook-id": word("webhook-id"),
  "webhook-timestamp": word("webhook-timestamp"),
  "webhook-signature": `v1,${word("webhook-signature")}`,
  "svix-id": word("svix-id"),
  "svix-timestamp": word("svix-timestamp"),
  "svix-signature": `v1,${word("svix-signature")}`,
  "Cf-Access-Jwt-Assertion": `eyJhbGciOiJSUzI1NiJ9.${word("Cf-Access-Jwt-Assertion")}.x`,
  "CF-Connecting-IP": word("CF-Connecting-IP, no address"),
  "CF-Ray": word("CF-Ray"),
  "X-Forwarded-For": word("X-Forwarded-For"),
  "True-Client-IP": word("True-Client-IP"),
  "X-Request-Id": word("X-Request-Id"),
  "User-Agent": word("User-Agent"),
  Referer: `https://${word("Referer")}.example/`,
  Origin: `https://${word("Origin")}.example`,
  Prefer: `wait=${word("Prefer")}`,
  "Idempotency-Key": `"${word("Idempotency-Key, unreadable")}`,
  "Content-Type": `application/json; charset=${word("Content-Type")}`,
  [word("the name of a header")]: word("the value of a header"),
});

/** What no operation takes: headers, paths and queries. */
async function sendWhatIsRefused(): Promise<void> {
  for (const { name, method, path, query, takesBody } of operations) {
    const body = takesBody
      ? { body: { [word("the name of an unknown field")]: word("the value of an unknown field") } }
      : {};
    const send = (place: string, headers: Readonly<Record<string, string>> = {}) =>
      ask(name, method, place, { headers, ...body });
    const place = fillPath(path, { ...NOBODYS, account: takesBody ? "paper" : NOBODYS.account });
    await send(place, everyHeader());
    await send(place, { ...everyHeader(), ...operator });
    const beginning = place.startsWith("/webhooks/") ? "/webhooks" : "/v1";
    await send(`${beginning}/${word("a part of the path")}/${word("the end of the path")}`, nobody);

    const value = `!${word("the value of a parameter")}`;
    const wrong = Object.fromEntries(query.map((parameter) => [parameter, value]));
    await send(`${place}?${new URLSearchParams({ ...wrong, [word("the name of a parameter")]: value }).toString()}`);
    await send(`${place}?api_key=${word("a key in the query")}`);
    await ask(name, "PROPFIND", `${place}?q=${word("the query of another method")}`);

    const strange = word("an id that nothing has");
    const malformed = `!${word("an id of no form")}`;
    for (const id of [strange, malformed]) {
      await send(
        fillPath(path, { account: id, order: id, source: id, secret: id, key: id, stop: id, signal: id, override: id }),
      );
    }
  }
}

/** Bodies that no operation takes, sent to things that there are. */
async function sendBodiesThatAreRefused(): Promise<void> {
  const order = await must<Order>("placeOrder", "POST", "/v1/orders", {
    body: RESTING,
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
  const { source } = await must<{ source: Source }>("createSource", "POST", "/v1/sources", {
    body: { id: "refusing", kind: "signed", account: "paper" },
  });
  const { api_key: key } = await must<{ api_key: { id: string } }>("createApiKey", "POST", "/v1/api-keys", {
    body: { owner: "refusing", scopes: ["audit:read"] },
  });
  const things = { ...NOBODYS, account: "paper", order: order.id, source: source.id, key: key.id };
  const twice = word("a key that stands twice");
  const wrong = `!${word("the value of a wrong field")}`;
  const inside = { [word("the name of an unknown field inside")]: wrong };
  for (const { name, method, path, fields } of operations.filter(({ takesBody }) => takesBody)) {
    const bodies = [
      `{"reason":"${word("a malformed body")}`,
      word("a body that is no JSON"),
      `{"reason":"${word("a body over its limit")}${"x".repeat(70_000)}"}`,
      `{"${twice}":1,"${twice}":2}`,
      `{"quantity":${canaries.remember("a number that is not exact", "9007199254740993.7345")}}`,
      `${"[".repeat(20)}"${word("a body nested too deep")}"${"]".repeat(20)}`,
      JSON.stringify(wrong),
      { policy: inside, credentials: inside, caps: inside, connection: inside, orders: [inside] },
      Object.fromEntries(fields.map((field) => [field, wrong])),
      Object.fromEntries(fields.map((field) => [field, { inner: [wrong] }])),
    ];
    for (const body of bodies) {
      await ask(name, method, fillPath(path, things), { body, headers: { "Idempotency-Key": crypto.randomUUID() } });
    }
  }
}

/** Credentials that the broker takes, does not take, or says nothing to, and some that it is not asked about. */
async function sendCredentials(): Promise<void> {
  const credentials = (which: string, ending = "") => ({
    key_id: `PK${word(`broker key id, ${which}`)}${ending}`,
    secret_key: `${word(`broker secret, ${which}`)}/+Aa9`,
  });
  const create = (terms: object) => ({ body: { id: "not-made", ...AT_ALPACA, ...terms } });
  for (const [terms, status] of [
    [{ credentials: credentials("refused", KEY_ID.refused) }, 422],
    [{ credentials: credentials("unanswered", KEY_ID.unanswered) }, 503],
    [{ credentials: credentials("not used"), connection: { broker: "paper" } }, 422],
    [
      {
        credentials: credentials("not confirmed"),
        connection: { broker: "alpaca_live" },
        confirm_live: word("confirm_live"),
      },
      422,
    ],
  ] as const) {
    expect((await ask("createAccount", "POST", "/v1/accounts", create(terms))).status).toBe(status);
  }
  const terms = {
    id: word("an account"),
    name: word("an account's name"),
    credentials: credentials("accepted"),
    reason: word("why an account is made"),
  };
  await must("createAccount", "POST", "/v1/accounts", create(terms));

  const path = `/v1/accounts/${terms.id}`;
  const refused = { credentials: credentials("refused later", KEY_ID.refused) };
  expect((await ask("setCredentials", "PUT", `${path}/credentials`, { body: refused })).status).toBe(422);
  // As somebody pastes it who has kept it sealed so far.
  const fernet = { ...credentials("replaced"), secret_key: `gAAAAAB${word("a Fernet token")}==` };
  const reason = word("why credentials are replaced");
  await must("setCredentials", "PUT", `${path}/credentials`, { body: { credentials: fernet, reason } });
  await must("changeAccount", "PATCH", path, {
    body: { name: word("an account's new name"), reason: word("why an account is changed") },
  });
  const policy = { ...POLICY, symbols: [...POLICY.symbols, word("a symbol of a policy")] };
  await must("setPolicy", "PUT", `${path}/policy`, { body: { policy, reason: word("why a policy is set") } });
}

/** Orders with a key: decided, repeated, in conflict, replaced, in a batch. */
async function sendOrders(): Promise<void> {
  const headers = {
    "Idempotency-Key": word("Idempotency-Key"),
    "CF-Connecting-IP": canaries.remember("an address", anAddress()),
  };
  const body = { ...RESTING, client_order_id: word("client_order_id") };
  const placed = await must<Order>("placeOrder", "POST", "/v1/orders", { body, headers });
  await must("placeOrder", "POST", "/v1/orders", { body, headers });
  await ask("placeOrder", "POST", "/v1/orders", { body: { ...body, quantity: "2" }, headers });
  const denied = { ...RESTING, symbol: word("the symbol of a denied order"), client_order_id: crypto.randomUUID() };
  await must("placeOrder", "POST", "/v1/orders", { body: denied });
  await must("replaceOrder", "POST", `/v1/orders/${placed.id}/replace`, {
    body: { limit_price: "11", client_order_id: word("client_order_id of a replacement") },
    headers: { "Idempotency-Key": word("Idempotency-Key of a replacement") },
  });
  await must("placeOrders", "POST", "/v1/orders/batch", {
    body: { orders: [{ ...RESTING, client_order_id: word("client_order_id in a batch") }, { side: "!" }] },
    headers: { "Idempotency-Key": word("Idempotency-Key of a batch") },
  });
}

/** Orders that the broker refuses, or loses on the way; and what a person says of the lost one. */
async function sendOrdersToTheBroker(): Promise<void> {
  const place = (symbol: string) =>
    eventually(async () => {
      const body = { ...RESTING, symbol, account: word("an account"), client_order_id: crypto.randomUUID() };
      const order = await must<Order>("placeOrder", "POST", "/v1/orders", { body, headers: { Prefer: "wait=5" } });
      // Until the account has asked what it holds.
      return order.status === "denied" ? undefined : order;
    });
  expect(await place(SYMBOL.refused)).toMatchObject({ status: "rejected" });
  const lost = await place(SYMBOL.lost);
  expect(lost).toMatchObject({ delivery: "unknown" });
  const settle = (body: object) => ask("settleOrder", "POST", `/v1/orders/${lost.id}/settle`, { body });
  const tooEarly = { outcome: "not_placed", reason: word("why an order is not settled") };
  expect((await settle(tooEarly)).status).toBe(503);
  const settled = await settle({
    outcome: "placed",
    status: "canceled",
    filled_quantity: "0",
    venue_order_id: word("venue_order_id of a settlement"),
    without_broker: true,
    reason: word("why an order is settled"),
  });
  expect(settled.status).toBe(200);
}

/** A held order that is declined by a link. The account has its own policy back afterwards. */
async function sendApprovals(): Promise<void> {
  const setPolicy = (policy: object) =>
    must("setPolicy", "PUT", "/v1/accounts/second/policy", { body: { policy, reason: "held for a moment" } });
  await setPolicy({
    ...POLICY,
    approval: { above: "0", expires_sec: 900, max_drift_percent: "off", two_persons: false },
  });
  const body = { ...RESTING, account: "second", client_order_id: crypto.randomUUID() };
  const order = await must<Order>("placeOrder", "POST", "/v1/orders", { body });
  const { url } = await must<{ url: string }>("makeApprovalLink", "POST", `/v1/orders/${order.id}/approval-link`);
  const { pathname } = new URL(url);
  canaries.remember("the token of an approval link", pathname.slice(pathname.lastIndexOf("/") + 1));
  expect((await ask("page", "GET", pathname)).status).toBe(200);
  const said = await ask("page", "POST", pathname, {
    body: new URLSearchParams({ say: "decline", reason: word("why an order is declined") }).toString(),
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  expect(said.status).toBe(200);
  await setPolicy(POLICY);
}

type MadeSource = { readonly source: Source; readonly secret: { readonly id: string; readonly secret: string } };

const orderNamed = (name: string): string => JSON.stringify({ ...RESTING, client_order_id: word(name) });

/** Signals in every scheme, of a source whose secret is then replaced. */
async function sendSignals(): Promise<void> {
  const terms = {
    id: word("a source"),
    kind: "signed",
    account: "paper",
    name: word("a source's name"),
    schemes: ["v1", "sha256", "standard_webhooks"],
    reason: word("why a source is made"),
  };
  const path = `/v1/sources/${terms.id}`;
  const { secret: first } = await must<MadeSource>("createSource", "POST", "/v1/sources", { body: terms });
  const { secret: second } = await must<MadeSource>("rotateSecret", "POST", `${path}/secrets`, { body: {} });
  for (const [name, { secret }] of [
    ["a signing secret", first],
    ["a second signing secret", second],
  ] as const) {
    canaries.remember(name, secret.slice("whsec_".length));
  }
  await must("changeSource", "PATCH", path, {
    body: { name: word("a source's new name"), reason: word("why a source is changed") },
  });

  const send = async (body: string, headers: Readonly<Record<string, string>>) =>
    (await ask("sendSignal", "POST", `/webhooks/${terms.id}`, { body, headers: { ...nobody, ...headers } })).status;

  for (const [what, scheme, secret, status] of [
    ["v1", "v1", first.secret, 202],
    ["sha256", "sha256", first.secret, 202],
    ["a wrong secret", "v1", `${first.secret}x`, 401],
  ] as const) {
    const body = orderNamed(`client_order_id of ${what}`);
    const [timestamp, nonce] = [new Date().toISOString(), canaries.uuid(`X-Nonce of ${what}`)];
    const mac = await hmacHex(secret, scheme === "v1" ? `v1\n${timestamp}\n${nonce}\n` : "", body);
    const answered = await send(body, {
      "X-Timestamp": timestamp,
      "X-Nonce": nonce,
      "X-Signature": `${scheme}=${canaries.remember(`X-Signature of ${what}`, mac)}`,
      "Idempotency-Key": word(`Idempotency-Key of ${what}`),
    });
    expect(answered, what).toBe(status);
  }

  const now = new Date();
  const body = orderNamed("client_order_id of standard_webhooks");
  const id = word("webhook-id of standard_webhooks");
  const signature = new Webhook(second.secret).sign(id, now, body);
  canaries.remember("webhook-signature of standard_webhooks", signature.slice("v1,".length));
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  expect(await send(body, headers)).toBe(202);
  await must("retireSecret", "DELETE", `${path}/secrets/${first.id}`);
}

/** Alerts at the address that a source has which cannot sign, and at one that it has not. */
async function sendAlerts(): Promise<void> {
  const terms = {
    id: word("an unsigned source"),
    kind: "tradingview",
    account: "second",
    origin: "url_token",
    caps: CAPS,
  };
  await must("changeAccount", "PATCH", "/v1/accounts/second", { body: { minimum_origin: "url_token" } });
  const { path } = await must<{ path: string }>("createSource", "POST", "/v1/sources", { body: terms });
  canaries.remember("the token of an address", path.slice(`/webhooks/${terms.id}/`.length));
  const alert = async (to: string, name: string) =>
    (await ask("sendAlert", "POST", to, { body: orderNamed(name), headers: nobody })).status;
  expect(await alert(path, "client_order_id of an alert")).toBe(202);
  expect(await alert(path, "client_order_id of an alert")).toBe(200);
  const wrong = `/webhooks/${terms.id}/${word("a wrong token")}`;
  expect(await alert(wrong, "client_order_id of an alert with a wrong token")).toBe(401);
}

/** Stops of one account and of all, in a symbol that nobody trades here, and their ends. */
async function sendStops(): Promise<void> {
  for (const [account, which] of [
    ["second", "an account's stop"],
    [null, "a stop of everything"],
  ]) {
    const body = { account, symbol: "SPY", reason: word(`why there is ${which}`) };
    const { stop } = await must<{ stop: { id: string } }>("stopTrading", "POST", "/v1/stops", { body });
    const end = { body: { reason: word(`why there is no more ${which}`) } };
    await must("releaseStop", "POST", `/v1/stops/${stop.id}/release`, end);
  }
}

/** An override of a policy, and its end. */
async function sendOverrides(): Promise<void> {
  const body = {
    settings: { restricted_symbols: [word("a symbol that is restricted for a while")] },
    until: new Date(Date.now() + 3_600_000).toISOString(),
    reason: word("why a policy is overridden"),
    approver: word("who approves of an override"),
  };
  const { id } = await must<{ id: string }>("setOverride", "POST", "/v1/accounts/second/overrides", { body });
  await must("endOverride", "DELETE", `/v1/accounts/second/overrides/${id}`);
}

/** A key that is made, used, mistyped, put into an address, used for too much, and disabled. */
async function sendKeys(): Promise<void> {
  const body = { owner: word("a key's owner"), scopes: ["orders:read"], reason: word("why a key is made") };
  const { key, api_key: made } = await must<{ key: string; api_key: { id: string } }>(
    "createApiKey",
    "POST",
    "/v1/api-keys",
    { body },
  );
  canaries.remember("an API key", key.slice(`sp_dev_${made.id}`.length));
  const read = (path: string, text = key) => ask("listOrders", "GET", path, { headers: { "X-API-Key": text } });
  expect((await read("/v1/orders")).status).toBe(200);
  expect((await read("/v1/orders", `${key}x`)).status).toBe(401);
  expect((await read(`/v1/orders?note=${key}`)).status).toBe(400);
  expect((await read("/v1/vault")).status).toBe(403);
  const disabled = { status: "disabled", reason: word("why a key is changed") };
  await must("changeApiKey", "PATCH", `/v1/api-keys/${made.id}`, { body: disabled });
  expect((await read("/v1/orders")).status).toBe(401);
}

/** A database of which some calls fail. */
function failingDatabase({ writesOnly }: { readonly writesOnly: boolean }): object {
  const fail = () => Promise.reject(new Error("D1_ERROR: disk I/O error: SQLITE_IOERR"));
  const statement: object = { bind: () => statement, all: fail, raw: fail, run: fail, first: fail };
  const prepare = writesOnly ? (query: string) => env.DB.prepare(query) : () => statement;
  return { prepare, batch: fail };
}

/** Parts that fail, and say what they were asked when they do. */
async function letPartsFail(): Promise<void> {
  const status = async (operation: string, method: string, path: string, sent: Sent) =>
    expect((await ask(operation, method, path, sent)).status, operation).toBe(503);
  const DB = failingDatabase({ writesOnly: false });
  const path = `/v1/audit?order_id=${word("a parameter of a query that fails")}`;
  await status("listAuditEntries", "GET", path, { bindings: { DB } });

  await runInDurableObject(env.GATEWAY_DO.getByName("gateway"), async (object) => {
    const holder = object as unknown as { env: object };
    const before = holder.env;
    for (const writesOnly of [true, false]) {
      holder.env = { ...before, DB: failingDatabase({ writesOnly }) };
      const body = { name: word("a name that is not stored"), reason: word("why nothing is stored") };
      await status("changeAccount", "PATCH", "/v1/accounts/paper", { body });
      const unmade = { id: word("an account that is not stored"), connection: { broker: "paper" }, policy: POLICY };
      await status("createAccount", "POST", "/v1/accounts", { body: unmade });
      const key = { owner: word("an owner who is not stored"), scopes: ["orders:read"] };
      await status("createApiKey", "POST", "/v1/api-keys", { body: key });
    }
    holder.env = before;
  });

  // An error that quotes what it was given, as some do.
  const quoted = `jane.${word("a name in an address")}@example.com, whsec_${word("a secret in an error")}`;
  const submit = () => Promise.reject(new Error(`cannot send ${quoted} for api_key=${word("a key in an error")}`));
  const order = { ...RESTING, client_order_id: word("client_order_id of an order that is not stored") };
  const bindings = { ACCOUNTS_DO: { getByName: () => ({ submit }) } };
  await status("placeOrder", "POST", "/v1/orders", { body: order, bindings });

  const unusable = {
    API_KEY_HMAC_SECRET: word("a setting that is too short"),
    CORS_ORIGINS: word("a setting of no form"),
  };
  await status("getHealth", "GET", "/health", { bindings: unusable });
}

/** Everything that there is to read. */
async function readEverything(): Promise<void> {
  for (const list of ["accounts", "sources", "api-keys", "vault", "diagnostics", "audit?chain=gateway&limit=200"]) {
    await must(`GET ${list.split("?")[0]}`, "GET", `/v1/${list}`);
  }
  for (const account of ["paper", "second", word("an account")]) {
    for (const list of ["orders", "executions", "audit"]) {
      await must(`GET ${list}`, "GET", `/v1/${list}?limit=200&account=${account}`);
    }
    await must("GET portfolio", "GET", `/v1/portfolio?account=${account}`);
    for (const part of ["", "/policies", "/overrides", "/circuit-breaker"]) {
      await must(`GET account${part}`, "GET", `/v1/accounts/${account}${part}`);
    }
  }
  for (const page of ["/health", "/reference", "/openapi.json"]) await ask(`GET ${page}`, "GET", page);
}

const AUDITED = ["D1 order_audit_log.event", "answer GET audit"];
const JOURNALLED = ["AccountObject journal.event", ...AUDITED];
const OVERRIDDEN = [
  ...AUDITED,
  "D1 policy_overrides.override",
  ...["setOverride", "endOverride", "GET account/overrides"].map((name) => `answer ${name}`),
];
const IN_ORDER = ["AccountObject orders.state", "answer GET orders"];
const ASKED_FOR = [...JOURNALLED, ...IN_ORDER, "AccountObject orders.request"];

const nameOfOrder = (operation: string) => [
  ...ASKED_FOR,
  "AccountObject orders.client_order_id",
  "PaperVenueObject orders.client_order_id",
  "PaperVenueObject orders.state",
  `answer ${operation}`,
];

/** What is kept, and where it stands. Nothing else may stand anywhere. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  // What an operator says of things, and why.
  "an account": [
    "GatewayObject storage",
    "answer stopTrading",
    ...ASKED_FOR,
    "AccountObject identity.account",
    "AccountObject orders.id",
    "D1 accounts.id",
    "D1 broker_connections.account",
    "D1 order_audit_log.chain",
    "D1 policies.account",
    ...["accounts", "account", "portfolio", "diagnostics"].map((list) => `answer GET ${list}`),
    ...["createAccount", "changeAccount", "setCredentials", "setPolicy"].map((name) => `answer ${name}`),
    ...["placeOrder", "settleOrder", "listAccounts", "getDiagnostics"].map((name) => `answer ${name}`),
    "log",
  ],
  "an account's name": [...AUDITED, "answer createAccount", "answer setCredentials"],
  "an account's new name": [
    ...AUDITED,
    "D1 accounts.settings",
    ...["changeAccount", "setPolicy", "listAccounts", "GET account", "GET accounts"].map((name) => `answer ${name}`),
  ],
  "a symbol of a policy": [
    ...JOURNALLED,
    ...IN_ORDER,
    "AccountObject configuration.configuration",
    "D1 accounts.settings",
    "D1 policies.policy",
    ...["setPolicy", "placeOrder", "settleOrder", "listAccounts"].map((name) => `answer ${name}`),
    ...["account", "accounts", "account/policies"].map((list) => `answer GET ${list}`),
  ],
  "why an account is made": [...AUDITED, "D1 policies.reason", "answer GET account/policies"],
  "why an account is changed": AUDITED,
  "why credentials are replaced": AUDITED,
  "why a policy is set": [...AUDITED, "D1 policies.reason", "answer GET account/policies"],
  "why a source is made": AUDITED,
  "why a source is changed": AUDITED,
  "why there is an account's stop": [
    ...JOURNALLED,
    "AccountObject stops.stop",
    ...["stopTrading", "releaseStop"].map((name) => `answer ${name}`),
  ],
  "why there is a stop of everything": [
    ...JOURNALLED,
    "AccountObject stops.stop",
    "D1 trading_stops.stop",
    ...["stopTrading", "releaseStop"].map((name) => `answer ${name}`),
  ],
  "why there is no more an account's stop": JOURNALLED,
  "why there is no more a stop of everything": AUDITED,
  "a symbol that is restricted for a while": [...OVERRIDDEN, "AccountObject journal.event"],
  "why a policy is overridden": OVERRIDDEN,
  "who approves of an override": OVERRIDDEN,
  "why a key is made": AUDITED,
  "why a key is changed": AUDITED,
  "a key's owner": [
    ...AUDITED,
    "D1 api_keys.settings",
    ...["createApiKey", "changeApiKey", "GET api-keys"].map((name) => `answer ${name}`),
  ],
  "a source": [
    ...JOURNALLED,
    ...IN_ORDER,
    ...["nonces.key", "used_bodies.key", "order_keys.source", "orders.source"].map((at) => `AccountObject ${at}`),
    ...["senders.source", "source_floors.source"].map((at) => `AccountObject ${at}`),
    "D1 sources.id",
    "D1 source_secrets.source",
    ...["createSource", "changeSource", "rotateSecret", "retireSecret", "sendSignal"].map((name) => `answer ${name}`),
    "answer GET sources",
    "answer listOrders",
  ],
  "a source's name": [...AUDITED, "answer createSource", "answer rotateSecret"],
  "a source's new name": [
    ...AUDITED,
    "D1 sources.settings",
    ...["changeSource", "retireSecret", "GET sources"].map((name) => `answer ${name}`),
  ],
  "an unsigned source": [
    ...JOURNALLED,
    ...IN_ORDER,
    ...["nonces.key", "orders.source", "senders.source", "source_floors.source"].map((at) => `AccountObject ${at}`),
    "D1 sources.id",
    "D1 source_secrets.source",
    ...["createSource", "sendAlert", "GET sources"].map((name) => `answer ${name}`),
  ],

  // What senders call their orders and requests.
  client_order_id: [...nameOfOrder("placeOrder"), "answer listOrders"],
  "client_order_id of a replacement": [...nameOfOrder("replaceOrder"), "answer listOrders"],
  "client_order_id in a batch": [...nameOfOrder("placeOrders"), "answer listOrders"],
  "client_order_id of v1": [...nameOfOrder("sendSignal"), "answer listOrders"],
  "client_order_id of sha256": [...nameOfOrder("sendSignal"), "answer listOrders"],
  "client_order_id of standard_webhooks": [...nameOfOrder("sendSignal"), "answer listOrders"],
  "client_order_id of an alert": nameOfOrder("sendAlert"),
  "the symbol of a denied order": [
    ...ASKED_FOR,
    "AccountObject orders.symbol",
    "answer placeOrder",
    "answer listOrders",
  ],
  "Idempotency-Key": [...JOURNALLED, "AccountObject order_keys.idempotency_key"],
  "Idempotency-Key of a replacement": [...JOURNALLED, "AccountObject order_keys.idempotency_key"],
  "Idempotency-Key of a batch": [...JOURNALLED, "AccountObject batches.idempotency_key"],
  "Idempotency-Key of v1": [...JOURNALLED, "AccountObject order_keys.idempotency_key"],
  "Idempotency-Key of sha256": [...JOURNALLED, "AccountObject order_keys.idempotency_key"],
  "webhook-id of standard_webhooks": [...JOURNALLED, "AccountObject order_keys.idempotency_key"],
  "X-Nonce of v1": [...JOURNALLED, "AccountObject nonces.key"],
  "X-Nonce of sha256": [...JOURNALLED, "AccountObject nonces.key"],

  // What the broker and a person have said of an order.
  "what the broker says of a refusal": [...JOURNALLED, ...IN_ORDER, "answer placeOrder"],
  "venue_order_id of a settlement": [...JOURNALLED, ...IN_ORDER, "answer settleOrder"],
  "why an order is declined": [...JOURNALLED, ...IN_ORDER],
  "the token of an approval link": ["answer makeApprovalLink"],
  "why an order is settled": [...JOURNALLED, ...IN_ORDER, "answer settleOrder"],

  // Where requests come from. Cloudflare sets the header, and what it says is believed.
  "an address": JOURNALLED,

  // The name of a field is said back to who has sent it, so that a misspelt one is found; its value is not.
  "the name of an unknown field": [
    ...["createAccount", "changeAccount", "setPolicy", "setCredentials"],
    ...[
      "createApiKey",
      "placeOrder",
      "previewOrder",
      "setPaperPrice",
      "stopTrading",
      "releaseStop",
      "refreshInstruments",
      "replayPolicy",
      "setOverride",
    ],
  ].map((name) => `answer ${name}`),
  "the name of an unknown field inside": [
    ...["createAccount", "setCredentials", "setPolicy", "changeSource", "replayPolicy"],
  ].map((name) => `answer ${name}`),
  "the name of a parameter": [
    ...[
      "listOrders",
      "cancelOrders",
      "getPortfolio",
      "listExecutions",
      "listAuditEntries",
      "listInstruments",
      "listApprovals",
      "listOverrides",
    ],
  ].map((name) => `answer ${name}`),
  "a key that stands twice": ["answer setPaperPrice"],

  // What is shown once.
  "a signing secret": ["answer createSource"],
  "a second signing secret": ["answer rotateSecret"],
  "the token of an address": ["answer createSource"],
  "an API key": ["answer createApiKey"],
};

const SHOWN_ONCE = ["a signing secret", "a second signing secret", "the token of an address", "an API key"];

let stored: readonly Place[] = [];
let found: Readonly<Record<string, readonly string[]>> = {};

beforeAll(async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(echoingBroker(canaries));
  for (const level of ["log", "info", "debug", "warn", "error", "trace"] as const) {
    const write = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
    vi.spyOn(console, level).mockImplementation(write);
  }
  await sendCredentials();
  await sendWhatIsRefused();
  await sendBodiesThatAreRefused();
  await sendOrders();
  await sendOrdersToTheBroker();
  await sendApprovals();
  await sendSignals();
  await sendAlerts();
  await sendKeys();
  await sendStops();
  await sendOverrides();
  await letPartsFail();
  await worker.scheduled(createScheduledController(), settings);
  await readEverything();

  stored = await readEverythingStored();
  const places = [
    ...stored,
    { name: "log", text: lines.join("\n") },
    ...answers.map(({ operation, text }) => ({ name: `answer ${operation}`, text })),
  ];
  // The gateway's own secrets are looked for like any other.
  canaries.remember("BOOTSTRAP_API_KEY", env.BOOTSTRAP_API_KEY);
  canaries.remember("CREDENTIALS_ENCRYPTION_KEYS", env.CREDENTIALS_ENCRYPTION_KEYS.slice("1:".length));
  for (const secret of env.API_KEY_HMAC_SECRET.split(",")) canaries.remember(`API_KEY_HMAC_SECRET ${secret}`, secret);
  found = Object.fromEntries(canaries.all.map(([name, text]) => [name, placesOf(text, places)]));
}, 240_000);

afterAll(() => vi.restoreAllMocks());

describe("what somebody sends", () => {
  it("stands where it is meant to be kept, and nowhere else", () => {
    const expected = canaries.all.map(([name]) => [name, [...new Set(KEPT[name])].toSorted()]);
    expect(found).toEqual(Object.fromEntries(expected));
    expect(Object.keys(KEPT).filter((name) => !(name in found))).toEqual([]);
  });

  it("leaves nothing behind but in answers, where it is refused", () => {
    const refused = canaries.all.filter(([name]) => /unknown|unreadable|no form|not stored|wrong|parameter/.test(name));
    expect(refused.length).toBeGreaterThan(10);
    for (const [name] of refused) expect(found[name]?.filter((place) => !place.startsWith("answer "))).toEqual([]);
  });
});

describe("a secret that is shown once", () => {
  it.each(SHOWN_ONCE)("is in one answer only: %s", (name) => {
    const text = new Map(canaries.all).get(name) ?? "";
    expect(answers.filter((answer) => answer.text.includes(text))).toHaveLength(1);
  });
});

describe("the search", () => {
  it("looks at every kind of place there is", () => {
    const kinds = new Set(stored.map(({ name }) => name.replace(/ .*/, "")));
    expect(kinds).toEqual(new Set(["D1", "AccountObject", "PaperVenueObject", "LimiterObject", "GatewayObject"]));
    const events = new Set(lines.map((line) => (JSON.parse(line) as { event: string }).event));
    for (const event of [
      "http.request",
      "http.failed",
      "access.refused",
      "signal.unproven",
      "request.refused",
      "broker.call_failed",
      "order.unknown",
      "config.invalid",
    ]) {
      expect(events).toContain(event);
    }
  });

  it("finds a text however it is written down", () => {
    const text = "cnry0123456789ab/+?";
    for (const written of [
      text,
      text.toUpperCase(),
      encodeURIComponent(text),
      btoa(`a${text}b`),
      btoa(`ab${text}`),
      btoa(`abc${text}d`).replaceAll("+", "-").replaceAll("/", "_"),
      Array.from(text, (character) => character.charCodeAt(0).toString(16)).join(""),
    ]) {
      expect(placesOf(text, [{ name: "here", text: `before ${written} after` }])).toEqual(["here"]);
    }
    expect(placesOf(text, [{ name: "here", text: "cnry0123456789ac" }])).toEqual([]);
  });
});

describe("the line that every request leaves in the log", () => {
  it("names the route and never the path", () => {
    const patterns = new Set(app.routes.map(({ path }) => path));
    const requests = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === "http.request");
    expect(requests.length).toBeGreaterThan(300);
    for (const line of requests) {
      expect(Object.keys(line)).toEqual(["level", "event", "request_id", "method", "route", "status", "duration_ms"]);
      expect(patterns).toContain(line["route"]);
    }
  });
});
