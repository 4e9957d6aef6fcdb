// /v1/accounts: which trading accounts there are, where they are, and what they may do.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { accountStub } from "../../account/stub.ts";
import { sealCredentials } from "../../admin/seal-credentials.ts";
import { SETTLED_MS } from "../../directory/directory.ts";
import { type Principal, mayUse } from "../../domain/access.ts";
import {
  Account,
  AccountChange,
  BrokerCredentials,
  NewAccount,
  missingConfirmation,
  needsCredentials,
} from "../../domain/account.ts";
import { INVALID_FIELD } from "../../domain/fields.ts";
import { AccountId } from "../../domain/ids.ts";
import { Policy } from "../../domain/risk/policy.ts";
import { grants } from "../../domain/scope.ts";
import { gatewayStub } from "../../gateway/stub.ts";
import { type StoredAccount, findAccount, listAccounts, listPolicies } from "../../storage/accounts.ts";
import { openDatabase } from "../../storage/client.ts";
import { mustBind, mustDo, readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";
import { ChangeReason } from "../../domain/change-reason.ts";

const access = guarded(["admin:accounts"]);
const mayDisable = guarded(["admin:accounts", "kill"]);

const params = z.object({ id: AccountId.meta({ description: "The account." }) });
const BODY_REFUSALS = ["body_too_large", "malformed_body"] as const;
const bodyOf = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { "application/json": { schema } },
});

const PolicyChange = z.strictObject({ policy: Policy, reason: ChangeReason }).meta({ id: "PolicyChange" });
const CredentialsChange = z
  .strictObject({ credentials: BrokerCredentials, reason: ChangeReason.optional() })
  .meta({ id: "CredentialsChange" });
const PolicyVersion = z
  .strictObject({
    version: z.int(),
    policy: Policy,
    changed_by: z.string(),
    changed_at: z.iso.datetime(),
    reason: z.string().nullable(),
  })
  .meta({ id: "PolicyVersion" });

const getAccounts = createRoute({
  method: "get",
  path: "/v1/accounts",
  operationId: "listAccounts",
  summary: "List trading accounts, by id",
  ...guarded(["admin:accounts", "orders:read"]),
  responses: {
    200: jsonOf(z.object({ accounts: z.array(Account) }).meta({ id: "AccountList" }), "Deleted ones included."),
    ...guardedProblems("invalid_request"),
  },
});

const getAccount = createRoute({
  method: "get",
  path: "/v1/accounts/{id}",
  operationId: "getAccount",
  summary: "Read one trading account",
  ...guarded(["admin:accounts", "orders:read"]),
  request: { params },
  responses: { 200: jsonOf(Account, "As it is configured."), ...guardedProblems("invalid_request", "not_found") },
});

const postAccount = createRoute({
  method: "post",
  path: "/v1/accounts",
  operationId: "createAccount",
  summary: "Add a trading account",
  description: "The broker's key is tried at the broker before anything is stored. Where an account is, it stays.",
  security: access.security,
  request: { body: bodyOf(NewAccount) },
  responses: {
    201: jsonOf(Account, "Added, and ready for orders.", ["Location"]),
    ...guardedProblems(
      "invalid_request",
      ...BODY_REFUSALS,
      "id_taken",
      "credentials_refused",
      "broker_silent",
      "beyond_own_rights",
    ),
  },
});

const patchAccount = createRoute({
  method: "patch",
  path: "/v1/accounts/{id}",
  operationId: "changeAccount",
  summary: "Rename, disable or enable an account, or change its mode, or what its signals have to prove",
  description:
    "In force when the answer is there. With the scope `kill` an account can be disabled, and nothing else. What was decided in " +
    "one mode is never sent in the other: with the mode, orders that have not left end as `shadowed`.",
  security: mayDisable.security,
  request: { params, body: bodyOf(AccountChange) },
  responses: {
    200: jsonOf(Account, "As it is now."),
    ...guardedProblems("not_told", "invalid_request", ...BODY_REFUSALS, "not_found"),
  },
});

const putPolicy = createRoute({
  method: "put",
  path: "/v1/accounts/{id}/policy",
  operationId: "setPolicy",
  summary: "Give an account another policy",
  description: "The whole policy: a limit that is not in it is not set. It binds the next order after the answer.",
  security: access.security,
  request: { params, body: bodyOf(PolicyChange) },
  responses: {
    200: jsonOf(Account, "As it is now."),
    ...guardedProblems("not_told", "invalid_request", ...BODY_REFUSALS, "not_found"),
  },
});

const getPolicies = createRoute({
  method: "get",
  path: "/v1/accounts/{id}/policies",
  operationId: "listPolicies",
  summary: "List every policy an account had, the latest first",
  ...access,
  request: { params },
  responses: {
    200: jsonOf(z.object({ policies: z.array(PolicyVersion) }).meta({ id: "PolicyHistory" }), "All of them."),
    ...guardedProblems("invalid_request", "not_found"),
  },
});

const putCredentials = createRoute({
  method: "put",
  path: "/v1/accounts/{id}/credentials",
  operationId: "setCredentials",
  summary: "Give an account another key at its broker",
  description: "The key is tried at the broker first, and has to open the same account there.",
  security: access.security,
  request: { params, body: bodyOf(CredentialsChange) },
  responses: {
    200: jsonOf(Account, "As it is now."),
    ...guardedProblems(
      "not_told",
      "invalid_request",
      ...BODY_REFUSALS,
      "not_found",
      "credentials_refused",
      "broker_silent",
    ),
  },
});

