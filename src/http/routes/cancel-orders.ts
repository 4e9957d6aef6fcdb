// DELETE /v1/orders/{id} and DELETE /v1/orders: wishes to cancel. Nothing is deleted; orders stay on record.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { AccountId } from "../../domain/ids.ts";
import { Order, Symbol, isTerminal } from "../../domain/order.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount, orderOfKnownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { waited } from "../order-answer.ts";
import { refuse } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { preferWait, readWaitSec } from "../request-headers.ts";

const cancelOrder = createRoute({
  method: "delete",
  path: "/v1/orders/{id}",
  operationId: "cancelOrder",
  summary: "Cancel an order",
  description:
    "Records the wish and carries it to the broker for as long as the order lives. A fill can be faster. An order that was " +
    "not sent yet is canceled at once. Asking again changes nothing.",
  ...guarded(["orders:cancel", "kill"]),
  request: {
    params: z.object({ id: z.string().meta({ description: "The order's `id`." }) }),
    headers: z.object({ Prefer: preferWait("the order has ended.") }),
  },
  responses: {
    200: jsonOf(Order, "The order is canceled.", ["Preference-Applied"]),
    202: jsonOf(Order, "The order is wanted canceled, see `cancel_requested_at`, and still live.", [
      "Preference-Applied",
    ]),
    ...guardedProblems("not_found", "order_ended"),
  },
});

const cancelOrders = createRoute({
  method: "delete",
  path: "/v1/orders",
  operationId: "cancelOrders",
  summary: "Cancel every live order of an account, or those in one symbol",
  description:
    "Replacements that wait for the end of another order are canceled too, and nothing comes any more of what a signal would " +
    "still order there: of goals that are not reached, and of instructions that wait for their turn. The way out of a position that " +
    "a stop in force has ordered stays: release the stop first.",
  ...guarded(["orders:cancel", "kill"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
      symbol: Symbol.optional().meta({ description: "Every symbol when absent." }),
    }),
  },
  responses: {
    202: jsonOf(
      z.object({ orders: z.array(Order) }).meta({ id: "OrdersToCancel" }),
      "The orders that are wanted canceled; those that were not sent yet are canceled.",
    ),
    ...guardedProblems("not_found", "invalid_request"),
  },
});

export function mountCancelOrders(app: OpenAPIHono<AppEnv>): void {
  app.openapi(cancelOrder, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.valid("param").id);
    const waitSec = readWaitSec(c);
    const canceled = await accountStub(c.env, account).cancel(id, callerOf(c), (waitSec ?? 0) * 1000);
    if (!canceled.ok) refuse(c, troubleOf(c, canceled.error));
    const order = canceled.value;
    if (order.status === "canceled") return c.json(order, 200, waited(waitSec));
    // It ended while the caller waited, and a fill was faster.
    if (isTerminal(order.status)) refuse(c, troubleOf(c, { reason: "order_ended", order }));
    return c.json(order, 202, waited(waitSec));
  });

  app.openapi(cancelOrders, async (c) => {
    const { account, symbol } = c.req.valid("query");
    const orders = await accountStub(c.env, await knownAccount(c, account)).cancelAll(symbol, callerOf(c));
    return c.json({ orders }, 202);
  });
}
