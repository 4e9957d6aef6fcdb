// How a TradersPost message wants its order placed: the order's type, its prices, and when it may trade.
import { type OrderType, TimeInForce } from "../../../order.ts";
import type { Fields } from "../../fields.ts";
import type { Terms } from "../../instruction.ts";
import { readPrices } from "./prices.ts";

/** Everything that says how much and how to trade, the bracket aside. */
export const ORDER_FIELDS = [
  "quantity",
  "quantityType",
  "orderType",
  "limitPrice",
  "stopPrice",
  "trailAmount",
  "trailPercent",
  "timeInForce",
  "extendedHours",
];

const TYPES = {
  market: "market",
  limit: "limit",
  stop: "stop",
  stop_limit: "stop_limit",
  trailing_stop: "trailing_stop",
} as const;

/** `gtd` is one of theirs, and needs a date that an order has no place for here. */
const TIMES_IN_FORCE = { ...TimeInForce.enum, gtd: "gtd" } as const;

/** Refuses what goes with no cancel. */
export function refuseWithCancel(fields: Fields): void {
  if (fields.has("quantityType")) {
    fields.refuse("quantityType", "invalid_quantity_type_action", "goes with no cancel");
  }
  if (fields.oneOf("orderType", "invalid_order_type", TYPES) === "trailing_stop") {
    fields.refuse("orderType", "invalid_trailing_stop", "goes with no cancel");
  }
}

type Placing = Pick<Terms, "type" | "limit_price" | "stop_price" | "time_in_force" | "extended_hours">;

export function readPlacing(fields: Fields): Placing {
  const type = readType(fields);
  return {
    type: type ?? "market",
    ...readPrices(fields, type),
    time_in_force: readTimeInForce(fields),
    extended_hours: fields.flag("extendedHours", "invalid_extended_hours"),
  };
}

/** `undefined` where it is not said, or wrong. */
function readType(fields: Fields): OrderType | undefined {
  const type = fields.oneOf("orderType", "invalid_order_type", TYPES);
  const trails = ["trailAmount", "trailPercent"].filter((name) => fields.has(name));
  const [trail] = trails;
  const areTrailsRight = trails.map((name) => fields.positive(name, "invalid_trailing_stop")).every(Boolean);
  if (type !== "trailing_stop") {
    if (trail !== undefined) fields.refuse(trail, "invalid_trailing_stop", "needs orderType trailing_stop");
    return type;
  }
  if (trails.length !== 1) {
    fields.refuse("orderType", "invalid_trailing_stop", "takes trailAmount or trailPercent, one of them");
  } else if (areTrailsRight) {
    fields.refuse("orderType", "unsupported_trailing_stop", "a trailing stop cannot be placed here");
  }
  return undefined;
}

function readTimeInForce(fields: Fields): TimeInForce | undefined {
  const time = fields.oneOf("timeInForce", "invalid_time_in_force", TIMES_IN_FORCE);
  return time === "gtd"
    ? fields.refuse("timeInForce", "unsupported_time_in_force", "an order cannot end on a date here")
    : time;
}
