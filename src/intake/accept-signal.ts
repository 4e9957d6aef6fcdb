// The use case behind POST /webhooks/{source}: prove the signal authentic and fresh, read it, hand it to its account.
// Cheap refusals come first, and nothing is parsed before the signature holds.
import type { Admitted, Signal, SignalRefusal } from "../account/admit.ts";
import { accountStub } from "../account/stub.ts";
import { readCapped } from "../capped-body.ts";
import type { Config } from "../config.ts";
import { decodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { AccountId } from "../domain/ids.ts";
import { type JsonRefusal, parseJson } from "../domain/json.ts";
import { type Result, err } from "../domain/result.ts";
import { type FieldError, readNativeOrder } from "../domain/signal/native.ts";
import {
  type FreshnessRefusal,
  type HeaderRefusal,
  NONCE_RETENTION_MS,
  checkFreshness,
  readSignedHeaders,
} from "../domain/signature.ts";
import { openDatabase } from "../storage/client.ts";
import { DEFAULT_SOURCE_ID, decoyKeys, keysOf } from "./source-keys.ts";
import { targetAccount } from "./target-account.ts";
import { proveOrigin } from "./verify-signature.ts";

/** Larger than any order or alert, and small enough to hash and hold without a thought. */
const BODY_BYTES_MAX = 64 * 1024;

type UnprovenCause =
  | HeaderRefusal
  | FreshnessRefusal
  | { readonly reason: "unknown_source" }
  | { readonly reason: "signature_mismatch" };

export type AcceptRefusal =
  /** One answer outside, the cause for the log only. */
  | { readonly reason: "unproven"; readonly cause: UnprovenCause }
  | { readonly reason: "body_too_large"; readonly bytesMax: number }
  | { readonly reason: "malformed_body"; readonly cause: JsonRefusal | { readonly reason: "not_utf8" } }
  | { readonly reason: "invalid_order"; readonly errors: readonly FieldError[] }
  | { readonly reason: "misconfigured"; readonly setting: string; readonly problem: string }
  | SignalRefusal;

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

  const body = await readCapped(incoming.request.body, BODY_BYTES_MAX);
  if (body === undefined) return err({ reason: "body_too_large", bytesMax: BODY_BYTES_MAX });

  // The clock of a deployed Worker stands still between I/O; read after the body, it is current.
  const now = new Date();
  const windowSec = config.REPLAY_WINDOW_SEC;
  const fresh = checkFreshness({ timestampMs: headers.value.timestampMs, nowMs: now.getTime(), windowSec });
  if (!fresh.ok) return err({ reason: "unproven", cause: fresh.error });

  const keys = keysOf(incoming.source, config);
  const proof = await proveOrigin(headers.value, body, await (keys ?? decoyKeys(config)));
  if (keys === undefined) return err({ reason: "unproven", cause: { reason: "unknown_source" } });
  if (proof === undefined) return err({ reason: "unproven", cause: { reason: "signature_mismatch" } });

  const order = readOrder(body);
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
      ? err({ reason: "invalid_order", errors: [{ pointer: "/account", message: "no such account" }] })
      : err({
          reason: "misconfigured",
          setting: "DEFAULT_ACCOUNT",
          problem: `this secret leads to account ${account.error.pinned}; give the source a new secret to move it`,
        });
  }

  const bodySha256 = sha256Hex(body);
  const signal: Signal = {
    source,
    scheme: proof.scheme,
    keyId: proof.keyIds[0],
    claims: {
      source,
      nonce: headers.value.nonce,
      nonceExpiresAtMs: now.getTime() + NONCE_RETENTION_MS,
      bodySha256: proof.bodyOnly ? bodySha256 : null,
    },
    order: order.value,
    idempotencyKey: incoming.idempotencyKey,
    bodySha256,
    requestId: incoming.requestId,
    clientIp: incoming.clientIp,
  };
  const submitted = await submitTo(account.value, signal, incoming.waitMs, env);
  if (submitted.ok) return submitted;
  return submitted.error.reason === "misconfigured"
    ? err({
        reason: "misconfigured",
        setting: "ACCOUNTS",
        problem: `account ${account.value} ${submitted.error.problem}`,
      })
    : err(submitted.error);
}

/**
 * Asks once more where the first answer got lost: an object that is being redeployed drops its calls. The object knows the
 * request by its id, so asking twice stores once. Under overload a second call would only add to it.
 */
async function submitTo(account: AccountId, signal: Signal, waitMs: number, env: Env) {
  try {
    return await accountStub(env, account).submit(signal, waitMs);
  } catch (thrown) {
    if (thrown instanceof Error && "overloaded" in thrown && thrown.overloaded === true) throw thrown;
    return accountStub(env, account).submit(signal, 0);
  }
}

function readOrder(body: Uint8Array) {
  const text = decodeUtf8(body);
  if (text === undefined) return err({ reason: "malformed_body" as const, cause: { reason: "not_utf8" as const } });
  const json = parseJson(text);
  if (!json.ok) return err({ reason: "malformed_body" as const, cause: json.error });
  const order = readNativeOrder(json.value);
  return order.ok ? order : err({ reason: "invalid_order" as const, errors: order.error });
}
