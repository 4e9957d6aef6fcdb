// How often somebody may ask, as named quotas. Each is a token bucket: `quota` requests at once, and as many again over
// `windowSec`. A request draws from every limit it is under, or from none.
import * as z from "zod";
import { type BucketLimits, type Draw, type TokenBucket, drawToken, fullBucket } from "./token-bucket.ts";

const QUOTA_MAX = 1_000_000;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const LimitSetting = z.strictObject({
  /** Requests. */
  quota: z.int().min(1).max(QUOTA_MAX),
  window_sec: z.int().min(1).max(DAY),
});

/** `quota` requests in `windowSec`, unless the setting says otherwise. */
const atMost = <Name extends string>(name: Name, quota: number, windowSec: number) =>
  LimitSetting.default({ quota, window_sec: windowSec }).transform((setting) => ({
    name,
    quota: setting.quota,
    windowSec: setting.window_sec,
  }));

/** The setting that changes some of the limits, each one whole; the rest, and all where nothing is set, are as written here. */
export const Limits = z
  .strictObject({
    // Per address and endpoint.
    health: atMost("health", 60, MINUTE),
    order_batch: atMost("order_batch", 10, MINUTE),
    circuit_breaker_reset: atMost("circuit_breaker_reset", 5, MINUTE),
    instrument_refresh: atMost("instrument_refresh", 5, HOUR),
    // Per address, for requests without an API key.
    anonymous: atMost("anonymous", 100, HOUR),
    // Per API key.
    authenticated: atMost("authenticated", 10_000, HOUR),
  })
  .prefault({});
export type Limits = z.infer<typeof Limits>;
export type LimitName = keyof Limits;

export type Limit = { readonly name: LimitName; readonly quota: number; readonly windowSec: number };

/** What somebody has drawn from one limit, and when it is whole again and not worth remembering. */
export type Meter = TokenBucket & { readonly wholeAtMs: number };

/** What somebody has drawn. A limit that is not in here is whole. Survives a structured clone. */
export type Meters = ReadonlyMap<LimitName, Meter>;

/**
 * What is left of a limit, or of what a source may send to an account. `resetSec`: when there will be more, 0 if it is whole.
 */
export type LimitStatus = Omit<Limit, "name"> & {
  readonly name: LimitName | "source";
  readonly remaining: number;
  readonly resetSec: number;
};

export type LimitsDraw =
  | { readonly allowed: true; readonly meters: Meters; readonly limits: readonly LimitStatus[] }
  | {
      readonly allowed: false;
      /** The limit that keeps the request out the longest. */
      readonly violated: LimitName;
      /** When all of the limits would let it in, if nobody else drew. At least 1. */
      readonly retryAfterSec: number;
      readonly limits: readonly LimitStatus[];
    };

/** Draws one request from each of the limits, which are different ones, or says which one refuses and draws from none. */
export function drawFromLimits(meters: Meters, limits: readonly Limit[], nowMs: number): LimitsDraw {
  const draws = limits.map((limit) => ({ limit, ...drawFrom(meters.get(limit.name), limit, nowMs) }));
  if (draws.every((draw) => draw.allowed)) {
    const drawn = draws.map(({ limit, bucket }) => [limit.name, toMeter(bucket, limit)] as const);
    return {
      allowed: true,
      meters: new Map([...meters, ...drawn]),
      limits: draws.map(({ limit, bucket }) => toStatus(limit, bucket.tokens)),
    };
  }
  const longest = draws
    .filter((draw) => !draw.allowed)
    .reduce((one, other) => (other.retryAfterMs > one.retryAfterMs ? other : one));
  return {
    allowed: false,
    violated: longest.limit.name,
    retryAfterSec: toSec(longest.retryAfterMs),
    limits: draws.map((draw) =>
      draw.allowed
        ? toStatus(draw.limit, draw.bucket.tokens + 1)
        : { ...draw.limit, remaining: 0, resetSec: toSec(draw.retryAfterMs) },
    ),
  };
}

/**
 * What is left of a source's bucket at an account. It is the account that draws from it, so it is none of the {@link Limits}.
 * Where nobody says after how long there will be more, that is one token's time at most.
 */
export function sourceStatus(source: {
  readonly limits: BucketLimits;
  readonly remaining: number;
  readonly retryAfterMs?: number;
}): LimitStatus {
  const { capacity, ratePerSec } = source.limits;
  const { remaining, retryAfterMs = 1000 / ratePerSec } = source;
  const windowSec = Math.ceil(capacity / ratePerSec);
  return { name: "source", quota: capacity, windowSec, remaining, resetSec: toSec(retryAfterMs) };
}

/** Without the limits that are whole by now. */
export const withoutWhole = (meters: Meters, nowMs: number): Meters =>
  new Map([...meters].filter(([, { wholeAtMs }]) => wholeAtMs > nowMs));

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-10, each a list of Strings with parameters (RFC 9651). Where a request
 * was refused, `t` of the violated limit and `Retry-After` are the same moment. None at all for no limits: there is no empty
 * list in a field.
 */
export function rateLimitFields(limits: readonly LimitStatus[]): Record<string, string> {
  if (limits.length === 0) return {};
  return {
    "RateLimit-Policy": limits.map(({ name, quota, windowSec }) => `"${name}";q=${quota};w=${windowSec}`).join(", "),
    RateLimit: limits.map(({ name, remaining, resetSec }) => `"${name}";r=${remaining};t=${resetSec}`).join(", "),
  };
}

function drawFrom(meter: Meter | undefined, limit: Limit, nowMs: number): Draw {
  const rates = toRates(limit);
  return drawToken(meter ?? fullBucket(rates, nowMs), rates, nowMs);
}

const toRates = ({ quota, windowSec }: Limit): BucketLimits => ({ capacity: quota, ratePerSec: quota / windowSec });

const toMeter = ({ tokens, atMs }: TokenBucket, limit: Limit): Meter => ({
  tokens,
  atMs,
  wholeAtMs: atMs + Math.ceil(secondsFor(limit.quota - tokens, limit) * 1000),
});

function toStatus(limit: Limit, tokens: number): LimitStatus {
  const remaining = Math.floor(tokens);
  const missing = tokens >= limit.quota ? 0 : remaining + 1 - tokens;
  return { ...limit, remaining, resetSec: Math.ceil(secondsFor(missing, limit)) };
}

/** How long so many tokens take to flow in. */
const secondsFor = (tokens: number, { quota, windowSec }: Limit): number => (tokens * windowSec) / quota;

const toSec = (ms: number): number => Math.ceil(ms / 1000);
