import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../src/http/problem.ts";
import { get } from "./support/gateway.ts";

type Document = {
  paths: Record<string, Record<string, { responses: Record<string, unknown>; security?: unknown[] }>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
};

const readDocument = async (): Promise<Document> => (await get("/openapi.json", {})).json();

describe("the OpenAPI document", () => {
  it("describes every path there is", async () => {
    const { paths } = await readDocument();
    expect(Object.keys(paths).toSorted()).toEqual([
      "/health",
      "/v1/audit",
      "/v1/orders",
      "/v1/orders/{id}",
      "/v1/paper/{account}/prices/{symbol}",
      "/webhooks/{source}",
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

  it("asks for the API key wherever something is read", async () => {
    const { paths } = await readDocument();
    const open = Object.entries(paths).filter(([, operations]) =>
      Object.values(operations).some(({ security }) => security === undefined),
    );
    expect(open.map(([path]) => path).toSorted()).toEqual(["/health", "/webhooks/{source}"]);
  });
});

describe("the reference page", () => {
  it("shows every operation and every problem, and loads nothing", async () => {
    const response = await get("/reference", {});
    const page = await response.text();
    expect(page.startsWith("<!doctype html>")).toBe(true);
    for (const path of Object.keys((await readDocument()).paths)) expect(page).toContain(path);
    for (const code of Object.keys(PROBLEMS)) expect(page).toContain(`id="${code}"`);
    expect(page).not.toMatch(/<script|src=|https?:\/\//);
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
