// Orders that wait for a person: listing, approving and declining them.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { AccountId } from "../../domain/ids.ts";
import { PositiveDecimal } from "../../domain/money.ts";
import { Order } from "../../domain/order.ts";
import { askTwice, namingSetting } from "../../intake/ask-account.ts";
import { readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount, orderOfKnownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { problem } from "../problem.ts";
import { troubleOf } from "../refusal.ts";
import { ChangeReason } from "../../domain/change-reason.ts";

const access = guarded(["orders:approve"]);

const Approval = z
  .strictObject({
    quantity: PositiveDecimal.optional().meta({
      description: "Fewer units than were asked for; all of them when absent.",
    }),
    reason: ChangeReason.optional(),
  })
  .meta({ id: "Approval" });

const Decline = z.strictObject({ reason: ChangeReason.optional() }).meta({ id: "Decline" });

const params = z.object({ id: z.string().meta({ description: "The order's `id`." }) });
const bodyOf = <T extends z.ZodType>(schema: T) => ({ required: true, content: { "application/json": { schema } } });

const listApprovals = createRoute({
  method: "get",
  path: "/v1/approvals",
  operationId: "listApprovals",
  summary: "List the orders that wait for approval",
  ...guarded(["orders:approve", "orders:read"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
    }),
  },
  responses: {
    200: jsonOf(z.object({ orders: z.array(Order) }).meta({ id: "ApprovalList" }), "What expires first on top."),
    ...guardedProblems("not_found", "invalid_request"),
  },
});

const postApproval = createRoute({
  method: "post",
  path: "/v1/orders/{id}/approve",
  operationId: "approveOrder",
  summary: "Approve a held order",
  description:
    "It passes every rule once more, and the price must not have moved further than the policy allows; then it leaves like any " +
    "other order. What is refused stays held. Of two who say something at once, the first counts.",
  security: access.security,
  request: { params, body: bodyOf(Approval) },
  responses: {
    200: jsonOf(Order, "Approved, and on its way."),
    ...guardedProblems(
      "not_found",
      "order_not_held",
      "second_person_required",
      "price_moved",
      "approval_refused",
      "account_disabled",
      "body_too_large",
      "malformed_body",
      "invalid_request",
    ),
  },
});

const postDecline = createRoute({
  method: "post",
  path: "/v1/orders/{id}/decline",
  operationId: "declineOrder",
  summary: "Decline a held order",
  security: access.security,
  request: { params, body: bodyOf(Decline) },
  responses: {
    200: jsonOf(Order, "Denied, and never sent."),
    ...guardedProblems("not_found", "order_not_held", "body_too_large", "malformed_body", "invalid_request"),
  },
});

export function mountApprovals(app: OpenAPIHono<AppEnv>): void {
  app.openapi(listApprovals, async (c) => {
    const account = await knownAccount(c, c.req.valid("query").account);
    return c.json({ orders: await accountStub(c.env, account).held() }, 200);
  });

  // Registered by hand: the generated validator's JSON reader is not a strict one.
  for (const route of [postApproval, postDecline]) app.openAPIRegistry.registerPath(route);

  app.post(postApproval.getRoutingPath(), ...access.middleware, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.param("id"));
    const { quantity, reason } = await readBody(c, Approval);
    const [approval, caller] = [{ quantity, why: reason ?? null }, callerOf(c)];
    const answer = await askTwice(async () => accountStub(c.env, account).approve(id, approval, caller));
    const approved = namingSetting(account, answer);
    return approved.ok ? c.json(approved.value, 200) : problem(c, troubleOf(c, approved.error));
  });

  app.post(postDecline.getRoutingPath(), ...access.middleware, async (c) => {
    const { id, account } = await orderOfKnownAccount(c, c.req.param("id"));
    const { reason } = await readBody(c, Decline);
    const caller = callerOf(c);
    const declined = await askTwice(async () => accountStub(c.env, account).decline(id, reason ?? null, caller));
    return declined.ok ? c.json(declined.value, 200) : problem(c, troubleOf(c, declined.error));
  });
}
