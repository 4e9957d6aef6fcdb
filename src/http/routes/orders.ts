// GET /v1/orders and GET /v1/orders/{id}: orders as their accounts know them.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { AccountId, ClientOrderId, OrderId } from "../../domain/ids.ts";
import { Order, OrderStatus, Symbol } from "../../domain/order.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount, orderNotFound, orderOfKnownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { PageLimit } from "../page.ts";

const getOrder = createRoute({
  method: "get",
  path: "/v1/orders/{id}",
  operationId: "getOrder",
  summary: "Read one order",
  ...guarded(["orders:read"]),
  request: { params: z.object({ id: z.string().meta({ description: "The order's `id`." }) }) },
  responses: {
    200: jsonOf(Order, "The order as it stands."),
    ...guardedProblems("not_found"),
  },
});

const listOrders = createRoute({
  method: "get",
  path: "/v1/orders",
  operationId: "listOrders",
  summary: "List an account's orders, newest first",
  ...guarded(["orders:read"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
      client_order_id: ClientOrderId.optional().meta({ description: "The one order that has this name, if any has." }),
      status: OrderStatus.optional(),
      symbol: Symbol.optional(),
      cursor: OrderId.optional().meta({ description: "`next_cursor` of the page before." }),
      limit: PageLimit,
    }),
  },
  responses: {
    200: jsonOf(
      z.object({ orders: z.array(Order), next_cursor: z.string().nullable() }).meta({ id: "OrderPage" }),
      "One page. `next_cursor` is null on the last.",
    ),
    ...guardedProblems("not_found", "invalid_request"),
  },
});

export function mountOrders(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getOrder, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.valid("param").id);
    const order = await accountStub(c.env, account).getOrder(id);
    if (order === null) orderNotFound(c);
    return c.json(order, 200);
  });

  app.openapi(listOrders, async (c) => {
    const { account: named, client_order_id: clientOrderId, cursor, limit, ...filters } = c.req.valid("query");
    const account = await knownAccount(c, named);
    // One more than asked for tells whether there is a next page.
    const query = { ...filters, clientOrderId, before: cursor, limit: limit + 1 };
    const found = await accountStub(c.env, account).listOrders(query);
    const orders = found.slice(0, limit);
    return c.json({ orders, next_cursor: found.length > limit ? (orders.at(-1)?.id ?? null) : null }, 200);
  });
}
