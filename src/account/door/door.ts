// What every signal passes before anything comes of it: replay, rate, and the names it goes by. What is behind the door is the
// caller's, and so is the transaction around it all. Nothing is written for a signal that is refused here.
import { personOf } from "../../domain/access.ts";
import type { OrderId, SourceId } from "../../domain/ids.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { BucketLimits } from "../../domain/token-bucket.ts";
import { leastRevisionOf } from "../configuration.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { append } from "../journal.ts";
import { type Use, claim, readUse } from "./nonces.ts";
import { SenderMeter } from "./sender-meter.ts";
import type { Envelope } from "./envelope.ts";

export type SignalRefusal =
  /** The source has been changed since it was read: it has to be read again, and the signal proven again. */
  { readonly reason: "stale_source" } | AccountDisabled | { readonly reason: "replayed" } | RateLimited | Conflict;

/** The operator has closed the account for orders. */
export type AccountDisabled = { readonly reason: "account_disabled" };

export type RateLimited = {
  readonly reason: "rate_limited";
  readonly retryAfterMs: number;
  readonly limits: BucketLimits;
};

/** One of its names belongs to something else: to the order or the signal with this id. */
export type Conflict = { readonly reason: "idempotency_conflict"; readonly orderId: OrderId };

/** What comes of a signal; its id is an order's, or has the form of one. */
type Outcome = { readonly id: OrderId; readonly requestId: string };

/** What has one of the signal's names already. */
export type Known<T> = {
  readonly id: OrderId;
  /** Where it is of the same kind. */
  readonly first: T | undefined;
  /** Whether it is this very signal, sent once more. */
  readonly isSame: boolean;
};

/** One signal on its way through the door. */
export type Passage<T extends Outcome> = {
  readonly envelope: Envelope;
  /** An earlier outcome. */
  readonly find: (id: OrderId) => T | undefined;
  readonly findKnown: () => Known<T> | undefined;
  /** Its names are from now on also this outcome's. */
  readonly alsoNamed: (first: T) => void;
  readonly note: (type: "signal.duplicate" | "signal.conflict", first: T | null) => void;
  /** Does what the signal asks for. */
  readonly carryOut: (meter: SenderMeter) => T;
};

export type Entered<T> = {
  readonly value: T;
  /** Whether this is the first outcome again. */
  readonly duplicate: boolean;
  /** Tokens left in the source's bucket, and its limits. */
  readonly remaining: number;
  readonly limits: BucketLimits;
};

/** `weight`: how many tokens it takes. `carryOut` is left to save the meter. */
export function enter<T extends Outcome>(
  sql: SqlStorage,
  passage: Passage<T>,
  {
    tradingDate,
    nowMs,
    limits,
    weight,
  }: Pick<DecisionContext, "tradingDate" | "nowMs"> & { limits: BucketLimits; weight: number },
): Result<Entered<T>, SignalRefusal> {
  const { envelope, find, findKnown } = passage;
  const { proof, requestId } = envelope;
  const revision = envelope.sender?.revision ?? null;
  if (revision !== null && revision < leastRevisionOf(sql, envelope.source)) return err({ reason: "stale_source" });

  const use: Use = proof === null ? { used: "never" } : readUse(sql, proof.claims, requestId, nowMs);
  const used = use.used === "never" || use.orderId === null ? undefined : find(use.orderId);
  if (use.used === "by_itself") return again(used, passage, limits);
  const own = proof === null ? findKnown()?.first : undefined;
  if (own?.requestId === requestId) return again(own, passage, limits);
  if (use.used === "before" && proof?.claims.repeats !== "answered") return REPLAYED;
  // Nothing has come of it that could be the answer. Where it was a conflict, it still is one.
  if (use.used === "before" && used === undefined) return again(undefined, passage, limits);

  const meter = meterOf(sql, envelope.source, { tradingDate, nowMs });
  const drawn = drawAll(meter, limits, weight);
  if (!drawn.ok) return drawn;
  const answer = (value: T, duplicate: boolean) => ok({ value, duplicate, remaining: drawn.value, limits });
  if (used !== undefined) {
    meter.save();
    passage.note("signal.duplicate", used);
    return answer(used, true);
  }
  const named = enterByName(sql, passage, meter);
  if (!named.ok || named.value.duplicate) meter.save();
  return named.ok ? answer(named.value.value, named.value.duplicate) : named;
}

