// An address that has proved nothing too often waits, and its next wrong key or signature is answered with 429 in place of 401.
import { Refusal } from "../api.ts";
import type { Failure } from "../failure.ts";

/**
 * How long the address waits, in words; `undefined` where it does not. The 429 of a limit that is used up names that limit, and
 * this one has none to name.
 */
export function describeWait(failure: Failure): string | undefined {
  if (failure.document.code !== "rate_limited" || !(failure instanceof Refusal)) return undefined;
  if (failure.headers.has("RateLimit")) return undefined;
  const seconds = failure.headers.get("Retry-After");
  const forHowLong = seconds !== null && /^\d+$/.test(seconds) ? `for ${seconds} s` : "for a while";
  return `after several refusals, this address waits ${forHowLong}`;
}
