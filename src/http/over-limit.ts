// The answer to whoever asks more often than they may.
import { type LimitStatus, rateLimitFields } from "../domain/limit.ts";
import type { Trouble } from "./problem.ts";

export const overLimit = (refused: {
  readonly retryAfterSec: number;
  readonly limits: readonly LimitStatus[];
}): Trouble => ({
  code: "rate_limited",
  detail: "Slow down and send again after Retry-After.",
  headers: { "Retry-After": String(refused.retryAfterSec), ...rateLimitFields(refused.limits) },
});

/** To whoever has failed to prove who they are too often: who proves it is never told this. */
export const failedTooOften = (retryAfterSec: number): Trouble => ({
  code: "rate_limited",
  detail:
    "Too many requests from this address have proved nothing: the key, the secret or the clock is wrong. Correct it, and send " +
    "again after Retry-After.",
  headers: { "Retry-After": String(retryAfterSec) },
});
