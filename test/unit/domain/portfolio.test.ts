import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VenueHolding } from "../../../src/domain/broker.ts";
import { AccountId } from "../../../src/domain/ids.ts";
import { ZERO, absolute, add, decimalOf, lessThan } from "../../../src/domain/money.ts";
import type { Order } from "../../../src/domain/order.ts";
import { Portfolio, type PortfolioFacts, type PortfolioPosition, toPortfolio } from "../../../src/domain/portfolio.ts";
import { NOW_MS, aTrade, anOrder } from "../../support/builders.ts";

const decimals = (bySymbol: Readonly<Record<string, string>>) =>
  new Map(Object.entries(bySymbol).map(([symbol, text]) => [symbol, decimalOf(text)]));

const aHolding = (quantity: string, marketValue: string | null, symbol = "AAPL"): VenueHolding => ({
  symbol,
  quantity: decimalOf(quantity),
  average_price: decimalOf("180"),
  market_value: marketValue === null ? null : decimalOf(marketValue),
});

type Given = Partial<Omit<PortfolioFacts, "positions" | "lastTrades">> & {
  readonly positions?: Readonly<Record<string, string>>;
  readonly referencePrices?: Readonly<Record<string, string>>;
};

/** Read from the broker a second ago. */
const portfolioOf = ({ positions = {}, referencePrices = {}, ...given }: Given): Portfolio =>
  toPortfolio({
    account: AccountId.parse("paper"),
    nowMs: NOW_MS,
    asOfMs: NOW_MS - 1_000,
    holdings: [],
    balances: null,
    orders: [],
    ...given,
    positions: decimals(positions),
    lastTrades: new Map(Object.entries(referencePrices).map(([symbol, price]) => [symbol, aTrade(price, NOW_MS)])),
  });

/** The one position there is. */
function positionOf(given: Given): PortfolioPosition {
  const [position, ...others] = portfolioOf(given).positions;
  if (position === undefined || others.length > 0) throw new Error("expected one position");
  return position;
}

