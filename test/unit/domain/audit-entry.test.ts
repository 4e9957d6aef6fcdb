import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { sha256Hex } from "../../../src/crypto/hash.ts";
import {
  type AuditEntry,
  AuditEvent,
  type BrokenLink,
  GENESIS,
  checkLink,
  hashEvent,
} from "../../../src/domain/audit-entry.ts";

const hash = (event: string): string => hashEvent(event, encodeUtf8, sha256Hex);

const anEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  chain: "main",
  seq: 1,
  time: "2026-01-15T14:30:00.000Z",
  type: "signal.accepted",
  actor: { kind: "source", id: "tv" },
  request_id: "r-1",
  client_ip: null,
  order_id: null,
  symbol: "AAPL",
  result: { ok: true, code: "accepted" },
  data: { qty: "10" },
  prev: GENESIS,
  ...overrides,
});

const entryOf = (event: AuditEvent): AuditEntry => {
  const text = JSON.stringify(event);
  return { chain: event.chain, seq: event.seq, hash: hash(text), event: text };
};

function aChain(length: number, chain = "main"): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    entries.push(entryOf(anEvent({ chain, seq, request_id: `r-${seq}`, prev: entries.at(-1)?.hash ?? GENESIS })));
  }
  return entries;
}

/** The first broken link of a chain, read as a verifier reads it. */
function firstBroken(entries: readonly AuditEntry[]): BrokenLink | undefined {
  let previous: AuditEntry | undefined;
  for (const entry of entries) {
    const broken = checkLink(previous, entry, hash);
    if (broken !== undefined) return broken;
    previous = entry;
  }
  return undefined;
}

const entryAt = (entries: readonly AuditEntry[], index: number): AuditEntry => {
  const entry = entries[index];
  if (entry === undefined) throw new Error(`no entry at ${index}`);
  return entry;
};

describe("hashEvent", () => {
  it("is the RFC 6962 leaf hash", () => {
    // The leaf hash of an empty entry: SHA-256 of one zero byte.
    expect(hash("")).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  });

  it("differs from the plain hash of the same text", () => {
    expect(hash("a")).not.toBe(sha256Hex(encodeUtf8("a")));
  });
});

describe("an audit event", () => {
  it("is accepted as written", () => {
    expect(AuditEvent.parse(anEvent())).toEqual(anEvent());
  });

  it.each([
    ["an unknown type", { type: "order.imagined" }],
    ["an unknown field", { note: "x" }],
    ["a sequence number of zero", { seq: 0 }],
    ["a fractional sequence number", { seq: 1.5 }],
    ["a time without a zone", { time: "2026-01-15T14:30:00" }],
    ["a short predecessor hash", { prev: "00" }],
    ["an unknown kind of actor", { actor: { kind: "root", id: "x" } }],
  ])("is refused with %s", (_, change) => {
    expect(AuditEvent.safeParse({ ...anEvent(), ...change }).success).toBe(false);
  });
});

describe("checkLink", () => {
  it("finds nothing wrong with an unchanged chain", () => {
    expect(firstBroken(aChain(5))).toBeUndefined();
  });

  it("names a gap where an entry is missing", () => {
    expect(firstBroken(aChain(5).toSpliced(2, 1))).toEqual({ seq: 4, reason: "gap" });
  });

  it("names a gap where the beginning is missing", () => {
    expect(firstBroken(aChain(5).slice(1))).toEqual({ seq: 2, reason: "gap" });
  });

  it("names a gap where an entry comes twice", () => {
    const entries = aChain(3);
    expect(firstBroken([entryAt(entries, 0), entryAt(entries, 0)])).toEqual({ seq: 1, reason: "gap" });
  });

  it("names a gap where two entries are swapped", () => {
    const [first, second, third] = aChain(3);
    expect(firstBroken([first, third, second] as AuditEntry[])).toEqual({ seq: 3, reason: "gap" });
  });

  it("names a changed byte, wherever it is", () => {
    const entries = aChain(3);
    const original = entryAt(entries, 1);
    const position = fc.nat({ max: original.event.length - 1 });
    fc.assert(
      fc.property(position, fc.integer({ min: 0x20, max: 0x7e }), (index, code) => {
        const event = original.event.slice(0, index) + String.fromCharCode(code) + original.event.slice(index + 1);
        fc.pre(event !== original.event);
        expect(firstBroken(entries.with(1, { ...original, event }))).toEqual({ seq: 2, reason: "hash_mismatch" });
      }),
    );
  });

  it("names a changed hash", () => {
    const entries = aChain(3);
    const changed = { ...entryAt(entries, 1), hash: GENESIS };
    expect(firstBroken(entries.with(1, changed))).toEqual({ seq: 2, reason: "hash_mismatch" });
  });

  it("names the successor of an entry that was rewritten together with its hash", () => {
    const entries = aChain(3);
    const forged = entryOf(anEvent({ seq: 2, data: { qty: "1000" }, prev: entryAt(entries, 0).hash }));
    expect(firstBroken(entries.with(1, forged))).toEqual({ seq: 3, reason: "prev_mismatch" });
  });

  it("names a wrong predecessor", () => {
    const [first] = aChain(1);
    const wrong = entryOf(anEvent({ seq: 2, prev: GENESIS }));
    expect(checkLink(first, wrong, hash)).toEqual({ seq: 2, reason: "prev_mismatch" });
  });

  it("names a first entry that claims a predecessor", () => {
    expect(checkLink(undefined, entryOf(anEvent({ prev: "f".repeat(64) })), hash)).toEqual({
      seq: 1,
      reason: "prev_mismatch",
    });
  });

  it("names an entry of another chain, put in the place of ours", () => {
    const entries = aChain(3);
    expect(firstBroken(entries.with(1, entryAt(aChain(3, "other"), 1)))).toEqual({ seq: 2, reason: "prev_mismatch" });
  });

  it("names an entry of another chain that claims our entry as its predecessor", () => {
    const [first] = aChain(1);
    const stray = entryOf(anEvent({ chain: "other", seq: 2, prev: first?.hash ?? GENESIS }));
    expect(checkLink(first, stray, hash)).toEqual({ seq: 2, reason: "prev_mismatch" });
  });

  it("names an entry of another chain that is filed under ours", () => {
    const entries = aChain(3);
    const filed = { ...entryAt(aChain(3, "other"), 1), chain: "main" };
    expect(firstBroken(entries.with(1, filed))).toEqual({ seq: 2, reason: "unreadable" });
  });

  it("names an entry whose text has another number than its row", () => {
    const [first] = aChain(1);
    const misfiled = { ...entryOf(anEvent({ seq: 7, prev: first?.hash ?? GENESIS })), seq: 2 };
    expect(checkLink(first, misfiled, hash)).toEqual({ seq: 2, reason: "unreadable" });
  });

  it.each([
    ["not JSON", "{"],
    ["not an event", "{}"],
    ["an event with a field more", JSON.stringify({ ...anEvent(), note: "x" })],
  ])("names a text that is %s", (_, event) => {
    expect(checkLink(undefined, { chain: "main", seq: 1, hash: hash(event), event }, hash)).toEqual({
      seq: 1,
      reason: "unreadable",
    });
  });
});
