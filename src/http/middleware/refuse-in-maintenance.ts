// Turns new orders away while the operator works on the gateway. Stands only before routes that would add one: cancels,
// settlements and reads have to pass.
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../env.ts";
import { problem } from "../problem.ts";

export const refuseInMaintenance: MiddlewareHandler<AppEnv> = async function refuseInMaintenance(c, next) {
  if (!c.var.config.MAINTENANCE_MODE) return next();
  return problem(c, {
    code: "maintenance",
    detail: "Send it again after Retry-After. Nothing was read or stored; orders under way are followed.",
    headers: { "Retry-After": "60" },
  });
};
