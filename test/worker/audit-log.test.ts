import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/crypto/encoding.ts";
import { sha256Hex } from "../../src/crypto/hash.ts";
import { type AuditEntry, GENESIS, checkLink, hashEvent } from "../../src/domain/audit-entry.ts";
import { appendEntries } from "../../src/storage/audit-log.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { eventually, readAudit, sendOrder, settled } from "./support/gateway.ts";

const hash = (event: string) => hashEvent(event, encodeUtf8, sha256Hex);

/** `count` linked entries of a chain of their own. */
function aChain(chain: string, count: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const event = JSON.stringify({ chain, seq, note: "x", prev: entries.at(-1)?.hash ?? GENESIS });
    entries.push({ chain, seq, hash: hash(event), event });
  }
  return entries;
}

const append = (...entries: AuditEntry[]) => appendEntries(openDatabase(env.DB), entries);
const rowsOf = async (chain: string) =>
  (await env.DB.prepare("SELECT * FROM order_audit_log WHERE chain = ? ORDER BY seq").bind(chain).all<AuditEntry>())
    .results;

const INSERT = "INTO order_audit_log (chain, seq, hash, event) VALUES (?, ?, ?, ?)";

describe("the audit table", () => {
  it("takes a chain, and the same entries again without a change or an error", async () => {
    const entries = aChain("again", 60);
    await append(...entries);
    await append(...entries.slice(30));
    expect(await rowsOf("again")).toEqual(entries);
  });

  it.each<[string, (chain: string, entries: AuditEntry[]) => Promise<unknown>]>([
    [
      "an update",
      (chain) => env.DB.prepare("UPDATE order_audit_log SET event = '{}' WHERE chain = ?").bind(chain).run(),
    ],
    [
      "an update or replace",
      (chain) =>
        env.DB.prepare("UPDATE OR REPLACE order_audit_log SET seq = 1 WHERE chain = ? AND seq = 2").bind(chain).run(),
    ],
    ["a delete", (chain) => env.DB.prepare("DELETE FROM order_audit_log WHERE chain = ?").bind(chain).run()],
    [
      "a replace of the middle",
      (chain, [, second]) =>
        env.DB.prepare(`INSERT OR REPLACE ${INSERT}`).bind(chain, 2, "f".repeat(64), second!.event).run(),
    ],
    [
      "a replace of the tail",
      (chain, [, , third]) =>
        env.DB.prepare(`INSERT OR REPLACE ${INSERT}`).bind(chain, 3, "f".repeat(64), third!.event).run(),
    ],
    [
      "an upsert",
      (chain, [, second]) =>
        env.DB.prepare(`INSERT ${INSERT} ON CONFLICT DO UPDATE SET hash = excluded.hash`)
          .bind(chain, 2, "f".repeat(64), second!.event)
          .run(),
    ],
    [
      "a fork",
      (chain, [first]) =>
        append({ chain, seq: 2, hash: "f".repeat(64), event: JSON.stringify({ chain, seq: 2, prev: first!.hash }) }),
    ],
    [
      "a gap",
      (chain, [, , third]) =>
        append({ chain, seq: 5, hash: "f".repeat(64), event: JSON.stringify({ chain, seq: 5, prev: third!.hash }) }),
    ],
    [
      "a wrong predecessor",
      (chain) =>
        append({ chain, seq: 4, hash: "f".repeat(64), event: JSON.stringify({ chain, seq: 4, prev: GENESIS }) }),
    ],
    [
      "a number between two",
      (chain, [first]) =>
        env.DB.prepare(`INSERT ${INSERT}`)
          .bind(chain, 1.5, "f".repeat(64), JSON.stringify({ chain, seq: 1.5, prev: first!.hash }))
          .run(),
    ],
    [
      "number zero",
      (chain) =>
        append({ chain, seq: 0, hash: "f".repeat(64), event: JSON.stringify({ chain, seq: 0, prev: GENESIS }) }),
    ],
    [
      "an event that names another place",
      (chain, [, , third]) =>
        append({ chain, seq: 4, hash: "f".repeat(64), event: JSON.stringify({ chain, seq: 9, prev: third!.hash }) }),
    ],
    ["an event that is not JSON", (chain) => append({ chain, seq: 4, hash: "f".repeat(64), event: "{" })],
  ])("refuses %s, and nothing changes", async (name, attack) => {
    const chain = name.replaceAll(" ", "-");
    const entries = aChain(chain, 3);
    await append(...entries);
    await expect(attack(chain, entries)).rejects.toThrow();
    expect(await rowsOf(chain)).toEqual(entries);
  });

  it("takes all entries of a delivery or none", async () => {
    const entries = aChain("all-or-none", 3);
    const broken = { ...entries[2]!, seq: 9 };
    await expect(append(entries[0]!, entries[1]!, broken)).rejects.toThrow();
    expect(await rowsOf("all-or-none")).toEqual([]);
  });

  it("is searchable with json_extract", async () => {
    const order = await sendOrder({ symbol: "MSFT", side: "buy", type: "market", quantity: "1" });
    await settled(order.id, "filled");
    const rows = await eventually(async () => {
      const { results } = await env.DB.prepare(
        "SELECT json_extract(event, '$.type') AS type FROM order_audit_log WHERE json_extract(event, '$.order_id') = ? ORDER BY seq",
      )
        .bind(order.id)
        .all<{ type: string }>();
      return results.some(({ type }) => type === "order.executed") ? results : undefined;
    });
    expect(rows.map(({ type }) => type)).toEqual([
      "signal.accepted",
      "order.approved",
      "order.submitting",
      "order.acknowledged",
      "order.filled",
      "order.executed",
    ]);
  });
});

