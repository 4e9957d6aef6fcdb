// The body of POST /v2/orders, and everything about it that can be refused without looking at the account.
import * as z from "zod";
import { type Decimal, PositiveDecimal, decimalOf, fractionDigits, lessThan } from "../../domain/money.ts";
import { OrderType, Side, TimeInForce } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { BracketFields, refuseBracket } from "./bracket-request.ts";
import { optional } from "./optional.ts";
import type { Refusal } from "./refusal.ts";

const CLIENT_ORDER_ID_CHARACTERS_MAX = 128;

/** Parts of Alpaca's orders that this venue does not have. Ignoring one would place another order than was asked for. */
const UNSUPPORTED = ["legs", "trail_price", "trail_percent", "position_intent", "advanced_instructions"] as const;

const OrderBody = z.looseObject({
  symbol: z.string(),
  side: Side,
  type: OrderType,
  time_in_force: TimeInForce,
  qty: optional(PositiveDecimal),
  notional: optional(PositiveDecimal),
  limit_price: optional(PositiveDecimal),
  stop_price: optional(PositiveDecimal),
  extended_hours: optional(z.boolean()),
  client_order_id: optional(
    z
      .string()
      .min(1)
      .max(CLIENT_ORDER_ID_CHARACTERS_MAX, {
        error: `must have at most ${CLIENT_ORDER_ID_CHARACTERS_MAX} characters`,
      }),
  ),
  ...BracketFields,
});

/** A body that passed every rule below. `null` stands for what was not sent. */
export type OrderRequest = z.infer<typeof OrderBody>;

/** Reads and checks a parsed JSON body. The error is about the first rule that was broken. */
export function readOrderRequest(body: unknown): Result<OrderRequest, Refusal> {
  const parsed = OrderBody.safeParse(body);
  if (!parsed.success) return err({ reason: "invalid", message: describeIssue(parsed.error) });
  const refusal = refuseBracket(parsed.data);
  if (refusal !== undefined) return err(refusal);
  for (const rule of RULES) {
    const message = rule(parsed.data);
    if (message !== undefined) return err({ reason: "invalid", message });
  }
  return ok(parsed.data);
}

/** `field what is wrong with it`, of the first problem. */
export function describeIssue({ issues: [issue] }: z.ZodError): string {
  return issue === undefined ? "invalid request" : [...issue.path, issue.message].join(" ");
}

type Rule = (request: OrderRequest) => string | undefined;

const RULES: readonly Rule[] = [
  supportedParts,
  quantityOrNotional,
  notionalForm,
  pricesOfType,
  priceIncrement,
  fractionalForm,
  extendedHoursForm,
  noAuction,
];

function supportedParts(request: OrderRequest): string | undefined {
  const part = UNSUPPORTED.find((name) => request[name] !== undefined && request[name] !== null);
  return part === undefined ? undefined : `${part} is not supported by this venue`;
}

function quantityOrNotional({ qty, notional }: OrderRequest): string | undefined {
  if (qty === null && notional === null) return "qty or notional is required";
  return qty !== null && notional !== null ? "only one of qty or notional is accepted" : undefined;
}

function notionalForm({ notional, type, time_in_force }: OrderRequest): string | undefined {
  if (notional === null) return undefined;
  if (type !== "market") return "notional orders must be market orders";
  if (time_in_force !== "day") return "notional orders must be DAY orders";
  return fractionDigits(notional) > 2 ? "notional value must be limited to 2 decimal places" : undefined;
}

function pricesOfType({ type, limit_price, stop_price }: OrderRequest): string | undefined {
  const needsLimit = type === "limit" || type === "stop_limit";
  const needsStop = type === "stop" || type === "stop_limit";
  if (needsLimit !== (limit_price !== null))
    return `${type} orders ${needsLimit ? "require a" : "have no"} limit_price`;
  if (needsStop !== (stop_price !== null)) return `${type} orders ${needsStop ? "require a" : "have no"} stop_price`;
  return undefined;
}

const DOLLAR = decimalOf("1");

/** Rule 612 of Regulation NMS: cents from one dollar up, hundredths of a cent below. */
const isTooFine = (price: Decimal): boolean => fractionDigits(price) > (lessThan(price, DOLLAR) ? 4 : 2);

function priceIncrement({ limit_price, stop_price, take_profit, stop_loss }: OrderRequest): string | undefined {
  const prices = {
    limit_price,
    stop_price,
    "take_profit.limit_price": take_profit?.limit_price ?? null,
    "stop_loss.stop_price": stop_loss?.stop_price ?? null,
    "stop_loss.limit_price": stop_loss?.limit_price ?? null,
  };
  for (const [name, price] of Object.entries(prices)) {
    if (price !== null && isTooFine(price)) {
      return `invalid ${name} ${price}. sub-penny increments are not accepted`;
    }
  }
  return undefined;
}

function fractionalForm({ qty, time_in_force }: OrderRequest): string | undefined {
  const isFractional = qty !== null && fractionDigits(qty) > 0;
  return isFractional && time_in_force !== "day" ? "fractional orders must be DAY orders" : undefined;
}

function extendedHoursForm({ extended_hours, type, time_in_force }: OrderRequest): string | undefined {
  if (extended_hours !== true || (type === "limit" && time_in_force === "day")) return undefined;
  return "extended hours order must be DAY limit orders";
}

function noAuction({ time_in_force }: OrderRequest): string | undefined {
  if (time_in_force !== "opg" && time_in_force !== "cls") return undefined;
  return `time_in_force ${time_in_force} needs an auction, and this venue has none`;
}
