// Env becomes Config once, through one schema, and fails closed: an error names the setting and never its value.
import * as z from "zod";
import { PaperVenueSettings } from "./brokers/paper/settings.ts";
import { CloudflareAccess } from "./domain/cloudflare-access.ts";
import { AccountId } from "./domain/ids.ts";
import { Limits } from "./domain/limit.ts";
import { REPLAY_WINDOW_MAX_SEC } from "./domain/signature.ts";
import { type Result, err, ok } from "./domain/result.ts";
import { WebOrigins, isLoopback } from "./domain/web-origin.ts";
import { EncryptionKeys } from "./vault/keyring.ts";

const SECRET_CHARACTERS_MIN = 32;
/** The key that signs now and the one it replaces. */
const HMAC_SECRETS_MAX = 2;

const WholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: "must be a whole number" })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `must be from ${min} to ${max}` });

const Secret = z
  .string()
  .min(SECRET_CHARACTERS_MIN, { error: `must have at least ${SECRET_CHARACTERS_MIN} characters` });

/** `"new"` or `"old,new"`. An empty item would be a key that anybody can compute, so it is refused, not skipped. */
const HmacSecrets = z
  .string()
  .transform((text) => text.split(",").map((item) => item.trim()))
  .refine((items) => items.length <= HMAC_SECRETS_MAX, { error: `must hold at most ${HMAC_SECRETS_MAX} secrets` })
  .refine((items) => items.every((item) => item.length >= SECRET_CHARACTERS_MIN), {
    error: `each secret must have at least ${SECRET_CHARACTERS_MIN} characters`,
  })
  .refine((items) => new Set(items).size === items.length, { error: "must not hold the same secret twice" });

const Flag = (whenAbsent: "true" | "false") =>
  z
    .enum(["true", "false"])
    .default(whenAbsent)
    .transform((text) => text === "true");

const Settings = z
  .object({
    ENVIRONMENT: z.enum(["development", "staging", "production"]),
    REPLAY_WINDOW_SEC: WholeNumber(1, REPLAY_WINDOW_MAX_SEC),
    RATE_LIMIT_RPS: WholeNumber(1, 1000),
    MAINTENANCE_MODE: Flag("false"),
    API_KEY_HMAC_SECRET: HmacSecrets,
    API_KEY_ENABLED: Flag("true"),
    /** The operator's first key: it makes the others. */
    BOOTSTRAP_API_KEY: Secret,
    CREDENTIALS_ENCRYPTION_KEYS: EncryptionKeys,
    /** Absent: nobody comes through Cloudflare Access. */
    CLOUDFLARE_ACCESS: CloudflareAccess.optional(),
    /** Absent: no page of another origin reads an answer. */
    CORS_ORIGINS: WebOrigins,
    /** Whether sources that cannot sign may send at all. */
    UNSIGNED_SOURCES: Flag("false"),
    DEFAULT_ACCOUNT: AccountId,
    LIMITS: Limits,
    PAPER_VENUE: PaperVenueSettings,
  })
  .superRefine((settings, context) => {
    if (settings.ENVIRONMENT === "development") return;
    const refuse = (setting: string, message: string) =>
      context.addIssue({ code: "custom", path: [setting], message: `${message} in development only` });
    if (!settings.API_KEY_ENABLED) refuse("API_KEY_ENABLED", "may be false");
    if (settings.CORS_ORIGINS.some(isLoopback)) refuse("CORS_ORIGINS", "may name an origin without https");
  });

/** Every setting, checked. */
export type Config = z.infer<typeof Settings>;

/** A setting that is missing or unusable: its name, and what it has to be. */
export type ConfigProblem = { readonly setting: string; readonly problem: string };

const cache = new WeakMap<object, Result<Config, readonly ConfigProblem[]>>();

/** Reads and checks the Worker's environment; the answer is kept as long as the isolate keeps its environment. */
export function readConfig(env: object): Result<Config, readonly ConfigProblem[]> {
  const known = cache.get(env);
  if (known !== undefined) return known;
  const parsed = Settings.safeParse(env);
  const result = parsed.success
    ? ok(parsed.data)
    : err(parsed.error.issues.map((issue) => ({ setting: issue.path.join("."), problem: issue.message })));
  cache.set(env, result);
  return result;
}
