// Whatever is sent to the venue in whatever order, its books agree with its fills.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Decimal,
  ZERO,
  add,
  decimalOf,
  divide,
  greaterThan,
  lessThan,
  multiply,
  subtract,
} from "../../../../src/domain/money.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { type VenueClient, openVenue } from "./venue-client.ts";

type Step =
  | { readonly act: "place"; readonly fields: Record<string, unknown> }
  | { readonly act: "price"; readonly symbol: string; readonly price: string }
  | { readonly act: "cancel" | "wait" };

const symbol = fc.constantFrom("AAPL", "MSFT");
const price = fc.integer({ min: 100, max: 90_000 }).map((cents) => (cents / 100).toFixed(2));
const quantity = fc.oneof(fc.integer({ min: 1, max: 300 }).map(String), fc.constantFrom("0.5", "0.123456789", "33.3"));
const common = {
  symbol,
  side: fc.constantFrom("buy", "sell"),
  time_in_force: fc.constantFrom("day", "day", "gtc", "ioc", "fok"),
};
const orders = fc.oneof(
  fc.record({ ...common, type: fc.constant("market"), qty: quantity }),
  fc.record({
    ...common,
    type: fc.constant("market"),
    notional: price,
    time_in_force: fc.constant("day"),
    qty: fc.constant(null),
  }),
  fc.record({ ...common, type: fc.constant("limit"), qty: quantity, limit_price: price }),
  fc.record({ ...common, type: fc.constant("stop"), qty: quantity, stop_price: price }),
  fc.record({ ...common, type: fc.constant("stop_limit"), qty: quantity, stop_price: price, limit_price: price }),
  fc.record({
    ...common,
    type: fc.constant("market"),
    qty: fc.integer({ min: 1, max: 100 }).map(String),
    order_class: fc.constant("bracket"),
    take_profit: fc.record({ limit_price: price }),
    stop_loss: fc.record({ stop_price: price }),
  }),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: orders.map((fields): Step => ({ act: "place", fields })) },
    { weight: 3, arbitrary: fc.record({ symbol, price }).map((move): Step => ({ act: "price", ...move })) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ act: "cancel" }, { act: "wait" }) },
  ),
  { maxLength: 40 },
);

async function take(client: VenueClient, step: Step): Promise<void> {
  if (step.act === "place") expect([200, 403, 422]).toContain((await client.post(step.fields)).status);
  else if (step.act === "price") expect((await client.setPrice(step.symbol, step.price)).status).toBe(200);
  else if (step.act === "cancel") expect((await client.send("DELETE", "/v2/orders")).status).toBe(207);
  else client.advance(6 * 3_600_000);
}

type OrderBook = {
  id: string;
  symbol: string;
  side: string;
  status: string;
  qty: Decimal | null;
  filled_qty: Decimal;
  filled_avg_price: Decimal | null;
};

type Trade = { id: string; order_id: string; side: string; qty: Decimal; price: Decimal };

/** All trades, page by page, oldest first. */
async function readTrades(client: VenueClient): Promise<Trade[]> {
  const trades: Trade[] = [];
  for (let token = ""; ; token = `&page_token=${trades.at(-1)?.id}`) {
    const page = await client.get<Trade[]>(`/v2/account/activities/FILL?direction=asc${token}`);
    trades.push(...page);
    if (page.length < 100) return trades;
  }
}

async function readBooks(client: VenueClient) {
  return {
    orders: await client.get<OrderBook[]>("/v2/orders?status=all&direction=asc&limit=500"),
    positions: await client.get<{ symbol: string; qty: Decimal; market_value: Decimal }[]>("/v2/positions"),
    account: await client.get<{ cash: Decimal; equity: Decimal; buying_power: Decimal }>("/v2/account"),
  };
}

const signed = (side: string, amount: Decimal): Decimal => (side === "buy" ? amount : subtract(ZERO, amount));
const unitsOf = ({ side, filled_qty }: OrderBook): Decimal => signed(side, filled_qty);
const sumOf = (amounts: readonly Decimal[]): Decimal => amounts.reduce(add, ZERO);

/** Whole fills, or steps of some size. */
const maxFill = fc.constantFrom(undefined, "1", "7.5", "100");

describe("after any sequence of orders, price moves, cancellations and days", () => {
  it("cash and positions are exactly what the fills make them, and no order is overfilled", async () => {
    await fc.assert(
      fc.asyncProperty(steps, maxFill, async (sequence, maxFillQuantity) => {
        const client = openVenue({ maxFillQuantity });
        for (const step of sequence) await take(client, step);
        // Nothing moves between two reads of the books: no order is held against the market any more.
        await client.send("DELETE", "/v2/orders");
        const books = await readBooks(client);
        const trades = await readTrades(client);

        const spent = sumOf(trades.map(({ side, qty, price: paid }) => signed(side, multiply(qty, paid))));
        expect(books.account.cash).toBe(subtract(decimalOf("100000"), spent));
        for (const order of books.orders) {
          const own = trades.filter(({ order_id }) => order_id === order.id);
          expect(sumOf(own.map(({ qty }) => qty))).toBe(order.filled_qty);
          const cost = sumOf(own.map(({ qty, price: paid }) => multiply(qty, paid)));
          expect(order.filled_avg_price).toBe(own.length === 0 ? null : divide(cost, order.filled_qty));
        }

        const held = new Map<string, Decimal>();
        for (const order of books.orders) held.set(order.symbol, add(held.get(order.symbol) ?? ZERO, unitsOf(order)));
        expect(Object.fromEntries(books.positions.map(({ symbol: name, qty }) => [name, qty]))).toEqual(
          Object.fromEntries([...held].filter(([, units]) => units !== "0")),
        );
        const worth = books.positions.reduce((sum, { market_value }) => add(sum, market_value), ZERO);
        expect(books.account.equity).toBe(add(books.account.cash, worth));

        for (const order of books.orders) {
          expect(lessThan(order.filled_qty, ZERO)).toBe(false);
          if (order.qty !== null) expect(greaterThan(order.filled_qty, order.qty)).toBe(false);
          if (order.status === "filled") expect(order.qty ?? order.filled_qty).toBe(order.filled_qty);
          expect(["filled", "canceled", "expired"]).toContain(order.status);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("both stores tell the same", async () => {
    await fc.assert(
      fc.asyncProperty(steps, maxFill, async (sequence, maxFillQuantity) => {
        const memory = openVenue({ maxFillQuantity });
        const sqlite = openVenue({ maxFillQuantity, store: openSqliteStore() });
        for (const step of sequence) {
          await take(memory, step);
          await take(sqlite, step);
        }
        expect(await readBooks(sqlite)).toEqual(await readBooks(memory));
        expect(await readTrades(sqlite)).toEqual(await readTrades(memory));
      }),
      { numRuns: 20 },
    );
  });

  it("the account never holds more than its equity while prices stand still", async () => {
    type Figures = { equity: Decimal; long_market_value: Decimal; short_market_value: Decimal };
    await fc.assert(
      fc.asyncProperty(fc.array(orders, { maxLength: 40 }), async (placed) => {
        const client = openVenue();
        for (const fields of placed) {
          await client.post(fields);
          const account = await client.get<Figures>("/v2/account");
          const held = subtract(account.long_market_value, account.short_market_value);
          expect(account.equity).toBe("100000");
          expect(greaterThan(held, account.equity)).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });
});
