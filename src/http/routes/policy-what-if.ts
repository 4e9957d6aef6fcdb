// POST /v1/policy/what-if: what a proposed policy would have made of the orders on the record.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { accountStub } from "../../account/stub.ts";
import { AccountId, OrderId } from "../../domain/ids.ts";
import { Policy } from "../../domain/risk/policy.ts";
import { PolicyWhatIf, whatIf } from "../../domain/risk/what-if.ts";
import { accountNamed } from "../../intake/read-order.ts";
import { readBody } from "../admin.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { asking } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { troubleOf } from "../refusal.ts";

/** Orders in one request, and signals: the account reads all of them in one step, in which it takes no order. */
const CONSIDERED_MAX = 1_000;
const CONSIDERED_DEFAULT = 200;

const access = guarded(["orders:read", "admin:accounts", "admin:risk"]);

const Question = z
  .strictObject({
    account: AccountId.optional().meta({ description: "The gateway's default when absent." }),
    policy: Policy.meta({
      description: "The whole of it: a limit that is not in it is not set, and refuses every entry.",
    }),
    since: z.iso.datetime().optional().meta({ description: "When orders were made: ISO 8601 in UTC, included." }),
    until: z.iso.datetime().optional().meta({ description: "ISO 8601 in UTC, excluded." }),
    cursor: OrderId.optional().meta({ description: "`next_cursor` of the answer before." }),
    limit: z
      .int()
      .min(1)
      .max(CONSIDERED_MAX)
      .default(CONSIDERED_DEFAULT)
      .meta({ description: "How many orders to consider, and how many signals to look at, the newest first." }),
  })
  .meta({ id: "PolicyQuestion" });

const askWhatIf = createRoute({
  method: "post",
  path: "/v1/policy/what-if",
  operationId: "replayPolicy",
  summary: "Ask what a policy would have made of the orders on the record",
  description:
    "Holds what the rules measured of past orders, denied ones included, against a proposed policy, and lists those that it " +
    "would have decided otherwise. Each order is judged by itself, on the facts as they were recorded: what other orders " +
    "would have left of positions, counts and money is not worked out. What the record does not tell is not judged, and " +
    "named; so are the signals of which no order has come. Nothing is stored, sent or counted.",
  security: access.security,
  request: { body: { required: true, content: { "application/json": { schema: Question } } } },
  responses: {
    200: jsonOf(PolicyWhatIf, "What would have changed."),
    ...guardedProblems("body_too_large", "malformed_body", "invalid_request"),
  },
});

export function mountPolicyWhatIf(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(askWhatIf);

  app.post(askWhatIf.getRoutingPath(), ...access.middleware, async (c) => {
    const { account: named, policy, since, until, cursor, limit } = await readBody(c, Question);
    const account = await accountNamed(named, asking(c));
    if (!account.ok) return refuse(c, troubleOf(c, account.error));
    const query = { sinceMs: momentOf(since), untilMs: momentOf(until), before: cursor, limit };
    const { nextCursor, ...page } = await accountStub(c.env, account.value).recorded(query);
    return c.json({ account: account.value, ...whatIf(page, policy), next_cursor: nextCursor }, 200);
  });
}

const momentOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