const deleteAccount = createRoute({
  method: "delete",
  path: "/v1/accounts/{id}",
  operationId: "deleteAccount",
  summary: "Delete an account that is disabled and has no live order",
  description: "Its key is erased. Its record stays, and so does its id, which is never used again.",
  ...access,
  request: { params },
  responses: {
    200: jsonOf(Account, "Deleted."),
    ...guardedProblems("not_told", "invalid_request", "not_found", "account_in_use"),
  },
});

export function mountAccounts(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getAccounts, async (c) => {
    const accounts = await listAccounts(openDatabase(c.env.DB));
    return c.json({ accounts: accounts.filter(({ id }) => mayUse(c.var.principal, id)) }, 200);
  });

  app.openapi(getAccount, async (c) => {
    const { account } = await mustFind(c, c.req.valid("param").id);
    return c.json(account, 200);
  });

  app.openapi(getPolicies, async (c) => {
    const { account } = await mustFind(c, c.req.valid("param").id);
    return c.json({ policies: await listPolicies(openDatabase(c.env.DB), account.id) }, 200);
  });

  app.openapi(deleteAccount, async (c) => {
    const { account } = await mustFind(c, c.req.valid("param").id);
    const isQuiet = account.status !== "disabled" || (await accountStub(c.env, account.id).isQuiet());
    if (!isQuiet) refuse(c, { code: "account_in_use", detail: "It has live orders. Cancel them, and let them end." });
    const update = { kind: "delete", reason: undefined } as const;
    return c.json(mustBind(c, await gatewayStub(c.env).changeAccount(account.id, update, callerOf(c))), 200);
  });

  // Registered by hand: the generated validator's JSON reader is not a strict one.
  for (const route of [postAccount, patchAccount, putPolicy, putCredentials]) app.openAPIRegistry.registerPath(route);

  app.post(postAccount.getRoutingPath(), ...access.middleware, async (c) => {
    const { credentials, confirm_live: _, ...terms } = await readBody(c, NewAccount);
    if (!mayUse(c.var.principal, terms.id)) {
      const errors = [{ pointer: "/id", code: "beyond_own_rights", message: "not one of your accounts" }];
      mustDo(c, { ok: false, error: { reason: "beyond_own_rights", errors } });
    }
    const { config } = c.var;
    if (terms.connection.broker === "paper_process" && config.ENVIRONMENT !== "development") {
      const message = "may be paper_process in development only";
      const errors = [{ pointer: "/connection/broker", code: INVALID_FIELD, message }];
      refuse(c, { code: "invalid_request", detail: "Correct the fields listed in errors.", errors });
    }
    const sealed =
      credentials === undefined
        ? null
        : mustDo(c, await sealCredentials(terms.id, terms.connection, credentials, { config, env: c.env }));
    const { answer: account } = mustDo(c, await gatewayStub(c.env).createAccount(terms, sealed, callerOf(c)));
    // From then on every isolate finds it, see the directory.
    await scheduler.wait(SETTLED_MS);
    return c.json(account, 201, { Location: `/v1/accounts/${account.id}` });
  });

  app.patch(patchAccount.getRoutingPath(), ...mayDisable.middleware, async (c) => {
    const { account } = await mustFind(c, c.req.param("id"));
    const change = await readBody(c, AccountChange);
    if (!isStop(change) && !mayAdministrate(c.var.principal)) {
      refuse(c, { code: "scope_missing", detail: "With the scope kill, an account can be disabled and nothing else." });
    }
    const missing = change.mode === "live" ? missingConfirmation(account, change.confirm_live) : undefined;
    if (missing !== undefined) {
      const errors = [{ pointer: "/confirm_live", code: "missing_confirmation", message: missing }];
      refuse(c, { code: "invalid_request", detail: "Correct the fields listed in errors.", errors });
    }
    const update = { kind: "terms", change } as const;
    return c.json(mustBind(c, await gatewayStub(c.env).changeAccount(account.id, update, callerOf(c))), 200);
  });

  app.put(putPolicy.getRoutingPath(), ...access.middleware, async (c) => {
    const { account } = await mustFind(c, c.req.param("id"));
    const update = { kind: "policy", ...(await readBody(c, PolicyChange)) } as const;
    return c.json(mustBind(c, await gatewayStub(c.env).changeAccount(account.id, update, callerOf(c))), 200);
  });

  app.put(putCredentials.getRoutingPath(), ...access.middleware, async (c) => {
    const { account, credentials: before } = await mustFind(c, c.req.param("id"));
    const { credentials, reason } = await readBody(c, CredentialsChange);
    if (!needsCredentials(account.connection)) {
      refuse(c, { code: "credentials_refused", detail: "An account at the embedded paper venue has none." });
    }
    const deps = { config: c.var.config, env: c.env };
    const sealed = mustDo(c, await sealCredentials(account.id, account.connection, credentials, deps));
    if (sealed.venueAccountSha256 !== before?.venueAccountSha256) {
      refuse(c, { code: "credentials_refused", detail: "They open another account at the broker than before." });
    }
    const update = { kind: "credentials", credentials: sealed, reason } as const;
    return c.json(mustBind(c, await gatewayStub(c.env).changeAccount(account.id, update, callerOf(c))), 200);
  });
}

async function mustFind(c: Context<AppEnv>, text: string): Promise<StoredAccount> {
  const id = AccountId.safeParse(text);
  const isVisible = id.success && mayUse(c.var.principal, id.data);
  const found = isVisible ? await findAccount(openDatabase(c.env.DB), id.data) : undefined;
  return found ?? refuse(c, { code: "not_found", detail: "No account has this id." });
}

const mayAdministrate = ({ scopes }: Principal): boolean => grants(scopes, "admin:accounts");

const isStop = ({ name, status, minimum_origin, mode }: AccountChange): boolean =>
  status === "disabled" && name === undefined && minimum_origin === undefined && mode === undefined;
