// GET /v1/policy/coverage: which clause of which standard an account's policy meets, by which rule and setting.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { AccountId } from "../../domain/ids.ts";
import { Coverage, coverageOf } from "../../domain/risk/coverage.ts";
import { policyAt } from "../../domain/risk/overrides.ts";
import { findConfiguration } from "../../storage/accounts.ts";
import { openDatabase } from "../../storage/client.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";

const getCoverage = createRoute({
  method: "get",
  path: "/v1/policy/coverage",
  operationId: "readPolicyCoverage",
  summary: "List which clause of which standard a policy meets, by which rule",
  description:
    "The clauses are those of RTS 6 (Articles 12 and 15), of SEC Rule 15c3-5 and of the FIA's guide that ask for pre-trade " +
    "controls. It says what is done here; whether that is enough for a firm, the firm has to say.",
  ...guarded(["orders:read", "admin:accounts", "admin:risk"]),
  request: {
    query: z.object({ account: AccountId.optional().meta({ description: "The gateway's default when absent." }) }),
  },
  responses: {
    200: jsonOf(Coverage, "Under the account's policy as it is in force now."),
    ...guardedProblems("invalid_request", "not_found"),
  },
});

export function mountPolicyCoverage(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getCoverage, async (c) => {
    const id = await knownAccount(c, c.req.valid("query").account);
    const now = new Date();
    const found = await findConfiguration(openDatabase(c.env.DB), id, now);
    if (found === undefined) return refuse(c, { code: "not_found", detail: "No account has this id." });
    return c.json(coverageOf(policyAt(found.policy, found.overrides, now.getTime())), 200);
  });
}
