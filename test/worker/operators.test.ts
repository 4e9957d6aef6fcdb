// Operators behind Cloudflare Access, over HTTP: whom an assertion lets in, to what, and what is on record of them. How an
// assertion can be wrong is in test/unit/access.
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import {
  PERSON,
  PERSON_ID,
  PROGRAM,
  type SigningKey,
  accessSetting,
  claimsOfPerson,
  claimsOfProgram,
  keySetOf,
  makeSigningKey,
  signAssertion,
} from "../support/access-team.ts";
import { anAddress, get, readAudit } from "./support/gateway.ts";

const HERE = "https://gateway.test";
const CERTS = "https://example.cloudflareaccess.com/cdn-cgi/access/certs";

let key: SigningKey;
let newer: SigningKey;
let stranger: SigningKey;

/** What the team's domain publishes; `undefined` while it cannot be reached. */
let published: object | undefined;
let asked: string[] = [];
let lines: string[] = [];
/** Settings of its own, so that nothing is remembered from the test before. */
let bindings: Env;

const withSettings = (settings: object) => ({ ...env, ...settings }) as Env;

beforeAll(async () => {
  [key, newer, stranger] = (await Promise.all(["one", "two", "one"].map(makeSigningKey))) as [
    SigningKey,
    SigningKey,
    SigningKey,
  ];
});

