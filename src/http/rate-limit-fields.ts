// The RateLimit fields of draft-ietf-httpapi-ratelimit-headers-10.
import type { BucketLimits } from "../domain/token-bucket.ts";

/** `RateLimit-Policy` says what holds for a source, `RateLimit` what is left of it and when it is whole again. */
export function rateLimitFields(args: { remaining: number; limits: BucketLimits }): Record<string, string> {
  const { capacity, ratePerSec } = args.limits;
  const windowSec = Math.ceil(capacity / ratePerSec);
  return {
    "RateLimit-Policy": `"source";q=${capacity};w=${windowSec}`,
    RateLimit: `"source";r=${args.remaining};t=${Math.ceil((capacity - args.remaining) / ratePerSec)}`,
  };
}
