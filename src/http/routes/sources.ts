// /v1/sources: who may send signals, and what each proves itself with.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { makeSigningSecret, makeUrlToken } from "../../admin/make-secret.ts";
import { SETTLED_MS } from "../../directory/directory.ts";
import { personOf } from "../../domain/access.ts";
import { INVALID_FIELD } from "../../domain/fields.ts";
import { AccountId, SourceId } from "../../domain/ids.ts";
import type { SignalSettings } from "../../domain/signal/settings.ts";
import { NewSource, Source, SourceChange, stopsTooMuch } from "../../domain/source.ts";
import type { SourceUpdate } from "../../gateway/sources.ts";
import { gatewayStub } from "../../gateway/stub.ts";
import { openDatabase } from "../../storage/client.ts";
import { findSource, listSources } from "../../storage/sources.ts";
import { mustBind, mustDo, readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { asking } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { invalidRequest, refuse } from "../problem.ts";
import { isBeyond, isVisible } from "../visible-source.ts";

const access = guarded(["admin:sources"]);

/** How long an old secret goes on being accepted beside a new one. */
const OVERLAP_HOURS = 24;
const OVERLAP_HOURS_MAX = 168;

const params = z.object({ id: SourceId.meta({ description: "The source." }) });
const BODY_REFUSALS = ["body_too_large", "malformed_body"] as const;
const bodyOf = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { "application/json": { schema } },
});

const MadeSecret = {
  secret: z
    .strictObject({ id: z.string(), secret: z.string() })
    .optional()
    .meta({ description: "What a signed source signs with. Shown this once." }),
  path: z
    .string()
    .optional()
    .meta({ description: "Where TradingView sends to; whoever has it can send. Shown this once." }),
};
const SourceWithSecret = z.object({ source: Source, ...MadeSecret }).meta({ id: "SourceWithSecret" });

const RotatedSource = SourceWithSecret.extend({
  untold_accounts: z
    .array(AccountId)
    .meta({ description: "Could not be told when the older secret ends. They learn of it within five minutes." }),
}).meta({ id: "RotatedSource" });

const Rotation = z
  .strictObject({
    overlap_hours: z
      .number()
      .min(0)
      .max(OVERLAP_HOURS_MAX)
      .default(OVERLAP_HOURS)
      .meta({ description: "How long the secret before goes on being accepted; 0 when it may be in wrong hands." }),
  })
  .meta({ id: "SecretRotation" });

const getSources = createRoute({
  method: "get",
  path: "/v1/sources",
  operationId: "listSources",
  summary: "List sources, by id",
  ...access,
  responses: {
    200: jsonOf(z.object({ sources: z.array(Source) }).meta({ id: "SourceList" }), "Deleted ones included."),
    ...guardedProblems("invalid_request"),
  },
});

const getSource = createRoute({
  method: "get",
  path: "/v1/sources/{id}",
  operationId: "getSource",
  summary: "Read one source, and when each of its secrets was last used",
  ...access,
  request: { params },
  responses: { 200: jsonOf(Source, "As it stands."), ...guardedProblems("invalid_request", "not_found") },
});

const postSource = createRoute({
  method: "post",
  path: "/v1/sources",
  operationId: "createSource",
  summary: "Add a source of signals",
  security: access.security,
  request: { body: bodyOf(NewSource) },
  responses: {
    201: jsonOf(SourceWithSecret, "Added, and accepted from now on.", ["Location"]),
    ...guardedProblems(
      "invalid_request",
      ...BODY_REFUSALS,
      "id_taken",
      "too_many",
      "unsigned_sources_off",
      "beyond_own_rights",
    ),
  },
});

const patchSource = createRoute({
  method: "patch",
  path: "/v1/sources/{id}",
  operationId: "changeSource",
  summary: "Rename, disable or enable a source, or change its accounts, fan-out and caps",
  description: "In force when the answer is there.",
  security: access.security,
  request: { params, body: bodyOf(SourceChange) },
  responses: {
    200: jsonOf(Source, "As it is now."),
    ...guardedProblems("not_told", "invalid_request", ...BODY_REFUSALS, "not_found", "beyond_own_rights"),
  },
});

const postSecret = createRoute({
  method: "post",
  path: "/v1/sources/{id}/secrets",
  operationId: "rotateSecret",
  summary: "Give a source another secret beside the one it has",
  description: "Both are accepted until the overlap ends; `last_used_at` shows when the old one has gone quiet.",
  security: access.security,
  request: { params, body: bodyOf(Rotation) },
  responses: {
    201: jsonOf(RotatedSource, "Added, and accepted from now on."),
    ...guardedProblems("invalid_request", ...BODY_REFUSALS, "not_found", "too_many"),
  },
});

const deleteSecret = createRoute({
  method: "delete",
  path: "/v1/sources/{id}/secrets/{secret}",
  operationId: "retireSecret",
  summary: "Stop accepting one of a source's two secrets",
  description: "It is refused from the answer on.",
  ...access,
  request: { params: params.extend({ secret: z.string().meta({ description: "The secret's id." }) }) },
  responses: {
    200: jsonOf(Source, "As it is now."),
    ...guardedProblems("not_told", "invalid_request", "not_found", "last_secret"),
  },
});

const deleteSource = createRoute({
  method: "delete",
  path: "/v1/sources/{id}",
  operationId: "deleteSource",
  summary: "Delete a source",
  description: "Its secrets are erased, and it is refused from the answer on. Its id is never used again.",
  ...access,
  request: { params },
  responses: { 200: jsonOf(Source, "Deleted."), ...guardedProblems("not_told", "invalid_request", "not_found") },
});

