// When Alpaca wants to be asked again after a 429.

/** Alpaca's limits count per minute. A date far ahead is somebody's mistake, and must not park an order for its length. */
const RETRY_AFTER_MS_MAX = 120_000;

const SECONDS = /^\d{1,9}$/;
const UNIX_SECONDS = /^\d{1,12}$/;
/** The one date form that RFC 9110 section 5.6.7 lets a sender generate. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Milliseconds to wait, from `Retry-After` (RFC 9110 section 10.2.3: seconds or a date) or else `X-RateLimit-Reset` (Unix
 * seconds); `null` when neither can be read. Between 0 and {@link RETRY_AFTER_MS_MAX}.
 */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | null {
  const waitMs = readRetryAfter(headers.get("Retry-After") ?? "", nowMs) ?? readReset(headers, nowMs);
  return waitMs === undefined ? null : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MS_MAX);
}

function readRetryAfter(text: string, nowMs: number): number | undefined {
  if (SECONDS.test(text)) return Number(text) * 1000;
  const dateMs = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs - nowMs;
}

function readReset(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get("X-RateLimit-Reset") ?? "";
  return UNIX_SECONDS.test(text) ? Number(text) * 1000 - nowMs : undefined;
}
