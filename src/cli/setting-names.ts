// The settings of a gateway by name: all that its schema asks for, whether wrangler.toml sets it or not.

/** What `[secrets]` requires. */
export const SECRETS = ["API_KEY_HMAC_SECRET", "BOOTSTRAP_API_KEY", "CREDENTIALS_ENCRYPTION_KEYS"] as const;

/** What `[vars]` may set. */
export const VARS = [
  "ENVIRONMENT",
  "REPLAY_WINDOW_SEC",
  "RATE_LIMIT_RPS",
  "MAINTENANCE_MODE",
  "DEFAULT_ACCOUNT",
  "API_KEY_ENABLED",
  "UNSIGNED_SOURCES",
  "CORS_ORIGINS",
  "CLOUDFLARE_ACCESS",
  "LIMITS",
  "PAPER_VENUE",
] as const;

/** Wrangler's own, which says what part of wrangler.toml counts. */
const WRANGLER_ENVIRONMENT = "CLOUDFLARE_ENV";

const NAMES: ReadonlySet<string> = new Set([...SECRETS, ...VARS, WRANGLER_ENVIRONMENT]);

/**
 * An environment without any of them. `wrangler dev` lets what its caller has exported win over its files and says nothing:
 * a key from somewhere else would be in force, and the one in `.dev.vars` would open nothing.
 */
export const withoutSettings = <T>(env: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !NAMES.has(name)));
