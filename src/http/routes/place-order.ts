// POST /v1/orders: one order from somebody who holds an API key.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { rateLimitFields, sourceStatus } from "../../domain/limit.ts";
import { Order } from "../../domain/order.ts";
import { NativeOrder } from "../../domain/signal/native.ts";
import { acceptOrder } from "../../intake/accept-order.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { asking } from "../known-ids.ts";
import { refuseInMaintenance } from "../middleware/refuse-in-maintenance.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { answerOrder, waited } from "../order-answer.ts";
import { problem } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { idempotencyKeyHeader, preferWait, readIdempotencyKey, readWaitSec } from "../request-headers.ts";

const access = guarded(["orders:write"]);

const postOrder = createRoute({
  method: "post",
  path: "/v1/orders",
  operationId: "placeOrder",
  summary: "Place an order",
  description:
    "Goes the way of a signal: checked against the account's policy, recorded, and forwarded to the broker if approved. " +
    "It needs a name to be sent again under: `client_order_id`, which is the order's and which the broker gets too, or " +
    "`Idempotency-Key`, which is the request's. Sent again under its name with the same content, it returns the same order. " +
    "Both may be given; then both have to lead to the same order. They are two kinds of names, so the same text in one and " +
    "in the other names two things. Each holds within the account, for good.",
  security: access.security,
  request: {
    headers: z.object({
      "Idempotency-Key": idempotencyKeyHeader(
        "Your name for this request, which no other order or replacement may have. Required where the body has no `client_order_id`.",
      ).optional(),
      Prefer: preferWait("the broker has accepted or refused. A fill comes later."),
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
    ...guardedProblems(
      "account_disabled",
      "idempotency_key_required",
      "idempotency_conflict",
      "body_too_large",
      "malformed_body",
      "invalid_header",
      "invalid_request",
      "maintenance",
    ),
  },
});

export function mountPlaceOrder(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(postOrder);

  app.post(postOrder.getRoutingPath(), ...access.middleware, refuseInMaintenance, async (c) => {
    const waitSec = readWaitSec(c);
    const accepted = await acceptOrder(
      {
        request: c.req.raw,
        idempotencyKey: readIdempotencyKey(c),
        caller: callerOf(c),
        waitMs: (waitSec ?? 0) * 1000,
      },
      asking(c),
      c.env,
    );
    if (!accepted.ok) return problem(c, troubleOf(c, accepted.error));
    return answerOrder(c, accepted.value, { ...rateLimitFields([sourceStatus(accepted.value)]), ...waited(waitSec) });
  });
}
