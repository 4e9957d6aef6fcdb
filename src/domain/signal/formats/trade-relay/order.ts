// The order of a trade-relay message: how much, at what price, and with which bracket.
import type { OrderType } from "../../../order.ts";
import type { Fields } from "../../fields.ts";
import type { Notice } from "../../format.ts";
import type { Bracket, Size, Terms } from "../../instruction.ts";
import { ORDER_TYPES, TIMES_IN_FORCE, readWord } from "./words.ts";
import { leaveOut } from "../traderspost/notices.ts";
import { readPrice, readPrices } from "../traderspost/prices.ts";

/** In the order in which they count. */
const SIZES = [
  { name: "quantity", by: "quantity", code: "invalid_quantity" },
  { name: "notional", by: "notional", code: "invalid_notional" },
  { name: "percentEquity", by: "percent_of_equity", code: "invalid_percent_equity" },
  { name: "riskPercent", by: "risk_percent", code: "invalid_risk_percent" },
] as const;

/** Everything that says how much and how to trade. */
export const ORDER_FIELDS = [
  ...SIZES.map(({ name }) => name),
  "orderType",
  "limitPrice",
  "stopPrice",
  "trailAmount",
  "trailPercent",
  "timeInForce",
  "takeProfit",
  "stopLoss",
  "stopLossLimit",
];

/** Several sizes are allowed there, and the first one counts. */
export function readSize(fields: Fields, notices: Notice[]): Size | undefined {
  const [first, ...others] = SIZES.filter(({ name }) => fields.has(name));
  if (first === undefined) return undefined;
  const names = others.map(({ name }) => name);
  notices.push(...leaveOut(fields, names, `${first.name} counts before it`));
  if (first.by === "risk_percent" && !fields.has("stopLoss")) {
    fields.refuse("stopLoss", "stop_loss_required", "required by riskPercent");
  }
  const value = fields.positive(first.name, first.code);
  return value && { by: first.by, value };
}

export function readTerms(fields: Fields): Terms {
  const type = readType(fields);
  return {
    type: type ?? "market",
    ...readPrices(fields, type),
    time_in_force: readWord(fields, "timeInForce", "invalid_time_in_force", TIMES_IN_FORCE),
    ...readBracket(fields),
  };
}

/** `undefined` where it is not said, or wrong. */
function readType(fields: Fields): OrderType | undefined {
  const type = readWord(fields, "orderType", "invalid_order_type", ORDER_TYPES);
  const trail = ["trailAmount", "trailPercent"].filter((name) => fields.has(name))[0];
  const trailing = type === "trailing_stop" ? "orderType" : trail;
  if (trailing !== undefined) {
    fields.refuse(trailing, "unsupported_trailing_stop", "a trailing stop cannot be placed here");
  }
  return type === "trailing_stop" ? undefined : type;
}

function readBracket(fields: Fields): Bracket {
  const profit = readPrice(fields, "takeProfit", "invalid_take_profit");
  const stop = readPrice(fields, "stopLoss", "invalid_stop_loss");
  const limit = readPrice(fields, "stopLossLimit", "invalid_stop_loss_limit");
  if (fields.has("stopLossLimit") && !fields.has("stopLoss")) {
    fields.refuse("stopLoss", "stop_loss_required", "required by stopLossLimit");
  }
  return {
    take_profit: profit && { limit_price: profit },
    stop_loss: stop && { stop_price: stop, limit_price: limit },
  };
}
