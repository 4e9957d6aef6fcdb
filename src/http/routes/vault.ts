// /v1/vault: how much is sealed under which key, and moving all of it under the first one.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { gatewayStub } from "../../gateway/stub.ts";
import { countSealed } from "../../storage/sealed.ts";
import { openDatabase } from "../../storage/client.ts";
import { notTold } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";

const access = guarded(["admin:vault"]);

const Vault = z
  .object({
    primary: z.int().meta({ description: "The version that seals." }),
    versions: z.array(
      z.object({
        version: z.int(),
        rows: z.int().meta({ description: "Sealed under it. With 0, its key can be taken out of the setting." }),
        has_key: z
          .boolean()
          .meta({ description: "Whether the setting has its key; without it these rows are closed." }),
      }),
    ),
  })
  .meta({ id: "Vault" });

const Rewrapped = z
  .object({
    primary: z.int(),
    rewrapped: z.int().meta({ description: "Rows moved under the primary version by this request." }),
    left: z.int().meta({ description: "Rows still under another version: repeat the request until there are none." }),
    closed: z.array(z.string()).meta({ description: "Rows that do not open, by table and id." }),
  })
  .meta({ id: "Rewrapped" });

const getVault = createRoute({
  method: "get",
  path: "/v1/vault",
  operationId: "getVault",
  summary: "Count what is sealed under which key version",
  ...access,
  responses: { 200: jsonOf(Vault, "By version."), ...guardedProblems("beyond_own_rights") },
});

const postRewrap = createRoute({
  method: "post",
  path: "/v1/vault/rewrap",
  operationId: "rewrapVault",
  summary: "Move sealed rows under the primary key version, some at a time",
  description: "Nothing is opened, and nothing stops meanwhile. Repeat it until `left` is 0.",
  ...access,
  responses: { 200: jsonOf(Rewrapped, "What was done."), ...guardedProblems("beyond_own_rights", "not_told") },
});

export function mountVault(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getVault, async (c) => {
    mustHaveAll(c);
    const keys = c.var.config.CREDENTIALS_ENCRYPTION_KEYS.map(({ version }) => version);
    const counts = await countSealed(openDatabase(c.env.DB));
    const versions = [...new Set([...keys, ...counts.keys()])].map((version) => ({
      version,
      rows: counts.get(version) ?? 0,
      has_key: keys.includes(version),
    }));
    return c.json({ primary: keys[0] ?? 0, versions }, 200);
  });

  app.openapi(postRewrap, async (c) => {
    mustHaveAll(c);
    const { answer, untold } = await gatewayStub(c.env).rewrap(callerOf(c));
    if (untold.length > 0) return notTold(c, untold);
    const { primary, rewrapped, left, closed } = answer;
    return c.json({ primary, rewrapped, left, closed: [...closed] }, 200);
  });
}

/** What is sealed belongs to all accounts. */
function mustHaveAll(c: Context<AppEnv>): void {
  if (c.var.principal.accounts === null) return;
  refuse(c, { code: "beyond_own_rights", detail: "The vault is for keys that are good for all accounts." });
}
