// PUT /v1/paper/{account}/prices/{symbol}: moves the market of the embedded paper venue.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { AccountId } from "../../domain/ids.ts";
import { DecimalString, UNSIGNED_PATTERN, isPositive } from "../../domain/money.ts";
import { Symbol } from "../../domain/order.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";

const SetPaperPrice = z
  .strictObject({
    price: DecimalString.refine(isPositive, { error: "must be greater than zero" }).meta({
      description: "US dollars, more than 0.",
      pattern: UNSIGNED_PATTERN,
      example: "399.50",
    }),
  })
  .meta({ id: "SetPaperPrice" });

const putPrice = createRoute({
  method: "put",
  path: "/v1/paper/{account}/prices/{symbol}",
  operationId: "setPaperPrice",
  summary: "Set the last trade price at the paper venue",
  description:
    "Resting orders that the new price crosses are filled. Only accounts at the embedded paper venue have this.",
  ...guarded(["orders:write"]),
  request: {
    params: z.object({ account: AccountId, symbol: Symbol }),
    body: { required: true, content: { "application/json": { schema: SetPaperPrice } } },
  },
  responses: {
    200: jsonOf(
      z.object({ symbol: Symbol, price: DecimalString }).meta({ id: "PaperPrice" }),
      "The price as it now is.",
    ),
    ...guardedProblems("not_found", "malformed_body", "body_too_large", "unsupported_media_type", "invalid_request"),
  },
});

export function mountPaperPrices(app: OpenAPIHono<AppEnv>): void {
  app.openapi(putPrice, async (c) => {
    const { account, symbol } = c.req.valid("param");
    const { price } = c.req.valid("json");
    const changed = await accountStub(c.env, await knownAccount(c, account)).setPaperPrice(symbol, price);
    if (changed === "not_at_paper_venue") refuse(c, { code: "not_found", detail: "No paper account has this id." });
    if (changed === "not_listed")
      refuse(c, { code: "not_found", detail: "The paper venue does not list this symbol." });
    return c.json({ symbol, price }, 200);
  });
}
