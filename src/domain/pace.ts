// The request budget of one connection to a broker. What ends an exposure may use all of it, and the rest leaves a part;
// purposes of the same rank take turns; the broker's own word closes it early.
import type { Quota } from "./broker.ts";
import { type BucketLimits, type TokenBucket, drawToken } from "./token-bucket.ts";

/** Brokers count per minute. A reset far ahead is somebody's mistake, and must not stop exits for its length. */
const CLOSED_MS_MAX = 120_000;
/** For a 429 that does not say how long, or says no time at all. */
const RETRY_AFTER_MS_MIN = 1_000;
/** A smaller bucket has nothing to spare: any part left in it could be the only whole token. */
const CAPACITY_MIN_TO_RESERVE = 4;

/** Who was refused comes again when it was told to, and a moment later; then its turn is over. */
const TURN_MS = 5_000;

/**
 * What a call is for. `exit`: an order leaves that brings a position closer to zero. `cancel`: one is called back. `send`: any
 * other order leaves. `ask`: where is an order of unknown outcome. `watch`: live orders, lists and comparisons.
 */
export type Purpose = "cancel" | "exit" | "send" | "ask" | "watch";

/** Plain JSON. Nothing leaves before `closedUntilMs`, whatever is in the bucket. */
export type Pace = {
  readonly bucket: TokenBucket;
  readonly closedUntilMs: number;
  /** Counts the calls asked for; `served` and `waiting` are in its order. */
  readonly turn: number;
  readonly served: Partial<Readonly<Record<Purpose, number>>>;
  /** Purposes that were refused and not allowed since, and until when they were told to wait. */
  readonly waiting: Partial<Readonly<Record<Purpose, { readonly turn: number; readonly untilMs: number }>>>;
};

export type CallDraw =
  | { readonly allowed: true; readonly pace: Pace }
  | { readonly allowed: false; readonly pace: Pace; readonly waitMs: number };

const URGENT: readonly Purpose[] = ["cancel", "exit"];
const PATIENT: readonly Purpose[] = ["send", "ask", "watch"];
/** The part of the capacity that patient purposes leave to urgent ones. */
const RESERVED_SHARE = 0.1;

/** Half a bucket at the start of a process: the one before it may have spent the other half a moment ago. */
export const startPace = (limits: BucketLimits, nowMs: number): Pace => ({
  bucket: { tokens: limits.capacity / 2, atMs: nowMs },
  closedUntilMs: nowMs,
  turn: 0,
  served: {},
  waiting: {},
});

/** Takes one call out of the budget, or says after how long such a call would be allowed if nobody else drew. */
export function drawCall(pace: Pace, limits: BucketLimits, purpose: Purpose, nowMs: number): CallDraw {
  const turn = pace.turn + 1;
  // A call has to fit in beside what is left to others.
  const left = Math.min(reserveOf(purpose, limits) + countAhead(pace, purpose, nowMs), limits.capacity - 1);
  const opensAtMs = Math.max(nowMs, pace.closedUntilMs);
  const draw = drawToken(addTokens(pace.bucket, -left), shrink(limits, left), opensAtMs);
  if (draw.allowed && opensAtMs === nowMs) {
    const { [purpose]: _, ...waiting } = pace.waiting;
    const served = { ...pace.served, [purpose]: turn };
    return { allowed: true, pace: { ...pace, bucket: addTokens(draw.bucket, left), turn, served, waiting } };
  }
  const waitMs = opensAtMs - nowMs + (draw.allowed ? 0 : draw.retryAfterMs);
  const since = pace.waiting[purpose]?.turn ?? turn;
  const waiting = { ...pace.waiting, [purpose]: { turn: since, untilMs: nowMs + waitMs } };
  return { allowed: false, pace: { ...pace, turn, waiting }, waitMs };
}

/** How many purposes of the same rank have waited since before this one was last allowed: each gets a token first. */
function countAhead({ served, waiting }: Pace, purpose: Purpose, nowMs: number): number {
  const peers = URGENT.includes(purpose) ? URGENT : PATIENT;
  return peers.filter((peer) => {
    const claim = waiting[peer];
    if (peer === purpose || claim === undefined || nowMs > claim.untilMs + TURN_MS) return false;
    return claim.turn < (served[purpose] ?? 0);
  }).length;
}

/** Tokens that have to be in the bucket after a call for this purpose. */
function reserveOf(purpose: Purpose, { capacity }: BucketLimits): number {
  return URGENT.includes(purpose) || capacity < CAPACITY_MIN_TO_RESERVE ? 0 : Math.max(1, RESERVED_SHARE * capacity);
}

/** Who leaves a reserve sees a bucket without it. */
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
