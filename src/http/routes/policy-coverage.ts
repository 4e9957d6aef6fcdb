// GET /v1/policy/coverage: which clause of which standard an account's policy, and the settings of the sources that send to it, meet, by
// which rule.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Principal } from "../../domain/access.ts";
import { AccountId } from "../../domain/ids.ts";
import { Coverage, type SendingSource, coverageOf } from "../../domain/risk/coverage.ts";
import { policyAt } from "../../domain/risk/overrides.ts";
import { AS_THEY_COME } from "../../domain/signal/settings.ts";
import { DEFAULT_SOURCE } from "../../domain/source.ts";
import { findConfiguration } from "../../storage/accounts.ts";
import { openDatabase } from "../../storage/client.ts";
import { type StoredSource, listSources } from "../../storage/sources.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { isVisible } from "../visible-source.ts";

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
    200: jsonOf(Coverage, "Under the account's policy and the sources' settings as they are in force now."),
    ...guardedProblems("invalid_request", "not_found"),
  },
});

export function mountPolicyCoverage(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getCoverage, async (c) => {
    const id = await knownAccount(c, c.req.valid("query").account);
    const now = new Date();
    const database = openDatabase(c.env.DB);
    const [found, sources] = await Promise.all([findConfiguration(database, id, now), listSources(database)]);
    if (found === undefined) return refuse(c, { code: "not_found", detail: "No account has this id." });
    const policy = policyAt(found.policy, found.overrides, now.getTime());
    return c.json(coverageOf(policy, sendingTo(id, sources, c.var.principal)), 200);
  });
}

/** What binds the account's signals is told to whoever may read its policy; the name of a source only to whoever may see it. */
const sendingTo = (account: AccountId, stored: readonly StoredSource[], principal: Principal): SendingSource[] => [
  { source: DEFAULT_SOURCE, signals: AS_THEY_COME },
  ...stored
    .filter(({ source }) => source.status === "active" && source.accounts.includes(account))
    .map(({ source }) => ({ source: isVisible(source, principal) ? source.id : null, signals: source.signals })),
];