beforeEach(() => {
  [published, asked, lines] = [keySetOf(key), [], []];
  bindings = withSettings({ CLOUDFLARE_ACCESS: accessSetting() });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    asked.push(input instanceof Request ? input.url : String(input));
    return published === undefined ? new Response("", { status: 502 }) : Response.json(published);
  });
  for (const level of ["log", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(line));
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const nowSec = () => Math.floor(Date.now() / 1000);
const person = (differing: object = {}, by = key) => signAssertion({ ...claimsOfPerson(nowSec()), ...differing }, by);
const program = () => signAssertion(claimsOfProgram(nowSec()), key);

type Asked = { readonly headers?: Record<string, string>; readonly body?: object; readonly from?: string; at?: string };

/** A request as Access passes it on. */
const ask = async (
  assertion: string | null,
  method: string,
  path: string,
  { headers = {}, body, from = anAddress(), at = HERE }: Asked = {},
  bound = bindings,
): Promise<Response> =>
  createApp().request(
    `${at}${path}`,
    {
      method,
      headers: {
        "CF-Connecting-IP": from,
        ...(assertion === null ? {} : { "Cf-Access-Jwt-Assertion": assertion }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    },
    bound,
  );

const codeOf = async (response: Response) => `${response.status} ${(await response.json<{ code: string }>()).code}`;

const refusals = () =>
  lines
    .map((line) => JSON.parse(line) as { event: string; reason?: string; cause?: string })
    .filter(({ event }) => event === "access.refused")
    .map(({ reason, cause }) => cause ?? reason);

describe("an operator", () => {
  it("is let in by an assertion, as a person and as a program, without an API key", async () => {
    expect((await ask(await person(), "GET", "/v1/orders")).status).toBe(200);
    expect((await ask(await program(), "GET", "/v1/orders")).status).toBe(200);
    expect(asked).toEqual([CERTS]);
  });

  it("stands in the audit log under the user's id, and nowhere with an address", async () => {
    const change = { name: "Ada's", reason: "a test" };
    const response = await ask(await person(), "PATCH", "/v1/accounts/paper", { body: change });
    expect(response.status).toBe(200);
    expect((await ask(await person({ email: "eve@example.com" }), "GET", "/v1/orders")).status).toBe(401);

    const entries = await readAudit("&chain=gateway");
    expect(entries.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ type: "account.changed", actor: { kind: "operator", id: `access:${PERSON_ID}` } }),
    );
    const everything = [...lines, ...entries.map(({ entry }) => entry.event), await response.text()].join("\n");
    expect(lines.length).toBeGreaterThan(1);
    expect(everything).not.toMatch(/lovelace|eve@|example\.com/i);
  });

  it("may do what the scopes say, and is told which one is missing", async () => {
    expect(await codeOf(await ask(await person(), "DELETE", "/v1/orders"))).toBe("403 scope_missing");
    expect(await codeOf(await ask(await program(), "PATCH", "/v1/accounts/paper"))).toBe("403 scope_missing");
  });

  it("sees the accounts that the setting names, and no other", async () => {
    expect((await ask(await program(), "GET", "/v1/orders?account=paper")).status).toBe(200);
    expect(await codeOf(await ask(await program(), "GET", "/v1/orders?account=second"))).toBe("404 not_found");
    expect((await ask(await person(), "GET", "/v1/orders?account=second")).status).toBe(200);
  });

  it("has a budget of their own", async () => {
    const LIMITS = { authenticated: { quota: 2, window_sec: 3_600 } };
    const scarce = withSettings({ CLOUDFLARE_ACCESS: accessSetting(), LIMITS });
    // Somebody who has asked for nothing yet, as the limiters of this file remember them.
    const somebody = await person({ sub: crypto.randomUUID() });
    const other = await person({ sub: crypto.randomUUID() });
    const first = await ask(somebody, "GET", "/v1/orders", {}, scarce);
    expect(first.headers.get("RateLimit")).toMatch(/^"authenticated";r=1;/);
    expect((await ask(somebody, "GET", "/v1/orders", {}, scarce)).status).toBe(200);
    const third = await ask(somebody, "GET", "/v1/orders", {}, scarce);
    expect(third.headers.get("Retry-After")).toMatch(/^\d+$/);
    expect(await codeOf(third)).toBe("429 rate_limited");
    expect((await ask(other, "GET", "/v1/orders", {}, scarce)).status).toBe(200);
  });
});

describe("who does not prove to be an operator", () => {
  it("gets the one answer, whatever is wrong, and the log says what it was", async () => {
    const { status: _, ...unproven } = await answerOf(await ask(null, "GET", "/v1/orders"));
    const wrong: [string, string | Promise<string>][] = [
      ["not_an_assertion", "x.y.z"],
      ["wrong_signature", person({}, stranger)],
      ["unknown_signing_key", person({}, newer)],
      ["other_issuer", person({ iss: "https://other.cloudflareaccess.com" })],
      ["other_audience", person({ aud: ["f".repeat(64)] })],
      ["expired", person({ exp: nowSec() - 60 })],
      ["not_yet_valid", person({ nbf: nowSec() + 60 })],
      ["names_nobody", person({ type: "org" })],
      ["unknown_operator", person({ email: "eve@example.com" })],
    ];
    for (const [, assertion] of wrong) {
      expect(await answerOf(await ask(await assertion, "GET", "/v1/orders"))).toEqual({ status: 401, ...unproven });
    }
    expect(refusals()).toEqual(["absent", ...wrong.map(([cause]) => cause)]);
  });

  it("is nobody where the setting is absent, and Access is not asked", async () => {
    const response = await ask(await person(), "GET", "/v1/orders", {}, env);
    expect(await codeOf(response)).toBe("401 unauthorized");
    expect(refusals()).toEqual(["absent"]);
    expect(asked).toEqual([]);
  });

  it("is not let in by the cookie alone, which any page can have sent", async () => {
    const headers = { Cookie: `CF_Authorization=${await person()}` };
    expect(await codeOf(await ask(null, "GET", "/v1/orders", { headers }))).toBe("401 unauthorized");
  });

  it("counts against the address, which does not keep an operator out who comes from there", async () => {
    const from = anAddress();
    const statuses: number[] = [];
    for (let failed = 0; failed < 4; failed += 1) {
      statuses.push((await ask(await person({}, stranger), "GET", "/v1/orders", { from })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await ask(await person(), "GET", "/v1/orders", { from })).status).toBe(200);
  });

  const answerOf = async (response: Response) => {
    const { request_id: _, ...body } = await response.json<{ request_id: string }>();
    return { status: response.status, body, challenge: response.headers.get("WWW-Authenticate") };
  };
});

describe("an API key beside an assertion", () => {
  it("counts, and the assertion is not looked at", async () => {
    const headers = { "X-API-Key": env.BOOTSTRAP_API_KEY };
    expect((await ask("x.y.z", "DELETE", "/v1/orders", { headers })).status).toBe(202);
    expect(asked).toEqual([]);
  });

  it.each(["", "wrong", "sp_development_wrong"])("that is wrong (%j) is not made good by it", async (apiKey) => {
    const response = await ask(await person(), "GET", "/v1/orders", { headers: { "X-API-Key": apiKey } });
    expect(await codeOf(response)).toBe("401 unauthorized");
    expect(asked).toEqual([]);
  });
});

describe("the team's keys", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));

  it("can be replaced: an assertion signed with the new one is good at once", async () => {
    expect((await ask(await person(), "GET", "/v1/orders")).status).toBe(200);
    vi.setSystemTime(Date.now() + 60_000);
    published = keySetOf(newer, key);
    expect((await ask(await person({}, newer), "GET", "/v1/orders")).status).toBe(200);
    expect((await ask(await person(), "GET", "/v1/orders")).status).toBe(200);
    expect(asked).toHaveLength(2);
  });

  it("that cannot be read are no fault of who asks: 503, not counted against the address, and good again afterwards", async () => {
    published = undefined;
    const from = anAddress();
    for (let tried = 0; tried < 5; tried += 1) {
      expect(await codeOf(await ask(await person(), "GET", "/v1/orders", { from }))).toBe("503 unavailable");
    }
    expect(asked).toEqual([CERTS]);
    expect(lines.join("\n")).toContain("the team's keys cannot be read: Error: HTTP 502");
    published = keySetOf(key);
    vi.setSystemTime(Date.now() + 1_000);
    expect((await ask(await person(), "GET", "/v1/orders", { from })).status).toBe(200);
  });

  it("that were read before hold while Access cannot be reached", async () => {
    expect((await ask(await person(), "GET", "/v1/orders")).status).toBe(200);
    published = undefined;
    vi.setSystemTime(Date.now() + 3_600_000);
    expect((await ask(await person(), "GET", "/v1/orders")).status).toBe(200);
  });
});

