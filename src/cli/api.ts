// The gateway's API as a client sees it: sends the key, reads answers against a schema, turns a refusal (RFC 9457) into a
// message that says what to do, and follows a list from page to page.
import * as z from "zod";
import { parseFields } from "../domain/fields.ts";
import { EXIT, Failure } from "./failure.ts";
import { printable } from "./screen.ts";
import type { Address } from "./address.ts";
import type { Connection } from "./settings.ts";

/** Longer than the gateway lets a caller wait, and than a broker is given. */
const TIMEOUT_MS = 60_000;
/** The most that one page holds. */
export const PAGE_MAX = 200;

export type Call = {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Begins with a slash. */
  readonly path: string;
  /** What is `undefined` is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
};

export type Answer<T> = { readonly status: number; readonly headers: Headers; readonly body: T };

/** Asks with the API key. Throws a Failure when the gateway refuses or cannot be reached. */
export async function ask<T>(connection: Connection, call: Call, schema: z.ZodType<T>): Promise<Answer<T>> {
  const json = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers = {
    "X-API-Key": connection.apiKey,
    ...(json === undefined ? {} : { "Content-Type": "application/json" }),
    ...call.headers,
  };
  return exchange(connection, { ...call, headers, bytes: json }, schema);
}

export type ListCall = {
  readonly path: string;
  readonly query?: Call["query"];
  /** The field of a page that holds its items. */
  readonly field: string;
  /** How many items are wanted at most; `Infinity` for all of them. */
  readonly count: number;
};

/** The first `count` items of a list, from as many pages as that takes. */
export async function list<T>(connection: Connection, call: ListCall, item: z.ZodType<T>): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | number | undefined;
  for (;;) {
    const limit = Math.min(PAGE_MAX, call.count - items.length);
    const page = await readPage(connection, { ...call, query: { ...call.query, cursor, limit } }, item);
    items.push(...page.items);
    if (page.nextCursor === null || items.length >= call.count) return items.slice(0, call.count);
    if (page.nextCursor === cursor) throw new Failure(`${call.path} gives the same page again and again.`);
    cursor = page.nextCursor;
  }
}

export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | number | null };

export async function readPage<T>(
  connection: Connection,
  { path, query, field }: Omit<ListCall, "count">,
  item: z.ZodType<T>,
): Promise<Page<T>> {
  const schema = z.looseObject({ [field]: z.array(item), next_cursor: z.union([z.string(), z.number()]).nullable() });
  const { body } = await ask(connection, { path, ...(query === undefined ? {} : { query }) }, schema);
  return { items: body[field] as T[], nextCursor: body.next_cursor as string | number | null };
}

export type RawCall = Omit<Call, "body" | "headers"> & {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: string | Uint8Array<ArrayBuffer> | undefined;
};

/** One request as it stands, without a key of its own, and the answer checked. */
export async function exchange<T>(address: Address, call: RawCall, schema: z.ZodType<T>): Promise<Answer<T>> {
  const { response, text } = await send(address, call);
  const where = { url: address.url, response };
  const body = readJson(text);
  if (!response.ok) throw refusalOf(where, body);
  const read = parseFields(schema, body);
  if (read.ok) return { status: response.status, headers: response.headers, body: read.value };
  throw notAGateway(where, body === undefined ? undefined : read.error);
}

async function send(
  address: Address,
  { method = "GET", path, query = {}, headers, bytes }: RawCall,
): Promise<{ response: Response; text: string }> {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const search = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
  try {
    const response = await fetch(`${address.url}${path}${search}`, {
      method,
      headers,
      // A redirect could take the key to another host.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    return { response, text: await response.text() };
  } catch (thrown) {
    throw unreachable(address, method, thrown);
  }
}

const NOTHING_THERE: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

function unreachable(address: Address, method: string, thrown: unknown): Failure {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const said =
    code === "ECONNREFUSED"
      ? `Nothing listens on ${address.url}${address.isLoopback ? "; run npm start first." : "."}`
      : `${address.url} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`;
  const mayHaveArrived = method !== "GET" && !NOTHING_THERE.has(code);
  const message = mayHaveArrived
    ? `${said}\nThe request may have arrived all the same: look before you repeat it.`
    : said;
  return new Failure(message, {
    exitCode: EXIT.unreachable,
    document: { code: "unreachable", detail: message },
    cause: thrown,
  });
}

/** What a refusal has to be, and the parts of it that are shown. */
const Problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  request_id: z.string().optional(),
  errors: z.array(z.looseObject({ pointer: z.string(), message: z.string() })).optional(),
});

type Where = { readonly url: string; readonly response: Response };

function refusalOf(where: Where, body: unknown): Failure {
  const problem = Problem.safeParse(body);
  if (!problem.success) return notAGateway(where, undefined);
  const { code, detail, errors = [], request_id: requestId } = problem.data;
  const retryAfter = where.response.headers.get("Retry-After");
  const lines = [
    `HTTP ${where.response.status} ${code}: ${detail}`,
    ...errors.map(({ pointer, message }) => `  ${pointer === "" ? "(the whole body)" : pointer}: ${message}`),
    ...(retryAfter === null ? [] : [`Retry after ${retryAfter} s.`]),
    ...(requestId === undefined ? [] : [`Its request id, for the gateway's log: ${requestId}`]),
  ];
  return new Failure(lines.map((line) => printable(line)).join("\n"), { document: problem.data });
}

/** Something answers, and not in the way that this program knows: another server, or a gateway of another version. */
function notAGateway(
  { url, response }: Where,
  errors: readonly { pointer: string; message: string }[] | undefined,
): Failure {
  const [error] = errors ?? [];
  const type = response.headers.get("Content-Type") ?? "no content type";
  const why = error === undefined ? `HTTP ${response.status}, ${type}` : `${error.pointer}: ${error.message}`;
  const message = `What answers on ${url} is no gateway, or one of another version (${printable(why)}).`;
  return new Failure(message, {
    exitCode: EXIT.unreachable,
    document: { code: "not_a_gateway", detail: message },
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
