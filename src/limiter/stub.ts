// The only way from the outside to the limiter of an address or of an API key.
import type { ApiKeyId } from "../domain/api-key.ts";
import type { LimiterObject } from "./limiter-object.ts";

/** `addressSubject` makes the first of an address; the second is about a key that has proven itself. */
export type LimiterSubject = `ip:${string}` | `key:${ApiKeyId | "bootstrap" | "anybody"}`;

export const limiterStub = (env: Env, subject: LimiterSubject): DurableObjectStub<LimiterObject> =>
  env.LIMITERS_DO.getByName(subject);
