// Orders as the gateway asks for them and as Alpaca tells of them.
import { type OrderIntent, OrderIntent as IntentSchema } from "../../../../src/domain/order.ts";

/** A limit order for 10 AAPL. A field set to `undefined` is left out. */
export function anIntent(overrides: Record<string, unknown> = {}): OrderIntent {
  const fields = {
    account: "main",
    client_order_id: "sp-0192f3a4",
    symbol: "AAPL",
    side: "buy",
    type: "limit",
    quantity: "10",
    limit_price: "187.25",
    time_in_force: "day",
    extended_hours: false,
    ...overrides,
  };
  return IntentSchema.parse(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
}

/** Alpaca's JSON of the order that {@link anIntent} asks for, with the fields that nobody reads. */
export const anAlpacaOrder = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: "61e69015-8549-4bfd-b9c3-01e75843f47d",
  client_order_id: "sp-0192f3a4",
  created_at: "2026-11-20T14:30:00.123456789Z",
  updated_at: "2026-11-20T14:30:00.123456789Z",
  submitted_at: "2026-11-20T14:30:00.100000001Z",
  filled_at: null,
  replaced_by: null,
  replaces: null,
  asset_id: "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
  symbol: "AAPL",
  asset_class: "us_equity",
  notional: null,
  qty: "10",
  filled_qty: "0",
  filled_avg_price: null,
  order_class: "",
  order_type: "limit",
  type: "limit",
  side: "buy",
  time_in_force: "day",
  limit_price: "187.25",
  stop_price: null,
  status: "accepted",
  extended_hours: false,
  legs: null,
  hwm: null,
  ...overrides,
});

/** The leg of that order that sells at 200 or better; Alpaca has made up its ids. */
export const aTakeProfit = (overrides: Record<string, unknown> = {}): Record<string, unknown> =>
  anAlpacaOrder({
    id: "0c6d1d0e-1111-4000-8000-000000000001",
    client_order_id: "5d0a6b3c-1111-4000-8000-000000000001",
    order_class: "bracket",
    side: "sell",
    limit_price: "200",
    status: "new",
    ...overrides,
  });

/** The one that sells when the price has come down to 180. */
export const aStopLoss = (overrides: Record<string, unknown> = {}): Record<string, unknown> =>
  anAlpacaOrder({
    id: "0c6d1d0e-2222-4000-8000-000000000002",
    client_order_id: "5d0a6b3c-2222-4000-8000-000000000002",
    order_class: "bracket",
    order_type: "stop",
    type: "stop",
    side: "sell",
    limit_price: null,
    stop_price: "180",
    status: "held",
    ...overrides,
  });
