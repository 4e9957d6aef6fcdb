// Who sends signals, and what each may do.
import * as z from "zod";
import { changesSomething } from "./fields.ts";
import { AccountId, SourceId } from "./ids.ts";
import { PositiveDecimal } from "./money.ts";
import { Origin } from "./origin.ts";
import { SignalSettings } from "./signal/settings.ts";
import { SIGNATURE_SCHEMES } from "./signature.ts";
import { ChangeReason } from "./change-reason.ts";

/** Fed from API_KEY_HMAC_SECRET alone; and where orders come from that no source has signed. */
export const DEFAULT_SOURCE = SourceId.parse("default");
export const API_SOURCE = SourceId.parse("api");

const ACCOUNTS_MAX = 20;
const FINGERPRINTS_MAX = 5;
const DEDUPLICATE_SEC = 300;
const DEDUPLICATE_SEC_MAX = 86_400;

/** How much one source may do, beside what the account's policy allows. */
export const SourceCaps = z
  .strictObject({
    signals_per_min: z
      .int()
      .min(1)
      .max(60_000)
      .meta({ description: "Signals a minute to one account; a tenth at once." }),
    max_quantity: PositiveDecimal.optional().meta({ description: "Units in one order." }),
    max_notional: PositiveDecimal.optional().meta({ description: "Money in one order." }),
  })
  .meta({ id: "SourceCaps" });
export type SourceCaps = z.infer<typeof SourceCaps>;

const Reach = {
  id: SourceId.refine((id) => id !== DEFAULT_SOURCE && id !== API_SOURCE, { error: "is the gateway's own name" }),
  name: z.string().trim().min(1).max(100).optional().meta({ description: "For people." }),
  owner: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: "Who is behind its signals, as API keys name their owners; whoever adds it when absent." }),
  account: AccountId.meta({
    description: "Where signals go that name no account. It stays: an old signal must not become fresh at another one.",
  }),
  accounts: z
    .array(AccountId)
    .max(ACCOUNTS_MAX)
    .optional()
    .meta({ description: "Every account its signals may name; `account` alone when absent." }),
  fan_out: z
    .array(AccountId)
    .max(ACCOUNTS_MAX)
    .optional()
    .meta({
      description:
        "Accounts that get each signal that names none, as `account` does; each decides by itself. Later on accounts can be taken " +
        "out and none put in: an old signal must not become fresh at another one.",
    }),
  reason: ChangeReason.optional(),
};

const Signals = SignalSettings.meta({ description: "How its signals are read, and what they leave to be said." });

const NewSignedSource = z.strictObject({
  ...Reach,
  kind: z.literal("signed"),
  schemes: z
    .array(z.enum(SIGNATURE_SCHEMES))
    .min(1)
    .default(["v1", "standard_webhooks"])
    .meta({ description: "`sha256` signs the body alone, which can then be sent once, ever." }),
  caps: SourceCaps.optional(),
  signals: Signals.prefault({}),
});

/** Lower-case hex of SHA-256, as Cloudflare names a client certificate. */
const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/, { error: "must be 64 lower-case hex digits" });

const NewTradingViewSource = z.strictObject({
  ...Reach,
  kind: z.literal("tradingview"),
  origin: Origin.exclude(["hmac"])
    .default("ip")
    .meta({ description: "What each of its signals has to prove, beside the token in the URL." }),
  certificate_fingerprints: z.array(Fingerprint).max(FINGERPRINTS_MAX).default([]),
  deduplicate_sec: z.int().min(1).max(DEDUPLICATE_SEC_MAX).default(DEDUPLICATE_SEC).meta({
    description:
      "For so long the same bytes are the same signal. An order's name and a bar's time make it one for good.",
  }),
  caps: SourceCaps.required().meta({ description: "All of them: whoever learns the URL can do as much." }),
  signals: Signals.prefault({}),
});

export const NewSource = z
  .discriminatedUnion("kind", [NewSignedSource, NewTradingViewSource])
  .superRefine((source, context) => {
    for (const { path, message } of stopsTooMuch(source)) context.addIssue({ code: "custom", path, message });
    if (source.kind !== "tradingview" || source.origin !== "certificate") return;
    if (source.certificate_fingerprints.length > 0) return;
    context.addIssue({ code: "custom", path: ["certificate_fingerprints"], message: "required by origin certificate" });
  })
  .meta({ id: "NewSource" });
export type NewSource = z.infer<typeof NewSource>;

/** What is wrong with these settings for a source of this kind: whoever learns an address must not stop others with it. */
export const stopsTooMuch = ({
  kind,
  signals,
}: {
  readonly kind: NewSource["kind"];
  readonly signals?: SignalSettings | undefined;
}): readonly { readonly path: string[]; readonly message: string }[] =>
  kind === "signed" || signals === undefined || signals.stop_reach === "source"
    ? []
    : [{ path: ["signals", "stop_reach"], message: "must be source where signals are not signed" }];

/** What can change about a source. Its default account cannot, and neither can its kind. */
export const SourceChange = z
  .strictObject({
    name: Reach.name,
    owner: Reach.owner,
    status: z.enum(["active", "disabled"]).optional(),
    accounts: Reach.accounts,
    fan_out: Reach.fan_out,
    caps: SourceCaps.optional(),
    signals: Signals.optional(),
    reason: Reach.reason,
  })
  .refine(changesSomething, {
    error: "change at least one of name, owner, status, accounts, fan_out, caps and signals",
  })
  .meta({ id: "SourceChange" });
export type SourceChange = z.infer<typeof SourceChange>;

/** A secret, or a URL's token, as it may be shown: `id` is in the audit entries of the signals it proved. */
const SourceSecret = z.strictObject({
  id: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable().meta({ description: "Accepted until then; without an end when null." }),
  last_used_at: z.iso.datetime().nullable().meta({ description: "To the minute, and up to a minute late." }),
});

export const SourceStatus = z.enum(["active", "disabled", "deleted"]);

const Common = {
  id: SourceId,
  name: z.string().nullable(),
  owner: z.string().nullable().meta({ description: "Who is behind its signals; null where nobody has said." }),
  status: SourceStatus,
  account: AccountId,
  accounts: z
    .array(AccountId)
    .meta({ description: "Every account its signals may go to, `account` and `fan_out` among them." }),
  fan_out: z.array(AccountId).meta({ description: "The accounts beside `account` that get what names no account." }),
  secrets: z.array(SourceSecret).meta({ description: "The live ones, the oldest first; two at most." }),
  signals: Signals,
  revision: z.int(),
  created_at: z.iso.datetime(),
  changed_at: z.iso.datetime(),
};

/** A source as the API shows it. */
export const Source = z
  .discriminatedUnion("kind", [
    z.strictObject({
      ...Common,
      kind: z.literal("signed"),
      schemes: z.array(z.enum(SIGNATURE_SCHEMES)),
      caps: SourceCaps.nullable(),
    }),
    z.strictObject({
      ...Common,
      kind: z.literal("tradingview"),
      origin: Origin,
      certificate_fingerprints: z.array(z.string()),
      deduplicate_sec: z.int(),
      caps: SourceCaps,
    }),
  ])
  .meta({ id: "Source" });
export type Source = z.infer<typeof Source>;
