// The use case behind POST /webhooks/{source}: prove the signal authentic and fresh, read it, hand it to its account.
// Cheap refusals come first, and nothing is parsed before the signature holds.
import type { Admitted, Signal, SignalRefusal } from "../account/admit.ts";
import { accountStub } from "../account/stub.ts";
import type { Config } from "../config.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import { type Result, err } from "../domain/result.ts";
import {
  type FreshnessRefusal,
  type HeaderRefusal,
  NONCE_RETENTION_MS,
  type SignedHeaders,
  checkFreshness,
  readSignedHeaders,
  standardPrefix,
} from "../domain/signature.ts";
import { openDatabase } from "../storage/client.ts";
import { type Misconfigured, askTwice, namingSetting } from "./ask-account.ts";
import { type BodyRefusal, invalidFields, parseBytes, readBytes } from "./json-body.ts";
import { UNKNOWN_ACCOUNT, readOrder } from "./read-order.ts";
import { DEFAULT_SOURCE_ID, DEFAULT_SOURCE_SCHEMES, decoyKeys, keysOf } from "./source-keys.ts";
import { targetAccount } from "./target-account.ts";
import { proveOrigin } from "./verify-signature.ts";

type UnprovenCause =
  | HeaderRefusal
  | FreshnessRefusal
  | { readonly reason: "unknown_source" }
  | { readonly reason: "signature_mismatch" };

export type AcceptRefusal =
  /** One answer outside, the cause for the log only. */
  { readonly reason: "unproven"; readonly cause: UnprovenCause } | BodyRefusal | Misconfigured | SignalRefusal;

export type SignalRequest = {
  readonly source: string;
  readonly request: Request;
  readonly idempotencyKey: string | null;
  /** How long the caller waits for the broker's word. */
  readonly waitMs: number;
  readonly requestId: string;
  readonly clientIp: string | null;
};

/**
 * Answers with the order as it stands once the decision is durable. Throws when a part the decision needs cannot be
 * reached: then nothing is known to be stored.
 */
export async function acceptSignal(
  incoming: SignalRequest,
  config: Config,
  env: Env,
): Promise<Result<Admitted, AcceptRefusal>> {
  const headers = readSignedHeaders((name) => incoming.request.headers.get(name) ?? undefined);
  if (!headers.ok) return err({ reason: "unproven", cause: headers.error });

  const read = await readBytes(incoming.request);
  if (!read.ok) return read;
  const body = read.value;

  // The clock of a deployed Worker stands still between I/O; read after the body, it is current.
  const now = new Date();
  const windowSec = config.REPLAY_WINDOW_SEC;
  const fresh = checkFreshness({ timestampMs: headers.value.timestampMs, nowMs: now.getTime(), windowSec });
  if (!fresh.ok) return err({ reason: "unproven", cause: fresh.error });

  const keys = keysOf(incoming.source, config);
  const proof = await proveOrigin({
    headers: headers.value,
    body,
    keys: await (keys ?? decoyKeys(config)),
    schemes: DEFAULT_SOURCE_SCHEMES,
  });
  if (keys === undefined) return err({ reason: "unproven", cause: { reason: "unknown_source" } });
  if (proof === undefined) return err({ reason: "unproven", cause: { reason: "signature_mismatch" } });

  const json = parseBytes(body);
  if (!json.ok) return json;
  const order = readOrder(json.value);
  if (!order.ok) return order;

  const source = DEFAULT_SOURCE_ID;
  const account = await targetAccount({
    named: order.value.account,
    source,
    keyIds: proof.keyIds,
    config,
    database: () => openDatabase(env.DB),
    now,
  });
  if (!account.ok) {
    return account.error.reason === "account_unknown"
      ? invalidFields([UNKNOWN_ACCOUNT])
      : err({
          reason: "misconfigured",
          problem: `DEFAULT_ACCOUNT: this secret leads to account ${account.error.pinned}; give the source a new secret to move it`,
        });
  }

  const bodySha256 = sha256Hex(body);
  const { nonce, idempotencyKey } = namesOf(headers.value, incoming.idempotencyKey);
  const signal: Signal = {
    source,
    actor: { kind: "source", id: source },
    proof: {
      scheme: proof.scheme,
      keyId: proof.keyIds[0],
      claims: {
        source,
        nonce,
        nonceExpiresAtMs: now.getTime() + NONCE_RETENTION_MS,
        bodySha256: proof.bodyOnly ? bodySha256 : null,
      },
    },
    order: order.value,
    idempotencyKey,
    bodySha256,
    requestId: incoming.requestId,
    clientIp: incoming.clientIp,
  };
  const submit = async (isFirst: boolean) =>
    accountStub(env, account.value).submit(signal, isFirst ? incoming.waitMs : 0);
  return namingSetting(account.value, await askTwice(submit));
}

/**
 * What names the request, which is accepted once, and what names its order, which is the same for any number of requests.
 * Standard Webhooks sends a message again under its id, with a fresh timestamp: the id, which is signed, names the order, and
 * both together name the request. Nonces are compared without regard to case, and two ids may differ in nothing else; their
 * hashes differ in more.
 */
const namesOf = (headers: SignedHeaders, idempotencyKey: string | null) =>
  headers.family === "house"
    ? { nonce: headers.nonce, idempotencyKey }
    : { nonce: sha256Hex(encodeUtf8(standardPrefix(headers))), idempotencyKey: headers.id };
