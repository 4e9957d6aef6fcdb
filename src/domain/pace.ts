// The request budget of one connection to a broker. What matters most may use all of it, and the rest leaves a part; the
// broker's own word closes it early.
import type { Quota } from "./broker.ts";
import { type BucketLimits, type TokenBucket, drawToken } from "./token-bucket.ts";

/** Brokers count per minute. A reset far ahead is somebody's mistake, and must not stop exits for its length. */
const CLOSED_MS_MAX = 120_000;
/** For a 429 that does not say how long, or says no time at all. */
const RETRY_AFTER_MS_MIN = 1_000;
/** A smaller bucket has nothing to spare: any part left in it could be the only whole token. */
const CAPACITY_MIN_TO_RESERVE = 4;

/** Plain JSON. Nothing leaves before `closedUntilMs`, whatever is in the bucket. */
export type Pace = { readonly bucket: TokenBucket; readonly closedUntilMs: number };

/**
 * What a call is for. `exit`: an order leaves that brings a position closer to zero. `send`: any other order leaves. `cancel`: one
 * is called back. `ask`: where is an order of unknown outcome.
 * `watch`: live orders, lists and reconciliation.
 */
export type Purpose = "cancel" | "exit" | "send" | "ask" | "watch";

export type CallDraw =
  | { readonly allowed: true; readonly pace: Pace }
  | { readonly allowed: false; readonly waitMs: number };

/** The part of the capacity that a purpose leaves to those above it. */
const RESERVED_SHARE: Readonly<Record<Purpose, number>> = { cancel: 0, exit: 0, send: 0, ask: 0.1, watch: 0.25 };

/** Half a bucket at the start of a process: the one before it may have spent the other half a moment ago. */
export const startPace = (limits: BucketLimits, nowMs: number): Pace => ({
  bucket: { tokens: limits.capacity / 2, atMs: nowMs },
  closedUntilMs: nowMs,
});

/** Takes one call out of the budget, or says after how long such a call would be allowed if nobody else drew. */
export function drawCall(pace: Pace, limits: BucketLimits, purpose: Purpose, nowMs: number): CallDraw {
  const reserve = reserveOf(purpose, limits);
  const opensAtMs = Math.max(nowMs, pace.closedUntilMs);
  const draw = drawToken(addTokens(pace.bucket, -reserve), shrink(limits, reserve), opensAtMs);
  if (!draw.allowed) return { allowed: false, waitMs: opensAtMs - nowMs + draw.retryAfterMs };
  if (opensAtMs > nowMs) return { allowed: false, waitMs: opensAtMs - nowMs };
  return { allowed: true, pace: { ...pace, bucket: addTokens(draw.bucket, reserve) } };
}

/** Tokens that have to be in the bucket after a call for this purpose. */
function reserveOf(purpose: Purpose, { capacity }: BucketLimits): number {
  const share = RESERVED_SHARE[purpose];
  return share === 0 || capacity < CAPACITY_MIN_TO_RESERVE ? 0 : Math.max(1, share * capacity);
}

/** A purpose that leaves a reserve sees a bucket without it. */
const addTokens = ({ tokens, atMs }: TokenBucket, more: number): TokenBucket => ({ tokens: tokens + more, atMs });
const shrink = ({ ratePerSec, capacity }: BucketLimits, by: number): BucketLimits => ({
  ratePerSec,
  capacity: capacity - by,
});

/** The broker said what is left of its own budget. */
export const onQuota = (pace: Pace, quota: Quota, nowMs: number): Pace =>
  quota.remaining > 0 ? pace : closeUntil(pace, quota.resetAtMs, nowMs);

/** The broker turned a call away (429) and asked for `retryAfterMs` of quiet, or did not say. */
export const onRetryAfter = (pace: Pace, retryAfterMs: number | null, nowMs: number): Pace =>
  closeUntil(pace, nowMs + Math.max(retryAfterMs ?? 0, RETRY_AFTER_MS_MIN), nowMs);

/** Closes for a while, never shortens. The same object when that changes nothing. */
function closeUntil(pace: Pace, atMs: number, nowMs: number): Pace {
  const closedUntilMs = Math.min(atMs, nowMs + CLOSED_MS_MAX);
  return closedUntilMs > Math.max(pace.closedUntilMs, nowMs) ? { ...pace, closedUntilMs } : pace;
}
