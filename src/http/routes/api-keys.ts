// /v1/api-keys: who may call the API.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { encodeUtf8 } from "../../crypto/encoding.ts";
import { sha256Hex } from "../../crypto/hash.ts";
import { randomBytes } from "../../crypto/random.ts";
import { SETTLED_MS } from "../../directory/directory.ts";
import { ApiKey, ApiKeyChange, ApiKeyTerms, type Principal, mayUse } from "../../domain/access.ts";
import { ApiKeyId, makeApiKey } from "../../domain/api-key.ts";
import { isCovered } from "../../domain/client-address.ts";
import { type FieldError, INVALID_FIELD } from "../../domain/fields.ts";
import { grants } from "../../domain/scope.ts";
import { gatewayStub } from "../../gateway/stub.ts";
import { findApiKey, listApiKeys } from "../../storage/api-keys.ts";
import { openDatabase } from "../../storage/client.ts";
import { mustBind, mustDo, readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";

const access = guarded(["admin:keys"]);

const params = z.object({ id: ApiKeyId.meta({ description: "The key's public name." }) });
const BODY_REFUSALS = ["body_too_large", "malformed_body"] as const;

const NewKey = z
  .object({
    api_key: ApiKey,
    key: z.string().meta({ description: "The key itself. It is shown this once, and stored nowhere." }),
  })
  .meta({ id: "CreatedApiKey" });

const getKeys = createRoute({
  method: "get",
  path: "/v1/api-keys",
  operationId: "listApiKeys",
  summary: "List API keys, the oldest first",
  ...access,
  responses: {
    200: jsonOf(z.object({ api_keys: z.array(ApiKey) }).meta({ id: "ApiKeyList" }), "Deleted ones included."),
    ...guardedProblems("invalid_request"),
  },
});

const getKey = createRoute({
  method: "get",
  path: "/v1/api-keys/{id}",
  operationId: "getApiKey",
  summary: "Read one API key",
  ...access,
  request: { params },
  responses: {
    200: jsonOf(ApiKey, "As it stands, without the key itself."),
    ...guardedProblems("invalid_request", "not_found"),
  },
});

const postKey = createRoute({
  method: "post",
  path: "/v1/api-keys",
  operationId: "createApiKey",
  summary: "Make an API key",
  security: access.security,
  request: { body: { required: true, content: { "application/json": { schema: ApiKeyTerms } } } },
  responses: {
    201: jsonOf(NewKey, "Made, and good from now on.", ["Location"]),
    ...guardedProblems("invalid_request", ...BODY_REFUSALS, "too_many", "beyond_own_rights"),
  },
});

const patchKey = createRoute({
  method: "patch",
  path: "/v1/api-keys/{id}",
  operationId: "changeApiKey",
  summary: "Disable or enable an API key, or change what it is good for",
  description: "In force when the answer is there.",
  security: access.security,
  request: { params, body: { required: true, content: { "application/json": { schema: ApiKeyChange } } } },
  responses: {
    200: jsonOf(ApiKey, "As it is now."),
    ...guardedProblems("too_many", "not_told", "invalid_request", ...BODY_REFUSALS, "not_found", "beyond_own_rights"),
  },
});

const deleteKey = createRoute({
  method: "delete",
  path: "/v1/api-keys/{id}",
  operationId: "deleteApiKey",
  summary: "Delete an API key",
  description: "It is refused from the answer on, for good.",
  ...access,
  request: { params },
  responses: { 200: jsonOf(ApiKey, "Deleted."), ...guardedProblems("not_told", "invalid_request", "not_found") },
});

export function mountApiKeys(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getKeys, async (c) => {
    const keys = await listApiKeys(openDatabase(c.env.DB), new Date());
    return c.json({ api_keys: keys.map(({ key }) => key).filter((key) => isWithinRights(c.var.principal, key)) }, 200);
  });

  app.openapi(getKey, async (c) => c.json(await mustFind(c, c.req.valid("param").id), 200));

  app.openapi(deleteKey, async (c) => {
    const { id } = await mustFind(c, c.req.valid("param").id);
    const update = { kind: "delete", reason: undefined } as const;
    return c.json(mustBind(c, await gatewayStub(c.env).changeApiKey(id, update, callerOf(c))), 200);
  });

  // Registered by hand: the generated validator's JSON reader is not a strict one.
  for (const route of [postKey, patchKey]) app.openAPIRegistry.registerPath(route);

  app.post(postKey.getRoutingPath(), ...access.middleware, async (c) => {
    const terms = await readBody(c, ApiKeyTerms);
    mustBeWithinRights(c, terms);
    if (terms.expires_at !== null && Date.parse(terms.expires_at) <= Date.now()) {
      const errors = [{ pointer: "/expires_at", code: INVALID_FIELD, message: "must be in the future" }];
      refuse(c, { code: "invalid_request", detail: "Correct the fields listed in errors.", errors });
    }
    const { id, key } = makeApiKey(c.var.config.ENVIRONMENT, randomBytes);
    const hashed = { id, sha256: sha256Hex(encodeUtf8(key)) };
    const { answer: made } = mustDo(c, await gatewayStub(c.env).createApiKey(hashed, terms, callerOf(c)));
    // From then on every isolate finds it, see the directory: whoever has seen the key can use it.
    await scheduler.wait(SETTLED_MS);
    return c.json({ api_key: made, key }, 201, { Location: `/v1/api-keys/${id}` });
  });

  app.patch(patchKey.getRoutingPath(), ...access.middleware, async (c) => {
    const before = await mustFind(c, c.req.param("id"));
    const change = await readBody(c, ApiKeyChange);
    mustBeWithinRights(c, {
      scopes: change.scopes ?? [],
      accounts: change.accounts === undefined ? [] : change.accounts,
      addresses: change.addresses,
      expires_at: change.expires_at,
    });
    const update = { kind: "terms", change } as const;
    const changed = mustBind(c, await gatewayStub(c.env).changeApiKey(before.id, update, callerOf(c)));
    // It may be good for more than before.
    await scheduler.wait(SETTLED_MS);
    return c.json(changed, 200);
  });
}

