// Before the venue misbehaves: every account gets to know what it holds.
import { sleep } from "../../src/cli/gateway-process.ts";
import type { Intent } from "./plan.ts";
import { type Senders, sendCarefully } from "./senders.ts";

const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/** One order for each account until it is approved: an account denies until it has compared its positions with the broker's. */
export async function warmUp(
  accounts: readonly string[],
  senders: Pick<Senders, "gateway" | "ledger" | "seed">,
): Promise<void> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (const account of accounts) {
    for (let attempt = 1; ; attempt++) {
      const intent = warmUpOf(`${senders.seed}-warm-up-${account}-${attempt}`, account);
      await sendCarefully(intent, { ...senders, onAnswer: () => undefined, onDone: () => undefined });
      if (senders.ledger.of(intent).heard.at(-1)?.status === 202) break;
      if (Date.now() > deadlineMs) throw new Error(`${account} approves nothing`);
      await sleep(PAUSE_MS);
    }
  }
}

const warmUpOf = (clientOrderId: string, account: string): Intent => ({
  wanted: {
    account,
    client_order_id: clientOrderId,
    symbol: "AAPL",
    side: "buy",
    type: "market",
    quantity: "1",
    time_in_force: "day",
  },
  sender: "careful",
  copies: 1,
  waitSec: 0,
  cancelAfterMs: null,
  isTooLarge: false,
  pauseMs: 0,
});
