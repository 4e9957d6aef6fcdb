// Whether a page of another origin may read an answer. Nobody's may, unless the setting CORS_ORIGINS names the page's origin:
// then it may send what a program may, and proves itself with a key like one. Cookies are neither asked for nor taken.
import type { MiddlewareHandler } from "hono";
import { cors as honoCors } from "hono/cors";
import type { AppEnv } from "../env.ts";
import { HEADERS } from "../openapi.ts";

/** How long a browser may go by the answer to a preflight: an origin that is taken off the list is refused soon. */
const PREFLIGHT_SEC = 600;

const answerTo = honoCors({
  // Asked for a listed origin only.
  origin: (origin) => origin,
  allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  allowHeaders: ["Content-Type", "Idempotency-Key", "Prefer", "X-API-Key"],
  exposeHeaders: Object.keys(HEADERS),
  maxAge: PREFLIGHT_SEC,
});

/** What is no preflight from a listed origin goes on as if there were no such thing: `OPTIONS` is then a method like others. */
export const cors: MiddlewareHandler<AppEnv> = async function cors(c, next) {
  const origins = c.var.config.CORS_ORIGINS;
  if (origins.length === 0) return next();
  const isListed = origins.includes(c.req.header("Origin") ?? "");
  const isPreflight = c.req.header("Access-Control-Request-Method") !== undefined;
  if (isListed && (c.req.method !== "OPTIONS" || isPreflight)) return answerTo(c, next);
  await next();
  // Without this, a cache could give one origin's answer to another.
  c.header("Vary", "Origin", { append: true });
  return undefined;
};
