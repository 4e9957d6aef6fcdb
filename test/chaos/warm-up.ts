// Before the venue misbehaves: every account is made, and gets to know what it holds.
import { sleep } from "../../src/cli/gateway-process.ts";
import { type VenueAccess, makeAccounts } from "./accounts.ts";
import type { Intent } from "./plan.ts";
import { type Senders, sendCarefully } from "./senders.ts";

const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/** Every account, and one order for each until it is approved: an account denies until it has compared its positions with the broker's. */
export async function warmUp(venue: VenueAccess, senders: Pick<Senders, "gateway" | "ledger" | "seed">): Promise<void> {
  await makeAccounts(venue, senders.gateway);
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (const account of Object.keys(venue.credentials)) {
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
