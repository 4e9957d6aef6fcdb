// A source that signs, ready to be held against a signal: its live keys, and what it may do. `default` is fed from
// API_KEY_HMAC_SECRET alone, every other one from the directory.
import type { Config } from "../config.ts";
import type { Known } from "../directory/directory.ts";
import { type AccountId, SourceId } from "../domain/ids.ts";
import { SIGNATURE_SCHEMES, type SignatureScheme } from "../domain/signature.ts";
import { AS_THEY_COME, type SignalSettings } from "../domain/signal/settings.ts";
import { DEFAULT_SOURCE } from "../domain/source.ts";
import { log } from "../log.ts";
import type { StoredSecret, StoredSource } from "../storage/sources.ts";
import { open } from "../vault/envelope.ts";
import { keyringOf } from "../vault/keyring.ts";
import { secretPlace } from "../vault/places.ts";
import { type SourceKey, importSourceKey } from "./source-keys.ts";
import type { Sender } from "../account/door/envelope.ts";

export type SignedSource = {
  readonly id: SourceId;
  readonly keys: readonly SourceKey[];
  readonly schemes: ReadonlySet<SignatureScheme>;
  readonly sender: Sender;
  /** How its signals are read. */
  readonly signals: SignalSettings;
  /** Where its signals go that name no account; `null`: to the default account, which each of its keys keeps. */
  readonly account: AccountId | null;
  /** Every account that they may name; `null`: all there are. */
  readonly accounts: readonly AccountId[] | null;
  /** Beside `account`, where its signals go that name no account. */
  readonly fanOut: readonly AccountId[];
};

/** `undefined` for a source that is not there, is disabled, or does not sign. */
export async function signedSource(
  name: string,
  known: Known,
  config: Config,
  nowMs: number,
): Promise<SignedSource | undefined> {
  if (name === DEFAULT_SOURCE) return defaultSource(config);
  const id = SourceId.safeParse(name);
  const stored = id.success ? known.sources.get(id.data) : undefined;
  if (stored === undefined || stored.source.status !== "active" || stored.source.kind !== "signed") return undefined;
  const { source } = stored;
  return {
    id: source.id,
    keys: await keysOf(stored, config, nowMs),
    schemes: new Set(source.schemes),
    sender: { revision: source.revision, origin: "hmac", caps: source.caps, owner: source.owner },
    signals: source.signals,
    account: source.account,
    accounts: source.accounts,
    fanOut: source.fan_out,
  };
}

/** Stands in for a source that is not there, so that refusing it takes the same work as refusing a wrong signature. */
export const decoySource = (config: Config): Promise<SignedSource> => defaultSource(config);

async function defaultSource(config: Config): Promise<SignedSource> {
  return {
    id: DEFAULT_SOURCE,
    keys: await defaultKeys(config),
    schemes: new Set(SIGNATURE_SCHEMES),
    sender: { revision: null, origin: "hmac", caps: null, owner: null },
    signals: AS_THEY_COME,
    account: null,
    accounts: null,
    fanOut: [],
  };
}

const cachedDefaultKeys = new WeakMap<Config, Promise<readonly SourceKey[]>>();

function defaultKeys(config: Config): Promise<readonly SourceKey[]> {
  const known =
    cachedDefaultKeys.get(config) ?? Promise.all(config.API_KEY_HMAC_SECRET.map((secret) => importSourceKey(secret)));
  cachedDefaultKeys.set(config, known);
  return known;
}

/** By the very row that was read: a row that was read anew is opened anew. */
const cachedKeys = new WeakMap<StoredSecret, Promise<SourceKey | undefined>>();

/** The keys that are accepted now. One that does not open is passed over, and the log says so. */
async function keysOf({ secrets }: StoredSource, config: Config, nowMs: number): Promise<SourceKey[]> {
  const live = secrets.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs);
  const keys = await Promise.all(
    live.map((secret) => {
      const key = cachedKeys.get(secret) ?? openKey(secret, config);
      cachedKeys.set(secret, key);
      return key;
    }),
  );
  return keys.filter((key) => key !== undefined);
}

async function openKey({ id, sealed }: StoredSecret, config: Config): Promise<SourceKey | undefined> {
  const keyring = await keyringOf(config.CREDENTIALS_ENCRYPTION_KEYS);
  const opened = sealed === null ? undefined : await open(keyring, secretPlace(id), sealed);
  if (opened?.ok === true) return importSourceKey(opened.value, id);
  log("error", "vault.secret_closed", {
    secret_id: id,
    ...(opened === undefined ? { reason: "missing" } : opened.error),
  });
  return undefined;
}