const buy = (quantity: string, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  anOrder({ quantity, side: "buy", delivery: "delivered", status: "new", ...overrides });
const sell = (quantity: string, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  buy(quantity, { side: "sell", ...overrides });
const byAmount = (notional: string, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  buy("0", { type: "market", limit_price: undefined, quantity: undefined, notional, ...overrides });

describe("a portfolio", () => {
  it("that was never read from the broker says so, and knows no balance", () => {
    expect(portfolioOf({ asOfMs: null })).toEqual({
      account: "paper",
      as_of: null,
      stale: true,
      currency: null,
      cash: null,
      equity: null,
      buying_power: null,
      positions: [],
      exposure: { held: "0", working: "0", unknown: "0", total: "0", unpriced: [] },
    });
  });

  it("shows the broker's balances and when they were read", () => {
    const balances = {
      currency: "USD",
      cash: decimalOf("-12.5"),
      equity: decimalOf("25000"),
      buying_power: decimalOf("49975"),
    };
    expect(portfolioOf({ balances })).toMatchObject({ ...balances, as_of: "2026-01-15T14:29:59.000Z", stale: false });
  });

  it.each([
    [15_000, false],
    [15_001, true],
  ])("read %d ms ago is stale: %s", (ageMs, stale) => {
    expect(portfolioOf({ asOfMs: NOW_MS - ageMs }).stale).toBe(stale);
  });

  it("lists what is held or has a live order, by symbol", () => {
    const portfolio = portfolioOf({
      positions: { MSFT: "5", SPY: "0", AAPL: "-1" },
      orders: [buy("1", { symbol: "GOOG" })],
      holdings: [aHolding("3", "9", "TSLA")],
    });
    expect(portfolio.positions.map(({ symbol }) => symbol)).toEqual(["AAPL", "GOOG", "MSFT"]);
  });
});

describe("a position", () => {
  it("held long is worth what the broker says", () => {
    expect(positionOf({ positions: { AAPL: "3" }, holdings: [aHolding("3", "100")] })).toEqual({
      symbol: "AAPL",
      quantity: "3",
      average_price: "180",
      market_value: "100",
      working_buy: "0",
      working_sell: "0",
      unknown_buy: "0",
      unknown_sell: "0",
      working_buy_notional: "0",
      working_sell_notional: "0",
      unknown_buy_notional: "0",
      unknown_sell_notional: "0",
      exposure_quantity: "3",
      exposure: "100",
    });
  });

  it("held short is worth less than nothing, and exposes as much as a long one", () => {
    expect(positionOf({ positions: { AAPL: "-4" }, holdings: [aHolding("-4", "-750")] })).toMatchObject({
      quantity: "-4",
      market_value: "-750",
      exposure_quantity: "4",
      exposure: "750",
    });
  });

  it("that moved since the broker was read is valued at the broker's price, and has no average", () => {
    expect(positionOf({ positions: { AAPL: "6" }, holdings: [aHolding("4", "750")] })).toMatchObject({
      quantity: "6",
      average_price: null,
      market_value: "1125",
    });
  });

  it.each<[string, readonly VenueHolding[]]>([
    ["the broker does not hold it", []],
    ["the broker has no price", [aHolding("4", null)]],
    ["the broker values it at nothing", [aHolding("4", "0")]],
    ["the broker holds none of it", [aHolding("0", "12")]],
  ])("is valued at the reference price where %s", (_, holdings) => {
    const given = { positions: { AAPL: "4" }, holdings };
    expect(positionOf({ ...given, referencePrices: { AAPL: "187.5" } }).market_value).toBe("750");
    expect(positionOf(given)).toMatchObject({ market_value: null, exposure_quantity: "4", exposure: null });
  });

  it("is not valued at a reference price of zero", () => {
    expect(positionOf({ positions: { AAPL: "4" }, referencePrices: { AAPL: "0" } }).market_value).toBeNull();
  });

  it("is valued to nine digits after the point", () => {
    const given = { positions: { AAPL: "-0.000000001" }, referencePrices: { AAPL: "187.123456789" } };
    expect(positionOf(given)).toMatchObject({ market_value: "-0.000000187", exposure: "0.000000187" });
  });
});

describe("live orders", () => {
  it("count with what they have not filled yet", () => {
    const orders = [buy("10", { filled_quantity: "4", average_price: "187" }), buy("2.5"), sell("1")];
    expect(positionOf({ positions: { AAPL: "4" }, orders })).toMatchObject({ working_buy: "8.5", working_sell: "1" });
  });

  it("count nothing once they are filled, or filled beyond what was asked", () => {
    const orders = [
      buy("10", { filled_quantity: "10", average_price: "187" }),
      buy("10", { filled_quantity: "11", average_price: "187" }),
    ];
    expect(positionOf({ orders })).toMatchObject({ working_buy: "0", exposure_quantity: "0", exposure: "0" });
  });

  it.each<[string, Parameters<typeof anOrder>[0], "working_buy" | "unknown_buy"]>([
    ["to be sent", { delivery: "pending" }, "working_buy"],
    ["in the broker's hands", { delivery: "delivered" }, "working_buy"],
    ["about to be canceled", { delivery: "delivered", status: "pending_cancel" }, "working_buy"],
    ["on the wire", { delivery: "submitting" }, "unknown_buy"],
    ["unknown", { delivery: "unknown", outcome: "unknown" }, "unknown_buy"],
    ["sent again after an unclear attempt", { delivery: "submitting", outcome: "unknown" }, "unknown_buy"],
    ["delivered with an attempt unclear", { delivery: "delivered", outcome: "unknown" }, "unknown_buy"],
    ["in a person's hands", { delivery: "needs_operator" }, "unknown_buy"],
  ])("that are %s: %o, count as %s", (_, overrides, field) => {
    const none = { working_buy: "0", unknown_buy: "0" };
    expect(positionOf({ orders: [buy("10", overrides)] })).toMatchObject({ ...none, [field]: "10" });
  });

  it.each<[string, string, readonly Order[], string]>([
    ["an entry adds to a long position", "10", [buy("5")], "15"],
    ["an exit adds nothing", "10", [sell("10")], "10"],
    ["a sale through zero ends short", "10", [sell("25")], "15"],
    ["an entry adds to a short position", "-10", [sell("5")], "15"],
    ["a purchase covers a short position", "-10", [buy("10")], "10"],
    ["buys and sells do not cancel each other out", "0", [buy("7"), sell("9")], "9"],
    ["orders nobody knows about count in full", "10", [buy("5"), buy("5", { outcome: "unknown" })], "20"],
    ["the worse side counts", "3", [buy("2"), sell("9", { delivery: "submitting" })], "6"],
  ])("at worst: %s", (_, quantity, orders, worst) => {
    const given = { positions: { AAPL: quantity }, orders, referencePrices: { AAPL: "2" } };
    const position = positionOf(given);
    expect(position.exposure_quantity).toBe(worst);
    expect(position.exposure).toBe(add(decimalOf(worst), decimalOf(worst)));
  });
});

describe("an order by amount", () => {
  it("counts with its money, and with no units", () => {
    expect(positionOf({ orders: [byAmount("500")] })).toMatchObject({
      working_buy: "0",
      working_buy_notional: "500",
      exposure_quantity: "0",
      exposure: "500",
    });
  });

  it("counts with the money it has not spent yet", () => {
    const orders = [
      byAmount("500", { filled_quantity: "1.5", average_price: "187.123456789" }),
      byAmount("100", { filled_quantity: "1", average_price: "100.01" }),
    ];
    expect(positionOf({ orders }).working_buy_notional).toBe("219.314814816");
  });

  it("adds to what is held where it can", () => {
    const given = { positions: { AAPL: "10" }, referencePrices: { AAPL: "20" } };
    const unknown = { outcome: "unknown", delivery: "unknown" };
    const orders = [byAmount("50", unknown), byAmount("30", { side: "sell" })];
    expect(positionOf({ ...given, orders })).toMatchObject({
      unknown_buy_notional: "50",
      working_sell_notional: "30",
      exposure_quantity: "10",
      exposure: "250",
    });
  });

  it("does not say what units held beside it are worth", () => {
    expect(positionOf({ positions: { AAPL: "10" }, orders: [byAmount("50")] }).exposure).toBeNull();
  });
});

describe("the exposure of all symbols", () => {
  const positions = { AAPL: "10", MSFT: "-5" };
  const referencePrices = { AAPL: "20", MSFT: "40", SPY: "100" };

  it("is what is held, what working orders add, and what unknown ones add to that", () => {
    const orders = [
      buy("5"),
      sell("3"),
      sell("2", { symbol: "MSFT", outcome: "unknown" }),
      buy("1", { symbol: "SPY", delivery: "submitting" }),
    ];
    expect(portfolioOf({ positions, referencePrices, orders }).exposure).toEqual({
      held: "400",
      working: "100",
      unknown: "180",
      total: "680",
      unpriced: [],
    });
  });

  it.each<[Readonly<Record<string, string>>, readonly string[]]>([
    [{ AAPL: "20", MSFT: "40" }, ["SPY"]],
    [{ AAPL: "20" }, ["MSFT", "SPY"]],
  ])("is not known with the prices %o, and names the symbols without one", (prices, unpriced) => {
    const orders = [buy("1", { symbol: "SPY" })];
    expect(portfolioOf({ positions, orders, referencePrices: prices }).exposure).toEqual({
      held: null,
      working: null,
      unknown: null,
      total: null,
      unpriced,
    });
  });
});

/** In steps of a thousandth. */
const between = (least: number, most: number) =>
  fc.integer({ min: least * 1_000, max: most * 1_000 }).map((thousandths) => String(thousandths / 1_000));

const amount = between(0, 1_000);

const symbol = fc.constantFrom("AAPL", "MSFT", "SPY");

const order: fc.Arbitrary<Order> = fc
  .record({
    symbol,
    side: fc.constantFrom("buy", "sell"),
    terms: fc.oneof(
      amount.map((quantity) => ({ quantity })),
      amount.map((notional) => ({ notional, quantity: undefined })),
    ),
    delivery: fc.constantFrom("waiting", "pending", "submitting", "unknown", "delivered", "needs_operator"),
    outcome: fc.constantFrom("known", "unknown"),
    filled_quantity: amount,
    average_price: fc.option(amount),
  })
  .map(({ terms, ...fields }) => anOrder({ ...fields, ...terms, status: "new" }));

const given: fc.Arbitrary<Given> = fc.record({
  positions: fc.dictionary(symbol, between(-2_000, 2_000)),
  referencePrices: fc.dictionary(symbol, amount),
  orders: fc.array(order, { maxLength: 12 }),
  holdings: fc
    .tuple(between(-2_000, 2_000), fc.option(between(-9_000, 9_000)))
    .map(([quantity, marketValue]) => [aHolding(quantity, marketValue)]),
});

describe("any portfolio", () => {
  it("exposes no less than it holds, in units and in money", () => {
    fc.assert(
      fc.property(given, (any) => {
        for (const { quantity, exposure_quantity, market_value, exposure } of portfolioOf(any).positions) {
          expect(lessThan(exposure_quantity, absolute(quantity))).toBe(false);
          if (exposure !== null) expect(lessThan(exposure, absolute(market_value ?? ZERO))).toBe(false);
        }
      }),
    );
  });

  it("sums to its parts, none of them negative", () => {
    fc.assert(
      fc.property(given, (any) => {
        const { positions, exposure } = portfolioOf(any);
        const { held, working, unknown, total } = exposure;
        expect(exposure.unpriced).toEqual(
          positions.filter((position) => position.exposure === null).map((position) => position.symbol),
        );
        if (held === null || working === null || unknown === null) return;
        expect([held, working, unknown].filter((part) => lessThan(part, ZERO))).toEqual([]);
        expect(total).toBe(add(add(held, working), unknown));
        expect(total).toBe(positions.map((position) => position.exposure ?? ZERO).reduce(add, ZERO));
      }),
    );
  });

  it("never shrinks by an order whose outcome is unknown", () => {
    fc.assert(
      fc.property(given, (any) => {
        const before = portfolioOf({ ...any, orders: [] }).exposure.total;
        const after = portfolioOf(any).exposure.total;
        if (before !== null && after !== null) expect(lessThan(after, before)).toBe(false);
      }),
    );
  });

  it("is what its schema says", () => {
    fc.assert(
      fc.property(given, (any) => {
        const portfolio = portfolioOf(any);
        expect(Portfolio.parse(JSON.parse(JSON.stringify(portfolio)))).toEqual(portfolio);
      }),
    );
  });
});
