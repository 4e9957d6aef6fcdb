// The gateway's own format as one of those that a signal may be in: an order, or an instruction told from one by its `intent`.
import type { Decimal } from "../../money.ts";
import { type Result, assertNever, err, ok } from "../../result.ts";
import { type JsonObject, isObject } from "../fields.ts";
import type { Circumstances, Format, Reading, SignalBody, SignalError } from "../format.ts";
import type { Bracket, Instruction, PriceSpec, Terms } from "../instruction.ts";
import { NativeOrder, readNativeOrder } from "../native.ts";
import { type NativeInstruction, readNativeInstruction, sizesIn } from "../native-instruction.ts";
import { openAlgo } from "./openalgo.ts";
import { threeCommas } from "./three-commas/format.ts";
import { tradingView } from "./tradingview/format.ts";

export const native: Format = {
  id: "native",
  knownBy: "intent, or side, or nothing but an order's own names",
  matches,
  read,
};

/** Formats that a body with a `side` may be in all the same. */
const OTHERS_WITH_SIDE = [threeCommas, openAlgo, tradingView];

function matches(body: SignalBody): boolean {
  const { json } = body;
  if (!isObject(json)) return false;
  if (hasIntent(json)) return true;
  const isOrderLike = Object.hasOwn(json, "side") || hasOnlyOrderNames(json);
  return isOrderLike && !OTHERS_WITH_SIDE.some((other) => other.matches(body));
}

const hasIntent = (json: JsonObject): boolean => Object.hasOwn(json, "intent");

/** An order whose side has been forgotten is told that, and not that nobody knows its format. */
function hasOnlyOrderNames(json: JsonObject): boolean {
  const names = Object.keys(json);
  return names.length > 0 && names.every((name) => Object.hasOwn(NativeOrder.shape, name));
}

function read({ json }: SignalBody): Result<Reading, readonly SignalError[]> {
  if (!isObject(json)) return err([{ pointer: "", code: "not_an_object", message: "must be a JSON object" }]);
  return hasIntent(json) ? readInstruction(json) : readOrder(json);
}

function readOrder(json: JsonObject): Result<Reading, readonly SignalError[]> {
  const order = readNativeOrder(json);
  if (!order.ok) return order;
  const { side, symbol, quantity, notional, account, client_order_id } = order.value;
  const [size] = sizesIn({ quantity, notional });
  const instruction: Instruction = { action: side, symbol, size, ...termsOf(order.value), ...bracketOf(order.value) };
  return ok({ ...NATIVE, instructions: [instruction], circumstances: {}, account, client_order_id });
}

function readInstruction(json: JsonObject): Result<Reading, readonly SignalError[]> {
  const instruction = readNativeInstruction(json);
  if (!instruction.ok) return instruction;
  const { value } = instruction;
  return ok({
    ...NATIVE,
    instructions: [instructionOf(value)],
    circumstances: circumstancesOf(value),
    account: value.account,
    client_order_id: ownNameOf(value),
  });
}

const NATIVE = { format: "native", notices: [], isTest: false } as const;

function instructionOf(wanted: NativeInstruction): Instruction {
  switch (wanted.intent) {
    case "enter":
    case "reverse":
      return { action: wanted.intent, side: wanted.side, ...entryOf(wanted) };
    case "add":
      return { action: "add", side: wanted.side, ...entryOf(wanted) };
    case "exit": {
      const [size] = sizesIn(wanted);
      return { action: "exit", symbol: wanted.symbol, position: wanted.position, size, ...termsOf(wanted) };
    }
    case "target":
      return { action: "target", symbol: wanted.symbol, position: wanted.position, ...termsOf(wanted) };
    case "flatten":
      return { action: "flatten" };
    case "cancel": {
      const { symbol, side, client_order_id } = wanted;
      return { action: "cancel", symbol, side, client_order_id };
    }
    case "stop":
      return { action: "stop", state: wanted.state, ...(wanted.flatten === true ? { flatten: true } : {}) };
    default:
      return assertNever(wanted);
  }
}

type Entry = Extract<NativeInstruction, { readonly intent: "enter" | "add" | "reverse" }>;

function entryOf(entry: Entry) {
  const [size] = sizesIn(entry);
  return { symbol: entry.symbol, size, ...termsOf(entry), ...bracketOf(entry) };
}

type Placed = Pick<Terms, "type" | "time_in_force" | "extended_hours"> & {
  readonly [price in "limit_price" | "stop_price"]?: Decimal | undefined;
};

const termsOf = ({ type, limit_price, stop_price, time_in_force, extended_hours }: Placed): Terms => ({
  type,
  limit_price: priceAt(limit_price),
  stop_price: priceAt(stop_price),
  time_in_force,
  extended_hours,
});

const bracketOf = ({ take_profit: profit, stop_loss: stop }: Pick<Entry, "take_profit" | "stop_loss">): Bracket => ({
  take_profit: profit && { limit_price: { at: profit.limit_price } },
  stop_loss: stop && { stop_price: { at: stop.stop_price }, limit_price: priceAt(stop.limit_price) },
});

const priceAt = (at: Decimal | undefined): PriceSpec | undefined => at && { at };

const circumstancesOf = (said: NativeInstruction): Circumstances => ({
  sentAtMs: said.sent_at,
  barAtMs: said.bar_at,
  orderName: said.order_name,
  positionBefore: said.position_before,
  positionAfter: said.position_after,
});

/** A cancel names the order that it is about, and makes none. */
const ownNameOf = (wanted: NativeInstruction): string | undefined =>
  "client_order_id" in wanted && wanted.intent !== "cancel" ? wanted.client_order_id : undefined;
