// /v1/accounts/{id}/overrides: exceptions to an account's policy, for a while.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { AccountId } from "../../domain/ids.ts";
import { NewOverride, PolicyOverride, objectionsTo, showOverride } from "../../domain/policy-override.ts";
import { gatewayStub } from "../../gateway/stub.ts";
import { openDatabase } from "../../storage/client.ts";
import { listOverrides } from "../../storage/policy-overrides.ts";
import { mustBind, readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { NO_CURSOR, PageLimit } from "../page.ts";
import { invalidRequest, refuse } from "../problem.ts";

const access = guarded(["admin:risk"]);

const params = z.object({ id: AccountId.meta({ description: "The account." }) });

const postOverride = createRoute({
  method: "post",
  path: "/v1/accounts/{id}/overrides",
  operationId: "setOverride",
  summary: "Override settings of an account's policy for a while",
  description:
    "It binds the next order after the answer, or from `from` on, and ends by itself at `until`. The same request made again, " +
    "before it is over, sets no second one.",
  security: access.security,
  request: { params, body: { required: true, content: { "application/json": { schema: NewOverride } } } },
  responses: {
    201: jsonOf(PolicyOverride, "In force, or coming."),
    ...guardedProblems("not_told", "invalid_request", "body_too_large", "malformed_body", "not_found", "too_many"),
  },
});

const getOverrides = createRoute({
  method: "get",
  path: "/v1/accounts/{id}/overrides",
  operationId: "listOverrides",
  summary: "List every override an account's policy had, has and will have, newest first",
  ...access,
  request: {
    params,
    query: z.strictObject({
      cursor: z.coerce
        .number({ error: NO_CURSOR })
        .int({ error: NO_CURSOR })
        .min(1, { error: NO_CURSOR })
        .optional()
        // Said in full: the generator takes what is coerced for something that may be null.
        .meta({ description: "`next_cursor` of the page before.", type: "integer", minimum: 1 }),
      limit: PageLimit,
    }),
  },
  responses: {
    200: jsonOf(
      z.object({ overrides: z.array(PolicyOverride), next_cursor: z.int().nullable() }).meta({ id: "OverridePage" }),
      "One page. `next_cursor` is null on the last.",
    ),
    ...guardedProblems("invalid_request", "not_found"),
  },
});

const deleteOverride = createRoute({
  method: "delete",
  path: "/v1/accounts/{id}/overrides/{override}",
  operationId: "endOverride",
  summary: "End an override now",
  description: "It stays on the record. One that is over already stays as it ended.",
  ...access,
  request: { params: params.extend({ override: z.string().meta({ description: "The override's `id`." }) }) },
  responses: { 200: jsonOf(PolicyOverride, "Over."), ...guardedProblems("not_told", "invalid_request", "not_found") },
});

export function mountOverrides(app: OpenAPIHono<AppEnv>): void {
  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(postOverride);

  app.post(postOverride.getRoutingPath(), ...access.middleware, async (c) => {
    const account = await mustFind(c, c.req.param("id"));
    const wanted = await readBody(c, NewOverride);
    const errors = objectionsTo(wanted, { person: c.var.principal.person, nowMs: Date.now() });
    if (errors.length > 0) refuse(c, invalidRequest(errors));
    const { override } = mustBind(c, await gatewayStub(c.env).setOverride(account, wanted, callerOf(c)));
    return c.json(showOverride(override, Date.now()), 201);
  });

  app.openapi(getOverrides, async (c) => {
    const account = await knownAccount(c, c.req.valid("param").id);
    const { cursor: before, limit } = c.req.valid("query");
    const { overrides, next } = await listOverrides(openDatabase(c.env.DB), account, { before, limit });
    const nowMs = Date.now();
    return c.json({ overrides: overrides.map((override) => showOverride(override, nowMs)), next_cursor: next }, 200);
  });

  app.openapi(deleteOverride, async (c) => {
    const { id, override: wanted } = c.req.valid("param");
    const account = await knownAccount(c, id);
    const { override } = mustBind(c, await gatewayStub(c.env).endOverride(account, wanted, callerOf(c)));
    return c.json(showOverride(override, Date.now()), 200);
  });
}

async function mustFind(c: Context<AppEnv>, text: string): Promise<AccountId> {
  const id = AccountId.safeParse(text);
  return id.success ? knownAccount(c, id.data) : refuse(c, { code: "not_found", detail: "No account has this id." });
}
