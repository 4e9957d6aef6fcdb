// OpenAlgo's orders (docs.openalgo.in): the bodies of its placeorder and placesmartorder, which its TradingView templates
// send, and those of its older strategy webhooks that name a position_size.
import { type Decimal, ZERO, isPositive, isZero, lessThan } from "../../money.ts";
import type { OrderType, Side } from "../../order.ts";
import { type Result, err, ok } from "../../result.ts";
import { Fields, type JsonObject, isObject } from "../fields.ts";
import type { Format, Notice, ReadOptions, Reading, SignalBody, SignalError } from "../format.ts";
import type { Instruction, Terms } from "../instruction.ts";
import { sortOutLoosening, whyLoosening } from "../loosening.ts";

const SIDES = { BUY: "buy", SELL: "sell" } as const;
const ORDER_TYPES = { MARKET: "market", LIMIT: "limit", SL: "stop_limit", "SL-M": "stop" } as const;
const PRODUCTS = { MIS: "intraday", CNC: "delivery", NRML: "overnight" } as const;

/** The prices that an order of a type is made of. */
const PRICES: Readonly<Record<OrderType, readonly string[]>> = {
  market: [],
  limit: ["price"],
  stop: ["trigger_price"],
  stop_limit: ["price", "trigger_price"],
};

/** Names that no other format has. */
const MARKS = ["apikey", "pricetype", "price_type"] as const;
/** Names that others have too: they are a mark only in a body that has nothing but OpenAlgo's names. */
const WEAK_MARKS = ["strategy", "position_size", "product"] as const;
const NAMES: ReadonlySet<string> = new Set([
  ...MARKS,
  ...WEAK_MARKS,
  ...["symbol", "action", "exchange", "quantity", "price", "trigger_price", "disclosed_quantity"],
]);

export const openAlgo: Format = {
  id: "openalgo",
  knownBy: "symbol with apikey or pricetype, or with strategy, product or position_size among its own names",
  matches,
  read,
};

function matches({ json }: SignalBody): boolean {
  if (!isObject(json) || !Object.hasOwn(json, "symbol")) return false;
  const isMarkedBy = (name: string) => Object.hasOwn(json, name);
  return MARKS.some(isMarkedBy) || (WEAK_MARKS.some(isMarkedBy) && hasOnlyItsNames(json));
}

const hasOnlyItsNames = (json: JsonObject): boolean =>
  typeof json["action"] === "string" &&
  /^(?:buy|sell)$/i.test(json["action"]) &&
  !isObject(json["strategy"]) &&
  Object.keys(json).every((name) => NAMES.has(name) || whyLoosening(name) !== undefined);

function read({ json }: SignalBody, { loosening }: ReadOptions): Result<Reading, readonly SignalError[]> {
  if (!isObject(json)) return err([{ pointer: "", code: "not_an_object", message: "must be a JSON object" }]);
  const fields = new Fields(json);
  const placement = readPlacement(fields);
  // Also an empty position_size makes it a smart order: read as none, it would let an exit trade past the position.
  const isSmart = Object.hasOwn(json, "position_size");
  const instruction = isSmart ? readTarget(fields, placement?.terms) : readOrder(fields, placement?.terms);
  const circumstances = {
    orderName: fields.text("strategy", "invalid_strategy"),
    exchange: fields.text("exchange", "invalid_exchange"),
    price: placement?.priceSeen,
  };
  const notices = [fields.credential("apikey"), readProduct(fields)].filter((notice) => notice !== undefined);
  sortOutLoosening(fields, loosening, notices);
  // All of these names decide about the order, so one that is misspelt would leave it another order.
  for (const name of fields.unread()) fields.refuse(name, "unknown_field", "unknown field");
  if (instruction === undefined || fields.errors.length > 0) return err(fields.errors);
  return ok({ format: "openalgo", instructions: [instruction], circumstances, notices, isTest: false });
}

function readOrder(fields: Fields, terms: Terms | undefined): Instruction | undefined {
  const { symbol, side } = readWhat(fields);
  const missing = () => fields.refuse("quantity", "missing_quantity", NO_QUANTITY);
  const quantity = fields.has("quantity") ? fields.positive("quantity", "invalid_quantity") : missing();
  if (symbol === undefined || side === undefined || quantity === undefined || terms === undefined) return undefined;
  return { action: side, symbol, size: { by: "quantity", value: quantity }, ...terms };
}

