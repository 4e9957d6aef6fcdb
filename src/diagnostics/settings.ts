// Settings that are valid, and a risk all the same. Pure.
import type { Config } from "../config.ts";
import type { Account } from "../domain/account.ts";
import { failed, listed, passed, warned } from "../domain/check.ts";
import type { Source } from "../domain/source.ts";
import type { GatewayCheck } from "./gateway-checks.ts";

type RiskySettings = Pick<Config, "ENVIRONMENT" | "API_KEY_ENABLED" | "UNSIGNED_SOURCES" | "MAINTENANCE_MODE">;

type SourceFacts = Pick<Source, "id" | "kind" | "status">;

type Around = {
  /** The request came through Cloudflare, so this is no laptop. */
  readonly isAtEdge: boolean;
  /** None while the database cannot be read. */
  readonly sources: readonly SourceFacts[];
};

export const checkSettings = (settings: RiskySettings, { isAtEdge, sources }: Around): GatewayCheck[] => [
  checkEnvironment(settings, isAtEdge),
  settings.API_KEY_ENABLED
    ? passed("settings.api_key_enabled", "API keys are asked for.")
    : warned(
        "settings.api_key_enabled",
        "API keys are not asked for: whoever reaches the gateway may do everything.",
        'Set API_KEY_ENABLED = "true", and start or deploy it again.',
      ),
  checkUnsignedSources(settings, sources),
  settings.MAINTENANCE_MODE
    ? warned(
        "settings.maintenance_mode",
        "Maintenance is on: new orders are turned away.",
        'When the work is done, set MAINTENANCE_MODE = "false", and start or deploy it again.',
      )
    : passed("settings.maintenance_mode", "New orders are taken."),
];

function checkEnvironment({ ENVIRONMENT: environment }: RiskySettings, isAtEdge: boolean): GatewayCheck {
  const isMistaken = environment === "development" && isAtEdge;
  return isMistaken
    ? failed(
        "settings.environment",
        "It runs as development and is reached through Cloudflare, where what is meant for a laptop is a hole.",
        "Deploy it as what it is: npx wrangler deploy --env production (docs/operating.md has workers.dev).",
      )
    : passed("settings.environment", `It runs as ${environment}.`);
}

/** Either way somebody may be in for a surprise: by who can send, or by who cannot. */
function checkUnsignedSources(settings: RiskySettings, sources: readonly SourceFacts[]): GatewayCheck {
  const check = "settings.unsigned_sources";
  if (settings.UNSIGNED_SOURCES) {
    return warned(
      check,
      "Sources that cannot sign may send: whoever learns the address of one can send as it.",
      'If there is none that has to, set UNSIGNED_SOURCES = "false". Else give each small caps of its own.',
    );
  }
  const refused = sources.filter(({ kind, status }) => kind === "tradingview" && status === "active");
  if (refused.length > 0) {
    return warned(
      check,
      `Only sources that sign may send, so ${listed(refused.map(({ id }) => id))} cannot: every alert is refused.`,
      'If they are to send, set UNSIGNED_SOURCES = "true", and start or deploy it again. Else: npx sallyport sources disable SOURCE',
    );
  }
  return passed(check, "Only sources that sign may send.");
}

/** `account`: the one that the setting names, deleted or not, if there has been one. */
export function checkDefaultAccount(
  environment: Config["ENVIRONMENT"],
  account: Pick<Account, "id" | "status" | "connection"> | undefined,
): GatewayCheck {
  const check = "settings.default_account";
  if (account?.status === "deleted") {
    return warned(
      check,
      `The default account ${account.id} is deleted: signals that name none are refused.`,
      "Its id is never used again. Let DEFAULT_ACCOUNT name another account, and set a new API_KEY_HMAC_SECRET with it: a secret " +
        "that has been used keeps its account.",
    );
  }
  if (account === undefined) {
    return warned(
      check,
      "DEFAULT_ACCOUNT names no account: signals that name none themselves are refused.",
      "Make it with npx sallyport accounts create, or let DEFAULT_ACCOUNT name one that is there.",
    );
  }
  if (account.status === "disabled") {
    return warned(
      check,
      `The default account ${account.id} is disabled: signals that name none are refused.`,
      `npx sallyport accounts enable ${account.id}`,
    );
  }
  if (environment === "production" && account.connection.broker === "paper") {
    return warned(
      check,
      `In production, signals that name no account go to ${account.id}, which is at the embedded paper venue.`,
      "If they are to trade, docs/operating.md says how to go live.",
    );
  }
  return passed(check, `Signals that name no account go to ${account.id}.`);
}
