// The use case behind POST /webhooks/{source}/{token}: an alert of somebody who cannot sign. Whoever has the address is the
// source, so what it may do is capped, and how well it proves its origin is on every order's record.
import type { Config } from "../config.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { equalSecrets } from "../crypto/equal.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { Known } from "../directory/directory.ts";
import { directoryOf } from "../directory/isolate.ts";
import { SourceId } from "../domain/ids.ts";
import { type Origin, isAtLeast } from "../domain/origin.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { contentKey } from "../domain/signal/content-key.ts";
import type { SignalRead } from "../domain/signal/read.ts";
import type { Source } from "../domain/source.ts";
import { type ClientCertificate, originOf } from "../domain/tradingview.ts";
import { log } from "../log.ts";
import { type FannedOut, refusalsIn } from "./fan-out.ts";
import { readBytes } from "./json-body.ts";
import { onceMoreIfChanged } from "./once-more.ts";
import { type SubmitRefusal, submitSignal } from "./submit-signal.ts";
import type { Submitted } from "./submitted.ts";

type AlertUnproven = {
  readonly reason: "unproven";
  readonly cause: {
    readonly reason: "unsigned_sources_off" | "unknown_source" | "token_mismatch" | "origin_not_proven";
  };
};

export type AlertRefusal = AlertUnproven | SubmitRefusal;

export type AlertRequest = {
  readonly source: string;
  readonly token: string;
  readonly request: Request;
  readonly requestId: string;
  readonly clientIp: string | null;
  readonly certificate: ClientCertificate | null;
};

/**
 * Answers with the order as it stands once the decision is durable, or with the first one again: for the same bytes, and for
 * whatever else wants the same for the same bar.
 */
export async function acceptAlert(
  incoming: AlertRequest,
  config: Config,
  env: Env,
): Promise<Result<Submitted | FannedOut, AlertRefusal>> {
  if (!config.UNSIGNED_SOURCES) return unproven("unsigned_sources_off");
  const read = await readBytes(incoming.request);
  if (!read.ok) return read;
  const body = read.value;
  const now = new Date();

  const directory = directoryOf(env);
  const attempt = async (known: Known): Promise<Result<Submitted | FannedOut, AlertRefusal>> => {
    const proven = prove(incoming, known, now.getTime());
    if (!proven.ok) return proven;
    const { source, keyId, origin } = proven.value;
    const bodySha256 = sha256Hex(body);
    const claims = {
      source: source.id,
      nonce: bodySha256,
      nonceExpiresAtMs: now.getTime() + source.deduplicate_sec * 1000,
      bodySha256: null,
      repeats: "answered" as const,
    };
    return submitSignal(
      {
        source: {
          id: source.id,
          sender: { revision: source.revision, origin, caps: source.caps, owner: source.owner },
          signals: source.signals,
          account: source.account,
          accounts: source.accounts,
          fanOut: source.fan_out,
        },
        keyIds: [keyId],
        proof: { scheme: "url_token", keyId, claims },
        body,
        nameOf: contentName,
        bodySha256,
        requestId: incoming.requestId,
        clientIp: incoming.clientIp,
        sentAtMs: undefined,
        waitMs: 0,
      },
      { isThere: (account) => directory.hasAccount(account), config, env, now },
    );
  };
  const accepted = await onceMoreIfChanged(attempt, directory);
  for (const refusal of refusalsIn(accepted)) {
    if (refusal.reason !== "idempotency_conflict") continue;
    // Either two orders of a strategy go by one name, or somebody else has the address: a person has to look.
    const { source, requestId } = incoming;
    log("warn", "signal.conflict", { request_id: requestId, source, first: refusal.orderId });
  }
  return accepted;
}

/**
 * What a bar's signal is known by for good, whatever bytes carry it. It shares its place with the sender's own names, and is
 * longer than any of those: a `client_order_id` ends at 64 characters, and no `Idempotency-Key` is read here.
 */
function contentName(signal: SignalRead): string | null {
  const key = contentKey(signal);
  return key === undefined ? null : `content:${sha256Hex(encodeUtf8(key))}`;
}

type Proven = {
  readonly source: Extract<Source, { kind: "tradingview" }>;
  readonly keyId: string;
  readonly origin: Origin;
};

function prove(
  { source: name, token, clientIp, certificate }: AlertRequest,
  known: Known,
  nowMs: number,
): Result<Proven, AlertUnproven> {
  const id = SourceId.safeParse(name);
  const stored = id.success ? known.sources.get(id.data) : undefined;
  const sha256 = sha256Hex(encodeUtf8(token));
  // Held against something also where there is no such source: refusing takes the same work.
  const secrets = stored?.secrets ?? [];
  const matching = secrets.filter(({ tokenSha256 }) => equalSecrets(sha256, tokenSha256 ?? ""));
  if (stored === undefined || stored.source.kind !== "tradingview" || stored.source.status !== "active") {
    return unproven("unknown_source");
  }
  const secret = matching.find(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs);
  if (secret === undefined) return unproven("token_mismatch");
  const { source } = stored;
  const origin = originOf({ clientIp, certificate, fingerprints: source.certificate_fingerprints });
  return isAtLeast(origin, source.origin) ? ok({ source, keyId: secret.id, origin }) : unproven("origin_not_proven");
}

const unproven = (reason: AlertUnproven["cause"]["reason"]): Result<never, AlertUnproven> =>
  err({ reason: "unproven", cause: { reason } });
