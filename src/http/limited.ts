// How often one address may ask for what everybody may have.
import type { MiddlewareHandler } from "hono";
import { type LimitName, rateLimitFields } from "../domain/limit.ts";
import { drawAtAddress } from "../limiter/stub.ts";
import { clientIpOf } from "./caller.ts";
import type { AppEnv } from "./env.ts";
import { overLimit } from "./over-limit.ts";
import { problem } from "./problem.ts";

/** On a laptop there are no addresses to tell apart, and nobody to keep out. */
export const limited = (name: LimitName): MiddlewareHandler<AppEnv> =>
  async function limit(c, next) {
    const { config } = c.var;
    const clientIp = clientIpOf(c);
    if (clientIp === null && config.ENVIRONMENT === "development") return next();
    const draw = await drawAtAddress(c.env, clientIp, [config.LIMITS[name]]);
    if (!draw.allowed) return problem(c, overLimit(draw));
    await next();
    for (const [field, value] of Object.entries(rateLimitFields(draw.limits))) c.header(field, value);
    return undefined;
  };
