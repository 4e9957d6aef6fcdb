// Takes the venue away for a while, so that the gateway's circuit breaker has something to do.
import type { Outage } from "./plan.ts";
import type { Progress } from "./progress.ts";
import type { VenueProcess } from "./venue-process.ts";

export async function takeVenueAway(
  outages: readonly Outage[],
  venue: VenueProcess,
  progress: Progress,
): Promise<void> {
  for (const { intents, forMs } of outages) {
    await progress.reached(intents);
    await venue.ask({ ask: "be_away", forMs });
  }
}
