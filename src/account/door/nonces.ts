// What a source has used up: nonces for as long as they could be fresh, bodies with a body-only signature for good.
import { OrderId, type SourceId } from "../../domain/ids.ts";

const PRUNED_AT_ONCE_MAX = 1_000;

export type Claims = {
  readonly source: SourceId;
  readonly nonce: string;
  readonly nonceExpiresAtMs: number;
  /** The body's hash where a body-only signature came with it; `null` where only signed nonces did. */
  readonly bodySha256: string | null;
  /** What becomes of the same request once more: it is refused, or answered as the first one was. */
  readonly repeats: "refused" | "answered";
};

const nonceKey = (claims: Claims): string => `${claims.source} ${claims.nonce.toLowerCase()}`;
const bodyKey = (claims: Claims): string => `${claims.source} ${claims.bodySha256}`;

/** What is known of a request's nonce and body. */
export type Use =
  | { readonly used: "never" }
  /** By this very request: the caller did not hear the answer and asks again. `orderId` is what came of it. */
  | { readonly used: "by_itself"; readonly orderId: OrderId | null }
  /** By another request; `orderId` is what came of that one, where this is known. */
  | { readonly used: "before"; readonly orderId: OrderId | null };

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
    const orderId = row.order_id === null ? null : OrderId.parse(row.order_id);
    return { used: row.request_id === requestId ? "by_itself" : "before", orderId };
  }
  if (claims.bodySha256 === null) return { used: "never" };
  const body = sql
    .exec<{ order_id: string | null }>("SELECT order_id FROM used_bodies WHERE key = ?", bodyKey(claims))
    .toArray()[0];
  if (body === undefined) return { used: "never" };
  return { used: "before", orderId: body.order_id === null ? null : OrderId.parse(body.order_id) };
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
  if (claims.bodySha256 !== null) {
    sql.exec("INSERT INTO used_bodies (key, order_id) VALUES (?, ?) ON CONFLICT DO NOTHING", bodyKey(claims), orderId);
  }
}

/** Forgets nonces that no fresh request can carry any more, a bounded number at a time. Says whether there may be more. */
export function pruneNonces(sql: SqlStorage, nowMs: number): boolean {
  const pruned = sql.exec(
    `DELETE FROM nonces WHERE key IN (SELECT key FROM nonces WHERE expires_at_ms <= ? LIMIT ${PRUNED_AT_ONCE_MAX})`,
    nowMs,
  );
  return pruned.rowsWritten >= PRUNED_AT_ONCE_MAX;
}
