// TradersPost's webhook messages, as its reference has them (https://docs.traderspost.io/docs/core-concepts/webhooks and
// webhook-spec.json of github.com/TradersPost/docs). What it refuses is refused here under the same code. What this gateway
// cannot do as it is meant is refused as well, and so is a field that nobody knows, which there would be passed over: a
// misspelt `limitPrice` must not become a market order.
import { type Result, err, ok } from "../../../result.ts";
import { Fields, type JsonObject, isObject } from "../../fields.ts";
import type { Format, Notice, ReadOptions, Reading, SignalBody, SignalError } from "../../format.ts";
import type { Instruction, Size } from "../../instruction.ts";
import { sortOutLoosening } from "../../loosening.ts";
import { type Aim, type Sentiment, aimOf, readAction, readSentiment, reducesOpposite } from "./aim.ts";
import { BRACKET_FIELDS, readBracket } from "./bracket.ts";
import { readCircumstances } from "./circumstances.ts";
import { leaveOut } from "./notices.ts";
import { refuseOptions } from "./options.ts";
import { ORDER_FIELDS, readPlacing, refuseWithCancel } from "./order.ts";
import { checkSizeUnit, readSize, readSizeUnit } from "./size.ts";

export const tradersPost: Format = {
  id: "traderspost",
  knownBy: "ticker with action or sentiment",
  matches,
  read,
};

/** Keys that make a body another format's, whatever else is in it: those formats' own names, and TradingView's placeholders. */
const FOREIGN = [
  "symbol",
  "side",
  "apikey",
  "strategy",
  "bot_uuid",
  "tv_instrument",
  "contracts",
  "market_position",
  "market_position_size",
  "position_size",
  "prev_market_position",
  "order_action",
  "order_contracts",
];

function matches({ json }: SignalBody): boolean {
  if (!isObject(json) || FOREIGN.some((name) => Object.hasOwn(json, name))) return false;
  return Object.hasOwn(json, "ticker") && (Object.hasOwn(json, "action") || Object.hasOwn(json, "sentiment"));
}

function read({ text, json }: SignalBody, { loosening }: ReadOptions): Result<Reading, readonly SignalError[]> {
  if (!isObject(json) || Object.keys(json).length === 0) return err([noMessage(text, json)]);
  const fields = new Fields(json);
  const notices: Notice[] = [];

  const symbol = readTicker(fields, json);
  const action = readAction(fields);
  const sentiment = readSentiment(fields, json, action);
  const unit = readSizeUnit(fields);
  const aim = action === undefined ? undefined : aimOf(action, sentiment, unit);
  const instruction = readInstruction(fields, { symbol: symbol ?? "", aim, sentiment, unit }, notices);
  const cancel = readCancel(fields, aim);
  refuseOptions(fields, symbol);
  refuseUnsupported(fields);
  sortOutLoosening(fields, loosening, notices);
  const circumstances = readCircumstances(fields, { json, sentiment }, notices);
  const isTest = fields.flag("test", "invalid_test") ?? false;
  for (const name of fields.unread()) fields.refuse(name, "unknown_field", 'unknown field; your own go under "extras"');

  if (symbol === undefined || instruction === undefined || fields.errors.length > 0) return err(fields.errors);
  return ok({
    format: "traderspost",
    instructions: cancel ? [{ action: "cancel", symbol }, instruction] : [instruction],
    circumstances,
    notices,
    isTest,
  });
}

/** What is wrong with a body that says nothing, where the source's settings name the format all the same. */
function noMessage(text: string, json: unknown): SignalError {
  const isEmpty = text.trim() === "" || isObject(json);
  if (isEmpty) return { pointer: "", code: "empty_json", message: "the message is empty" };
  if (json === undefined) return { pointer: "", code: "malformed_json", message: "must be JSON" };
  return { pointer: "", code: "invalid_payload", message: "must be an object with ticker and action" };
}

function readTicker(fields: Fields, json: JsonObject): string | undefined {
  if (fields.has("ticker")) return fields.text("ticker", "invalid_payload");
  return typeof json["ticker"] === "string"
    ? fields.refuse("ticker", "empty_ticker_name", "must not be empty")
    : fields.refuse("ticker", "invalid_payload", "required");
}

type Wanted = {
  readonly symbol: string;
  /** `undefined` where the action is wrong: the rest is read all the same, so that everything wrong with it is listed. */
  readonly aim: Aim | undefined;
  readonly sentiment: Sentiment | undefined;
  readonly unit: Size["by"] | undefined;
};

function readInstruction(fields: Fields, wanted: Wanted, notices: Notice[]): Instruction | undefined {
  const { symbol, aim, sentiment, unit } = wanted;
  if (aim?.action === "cancel") {
    refuseWithCancel(fields);
    notices.push(...leaveOut(fields, [...ORDER_FIELDS, ...BRACKET_FIELDS], "a cancel places no order"));
    return { action: "cancel", symbol };
  }
  const size = readSize(fields, unit);
  const placing = readPlacing(fields);
  if (aim?.action === "exit") {
    // One alert message often serves entries and exits alike: a bracket must not keep somebody in a position.
    notices.push(...leaveOut(fields, BRACKET_FIELDS, "an exit has no bracket"));
    if (sentiment === "flat") {
      notices.push(...leaveOut(fields, ["quantity", "quantityType"], "flat is out of all of it"));
      return { ...aim, symbol, ...placing };
    }
    checkSizeUnit(fields, unit, aim);
    return { ...aim, symbol, size, ...placing };
  }
  checkSizeUnit(fields, unit, aim);
  const order = { symbol, size, ...placing, ...readBracket(fields) };
  if (aim?.action === "enter" && reducesOpposite(sentiment, size)) return { ...aim, opposite: "reduce", ...order };
  return aim && { ...aim, ...order };
}

/** Whether the live orders in the ticker are to be canceled first. */
function readCancel(fields: Fields, aim: Aim | undefined): boolean {
  const cancel = fields.flag("cancel", "invalid_cancel");
  if (aim?.action !== "cancel") return cancel === true;
  if (cancel === false) fields.refuse("cancel", "invalid_cancel", "must not be false with action cancel");
  return false;
}

/** Fields that are understood, and that ask for something that is not done here. */
const UNSUPPORTED: Readonly<Record<string, readonly [code: string, message: string]>> = {
  cancelOrderType: ["unsupported_cancel_order_type", "orders cannot be canceled by their type here"],
  cancelAfter: ["unsupported_cancel_after", "an order cannot be canceled after a while here; use timeInForce"],
  marketPriceType: ["unsupported_market_price_type", "prices cannot be taken from a quote here; send limitPrice"],
  breakevenOffset: ["unsupported_breakeven_offset", "breakeven is not supported here"],
};

/** Seconds, or a moment relative to now, or one of the calendar. */
const DELAY = /^(?:\d+|\+?\d+ ?[a-z]+|\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}.*)$/i;

function refuseUnsupported(fields: Fields): void {
  for (const [name, [code, message]] of Object.entries(UNSUPPORTED)) {
    if (fields.has(name)) fields.refuse(name, code, message);
  }
  const delay = fields.text("delay", "invalid_delay_format");
  if (delay === undefined || /^0+$/.test(delay)) return;
  if (DELAY.test(delay)) fields.refuse("delay", "unsupported_delay", "a signal is carried out at once here");
  else fields.refuse("delay", "invalid_delay_format", 'must be seconds, like 60, or a moment, like "+5 minutes"');
}