describe("an account whose audit log is out of reach", () => {
  it("keeps its entries in order and delivers them once D1 is back", async () => {
    await env.DB.prepare("ALTER TABLE order_audit_log RENAME TO hidden").run();
    const order = await sendOrder({ symbol: "AAPL", side: "buy", type: "market", quantity: "2" });
    await settled(order.id, "filled");
    await env.DB.prepare("ALTER TABLE hidden RENAME TO order_audit_log").run();
    const types = await eventually(async () => {
      const read = (await readAudit(`&order_id=${order.id}`)).map(({ event }) => event.type);
      return read.includes("order.executed") ? read : undefined;
    });
    expect(types.at(0)).toBe("signal.accepted");
    expect(types.slice(-2)).toEqual(["order.filled", "order.executed"]);
  });
});

describe("GET /v1/audit", () => {
  it("shows a chain that verifies, entry by entry", async () => {
    const order = await sendOrder({ symbol: "AAPL", side: "buy", type: "market", quantity: "1" });
    await settled(order.id, "filled");
    const entries = await eventually(async () => {
      const read = await readAudit();
      return read.some(({ event }) => event.order_id === order.id && event.type === "order.filled") ? read : undefined;
    });
    entries.forEach(({ entry }, at) => expect(checkLink(entries[at - 1]?.entry, entry, hash)).toBeUndefined());
  });

  it("filters by order, symbol, type and time", async () => {
    const order = await sendOrder({ symbol: "SPY", side: "buy", type: "market", quantity: "1" });
    await settled(order.id, "filled");
    await eventually(async () => ((await readAudit("&symbol=SPY&type=order.filled")).length > 0 ? true : undefined));
    const ofOrder = await eventually(async () => {
      const read = await readAudit(`&order_id=${order.id}`);
      return read.at(-1)?.event.type === "order.executed" ? read : undefined;
    });
    expect(new Set(ofOrder.map(({ event }) => event.order_id))).toEqual(new Set([order.id]));
    expect(new Set((await readAudit("&symbol=SPY")).map(({ event }) => event.symbol))).toEqual(new Set(["SPY"]));
    expect(await readAudit("&from=2999-01-01T00:00:00Z")).toEqual([]);
    const first = ofOrder[0]!.event.time;
    expect((await readAudit(`&order_id=${order.id}&from=${first}`)).length).toBe(ofOrder.length);
    expect(await readAudit(`&order_id=${order.id}&to=${first}`)).toEqual([]);
  });
});
