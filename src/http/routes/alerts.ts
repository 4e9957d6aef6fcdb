// POST /webhooks/{source}/{token}: the door for alerts of senders that cannot sign. Off unless UNSIGNED_SOURCES is "true".
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { ClientCertificate } from "../../domain/tradingview.ts";
import { acceptAlert } from "../../intake/accept-alert.ts";
import { clientIpOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { refuseInMaintenance } from "../middleware/refuse-in-maintenance.ts";
import { problems } from "../openapi.ts";
import { problem } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { SIGNAL_ANSWERS, SIGNAL_BODIES, answerSignal } from "../signal-answer.ts";
import { refuseUnproven } from "../unproven.ts";

const postAlert = createRoute({
  method: "post",
  path: "/webhooks/{source}/{token}",
  operationId: "sendAlert",
  summary: "Send an alert that is not signed",
  description:
    "For TradingView, which cannot sign. Whoever has the address is the source, so the source has caps of its own, may have to " +
    "call from TradingView's addresses, or show its certificate, and the account has to take signals of that origin. The same " +
    "bytes once more within `deduplicate_sec` are the same signal, and so is, for good, whatever wants the same under the same " +
    "order's name for the same bar.",
  security: [],
  request: {
    params: z.object({
      source: z.string().meta({ description: "The source." }),
      token: z.string().meta({ description: "The secret part of the address, shown when the source was made." }),
    }),
    body: { required: true, content: SIGNAL_BODIES },
  },
  responses: {
    ...SIGNAL_ANSWERS,
    ...problems(
      "unauthorized",
      "replayed",
      "idempotency_conflict",
      "account_disabled",
      "body_too_large",
      "malformed_body",
      "invalid_request",
      "rate_limited",
      "maintenance",
      "misconfigured",
      "unavailable",
    ),
  },
});

export function mountAlerts(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator would parse the body before the token is checked.
  app.openAPIRegistry.registerPath(postAlert);

  app.post(postAlert.getRoutingPath(), refuseInMaintenance, async (c) => {
    const accepted = await acceptAlert(
      {
        source: c.req.param("source"),
        token: c.req.param("token"),
        request: c.req.raw,
        requestId: c.var.requestId,
        clientIp: clientIpOf(c),
        certificate: certificateOf(c),
      },
      c.var.config,
      c.env,
    );
    if (accepted.ok) return answerSignal(c, accepted.value);
    if (accepted.error.reason === "unproven") return refuseUnproven(c, accepted.error.cause);
    return problem(c, troubleOf(c, accepted.error));
  });
}

/** What Cloudflare has verified, where mutual TLS is on for the host; nothing that the request itself says. */
function certificateOf(c: Context<AppEnv>): ClientCertificate | null {
  const { tlsClientAuth } = c.req.raw.cf ?? {};
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape that the platform documents
  const shown = tlsClientAuth as IncomingRequestCfPropertiesTLSClientAuth | undefined;
  if (shown === undefined || shown.certPresented !== "1") return null;
  return {
    isVerified: shown.certVerified === "SUCCESS" && shown.certRevoked === "0",
    fingerprint: shown.certFingerprintSHA256.toLowerCase(),
  };
}
