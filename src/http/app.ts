// The HTTP surface, readable as a table of contents: what every request passes, then the routes.
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { describeError, log } from "../log.ts";
import type { AppEnv } from "./env.ts";
import { accessLog } from "./middleware/access-log.ts";
import { requestId } from "./middleware/request-id.ts";
import { requireConfig } from "./middleware/require-config.ts";
import { API_KEY, API_KEY_SCHEME, DOCUMENT } from "./openapi.ts";
import { problem, refuseBody, unavailable } from "./problem.ts";
import { mountAudit } from "./routes/audit.ts";
import { mountHealth } from "./routes/health.ts";
import { mountOrders } from "./routes/orders.ts";
import { mountPaperPrices } from "./routes/paper-prices.ts";
import { mountReference } from "./routes/reference.tsx";
import { mountWebhooks } from "./routes/webhooks.ts";

/** Larger than any body the API takes beside the webhook's. */
const API_BODY_BYTES_MAX = 16 * 1024;

export function createApp(): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const errors = result.error.issues.map((issue) => ({
        pointer: `/${issue.path.join("/")}`,
        message: issue.message,
      }));
      return problem(c, "invalid_request", "Correct the fields listed in errors.", { errors });
    },
  });

  app.use(requestId);
  app.use(accessLog);
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: "no-referrer",
      strictTransportSecurity: "max-age=31536000; includeSubDomains",
    }),
  );
  app.use(requireConfig);
  app.use("/v1/*", bodyLimit({ maxSize: API_BODY_BYTES_MAX, onError: (c) => refuseBody(c, 413) }));

  mountWebhooks(app);
  mountOrders(app);
  mountAudit(app);
  mountPaperPrices(app);
  mountHealth(app);
  mountReference(app);

  app.openAPIRegistry.registerComponent("securitySchemes", API_KEY, API_KEY_SCHEME);
  app.doc31("/openapi.json", DOCUMENT);

  app.notFound((c) => problem(c, "not_found", "See /reference for what there is."));
  app.onError((thrown, c) => {
    if (thrown instanceof HTTPException) return thrown.res ?? refuseBody(c, thrown.status);
    log("error", "http.failed", { request_id: c.var.requestId, error: describeError(thrown) });
    return unavailable(c, "Try again.");
  });
  return app;
}
