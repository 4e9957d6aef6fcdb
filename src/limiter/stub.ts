// The only way from the outside to the limiter of an address, of an API key or of an operator.
import type { ApiKeyId } from "../domain/api-key.ts";
import { addressSubject } from "../domain/client-address.ts";
import type { OperatorPrincipal } from "../domain/cloudflare-access.ts";
import type { Limit } from "../domain/limit.ts";
import { assert } from "../domain/result.ts";
import type { LimiterObject } from "./limiter-object.ts";
import type { DrawAnswer } from "./memory.ts";

/** `addressSubject` makes the first of an address; the others are about a key or an operator that has been proven. */
export type LimiterSubject = `ip:${string}` | `key:${ApiKeyId | "bootstrap" | "anybody"}` | OperatorPrincipal["id"];

export const limiterStub = (env: Env, subject: LimiterSubject): DurableObjectStub<LimiterObject> =>
  env.LIMITERS_DO.getByName(subject);

/** Draws one request from each of the limits of the address it came from, or from none. */
export async function drawAtAddress(
  env: Env,
  clientIp: string | null,
  limits: readonly Limit[],
): Promise<Exclude<DrawAnswer, { stale: true }>> {
  const answer = await limiterStub(env, addressSubject(clientIp)).draw({ limits });
  assert(!("stale" in answer), "an address has no revision that could be too old");
  return answer;
}
