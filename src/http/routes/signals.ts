// GET /v1/signals/{id}: what became of a signal that was more than one order.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { SignalReceipt } from "../../domain/signal/receipt.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { orderOfKnownAccount, signalNotFound } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";

const getSignal = createRoute({
  method: "get",
  path: "/v1/signals/{id}",
  operationId: "getSignal",
  summary: "Read what became of a signal",
  description:
    "Of one that was more than an order: each thing it asked for, and the orders that came of it, as they now stand.",
  ...guarded(["orders:read"]),
  request: { params: z.object({ id: z.string().meta({ description: "The signal's `id`." }) }) },
  responses: { 200: jsonOf(SignalReceipt, "As it now stands."), ...guardedProblems("not_found") },
});

export function mountSignals(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getSignal, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.valid("param").id, signalNotFound);
    const receipt = await accountStub(c.env, account).getSignal(id);
    return receipt === null ? signalNotFound(c) : c.json(receipt, 200);
  });
}
