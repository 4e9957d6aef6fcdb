// The Merkle tree of RFC 6962, section 2.1, over the hashes of its leaves: how it grows, its root, and the path that proves one leaf.
import { concatBytes } from "../crypto/bytes.ts";

/** 32 bytes. */
export type Hash = Uint8Array<ArrayBuffer>;
export type Sha256 = (bytes: Uint8Array) => Hash;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Of one entry, as the exact bytes that it consists of. */
export const hashLeaf = (entry: Uint8Array, sha256: Sha256): Hash => sha256(concatBytes(LEAF, entry));

const hashNode = (left: Hash, right: Hash, sha256: Sha256): Hash => sha256(concatBytes(NODE, left, right));

/**
 * A tree that leaves are put to, of which only the peaks are kept: the roots of the perfect subtrees that its size consists of,
 * the largest first. They are all that the next leaves and the root need.
 */
export class GrowingTree {
  readonly #sha256: Sha256;
  readonly #peaks: Hash[];
  #size: number;

  /** With the size and the peaks of an earlier one, it goes on where that one was. */
  constructor(sha256: Sha256, size = 0, peaks: readonly Hash[] = []) {
    if (peaks.length !== countPeaks(size)) throw new RangeError("these are not the peaks of a tree of that size");
    this.#sha256 = sha256;
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  get peaks(): readonly Hash[] {
    return [...this.#peaks];
  }

  push(leaf: Hash): void {
    let peak = leaf;
    // As a one is added to a binary number: each digit that carries over is two subtrees that become one.
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new RangeError("a tree has lost a peak");
      peak = hashNode(left, peak, this.#sha256);
    }
    this.#peaks.push(peak);
    this.#size += 1;
  }

  /** Of no leaves, the hash of nothing. */
  root(): Hash {
    const [first, ...others] = this.#peaks.toReversed();
    return others.reduce((right, left) => hashNode(left, right, this.#sha256), first ?? this.#sha256(new Uint8Array()));
  }
}

function countPeaks(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** The root of the leaves from `from` on and before `to`. */
export type RangeRoot = (from: number, to: number) => Hash;

/** What it takes to get from one leaf to the root of a tree of `size`: PATH(index, D[size]), from the leaf upwards. */
export function inclusionPath(index: number, size: number, rootOf: RangeRoot): Hash[] {
  if (!(index >= 0 && index < size)) throw new RangeError("there is no such leaf");
  const path: Hash[] = [];
  for (let from = 0, to = size; to - from > 1;) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      path.unshift(rootOf(middle, to));
      to = middle;
    } else {
      path.unshift(rootOf(from, middle));
      from = middle;
    }
  }
  return path;
}

/** The largest power of two that is less than `size`, which is at least two. */
function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** The root that a leaf and its path lead to (RFC 9162, section 2.1.3.2); `undefined` where the path has another length. */
export function rootFromPath(
  leaf: Hash,
  { index, size, path }: { readonly index: number; readonly size: number; readonly path: readonly Hash[] },
  sha256: Sha256,
): Hash | undefined {
  if (!(index >= 0 && index < size)) return undefined;
  let [node, place, last] = [leaf, index, size - 1];
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (place % 2 === 1 || place === last) {
      node = hashNode(sibling, node, sha256);
      // The right edge of the tree has no siblings where it is not full.
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else {
      node = hashNode(node, sibling, sha256);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 ? node : undefined;
}
