import { describe, expect, it } from "vitest";
import readme from "../../README.md?raw";
import { PROBLEMS } from "../../src/http/problem.ts";
import { call, get } from "./support/gateway.ts";

type Operation = {
  operationId: string;
  parameters?: { name: string; schema: object }[];
  responses: Record<string, { headers?: Record<string, unknown> }>;
  security?: unknown[];
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties: Record<string, object> }> };
};

const readDocument = async (): Promise<Document> => (await get("/openapi.json", {})).json();

describe("the OpenAPI document", () => {
  it("describes every path there is", async () => {
    const { paths } = await readDocument();
    expect(Object.keys(paths).toSorted()).toEqual([
      "/health",
      "/v1/accounts",
      "/v1/accounts/{id}",
      "/v1/accounts/{id}/circuit-breaker",
      "/v1/accounts/{id}/circuit-breaker/reset",
      "/v1/accounts/{id}/credentials",
      "/v1/accounts/{id}/overrides",
      "/v1/accounts/{id}/overrides/{override}",
      "/v1/accounts/{id}/policies",
      "/v1/accounts/{id}/policy",
      "/v1/admin/instruments/refresh",
      "/v1/api-keys",
      "/v1/api-keys/{id}",
      "/v1/approvals",
      "/v1/audit",
      "/v1/diagnostics",
      "/v1/executions",
      "/v1/instruments",
      "/v1/orders",
      "/v1/orders/batch",
      "/v1/orders/preview",
      "/v1/orders/{id}",
      "/v1/orders/{id}/approval-link",
      "/v1/orders/{id}/approve",
      "/v1/orders/{id}/decline",
      "/v1/orders/{id}/replace",
      "/v1/orders/{id}/settle",
      "/v1/paper/{account}/prices/{symbol}",
      "/v1/policy/coverage",
      "/v1/policy/what-if",
      "/v1/portfolio",
      "/v1/signals/{id}",
      "/v1/sources",
      "/v1/sources/{id}",
      "/v1/sources/{id}/secrets",
      "/v1/sources/{id}/secrets/{secret}",
      "/v1/stops",
      "/v1/stops/{id}/release",
      "/v1/vault",
      "/v1/vault/rewrap",
      "/webhooks/{source}",
      "/webhooks/{source}/{token}",
    ]);
  });

  it("refers only to schemas that it holds", async () => {
    const document = await readDocument();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name!,
    );
    expect(references.length).toBeGreaterThan(10);
    for (const name of references) expect(document.components.schemas).toHaveProperty(name);
  });

  it("asks for the API key everywhere but at the webhooks and for the gateway's health", async () => {
    const { paths } = await readDocument();
    const open = Object.entries(paths).filter(([, operations]) =>
      Object.values(operations).some(({ security }) => security?.length === 0),
    );
    expect(open.map(([path]) => path).toSorted()).toEqual([
      "/health",
      "/webhooks/{source}",
      "/webhooks/{source}/{token}",
    ]);
  });
});

const operationsOf = ({ paths }: Document): Operation[] => Object.values(paths).flatMap((path) => Object.values(path));

