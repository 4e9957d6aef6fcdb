// The HTTP surface, readable as a table of contents: what every request passes, then the routes.
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { fieldErrorsOf } from "../domain/fields.ts";
import { describeError, log } from "../log.ts";
import type { AppEnv } from "./env.ts";
import { limited } from "./limited.ts";
import { accessLog } from "./middleware/access-log.ts";
import { cors } from "./middleware/cors.ts";
import { noStore } from "./middleware/no-store.ts";
import { requestId } from "./middleware/request-id.ts";
import { requireConfig } from "./middleware/require-config.ts";
import { API_KEY, CLOUDFLARE_ACCESS } from "./guarded.ts";
import { API_KEY_SCHEME, CLOUDFLARE_ACCESS_SCHEME, DOCUMENT } from "./openapi.ts";
import { refuseOtherMethods } from "./other-methods.ts";
import { bodyTooLarge, invalidRequest, problem, troubleWithBody, unavailable } from "./problem.ts";
import { mountAccounts } from "./routes/accounts.ts";
import { mountAlerts } from "./routes/alerts.ts";
import { mountApiKeys } from "./routes/api-keys.ts";
import { mountApprovalLinks } from "./routes/approval-links.tsx";
import { mountApprovals } from "./routes/approvals.ts";
import { mountAudit } from "./routes/audit.ts";
import { mountCancelOrders } from "./routes/cancel-orders.ts";
import { mountCircuitBreaker } from "./routes/circuit-breaker.ts";
import { mountDiagnostics } from "./routes/diagnostics.ts";
import { mountExecutions } from "./routes/executions.ts";
import { mountHealth } from "./routes/health.ts";
import { mountInstruments } from "./routes/instruments.ts";
import { mountOrderBatch } from "./routes/order-batch.ts";
import { mountOrders } from "./routes/orders.ts";
import { mountOverrides } from "./routes/overrides.ts";
import { mountPaperPrices } from "./routes/paper-prices.ts";
import { mountPlaceOrder } from "./routes/place-order.ts";
import { mountPolicyCoverage } from "./routes/policy-coverage.ts";
import { mountPolicyWhatIf } from "./routes/policy-what-if.ts";
import { mountPortfolio } from "./routes/portfolio.ts";
import { mountPreviewOrder } from "./routes/preview-order.ts";
import { mountReference } from "./routes/reference.tsx";
import { mountReplaceOrder } from "./routes/replace-order.ts";
import { mountSettleOrder } from "./routes/settle-order.ts";
import { mountSignals } from "./routes/signals.ts";
import { mountSources } from "./routes/sources.ts";
import { mountStops } from "./routes/stops.ts";
import { mountVault } from "./routes/vault.ts";
import { mountWebhooks } from "./routes/webhooks.ts";

/** Larger than any body that the framework reads. Orders are read by `intake/json-body.ts`, with a cap of its own. */
const FRAMEWORK_BODY_BYTES_MAX = 16 * 1024;

export function createApp(): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      // The validator passes on what it was given, and does not say so in its type.
      const given = "data" in result ? result.data : undefined;
      return problem(c, invalidRequest(fieldErrorsOf(result.error, given)));
    },
  });

  app.use(requestId);
  app.use(accessLog);
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'unsafe-inline'"],
        baseUri: ["'none'"],
        // The one page with a form is the one that an approval link leads to.
        formAction: [(c) => (c.req.path.startsWith("/approvals/") ? "'self'" : "'none'")],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: "no-referrer",
      strictTransportSecurity: "max-age=31536000; includeSubDomains",
      xFrameOptions: "DENY",
    }),
  );
  app.use(noStore);
  app.use(requireConfig);
  // Signals come from servers: a page has no business at a webhook.
  for (const path of ["/v1/*", "/health", "/openapi.json"]) app.use(path, cors);
  app.use(
    "/v1/paper/*",
    bodyLimit({
      maxSize: FRAMEWORK_BODY_BYTES_MAX,
      onError: (c) => problem(c, bodyTooLarge(FRAMEWORK_BODY_BYTES_MAX)),
    }),
  );

  app.use("/openapi.json", limited("anonymous"));
  app.use("/reference", limited("anonymous"));

  mountWebhooks(app);
  mountAlerts(app);
  mountPreviewOrder(app);
  mountPlaceOrder(app);
  mountOrderBatch(app);
  mountOrders(app);
  mountSignals(app);
  mountCancelOrders(app);
  mountReplaceOrder(app);
  mountSettleOrder(app);
  mountApprovals(app);
  mountApprovalLinks(app);
  mountExecutions(app);
  mountPortfolio(app);
  mountInstruments(app);
  mountPolicyCoverage(app);
  mountPolicyWhatIf(app);
  mountCircuitBreaker(app);
  mountAudit(app);
  mountPaperPrices(app);
  mountAccounts(app);
  mountOverrides(app);
  mountApiKeys(app);
  mountSources(app);
  mountStops(app);
  mountVault(app);
  mountDiagnostics(app);
  mountHealth(app);
  mountReference(app);

  app.openAPIRegistry.registerComponent("securitySchemes", API_KEY, API_KEY_SCHEME);
  app.openAPIRegistry.registerComponent("securitySchemes", CLOUDFLARE_ACCESS, CLOUDFLARE_ACCESS_SCHEME);
  app.doc31("/openapi.json", DOCUMENT);
  refuseOtherMethods(app);

  app.notFound((c) => problem(c, { code: "not_found", detail: "See /reference for what there is." }));
  app.onError((thrown, c) => {
    if (thrown instanceof HTTPException) return thrown.res ?? problem(c, troubleWithBody(thrown.status));
    log("error", "http.failed", { request_id: c.var.requestId, error: describeError(thrown) });
    return problem(c, unavailable("Try again. An order that is sent again under its id is not placed twice."));
  });
  return app;
}