/** A strategy webhook leaves it to OpenAlgo's settings, which also say whether its SELL is an exit or an entry. */
const NO_QUANTITY = "give quantity or position_size";

/**
 * The order is whatever leads to the position. The side and quantity in the body count in one case alone: nothing is to be
 * held, and nothing is.
 */
function readTarget(fields: Fields, terms: Terms | undefined): Instruction | undefined {
  const { symbol, side } = readWhat(fields);
  const quantity = readAmount(fields, "quantity");
  const size = fields.decimal("position_size", "invalid_position_size");
  const position = fields.required("position_size", "missing_position_size", size);
  if (symbol === undefined || side === undefined || quantity === undefined) return undefined;
  if (position === undefined || terms === undefined) return undefined;
  const ifThere = isZero(position) && isPositive(quantity) ? { side, quantity } : undefined;
  return { action: "target", symbol, position, ifThere, ...terms };
}

function readWhat(fields: Fields): { readonly symbol: string | undefined; readonly side: Side | undefined } {
  return {
    symbol: fields.required("symbol", "missing_symbol", fields.text("symbol", "invalid_symbol")),
    side: fields.required("action", "missing_action", fields.oneOf("action", "invalid_action", SIDES)),
  };
}

type Placement = { readonly terms: Terms; readonly priceSeen?: Decimal };

function readPlacement(fields: Fields): Placement | undefined {
  const type = readOrderType(fields);
  const price = readAmount(fields, "price");
  const trigger = readAmount(fields, "trigger_price");
  const disclosed = readAmount(fields, "disclosed_quantity");
  if (disclosed !== undefined && isPositive(disclosed)) {
    fields.refuse(
      "disclosed_quantity",
      "unsupported_disclosed_quantity",
      "an order is always shown as a whole: give 0",
    );
  }
  if (type === "unreadable" || price === undefined || trigger === undefined) return undefined;
  // Beside a MARKET that is written out a price is only what the sender saw. Where the type is left out, it may be a limit's.
  const isSeen = type === "market" && isPositive(price);
  const ordered = type ?? "market";
  checkPrice(fields, "price", isSeen ? ZERO : price, ordered);
  checkPrice(fields, "trigger_price", trigger, ordered);
  const terms = {
    type: ordered,
    ...(PRICES[ordered].includes("price") ? { limit_price: { at: price } } : {}),
    ...(PRICES[ordered].includes("trigger_price") ? { stop_price: { at: trigger } } : {}),
  };
  return isSeen ? { terms, priceSeen: price } : { terms };
}

/** Under either of its names, `undefined` when it is left out. */
function readOrderType(fields: Fields): OrderType | "unreadable" | undefined {
  const given = ["pricetype", "price_type"].filter((name) => fields.has(name));
  const [type, other = type] = given.map(
    (name) => fields.oneOf(name, "invalid_pricetype", ORDER_TYPES) ?? "unreadable",
  );
  if (type === other) return type;
  fields.refuse("price_type", "contradicting_fields", "must say what pricetype says");
  return "unreadable";
}

function checkPrice(fields: Fields, name: string, price: Decimal, type: OrderType): void {
  const isNeeded = PRICES[type].includes(name);
  if (isNeeded && isZero(price)) fields.refuse(name, `missing_${name}`, "required by this pricetype");
  if (!isNeeded && !isZero(price)) fields.refuse(name, `${name}_not_allowed`, "does not go with this pricetype");
}

/** Zero when the field is not there: a zero is how OpenAlgo's templates say that there is none. */
function readAmount(fields: Fields, name: string): Decimal | undefined {
  if (!fields.has(name)) return ZERO;
  const amount = fields.decimal(name, `invalid_${name}`);
  return amount === undefined || !lessThan(amount, ZERO)
    ? amount
    : fields.refuse(name, `invalid_${name}`, "must not be negative");
}

/** Intraday, delivery or overnight: India's brokers tell them apart, and square the first off at the end of the day. */
function readProduct(fields: Fields): Notice | undefined {
  if (fields.oneOf("product", "invalid_product", PRODUCTS) === undefined) return undefined;
  const message =
    "is not used: no position is closed at the end of the day, and the account's rules decide about short sales";
  return { pointer: fields.pointerTo("product"), code: "product_not_used", message };
}
