// What the broker's own list says of an instrument: whether orders in it are taken, in which steps, from which amount on, and of
// which class it is. What the list does not name is not entered: nobody knows what such an order would be.
import { isOnLot, isOnTick, isTradable, tickAt } from "../../instrument.ts";
import { type Decimal, lessThan } from "../../money.ts";
import type { OrderIntent } from "../../order.ts";
import { notionalOf } from "../measure.ts";
import { type FactRule, type Judgement, type Rule, known, oneOfListed, unknown } from "../rule.ts";

type Found = Judgement & { readonly input: string };

const passed = (input: string, limit: string): Found => ({ input, limit, passed: true });
const failed = (input: string, limit: string, reason: string): Found => ({ input, limit, passed: false, reason });

const UNKNOWN = "instrument_unknown";
const NOT_LISTED = failed("not listed", "listed by the broker", UNKNOWN);

export const instrumentTradable: FactRule = {
  kind: "fact",
  id: "instrument_tradable",
  about: "The broker takes orders in the instrument, and short sales of it where the order is one.",
  clauses: ["15c3-5(c)(1)(ii)"],
  bindsExits: false,
  check({ side }, { instrument }) {
    if (instrument === undefined) return NOT_LISTED;
    const { status, tradable, shortable } = instrument;
    const input = tradable ? status : `${status}, not tradable`;
    if (!isTradable(instrument)) return failed(input, "active and tradable", "not_tradable");
    // A sale of what is held is an exit, which this does not bind: any other may come to sell more than is held.
    if (side === "sell" && !shortable) return failed("sell", "shortable", "not_shortable");
    return passed(input, "active and tradable");
  },
};

export const lotSize: FactRule = {
  kind: "fact",
  id: "lot_size",
  about:
    "The quantity is whole lots of the instrument, and enough of them; an amount of money is for what trades in parts.",
  clauses: ["15c3-5(c)(1)(ii)"],
  bindsExits: false,
  check({ quantity }, { instrument }) {
    if (instrument === undefined) return NOT_LISTED;
    const { lot_size: lot, min_quantity: least, fractionable } = instrument;
    if (quantity === undefined) {
      const limit = "fractionable";
      return fractionable ? passed("by amount", limit) : failed("by amount", limit, "not_fractionable");
    }
    const limit = least === null ? `lots of ${lot}` : `lots of ${lot}, at least ${least}`;
    if (!isOnLot(quantity, instrument)) return failed(quantity, limit, "quantity_off_lot");
    if (least !== null && lessThan(quantity, least)) return failed(quantity, limit, "quantity_below_minimum");
    return passed(quantity, limit);
  },
};

export const priceIncrement: FactRule = {
  kind: "fact",
  id: "price_increment",
  about: "The prices that the order and its legs name are multiples of the instrument's step.",
  clauses: ["15c3-5(c)(1)(ii)"],
  bindsExits: false,
  check(intent, { instrument }) {
    if (instrument === undefined) return NOT_LISTED;
    const prices = pricesOf(intent);
    if (prices.length === 0) return passed("no price", "none");
    const input = prices.join(" ");
    const ticks = prices.map((price) => tickAt(price, instrument));
    if (ticks.includes(undefined)) return failed(input, "steps that nobody knows", "price_increment_unknown");
    const steps = `steps of ${ticks.join(" ")}`;
    return prices.every((price) => isOnTick(price, instrument))
      ? passed(input, steps)
      : failed(input, steps, "price_off_tick");
  },
};

const pricesOf = ({ limit_price, stop_price, take_profit, stop_loss }: OrderIntent): readonly Decimal[] =>
  [limit_price, stop_price, take_profit?.limit_price, stop_loss?.stop_price, stop_loss?.limit_price].filter(
    (price) => price !== undefined,
  );

export const minNotional: FactRule = {
  kind: "fact",
  id: "min_notional",
  about: "The order is worth what the broker asks for at least.",
  clauses: [],
  bindsExits: false,
  check(intent, facts) {
    const { instrument } = facts;
    if (instrument === undefined) return NOT_LISTED;
    const { min_notional: least } = instrument;
    if (least === null) return passed("any amount", "none");
    const worth = notionalOf(intent, facts);
    if ("unknown" in worth) return failed(worth.value, least, worth.unknown);
    return lessThan(worth.value, least)
      ? failed(worth.value, least, "notional_below_minimum")
      : passed(worth.value, least);
  },
};

export const assetClassAllowed: Rule = oneOfListed({
  id: "asset_class_allowed",
  about: "The instrument is of a class that the account may enter.",
  clauses: ["RTS 6 Art. 15(5)"],
  setting: "asset_classes",
  reason: "asset_class_not_allowed",
  measure: (_intent, { instrument }) =>
    instrument === undefined ? unknown(NOT_LISTED.input, UNKNOWN) : known(instrument.asset_class),
  isMeasurement: (value) => value !== NOT_LISTED.input,
});
