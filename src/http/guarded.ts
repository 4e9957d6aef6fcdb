// What a route asks of who calls it: declared in the document, and enforced before its handler.
import type { Context, MiddlewareHandler } from "hono";
import { type AuthenticationRefusal, type Credentials, authenticate } from "../access/authenticate.ts";
import { isForeign, namesThisMachine } from "../access/cross-site.ts";
import { looksLikeApiKey } from "../domain/api-key.ts";
import { type LimitName, rateLimitFields } from "../domain/limit.ts";
import { assertNever } from "../domain/result.ts";
import type { Scope } from "../domain/scope.ts";
import { log } from "../log.ts";
import { clientIpOf } from "./caller.ts";
import type { AppEnv } from "./env.ts";
import { failedTooOften, overLimit } from "./over-limit.ts";
import { API_KEY_REFUSED, type Trouble, problem } from "./problem.ts";

/** The security schemes: signals prove themselves by their signature, everything else by one of these. */
export const API_KEY = "ApiKey";
export const CLOUDFLARE_ACCESS = "CloudflareAccess";

/** Any of the scopes will do. `limit` is the address's, for this route, beside what the key may ask for in all. */
export function guarded(scopes: readonly [Scope, ...Scope[]], limit?: LimitName) {
  const security = scopes.flatMap((scope) => [{ [API_KEY]: [scope] }, { [CLOUDFLARE_ACCESS]: [scope] }]);
  const middleware: [MiddlewareHandler<AppEnv>] = [requireAccess(scopes, limit)];
  return { security, middleware };
}

/** Names of query parameters that people put a key into. */
const KEY_PARAMETER = /^(x-)?(api[-_]?)?key$|^(access[-_]?)?token$|^auth(orization)?$/i;

const requireAccess = (scopes: readonly Scope[], limit: LimitName | undefined): MiddlewareHandler<AppEnv> =>
  async function guard(c, next) {
    const { search, searchParams } = new URL(c.req.url);
    if (looksLikeApiKey(search) || [...searchParams.keys()].some((name) => KEY_PARAMETER.test(name))) {
      return problem(c, {
        code: "key_in_query",
        detail: "Send the key in X-API-Key, and replace it: it is in logs now.",
      });
    }
    const { config, requestId } = c.var;
    const credentials = credentialsOf(c);
    if (isForged(c, credentials)) {
      log("warn", "access.refused", { request_id: requestId, reason: "cross_site" });
      return problem(c, { code: "cross_site", detail: "Send it from the gateway's own pages, or with an API key." });
    }
    const wanted = { scopes, limit: limit === undefined ? undefined : config.LIMITS[limit] };
    const authenticated = await authenticate(credentials, wanted, { config, env: c.env });
    if (!authenticated.ok) {
      const { error } = authenticated;
      const cause = "cause" in error ? { cause: error.cause } : {};
      log("warn", "access.refused", { request_id: requestId, reason: error.reason, ...cause });
      return problem(c, troubleWith(error, scopes));
    }
    const { principal, limits } = authenticated.value;
    c.set("principal", principal);
    await next();
    // Beside those of the source, where an order drew from them.
    for (const [name, value] of Object.entries(rateLimitFields(limits))) c.header(name, value, { append: true });
    return undefined;
  };

const credentialsOf = (c: Context<AppEnv>): Credentials => ({
  apiKey: c.req.header("X-API-Key") ?? null,
  assertion: c.req.header("Cf-Access-Jwt-Assertion") ?? null,
  clientIp: clientIpOf(c),
});

/**
 * Whether a stranger's page may be behind a request that nobody has put anything into to prove who they are: a key is put in on
 * purpose, an assertion is added for whoever is signed in, and where no key is asked for, anybody's page could ask.
 */
function isForged(c: Context<AppEnv>, { apiKey, assertion }: Credentials): boolean {
  const { API_KEY_ENABLED, CLOUDFLARE_ACCESS: access } = c.var.config;
  if (!API_KEY_ENABLED && !namesThisMachine(c.req.url)) return true;
  const isProvenUnasked = (assertion !== null && access !== undefined) || !API_KEY_ENABLED;
  if (apiKey !== null || !isProvenUnasked) return false;
  const [fetchSite, origin] = [c.req.header("Sec-Fetch-Site") ?? null, c.req.header("Origin") ?? null];
  return isForeign({ method: c.req.method, url: c.req.url, fetchSite, origin });
}

function troubleWith(refusal: AuthenticationRefusal, scopes: readonly Scope[]): Trouble {
  switch (refusal.reason) {
    case "scope_missing":
      return { code: "scope_missing", detail: `It takes the scope ${scopes.join(" or ")}.` };
    case "over_limit":
      return overLimit(refusal);
    case "unauthenticated": {
      const { retryAfterSec } = refusal;
      return retryAfterSec === null ? API_KEY_REFUSED : failedTooOften(retryAfterSec);
    }
    default:
      return assertNever(refusal);
  }
}
