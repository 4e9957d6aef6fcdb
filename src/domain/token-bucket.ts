// A token bucket over an explicit clock: `ratePerSec` tokens flow in, at most `capacity` are kept.

export type TokenBucket = { readonly tokens: number; readonly atMs: number };
export type BucketLimits = { readonly ratePerSec: number; readonly capacity: number };
export type Draw =
  | { readonly allowed: true; readonly bucket: TokenBucket; readonly remaining: number }
  | { readonly allowed: false; readonly retryAfterMs: number };

/** What sums of fractions may be off by: a token that is whole but for this is whole. */
const DUST = 1e-9;

export const fullBucket = (limits: BucketLimits, nowMs: number): TokenBucket => ({
  tokens: limits.capacity,
  atMs: nowMs,
});

/** Takes one token. A clock that went backwards adds nothing and takes nothing away. */
export function drawToken(bucket: TokenBucket, limits: BucketLimits, nowMs: number): Draw {
  const elapsedSec = Math.max(0, nowMs - bucket.atMs) / 1000;
  const tokens = Math.min(limits.capacity, bucket.tokens + elapsedSec * limits.ratePerSec);
  if (tokens < 1 - DUST)
    return { allowed: false, retryAfterMs: Math.ceil(((1 - tokens - DUST) / limits.ratePerSec) * 1000) };
  const left = Math.max(0, tokens - 1);
  return { allowed: true, bucket: { tokens: left, atMs: Math.max(nowMs, bucket.atMs) }, remaining: Math.floor(left) };
}
