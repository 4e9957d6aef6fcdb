// The checks of a running gateway by name, as the API shows them.
import * as z from "zod";
import type { Check } from "../domain/check.ts";
import { CLOCK_SKEW_SEC } from "../domain/signature.ts";

/** Every check that `GET /v1/diagnostics` can answer with. What is in here stays what it is called: alerts go by it. */
const CHECKS = [
  "settings.environment",
  "settings.api_key_enabled",
  "settings.unsigned_sources",
  "settings.maintenance_mode",
  "settings.default_account",
  "binding.DB",
  "binding.ACCOUNTS_DO",
  "binding.PAPER_VENUES_DO",
  "binding.LIMITERS_DO",
  "binding.GATEWAY_DO",
  "database.migrations",
  "database.triggers",
  "vault.keys",
  "vault.rotation",
  "sources.secrets",
  "api_keys.expiry",
  "api_keys.rotation",
  "accounts",
  "account.broker",
  "account.circuit_breaker",
  "account.audit_log",
] as const;

const CheckView = z
  .object({
    check: z.enum(CHECKS).meta({ description: "Stable; the thing to branch on." }),
    account: z.string().nullable().meta({ description: "The account that it is about, if it is about one." }),
    status: z
      .enum(["ok", "warning", "failed"])
      .meta({ description: "`warning`: it works, and somebody should know. `failed`: something does not work." }),
    detail: z.string(),
    advice: z.string().nullable().meta({ description: "What to do; `null` where all is well." }),
  })
  .meta({ id: "Check" });

/** What `GET /v1/diagnostics` answers. */
export const Diagnostics = z
  .object({
    status: z.enum(["ok", "warning", "failed"]).meta({ description: "The worst of the checks." }),
    time: z.iso.datetime().meta({ description: "The gateway's clock, when the request came." }),
    replay_window_sec: z.int().meta({
      description:
        "How old a signature may be, and so how far a sender's clock may be behind the gateway's. It may be " +
        `${CLOCK_SKEW_SEC} seconds ahead.`,
    }),
    checks: z.array(CheckView),
  })
  .meta({ id: "Diagnostics" });

export type GatewayCheckId = (typeof CHECKS)[number];
export type GatewayCheck = Check<GatewayCheckId>;
