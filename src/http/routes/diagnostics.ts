// GET /v1/diagnostics: everything that can be wrong with a running gateway, looked at once.
import { type OpenAPIHono, createRoute } from "@hono/zod-openapi";
import { worstOf } from "../../domain/check.ts";
import { diagnose } from "../../diagnostics/diagnose.ts";
import { Diagnostics } from "../../diagnostics/gateway-checks.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { refuse } from "../problem.ts";

const getDiagnostics = createRoute({
  method: "get",
  path: "/v1/diagnostics",
  operationId: "getDiagnostics",
  summary: "Look at everything that can be wrong with the gateway",
  description:
    "Settings, bindings, database, vault, API keys, and every account with its broker; of many accounts the first 20. Brokers " +
    "are asked through the accounts' own request budgets. Needs a key that is good for all accounts.",
  // Whoever may look after accounts has to be able to find out why one does not trade.
  ...guarded(["admin:accounts"]),
  responses: { 200: jsonOf(Diagnostics, "How it stands, well or not."), ...guardedProblems("beyond_own_rights") },
});

export function mountDiagnostics(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getDiagnostics, async (c) => {
    const now = new Date();
    if (c.var.principal.accounts !== null) {
      refuse(c, { code: "beyond_own_rights", detail: "Diagnostics are for keys that are good for all accounts." });
    }
    const { config } = c.var;
    // Cloudflare names every request that passes it, and nobody else can set this header there.
    const isAtEdge = c.req.header("CF-Ray") !== undefined;
    const checks = await diagnose({ config, env: c.env, caller: callerOf(c), isAtEdge, now });
    const time = now.toISOString();
    return c.json({ status: worstOf(checks), time, replay_window_sec: config.REPLAY_WINDOW_SEC, checks }, 200);
  });
}
