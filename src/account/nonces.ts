// What a source has used up: nonces for as long as they could be fresh, body-only signatures for good.
import { OrderId, type SourceId } from "../domain/ids.ts";

const PRUNED_AT_ONCE_MAX = 500;

export type Claims = {
  readonly source: SourceId;
  readonly nonce: string;
  readonly nonceExpiresAtMs: number;
  /** The body-only signatures of this body, under every live secret; empty when the nonce is signed. */
  readonly bodySignatures: readonly string[];
};

const nonceKey = (claims: Claims): string => `${claims.source} ${claims.nonce.toLowerCase()}`;
const signatureKey = (claims: Claims, signature: string): string => `${claims.source} ${signature}`;

/** What is known of a request's nonce and signatures. */
export type Use =
  | { readonly used: "never" }
  /** By this very request: the caller did not hear the answer and asks again. `orderId` is what came of it. */
  | { readonly used: "by_itself"; readonly orderId: OrderId | null }
  | { readonly used: "before" };

/** Whether any part of the request was used before. Writes nothing. */
export function readUse(sql: SqlStorage, claims: Claims, requestId: string, nowMs: number): Use {
  const row = sql
    .exec<{ request_id: string; order_id: string | null }>(
      "SELECT request_id, order_id FROM nonces WHERE key = ? AND expires_at_ms > ?",
      nonceKey(claims),
      nowMs,
    )
    .toArray()[0];
  if (row !== undefined) {
    if (row.request_id !== requestId) return { used: "before" };
    return { used: "by_itself", orderId: row.order_id === null ? null : OrderId.parse(row.order_id) };
  }
  const used = claims.bodySignatures.some(
    (signature) =>
      sql.exec("SELECT 1 FROM used_signatures WHERE key = ?", signatureKey(claims, signature)).toArray().length > 0,
  );
  return { used: used ? "before" : "never" };
}

/** Uses the request up. Runs in the transaction that records what became of it: an order, or a conflict (`null`). */
export function claim(sql: SqlStorage, claims: Claims, requestId: string, orderId: OrderId | null): void {
  sql.exec(
    `INSERT INTO nonces (key, expires_at_ms, request_id, order_id) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE
     SET expires_at_ms = excluded.expires_at_ms, request_id = excluded.request_id, order_id = excluded.order_id`,
    nonceKey(claims),
    claims.nonceExpiresAtMs,
    requestId,
    orderId,
  );
  for (const signature of claims.bodySignatures) {
    sql.exec("INSERT INTO used_signatures (key) VALUES (?) ON CONFLICT DO NOTHING", signatureKey(claims, signature));
  }
}

/** Forgets nonces that no fresh request can carry any more, a bounded number at a time. */
export function pruneNonces(sql: SqlStorage, nowMs: number): void {
  sql.exec(
    `DELETE FROM nonces WHERE key IN (SELECT key FROM nonces WHERE expires_at_ms <= ? LIMIT ${PRUNED_AT_ONCE_MAX})`,
    nowMs,
  );
}
