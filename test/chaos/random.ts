// Randomness that a seed determines. A stream is asked for by name, so what one part draws moves nothing in another part:
// the fate of an order's second attempt is the same however the run before it went.
import { createHash } from "node:crypto";

export type Random = {
  /** From 0, included, to 1, excluded. */
  readonly next: () => number;
  /** A whole number, both ends included. */
  readonly between: (min: number, max: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(items: readonly [T, ...T[]]) => T;
  /** One of the keys, each as likely as its weight. */
  readonly weigh: <K extends string>(weights: Readonly<Record<K, number>>) => K;
};

/** The stream of this name: the same seed and name give the same numbers, for ever. */
export function randomOf(seed: string, ...name: readonly (string | number)[]): Random {
  const next = sfc32(
    createHash("sha256")
      .update(JSON.stringify([seed, ...name]))
      .digest(),
  );
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    weigh: (weights) => weigh(weights, next()),
  };
}

function weigh<K extends string>(weights: Readonly<Record<K, number>>, at: number): K {
  const entries = Object.entries(weights) as [K, number][];
  let left = at * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  throw new Error("there is nothing to choose from");
}

/** Small Fast Counter, 32 bits: Chris Doty-Humphrey's generator from PractRand. */
function sfc32(seed: Buffer): () => number {
  let a = seed.readUInt32LE(0);
  let b = seed.readUInt32LE(4);
  let c = seed.readUInt32LE(8);
  let counter = 1;
  return () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return (result >>> 0) / 2 ** 32;
  };
}
