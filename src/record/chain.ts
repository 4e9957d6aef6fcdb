// Whether entries are a chain, one after the other, and the chain that checkpoints were made of. Streams: it keeps the last hash, the
// peaks of the tree and what was agreed on last, however many entries there are.
import { encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { GrowingTree, type Hash, type Sha256, hashLeaf } from "./tree.ts";

/** In place of the hash before the first entry. */
export const GENESIS = "0".repeat(64);

/** Where a chain, or the part of one that there is, begins: so many entries come before, and that is what they came to. */
export type Before = { readonly seq: number; readonly head: string; readonly peaks: readonly Hash[] };

export const BEGINNING: Before = { seq: 0, head: GENESIS, peaks: [] };

type FaultReason =
  /** It is no entry at all. */
  | "unreadable"
  /** It names another chain. */
  | "another_chain"
  /** Another number stands where this one has to. */
  | "missing"
  /** It does not name the hash of the entry before it: one of the two was changed, or something between them is gone. */
  | "broken_link"
  /** From here on, or somewhere up to the checkpoint, the entries are others than those that it was made of. */
  | "differs_from_checkpoint"
  /** A checkpoint is of more entries than there are. */
  | "cut_off";

/** `seq`: of the first entry that is not what it has to be. */
export type Fault = { readonly seq: number; readonly reason: FaultReason; readonly checkpoint?: Checkpoint };

export class ChainCheck {
  readonly #chain: string;
  readonly #sha256: Sha256;
  readonly #tree: GrowingTree;
  /** The next ones to be met, the largest last. */
  readonly #ahead: Checkpoint[];
  #head: string;
  /** So many entries are known to be those of a checkpoint. */
  #agreed: number;

  constructor(
    chain: string,
    {
      checkpoints,
      sha256,
      before = BEGINNING,
    }: { checkpoints: readonly Checkpoint[]; sha256: Sha256; before?: Before },
  ) {
    this.#chain = chain;
    this.#sha256 = sha256;
    this.#tree = new GrowingTree(sha256, before.seq, before.peaks);
    this.#head = before.head;
    this.#agreed = before.seq;
    // Of one size there may be several: each has to agree.
    this.#ahead = checkpoints.filter(({ size }) => size >= before.seq).toSorted((a, b) => b.size - a.size);
  }

  /** How many entries there are by now, those before the beginning included. */
  get size(): number {
    return this.#tree.size;
  }

  /** How many of them a checkpoint speaks for. */
  get agreed(): number {
    return this.#agreed;
  }

  get head(): string {
    return this.#head;
  }

  get peaks(): readonly Hash[] {
    return this.#tree.peaks;
  }

  /** What is wrong with it, as the next one. After a fault the check is over. */
  push(event: string): Fault | undefined {
    const met = this.#meet();
    if (met !== undefined) return met;
    const seq = this.size + 1;
    const read = linkIn(event);
    if (read === undefined) return { seq, reason: "unreadable" };
    if (read.chain !== this.#chain) return { seq, reason: "another_chain" };
    if (read.seq !== seq) return { seq, reason: "missing" };
    if (read.prev !== this.#head) return { seq, reason: "broken_link" };
    const leaf = hashLeaf(encodeUtf8(event), this.#sha256);
    this.#tree.push(leaf);
    this.#head = encodeHex(leaf);
    return this.#meet();
  }

  /** To be asked once there are no more entries. */
  end(): Fault | undefined {
    const met = this.#meet();
    const next = this.#ahead.at(-1);
    return met ?? (next && { seq: this.size + 1, reason: "cut_off", checkpoint: next });
  }

  /** Holds the tree against the checkpoints of its size. */
  #meet(): Fault | undefined {
    for (let next = this.#ahead.at(-1); next?.size === this.size; next = this.#ahead.at(-1)) {
      if (encodeHex(next.root) !== encodeHex(this.#tree.root())) {
        return { seq: this.#agreed + 1, reason: "differs_from_checkpoint", checkpoint: next };
      }
      this.#ahead.pop();
      this.#agreed = this.size;
    }
    return undefined;
  }
}

type Link = { readonly chain: unknown; readonly seq: unknown; readonly prev: unknown };

function linkIn(event: string): Link | undefined {
  try {
    const json: unknown = JSON.parse(event);
    return typeof json === "object" && json !== null && "chain" in json && "seq" in json && "prev" in json
      ? { chain: json.chain, seq: json.seq, prev: json.prev }
      : undefined;
  } catch {
    return undefined;
  }
}
