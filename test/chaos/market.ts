// Moves the prices at the venue while the run goes on.
import { sleep } from "../../src/cli/gateway-process.ts";
import { SWEEP, walkPrices } from "./plan.ts";
import type { VenueProcess } from "./venue-process.ts";

export type Market = { readonly stop: () => Promise<void> };

export function startMarket(venue: VenueProcess, seed: string): Market {
  let stopped = false;
  const walk = async (): Promise<void> => {
    for (const { symbol, price, afterMs } of walkPrices(seed)) {
      await sleep(afterMs);
      if (stopped) return;
      await venue.ask({ ask: "set_price", symbol, price });
    }
  };
  const walking = walk();
  // Whoever stops the market hears of it.
  walking.catch(() => undefined);
  return {
    stop: () => {
      stopped = true;
      return walking;
    },
  };
}

/** Fills what rests within reach of the market. */
export async function sweepMarket(venue: VenueProcess): Promise<void> {
  for (const { symbol, price } of SWEEP) await venue.ask({ ask: "set_price", symbol, price });
}
