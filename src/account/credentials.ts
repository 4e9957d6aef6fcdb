// The account's key at its broker: sealed in storage, opened for one call.
import type { AlpacaCredentials } from "../brokers/alpaca/adapter.ts";
import type { Config } from "../config.ts";
import { BrokerCredentials } from "../domain/account.ts";
import type { AccountId } from "../domain/ids.ts";
import { log } from "../log.ts";
import { open } from "../vault/envelope.ts";
import { keyringOf } from "../vault/keyring.ts";
import { credentialsPlace } from "../vault/places.ts";

/** `undefined` when they do not open: then the log says so, and nothing is sent. */
export async function openCredentials(
  account: AccountId,
  sealed: string | null,
  config: Pick<Config, "CREDENTIALS_ENCRYPTION_KEYS">,
): Promise<AlpacaCredentials | undefined> {
  const keyring = await keyringOf(config.CREDENTIALS_ENCRYPTION_KEYS);
  const opened = sealed === null ? undefined : await open(keyring, credentialsPlace(account), sealed);
  if (opened?.ok === true) {
    const { key_id: keyId, secret_key: secretKey } = BrokerCredentials.parse(JSON.parse(opened.value));
    return { keyId, secretKey };
  }
  log("error", "vault.credentials_closed", {
    account,
    ...(opened === undefined ? { reason: "missing" } : opened.error),
  });
  return undefined;
}
