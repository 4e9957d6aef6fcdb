import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { type AdmitArgs, admit } from "../../src/account/orders/admit.ts";
import { RecentOrders } from "../../src/account/risk/recent-orders.ts";
import { AccountId, SourceId, orderIdOf, uuidv7 } from "../../src/domain/ids.ts";
import { Policy } from "../../src/domain/risk/policy.ts";
import { readNativeOrder } from "../../src/domain/signal/native.ts";
import { KNOWN_INSTRUMENTS, aTrade } from "../support/builders.ts";
import { NO_LIMITS } from "../support/no-limits.ts";
import { sendOrder } from "./support/gateway.ts";

const ACCOUNT = AccountId.parse("paper");
const SOURCE = SourceId.parse("default");

function someArgs(body: object, sql: SqlStorage): AdmitArgs {
  const order = readNativeOrder(body);
  if (!order.ok) throw new Error("not an order");
  const nowMs = Date.now();
  const uuid = uuidv7(nowMs, crypto.getRandomValues(new Uint8Array(10)));
  return {
    account: ACCOUNT,
    signal: {
      source: SOURCE,
      actor: { kind: "source", id: SOURCE },
      proof: {
        scheme: "v1",
        keyId: "0123456789abcdef",
        claims: {
          source: SOURCE,
          nonce: crypto.randomUUID(),
          nonceExpiresAtMs: nowMs + 600_000,
          bodySha256: null,
          repeats: "refused",
        },
      },
      sender: { revision: 1, origin: "hmac", caps: null, owner: null },
      order: order.value,
      idempotencyKey: null,
      bodySha256: "0".repeat(64),
      requestId: crypto.randomUUID(),
      clientIp: null,
    },
    policy: Policy.parse({
      ...NO_LIMITS,
      symbols: ["AAPL"],
      max_quantity: "10",
      max_notional: "10000",
      max_position: "100",
      reference_price_max_age_sec: 60,
    }),
    overridden: [],
    tradingDate: new Date(nowMs).toISOString().slice(0, 10),
    instruments: KNOWN_INSTRUMENTS,
    recent: new RecentOrders(sql, ACCOUNT, nowMs),
    minimumOrigin: "hmac",
    mode: "live",
    limits: { ratePerSec: 10, capacity: 10 },
    broker: { supports: () => undefined },
    circuitOpen: false,
    isDisabled: false,
    lastTrades: new Map(),
    referencePrices: new Map([["AAPL", aTrade("187.5", nowMs)]]),
    nowMs,
    newId: () => ({ order: orderIdOf(ACCOUNT, uuid), uuid }),
  };
}

/** Rows written by one admission, as the platform bills them; the alarm is one more when none is nearer. */
async function rowsWritten(body: object): Promise<number> {
  return runInDurableObject(env.ACCOUNTS_DO.getByName("paper"), (_, state) => {
    const cursors: { readonly rowsWritten: number }[] = [];
    const exec = (query: string, ...bindings: unknown[]) => {
      const cursor = state.storage.sql.exec(query, ...bindings);
      cursors.push(cursor);
      return cursor;
    };
    const counting = { exec } as unknown as SqlStorage;
    const admitted = state.storage.transactionSync(() => admit(counting, someArgs(body, counting)));
    expect(admitted.ok).toBe(true);
    return cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  });
}

describe("a signal on the warm path", () => {
  it("writes seven rows, and the alarm is the eighth", async () => {
    await sendOrder({ symbol: "AAPL", side: "buy", type: "limit", quantity: "1", limit_price: "1" });
    const body = { symbol: "AAPL", side: "buy", type: "limit", quantity: "1", limit_price: "1" };
    expect(await rowsWritten(body)).toBe(7);
    expect(await rowsWritten({ ...body, client_order_id: crypto.randomUUID() })).toBe(7);
  });
});