export function mountSources(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getSources, async (c) => {
    const stored = await listSources(openDatabase(c.env.DB));
    return c.json(
      { sources: stored.map(({ source }) => source).filter((source) => isVisible(source, c.var.principal)) },
      200,
    );
  });
  app.openapi(getSource, async (c) => c.json(await mustFind(c, c.req.valid("param").id), 200));
  app.openapi(deleteSource, async (c) =>
    c.json(await change(c, c.req.valid("param").id, { kind: "delete", reason: undefined }), 200),
  );
  app.openapi(deleteSecret, async (c) => {
    const { id, secret } = c.req.valid("param");
    return c.json(await change(c, id, { kind: "retire_secret", secretId: secret }), 200);
  });

  // Registered by hand: the generated validator's JSON reader is not a strict one.
  for (const route of [postSource, patchSource, postSecret]) app.openAPIRegistry.registerPath(route);

  app.post(postSource.getRoutingPath(), ...access.middleware, async (c) => {
    const terms = await readBody(c, NewSource);
    await mustReach(c, [terms.account, ...(terms.accounts ?? [])]);
    mustStop(c, terms.signals);
    await mustReach(c, terms.fan_out ?? [], "/fan_out");
    if (terms.kind === "tradingview" && !c.var.config.UNSIGNED_SOURCES) {
      refuse(c, {
        code: "unsigned_sources_off",
        detail:
          'Set UNSIGNED_SOURCES to "true" in wrangler.toml, under [vars] or [env.production.vars], and start or deploy the gateway again.',
      });
    }
    const made = await makeSecret(c, terms.kind);
    const owned = { ...terms, owner: terms.owner ?? personOf(c.var.principal.id) };
    const { answer: source } = mustDo(c, await gatewayStub(c.env).createSource(owned, made.stored, callerOf(c)));
    await settle();
    return c.json({ source, ...show(source, made) }, 201, { Location: `/v1/sources/${source.id}` });
  });

  app.patch(patchSource.getRoutingPath(), ...access.middleware, async (c) => {
    const { id, kind } = await mustFind(c, c.req.param("id"));
    const terms = await readBody(c, SourceChange);
    const wrong = stopsTooMuch({ kind, signals: terms.signals });
    if (wrong.length > 0) refuse(c, invalidRequest(wrong.map(toFieldError)));
    await mustReach(c, terms.accounts ?? []);
    mustStop(c, terms.signals);
    const source = await change(c, id, { kind: "terms", change: terms });
    // It may be good for more than before.
    await settle();
    return c.json(source, 200);
  });

  app.post(postSecret.getRoutingPath(), ...access.middleware, async (c) => {
    const { id, kind } = await mustFind(c, c.req.param("id"));
    const { overlap_hours: hours } = await readBody(c, Rotation);
    const made = await makeSecret(c, kind);
    const overlapUntil = new Date(Date.now() + hours * 3_600_000).toISOString();
    // Nobody is shown it again, so it is shown, whoever has yet to learn when the older one ends.
    const { answer: source, untold } = mustDo(
      c,
      await ask(c, id, { kind: "add_secret", secret: made.stored, overlapUntil }),
    );
    await settle();
    return c.json({ source, ...show(source, made), untold_accounts: untold }, 201);
  });
}

/** From then on every isolate finds it, see the directory: whoever has seen the secret can use it. */
const settle = (): Promise<void> => scheduler.wait(SETTLED_MS);

type Made = Awaited<ReturnType<typeof makeSigningSecret>>;

const makeSecret = async (c: Context<AppEnv>, kind: Source["kind"]): Promise<Made> =>
  kind === "signed" ? makeSigningSecret(c.var.config, new Date()) : makeUrlToken(new Date());

const show = (source: Source, { shown, stored }: Made) =>
  source.kind === "signed" ? { secret: { id: stored.id, secret: shown } } : { path: `/webhooks/${source.id}/${shown}` };

const change = async (c: Context<AppEnv>, id: string, update: SourceUpdate): Promise<Source> =>
  mustBind(c, await ask(c, id, update));

async function ask(c: Context<AppEnv>, id: string, update: SourceUpdate) {
  const source = await mustFind(c, id);
  return gatewayStub(c.env).changeSource(source.id, update, callerOf(c));
}

async function mustFind(c: Context<AppEnv>, text: string): Promise<Source> {
  const id = SourceId.safeParse(text);
  const found = id.success ? await findSource(openDatabase(c.env.DB), id.data) : undefined;
  if (found !== undefined && isVisible(found.source, c.var.principal)) return found.source;
  return refuse(c, { code: "not_found", detail: "No source has this id." });
}

function mustStop(c: Context<AppEnv>, signals: SignalSettings | undefined): void {
  if (signals === undefined || !isBeyond(signals, c.var.principal)) return;
  const message = "you may not stop every account yourself";
  const errors = [{ pointer: "/signals/stop_reach", code: "beyond_own_rights", message }];
  mustDo(c, { ok: false, error: { reason: "beyond_own_rights", errors } });
}

const toFieldError = ({ path, message }: { readonly path: readonly string[]; readonly message: string }) => ({
  pointer: `/${path.join("/")}`,
  code: INVALID_FIELD,
  message,
});

async function mustReach(c: Context<AppEnv>, accounts: Source["accounts"], pointer = "/accounts"): Promise<void> {
  const { isThere } = asking(c);
  const there = await Promise.all(accounts.map((account) => isThere(account)));
  const missing = accounts.filter((_, at) => there[at] !== true);
  if (missing.length === 0) return;
  const errors = missing.map((account) => ({
    pointer,
    code: "account_unknown",
    message: `${account}: no such account`,
  }));
  refuse(c, { code: "invalid_request", detail: "Correct the fields listed in errors.", errors });
}
