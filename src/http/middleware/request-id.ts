// Names the request. An id sent by the caller is not taken over: it could collide with, or pose as, another one's.
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../env.ts";

export const requestId: MiddlewareHandler<AppEnv> = async function requestId(c, next) {
  c.set("requestId", crypto.randomUUID());
  await next();
  c.header("X-Request-Id", c.var.requestId);
};
