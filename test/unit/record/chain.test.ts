// What has been done to a record, and what of it the check finds and where.
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeHex, encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { BEGINNING, type Before, ChainCheck, GENESIS } from "../../../src/record/chain.ts";
import type { Checkpoint } from "../../../src/record/checkpoint.ts";
import { GrowingTree, type Sha256, hashLeaf } from "../../../src/record/tree.ts";

const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());
const hashOf = (event: string) => encodeHex(hashLeaf(encodeUtf8(event), sha256));

const eventOf = (seq: number, prev: string, word = "as it was") => JSON.stringify({ chain: "paper", seq, prev, word });

/** So many entries, from `from` on in other words. */
function aChain(length: number, { from = Infinity, word = "anew" } = {}): string[] {
  const events: string[] = [];
  for (let seq = 1, prev = GENESIS; seq <= length; seq += 1) {
    const event = eventOf(seq, prev, seq >= from ? word : undefined);
    events.push(event);
    prev = hashOf(event);
  }
  return events;
}

function checkpointAt(size: number, events: readonly string[]): Checkpoint {
  const tree = new GrowingTree(sha256);
  for (const event of events.slice(0, size)) tree.push(hashLeaf(encodeUtf8(event), sha256));
  return { origin: "gate.example/audit/paper", size, root: tree.root() };
}

const CHAIN = aChain(40);
const CHECKPOINTS = [10, 20, 30, 40].map((size) => checkpointAt(size, CHAIN));

function check(
  events: readonly string[],
  checkpoints: readonly Checkpoint[] = CHECKPOINTS,
  before: Before = BEGINNING,
) {
  const chain = new ChainCheck("paper", { checkpoints, sha256, before });
  for (const event of events) {
    const fault = chain.push(event);
    if (fault !== undefined) return `${fault.reason} at ${fault.seq}`;
  }
  const fault = chain.end();
  return fault === undefined ? `${chain.agreed} of ${chain.size} agreed` : `${fault.reason} at ${fault.seq}`;
}

describe("a record", () => {
  it("that is as it was agrees with all of its checkpoints", () => {
    expect(check(CHAIN)).toBe("40 of 40 agreed");
  });

  it("without checkpoints is a chain, for which nobody speaks", () => {
    expect(check(CHAIN, [])).toBe("0 of 40 agreed");
    expect(check([], [])).toBe("0 of 0 agreed");
  });

  it("may have grown since the last checkpoint", () => {
    expect(check(CHAIN, CHECKPOINTS.slice(0, 3))).toBe("30 of 40 agreed");
  });

  it.each<[string, (events: string[]) => string[], string]>([
    [
      "a byte was changed in",
      (events) => events.with(16, events[16]?.replace("was", "wax") ?? ""),
      "broken_link at 18",
    ],
    [
      "the last entry was changed in",
      (events) => events.with(39, eventOf(40, hashOf(events[38] ?? ""), "x")),
      "differs_from_checkpoint at 31",
    ],
    ["an entry was taken out of", (events) => events.toSpliced(16, 1), "missing at 17"],
    ["an entry was put twice into", (events) => events.toSpliced(16, 0, events[15] ?? ""), "missing at 17"],
    [
      "two entries were swapped in",
      (events) => events.with(16, events[17] ?? "").with(17, events[16] ?? ""),
      "missing at 17",
    ],
    ["the end was cut off of", (events) => events.slice(0, 35), "cut_off at 36"],
    ["everything was taken from", () => [], "cut_off at 1"],
    ["an older state was put back in", (events) => events.slice(0, 20), "cut_off at 21"],
    ["the beginning was cut off of", (events) => events.slice(1), "missing at 1"],
    [
      "another chain's entry was put into",
      (events) => events.with(4, eventOf(5, "").replace("paper", "cash")),
      "another_chain at 5",
    ],
    ["something else was put into", (events) => events.with(4, "{"), "unreadable at 5"],
  ])("is found out where %s it", (_, change, fault) => {
    expect(check(change([...CHAIN]))).toBe(fault);
  });

  it("that was written anew from some entry on is found out from the last checkpoint before it on", () => {
    expect(check(aChain(40, { from: 23 }))).toBe("differs_from_checkpoint at 21");
    expect(check(aChain(50, { from: 41 }))).toBe("40 of 50 agreed");
  });

  it("is held against every checkpoint of a size: two that differ are proof that somebody was told two stories", () => {
    const other = checkpointAt(20, aChain(20, { from: 15 }));
    expect(check(CHAIN, [...CHECKPOINTS, other])).toContain("differs_from_checkpoint");
    expect(check(CHAIN, [other, ...CHECKPOINTS])).toContain("differs_from_checkpoint");
  });

  it("can be checked from any entry on, by what came before", () => {
    const first = new ChainCheck("paper", { checkpoints: [], sha256 });
    CHAIN.slice(0, 25).forEach((event) => first.push(event));
    const before = { seq: first.size, head: first.head, peaks: first.peaks };
    expect(check(CHAIN.slice(25), CHECKPOINTS, before)).toBe("40 of 40 agreed");
    expect(check(CHAIN.slice(26), CHECKPOINTS, before)).toBe("missing at 26");
    expect(check(CHAIN.slice(25), CHECKPOINTS, { ...before, head: GENESIS })).toBe("broken_link at 26");
  });

  it("does not survive the change of any byte of any entry that a checkpoint speaks for", () => {
    const place = fc.tuple(fc.nat({ max: 39 }), fc.nat(), fc.integer({ min: 1, max: 127 }));
    fc.assert(
      fc.property(place, ([index, at, by]) => {
        const event = CHAIN[index] ?? "";
        const code = event.charCodeAt(at % event.length);
        const changed = String.fromCharCode((code + by) % 128);
        const other = event.slice(0, at % event.length) + changed + event.slice((at % event.length) + 1);
        expect(check(CHAIN.with(index, other))).not.toContain("agreed");
      }),
    );
  });
});
