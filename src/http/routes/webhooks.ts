// POST /webhooks/{source}: the door for signals. The body stays raw until its signature holds.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { acceptSignal } from "../../intake/accept-signal.ts";
import { describeError, log } from "../../log.ts";
import type { AppEnv } from "../env.ts";
import { clientIpOf } from "../caller.ts";
import { refuseInMaintenance } from "../middleware/refuse-in-maintenance.ts";
import { problems } from "../openapi.ts";
import { waited } from "../order-answer.ts";
import { problem, unavailable } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { SIGNAL_ANSWERS, SIGNAL_BODIES, answerSignal } from "../signal-answer.ts";
import { refuseUnproven } from "../unproven.ts";
import { idempotencyKeyHeader, preferWait, readIdempotencyKey, readWaitSec } from "../request-headers.ts";

const postSignal = createRoute({
  method: "post",
  path: "/webhooks/{source}",
  operationId: "sendSignal",
  summary: "Send a signed signal",
  description:
    "Proves the signal authentic and fresh, checks it against the account's policy, records the decision, and forwards " +
    "an approved order to the broker. The signature covers the body exactly as sent.",
  security: [],
  request: {
    params: z.object({
      source: z.string().meta({ description: "Who sends; `default` is fed from API_KEY_HMAC_SECRET." }),
    }),
    headers: z.object({
      "X-Signature": z
        .string()
        .optional()
        .meta({
          description:
            "`v1=` and 64 lower-case hex digits: HMAC-SHA256 over `v1`, the timestamp, the nonce and the body, joined by newlines. " +
            "Or `sha256=`: over the body alone; such a body is accepted once, ever. At most 4, separated by commas. " +
            "Required, with the next two, unless the headers of Standard Webhooks come in their place.",
        }),
      "X-Timestamp": z.string().optional().meta({
        description: "ISO 8601 in UTC, such as 2026-01-15T14:30:00Z; at most 300 s old, and at most 30 s ahead.",
      }),
      "X-Nonce": z.string().optional().meta({ description: "A fresh UUID version 4." }),
      "webhook-signature": z
        .string()
        .optional()
        .meta({
          description:
            "Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over the id, the timestamp and the body, joined by full stops; " +
            "the key is what the base64 after `whsec_` in the secret stands for. At most 4, separated by a space; " +
            "other versions are passed over. All three may be named `svix-` in place of `webhook-`.",
        }),
      "webhook-timestamp": z
        .string()
        .optional()
        .meta({ description: "When this attempt was made, in Unix seconds; in the same window as `X-Timestamp`." }),
      "webhook-id": z
        .string()
        .optional()
        .meta({
          description:
            "The message's own id: 1 to 128 of A-Z, a-z, 0-9, _ and -. An attempt with the same id and a fresh timestamp returns " +
            "the same order; the same id and timestamp are accepted once.",
        }),
      "Idempotency-Key": idempotencyKeyHeader(
        "A name for the request; the signature does not cover it, so prefer `client_order_id`. With Standard Webhooks, `webhook-id` is the name.",
      ).optional(),
      Prefer: preferWait("the broker has accepted or refused. A fill comes later."),
    }),
    body: { required: true, content: SIGNAL_BODIES },
  },
  responses: {
    ...SIGNAL_ANSWERS,
    ...problems(
      "unauthorized",
      "replayed",
      "idempotency_conflict",
      "body_too_large",
      "malformed_body",
      "invalid_header",
      "invalid_request",
      "rate_limited",
      "maintenance",
      "account_disabled",
      "misconfigured",
      "not_told",
      "unavailable",
    ),
  },
});

export function mountWebhooks(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator would parse the body before its signature is checked.
  app.openAPIRegistry.registerPath(postSignal);

  app.post(postSignal.getRoutingPath(), refuseInMaintenance, async (c) => {
    const idempotencyKey = readIdempotencyKey(c);
    const waitSec = readWaitSec(c);
    let accepted: Awaited<ReturnType<typeof acceptSignal>>;
    try {
      accepted = await acceptSignal(
        {
          source: c.req.param("source"),
          request: c.req.raw,
          idempotencyKey,
          waitMs: (waitSec ?? 0) * 1000,
          requestId: c.var.requestId,
          clientIp: clientIpOf(c),
        },
        c.var.config,
        c.env,
      );
    } catch (thrown) {
      log("error", "signal.undecided", { request_id: c.var.requestId, error: describeError(thrown) });
      const detail =
        "Sign again, with a fresh nonce or timestamp and the same client_order_id or webhook-id: one order comes of it at most. Without such an id, read /v1/orders first.";
      return problem(c, unavailable(detail));
    }
    if (!accepted.ok) {
      const { error } = accepted;
      return error.reason === "unproven" ? refuseUnproven(c, error.cause) : problem(c, troubleOf(c, error));
    }
    return answerSignal(c, accepted.value, waited(waitSec));
  });
}
