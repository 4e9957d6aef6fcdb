// GET /health: whether the gateway is configured and answers. It names no setting, key or version of anything else.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { AppEnv } from "../env.ts";
import { limited } from "../limited.ts";
import { DOCUMENT, jsonOf, problems } from "../openapi.ts";

const getHealth = createRoute({
  method: "get",
  path: "/health",
  operationId: "getHealth",
  security: [],
  middleware: [limited("health")],
  summary: "Ask whether the gateway is up",
  responses: {
    200: jsonOf(
      z.object({ status: z.literal("ok"), environment: z.string(), version: z.string() }).meta({ id: "Health" }),
      "Configured and answering.",
    ),
    ...problems("rate_limited", "misconfigured", "unavailable"),
  },
});

export function mountHealth(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getHealth, (c) =>
    c.json({ status: "ok" as const, environment: c.var.config.ENVIRONMENT, version: DOCUMENT.info.version }, 200),
  );
}
