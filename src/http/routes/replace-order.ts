// POST /v1/orders/{id}/replace: the same order with other terms.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { Order } from "../../domain/order.ts";
import { OrderChange } from "../../domain/signal/change.ts";
import { acceptReplacement } from "../../intake/accept-replacement.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { orderOfKnownAccount } from "../known-ids.ts";
import { refuseInMaintenance } from "../middleware/refuse-in-maintenance.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { answerOrder } from "../order-answer.ts";
import { problem } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { idempotencyKeyHeader, readIdempotencyKey } from "../request-headers.ts";

const access = guarded(["orders:write"]);

const postReplacement = createRoute({
  method: "post",
  path: "/v1/orders/{id}/replace",
  operationId: "replaceOrder",
  summary: "Replace an order",
  description:
    "Cancels the order and puts a new one in its place, which waits until the old one has ended. What the old one filled " +
    "until then is taken off the new one's `quantity`, and the policy is asked once more. If nothing is left to trade, or " +
    "the old order ended in another way, the new one lapses. Replacing one that still waits takes over its wait. It needs " +
    "`client_order_id`, `Idempotency-Key` or both, as a new order does.",
  security: access.security,
  request: {
    params: z.object({ id: z.string().meta({ description: "The old order's `id`." }) }),
    headers: z.object({
      "Idempotency-Key": idempotencyKeyHeader(
        "Your name for this request, which no other order or replacement may have. Required where the body has no `client_order_id`.",
      ).optional(),
    }),
    body: { required: true, content: { "application/json": { schema: OrderChange } } },
  },
  responses: {
    200: jsonOf(
      Order,
      "The new order: denied by the policy, and then the old one is untouched; or sent before, as it now stands (`Idempotency-Replayed: true`).",
      ["Location", "Idempotency-Replayed"],
    ),
    202: jsonOf(
      Order,
      "The new order. `replaces` names the order whose end it waits for, and which is being canceled.",
      ["Location"],
    ),
    ...guardedProblems(
      "account_disabled",
      "not_found",
      "idempotency_key_required",
      "idempotency_conflict",
      "order_not_replaceable",
      "body_too_large",
      "malformed_body",
      "invalid_header",
      "invalid_request",
      "maintenance",
    ),
  },
});

export function mountReplaceOrder(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(postReplacement);

  app.post(postReplacement.getRoutingPath(), ...access.middleware, refuseInMaintenance, async (c) => {
    const { id } = await orderOfKnownAccount(c, c.req.param("id"));
    const accepted = await acceptReplacement(
      id,
      { request: c.req.raw, idempotencyKey: readIdempotencyKey(c), caller: callerOf(c) },
      c.env,
    );
    return accepted.ok ? answerOrder(c, accepted.value) : problem(c, troubleOf(c, accepted.error));
  });
}
