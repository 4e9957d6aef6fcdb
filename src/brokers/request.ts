// One HTTP exchange with a broker, as a value. It never throws, never follows a redirect, never waits or reads without a
// bound, and returns nothing that was sent: a request carries credentials.
import { readCapped } from "../capped-body.ts";
import { decodeUtf8 } from "../crypto/encoding.ts";
import { type Result, err, ok } from "../domain/result.ts";

/** Enough for any answer but a list: one order with its error text has a few KiB. */
const BODY_BYTES_MAX = 256 * 1024;
/** Long enough for a broker's slow minute, short enough that a stuck order is looked up while it still matters. */
const TIMEOUT_MS = 10_000;

/** The platform's `fetch`, a Durable Object stub's, or a test's. */
export type BrokerFetch = (request: Request) => Promise<Response>;

type BrokerRequest = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  /** For an answer that may be longer than one order. */
  readonly bodyBytesMax?: number;
};

/**
 * `response`: a whole answer with a status that is not 3xx; `body` is the parsed JSON, or `undefined` when it is not JSON.
 * `failed` with `not_sendable`: no request could be made of the arguments, nothing has left. Every other `failed` says
 * nothing about what the broker did: workerd throws the same error for a refused connection and for one that was reset
 * after the broker had read the request.
 */
export type BrokerAnswer =
  | { readonly kind: "response"; readonly status: number; readonly headers: Headers; readonly body: unknown }
  | { readonly kind: "failed"; readonly code: BrokerFailure };

type BrokerFailure = "not_sendable" | "timeout" | "network" | "redirected" | "too_large" | "not_utf8";

/** Performs one call. The body is always read to its end or cancelled. */
export async function requestBroker(fetch: BrokerFetch, request: BrokerRequest): Promise<BrokerAnswer> {
  const { signal, disarm } = startTimeout(request.timeoutMs ?? TIMEOUT_MS);
  try {
    const outgoing = toRequest(request, signal);
    if (outgoing === undefined) return failed("not_sendable");
    // The race bounds a fetch that does not listen to its signal.
    const bodyBytesMax = request.bodyBytesMax ?? BODY_BYTES_MAX;
    return await Promise.race([exchange(fetch, outgoing, { signal, bodyBytesMax }), expiryOf(signal)]);
  } finally {
    disarm();
  }
}

/** AbortSignal.timeout would tick on after the answer, and keep a Durable Object awake for as long. */
function startTimeout(ms: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  return { signal: controller.signal, disarm: () => clearTimeout(timer) };
}

const failed = (code: BrokerFailure): BrokerAnswer => ({ kind: "failed", code });

/** The constructor's errors quote header values, secrets included, so they end here. */
function toRequest(request: BrokerRequest, signal: AbortSignal): Request | undefined {
  try {
    return new Request(request.url, {
      method: request.method,
      headers: { ...request.headers, Accept: "application/json", "User-Agent": "sallyport" },
      body: request.body ?? null,
      // "error" is refused by workerd, and "follow" would carry the credentials to whatever host the answer names.
      redirect: "manual",
      signal,
    });
  } catch {
    return undefined;
  }
}

type Bounds = { readonly signal: AbortSignal; readonly bodyBytesMax: number };

async function exchange(fetch: BrokerFetch, outgoing: Request, bounds: Bounds): Promise<BrokerAnswer> {
  const { signal } = bounds;
  try {
    const response = await fetch(outgoing);
    const redirected = response.status >= 300 && response.status < 400;
    if (redirected || signal.aborted) {
      // Nobody waits for a cancelled stream, and one that cannot be cancelled has already ended.
      void response.body?.cancel().catch(() => undefined);
      return failed(redirected ? "redirected" : "timeout");
    }
    const text = await readText(response, bounds);
    if (signal.aborted) return failed("timeout");
    if (!text.ok) return failed(text.error);
    return { kind: "response", status: response.status, headers: response.headers, body: parse(text.value) };
  } catch {
    return failed(signal.aborted ? "timeout" : "network");
  }
}

const expiryOf = (signal: AbortSignal): Promise<BrokerAnswer> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(failed("timeout")), { once: true }));

/** Strict: a replacement character in a symbol or an id would be a different symbol or id. */
async function readText(
  response: Response,
  { signal, bodyBytesMax }: Bounds,
): Promise<Result<string, "too_large" | "not_utf8">> {
  const bytes = await readCapped(response.body, bodyBytesMax, signal);
  if (bytes === undefined) return err("too_large");
  const text = decodeUtf8(bytes);
  return text === undefined ? err("not_utf8") : ok(text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
