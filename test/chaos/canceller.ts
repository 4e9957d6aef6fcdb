// Cancels orders through the gateway some time after it answered for them.
import { sleep } from "../../src/cli/gateway-process.ts";
import type { Api } from "./api.ts";
import type { Intent } from "./plan.ts";

export type Canceller = {
  readonly onAnswer: (intent: Intent, orderId: string) => void;
  /** Resolves when every cancel has its answer. */
  readonly done: () => Promise<void>;
  /** Client order ids that the gateway has promised to cancel. */
  readonly promised: ReadonlySet<string>;
  /** HTTP status → how often. */
  readonly statuses: ReadonlyMap<number, number>;
};

/** How long an order may take to reach the venue, where only those that have are canceled. */
const DELIVERY_TIMEOUT_MS = 15_000;

export type CancellerOptions = {
  readonly api: Pick<Api, "cancel" | "order">;
  /** Whether also what may not have reached the venue is canceled. If it is lost on its way, a person has to be called. */
  readonly blindly: boolean;
};

export function startCanceller({ api, blindly }: CancellerOptions): Canceller {
  const running = new Map<string, Promise<void>>();
  const promised = new Set<string>();
  const statuses = new Map<number, number>();

  async function cancel(clientOrderId: string, orderId: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    if (!blindly && !(await isDelivered(api, orderId))) return;
    const status = await api.cancel(orderId);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status < 300) promised.add(clientOrderId);
  }

  return {
    onAnswer: ({ wanted, cancelAfterMs }, orderId) => {
      const { client_order_id: id } = wanted;
      if (cancelAfterMs !== null && !running.has(id)) running.set(id, cancel(id, orderId, cancelAfterMs));
    },
    done: async () => {
      await Promise.all(running.values());
    },
    promised,
    statuses,
  };
}

async function isDelivered(api: Pick<Api, "order">, orderId: string): Promise<boolean> {
  for (const deadlineMs = Date.now() + DELIVERY_TIMEOUT_MS; Date.now() < deadlineMs; await sleep(250)) {
    if ((await api.order(orderId)).delivery === "delivered") return true;
  }
  return false;
}
