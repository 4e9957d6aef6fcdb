// One line of the public record, and the hash that ties it to the line before.
import * as z from "zod";

/** What the first entry of a chain has in place of a predecessor's hash. */
export const GENESIS = "0".repeat(64);

/** Everything that can happen to a signal, an order or an account. A new kind of event is a new word here. */
export const AuditEventType = z.enum([
  "signal.accepted",
  "signal.duplicate",
  "signal.conflict",
  "signal.continued",
  "order.held",
  "order.approved",
  "order.declined",
  "order.denied",
  "order.lapsed",
  "order.shadowed",
  "order.submitting",
  "order.not_sent",
  "order.unknown",
  "order.absent",
  "order.acknowledged",
  "order.partially_filled",
  "order.filled",
  "order.canceled",
  "order.rejected",
  "order.expired",
  "order.updated",
  "order.cancel_requested",
  "order.cancel_sent",
  "order.released",
  "order.leg_added",
  "order.legs_missing",
  "order.executed",
  "order.needs_operator",
  "order.settled",
  "orders.cancel_requested",
  "batch.accepted",
  "batch.duplicate",
  "batch.conflict",
  "goal.ended",
  "positions.flatten_requested",
  "trading.stopped",
  "trading.released",
  "position.reconciled",
  "instruments.refreshed",
  "circuit_breaker.opened",
  "circuit_breaker.closed",
  "circuit_breaker.reset",
  "account.created",
  "account.changed",
  "account.policy_changed",
  "account.credentials_changed",
  "account.deleted",
  "account.configured",
  "override.set",
  "override.ended",
  "source.created",
  "source.changed",
  "source.secret_added",
  "source.secret_retired",
  "source.deleted",
  "api_key.created",
  "api_key.changed",
  "api_key.deleted",
  "vault.rewrapped",
]);
export type AuditEventType = z.infer<typeof AuditEventType>;

const Actor = z.strictObject({ kind: z.enum(["source", "api_key", "operator", "gateway", "broker"]), id: z.string() });
export type Actor = z.infer<typeof Actor>;

/** One audited event. `prev` is the hash of the entry before it in the same chain, so the chain is part of the bytes. */
export const AuditEvent = z
  .strictObject({
    /** The account whose record this is. */
    chain: z.string(),
    /** 1, 2, 3 … without gaps. */
    seq: z.number().int().positive(),
    time: z.iso.datetime(),
    type: AuditEventType,
    /** Who caused it: a source, the holder of an API key, the broker, or the gateway itself. */
    actor: Actor,
    request_id: z.string(),
    client_ip: z.string().nullable(),
    order_id: z.string().nullable(),
    symbol: z.string().nullable(),
    result: z.strictObject({ ok: z.boolean(), code: z.string() }),
    data: z.record(z.string(), z.unknown()),
    prev: z.string().length(64),
  })
  .meta({ id: "AuditEvent" });
export type AuditEvent = z.infer<typeof AuditEvent>;

/** An entry as it is stored: `event` is the exact text that was hashed. */
export type AuditEntry = {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  readonly event: string;
};

export type Sha256Hex = (bytes: Uint8Array) => string;

/** SHA-256 over a zero byte and the text: the leaf hash of RFC 6962 section 2.1, so the same hash can enter a Merkle tree. */
export function hashEvent(event: string, utf8: (text: string) => Uint8Array, sha256: Sha256Hex): string {
  const text = utf8(event);
  const leaf = new Uint8Array(1 + text.length);
  leaf.set(text, 1);
  return sha256(leaf);
}

export type BrokenLink = {
  readonly seq: number;
  readonly reason: "gap" | "hash_mismatch" | "prev_mismatch" | "unreadable";
};

/**
 * Checks one entry against its predecessor (`undefined` for the first of a chain). Returns what is wrong, or nothing.
 */
export function checkLink(
  previous: Pick<AuditEntry, "chain" | "seq" | "hash"> | undefined,
  entry: AuditEntry,
  hash: (event: string) => string,
): BrokenLink | undefined {
  const at = { seq: entry.seq };
  if (entry.seq !== (previous?.seq ?? 0) + 1) return { ...at, reason: "gap" };
  if (hash(entry.event) !== entry.hash) return { ...at, reason: "hash_mismatch" };
  const event = AuditEvent.safeParse(readJson(entry.event));
  if (!event.success || event.data.chain !== entry.chain || event.data.seq !== entry.seq) {
    return { ...at, reason: "unreadable" };
  }
  const isSameChain = previous === undefined || previous.chain === entry.chain;
  if (!isSameChain || event.data.prev !== (previous?.hash ?? GENESIS)) return { ...at, reason: "prev_mismatch" };
  return undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
