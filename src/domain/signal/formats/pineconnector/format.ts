// Reads PineConnector's comma text: a licence id, a command, a symbol, and parameters with a name each.
//
//   60123456789,buy,AAPL,vol_lots=10,sl_price=180
//   60123456789,closelong,AAPL
//
// It is written for a MetaTrader terminal, and part of what it says is only defined by that terminal's broker and settings: what a
// pip is, or whether `sl=1` is a price or a percentage. Such a parameter is refused by its name, and so is every condition that
// the sender relies on and nobody here would look at.
import { type Result, err, ok } from "../../../result.ts";
import type { Format, Notice, ReadOptions, Reading, SignalError } from "../../format.ts";
import type { Instruction } from "../../instruction.ts";
import { NOT_A_SYMBOL, isSymbol } from "../../symbol.ts";
import { alertatron } from "../alertatron/format.ts";
import { type Command, commandOf } from "./commands.ts";
import { Parameters } from "./parameters.ts";
import { plainTextOf, shown } from "../text/values.ts";

/** Digits, and something like a command behind them. */
const FORM = /^\d{6,20}\s*,\s*[A-Za-z][A-Za-z+]{1,39}(?!\w)/;

export const pineConnector: Format = {
  id: "pineconnector",
  knownBy: "a licence id, a comma and a command",
  matches: (body) => FORM.test(plainTextOf(body) ?? "") && !alertatron.matches(body),
  read: (body, options) => readFields((plainTextOf(body) ?? "").split(",", FIELDS_MAX + 1), options),
};

/** More than there are parameters. */
const FIELDS_MAX = 40;

function readFields(fields: readonly string[], options: ReadOptions): Result<Reading, readonly SignalError[]> {
  if (fields.length > FIELDS_MAX) {
    return err([{ pointer: "", code: "too_many_parameters", message: `must be at most ${FIELDS_MAX} fields` }]);
  }
  const [, word = "", symbol = "", ...rest] = fields.map((field) => field.trim());
  const command = commandOf(word);
  if (command === undefined) {
    return err([{ pointer: "/command", code: "unknown_command", message: `${shown(word)} is no command` }]);
  }
  if (command.does === "refuse") return err([{ pointer: "/command", code: command.code, message: command.message }]);
  const parameters = new Parameters(rest, options);
  const errors = symbolErrors(command, symbol);
  const instructions = instructionsOf(command, symbol, parameters, options);
  parameters.refuseUnread();
  if (errors.length + parameters.errors.length > 0) return err([...errors, ...parameters.errors]);
  return ok({
    format: "pineconnector",
    instructions,
    circumstances: {},
    notices: [LICENSE_ID, ...parameters.notices, ...(command.does === "close_all" ? [CLOSED_ALL] : [])],
    isTest: false,
  });
}

const LICENSE_ID: Notice = {
  pointer: "/license_id",
  code: "credential_not_used",
  message: "the licence id opens another system; it is neither checked nor kept",
};

const CLOSED_ALL: Notice = {
  pointer: "/symbol",
  code: "symbol_not_used",
  message: "every position is closed, whatever symbol is named",
};

/** The terminal's own commands name no symbol, a chart's, or themselves once more. */
function symbolErrors({ does }: Command, symbol: string): readonly SignalError[] {
  const isOfTheTerminal = does === "stop" || does === "close_all";
  if (isSymbol(symbol) || (isOfTheTerminal && symbol === "")) return [];
  const code = symbol === "" ? "missing_symbol" : "invalid_symbol";
  return [{ pointer: "/symbol", code, message: NOT_A_SYMBOL }];
}

type Doable = Exclude<Command, { readonly does: "refuse" }>;

function instructionsOf(
  command: Doable,
  symbol: string,
  parameters: Parameters,
  { sizeUnit }: ReadOptions,
): readonly [Instruction, ...Instruction[]] {
  switch (command.does) {
    case "open":
      return opening(command, symbol, parameters, sizeUnit);
    case "close": {
      const size = command.byVolume ? parameters.volume() : undefined;
      if (command.byVolume && size === undefined) parameters.lack("vol_lots", "missing_size", "must say how much");
      return [{ action: "exit", symbol, position: command.position, size, type: "market" }];
    }
    case "cancel":
      return [{ action: "cancel", symbol, side: command.side }];
    case "close_all":
      return command.stops ? [{ action: "flatten" }, STOP] : [{ action: "flatten" }];
    default:
      return [STOP];
  }
}

const STOP: Instruction = { action: "stop", state: "reducing" };

/** One order in the end, and what has to be out of its way before. */
function opening(
  { side, type, first }: Extract<Command, { readonly does: "open" }>,
  symbol: string,
  parameters: Parameters,
  sizeUnit: ReadOptions["sizeUnit"],
): readonly [Instruction, ...Instruction[]] {
  parameters.passComment();
  const size = parameters.size(sizeUnit);
  const entry = type === "market" ? undefined : parameters.price("entry");
  const bracket = parameters.bracket();
  if (type !== "market" && entry === undefined) {
    parameters.lack("entry_price", "missing_price", "must say where the order waits");
  }
  if (bracket.stop_loss === undefined && (size?.by === "risk_amount" || size?.by === "risk_percent")) {
    parameters.lack("sl_price", "stop_loss_required", "a size by what is lost takes a stop loss");
  }
  const order = {
    symbol,
    size,
    type,
    limit_price: type === "limit" ? entry : undefined,
    stop_price: type === "stop" ? entry : undefined,
    ...bracket,
  };
  if (first === undefined) return [{ action: side, ...order }];
  if (first === "close") return [{ action: "reverse", side, ...order }];
  const before: Instruction =
    first === "cancel"
      ? { action: "cancel", symbol, side }
      : { action: "exit", symbol, position: first === "close_long" ? "long" : "short", type: "market" };
  return [before, { action: side, ...order }];
}
