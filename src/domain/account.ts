// What an operator says of a trading account, and what the account's object goes by.
import * as z from "zod";
import { changesSomething } from "./fields.ts";
import { AccountId } from "./ids.ts";
import { Origin } from "./origin.ts";
import type { ActiveOverride } from "./risk/overrides.ts";
import { Policy } from "./risk/policy.ts";
import { ChangeReason } from "./change-reason.ts";

/** The chain of the audit log that belongs to no account has this name. */
export const GATEWAY_CHAIN = "gateway";

/** The origin of a process on this machine. Keys that go there in plain text reach no wire. */
const LoopbackOrigin = z
  .string()
  .regex(/^http:\/\/(127\.0\.0\.1|localhost):[1-9]\d{0,4}$/, {
    error: "must be like http://127.0.0.1:8788, without a path",
    abort: true,
  })
  .refine((url) => Number(url.slice(url.lastIndexOf(":") + 1)) <= 65_535, { error: "must name a port up to 65535" });

/** From the least that a quarter can be taken of to more than one process answers. */
const REQUESTS_PER_MIN_RANGE = [4, 600_000] as const;
/** Alpaca's. */
const REQUESTS_PER_MIN = 200;

/** The paper venue inside the gateway: it has no address and no keys. */
const EmbeddedPaper = z.strictObject({ broker: z.literal("paper") });
const AlpacaPaper = z.strictObject({ broker: z.literal("alpaca_paper") });
const AlpacaLive = z.strictObject({ broker: z.literal("alpaca_live") });
/** The paper venue as a process of its own, in development only; `deduplication` is the one it was started with. */
const PaperProcess = z.strictObject({
  broker: z.literal("paper_process"),
  url: LoopbackOrigin,
  deduplication: z.enum(["permanent", "open_orders", "none"]).default("permanent"),
  requests_per_min: z.int().min(REQUESTS_PER_MIN_RANGE[0]).max(REQUESTS_PER_MIN_RANGE[1]).default(REQUESTS_PER_MIN),
});

/** Where an account is. It stays there: its positions, orders and nonces are those of that place. */
export const Connection = z
  .discriminatedUnion("broker", [EmbeddedPaper, AlpacaPaper, AlpacaLive, PaperProcess])
  .meta({ id: "Connection" });
export type Connection = z.infer<typeof Connection>;

export const needsCredentials = ({ broker }: Connection): boolean => broker !== "paper";

/** A broker's key, in clear: for the one call that needs it. */
export const BrokerCredentials = z.strictObject({
  key_id: z.string().regex(/^[\x21-\x7e]{1,200}$/, { error: "must be 1 to 200 printable ASCII characters" }),
  secret_key: z.string().regex(/^[\x21-\x7e]{1,200}$/, { error: "must be 1 to 200 printable ASCII characters" }),
});
export type BrokerCredentials = z.infer<typeof BrokerCredentials>;

/** `disabled` takes no orders; cancels pass, and what lives is followed. `deleted` keeps its record and its name, nothing else. */
export const AccountStatus = z.enum(["active", "disabled", "deleted"]);
export type AccountStatus = z.infer<typeof AccountStatus>;

/**
 * Whether what the account approves is sent. A `shadow` decides about every order as a `live` account does and keeps the decision;
 * its broker is asked and never told.
 */
export const AccountMode = z.enum(["live", "shadow"]);
export type AccountMode = z.infer<typeof AccountMode>;

/** What an operator has to say, word for word, before real money can move. */
const liveConfirmation = (account: AccountId): string => `Orders of account ${account} trade real money.`;

/** What is wrong with the operator's word that orders of the account may be sent, or `undefined`. */
export const missingConfirmation = (
  { id, connection }: Pick<Account, "id" | "connection">,
  said: string | undefined,
): string | undefined =>
  connection.broker === "alpaca_live" && said !== liveConfirmation(id)
    ? `must be "${liveConfirmation(id)}"`
    : undefined;

const Name = z.string().trim().min(1).max(100).meta({ description: "For people." });

const ConfirmLive = z.string().optional().meta({
  description: "For alpaca_live, where its orders are sent: `Orders of account <id> trade real money.`, word for word.",
});

export const NewAccount = z
  .strictObject({
    id: AccountId.refine((id) => id !== GATEWAY_CHAIN, { error: `${GATEWAY_CHAIN} is the gateway's own name` }),
    name: Name.optional(),
    connection: Connection,
    credentials: BrokerCredentials.optional().meta({
      description: "The broker's key; tried at the broker before it is kept, sealed, and never shown again.",
    }),
    policy: Policy,
    minimum_origin: Origin.default("hmac").meta({ description: "The least that a signal has to prove of its origin." }),
    mode: AccountMode.default("live").meta({
      description:
        "`live`: what is approved is sent to the broker, whichever that is. `shadow`: it is decided, kept, and never sent.",
    }),
    confirm_live: ConfirmLive,
    reason: ChangeReason.optional(),
  })
  .superRefine(({ id, connection, credentials, mode, confirm_live: confirmed }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    const { broker } = connection;
    if (needsCredentials(connection) && credentials === undefined) refuse("credentials", `required at ${broker}`);
    if (!needsCredentials(connection) && credentials !== undefined) refuse("credentials", `not used at ${broker}`);
    const missing = mode === "live" ? missingConfirmation({ id, connection }, confirmed) : undefined;
    if (missing !== undefined) refuse("confirm_live", missing);
  })
  .meta({ id: "NewAccount" });
export type NewAccount = z.infer<typeof NewAccount>;

/** What can change about an account in one request; the policy and the credentials have requests of their own. */
export const AccountChange = z
  .strictObject({
    name: Name.optional(),
    status: z.enum(["active", "disabled"]).optional(),
    minimum_origin: Origin.optional(),
    mode: AccountMode.optional(),
    confirm_live: ConfirmLive,
    reason: ChangeReason.optional(),
  })
  .refine((change) => changesSomething({ ...change, confirm_live: undefined }), {
    error: "change at least one of name, status, minimum_origin and mode",
  })
  .meta({ id: "AccountChange" });
export type AccountChange = z.infer<typeof AccountChange>;

/** An account as the API shows it: nothing here opens anything. */
export const Account = z
  .strictObject({
    id: AccountId,
    name: z.string().nullable(),
    status: AccountStatus,
    connection: Connection,
    credentials: z
      .strictObject({
        key_id: z.string().meta({ description: "Masked." }),
        venue_account: z.string().meta({ description: "The broker's number of the account, masked." }),
        checked_at: z.iso.datetime().meta({ description: "When the broker last took them." }),
        key_version: z.int().meta({ description: "The encryption key they are sealed under." }),
      })
      .nullable(),
    minimum_origin: Origin,
    mode: AccountMode,
    policy: Policy,
    policy_version: z.int(),
    revision: z.int().meta({ description: "Counts the changes." }),
    created_at: z.iso.datetime(),
    changed_at: z.iso.datetime(),
  })
  .meta({ id: "Account" });
export type Account = z.infer<typeof Account>;

/** What the account's object keeps of its account, to decide by. */
export type AccountConfiguration = Pick<
  Account,
  "status" | "connection" | "minimum_origin" | "mode" | "policy" | "policy_version" | "revision"
> & {
  /** Those of its policy that were not over when it was read, in the order in which they were set. */
  readonly overrides: readonly ActiveOverride[];
  /** The sealed credentials, as they stand in `broker_connections`. */
  readonly sealed_credentials: string | null;
};
