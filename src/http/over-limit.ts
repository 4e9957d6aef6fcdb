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
