// How often one address may ask for what everybody may have.
import type { MiddlewareHandler } from "hono";
import { addressSubject } from "../domain/client-address.ts";
import { type LimitName, rateLimitFields } from "../domain/limit.ts";
import { limiterStub } from "../limiter/stub.ts";
import { clientIpOf } from "./caller.ts";
import type { AppEnv } from "./env.ts";
import { problem } from "./problem.ts";

/** On a laptop there are no addresses to tell apart, and nobody to keep out. */
export const limited = (name: LimitName): MiddlewareHandler<AppEnv> =>
  async function limit(c, next) {
    const { config } = c.var;
    const clientIp = clientIpOf(c);
    if (clientIp === null && config.ENVIRONMENT === "development") return next();
    const draw = await limiterStub(c.env, addressSubject(clientIp)).draw({ limits: [config.LIMITS[name]] });
    if ("stale" in draw) return next();
    const fields = rateLimitFields(draw.limits);
    if (!draw.allowed) {
      return problem(c, {
        code: "rate_limited",
        detail: "Slow down and send again after Retry-After.",
        headers: { "Retry-After": String(draw.retryAfterSec), ...fields },
      });
    }
    await next();
    for (const [field, value] of Object.entries(fields)) c.header(field, value);
    return undefined;
  };
