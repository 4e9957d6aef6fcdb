// Each source's token bucket for this account. It outlives the object's memory, so an eviction is not a refill.
import type { SourceId } from "../domain/ids.ts";
import { type BucketLimits, type Draw, drawToken, fullBucket } from "../domain/token-bucket.ts";

/** Draws one token; stores the bucket only when one was there. */
export function drawFromSource(sql: SqlStorage, source: SourceId, limits: BucketLimits, nowMs: number): Draw {
  const row = sql
    .exec<{ tokens: number; at_ms: number }>("SELECT tokens, at_ms FROM source_buckets WHERE source = ?", source)
    .toArray()[0];
  const bucket = row === undefined ? fullBucket(limits, nowMs) : { tokens: row.tokens, atMs: row.at_ms };
  const draw = drawToken(bucket, limits, nowMs);
  if (draw.allowed) {
    sql.exec(
      `INSERT INTO source_buckets (source, tokens, at_ms) VALUES (?, ?, ?)
       ON CONFLICT (source) DO UPDATE SET tokens = excluded.tokens, at_ms = excluded.at_ms`,
      source,
      draw.bucket.tokens,
      draw.bucket.atMs,
    );
  }
  return draw;
}
