// POST /v1/orders/batch: several orders in one request.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { Order } from "../../domain/order.ts";
import { type BatchItem, OrderBatch, acceptBatch } from "../../intake/accept-batch.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { asking } from "../known-ids.ts";
import { refuseInMaintenance } from "../middleware/refuse-in-maintenance.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { replayed, statusOf } from "../order-answer.ts";
import { Problem, describeTrouble, problem } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { idempotencyKeyHeader, readIdempotencyKey } from "../request-headers.ts";

const BatchAnswer = z
  .object({
    orders: z.array(
      z.object({
        index: z.number().int().meta({ description: "The order's place in the request, from 0." }),
        status: z.number().int().meta({
          description:
            "What the order alone would have been answered with: 202 or 200 and the `order`, or 409 or 422 and the `problem`.",
        }),
        order: Order.optional(),
        problem: Problem.optional(),
      }),
    ),
  })
  .meta({ id: "BatchAnswer" });

const access = guarded(["orders:write"], "order_batch");

const postBatch = createRoute({
  method: "post",
  path: "/v1/orders/batch",
  operationId: "placeOrders",
  summary: "Place up to 50 orders",
  description:
    "Not all or nothing: each order stands by itself, and one that is denied or cannot be read does not stop the others. " +
    "They are decided in the order given, each knowing those before it, and stored in one transaction. The same key with " +
    "the same body, byte for byte, returns the same orders, as they now stand. A batch of which no order can be read is " +
    "refused as a whole: `errors` lists every field of every order, nothing is stored, and the key stays free.",
  security: access.security,
  request: {
    headers: z.object({
      "Idempotency-Key": idempotencyKeyHeader(
        "Your name for this batch, which no other batch of the account may have, for good. It names none of its orders: each " +
          "may have a `client_order_id`, and the keys of single orders are kept apart.",
      ),
    }),
    body: { required: true, content: { "application/json": { schema: OrderBatch } } },
  },
  responses: {
    200: jsonOf(BatchAnswer, "What became of each order, in the order of the request.", ["Idempotency-Replayed"]),
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

export function mountOrderBatch(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator would refuse the whole batch for one bad order.
  app.openAPIRegistry.registerPath(postBatch);

  app.post(postBatch.getRoutingPath(), ...access.middleware, refuseInMaintenance, async (c) => {
    const idempotencyKey = readIdempotencyKey(c);
    if (idempotencyKey === null) {
      const detail = "A batch has its own id in the Idempotency-Key header: a fresh UUID will do.";
      return problem(c, { code: "idempotency_key_required", detail });
    }
    const accepted = await acceptBatch({ request: c.req.raw, idempotencyKey, caller: callerOf(c) }, asking(c), c.env);
    if (!accepted.ok) return problem(c, troubleOf(c, accepted.error));
    const orders = accepted.value.items.map((item) => answerItem(c, item));
    return c.json({ orders } satisfies z.infer<typeof BatchAnswer>, 200, replayed(accepted.value));
  });
}

function answerItem(c: Context<AppEnv>, { index, outcome }: BatchItem) {
  if (outcome.ok) return { index, status: statusOf(outcome.value), order: outcome.value.order };
  const described = describeTrouble(c, troubleOf(c, outcome.error));
  return { index, status: described.status, problem: described };
}
