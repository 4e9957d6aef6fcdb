// POST /v1/orders/{id}/settle: a person's word on an order that no machine could settle.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { Order } from "../../domain/order.ts";
import { Settlement } from "../../domain/settlement.ts";
import { namingSetting } from "../../intake/ask-account.ts";
import { readFields, readJson } from "../../intake/json-body.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { orderOfKnownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { problem } from "../problem.ts";
import { troubleOf } from "../refusal.ts";

const access = guarded(["admin:orders"]);

const postSettlement = createRoute({
  method: "post",
  path: "/v1/orders/{id}/settle",
  operationId: "settleOrder",
  summary: "Settle an order of unknown outcome by hand",
  description:
    "For an order whose `delivery` is `unknown` or `needs_operator`, after you have looked at the broker. The broker is " +
    "asked once more before your word is taken; where it knows the order, its word stands, and where it does not answer, your " +
    "word is taken only with `without_broker`.",
  security: access.security,
  request: {
    params: z.object({ id: z.string().meta({ description: "The order's `id`." }) }),
    body: { required: true, content: { "application/json": { schema: Settlement } } },
  },
  responses: {
    200: jsonOf(Order, "The order, settled."),
    ...guardedProblems(
      "not_found",
      "order_outcome_known",
      "broker_silent",
      "body_too_large",
      "malformed_body",
      "invalid_request",
    ),
  },
});

export function mountSettleOrder(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(postSettlement);

  app.post(postSettlement.getRoutingPath(), ...access.middleware, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.param("id"));
    const body = await readJson(c.req.raw);
    const settlement = body.ok ? readFields(Settlement, body.value.json) : body;
    if (!settlement.ok) return problem(c, troubleOf(c, settlement.error));
    const answer = await accountStub(c.env, account).settle(id, settlement.value, callerOf(c));
    const settled = namingSetting(account, answer);
    return settled.ok ? c.json(settled.value, 200) : problem(c, troubleOf(c, settled.error));
  });
}
