// The use case behind POST /webhooks/{source}: prove the signal authentic and fresh, read it, hand it to its account.
// Cheap refusals come first, and nothing is parsed before the signature holds.
import type { Admitted } from "../account/admit.ts";
import type { Config } from "../config.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { Directory, Known } from "../directory/directory.ts";
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
import { readBytes } from "./json-body.ts";
import { type SignedSource, decoySource, signedSource } from "./signed-source.ts";
import { type SubmitRefusal, submitSignal } from "./submit-signal.ts";
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
  readonly inBackground: (work: Promise<unknown>) => void;
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
  const attempt = async (known: Known): Promise<Result<Admitted, AcceptRefusal>> => {
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
        bodySha256,
        idempotencyKey,
      },
      { isThere: (account) => directory.hasAccount(account, incoming.inBackground), config, env, now },
    );
  };
  return onceMoreIfChanged(attempt, directory, incoming.inBackground);
}

/**
 * A signal that does not prove itself may be signed with a secret, or come from a source, that this isolate has not read yet;
 * and one that does, from a source that has been changed since.
 */
async function onceMoreIfChanged(
  attempt: (known: Known) => Promise<Result<Admitted, AcceptRefusal>>,
  directory: Directory,
  inBackground: SignalRequest["inBackground"],
): Promise<Result<Admitted, AcceptRefusal>> {
  const before = await directory.current(inBackground);
  const first = await attempt(before);
  if (first.ok || (first.error.reason !== "unproven" && first.error.reason !== "stale_source")) return first;
  const after = await (first.error.reason === "unproven" ? directory.lookAgain() : directory.refresh());
  return after === before ? first : attempt(after);
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
 * What names the request, which is accepted once, and what names its order, which is the same for any number of requests.
 * Standard Webhooks sends a message again under its id, with a fresh timestamp: the id, which is signed, names the order, and
 * both together name the request. Nonces are compared without regard to case, and two ids may differ in nothing else; their
 * hashes differ in more.
 */
const namesOf = (headers: SignedHeaders, idempotencyKey: string | null) =>
  headers.family === "house"
    ? { nonce: headers.nonce, idempotencyKey }
    : { nonce: sha256Hex(encodeUtf8(standardPrefix(headers))), idempotencyKey: headers.id };
