// After the last kill: everything is given the chance to end.
import { sleep } from "../../src/cli/gateway-process.ts";
import type { AuditTail } from "./audit-tail.ts";
import type { Canceller } from "./canceller.ts";
import { type Ledger, acknowledgedAs } from "./ledger.ts";
import { sweepMarket } from "./market.ts";
import type { VenueProcess } from "./venue-process.ts";

const LOOK_MS = 1_000;
/** How long orders that the sweeps may still fill are left to them. */
const DESK_AFTER_MS = 5_000;

/**
 * Waits until the public record says of every order that it has ended. Meanwhile the market sweeps over what rests, and
 * what no price reaches and nobody was told to cancel is canceled at the venue. Returns how many those were.
 */
export async function waitForRest(parts: {
  readonly audit: AuditTail;
  readonly ledger: Ledger;
  readonly venue: VenueProcess;
  readonly canceller: Canceller;
  readonly patienceMs: number;
  readonly say: (line: string) => void;
}): Promise<number> {
  const { audit, ledger, venue, canceller, patienceMs, say } = parts;
  const startedMs = Date.now();
  let canceledAtTheDesk = 0;
  for (let lastSaid = ""; ; await sleep(LOOK_MS)) {
    await sweepMarket(venue);
    if (Date.now() > startedMs + DESK_AFTER_MS) {
      canceledAtTheDesk += await venue.ask({ ask: "cancel_open_orders", except: [...canceller.promised] });
    }
    await audit.pull();
    const acknowledged = [...ledger.sent.values()].flatMap(acknowledgedAs);
    const moving = new Set([...acknowledged, ...audit.isAtRest.keys()].filter((id) => audit.isAtRest.get(id) !== true));
    if (moving.size === 0 || Date.now() > startedMs + patienceMs) return canceledAtTheDesk;
    const said = `${moving.size} still moving`;
    if (said !== lastSaid) say(said);
    lastSaid = said;
  }
}
