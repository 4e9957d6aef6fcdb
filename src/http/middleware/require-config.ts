// Refuses every request while a setting is missing or unusable, and names the setting in the log.
import type { MiddlewareHandler } from "hono";
import { readConfig } from "../../config.ts";
import { log } from "../../log.ts";
import type { AppEnv } from "../env.ts";
import { MISCONFIGURED, problem } from "../problem.ts";

export const requireConfig: MiddlewareHandler<AppEnv> = async function requireConfig(c, next) {
  const config = readConfig(c.env);
  if (!config.ok) {
    log("error", "config.invalid", { request_id: c.var.requestId, problems: config.error });
    return problem(c, MISCONFIGURED);
  }
  c.set("config", config.value);
  return next();
};
