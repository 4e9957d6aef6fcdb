import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { PROBLEMS } from "../../src/http/problem.ts";
import { anAddress, sendOrder } from "./support/gateway.ts";
import { NOBODYS, fillPath, operationsOf } from "./support/operations.ts";

const app = createApp();
const operations = operationsOf(app);

type Asked = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Settings and bindings that differ. */
  readonly bindings?: object;
};

async function ask(method: string, path: string, { headers = {}, body, bindings = {} }: Asked = {}): Promise<Response> {
  const request = new Request(`https://gateway.test${path}`, {
    method,
    headers: { "CF-Connecting-IP": anAddress(), ...headers },
    body: body ?? null,
  });
  return app.fetch(request, { ...env, ...bindings }, createExecutionContext());
}

const keyed = (headers: Readonly<Record<string, string>> = {}) => ({ "X-API-Key": env.BOOTSTRAP_API_KEY, ...headers });
const json = { "Content-Type": "application/json" };

const ORDER = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const fresh = () => JSON.stringify({ ...ORDER, client_order_id: crypto.randomUUID() });

describe("the headers of every answer", () => {
  const answers: { readonly about: string; readonly response: Response }[] = [];

  beforeAll(async () => {
    const add = async (method: string, path: string, asked?: Asked) =>
      answers.push({ about: `${method} ${path}`, response: await ask(method, path, asked) });

    for (const { method, path, takesBody } of operations) {
      const body = takesBody ? { body: "{}" } : {};
      await add(method, fillPath(path, NOBODYS), body);
      await add(method, fillPath(path, NOBODYS), { headers: keyed(json), ...body });
      await add("PROPFIND", fillPath(path, NOBODYS));
      await add("OPTIONS", fillPath(path, NOBODYS));
    }
    const known = await sendOrder(ORDER);
    for (const path of [`/v1/orders/${known.id}`, "/reference", "/openapi.json"]) {
      await add("GET", path, { headers: keyed() });
      await add("HEAD", path, { headers: keyed() });
    }
    const accepted = { headers: keyed(), body: fresh() };
    await add("POST", "/v1/orders", accepted);
    await add("POST", "/v1/orders", accepted);
    await add("DELETE", `/v1/orders/${known.id}`, { headers: keyed() });
    await add("POST", "/v1/api-keys", { headers: keyed(), body: '{"owner":"headers","scopes":["audit:read"]}' });
    await add("GET", "/nothing/there");
    await add("POST", "/v1/orders", { headers: keyed(), body: " ".repeat(70_000) });
    await add("PUT", "/v1/paper/paper/prices/AAPL", { headers: keyed({ "Content-Type": "text/plain" }), body: "1" });
    await add("GET", "/v1/orders?api_key=1", { headers: keyed() });
    const restricted = { headers: { "X-API-Key": await aKeyFor("audit:read") } };
    await add("GET", "/v1/vault", restricted);
    await add("POST", "/v1/orders", { ...accepted, bindings: { MAINTENANCE_MODE: "true" } });
    await add("GET", "/health", { bindings: { ENVIRONMENT: "nowhere" } });
    await add("GET", "/v1/accounts", { headers: keyed(), bindings: { DB: undefined } });
    const headers = { "CF-Connecting-IP": anAddress() };
    const bindings = { LIMITS: { health: { quota: 1, window_sec: 60 } } };
    await add("GET", "/health", { headers, bindings });
    await add("GET", "/health", { headers, bindings });
  });

  async function aKeyFor(scope: string): Promise<string> {
    const body = JSON.stringify({ owner: "headers-restricted", scopes: [scope] });
    const { key } = await (await ask("POST", "/v1/api-keys", { headers: keyed(), body })).json<{ key: string }>();
    return key;
  }

  it("have been seen with every status that there is", () => {
    const seen = new Set(answers.map(({ response }) => response.status));
    const known = new Set<number>([200, 201, 202, ...Object.values(PROBLEMS).map(({ status }) => status)]);
    expect(seen).toEqual(known);
  });

  it.each([
    ["Strict-Transport-Security", "max-age=31536000; includeSubDomains"],
    [
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ],
    ["X-Content-Type-Options", "nosniff"],
    ["X-Frame-Options", "DENY"],
    ["Referrer-Policy", "no-referrer"],
    ["Cross-Origin-Opener-Policy", "same-origin"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
    ["Cache-Control", "no-store"],
  ])("say %s", (name, value) => {
    const wrong = answers.filter(({ response }) => response.headers.get(name) !== value);
    expect(wrong.map(({ about, response }) => `${about}: ${response.status}`)).toEqual([]);
  });

  it("name the request, and not what answers", () => {
    for (const { about, response } of answers) {
      expect(response.headers.get("X-Request-Id"), about).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      for (const name of ["Server", "X-Powered-By", "Via", "Set-Cookie"]) {
        expect(response.headers.get(name), `${about}: ${name}`).toBeNull();
      }
    }
  });

  it("say of every refusal that it is a problem, and what to wait for or do instead", () => {
    for (const { about, response } of answers.filter(({ response: { status } }) => status >= 400)) {
      expect(response.headers.get("Content-Type"), about).toBe("application/problem+json");
      if (response.status === 405) expect(response.headers.get("Allow"), about).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
      if (response.status === 429 || response.status === 503) {
        expect(response.headers.get("Retry-After"), about).toMatch(/^\d+$/);
      }
    }
  });

  it("let no page of another origin read them, and say nothing of origins", () => {
    for (const { about, response } of answers) {
      const names = [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
      expect([...names, response.headers.get("Vary")], about).toEqual([null]);
    }
  });
});

describe("the reference page", () => {
  it("needs nothing that its policy refuses", async () => {
    const response = await ask("GET", "/reference");
    const elements: { readonly tag: string; readonly attributes: readonly (readonly string[])[] }[] = [];
    const rewriter = new HTMLRewriter().on("*", {
      element: ({ tagName, attributes }) => void elements.push({ tag: tagName, attributes: [...attributes] }),
    });
    await rewriter.transform(response).text();

    const tags = elements.map(({ tag }) => tag);
    expect(tags.length).toBeGreaterThan(500);
    expect(tags.filter((tag) => tag === "style")).toHaveLength(1);
    for (const tag of ["script", "link", "img", "iframe", "object", "form", "base", "svg"]) {
      expect(tags).not.toContain(tag);
    }
    const names = elements.flatMap(({ attributes }) => attributes.map(([name = ""]) => name));
    expect(names.filter((name) => /^(?:on|src|style|srcset)/.test(name))).toEqual([]);
    const targets = elements.flatMap(({ attributes }) => attributes.filter(([name]) => name === "href"));
    for (const [, target] of targets) expect(target).toMatch(/^(?:#|\/openapi\.json$)/);
  });
});

describe("pages of other origins", () => {
  const LISTED = "https://desk.example.com";
  const bindings = { CORS_ORIGINS: `${LISTED}, http://localhost:5173` };
  const preflight = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key" };

  it("may ask what a program may, where the setting lists the origin", async () => {
    for (const Origin of [LISTED, "http://localhost:5173"]) {
      const response = await ask("OPTIONS", "/v1/orders", { headers: { Origin, ...preflight }, bindings });
      expect(response.status).toBe(204);
      expect(await response.text()).toBe("");
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "access-control-allow-origin": Origin,
        "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE",
        "access-control-allow-headers": "Content-Type,Idempotency-Key,Prefer,X-API-Key",
        "access-control-max-age": "600",
        vary: "Origin, Access-Control-Request-Headers",
        "cache-control": "no-store",
      });
      expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    }
  });

  it("are asked for a key like everybody, and are counted by nothing before it", async () => {
    const headers = { Origin: LISTED };
    const refused = await ask("GET", "/v1/orders", { headers, bindings });
    expect([refused.status, refused.headers.get("Access-Control-Allow-Origin")]).toEqual([401, LISTED]);
    const read = await ask("GET", "/v1/orders", { headers: keyed(headers), bindings });
    expect([read.status, read.headers.get("Access-Control-Allow-Origin")]).toEqual([200, LISTED]);
    const denied = await ask("GET", "/v1/orders/nothing", { headers: keyed(headers), bindings });
    expect([denied.status, denied.headers.get("Access-Control-Allow-Origin")]).toEqual([404, LISTED]);
  });

  it("may read every header that the document describes", async () => {
    const headers = keyed({ Origin: LISTED });
    const response = await ask("POST", "/v1/orders", { headers, body: fresh(), bindings });
    expect(response.headers.get("Access-Control-Expose-Headers")?.split(",").toSorted()).toEqual(
      [
        "Idempotency-Replayed",
        "Location",
        "Preference-Applied",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "X-Request-Id",
      ].toSorted(),
    );
    expect(response.headers.get("Vary")).toBe("Origin");
    expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
  });

  it.each([
    "https://evil.example",
    "https://desk.example.com.evil.example",
    "https://evil.example/https://desk.example.com",
    "http://desk.example.com",
    "https://desk.example.com:8443",
    "https://DESK.example.com",
    "https://sub.desk.example.com",
    "null",
    "*",
    "",
  ])("may not, where the origin is %j, and a cache keeps the two apart", async (Origin) => {
    const asked = await ask("GET", "/v1/orders", { headers: keyed({ Origin }), bindings });
    expect(asked.status).toBe(200);
    const refused = await ask("OPTIONS", "/v1/orders", { headers: { Origin, ...preflight }, bindings });
    expect(refused.status).toBe(405);
    for (const { headers } of [asked, refused]) {
      expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
      expect(headers.get("Vary")).toBe("Origin");
    }
  });

  it("may not send signals: webhooks are for servers, whatever is listed", async () => {
    for (const path of ["/webhooks/default", "/webhooks/tradingview/token"]) {
      for (const method of ["OPTIONS", "POST"]) {
        const asked = await ask(method, path, { headers: { Origin: LISTED, ...preflight }, bindings });
        expect(asked.status).toBe(method === "OPTIONS" ? 405 : 401);
        expect([...asked.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
      }
    }
  });

  it("leave OPTIONS what it is where it is no preflight", async () => {
    const response = await ask("OPTIONS", "/v1/orders", { headers: { Origin: LISTED }, bindings });
    expect([response.status, response.headers.get("Allow")]).toEqual([405, "DELETE, GET, HEAD, POST"]);
    expect((await ask("OPTIONS", "/v1/orders", { bindings })).status).toBe(405);
  });

  it("are kept out by a setting that cannot be read, like everybody", async () => {
    for (const CORS_ORIGINS of ["*", "https://desk.example.com/", "https://*.example.com", "null"]) {
      const response = await ask("GET", "/health", { bindings: { CORS_ORIGINS } });
      expect(response.status).toBe(503);
    }
    const loopback = { CORS_ORIGINS: "http://localhost:5173", ENVIRONMENT: "production" };
    expect((await ask("GET", "/health", { bindings: loopback })).status).toBe(503);
  });
});
