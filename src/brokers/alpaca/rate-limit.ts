// How often Alpaca may be called, and what its answers say of that.
import type { Quota } from "../../domain/broker.ts";
import type { BucketLimits } from "../../domain/token-bucket.ts";

/**
 * A bucket that lets no more than `requests` through in any minute: a quarter of them may come at once, the other three
 * flow in. `requests` is 4 at least.
 */
export function limitsPerMinute(requests: number): BucketLimits {
  const capacity = Math.floor(requests / 4);
  return { capacity, ratePerSec: (requests - capacity) / 60 };
}

/** Alpaca's limits count per minute. A date far ahead is somebody's mistake, and must not park an order for its length. */
const WAIT_MS_MAX = 120_000;

const SECONDS = /^\d{1,9}$/;
const REQUESTS = /^\d{1,9}$/;
const UNIX_SECONDS = /^\d{1,12}$/;
/** The one date form that RFC 9110 section 5.6.7 lets a sender generate. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Milliseconds to wait after a 429, from `Retry-After` (RFC 9110 section 10.2.3: seconds or a date) or else
 * `X-RateLimit-Reset` (Unix seconds); `null` when neither can be read. Between 0 and {@link WAIT_MS_MAX}.
 */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | null {
  const atMs = readRetryAfter(headers, nowMs) ?? readReset(headers);
  return atMs === undefined ? null : Math.min(Math.max(atMs - nowMs, 0), WAIT_MS_MAX);
}

/** What is left of the minute, from `X-RateLimit-Remaining` and `X-RateLimit-Reset`; `undefined` unless both can be read. */
export function readQuota(headers: Headers, nowMs: number): Quota | undefined {
  const remaining = headers.get("X-RateLimit-Remaining") ?? "";
  const resetAtMs = readReset(headers);
  if (!REQUESTS.test(remaining) || resetAtMs === undefined) return undefined;
  return { remaining: Number(remaining), resetAtMs: Math.min(resetAtMs, nowMs + WAIT_MS_MAX) };
}

function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get("Retry-After") ?? "";
  if (SECONDS.test(text)) return nowMs + Number(text) * 1000;
  const dateMs = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

function readReset(headers: Headers): number | undefined {
  const text = headers.get("X-RateLimit-Reset") ?? "";
  return UNIX_SECONDS.test(text) ? Number(text) * 1000 : undefined;
}
