// One line per request: route pattern, status, duration. No path, query, header or body, so no secret can slip in.
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { log } from "../../log.ts";
import type { AppEnv } from "../env.ts";

export const accessLog: MiddlewareHandler<AppEnv> = async function accessLog(c, next) {
  const startedMs = Date.now();
  await next();
  log("info", "http.request", {
    request_id: c.var.requestId,
    method: c.req.method,
    route: routePath(c, -1),
    status: c.res.status,
    duration_ms: Date.now() - startedMs,
  });
};
