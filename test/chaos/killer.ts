// Carries out the planned kills, one after the other.
import { sleep } from "../../src/cli/gateway-process.ts";
import type { MortalGateway } from "./gateway.ts";
import type { Kill } from "./plan.ts";
import type { Progress } from "./progress.ts";
import type { VenueProcess } from "./venue-process.ts";

/** When no order comes by any more: the kill happens all the same. */
const PLACEMENT_TIMEOUT_MS = 3_000;

export type Killer = {
  /** Every kill of the sending phase has been carried out, and the gateway is up. */
  readonly sendingDone: () => Promise<void>;
  /** Carries out the kills that are planned for the time after. */
  readonly settle: () => Promise<void>;
  readonly counts: Readonly<Record<Kill["moment"], number>>;
};

export function startKiller(
  kills: readonly Kill[],
  {
    gateway,
    venue,
    progress,
  }: { readonly gateway: MortalGateway; readonly venue: VenueProcess; readonly progress: Progress },
): Killer {
  const counts = { after_answer: 0, during_call: 0, during_start: 0, while_settling: 0 };

  async function strike(kill: Kill, startsCutAfterMs: readonly number[]): Promise<void> {
    if (kill.moment === "during_call") await venue.nextPlacement(PLACEMENT_TIMEOUT_MS);
    counts[kill.moment] += 1;
    counts.during_start += startsCutAfterMs.length;
    await gateway.kill(startsCutAfterMs);
  }

  async function whileSending(): Promise<void> {
    for (const [kill, startsCutAfterMs] of withCutStarts(kills)) {
      if (kill.moment !== "after_answer" && kill.moment !== "during_call") continue;
      await progress.reached(kill.intents);
      await strike(kill, startsCutAfterMs);
    }
  }

  const sending = whileSending();
  return {
    sendingDone: () => sending,
    settle: async () => {
      for (const kill of kills) {
        if (kill.moment !== "while_settling") continue;
        await sleep(kill.afterMs);
        await strike(kill, []);
      }
    },
    counts,
  };
}

/** Every kill, with the kills of starts that follow right after it. */
function withCutStarts(kills: readonly Kill[]): [Kill, number[]][] {
  const found: [Kill, number[]][] = [];
  for (const kill of kills) {
    if (kill.moment === "during_start") found.at(-1)?.[1].push(kill.afterMs);
    else found.push([kill, []]);
  }
  return found;
}
