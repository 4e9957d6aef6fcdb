// A broker's key on its way into storage: tried at the broker, sealed, and shown to nobody again.
import { brokerFor } from "../brokers/registry.ts";
import type { Config } from "../config.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { BrokerCredentials, Connection } from "../domain/account.ts";
import type { AccountId } from "../domain/ids.ts";
import { type Result, assert, err, ok } from "../domain/result.ts";
import type { StoredCredentials } from "../storage/accounts.ts";
import { seal } from "../vault/envelope.ts";
import { keyringOf } from "../vault/keyring.ts";
import { credentialsPlace } from "../vault/places.ts";
import { keyVersionOf } from "../vault/sealed.ts";

export type CredentialsRefusal =
  | { readonly reason: "credentials_refused"; readonly detail: string }
  | { readonly reason: "broker_silent"; readonly code: string };

export async function sealCredentials(
  account: AccountId,
  connection: Connection,
  credentials: BrokerCredentials,
  { config, env }: { readonly config: Config; readonly env: Env },
): Promise<Result<StoredCredentials, CredentialsRefusal>> {
  const keys = { keyId: credentials.key_id, secretKey: credentials.secret_key };
  const deps = { account, env, paperVenue: config.PAPER_VENUE, credentials: () => Promise.resolve(keys) };
  const identity = await brokerFor(connection, deps).identify();
  const refused = (detail: string) => err({ reason: "credentials_refused" as const, detail });
  switch (identity.ending) {
    case "refused":
      return refused(`The broker does not take them at ${connection.broker}; paper and live keys are different ones.`);
    case "not_sent":
    case "unknown":
      return err({ reason: "broker_silent", code: identity.code });
    case "identified":
      if (connection.broker === "alpaca_live" && identity.is_paper) return refused("They open a paper account.");
      if (identity.blocked !== null) return refused(`The broker takes no orders there: ${identity.blocked}.`);
  }
  const keyring = await keyringOf(config.CREDENTIALS_ENCRYPTION_KEYS);
  const sealed = await seal(keyring, credentialsPlace(account), JSON.stringify(credentials));
  assert(sealed.ok, "what the schema has passed can be sealed");
  return ok({
    sealed: sealed.value,
    keyVersion: keyVersionOf(sealed.value) ?? keyring.primary,
    keyIdMasked: masked(credentials.key_id),
    venueAccountMasked: masked(identity.venue_account),
    venueAccountSha256: sha256Hex(encodeUtf8(`${connection.broker} ${identity.venue_account}`)),
    checkedAt: new Date().toISOString(),
  });
}

/** Enough to tell one from another, too little to use. */
const masked = (text: string): string => (text.length < 12 ? "…" : `${text.slice(0, 2)}…${text.slice(-2)}`);
