// Lets a request through only with the bootstrap API key in X-API-Key.
import type { MiddlewareHandler } from "hono";
import { equalSecrets } from "../../crypto/equal.ts";
import { log } from "../../log.ts";
import type { AppEnv } from "../env.ts";
import { API_KEY_REFUSED, problem } from "../problem.ts";

export const requireApiKey: MiddlewareHandler<AppEnv> = async function requireApiKey(c, next) {
  const given = c.req.header("X-API-Key") ?? "";
  if (!equalSecrets(given, c.var.config.BOOTSTRAP_API_KEY)) {
    log("warn", "api_key.refused", { request_id: c.var.requestId, present: given !== "" });
    return problem(c, API_KEY_REFUSED);
  }
  return next();
};
