// npx sallyport audit verify: what it says of a file, and of the first entry that is wrong in it.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyFile } from "../../../src/cli/verify-record.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-record-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const hashOf = (event: string) => createHash("sha256").update("\0").update(event).digest("hex");

/** So many entries, as an account's journal makes them. */
function aChain(length: number): string[] {
  const events: string[] = [];
  for (let seq = 1, prev = "0".repeat(64); seq <= length; seq += 1) {
    const event = JSON.stringify({ chain: "paper", seq, type: "order.filled", data: { note: "a\u2028b" }, prev });
    events.push(event);
    prev = hashOf(event);
  }
  return events;
}

function verify(events: readonly string[], parts: number[] = []) {
  const path = join(dir, "record.ndjson");
  writeFileSync(path, events.map((event) => `${event}\n`).join(""));
  return verifyFile(path, (part) => parts.push(part));
}

const CHAIN = aChain(2_000);

describe("a file of the audit log", () => {
  it("that is as it was is said to be", async () => {
    const parts: number[] = [];
    expect(await verify(CHAIN, parts)).toEqual({ chain: "paper", entries: 2_000, head: hashOf(CHAIN[1_999] ?? "") });
    expect(parts.at(-1)).toBe(1);
  });

  it.each<[string, (events: string[]) => string[], { code: string; seq: number }]>([
    [
      "changed",
      (events) => events.with(4, (events[4] ?? "").replace("filled", "killed")),
      { code: "broken_link", seq: 6 },
    ],
    ["taken out", (events) => events.toSpliced(4, 1), { code: "missing", seq: 5 }],
    ["swapped", (events) => events.with(4, events[5] ?? "").with(5, events[4] ?? ""), { code: "missing", seq: 5 }],
    [
      "another chain's",
      (events) => events.with(4, (events[4] ?? "").replace("paper", "cash")),
      { code: "another_chain", seq: 5 },
    ],
    ["no entry", (events) => events.with(0, "[]"), { code: "unreadable", seq: 1 }],
    ["blank", (events) => events.with(4, ""), { code: "unreadable", seq: 5 }],
  ])("in which an entry was %s is refused, and the entry named", async (_, change, { code, seq }) => {
    await expect(verify(change([...CHAIN]))).rejects.toMatchObject({ exitCode: 1, document: { code, seq } });
  });

  it("that is empty, or is not there, proves nothing", async () => {
    await expect(verify([])).rejects.toThrow("is empty");
    await expect(verifyFile(join(dir, "nowhere"), () => undefined)).rejects.toThrow("cannot be read");
  });
});
