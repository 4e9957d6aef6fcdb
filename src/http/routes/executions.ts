// GET /v1/executions: the trades of an account's orders.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { Execution } from "../../domain/execution.ts";
import { INVALID_FIELD } from "../../domain/fields.ts";
import { AccountId, OrderId, accountOf } from "../../domain/ids.ts";
import { Symbol } from "../../domain/order.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { NO_CURSOR, PageLimit } from "../page.ts";
import { invalidRequest, refuse } from "../problem.ts";

const listExecutions = createRoute({
  method: "get",
  path: "/v1/executions",
  operationId: "listExecutions",
  summary: "List an account's trades, newest first",
  description:
    "A trade is listed once the broker's own list shows it, moments after the order is filled. Trades are kept for 365 days.",
  ...guarded(["orders:read"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({
        description: "When absent, that of `order_id`, or else the gateway's default account.",
      }),
      order_id: OrderId.optional(),
      symbol: Symbol.optional(),
      cursor: z.string().max(200).optional().meta({ description: "`next_cursor` of the page before." }),
      limit: PageLimit,
    }),
  },
  responses: {
    200: jsonOf(
      z.object({ executions: z.array(Execution), next_cursor: z.string().nullable() }).meta({ id: "ExecutionPage" }),
      "One page. `next_cursor` is null on the last.",
    ),
    ...guardedProblems("not_found", "invalid_request"),
  },
});

export function mountExecutions(app: OpenAPIHono<AppEnv>): void {
  app.openapi(listExecutions, async (c) => {
    const { account: named, order_id: orderId, symbol, cursor, limit } = c.req.valid("query");
    const account = await knownAccount(c, named ?? (orderId === undefined ? undefined : accountOf(orderId)));
    // One more than asked for tells whether there is a next page.
    const query = { orderId, symbol, before: cursor, limit: limit + 1 };
    const found = await accountStub(c.env, account).listExecutions(query);
    if (found === null) refuse(c, invalidRequest([{ pointer: "/cursor", code: INVALID_FIELD, message: NO_CURSOR }]));
    const executions = found.slice(0, limit);
    return c.json({ executions, next_cursor: found.length > limit ? (executions.at(-1)?.id ?? null) : null }, 200);
  });
}
