// Env becomes Config once, through one schema, and fails closed: an error names the setting and never its value.
import * as z from "zod";
import { PaperVenueDeduplication, PaperVenueSettings } from "./brokers/paper/settings.ts";
import { AccountId } from "./domain/ids.ts";
import { Policy } from "./domain/risk/policy.ts";
import { REPLAY_WINDOW_MAX_SEC } from "./domain/signature.ts";
import { type Result, err, ok } from "./domain/result.ts";

const SECRET_CHARACTERS_MIN = 32;
/** The key that signs now and the one it replaces. */
const HMAC_SECRETS_MAX = 2;
const ACCOUNTS_MAX = 100;

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

/** Without the keys that every object inherits: `constructor` is a well-formed account id, and nobody's account. */
const withoutPrototype = <T extends object>(record: T): T => Object.assign(Object.create(null), record);

/** The origin of a process on this machine. Keys that go there in plain text reach no wire. */
const LoopbackOrigin = z
  .string()
  .regex(/^http:\/\/(127\.0\.0\.1|localhost):[1-9]\d{0,4}$/, {
    error: "must be like http://127.0.0.1:8788, without a path",
    abort: true,
  })
  .refine((url) => URL.canParse(url), { error: "must name a port up to 65535" });

/** From the least that a quarter can be taken of (`brokers/alpaca/rate-limit.ts`) to more than one process answers. */
const REQUESTS_PER_MIN_RANGE = [4, 600_000] as const;
/** Alpaca's. */
const REQUESTS_PER_MIN = 200;

/** The embedded paper venue: everything about it is in `PAPER_VENUE`. */
const EmbeddedAccount = z.strictObject({ broker: z.literal("paper"), policy: Policy });

const AlpacaAccount = z.strictObject({ broker: z.enum(["alpaca_paper", "alpaca_live"]), policy: Policy });

/** The paper venue as a process of its own (`cli/paper-venue.ts`); `deduplication` is the one it was started with. */
const PaperProcessAccount = z.strictObject({
  broker: z.literal("paper_process"),
  url: LoopbackOrigin,
  deduplication: PaperVenueDeduplication,
  requests_per_min: z.int().min(REQUESTS_PER_MIN_RANGE[0]).max(REQUESTS_PER_MIN_RANGE[1]).default(REQUESTS_PER_MIN),
  policy: Policy,
});

const AccountSettings = z.discriminatedUnion("broker", [EmbeddedAccount, AlpacaAccount, PaperProcessAccount]);
export type AccountSettings = z.infer<typeof AccountSettings>;

const Credentials = z.strictObject({ key_id: z.string().min(1).max(200), secret_key: z.string().min(1).max(200) });

/** A JSON object in a text setting: account id → broker credentials. `{}` when every account is at the paper venue. */
const BrokerCredentials = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "must be a JSON object" });
      return z.NEVER;
    }
  })
  .pipe(z.record(AccountId, Credentials).transform(withoutPrototype));

const Settings = z
  .object({
    ENVIRONMENT: z.enum(["development", "staging", "production"]),
    REPLAY_WINDOW_SEC: WholeNumber(1, REPLAY_WINDOW_MAX_SEC),
    RATE_LIMIT_RPS: WholeNumber(1, 1000),
    MAINTENANCE_MODE: z
      .enum(["true", "false"])
      .default("false")
      .transform((text) => text === "true"),
    API_KEY_HMAC_SECRET: HmacSecrets,
    BOOTSTRAP_API_KEY: Secret,
    BROKER_CREDENTIALS: BrokerCredentials,
    DEFAULT_ACCOUNT: AccountId,
    ACCOUNTS: z
      .record(AccountId, AccountSettings)
      .refine((accounts) => Object.keys(accounts).length <= ACCOUNTS_MAX, {
        error: `must hold at most ${ACCOUNTS_MAX} accounts`,
      })
      .transform(withoutPrototype),
    PAPER_VENUE: PaperVenueSettings,
  })
  .superRefine((settings, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (settings.ACCOUNTS[settings.DEFAULT_ACCOUNT] === undefined) refuse(["DEFAULT_ACCOUNT"], "names no account");
    for (const [id, account] of Object.entries(settings.ACCOUNTS)) {
      const credentials = settings.BROKER_CREDENTIALS[AccountId.parse(id)];
      if (account.broker !== "paper" && credentials === undefined) {
        refuse(["BROKER_CREDENTIALS", id], `has no credentials for an account at ${account.broker}`);
      }
      if (account.broker === "paper_process" && settings.ENVIRONMENT !== "development") {
        refuse(["ACCOUNTS", id, "broker"], "may be paper_process in development only");
      }
    }
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
    : err(parsed.error.issues.map((issue) => ({ setting: issue.path.join("."), problem: problemOf(issue) })));
  cache.set(env, result);
  return result;
}

/** zod's own messages name types and limits; what was received stays out of them, and so do the keys of a secret. */
const problemOf = (issue: z.core.$ZodIssue): string =>
  issue.code === "unrecognized_keys" && issue.path[0] === "BROKER_CREDENTIALS" ? "has an unknown key" : issue.message;
