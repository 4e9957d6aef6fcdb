// The take profit and the stop loss of a 3Commas signal. 3Commas watches the market for them itself; here they are the legs of a
// bracket at the broker. What a bracket cannot do is refused: several steps, trailing, moving the stop to the entry price.
import { type Decimal, absolute, decimalOf, isPositive, isZero } from "../../../money.ts";
import type { Side } from "../../../order.ts";
import { Fields, type JsonObject, isObject } from "../../fields.ts";
import type { SignalError } from "../../format.ts";
import type { Bracket, PriceSpec } from "../../instruction.ts";

const WHOLE = decimalOf("100");
const ORDER_TYPES = { market: "market", limit: "limit" } as const;

export type Signal = { readonly json: JsonObject; readonly fields: Fields; readonly errors: SignalError[] };

export function readBracket(signal: Signal, side: Side): Bracket {
  const stop = signal.fields.object("stop_loss", "invalid_stop_loss");
  const stopPrice = stop && readStopPrice(stop);
  const limitPrice = readTakeProfitPrice(signal, side);
  return {
    take_profit: limitPrice && { limit_price: limitPrice },
    stop_loss: stopPrice && { stop_price: stopPrice },
  };
}

/** With a market or a limit order: at the same distance, a limit sells no lower. */
function readTakeProfitPrice({ json, fields, errors }: Signal, side: Side): PriceSpec | undefined {
  const takeProfit = fields.object("take_profit", "invalid_take_profit");
  if (takeProfit === undefined || takeProfit.flag("enabled", "invalid_enabled") === false) return undefined;
  const steps: unknown = isObject(json["take_profit"]) ? json["take_profit"]["steps"] : undefined;
  takeProfit.has("steps");
  refuseUnknown(takeProfit);
  if (!Array.isArray(steps) || !isObject(steps[0])) {
    return takeProfit.refuse("steps", "invalid_take_profit_steps", "must be a list of one step");
  }
  if (steps.length > 1) {
    return takeProfit.refuse(
      "steps",
      "unsupported_take_profit_steps",
      "must be one step: a bracket has one take profit",
    );
  }
  return readStep(new Fields(steps[0], errors, `${takeProfit.pointerTo("steps")}/0`), side);
}

/** Below the price it is a short position's profit. Some senders write its distance with a sign for that, and some without one. */
function readStep(step: Fields, side: Side): PriceSpec | undefined {
  step.oneOf("order_type", "invalid_order_type", ORDER_TYPES);
  const volume = step.decimal("volume_percent", "invalid_volume_percent") ?? WHOLE;
  if (volume !== WHOLE) {
    step.refuse(
      "volume_percent",
      "unsupported_volume_percent",
      "must be 100: a bracket closes the position as a whole",
    );
  }
  const read = step.decimal("price_percent", "invalid_price_percent");
  const percent = step.required("price_percent", "missing_price_percent", read);
  refuseTrailing(step);
  refuseUnknown(step);
  if (percent === undefined) return undefined;
  const isProfit = side === "buy" ? isPositive(percent) : !isZero(percent);
  return isProfit ? distanceOf(percent) : step.refuse("price_percent", "invalid_price_percent", "must lie at a profit");
}

/** A stop loss lies at a loss, so that the sign of its distance, which senders write or leave out, adds nothing. */
function readStopPrice(stop: Fields): PriceSpec | undefined {
  if (stop.flag("enabled", "invalid_enabled") === false) return undefined;
  if (stop.oneOf("order_type", "invalid_order_type", ORDER_TYPES) === "limit") {
    stop.refuse("order_type", "unsupported_order_type", "must be market");
  }
  const read = stop.decimal("trigger_price_percent", "invalid_trigger_price_percent");
  const percent = stop.required("trigger_price_percent", "missing_trigger_price_percent", read);
  refuseTrailing(stop);
  if (stop.flag("breakeven", "invalid_breakeven") === true) {
    stop.refuse("breakeven", "unsupported_breakeven", "a stop stays where it is here");
  }
  refuseUnknown(stop);
  if (percent === undefined || !isZero(percent)) return percent && distanceOf(percent);
  return stop.refuse("trigger_price_percent", "invalid_trigger_price_percent", "must not be zero");
}

const distanceOf = (percent: Decimal): PriceSpec => ({ distance: absolute(percent), unit: "percent" });

function refuseTrailing(leg: Fields): void {
  const trailing = leg.object("trailing", "invalid_trailing");
  if (trailing === undefined || trailing.flag("enabled", "invalid_enabled") === false) return;
  leg.refuse("trailing", "unsupported_trailing", "a price stays where it is here");
}

export function refuseUnknown(part: Fields): void {
  for (const name of part.unread()) part.refuse(name, "unknown_field", "unknown field");
}
