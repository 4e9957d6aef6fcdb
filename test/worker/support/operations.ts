// What the API document says there is, for suites that ask the same of every route; and whether it says everything.
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../../../src/http/env.ts";
import { DOCUMENT } from "../../../src/http/openapi.ts";

export type Operation = {
  /** Its `operationId`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Any one of them will do; none where it asks for no key. */
  readonly scopes: readonly string[];
  readonly statuses: readonly string[];
  /** The names of its query parameters. */
  readonly query: readonly string[];
  readonly takesBody: boolean;
  /** The names of all fields that its body can have, nested ones too. */
  readonly fields: readonly string[];
};

type Described = {
  readonly operationId?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: object;
  readonly responses: object;
};

/** What stands in the places of a path, by the kind of thing. */
export type Things = Readonly<
  Record<"account" | "order" | "source" | "secret" | "key" | "stop" | "signal" | "override", string>
>;

const uuidv7 = () => crypto.randomUUID().replace(/^(.{14})4/, "$17");

/** Well-formed, and nothing has these names. */
export const NOBODYS: Things = {
  account: "nowhere",
  order: `nowhere_${uuidv7()}`,
  source: "nobody",
  secret: "AAAAAAAAAAA",
  key: "AAAAAAAAAA",
  stop: crypto.randomUUID(),
  signal: `nowhere_${uuidv7()}`,
  override: crypto.randomUUID(),
};

/** Which kind of thing the first place of a path is for, by how the path begins. */
const FIRST_PLACE: Readonly<Record<string, keyof Things>> = {
  "/v1/accounts/": "account",
  "/v1/paper/": "account",
  "/v1/orders/": "order",
  "/v1/sources/": "source",
  "/v1/api-keys/": "key",
  "/v1/stops/": "stop",
  "/v1/signals/": "signal",
};

/** The path with something in every place. At a webhook, nothing of it is right. */
export function fillPath(path: string, things: Things): string {
  if (!path.includes("{") || path.startsWith("/webhooks/")) return path.replaceAll(/\{[^}]+\}/g, "default");
  const [, kind] = Object.entries(FIRST_PLACE).find(([beginning]) => path.startsWith(beginning)) ?? [];
  if (kind === undefined) throw new Error(`say in FIRST_PLACE what ${path} names`);
  return path
    .replace(/\{(id|account)\}/, things[kind])
    .replace("{secret}", things.secret)
    .replace("{override}", things.override)
    .replace("{symbol}", "AAPL");
}

/** Pages for people and generators: what the document is, it does not describe. */
const PAGES = new Set([
  "get /openapi.json",
  "get /reference",
  "get /approvals/{id}/{token}",
  "post /approvals/{id}/{token}",
]);

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

const documentOf = (app: OpenAPIHono<AppEnv>): Document => app.getOpenAPI31Document(DOCUMENT) as unknown as Document;

function describedIn({ paths }: Document): ReadonlyMap<string, Described> {
  return new Map(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, described]) => [`${method} ${path}`, described] as const),
    ),
  );
}

export function operationsOf(app: OpenAPIHono<AppEnv>): readonly Operation[] {
  const document = documentOf(app);
  return [...describedIn(document)].map(([place, described]) => {
    const { operationId, security = [], parameters = [], requestBody, responses } = described;
    const [method = "", path = ""] = place.split(" ");
    return {
      name: operationId ?? place,
      method: method.toUpperCase(),
      path,
      scopes: [...new Set(security.flatMap((scheme) => Object.values(scheme).flat()))],
      statuses: Object.keys(responses),
      query: parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
      takesBody: requestBody !== undefined,
      fields: fieldsIn(requestBody, document),
    };
  });
}

function fieldsIn(body: object | undefined, { components }: Document): readonly string[] {
  const found = new Set<string>();
  const walk = (schema: unknown, holdsProperties = false): void => {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (holdsProperties) found.add(key);
      if (key === "$ref") walk(components.schemas[String(value).split("/").at(-1) ?? ""]);
      walk(value, key === "properties" && !holdsProperties);
    }
  };
  walk(body);
  return [...found];
}

/** Routes that the document leaves out, or of which it does not say what they ask of the caller. */
export function undeclaredIn(app: OpenAPIHono<AppEnv>): readonly string[] {
  const described = describedIn(documentOf(app));
  const mounted = app.routes
    // What stands before every method is middleware.
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:([^/]+)/g, "{$1}")}`);
  return [...new Set(mounted)].filter((place) => !PAGES.has(place) && described.get(place)?.security === undefined);
}
