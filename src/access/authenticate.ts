// Who asks: the holder of an API key. A request that proves itself is never asked about the failures of others; one that does
// not gets one answer, whatever it is that fails.
import type { Config } from "../config.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { equalSecrets } from "../crypto/equal.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { Known } from "../directory/directory.ts";
import { directoryOf } from "../directory/isolate.ts";
import type { ApiKey, Principal } from "../domain/access.ts";
import { type ApiKeyId, readApiKey } from "../domain/api-key.ts";
import { addressSubject, isAllowed } from "../domain/client-address.ts";
import type { Limit, LimitStatus } from "../domain/limit.ts";
import { type Result, assert, err, ok } from "../domain/result.ts";
import { type Scope, grants } from "../domain/scope.ts";
import { type LimiterSubject, limiterStub } from "../limiter/stub.ts";

/** What somebody has shown of themselves. */
export type Credentials = {
  readonly apiKey: string | null;
  readonly clientIp: string | null;
};

type UnprovenCause =
  | "absent"
  | "not_an_api_key"
  | "mistyped"
  | "other_environment"
  | "unknown"
  | "mismatch"
  | "disabled"
  | "deleted"
  | "expired"
  | "address_not_allowed";

/** A principal, and what is left of the limits that the request drew from. */
export type Authenticated = { readonly principal: Principal; readonly limits: readonly LimitStatus[] };

export type AuthenticationRefusal =
  /** `retryAfterSec`: the address has failed too often, and is not even told so much for as long. */
  | { readonly reason: "unauthenticated"; readonly cause: UnprovenCause; readonly retryAfterSec: number | null }
  | { readonly reason: "scope_missing" }
  | { readonly reason: "over_limit"; readonly retryAfterSec: number; readonly limits: readonly LimitStatus[] };

/** Everything an operator's first key may do: it makes the others. */
const ALL_SCOPES: readonly Scope[] = ["orders:read", "orders:write", "orders:cancel", "audit:read", "kill", "admin:*"];
const BOOTSTRAP: Principal = { kind: "api_key", id: "bootstrap", scopes: ALL_SCOPES, accounts: null };
const ANYBODY: Principal = { kind: "operator", id: "anybody", scopes: ALL_SCOPES, accounts: null };

type Deps = {
  readonly config: Config;
  readonly env: Env;
  readonly inBackground: (work: Promise<unknown>) => void;
};

/** What a route asks for: any of the scopes, and a limit of the address's. */
export type Wanted = { readonly scopes: readonly Scope[]; readonly limit: Limit | undefined };

/** Throws when D1 or a limiter cannot be reached. */
export async function authenticate(
  credentials: Credentials,
  wanted: Wanted,
  deps: Deps,
  isSecondLook = false,
): Promise<Result<Authenticated, AuthenticationRefusal>> {
  const { config, env } = deps;
  const proven = await prove(credentials, deps);
  if (!proven.ok) {
    const { retryAfterSec } = await limiterStub(env, addressSubject(credentials.clientIp)).fail();
    return err({ reason: "unauthenticated", cause: proven.error, retryAfterSec });
  }
  const { principal, subject, key } = proven.value;
  if (!wanted.scopes.some((scope) => grants(principal.scopes, scope))) return err({ reason: "scope_missing" });
  const [drawn, atRoute] = await Promise.all([
    limiterStub(env, subject).draw({
      limits: [config.LIMITS.authenticated],
      ...(key ? { revision: key.revision } : {}),
    }),
    wanted.limit === undefined
      ? undefined
      : limiterStub(env, addressSubject(credentials.clientIp)).draw({ limits: [wanted.limit] }),
  ]);
  if ("stale" in drawn) {
    // The key has been changed since this isolate read it; only a database from before the change would say so twice.
    assert(!isSecondLook, "the API key in D1 is older than its limiter has been told");
    await directoryOf(env).refresh();
    return authenticate(credentials, wanted, deps, true);
  }
  const refused = [drawn, atRoute].find((draw) => draw !== undefined && !("stale" in draw) && !draw.allowed);
  if (refused !== undefined && !("stale" in refused) && !refused.allowed) {
    return err({ reason: "over_limit", retryAfterSec: refused.retryAfterSec, limits: refused.limits });
  }
  const limits = [drawn, atRoute].flatMap((draw) => (draw === undefined || "stale" in draw ? [] : draw.limits));
  return ok({ principal, limits });
}

type Proven = { readonly principal: Principal; readonly subject: LimiterSubject; readonly key?: ApiKey };

async function prove({ apiKey, clientIp }: Credentials, deps: Deps): Promise<Result<Proven, UnprovenCause>> {
  const { config, env } = deps;
  if (!config.API_KEY_ENABLED) return ok({ principal: ANYBODY, subject: "key:anybody" });
  if (apiKey === null) return err("absent");
  if (equalSecrets(apiKey, config.BOOTSTRAP_API_KEY)) return ok({ principal: BOOTSTRAP, subject: "key:bootstrap" });
  const read = readApiKey(apiKey);
  if (!read.ok) return err(read.error.reason);
  if (read.value.environment !== config.ENVIRONMENT) return err("other_environment");
  const directory = directoryOf(env);
  const before = await directory.current(deps.inBackground);
  const judged = judge(apiKey, read.value.id, before, clientIp);
  // A key may be new, or good again: D1 is asked once more, at most once a second.
  const key = judged.ok ? judged : judge(apiKey, read.value.id, await directory.lookAgain(), clientIp);
  if (!key.ok) return key;
  const { id, owner, scopes, accounts } = key.value;
  const principal: Principal = { kind: "api_key", id: `${owner}/${id}`, scopes, accounts };
  return ok({ principal, subject: `key:${id}`, key: key.value });
}

/** Whether the text is a key that is good now, as far as the directory knows. */
function judge(text: string, id: ApiKeyId, { apiKeys }: Known, clientIp: string | null): Result<ApiKey, UnprovenCause> {
  const stored = apiKeys.get(id);
  if (stored === undefined) return err("unknown");
  const { key, sha256 } = stored;
  if (!equalSecrets(sha256Hex(encodeUtf8(text)), sha256)) return err("mismatch");
  if (key.status !== "active") return err(key.status);
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) return err("expired");
  const isHere = key.addresses.length === 0 || isAllowed(key.addresses, clientIp);
  return isHere ? ok(key) : err("address_not_allowed");
}
