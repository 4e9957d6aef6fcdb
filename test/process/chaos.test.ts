// The short form of `npm run chaos`: what it proves is in test/chaos/invariants.ts.
import { describe, expect, it } from "vitest";
import { type ChaosOptions, runChaos } from "../chaos/run.ts";

const LONGEST_MS = 240_000;

describe("a gateway that is killed, at a venue that lies", () => {
  it("has one effect for each order, and knows which", { timeout: LONGEST_MS }, async () => {
    const said: string[] = [];
    const options: ChaosOptions = {
      seed: "short-1366",
      intents: 60,
      kills: 3,
      accounts: 4,
      deduplication: "permanent",
      // An order that is lost on its way while somebody wants it canceled takes two minutes to become a person's.
      cancelsBlindly: false,
      patienceMs: LONGEST_MS / 2,
      say: (line) => said.push(line),
    };
    const { verdicts, kills } = await runChaos(options);
    expect(
      verdicts.flatMap(({ claim, violations }) => violations.map((violation) => `not ${claim}: ${violation}`)),
    ).toEqual([]);
    expect(Object.values(kills).reduce((sum, count) => sum + count)).toBe(options.kills);
  });
});
