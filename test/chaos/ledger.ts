// What the senders know: how often each intent was sent, and every answer that came back.
import type { Intent } from "./plan.ts";

/** An answer to one intent. `orderId` is there when the gateway said that it has the order. */
export type Heard = { readonly status: number; readonly orderId: string | null; readonly code: string | null };

export type Sent = {
  readonly intent: Intent;
  sends: number;
  timeouts: number;
  connectionErrors: number;
  readonly heard: Heard[];
};

export type Ledger = {
  readonly sent: ReadonlyMap<string, Sent>;
  readonly of: (intent: Intent) => Sent;
};

export function openLedger(): Ledger {
  const sent = new Map<string, Sent>();
  return {
    sent,
    of: (intent) => {
      const { client_order_id: id } = intent.wanted;
      const known = sent.get(id);
      if (known !== undefined) return known;
      const fresh: Sent = { intent, sends: 0, timeouts: 0, connectionErrors: 0, heard: [] };
      sent.set(id, fresh);
      return fresh;
    },
  };
}

/** The gateway's ids for an intent it said yes to: one, or something is wrong. */
export const acknowledgedAs = ({ heard }: Sent): string[] => [
  ...new Set(heard.flatMap(({ orderId }) => (orderId === null ? [] : [orderId]))),
];
