// Follows the public record of every account while it grows. It reads D1 alone: no question of the run wakes an account, so
// what comes to rest did so by its own alarms.
import { type AuditEntry, AuditEvent } from "../../src/domain/audit-entry.ts";
import { type Order, isTerminal } from "../../src/domain/order.ts";
import type { Api } from "./api.ts";

export type AuditTail = {
  readonly entries: (account: string) => readonly AuditEntry[];
  /** Orders on record, each with whether it has ended or was given to a person. */
  readonly isAtRest: ReadonlyMap<string, boolean>;
  /** Reads what is new. */
  readonly pull: () => Promise<void>;
};

export function followAudit(api: Pick<Api, "auditAfter">, accounts: readonly string[]): AuditTail {
  const chains = new Map<string, AuditEntry[]>(accounts.map((account) => [account, []]));
  const isAtRest = new Map<string, boolean>();
  return {
    entries: (account) => chains.get(account) ?? [],
    isAtRest,
    pull: async () => {
      for (const [account, chain] of chains) {
        const fresh = await api.auditAfter(account, chain.at(-1)?.seq ?? 0);
        chain.push(...fresh);
        for (const entry of fresh) noteRest(isAtRest, entry);
      }
    },
  };
}

function noteRest(isAtRest: Map<string, boolean>, entry: AuditEntry): void {
  const event = readEvent(entry);
  if (event?.order_id === null || event === undefined) return;
  const ended = endedBy(event);
  if (ended !== undefined) isAtRest.set(event.order_id, ended);
}

/** Whether the order of this event has ended with it; `undefined` where the event says nothing of that. */
function endedBy({ type, data }: AuditEvent): boolean | undefined {
  if (type === "order.approved") return false;
  if (type === "order.denied") return true;
  const { status, delivery } = data as Partial<Pick<Order, "status" | "delivery">>;
  if (status === undefined || delivery === undefined) return undefined;
  return isTerminal(status) || delivery === "needs_operator";
}

/** `undefined` for text that is no event: the chain's own check says so. */
export function readEvent(entry: AuditEntry): AuditEvent | undefined {
  try {
    return AuditEvent.safeParse(JSON.parse(entry.event)).data;
  } catch {
    return undefined;
  }
}
