// POST /v1/orders/preview: what would become of an order, rule by rule.
import { type OpenAPIHono, createRoute } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { OrderPreview } from "../../domain/risk/preview.ts";
import { NativeOrder } from "../../domain/signal/native.ts";
import { API_SOURCE } from "../../domain/source.ts";
import { namingSetting } from "../../intake/ask-account.ts";
import { accountNamed } from "../../intake/read-order.ts";
import { readBody } from "../admin.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { asking } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { troubleOf } from "../refusal.ts";

const access = guarded(["orders:read", "orders:write"]);

const previewOrder = createRoute({
  method: "post",
  path: "/v1/orders/preview",
  operationId: "previewOrder",
  summary: "Ask what would become of an order",
  description:
    "Holds the order against the account's policy as `POST /v1/orders` does, and says of each rule what it measured, the limit, " +
    "what is left up to it and which clause asks for it. Nothing is stored, sent or counted.",
  security: access.security,
  request: { body: { required: true, content: { "application/json": { schema: NativeOrder } } } },
  responses: {
    200: jsonOf(
      OrderPreview,
      "What it would be at this moment. The market and the account can change before it is sent.",
    ),
    ...guardedProblems("account_disabled", "body_too_large", "malformed_body", "invalid_request"),
  },
});

export function mountPreviewOrder(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(previewOrder);

  app.post(previewOrder.getRoutingPath(), ...access.middleware, async (c) => {
    const order = await readBody(c, NativeOrder);
    const account = await accountNamed(order.account, asking(c));
    if (!account.ok) return refuse(c, troubleOf(c, account.error));
    const preview = namingSetting(account.value, await accountStub(c.env, account.value).preview(order, API_SOURCE));
    return preview.ok ? c.json(preview.value, 200) : refuse(c, troubleOf(c, preview.error));
  });
}
