// The JSON of LuxAlgo's trade-relay (docs/payload.md of github.com/LuxAlgo/trade-relay). What is passed over there, such as a key
// that nobody knows or a price that its type of order has no use for, is refused here.
import { ClientOrderId } from "../../../ids.ts";
import { type Result, err, ok } from "../../../result.ts";
import { Fields, type JsonObject, isObject } from "../../fields.ts";
import type { Format, Notice, ReadOptions, Reading, SignalBody, SignalError } from "../../format.ts";
import type { Instruction } from "../../instruction.ts";
import { sortOutLoosening } from "../../loosening.ts";
import { rename } from "./names.ts";
import { ORDER_FIELDS, readSize, readTerms } from "./order.ts";
import { ACTIONS, type Action, meaningOf, readWord } from "./words.ts";
import { leaveOut, readSeenPrice } from "../traderspost/notices.ts";

export const tradeRelay: Format = {
  id: "trade_relay",
  knownBy: "action with symbol, or an action of its own such as flatten",
  matches,
  read,
};

/**
 * Keys that make a body another format's, in lower case. `side` for the action and `ticker` for the symbol are understood where
 * the source's settings name the format, and tell it from nothing: an order in our own has a `side`, TradersPost's a `ticker`.
 */
const FOREIGN: ReadonlySet<string> = new Set([
  "side",
  "ticker",
  "apikey",
  "api_key",
  "strategy",
  "product",
  "pricetype",
  "price_type",
  "bot_uuid",
  "tv_instrument",
  "contracts",
  "market_position",
  "market_position_size",
  "position_size",
  "prev_market_position",
  "prev_market_position_size",
  "order_action",
  "order_contracts",
]);
const ACTION_NAMES: ReadonlySet<string> = new Set(["action", "signal"]);
const SYMBOL_NAMES: ReadonlySet<string> = new Set(["symbol", "sym", "instrument", "pair"]);

function matches({ json }: SignalBody): boolean {
  if (!isObject(json)) return false;
  const names = Object.keys(json).map((name) => name.toLowerCase());
  if (names.some((name) => FOREIGN.has(name))) return false;
  const actions = Object.entries(json).filter(([name]) => ACTION_NAMES.has(name.toLowerCase()));
  const isKnownWord = actions.some(([, word]) => typeof word === "string" && meaningOf(word, ACTIONS) !== undefined);
  return isKnownWord || (actions.length > 0 && names.some((name) => SYMBOL_NAMES.has(name)));
}

function read({ json }: SignalBody, { loosening }: ReadOptions): Result<Reading, readonly SignalError[]> {
  if (!isObject(json)) return err([{ pointer: "", code: "not_an_object", message: "must be a JSON object" }]);
  const renamed = rename(json);
  const fields = new Fields(renamed.json);
  const notices: Notice[] = [];

  const instructions = readInstructions(fields, renamed.json, notices);
  const price = readSeenPrice(renamed.json, { fields, name: "price", notices });
  const account = fields.text("account", "invalid_account");
  const { client_order_id, orderName } = readSignalId(fields);
  // For a person to read.
  fields.has("comment");
  sortOutLoosening(fields, loosening, notices);
  for (const name of fields.unread()) fields.refuse(name, "unknown_field", "unknown field");

  const asItCame = <T extends { pointer: string }>(at: T): T => ({ ...at, pointer: renamed.pointerIn(at.pointer) });
  const errors = [...renamed.contradictions, ...fields.errors.map(asItCame)];
  if (instructions === undefined || errors.length > 0) return err(errors);
  return ok({
    format: "trade_relay",
    instructions,
    circumstances: { price, orderName },
    notices: notices.map(asItCame),
    account,
    client_order_id,
    isTest: false,
  });
}

type Instructions = Reading["instructions"];

function readInstructions(fields: Fields, json: JsonObject, notices: Notice[]): Instructions | undefined {
  const action = readAction(fields);
  const symbol = fields.text("symbol", "invalid_symbol");
  if (action === undefined || action === "buy" || action === "sell") {
    const size = readSize(fields, notices);
    const terms = readTerms(fields);
    fields.required("symbol", "missing_symbol", symbol);
    return action && symbol !== undefined ? [{ action, symbol, size, ...terms }] : undefined;
  }
  const isForSymbol = action === "close" || action === "cancel_all";
  const left = isForSymbol ? ORDER_FIELDS : ["symbol", ...ORDER_FIELDS];
  notices.push(...leaveOut(fields, left, `means nothing with ${action}`));
  switch (action) {
    case "close":
      fields.required("symbol", "missing_symbol", symbol);
      return symbol === undefined ? undefined : closing(symbol);
    case "flatten":
      return [{ action: "flatten" }];
    case "cancel_all":
      // An empty symbol is one that went missing, and not a wish to cancel everything else as well.
      if (typeof json["symbol"] === "string") fields.required("symbol", "missing_symbol", symbol);
      return [{ action: "cancel", symbol }];
    case "resume":
      return fields.refuse("action", "cannot_release", "no signal releases a stop, only a person does");
    default:
      return [stopOf(action)];
  }
}

const readAction = (fields: Fields): Action | undefined =>
  fields.required("action", "missing_action", readWord<Action>(fields, "action", "invalid_action", ACTIONS));

/** All of it, at the market. A leg of a bracket that stayed behind would open the position again. */
const closing = (symbol: string): Instructions => [
  { action: "cancel", symbol },
  { action: "exit", symbol, type: "market", time_in_force: "day" },
];

/**
 * A strategy is paused so that it takes on nothing new: what it holds keeps its way out. A kill is for the moment in which
 * nobody trusts anything any more, exits by signal included, and nothing is sent until a person has looked.
 */
const stopOf = (action: "pause" | "kill"): Instruction => ({
  action: "stop",
  state: action === "pause" ? "reducing" : "halted",
});

/** A day, a moment or a Unix time and nothing else, as the alerts have it that say `"signalId": "{{timenow}}"`. */
const BARE_TIME = /^(?:\d{4}-\d{2}-\d{2}[\dT:.Z+-]*|\d{10}|\d{13})$/;

/**
 * There it becomes the broker's name of the order, whatever is in it. What no order can be called here is kept as a remark, and so
 * is a time: two symbols that have an alert in one second would share it, and the second order be taken for the first one's repeat.
 */
function readSignalId(fields: Fields): { client_order_id?: string; orderName?: string } {
  const id = fields.text("signalId", "invalid_signal_id");
  if (id === undefined) return {};
  const isName = ClientOrderId.safeParse(id).success && !BARE_TIME.test(id);
  return isName ? { client_order_id: id } : { orderName: id };
}
