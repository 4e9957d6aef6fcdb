// One suite for every route there is: it reads the API document, so a route that declares nothing fails here.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { makeApiKey } from "../../src/domain/api-key.ts";
import { Scope } from "../../src/domain/scope.ts";
import { call, get } from "./support/gateway.ts";

type Operation = {
  readonly method: string;
  readonly path: string;
  readonly scopes: readonly string[];
  readonly statuses: readonly string[];
};

/** Doors that are open, or that ask for something else than an API key. */
const WITHOUT_KEY = new Set(["get /health"]);
const SIGNED = new Set(["post /webhooks/{source}", "post /webhooks/{source}/{token}"]);

let operations: Operation[] = [];
let undeclared: string[] = [];
let restricted = "";
let expired = "";

type Document = {
  readonly paths: Record<
    string,
    Record<string, { readonly security?: Record<string, string[]>[]; readonly responses: object }>
  >;
};

/** Something in every place: none of these requests gets so far that it matters what. */
const filled = (path: string): string =>
  path
    .replaceAll("{symbol}", "AAPL")
    .replaceAll("{account}", "paper")
    .replaceAll(/\{[^}]+\}/g, "paper");

const ask = (operation: Operation, headers: Record<string, string>, query = "") =>
  call(operation.method.toUpperCase(), `${filled(operation.path)}${query}`, { headers });

async function makeKey(terms: object): Promise<string> {
  const response = await call("POST", "/v1/api-keys", { body: terms });
  expect(response.status).toBe(201);
  return (await response.json<{ key: string }>()).key;
}

beforeAll(async () => {
  const { paths } = await (await get("/openapi.json")).json<Document>();
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { security, responses }]) => ({ method, path, security, responses })),
  );
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
  undeclared = all.filter(({ security }) => security === undefined).map(nameOf);
  operations = all
    .filter((operation) => !WITHOUT_KEY.has(nameOf(operation)) && !SIGNED.has(nameOf(operation)))
    .map(({ method, path, security, responses }) => ({
      method,
      path,
      scopes: (security ?? []).flatMap((scheme) => Object.values(scheme).flat()),
      statuses: Object.keys(responses),
    }));
  // A key that may do nothing that any route asks for, but be known.
  restricted = await makeKey({ owner: "suite-restricted", scopes: ["audit:read"], accounts: ["paper"] });
  const soon = new Date(Date.now() + 1_500).toISOString();
  expired = await makeKey({ owner: "suite-expired", scopes: ["admin:*", "orders:read"], expires_at: soon });
  await scheduler.wait(1_000);
});

/** Which operations do not answer as they should. */
async function failing(
  ask_: (operation: Operation) => Promise<Response>,
  isRight: (status: number, operation: Operation) => boolean,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const operation of operations) {
    const response = await ask_(operation);
    const text = await response.text();
    if (!isRight(response.status, operation)) {
      wrong.push(`${operation.method} ${operation.path}: ${response.status} ${text.slice(0, 120)}`);
    }
  }
  return wrong;
}

describe("every route in the API document", () => {
  it("says which scope it takes, and knows no other scopes than there are", () => {
    expect(undeclared).toEqual([]);
    const known = new Set<string>(Scope.options);
    expect(
      operations.filter(({ scopes }) => scopes.length === 0 || !scopes.every((scope) => known.has(scope))),
    ).toEqual([]);
    expect(operations.length).toBeGreaterThan(30);
  });

  it("describes the refusals of the guard", () => {
    const without = operations.filter(
      ({ statuses }) => !["400", "401", "403", "429", "503"].every((status) => statuses.includes(status)),
    );
    expect(without.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it.each<[string, () => Record<string, string>]>([
    ["no key", () => ({ "X-API-Key": "" })],
    ["a wrong key", () => ({ "X-API-Key": `${env.BOOTSTRAP_API_KEY}x` })],
    [
      "a well-formed key that nobody made",
      () => ({ "X-API-Key": makeApiKey("development", (n) => crypto.getRandomValues(new Uint8Array(n))).key }),
    ],
    ["a mistyped key", () => ({ "X-API-Key": restricted.replace(/.$/, (last) => (last === "0" ? "1" : "0")) })],
    ["a key that has expired", () => ({ "X-API-Key": expired })],
    ["a key in another header", () => ({ "X-API-Key": "", Authorization: `Bearer ${env.BOOTSTRAP_API_KEY}` })],
  ])("refuses %s", async (_, headers) => {
    // Each case from an address of its own: failures are counted by address.
    const ip = `198.51.100.${Math.floor(Math.random() * 250) + 1}`;
    const wrong = await failing(
      (operation) => ask(operation, { ...headers(), "CF-Connecting-IP": ip }),
      (status) => status === 401 || status === 429,
    );
    expect(wrong).toEqual([]);
  });

  it("refuses a key in the address, even a good one", async () => {
    const wrong = await failing(
      (operation) => ask(operation, { "X-API-Key": env.BOOTSTRAP_API_KEY }, `?api_key=${env.BOOTSTRAP_API_KEY}`),
      (status) => status === 400,
    );
    expect(wrong).toEqual([]);
  });

  it("refuses a key without the scope, and says which one is missing", async () => {
    const wrong = await failing(
      (operation) => ask(operation, { "X-API-Key": restricted }),
      (status, { scopes }) => scopes.includes("audit:read") || status === 403,
    );
    expect(wrong).toEqual([]);
  });
});
