// GET /v1/portfolio: what an account holds, what its orders may still add, and its money.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { AccountId } from "../../domain/ids.ts";
import { Portfolio } from "../../domain/portfolio.ts";
import { namingSetting } from "../../intake/ask-account.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { troubleOf } from "../refusal.ts";

const getPortfolio = createRoute({
  method: "get",
  path: "/v1/portfolio",
  operationId: "getPortfolio",
  summary: "Read an account's positions, money and exposure",
  description:
    "Positions are counted from our own fills and are of this moment. Money is the broker's word and as of `as_of`; the broker " +
    "is asked first, unless it has told a few seconds ago, and waited for 2 s at most. Exposure is what the account could come " +
    "to hold at worst: every live order may still fill, those of unknown outcome included.",
  ...guarded(["orders:read"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
    }),
  },
  responses: {
    200: jsonOf(Portfolio, "The account as it stands."),
    ...guardedProblems("not_found", "invalid_request"),
  },
});

export function mountPortfolio(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getPortfolio, async (c) => {
    const account = await knownAccount(c, c.req.valid("query").account);
    const portfolio = namingSetting(account, await accountStub(c.env, account).portfolio());
    if (!portfolio.ok) refuse(c, troubleOf(c, portfolio.error));
    return c.json(portfolio.value, 200);
  });
}
