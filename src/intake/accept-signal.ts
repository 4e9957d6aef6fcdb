// The use case behind POST /webhooks/{source}: prove the signal authentic and fresh, read it, hand it to its account.
// Cheap refusals come first, and nothing is parsed before the signature holds.
import type { Config } from "../config.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { Known } from "../directory/directory.ts";
import { directoryOf } from "../directory/isolate.ts";
import { type Result, err, ok } from "../domain/result.ts";
import {
  type FreshnessRefusal,
  type HeaderRefusal,
  NONCE_RETENTION_MS,
  type SignedHeaders,
  checkFreshness,
  readSignedHeaders,
  standardPrefix,
} from "../domain/signature.ts";
import type { FannedOut } from "./fan-out.ts";
import { readBytes } from "./json-body.ts";
import { onceMoreIfChanged } from "./once-more.ts";
import { type SignedSource, decoySource, signedSource } from "./signed-source.ts";
import { type SubmitRefusal, submitSignal } from "./submit-signal.ts";
import type { Submitted } from "./submitted.ts";
import { type Proof, proveOrigin } from "./verify-signature.ts";

type UnprovenCause =
  | HeaderRefusal
  | FreshnessRefusal
  | { readonly reason: "unknown_source" }
  | { readonly reason: "signature_mismatch" };

/** One answer outside, the cause for the log only. */
type Unproven = { readonly reason: "unproven"; readonly cause: UnprovenCause };

export type AcceptRefusal = Unproven | SubmitRefusal;

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
): Promise<Result<Submitted | FannedOut, AcceptRefusal>> {
  const headers = readSignedHeaders((name) => incoming.request.headers.get(name) ?? undefined);
  if (!headers.ok) return unproven(headers.error);

  const read = await readBytes(incoming.request);
  if (!read.ok) return read;
  const body = read.value;

  // The clock of a deployed Worker stands still between I/O; read after the body, it is current.
  const now = new Date();
  const windowSec = config.REPLAY_WINDOW_SEC;
  const fresh = checkFreshness({ timestampMs: headers.value.timestampMs, nowMs: now.getTime(), windowSec });
  if (!fresh.ok) return unproven(fresh.error);

  const directory = directoryOf(env);
  const attempt = async (known: Known): Promise<Result<Submitted | FannedOut, AcceptRefusal>> => {
    const proven = await prove(incoming.source, { headers: headers.value, body, known, config, now });
    if (!proven.ok) return proven;
    const { source, proof } = proven.value;
    const bodySha256 = sha256Hex(body);
    const { nonce, idempotencyKey } = namesOf(headers.value, incoming.idempotencyKey);
    const claims = {
      source: source.id,
      nonce,
      nonceExpiresAtMs: now.getTime() + NONCE_RETENTION_MS,
      bodySha256: proof.bodyOnly ? bodySha256 : null,
      repeats: "refused" as const,
    };
    return submitSignal(
      {
        ...incoming,
        source,
        keyIds: proof.keyIds,
        proof: { scheme: proof.scheme, keyId: proof.keyIds[0], claims },
        body,
        nameOf: () => idempotencyKey,
        bodySha256,
        sentAtMs: sentAtMsOf(headers.value, proof),
      },
      { isThere: (account) => directory.hasAccount(account), config, env, now },
    );
  };
  return onceMoreIfChanged(attempt, directory);
}

async function prove(
  name: string,
  args: {
    readonly headers: SignedHeaders;
    readonly body: Uint8Array<ArrayBuffer>;
    readonly known: Known;
    readonly config: Config;
    readonly now: Date;
  },
): Promise<Result<{ readonly source: SignedSource; readonly proof: Proof }, Unproven>> {
  const { headers, body, known, config, now } = args;
  const source = await signedSource(name, known, config, now.getTime());
  const { keys, schemes } = source ?? (await decoySource(config));
  const proof = await proveOrigin({ headers, body, keys, schemes });
  if (source === undefined) return unproven({ reason: "unknown_source" });
  return proof === undefined ? unproven({ reason: "signature_mismatch" }) : ok({ source, proof });
}

const unproven = (cause: UnprovenCause): Result<never, Unproven> => err({ reason: "unproven", cause });

/**
 * When the sender says that it was sent, under its signature. A `sha256` signature does not cover the time, and Standard Webhooks
 * gives each attempt a time of its own: one of hours ago would be as good as new.
 */
const sentAtMsOf = (headers: SignedHeaders, { scheme }: Proof): number | undefined =>
  scheme === "v1" ? headers.timestampMs : undefined;

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
