// The audit chain of what belongs to no account: it continues in the same D1 transaction as the change it tells of.
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import { GATEWAY_CHAIN } from "../domain/account.ts";
import { type AuditEntry, type AuditEvent, GENESIS, hashEvent } from "../domain/audit-entry.ts";

/** What is said of an event; its place in the chain is added here. */
export type GatewayEvent = Omit<AuditEvent, "chain" | "seq" | "prev">;

export function nextEntry(head: Pick<AuditEntry, "seq" | "hash"> | undefined, event: GatewayEvent): AuditEntry {
  const seq = (head?.seq ?? 0) + 1;
  const text = JSON.stringify({
    chain: GATEWAY_CHAIN,
    seq,
    ...event,
    prev: head?.hash ?? GENESIS,
  } satisfies AuditEvent);
  return { chain: GATEWAY_CHAIN, seq, hash: hashEvent(text, encodeUtf8, sha256Hex), event: text };
}