describe("what a generated client relies on", () => {
  it("names every operation, each by a name of its own", async () => {
    const names = operationsOf(await readDocument()).map(({ operationId }) => operationId);
    expect(names.toSorted()).toEqual([
      "approveOrder",
      "cancelOrder",
      "cancelOrders",
      "changeAccount",
      "changeApiKey",
      "changeSource",
      "createAccount",
      "createApiKey",
      "createSource",
      "declineOrder",
      "deleteAccount",
      "deleteApiKey",
      "deleteSource",
      "endOverride",
      "getAccount",
      "getApiKey",
      "getCircuitBreaker",
      "getDiagnostics",
      "getHealth",
      "getOrder",
      "getPortfolio",
      "getSignal",
      "getSource",
      "getVault",
      "listAccounts",
      "listApiKeys",
      "listApprovals",
      "listAuditEntries",
      "listExecutions",
      "listInstruments",
      "listOrders",
      "listOverrides",
      "listPolicies",
      "listSources",
      "listStops",
      "makeApprovalLink",
      "placeOrder",
      "placeOrders",
      "previewOrder",
      "readPolicyCoverage",
      "refreshInstruments",
      "releaseStop",
      "replaceOrder",
      "replayPolicy",
      "resetCircuitBreaker",
      "retireSecret",
      "rewrapVault",
      "rotateSecret",
      "sendAlert",
      "sendSignal",
      "setCredentials",
      "setOverride",
      "setPaperPrice",
      "setPolicy",
      "settleOrder",
      "stopTrading",
    ]);
  });

  it.each([
    ["Order", "quantity"],
    ["Order", "filled_quantity"],
    ["Execution", "price"],
    ["Portfolio", "cash"],
    ["PaperPrice", "price"],
    ["SetPaperPrice", "price"],
  ])("%s has its %s as a string, never as a number", async (schema, field) => {
    const { components } = await readDocument();
    const property = components.schemas[schema]?.properties[field];
    expect(property).toMatchObject({ pattern: expect.any(String) as unknown });
    expect(["string", "string,null"]).toContain(String((property as { type: unknown }).type));
  });

  it("takes an order's decimals as strings, and as numbers too", async () => {
    const { components } = await readDocument();
    expect(components.schemas["NativeOrder"]?.properties["quantity"]).toMatchObject({
      anyOf: [{ type: "string" }, { type: "number" }],
    });
  });

  it("shows no minus sign where a negative decimal is refused, and one where it can be", async () => {
    const { components } = await readDocument();
    const patternOf = (schema: string, field: string): RegExp => {
      const found = JSON.stringify(components.schemas[schema]);
      const [, pattern] = new RegExp(`"${field}":\\{[^{}]*(?:\\{[^{}]*)?"pattern":("[^"]+")`).exec(found) ?? [];
      return new RegExp(JSON.parse(pattern ?? "null") as string);
    };
    for (const [schema, field] of [
      ["NativeOrder", "quantity"],
      ["NativeOrder", "limit_price"],
      ["OrderChange", "stop_price"],
      ["Settlement", "filled_quantity"],
      ["Settlement", "average_price"],
      ["SetPaperPrice", "price"],
    ] as const) {
      expect("12.5", `${schema}.${field}`).toMatch(patternOf(schema, field));
      expect("-12.5", `${schema}.${field}`).not.toMatch(patternOf(schema, field));
    }
    expect("-12.5").toMatch(patternOf("Portfolio", "quantity"));
  });

  it("gives the audit log's cursor as a plain integer", async () => {
    const list = operationsOf(await readDocument()).find(({ operationId }) => operationId === "listAuditEntries");
    expect(list?.parameters?.find(({ name }) => name === "cursor")?.schema).toMatchObject({ type: "integer" });
  });

  it("says what an Idempotency-Key takes, as the gateway has it", async () => {
    const operations = operationsOf(await readDocument());
    for (const name of ["placeOrder", "placeOrders", "replaceOrder"]) {
      const parameters = operations.find(({ operationId }) => operationId === name)?.parameters;
      const key = parameters?.find((parameter) => parameter.name === "Idempotency-Key");
      const { pattern: text } = key!.schema as { pattern: string };
      const pattern = new RegExp(text);
      for (const taken of ["a", "x".repeat(255), "!#[]~", '"a b"']) expect(taken).toMatch(pattern);
      for (const refused of ["", "a b", 'a"b', "a\\b", '"a', "é", "x".repeat(256)])
        expect(refused).not.toMatch(pattern);
    }
  });

  it("says of every list's filters that there are no others, by refusing them", async () => {
    const lists = ["/v1/orders", "/v1/executions", "/v1/audit", "/v1/portfolio"];
    const { paths } = await readDocument();
    for (const path of lists) {
      for (const { name } of paths[path]?.["get"]?.parameters ?? []) {
        const response = await get(`${path}?${name}s=1`);
        expect(response.status).toBe(422);
        expect(await response.json()).toMatchObject({ errors: [{ pointer: `/${name}s`, message: "unknown field" }] });
      }
    }
  });

  it("describes every figure of the portfolio that its name does not explain", async () => {
    const { components } = await readDocument();
    const { positions, ...properties } = components.schemas["Portfolio"]!.properties;
    const position = (positions as { items: { properties: Record<string, object> } }).items.properties;
    const wanted = { ...position, ...properties };
    for (const name of ["as_of", "stale", "cash", "quantity", "working_buy_notional", "unknown_sell_notional"]) {
      expect(wanted[name], name).toHaveProperty("description");
    }
  });

  it("describes the headers that answers carry", async () => {
    const operations = operationsOf(await readDocument());
    for (const name of ["sendSignal", "placeOrder", "placeOrders", "replaceOrder"]) {
      const responses = operations.find(({ operationId }) => operationId === name)?.responses;
      expect(Object.keys(responses?.["503"]?.headers ?? {})).toContain("Retry-After");
      expect(Object.keys(responses?.["200"]?.headers ?? {})).toContain("Idempotency-Replayed");
    }
    const signal = operations.find(({ operationId }) => operationId === "sendSignal")?.responses;
    expect(Object.keys(signal?.["202"]?.headers ?? {})).toEqual(
      expect.arrayContaining(["Location", "RateLimit", "RateLimit-Policy", "Preference-Applied"]),
    );
    expect(Object.keys(signal?.["200"]?.headers ?? {})).toContain("Idempotency-Replayed");
    expect(Object.keys(signal?.["429"]?.headers ?? {})).toContain("Retry-After");
    for (const { responses } of operations) {
      for (const { headers } of Object.values(responses)) expect(headers).toHaveProperty("X-Request-Id");
    }
  });
});