/** The part of it that is about names. */
export function enterByName<T extends Outcome>(
  sql: SqlStorage,
  { envelope, findKnown, alsoNamed, note, carryOut }: Passage<T>,
  meter: SenderMeter,
): Result<{ readonly value: T; readonly duplicate: boolean }, Conflict> {
  const useUp = (id: OrderId | null) => {
    if (envelope.proof !== null) claim(sql, envelope.proof.claims, envelope.requestId, id);
  };
  const known = findKnown();
  if (known === undefined) {
    const value = carryOut(meter);
    useUp(value.id);
    return ok({ value, duplicate: false });
  }
  const { first, isSame } = known;
  if (first === undefined || !isSame) {
    useUp(null);
    note("signal.conflict", first ?? null);
    return err({ reason: "idempotency_conflict", orderId: known.id });
  }
  // Found by its other name: from now on it is found by this one too, with whatever content it comes.
  alsoNamed(first);
  useUp(first.id);
  note("signal.duplicate", first);
  return ok({ value: first, duplicate: true });
}

const REPLAYED = err({ reason: "replayed" as const });

/** The same once more, because its first answer got lost or did not get through. Nothing is written. */
function again<T extends Outcome>(
  first: T | undefined,
  { envelope, findKnown }: Passage<T>,
  limits: BucketLimits,
): Result<Entered<T>, SignalRefusal> {
  if (first !== undefined)
    return ok({ value: first, duplicate: first.requestId !== envelope.requestId, remaining: 0, limits });
  // A conflict has left nothing but its nonce.
  const known = findKnown();
  return known === undefined ? REPLAYED : err({ reason: "idempotency_conflict", orderId: known.id });
}

/** What is worth more than the bucket ever holds takes all of it. Returns how many tokens are left. */
function drawAll(meter: SenderMeter, limits: BucketLimits, weight: number): Result<number, RateLimited> {
  let left = 0;
  for (let drawn = 0; drawn < Math.min(weight, limits.capacity); drawn += 1) {
    const draw = meter.draw(limits);
    if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits });
    left = draw.remaining;
  }
  return ok(left);
}

/** Whose signal it is: the owner of the source, or of the API key; `null` where none is written down. */
export const ownerOf = ({ sender, actor }: Pick<Envelope, "sender" | "actor">): string | null =>
  sender === null ? personOf(actor.id) : (sender.owner ?? null);

/** What the source has sent to this account, and may still send. */
export const meterOf = (
  sql: SqlStorage,
  source: SourceId,
  { tradingDate, nowMs }: Pick<DecisionContext, "tradingDate" | "nowMs">,
): SenderMeter => new SenderMeter(sql, source, { nowMs, date: tradingDate });

/** What the record says of every signal, and beside that of this one. */
export function noteSignal(
  sql: SqlStorage,
  { account, nowMs, envelope }: Pick<DecisionContext, "account" | "nowMs"> & { readonly envelope: Envelope },
  type: "signal.accepted" | "signal.duplicate" | "signal.conflict",
  about: { readonly order: OrderId | null; readonly symbol: string | null; readonly data: object },
): void {
  const { actor, requestId, clientIp, proof, bodySha256, idempotencyKey } = envelope;
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type,
    actor,
    request_id: requestId,
    client_ip: clientIp,
    order_id: about.order,
    symbol: about.symbol,
    result: { ok: type !== "signal.conflict", code: type === "signal.conflict" ? "idempotency_conflict" : "accepted" },
    data: {
      ...(proof === null ? {} : { scheme: proof.scheme, key_id: proof.keyId, nonce: proof.claims.nonce }),
      body_sha256: bodySha256,
      idempotency_key: idempotencyKey,
      ...about.data,
    },
  });
}
