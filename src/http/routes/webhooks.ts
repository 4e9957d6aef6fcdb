// POST /webhooks/{source}: the door for signals. The body stays raw until its signature holds.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { Order } from "../../domain/order.ts";
import { NativeOrder } from "../../domain/signal/native.ts";
import { acceptSignal } from "../../intake/accept-signal.ts";
import { describeError, log } from "../../log.ts";
import type { AppEnv } from "../env.ts";
import { problem, refuseSignal, unavailable } from "../problem.ts";
import { readIdempotencyKey, readWaitSec } from "../request-headers.ts";
import { rateLimitFields } from "../rate-limit-fields.ts";
import { jsonOf, problems } from "../openapi.ts";

const postSignal = createRoute({
  method: "post",
  path: "/webhooks/{source}",
  operationId: "sendSignal",
  summary: "Send a signed order",
  description:
    "Proves the signal authentic and fresh, checks it against the account's policy, records the decision, and forwards " +
    "an approved order to the broker. The signature covers the body exactly as sent.",
  request: {
    params: z.object({
      source: z.string().meta({ description: "Who sends; `default` is fed from API_KEY_HMAC_SECRET." }),
    }),
    headers: z.object({
      "X-Signature": z.string().meta({
        description:
          "`v1=` and 64 lower-case hex digits: HMAC-SHA256 over `v1`, the timestamp, the nonce and the body, joined by newlines. " +
          "Or `sha256=`: over the body alone; such a body is accepted once, ever. At most 4, separated by commas.",
      }),
      "X-Timestamp": z.string().meta({
        description: "ISO 8601 in UTC, such as 2026-01-15T14:30:00Z; at most 300 s old, and at most 30 s ahead.",
      }),
      "X-Nonce": z.string().meta({ description: "A fresh UUID version 4." }),
      "Idempotency-Key": z
        .string()
        .optional()
        .meta({ description: "Like `client_order_id`, but not covered by the signature. Prefer the field." }),
      Prefer: z.string().optional().meta({
        description:
          "`wait=N`: wait up to N seconds, at most 10, until the broker has accepted or refused. A fill comes later.",
      }),
    }),
    body: { required: true, content: { "application/json": { schema: NativeOrder } } },
  },
  responses: {
    200: jsonOf(
      Order,
      "Denied by the policy, or an order sent before, as it now stands (`Idempotency-Replayed: true`); nothing more is sent.",
      ["Location", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed", "Preference-Applied"],
    ),
    202: jsonOf(
      Order,
      "Recorded and approved. The broker may by now have accepted, filled or rejected it: read `status`.",
      ["Location", "RateLimit", "RateLimit-Policy", "Preference-Applied"],
    ),
    ...problems(
      "unauthorized",
      "replayed",
      "idempotency_conflict",
      "body_too_large",
      "malformed_body",
      "invalid_header",
      "invalid_request",
      "rate_limited",
      "misconfigured",
      "unavailable",
    ),
  },
});

export function mountWebhooks(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator would parse the body before its signature is checked.
  app.openAPIRegistry.registerPath(postSignal);

  app.post(postSignal.getRoutingPath(), async (c) => {
    const idempotencyKey = readIdempotencyKey(c.req.header("Idempotency-Key"));
    if (idempotencyKey === undefined) {
      return problem(c, "invalid_header", "Idempotency-Key takes 1 to 255 printable ASCII characters.");
    }
    const waitSec = readWaitSec(c.req.header("Prefer"));
    let accepted: Awaited<ReturnType<typeof acceptSignal>>;
    try {
      accepted = await acceptSignal(
        {
          source: c.req.param("source"),
          request: c.req.raw,
          idempotencyKey,
          waitMs: (waitSec ?? 0) * 1000,
          requestId: c.var.requestId,
          clientIp: c.req.header("CF-Connecting-IP") ?? null,
        },
        c.var.config,
        c.env,
      );
    } catch (thrown) {
      log("error", "signal.undecided", { request_id: c.var.requestId, error: describeError(thrown) });
      return unavailable(
        c,
        "Sign again with a fresh nonce and the same client_order_id: one order comes of it at most. Without such an id, read /v1/orders first.",
      );
    }
    if (!accepted.ok) return refuseSignal(c, accepted.error);

    const { order, duplicate, remaining, limits } = accepted.value;
    const status = duplicate || order.status === "denied" ? 200 : 202;
    return c.json(order, status, {
      Location: `/v1/orders/${order.id}`,
      ...rateLimitFields({ remaining, limits }),
      ...(duplicate ? { "Idempotency-Replayed": "true" } : {}),
      ...(waitSec === undefined ? {} : { "Preference-Applied": `wait=${waitSec}` }),
    });
  });

  app.all(postSignal.getRoutingPath(), (c) => {
    c.header("Allow", "POST");
    return problem(c, "method_not_allowed", "Send signals with POST.");
  });
}
