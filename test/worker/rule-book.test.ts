// What the rules say of an order before it is placed, and which clauses a policy covers.
import { describe, expect, it } from "vitest";
import type { Coverage } from "../../src/domain/risk/coverage.ts";
import type { Portfolio } from "../../src/domain/portfolio.ts";
import type { OrderPreview } from "../../src/domain/risk/preview.ts";
import { SETTLED_MS } from "../../src/directory/directory.ts";
import { makeAccount } from "../support/make-account.ts";
import { type MadeSource, idOf, make } from "./support/admin.ts";
import { withAccount } from "./support/faulty-venue.ts";
import { call, get, listOrders, placeOrder, put, sendOrder, settled } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "AAPL", side: "buy", type: "limit", quantity: "2", limit_price: "10", time_in_force: "gtc" };

async function preview(order: object): Promise<OrderPreview> {
  const response = await call("POST", "/v1/orders/preview", { body: order });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return response.json();
}

const ruleIn = ({ rules }: OrderPreview, name: string) => rules.find(({ rule }) => rule === name);

describe("a preview", () => {
  it("says what each rule measures, against which limit, what is left and which clause asks for it", async () => {
    const previewed = await preview(RESTING);
    expect(previewed).toMatchObject({ outcome: "approved", reason: null, is_reduction: false });
    expect(ruleIn(previewed, "max_notional")).toEqual({
      rule: "max_notional",
      passed: true,
      input: "20",
      limit: "25000",
      headroom: "24980",
      reason: null,
      about: "One order is for so much money at most.",
      clauses: ["RTS 6 Art. 15(1)(b)", "15c3-5(c)(1)(ii)", "FIA 1.1"],
      setting: "max_notional",
    });
  });

  it("places nothing and counts nothing, however often it is asked for", async () => {
    const before = (await listOrders()).length;
    for (let times = 0; times < 3; times += 1) await preview(BUY);
    expect((await listOrders()).length).toBe(before);
    const { rules } = await placeOrder(BUY).then(async () => preview(BUY));
    expect(rules.find(({ rule }) => rule === "max_orders_per_min")?.input).toBe("2");
  });

  it("says the same as the order that is placed then", async () => {
    const policy = { max_quantity: "5", duplicate_order_window_sec: 60, max_open_orders: 1 };
    await withAccount({ configured: { policy } }, async () => {
      for (const order of [
        { ...BUY, symbol: "TSLA" },
        { ...BUY, quantity: "6" },
        { ...BUY, quantity: "4" },
      ]) {
        const before = await preview(order);
        const placed = await placeOrder(order);
        expect(before.outcome).toBe(placed.status === "denied" ? "denied" : "approved");
        expect(before.reason).toBe(placed.reason?.code ?? null);
      }
    });
  });

  it("knows an exit", async () => {
    await settled((await sendOrder({ ...BUY, symbol: "MSFT" })).id, "filled");
    await withAccount({ configured: { policy: { symbols: [] } } }, async () => {
      const exit = await preview({ ...BUY, symbol: "MSFT", side: "sell" });
      expect(exit).toMatchObject({ outcome: "approved", is_reduction: true });
      expect(ruleIn(exit, "symbol_allowed")).toMatchObject({ passed: true, reason: "exempt_reduction" });
    });
  });

  it("of an order that cannot be read lists what is wrong with it", async () => {
    const response = await call("POST", "/v1/orders/preview", { body: { ...BUY, quantity: "-1", color: "red" } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/quantity" }, { pointer: "/color" }] });
  });
});

describe("the coverage of a policy", () => {
  const read = async (): Promise<Coverage> => (await get("/v1/policy/coverage")).json();

  it("has a rule, or a reason, for every clause", async () => {
    const { clauses } = await read();
    expect(clauses.length).toBeGreaterThan(20);
    expect(clauses.filter(({ rules, elsewhere }) => rules.length === 0 && elsewhere === null)).toEqual([]);
  });

  it("is that of the policy in force", async () => {
    const collarIn = (coverage: Coverage) => coverage.clauses.find(({ clause }) => clause === "RTS 6 Art. 15(1)(a)");
    expect(collarIn(await read())).toMatchObject({ covered: "off" });
    await withAccount({ configured: { policy: { price_collar_percent: "3" } } }, async () => {
      expect(collarIn(await read())).toMatchObject({ covered: "met", rules: [{ value: "3" }] });
    });
  });

  it("has the setting of each source that may send there, and the name of those that the caller may see", async () => {
    const [account, own, wide, gone] = [idOf("covered"), idOf("own"), idOf("wide"), idOf("gone")];
    await makeAccount(account);
    await scheduler.wait(SETTLED_MS);
    const addSource = (id: string, terms: object) => make<MadeSource>("/v1/sources", { id, kind: "signed", ...terms });
    await addSource(own, { account, signals: { max_age_sec: 60 } });
    await addSource(wide, { account: "paper", accounts: [account], signals: { max_age_sec: 30 } });
    await addSource(idOf("other"), { account: "paper", signals: { max_age_sec: 7 } });
    await addSource(gone, { account, signals: { max_age_sec: 8 } });
    await call("PATCH", `/v1/sources/${gone}`, { body: { status: "disabled" } });
    const terms = { owner: idOf("o"), scopes: ["orders:read"], accounts: [account] };
    const { key } = await make<{ key: string }>("/v1/api-keys", terms);
    const ageSeenBy = async (headers?: Record<string, string>) => {
      const { clauses } = await (await get(`/v1/policy/coverage?account=${account}`, headers)).json<Coverage>();
      const { rules } = clauses.find(({ clause }) => clause === "FIA 1.3") ?? {};
      return rules?.find(({ rule }) => rule === "signal_age");
    };
    const shown = (source: string | null, value: number | null) => ({
      source,
      state: value === null ? "off" : "on",
      value,
    });
    expect((await ageSeenBy())?.sources).toEqual([shown("default", null), shown(own, 60), shown(wide, 30)]);
    expect(await ageSeenBy({ "X-API-Key": key })).toMatchObject({
      state: "partly",
      setting: "max_age_sec",
      sources: [shown("default", null), shown(own, 60), shown(null, 30)],
    });
  });

  it("of an account that is not there is not found", async () => {
    expect((await get("/v1/policy/coverage?account=nowhere")).status).toBe(404);
  });
});

describe("the limits, through the door", () => {
  it.each([
    ["duplicates", { duplicate_order_window_sec: 60 }, "duplicate_order"],
    ["orders a minute", { max_orders_per_min: 1 }, "max_orders_per_min_exceeded"],
    ["messages a minute", { max_messages_per_min: 1 }, "max_messages_per_min_exceeded"],
  ])("on %s bind the second of two equal orders", async (_, policy, code) => {
    await withAccount({ configured: { policy } }, async () => {
      const twice = [await placeOrder({ ...RESTING, account: "paper" }), await placeOrder(RESTING)];
      const last = twice.at(-1);
      expect(last).toMatchObject({ status: "denied", reason: { code } });
    });
  });

  it("on opening sides and hours deny what they say", async () => {
    await withAccount({ configured: { policy: { sides: ["sell"] } } }, async () => {
      expect(await placeOrder(RESTING)).toMatchObject({ reason: { code: "side_not_allowed" } });
    });
    const never = { time_zone: "UTC", sessions: [{ days: ["mon"], from: "00:00", to: "00:01" }] };
    await withAccount({ configured: { policy: { trading_hours: never } } }, async () => {
      expect(await placeOrder(RESTING)).toMatchObject({ reason: { code: "outside_trading_hours" } });
    });
  });
});

describe("the same market order twice", () => {
  it("is taken for a mistake also where the collar turns each into a limit order", async () => {
    const policy = { duplicate_order_window_sec: 60, price_collar_percent: "5" };
    await withAccount({ configured: { policy } }, async () => {
      const order = { ...BUY, symbol: "SPY", quantity: "3" };
      expect(await placeOrder(order)).toMatchObject({ type: "limit" });
      expect(await placeOrder(order)).toMatchObject({ status: "denied", reason: { code: "duplicate_order" } });
    });
  });
});

describe("the types of orders that an account may enter with", () => {
  it.each([
    ["market", { outcome: "approved", reason: null }],
    ["limit", { outcome: "denied", reason: "order_type_not_allowed" }],
  ])(
    "are those that are asked for, though the collar makes a limit order of a market order: %s",
    async (type, says) => {
      const policy = { order_types: [type], price_collar_percent: "5" };
      await withAccount({ configured: { policy } }, async () => {
        expect(await preview(BUY)).toMatchObject({ ...says, order: { type: "limit" } });
        const { status, reason } = await placeOrder(BUY);
        expect({ outcome: status === "denied" ? "denied" : "approved", reason: reason?.code ?? null }).toEqual(says);
      });
    },
  );
});

describe("a limit on everything together", () => {
  const policy = { max_gross_exposure: "1000000" };
  const inEach = ["MSFT", "AAPL", "SPY"].map((symbol) => ({ ...BUY, symbol }));

  it("knows what an order is worth that rests in another symbol, and one that was filled this moment", async () => {
    await withAccount({ configured: { policy } }, async () => {
      const resting = await placeOrder({ ...RESTING, symbol: "SPY" });
      expect(await preview(BUY)).toMatchObject({ outcome: "approved" });
      await settled((await placeOrder({ ...BUY, symbol: "MSFT" })).id, "filled");
      expect(await placeOrder(BUY)).toMatchObject({ status: "pending_new", reason: null });
      await call("DELETE", `/v1/orders/${resting.id}`);
    });
  });

  it("knows what orders are worth that come in other symbols at the same moment", async () => {
    await withAccount({ configured: { policy } }, async () => {
      const each = await Promise.all(inEach.map((order) => placeOrder({ ...order, quantity: "2" })));
      expect(each.map(({ reason }) => reason)).toEqual([null, null, null]);
      const ids = each.map(({ id }) => id.slice(0, "paper_019bc224-4100".length));
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  it("knows of each order of a batch what those before it are worth", async () => {
    await withAccount({ configured: { policy } }, async () => {
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      const response = await call("POST", "/v1/orders/batch", { headers, body: { orders: inEach } });
      const { orders } = await response.json<{ orders: { order: { status: string; reason: unknown } }[] }>();
      expect(orders.map(({ order }) => order.reason)).toEqual([null, null, null]);
    });
  });

  it("holds after the price has jumped since the broker told what is held", async () => {
    const order = { ...BUY, symbol: "SPY" };
    const setPrice = (price: string) => put("/v1/paper/paper/prices/SPY", { price });
    const held = await settled((await placeOrder(order)).id, "filled");
    const { exposure } = await (await get("/v1/portfolio")).json<Portfolio>();
    const limit = Number(exposure.total) + 1.5 * Number(held.average_price);
    const limited = { max_gross_exposure: String(limit), max_notional: "off", max_position_notional: "off" };
    await withAccount({ configured: { policy: limited } }, async () => {
      expect(ruleIn(await preview(order), "max_gross_exposure")).toMatchObject({ passed: true });
      await setPrice(String(2 * Number(held.average_price)));
      // The price before is remembered for a second.
      await scheduler.wait(1_100);
      expect(await preview(order)).toMatchObject({ outcome: "denied", reason: "max_gross_exposure_exceeded" });
      await setPrice(held.average_price ?? "");
    });
  });
});
