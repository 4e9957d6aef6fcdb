// What an account may do. Every limit that is not written down refuses; that there is none has to be written down too.
import * as z from "zod";
import { AssetClass } from "../instrument.ts";
import { DecimalOnWire, PositiveDecimal, ZERO, lessThan } from "../money.ts";
import { OrderType, Side, Symbol, TimeInForce } from "../order.ts";
import { TradingHours, localDateOf } from "../trading-hours.ts";
import { ANY, OFF } from "./rule.ts";

const COUNT_MAX = 1_000_000;
const SYMBOLS_MAX = 500;
const WEEK_SEC = 604_800;
const HOUR_SEC = 3_600;
const DAY_SEC = 86_400;
/** Nobody answers in less. */
const HOLD_SEC_MIN = 10;
/** More executions than anybody would wait for before a look. */
const REPEATS_MAX = 100;

const off = z.literal(OFF);
const any = z.literal(ANY);
const Cap = z.union([PositiveDecimal, off]);
const Count = z.union([z.int().min(1).max(COUNT_MAX), off]);
const Percent = z.union([PositiveDecimal, off]);

const describe = <T extends z.ZodType>(schema: T, description: string) => schema.meta({ description }).optional();

/**
 * An account's policy. An absent limit denies every entry, and the denial names it; `off` and `any` say that there is to be
 * none. Money is in the account's currency.
 */
export const Policy = z.strictObject({
  symbols: describe(z.union([z.array(Symbol).max(SYMBOLS_MAX), any]), "The symbols that may be entered."),
  restricted_symbols: z
    .array(Symbol)
    .max(SYMBOLS_MAX)
    .default([])
    .meta({ description: "Symbols that may not be entered, whatever `symbols` says." }),
  asset_classes: describe(
    z.union([z.array(AssetClass), any]),
    "The classes of instruments that may be entered, as the broker lists them.",
  ),
  sides: describe(z.union([z.array(Side), any]), "The sides on which positions may be opened."),
  order_types: describe(
    z.union([z.array(OrderType), any]),
    "The types of orders that may open positions, as they are asked for.",
  ),
  times_in_force: describe(z.union([z.array(TimeInForce), any]), "The times in force that may open positions."),
  trading_hours: describe(z.union([TradingHours, any]), "When positions may be opened."),

  max_quantity: describe(Cap, "Units in one order."),
  max_notional: describe(Cap, "Money in one order."),
  max_percent_of_equity: describe(Percent, "One order's money, in percent of the account's equity."),
  price_collar_percent: describe(
    Percent,
    "How much worse than the last trade an order's price may be. A market order that opens a position becomes a limit order " +
      "with this much room.",
  ),
  reference_price_max_age_sec: describe(
    z.int().positive().max(WEEK_SEC),
    "How old the last trade may be to measure an order with.",
  ),

  max_position: describe(Cap, "Units held of one symbol, long or short, with everything that is on its way."),
  max_position_notional: describe(Cap, "The same in money, at the last trade's price."),
  max_gross_exposure: describe(Cap, "Money in all symbols, short ones counted as much as long ones."),
  max_net_exposure: describe(Cap, "Money in all symbols, short ones taken off long ones."),
  min_buying_power: describe(
    z.union([DecimalOnWire.refine((least) => !lessThan(least, ZERO), { error: "must not be negative" }), off]),
    "Buying power that is left with the order; `0` asks only that it is enough.",
  ),
  max_daily_loss: describe(
    Cap,
    "Money lost since the trading day began: the account's equity then, less its equity now.",
  ),
  max_drawdown_percent: describe(
    Percent,
    "How far equity may be below its highest since this policy was set, in percent of that. A new policy begins anew.",
  ),
  max_open_orders: describe(Count, "Orders that live at once."),

  max_orders_per_sec: describe(Count, "Orders in any second."),
  max_orders_per_min: describe(Count, "Orders in any minute."),
  max_orders_per_day: describe(Count, "Orders in a day of the time zone of `trading_hours`, else of UTC."),
  max_messages_per_sec: describe(Count, "Orders, cancels and replacements in any second. Only orders are refused."),
  max_messages_per_min: describe(Count, "The same in any minute."),
  max_messages_per_day: describe(Count, "The same in a day."),
  duplicate_order_window_sec: describe(
    z.union([z.int().min(1).max(HOUR_SEC), off]),
    "For so long after an order, the same one is taken for a mistake.",
  ),
  repeated_execution: describe(
    z.union([
      z.strictObject({ times: z.int().min(1).max(REPEATS_MAX), window_sec: z.int().min(1).max(HOUR_SEC) }),
      off,
    ]),
    "So many orders of one source in one symbol on one side stop the source, until a person releases it.",
  ),
  self_match: describe(
    z.enum(["deny", OFF]),
    "What becomes of an order that could trade with one of the account's own.",
  ),

  approval: z
    .union([
      z.literal("auto"),
      z.strictObject({
        above: DecimalOnWire.refine((least) => !lessThan(least, ZERO), { error: "must not be negative" }),
        expires_sec: z.int().min(HOLD_SEC_MIN).max(DAY_SEC),
        max_drift_percent: Percent,
        two_persons: z.boolean(),
      }),
    ])
    .default("auto")
    .meta({
      description:
        "Which orders wait for a person: those that open something for more money than `above`, `0` for every one. See " +
        "docs/approvals.md.",
    }),
  when_circuit_open: z.enum(["deny", "wait"]).default("deny").meta({
    description: "New entries while the broker does not answer: `wait` holds them as long as their approval lasts.",
  }),
});
export type Policy = z.infer<typeof Policy>;

/** The date of the trading day, by the clock of the policy's trading hours, else by UTC. */
export const tradingDateOf = ({ trading_hours: hours }: Partial<Policy>, nowMs: number): string =>
  localDateOf(hours === undefined || hours === ANY ? "UTC" : hours.time_zone, nowMs);