describe("the headers that the document promises", () => {
  /** They come with a repeat, or with a wait, and only then. */
  const SOMETIMES = ["Idempotency-Replayed", "Preference-Applied"];
  const order = { symbol: "TSLA", side: "buy", type: "market", quantity: "1" };

  it.each([
    ["placeOrder", "/v1/orders", order],
    ["placeOrders", "/v1/orders/batch", { orders: [order] }],
  ])("are all there when %s is answered", async (name, path, body) => {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const response = await call("POST", path, { body, headers });
    const operation = operationsOf(await readDocument()).find(({ operationId }) => operationId === name);
    const promised = Object.keys(operation?.responses[response.status]?.headers ?? {});
    expect(promised).toContain("X-Request-Id");
    for (const header of promised) {
      if (!SOMETIMES.includes(header)) expect(response.headers.get(header), header).not.toBeNull();
    }
  });
});

const UNESCAPED: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&#39;": "'",
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
};

describe("the reference page", () => {
  const readPage = async (): Promise<string> => (await get("/reference", {})).text();

  it("shows every operation and every problem, and loads nothing", async () => {
    const page = await readPage();
    expect(page.startsWith("<!doctype html>")).toBe(true);
    for (const path of Object.keys((await readDocument()).paths)) expect(page).toContain(path);
    for (const code of Object.keys(PROBLEMS)) expect(page).toContain(`id="${code}"`);
    expect(page).not.toMatch(/<script|<link|<img|src=|url\(|href="(?!#|\/openapi\.json")/);
  });

  it("says of every problem what it means and what to do", async () => {
    const page = await readPage();
    for (const [code, { about }] of Object.entries(PROBLEMS)) {
      const [, row] = new RegExp(`<tr id="${code}">(.*?)</tr>`, "s").exec(page) ?? [];
      const text = row
        ?.replaceAll(/<[^>]+>/g, "")
        .replaceAll(/&(?:quot|#39);/g, (entity) => UNESCAPED[entity] ?? entity);
      expect(text).toContain(about.replaceAll("`", ""));
      expect(about).toMatch(/^.{40,}\.$/s);
    }
  });

  it("leads every link of its own to something", async () => {
    const page = await readPage();
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(targets.length).toBeGreaterThan(20);
    for (const id of targets) expect(page).toContain(`id="${id}"`);
  });

  it("shows the fields of a schema with their types, and the values a parameter may have", async () => {
    const page = await readPage();
    expect(page).toContain("<code>verdicts[].rule</code>");
    expect(page).toContain("<code>needs_operator</code>");
    expect(page).toContain("<code>order.partially_filled</code>");
    expect(page).not.toContain("`");
  });

  it("shows every form that a value may have", async () => {
    const page = await readPage();
    expect(page).toContain("<code>not_placed</code>");
    expect(page).toContain("<code>placed</code>");
    expect(page).toContain("array of NativeOrder, from 1 to 50 of them");
  });

  it("shows the README's signed request, towards itself", async () => {
    const page = (await readPage()).replaceAll(/&(?:quot|amp|lt|gt|#39);/g, (entity) => UNESCAPED[entity] ?? entity);
    const [, example] = /```sh\n(SECRET=[^]*?)\n```/.exec(readme) ?? [];
    const origin = /curl -s (\S+)\/webhooks/.exec(page)?.[1] ?? "";
    expect(page).toContain(example?.replace("http://127.0.0.1:8787", origin));
  });
});

describe("every answer", () => {
  it.each(["/health", "/reference", "/nowhere", "/v1/orders", "/v1/orders/1", "/v1/orders?limit=0"])(
    "%s carries a request id and the security headers",
    async (path) => {
      const response = await get(path);
      expect(response.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    },
  );
});
