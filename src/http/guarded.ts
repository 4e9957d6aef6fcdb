// What a route asks of who calls it: declared in the document, and enforced before its handler.
import type { MiddlewareHandler } from "hono";
import { authenticate } from "../access/authenticate.ts";
import { looksLikeApiKey } from "../domain/api-key.ts";
import { type LimitName, rateLimitFields } from "../domain/limit.ts";
import type { Scope } from "../domain/scope.ts";
import { log } from "../log.ts";
import { clientIpOf } from "./caller.ts";
import type { AppEnv } from "./env.ts";
import { API_KEY_REFUSED, problem } from "./problem.ts";

/** The one security scheme: signals prove themselves by their signature, everything else takes an API key. */
export const API_KEY = "ApiKey";

/** Any of the scopes will do. `limit` is the address's, for this route, beside what the key may ask for in all. */
export function guarded(scopes: readonly [Scope, ...Scope[]], limit?: LimitName) {
  const security = scopes.map((scope) => ({ [API_KEY]: [scope] }));
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
    const { config } = c.var;
    const credentials = { apiKey: c.req.header("X-API-Key") ?? null, clientIp: clientIpOf(c) };
    const wanted = { scopes, limit: limit === undefined ? undefined : config.LIMITS[limit] };
    const inBackground = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
    const authenticated = await authenticate(credentials, wanted, { config, env: c.env, inBackground });
    if (!authenticated.ok) {
      const { error } = authenticated;
      const { reason } = error;
      const cause = "cause" in error ? { cause: error.cause } : {};
      log("warn", "access.refused", { request_id: c.var.requestId, reason, ...cause });
      if (reason === "scope_missing") {
        return problem(c, { code: "scope_missing", detail: `The key needs the scope ${scopes.join(" or ")}.` });
      }
      const { retryAfterSec } = error;
      if (retryAfterSec === null) return problem(c, API_KEY_REFUSED);
      const fields = "limits" in error ? rateLimitFields(error.limits) : {};
      return problem(c, {
        code: "rate_limited",
        detail: "Slow down and send again after Retry-After.",
        headers: { "Retry-After": String(retryAfterSec), ...fields },
      });
    }
    const { principal, limits } = authenticated.value;
    c.set("principal", principal);
    await next();
    for (const [name, value] of Object.entries(rateLimitFields(limits))) {
      if (!c.res.headers.has(name)) c.header(name, value);
    }
    return undefined;
  };