describe("a page of another site", () => {
  const CHANGE = { body: { name: "Mallory's" } };
  const patch = async (headers: Record<string, string>, bound = bindings, assertion: string | null = null) =>
    ask(assertion ?? (await person()), "PATCH", "/v1/accounts/paper", { ...CHANGE, headers }, bound);

  it.each([
    [{ "Sec-Fetch-Site": "cross-site" }],
    [{ "Sec-Fetch-Site": "same-site", Origin: HERE }],
    [{ Origin: "https://other.test" }],
    [{ Origin: "null" }],
  ])("cannot have an operator's browser change anything: %j", async (headers) => {
    expect(await codeOf(await patch(headers))).toBe("403 cross_site");
    // Nothing is looked at, so that it cannot use up the operator's budget either.
    expect(asked).toEqual([]);
    expect(refusals()).toEqual(["cross_site"]);
  });

  it.each([
    [{ "Sec-Fetch-Site": "same-origin", Origin: HERE }],
    [{ "Sec-Fetch-Site": "none" }],
    [{ Origin: HERE }],
    [{}],
  ])("is told from the gateway's own, from a person and from a program: %j", async (headers) => {
    expect((await patch(headers)).status).toBe(200);
  });

  it("can have it ask, and does not get to see the answer", async () => {
    const response = await ask(await person(), "GET", "/v1/orders", { headers: { "Sec-Fetch-Site": "cross-site" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe(null);
  });

  it("may be an API key's, which no browser adds by itself", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site", "X-API-Key": env.BOOTSTRAP_API_KEY };
    expect((await patch(headers)).status).toBe(200);
  });

  it("finds no other answer than others where nobody comes through Access", async () => {
    expect(await codeOf(await patch({ "Sec-Fetch-Site": "cross-site" }, env))).toBe("401 unauthorized");
  });

  it("cannot use a gateway on a laptop that asks nobody for a key", async () => {
    const open = withSettings({ API_KEY_ENABLED: "false" });
    const cancelAll = (headers: Record<string, string>, at = "http://localhost:8787") =>
      ask(null, "DELETE", "/v1/orders", { headers, at }, open);
    expect(await codeOf(await cancelAll({ Origin: "https://other.test" }))).toBe("403 cross_site");
    expect((await cancelAll({})).status).toBe(202);
    // A name of its own that leads to this machine makes a page's origin the gateway's.
    const rebound = "http://rebound.test:8787";
    expect(await codeOf(await cancelAll({ Origin: rebound }, rebound))).toBe("403 cross_site");
    expect(await codeOf(await ask(null, "GET", "/v1/orders", { at: rebound }, open))).toBe("403 cross_site");
  });

  it("is kept from every route there is that changes something", async () => {
    type Document = { readonly paths: Record<string, Record<string, { readonly security: object[] }>> };
    const { paths } = await (await get("/openapi.json")).json<Document>();
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([, { security }]) => security.some((scheme) => "CloudflareAccess" in scheme))
        .map(([method]) => [method.toUpperCase(), path.replaceAll(/\{[^}]+\}/g, "paper")] as const),
    );
    const changing = routes.filter(([method]) => method !== "GET");
    expect(changing.length).toBeGreaterThan(10);
    const assertion = await person();
    for (const [method, path] of changing) {
      const response = await ask(assertion, method, path, { headers: { "Sec-Fetch-Site": "cross-site" } });
      expect(`${method} ${path}: ${await codeOf(response)}`).toBe(`${method} ${path}: 403 cross_site`);
    }
  });
});

describe("a setting that is wrong", () => {
  it("stops the gateway, and the log names the place and no address", async () => {
    const operators = [{ email: PERSON, service_token: PROGRAM, scopes: ["orders:read"] }];
    const wrong = withSettings({ CLOUDFLARE_ACCESS: accessSetting({ operators }) });
    expect(await codeOf(await ask(await person(), "GET", "/v1/orders", {}, wrong))).toBe("503 misconfigured");
    expect(lines.join("\n")).toContain("CLOUDFLARE_ACCESS.operators.0");
    expect(lines.join("\n")).not.toMatch(/lovelace/i);
  });
});
