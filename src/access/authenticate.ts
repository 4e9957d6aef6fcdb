// Who asks: the holder of an API key, or an operator behind Cloudflare Access. A request that proves itself is never asked about
// the failures of others; one that does not gets one answer, whatever it is that fails.
import type { Config } from "../config.ts";
import { equalSecrets } from "../crypto/equal.ts";
import { directoryOf } from "../directory/isolate.ts";
import { type ApiKey, type Principal, UNBOUND } from "../domain/access.ts";
import { addressSubject } from "../domain/client-address.ts";
import type { Limit, LimitStatus } from "../domain/limit.ts";
import { type Result, assert, err, ok } from "../domain/result.ts";
import { type Scope, grants } from "../domain/scope.ts";
import { type LimiterSubject, drawAtAddress, limiterStub } from "../limiter/stub.ts";
import { type ApiKeyRefusal, verifyApiKey } from "./api-key.ts";
import { type AssertionRefusal, verifyAssertion } from "./assertion.ts";
import { teamKeysOf } from "./isolate.ts";

/** What somebody has shown of themselves. */
export type Credentials = {
  readonly apiKey: string | null;
  /** What Cloudflare Access says of them. */
  readonly assertion: string | null;
  readonly clientIp: string | null;
};

type UnprovenCause = "absent" | ApiKeyRefusal | AssertionRefusal;

/** A principal, and what is left of the limits that the request drew from. */
export type Authenticated = { readonly principal: Principal; readonly limits: readonly LimitStatus[] };

export type AuthenticationRefusal =
  /** `retryAfterSec`: the address has failed too often, and is not even told so much for as long. */
  | { readonly reason: "unauthenticated"; readonly cause: UnprovenCause; readonly retryAfterSec: number | null }
  | { readonly reason: "scope_missing" }
  | { readonly reason: "over_limit"; readonly retryAfterSec: number; readonly limits: readonly LimitStatus[] };

/** Everything an operator's first key may do: it makes the others. */
const ALL_SCOPES: readonly Scope[] = [
  "orders:read",
  "orders:write",
  "orders:cancel",
  "orders:approve",
  "audit:read",
  "kill",
  "admin:*",
];
const EVERYTHING = { scopes: ALL_SCOPES, accounts: null, ...UNBOUND } as const;
const BOOTSTRAP: Principal = { kind: "api_key", id: "bootstrap", person: "bootstrap", ...EVERYTHING };
const ANYBODY: Principal = { kind: "operator", id: "anybody", person: "anybody", ...EVERYTHING };

type Deps = {
  readonly config: Config;
  readonly env: Env;
};

/** What a route asks for: any of the scopes, and a limit of the address's. */
export type Wanted = { readonly scopes: readonly Scope[]; readonly limit: Limit | undefined };

/**
 * Every request counts, also one that lacks the scope. The address's limit for the route comes before the key's budget: what it
 * refuses must not use up what the key may ask for in all, its cancels among them. Throws when D1, a limiter or Access cannot be
 * reached.
 */
export async function authenticate(
  credentials: Credentials,
  { scopes, limit }: Wanted,
  deps: Deps,
): Promise<Result<Authenticated, AuthenticationRefusal>> {
  const { env } = deps;
  let proven = await proveOrCount(credentials, deps);
  if (!proven.ok) return proven;
  const atRoute = limit === undefined ? UNLIMITED : await drawAtAddress(env, credentials.clientIp, [limit]);
  if (!atRoute.allowed) return overLimit(atRoute);
  let ofKey = await drawForKey(proven.value, deps);
  if ("stale" in ofKey) {
    // The key has been changed since this isolate read it; only a database from before the change would say so twice.
    await directoryOf(env).refresh();
    proven = await proveOrCount(credentials, deps);
    if (!proven.ok) return proven;
    ofKey = await drawForKey(proven.value, deps);
    assert(!("stale" in ofKey), "the API key in D1 is older than its limiter has been told");
  }
  if (!ofKey.allowed) return overLimit(ofKey);
  const { principal } = proven.value;
  if (!scopes.some((scope) => grants(principal.scopes, scope))) return err({ reason: "scope_missing" });
  return ok({ principal, limits: [...ofKey.limits, ...atRoute.limits] });
}

const UNLIMITED = { allowed: true, limits: [] } as const;

type OverLimit = Extract<AuthenticationRefusal, { reason: "over_limit" }>;

const overLimit = ({ retryAfterSec, limits }: Omit<OverLimit, "reason">): Result<never, OverLimit> =>
  err({ reason: "over_limit", retryAfterSec, limits });

const drawForKey = ({ subject, key }: Proven, { config, env }: Deps) =>
  limiterStub(env, subject).draw({
    limits: [config.LIMITS.authenticated],
    ...(key ? { revision: key.revision } : {}),
  });

/** A failure counts against the address it came from. */
async function proveOrCount(credentials: Credentials, deps: Deps): Promise<Result<Proven, AuthenticationRefusal>> {
  const proven = await prove(credentials, deps);
  if (proven.ok) return proven;
  const { retryAfterSec } = await limiterStub(deps.env, addressSubject(credentials.clientIp)).fail();
  return err({ reason: "unauthenticated", cause: proven.error, retryAfterSec });
}

type Proven = { readonly principal: Principal; readonly subject: LimiterSubject; readonly key?: ApiKey };

/** A key that is shown is meant, and an assertion may be there unasked: a bad key is not made good by the one beside it. */
async function prove(credentials: Credentials, { config, env }: Deps): Promise<Result<Proven, UnprovenCause>> {
  const { apiKey, assertion, clientIp } = credentials;
  if (!config.API_KEY_ENABLED) return ok({ principal: ANYBODY, subject: "key:anybody" });
  if (apiKey === null) return proveOperator(assertion, config);
  if (equalSecrets(apiKey, config.BOOTSTRAP_API_KEY)) return ok({ principal: BOOTSTRAP, subject: "key:bootstrap" });
  const place = { environment: config.ENVIRONMENT, directory: directoryOf(env), clientIp };
  const key = await verifyApiKey(apiKey, place);
  if (!key.ok) return key;
  const { id, owner, scopes, accounts, addresses, expires_at } = key.value;
  const rights = { scopes, accounts, addresses, expires_at };
  const principal: Principal = { kind: "api_key", id: `${owner}/${id}`, person: owner, ...rights };
  return ok({ principal, subject: `key:${id}`, key: key.value });
}

async function proveOperator(
  assertion: string | null,
  { CLOUDFLARE_ACCESS: access }: Config,
): Promise<Result<Proven, UnprovenCause>> {
  if (assertion === null || access === undefined) return err("absent");
  const operator = await verifyAssertion(assertion, access, { keys: teamKeysOf(access), nowMs: Date.now() });
  return operator.ok ? ok({ principal: operator.value, subject: operator.value.id }) : operator;
}
