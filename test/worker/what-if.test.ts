// What another policy would have made of the orders on the record, through the door.
import { describe, expect, it } from "vitest";
import type { Account } from "../../src/domain/account.ts";
import { Policy } from "../../src/domain/risk/policy.ts";
import { PolicyWhatIf } from "../../src/domain/risk/what-if.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import { type MadeSource, idOf, make, signed } from "./support/admin.ts";
import { withAccount } from "./support/faulty-venue.ts";
import { call, get, listOrders, placeOrder, readAudit, settled } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "AAPL", side: "buy", type: "limit", quantity: "2", limit_price: "10", time_in_force: "gtc" };

type Differences = { readonly [K in keyof Policy]?: unknown };

const inForce = async (): Promise<Policy> => (await (await get("/v1/accounts/paper")).json<Account>()).policy;

async function whatIf(differences: Differences, more: object = {}): Promise<PolicyWhatIf> {
  const policy = { ...(await inForce()), ...differences };
  const response = await call("POST", "/v1/policy/what-if", { body: { policy, ...more } });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Asks about what `work` has placed alone. */
async function since<T>(work: () => Promise<T>): Promise<{ readonly placed: T; readonly window: { since: string } }> {
  await scheduler.wait(5);
  const window = { since: new Date().toISOString() };
  return { placed: await work(), window };
}

describe("a policy that is proposed", () => {
  it("shows the orders that it would have decided otherwise, and only counts the others", async () => {
    const { placed, window } = await since(async () => [
      await placeOrder(RESTING),
      await placeOrder({ ...RESTING, quantity: "3" }),
      await placeOrder({ ...RESTING, symbol: "TSLA" }),
    ]);
    const [, large] = placed;
    const answer = await whatIf({ max_quantity: "2" }, window);
    expect(answer).toEqual({
      account: "paper",
      considered: 3,
      unchanged: 2,
      would_be_approved: 0,
      would_be_held: 0,
      would_be_denied: 1,
      denied_otherwise: 0,
      undetermined: 0,
      not_fully_judged: 0,
      not_judged: [],
      without_order: 0,
      signals: [],
      orders: [
        {
          order: large?.id,
          created_at: large?.created_at,
          symbol: "AAPL",
          side: "buy",
          type: "limit",
          quantity: "3",
          notional: null,
          was: { outcome: "approved", reason: null },
          would_be: { outcome: "denied", reason: "max_quantity_exceeded" },
          rules: [
            {
              rule: "max_quantity",
              input: "3",
              was: { passed: true, limit: "100", reason: null },
              would_be: { passed: false, limit: "2", reason: "max_quantity_exceeded" },
            },
          ],
          not_judged: [],
        },
      ],
      next_cursor: null,
    });
    expect(PolicyWhatIf.safeParse(answer).success).toBe(true);
  });

  it("that is the one in force changes nothing, whatever has become of the orders", async () => {
    const answer = await whatIf({});
    expect(answer).toMatchObject({ undetermined: 0, not_judged: [], orders: [] });
    expect(answer.considered).toBe((await listOrders()).length);
    expect(answer.unchanged).toBe(answer.considered);
  });

  it("lets a denied order through, or leaves open what the broker was not asked about then", async () => {
    const { window } = await since(async () => {
      await withAccount({ configured: { policy: { max_notional: "15" } } }, () => placeOrder(RESTING));
      await withAccount({ configured: { policy: { symbols: ["MSFT"] } } }, () => placeOrder(RESTING));
    });
    const answer = await whatIf({}, window);
    expect(answer).toMatchObject({ considered: 2, would_be_approved: 1, undetermined: 1, not_fully_judged: 1 });
    expect(answer.not_judged).toContainEqual({ rule: "reference_price_age", why: "not_asked", orders: 1 });
    expect(answer.orders).toMatchObject([
      { was: { reason: "symbol_not_allowed" }, would_be: { outcome: "undetermined", reason: null } },
      { was: { reason: "max_notional_exceeded" }, would_be: { outcome: "approved", reason: null }, not_judged: [] },
    ]);
  });

  it("finds an exit exempt, and a market order under another collar in other terms", async () => {
    const { window } = await since(() =>
      withAccount({ configured: { policy: { price_collar_percent: "3" } } }, async () => {
        const bought = await placeOrder({ ...BUY, symbol: "MSFT" });
        expect(bought).toMatchObject({ type: "limit", arithmetic: expect.stringContaining("at worst") as unknown });
        await settled(bought.id, "filled");
        await settled((await placeOrder({ ...BUY, symbol: "MSFT", side: "sell" })).id, "filled");
      }),
    );
    expect(await whatIf({ price_collar_percent: "3", max_notional: "1" }, window)).toMatchObject({
      considered: 2,
      would_be_denied: 1,
      orders: [{ side: "buy", would_be: { reason: "max_notional_exceeded" }, not_judged: [] }],
    });
    const other = await whatIf({ price_collar_percent: "2", max_notional: "1" }, window);
    expect(other).toMatchObject({ considered: 2, unchanged: 1, undetermined: 1, orders: [{ side: "buy" }] });
    expect(other.not_judged).toContainEqual({ rule: "max_notional", why: "other_terms", orders: 1 });
  });

  it("is held against so many orders at a time, the newest first, back to the first one", async () => {
    const { placed, window } = await since(async () => [
      await placeOrder(RESTING),
      await placeOrder(RESTING),
      await placeOrder(RESTING),
    ]);
    const ids: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await whatIf(
        { max_quantity: "1" },
        { ...window, limit: 2, ...(cursor === undefined ? {} : { cursor }) },
      );
      ids.push(...page.orders.map(({ order }) => order));
      cursor = page.next_cursor;
    }
    expect(ids).toEqual(placed.map(({ id }) => id).toReversed());
    const [first, second] = placed;
    const until = { ...window, until: second?.created_at };
    expect((await whatIf({ max_quantity: "1" }, until)).orders.map(({ order }) => order)).toEqual([first?.id]);
  });

  it("is not held against what no order came of, which is named in its place", async () => {
    const body = {
      intent: "enter",
      symbol: "AAPL",
      side: "buy",
      quantity: "1",
      position_before: { side: "long", size: "7" },
    };
    const source = idOf("silent");
    const signals = { position_gap: "deny" };
    const { secret } = await make<MadeSource>("/v1/sources", { id: source, kind: "signed", account: "paper", signals });
    const tell = async (signal: object) =>
      (await (await signed(source, secret.secret, signal)).json<SignalReceipt>()).id;
    const { placed, window } = await since(async () => {
      const gap = await tell(body);
      await placeOrder(RESTING);
      return [gap, await tell({ intent: "enter", symbol: "AAPL", side: "buy" })];
    });
    const [gap, sizeless] = placed;
    const answer = await whatIf({ max_quantity: "1" }, window);
    expect(answer).toMatchObject({ considered: 1, would_be_denied: 1, without_order: 2, next_cursor: null });
    expect(answer.signals).toEqual([
      { signal: sizeless, source, codes: ["no_size"], created_at: expect.any(String) as unknown },
      { signal: gap, source, codes: ["position_gap"], created_at: expect.any(String) as unknown },
    ]);
    expect(PolicyWhatIf.safeParse(answer).success).toBe(true);
    const newest = await whatIf({ max_quantity: "1" }, { ...window, limit: 1 });
    expect(newest).toMatchObject({ considered: 0, without_order: 1, next_cursor: sizeless });
    const older = await whatIf({ max_quantity: "1" }, { ...window, limit: 1, cursor: newest.next_cursor });
    expect(older).toMatchObject({ considered: 1, without_order: 1, signals: [{ signal: gap }], next_cursor: null });
  });

  it("is not kept, and leaves nothing on the record", async () => {
    const before = [await inForce(), (await readAudit()).length];
    await whatIf({ max_quantity: "1" });
    expect([await inForce(), (await readAudit()).length]).toEqual(before);
  });

  it.each<[object, string]>([
    [{}, "/policy"],
    [{ policy: { max_quantity: "-1" } }, "/policy/max_quantity"],
    [{ policy: {}, since: "yesterday" }, "/since"],
    [{ policy: {}, limit: 1_001 }, "/limit"],
    [{ policy: {}, account: "nowhere" }, "/account"],
  ])("of which %j is no description is refused", async (body, pointer) => {
    const response = await call("POST", "/v1/policy/what-if", { body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
  });

  it("of which nothing is set would have refused every entry", async () => {
    const { window } = await since(() => placeOrder(RESTING));
    const response = await call("POST", "/v1/policy/what-if", { body: { policy: {}, ...window } });
    expect(await response.json()).toMatchObject({
      would_be_denied: 1,
      orders: [{ would_be: { reason: "limit_not_set" } }],
    });
  });
});
