// What a signal asks for, before anybody has looked at what the account holds, what a unit costs or what a symbol is called at
// the broker. Every format is read into these words; the account works them out into orders.
import * as z from "zod";
import { type Decimal, PositiveDecimal } from "../money.ts";
import type { OrderType, Side, TimeInForce } from "../order.ts";

/** What a size is of. */
export const SizeUnit = z.enum([
  /** Units. */
  "quantity",
  /** Money, in the account's currency. */
  "notional",
  /** Of the account's equity, in percent: `5` is a twentieth. */
  "percent_of_equity",
  "percent_of_buying_power",
  /** Of the units held in the symbol. */
  "percent_of_position",
  /** Money that is lost when the stop loss is hit; it takes one. */
  "risk_amount",
  /** The same in percent of the account's equity. */
  "risk_percent",
]);
export type SizeUnit = z.infer<typeof SizeUnit>;

/** How much. All but `quantity` is worked out into units by the account, from its own price, equity, position and stop. */
export const Size = z.strictObject({ by: SizeUnit, value: PositiveDecimal }).meta({ id: "Size" });
export type Size = Readonly<z.infer<typeof Size>>;

/**
 * A price as a sender names it: the price itself, or its distance from where the order would trade. A distance has no sign:
 * a limit is that much better than the market, a stop that much worse; a take profit and a stop loss count from the entry.
 */
export type PriceSpec = { readonly at: Decimal } | { readonly distance: Decimal; readonly unit: "amount" | "percent" };

/** The legs of a bracket: what closes the position again, at a profit or at a loss. */
export type Bracket = {
  readonly take_profit?: { readonly limit_price: PriceSpec } | undefined;
  /** With a limit price the stop is a stop limit. */
  readonly stop_loss?: { readonly stop_price: PriceSpec; readonly limit_price?: PriceSpec | undefined } | undefined;
};

/** How an order is to be placed. */
export type Terms = Bracket & {
  readonly type: OrderType;
  readonly limit_price?: PriceSpec | undefined;
  readonly stop_price?: PriceSpec | undefined;
  readonly time_in_force?: TimeInForce | undefined;
  readonly extended_hours?: boolean | undefined;
  /** Only as far as it brings the position closer to zero. */
  readonly reduce_only?: boolean | undefined;
};

type OnSymbol = {
  /** As the sender spells it, an exchange in front of it included: the source's mapping is applied later. */
  readonly symbol: string;
  /** Absent: what the source's settings say. */
  readonly size?: Size | undefined;
} & Terms;

export type Instruction =
  /** One order, whatever is held: a sale of more than that is a short sale. */
  | (OnSymbol & { readonly action: "buy" | "sell" })
  /**
   * A position on this side. From flat it is opened. What is held on the other side is closed, and after that the position is
   * opened or not as the source's settings say. What is held on this side already is left as it is.
   *
   * With `opposite: "reduce"`, a position on the other side that is larger than `size` is only made smaller by it, and nothing
   * is entered.
   */
  | (OnSymbol & { readonly action: "enter"; readonly side: Side; readonly opposite?: "reduce" | undefined })
  /** More of the position that is held; `side` is the one it has to have. */
  | (OnSymbol & { readonly action: "add"; readonly side?: Side | undefined })
  /** Out of what is held, all of it without a size. `position` is the side that it has to have for there to be anything to do. */
  | (OnSymbol & { readonly action: "exit"; readonly position?: "long" | "short" | undefined })
  /** Out of what is held, and then a position of `size` on this side. */
  | (OnSymbol & { readonly action: "reverse"; readonly side: Side })
  /**
   * So many units held in the end, negative when short. `ifThere`: what to order all the same when exactly that is held
   * already.
   */
  | (Omit<OnSymbol, "size"> & {
      readonly action: "target";
      readonly position: Decimal;
      readonly ifThere?: { readonly side: Side; readonly quantity: Decimal } | undefined;
    })
  /** Out of everything: every live order is canceled and every position closed. */
  | { readonly action: "flatten" }
  /** Live orders are canceled: all of them, or those in a symbol, on a side, or of one name. */
  | {
      readonly action: "cancel";
      readonly symbol?: string | undefined;
      readonly side?: Side | undefined;
      readonly client_order_id?: string | undefined;
    }
  /**
   * No more entries, or no more orders at all, until a person releases it. No signal does. Of whom, the source's settings say. With
   * `flatten` also out of everything.
   */
  | { readonly action: "stop"; readonly state: "reducing" | "halted"; readonly flatten?: boolean | undefined };
