// The gateway's API as a client sees it: sends the key, reads answers against a schema, turns a refusal (RFC 9457) into a
// message that says what to do, and follows a list from page to page.
import * as z from "zod";
import { parseFields } from "../domain/fields.ts";
import { EXIT, Failure, type FailureDocument } from "./failure.ts";
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
  /** Where a change must not be made twice: the command that shows whether it has been made, for when no answer says so. */
  readonly look?: string;
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
  const exchanged = { url: address.url, response, call };
  const body = readJson(text);
  if (!response.ok) throw refusalOf(exchanged, body);
  const read = parseFields(schema, body);
  if (read.ok) return { status: response.status, headers: response.headers, body: read.value };
  throw notAGateway(exchanged, body === undefined ? undefined : read.error);
}

async function send(address: Address, call: RawCall): Promise<{ response: Response; text: string }> {
  const { method = "GET", path, query = {}, headers, bytes } = call;
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
    throw unreachable(address, call, thrown);
  }
}

const NOTHING_THERE: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

function unreachable(address: Address, call: RawCall, thrown: unknown): Failure {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const said =
    code === "ECONNREFUSED"
      ? `Nothing listens on ${address.url}${address.isLoopback ? "; run npm start first." : "."}`
      : `${address.url} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`;
  const message = NOTHING_THERE.has(code) ? said : withDoubts(said, call);
  return new Failure(message, {
    exitCode: EXIT.unreachable,
    document: { code: "unreachable", detail: message },
    cause: thrown,
  });
}

/** Where no answer says what became of a change, it may have been made. */
function withDoubts(said: string, { method = "GET", look }: RawCall): string {
  if (method === "GET") return said;
  const doubts = `${said}\nThe request may have arrived all the same: look before you repeat it.`;
  return look === undefined ? doubts : `${doubts}\n\n  ${look}`;
}

/** What a refusal has to be, and the parts of it that are shown. */
const Problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  request_id: z.string().optional(),
  errors: z.array(z.looseObject({ pointer: z.string(), message: z.string() })).optional(),
});

/** What the gateway has refused, and the fields beside its problem: how long to wait, and by which limit. */
export class Refusal extends Failure {
  readonly headers: Headers;

  constructor(message: string, { document, headers }: { document: FailureDocument; headers: Headers }) {
    super(message, { document });
    this.headers = headers;
  }
}

/** The gateway's code for not knowing: the request may be stored. Each of its other refusals says what became of it. */
const UNDECIDED = "unavailable";

type Exchanged = { readonly url: string; readonly response: Response; readonly call: RawCall };

function refusalOf(exchanged: Exchanged, body: unknown): Failure {
  const { response, call } = exchanged;
  const problem = Problem.safeParse(body);
  if (!problem.success) return notAGateway(exchanged, undefined);
  const { code, detail, errors = [], request_id: requestId } = problem.data;
  const retryAfter = response.headers.get("Retry-After");
  const lines = [
    `HTTP ${response.status} ${code}: ${detail}`,
    ...errors.map(({ pointer, message }) => `  ${pointer === "" ? "(the whole body)" : pointer}: ${message}`),
    ...(retryAfter === null ? [] : [`Retry after ${retryAfter} s.`]),
    ...(requestId === undefined ? [] : [`Its request id, for the gateway's log: ${requestId}`]),
  ];
  const said = lines.map((line) => printable(line)).join("\n");
  const message = code === UNDECIDED ? withDoubts(said, call) : said;
  return new Refusal(message, { document: problem.data, headers: response.headers });
}

/**
 * Something answers, and not in the way that this program knows: another server, a proxy whose gateway has not answered it, or
 * a gateway of another version.
 */
function notAGateway(
  { url, response, call }: Exchanged,
  errors: readonly { pointer: string; message: string }[] | undefined,
): Failure {
  const [error] = errors ?? [];
  const type = response.headers.get("Content-Type") ?? "no content type";
  const why = error === undefined ? `HTTP ${response.status}, ${type}` : `${error.pointer}: ${error.message}`;
  const message = withDoubts(
    `What answers on ${url} is no gateway, a proxy before one, or one of another version (${printable(why)}).`,
    call,
  );
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