/** A key with more rights than one's own does not exist for one: whoever could change it would have them. */
async function mustFind(c: Context<AppEnv>, text: string): Promise<ApiKey> {
  const id = ApiKeyId.safeParse(text);
  const found = id.success ? await findApiKey(openDatabase(c.env.DB), id.data, new Date()) : undefined;
  if (found !== undefined && isWithinRights(c.var.principal, found.key)) return found.key;
  return refuse(c, { code: "not_found", detail: "No API key has this id." });
}

/** What is absent is not given. */
type Rights = Pick<ApiKey, "scopes" | "accounts"> & {
  readonly addresses?: ApiKey["addresses"] | undefined;
  readonly expires_at?: ApiKey["expires_at"] | undefined;
};

function mustBeWithinRights(c: Context<AppEnv>, rights: Rights): void {
  const errors = excessOf(c.var.principal, rights);
  if (errors.length > 0) mustDo(c, { ok: false, error: { reason: "beyond_own_rights", errors } });
}

const isWithinRights = (principal: Principal, { scopes, accounts }: ApiKey): boolean =>
  excessOf(principal, { scopes, accounts }).length === 0;

/** What of these rights the principal does not have. */
function excessOf(principal: Principal, { scopes, accounts, addresses, expires_at: end }: Rights): FieldError[] {
  const tooMuch = scopes.filter((scope) => !grants(principal.scopes, scope));
  const foreign = accounts?.filter((account) => !mayUse(principal, account)) ?? [];
  const isUnbound = accounts === null && principal.accounts !== null;
  const isFromElsewhere =
    addresses !== undefined &&
    principal.addresses.length > 0 &&
    (addresses.length === 0 || !addresses.every((range) => isCovered(principal.addresses, range)));
  const ownEnd = principal.expires_at;
  const isLonger = end !== undefined && ownEnd !== null && (end === null || Date.parse(end) > Date.parse(ownEnd));
  const beyond = (pointer: string, message: string) => ({ pointer, code: "beyond_own_rights", message });
  return [
    ...tooMuch.map((scope) => beyond("/scopes", `${scope} is not yours to give`)),
    ...foreign.map((account) => beyond("/accounts", `${account} is not one of your accounts`)),
    ...(isUnbound ? [beyond("/accounts", "name some of your accounts")] : []),
    ...(isFromElsewhere ? [beyond("/addresses", "name addresses that your own key is good for")] : []),
    ...(isLonger ? [beyond("/expires_at", `must be no later than your own key's end, ${ownEnd}`)] : []),
  ];
}
