// Who may call the API, as an operator writes it down and as it is shown.
import * as z from "zod";
import { changesSomething } from "./fields.ts";
import { ApiKeyId } from "./api-key.ts";
import { AddressRange } from "./client-address.ts";
import { AccountId } from "./ids.ts";
import { Scope } from "./scope.ts";
import { ChangeReason } from "./change-reason.ts";

const ACCOUNTS_MAX = 100;
const RANGES_MAX = 50;

const Owner = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: "must be 1 to 32 of a-z, 0-9 and -" })
  .meta({
    description: "Who uses it: a person's or a program's name. Two live keys each, so that one can follow the other.",
  });

/** What somebody is good for: a key, and where they are named an operator. */
export const Rights = {
  scopes: z.array(Scope).min(1),
  accounts: z
    .array(AccountId)
    .min(1)
    .max(ACCOUNTS_MAX)
    .nullable()
    .meta({ description: "The accounts it is good for; all of them, also later ones, when null." }),
  addresses: z
    .array(AddressRange)
    .max(RANGES_MAX)
    .meta({ description: "Where it may be used from: addresses or CIDR ranges; anywhere when empty." }),
  expires_at: z.iso.datetime().nullable().meta({ description: "Good until then; without an end when null." }),
};

export const ApiKeyTerms = z
  .strictObject({
    owner: Owner,
    scopes: Rights.scopes,
    accounts: Rights.accounts.default(null),
    addresses: Rights.addresses.default([]),
    expires_at: Rights.expires_at.default(null),
    reason: ChangeReason.optional(),
  })
  .meta({ id: "NewApiKey" });
export type ApiKeyTerms = z.infer<typeof ApiKeyTerms>;

/** What can change about an API key. */
export const ApiKeyChange = z
  .strictObject({
    status: z.enum(["active", "disabled"]).optional(),
    scopes: Rights.scopes.optional(),
    accounts: Rights.accounts.optional(),
    addresses: Rights.addresses.optional(),
    expires_at: Rights.expires_at.optional(),
    reason: ChangeReason.optional(),
  })
  .refine(changesSomething, {
    error: "change at least one of status, scopes, accounts, addresses and expires_at",
  })
  .meta({ id: "ApiKeyChange" });
export type ApiKeyChange = z.infer<typeof ApiKeyChange>;

export const ApiKeyStatus = z.enum(["active", "disabled", "deleted"]);

/** An API key as it may be shown. */
export const ApiKey = z
  .strictObject({
    id: ApiKeyId,
    owner: Owner,
    status: ApiKeyStatus,
    ...Rights,
    created_by: z.string(),
    created_at: z.iso.datetime(),
    changed_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable().meta({ description: "To the minute, and up to a minute late." }),
    rotation_due: z.boolean().meta({ description: "Older than 90 days: make another one and delete this one." }),
    revision: z.int(),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof ApiKey>;

/** Who asks, and what for: an API key, an operator, or on a laptop anybody. */
export type Principal = {
  readonly kind: "api_key" | "operator";
  /** As it stands in the audit log. */
  readonly id: string;
  /** Whom people know by it: a key's owner, the address an operator signs in with. Never stored. */
  readonly person: string;
  readonly scopes: readonly Scope[];
  /** `null`: every account. */
  readonly accounts: readonly AccountId[] | null;
  /** Where it may be used from; anywhere when empty. */
  readonly addresses: readonly AddressRange[];
  /** `null`: without an end. */
  readonly expires_at: string | null;
};

/** Of somebody who is bound neither to a place nor to a time. */
export const UNBOUND = { addresses: [], expires_at: null } as const;

/** Who is behind a principal: the owner of an API key, who may have two of them, or the operator. */
export const personOf = (principal: string): string => principal.split("/", 1)[0] ?? principal;

export const mayUse = ({ accounts }: Pick<Principal, "accounts">, account: AccountId): boolean =>
  accounts === null || accounts.includes(account);
