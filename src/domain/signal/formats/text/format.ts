// Reads commands as people type them, one a line. Words are known in any case, and a line is understood to its last word or
// refused: a limit order whose price has a typing error must not become a market order.
//
//   buy, sell               [size] symbol [terms]               one order
//   long, short             [size] symbol [terms]               a position on that side
//   add                     [size] symbol [terms]               more of the position that is held
//   close, exit, flat       symbol [size] [terms but tp, sl]    out of it, or out of a part of it
//   reverse                 symbol long|short [size] [terms]    out of it, and into one on that side
//   target                  symbol units [terms]                so many held in the end, below zero when short
//   cancel                  symbol | all | id=...
//   flatten, close_all, exit_all, cancel_all, pause, kill       alone
//
//   size    10, "10 shares of", $500, "$500 of", 5%     percent of equity; behind the symbol of an exit, of the position
//   terms   in any order and each once:
//           market, limit price, stop price, at price limit, at price stop, tp price, sl price,
//           day, gtc, opg, cls, ioc or fok, id=client-order-id
//   price   180 or 2%                        a distance: from where the order would trade; for tp and sl, from the entry
import type { ClientOrderId } from "../../../ids.ts";
import type { Side } from "../../../order.ts";
import { type Result, err, ok } from "../../../result.ts";
import type { Format, Reading, SignalError } from "../../format.ts";
import type { Instruction } from "../../instruction.ts";
import { NOT_A_SYMBOL, isSymbol } from "../../symbol.ts";
import { alertatron } from "../alertatron/format.ts";
import { A_SIZE, Line, OF, UNITS, expected, isClientOrderId, isSizeLike, readClientOrderId, readSize } from "./line.ts";
import { TERM_WORDS, readTerms } from "./terms.ts";
import { COMMANDS_MAX, plainTextOf, readDecimal, shown } from "./values.ts";

export const text: Format = {
  id: "text",
  knownBy: "a command in its first word, as in buy 10 AAPL",
  matches(body) {
    const [first] = /^\S+/.exec(plainTextOf(body) ?? "") ?? [""];
    return verbOf(first) !== undefined && !alertatron.matches(body);
  },
  read: (body) => readText(plainTextOf(body) ?? ""),
};

/** What a line asks for, and the name that it gives its order. */
type Command = { readonly instruction: Instruction; readonly client_order_id?: ClientOrderId | undefined };

type Verb = (line: Line) => Command | undefined;

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["buy", (line) => readOrder(line, { action: "buy" })],
  ["sell", (line) => readOrder(line, { action: "sell" })],
  ["long", (line) => readOrder(line, { action: "enter", side: "buy" })],
  ["short", (line) => readOrder(line, { action: "enter", side: "sell" })],
  ["add", (line) => readOrder(line, { action: "add" })],
  ["close", readExit],
  ["exit", readExit],
  ["flat", readExit],
  ["reverse", readReverse],
  ["target", readTarget],
  ["cancel", readCancel],
  ["cancel_all", (line) => alone(line, { action: "cancel" })],
  ["flatten", (line) => alone(line, { action: "flatten" })],
  ["close_all", (line) => alone(line, { action: "flatten" })],
  ["exit_all", (line) => alone(line, { action: "flatten" })],
  ["pause", (line) => alone(line, { action: "stop", state: "reducing" })],
  ["kill", (line) => alone(line, { action: "stop", state: "halted" })],
  ["resume", (line) => line.refuse("cannot_release", "what was stopped is released by a person, and by no signal")],
]);

const verbOf = (word: string): Verb | undefined => VERBS.get(word.toLowerCase().replaceAll("-", "_"));

/** Words of this format that some exchange has a symbol for, such as ALL and DAY. */
const RESERVED: ReadonlySet<string> = new Set([...VERBS.keys(), ...TERM_WORDS, ...UNITS, ...OF, "all"]);

function readText(whole: string): Result<Reading, readonly SignalError[]> {
  const lines = linesOf(whole);
  if (lines.length > COMMANDS_MAX) {
    return err([{ pointer: "", code: "too_many_commands", message: `must be at most ${COMMANDS_MAX} commands` }]);
  }
  const commands: Command[] = [];
  const errors: SignalError[] = [];
  for (const { words, pointer, number } of lines) {
    const command = readLine(words, pointer);
    const where = lines.length > 1 ? `line ${number}: ` : "";
    if (!command.ok) errors.push({ ...command.error, message: `${where}${command.error.message}` });
    else if (command.value.client_order_id !== undefined && lines.length > 1) {
      const message = `${where}id= names one order: send it by itself`;
      errors.push({ pointer, code: "client_order_id_not_alone", message });
    } else commands.push(command.value);
  }
  if (errors.length > 0) return err(errors);
  const [first, ...others] = commands;
  if (first === undefined) return err([{ pointer: "", code: "no_command", message: "must hold a command" }]);
  return ok({
    format: "text",
    instructions: [first.instruction, ...others.map(({ instruction }) => instruction)],
    circumstances: {},
    notices: [],
    client_order_id: first.client_order_id,
    isTest: false,
  });
}

type NumberedLine = { readonly words: string; readonly pointer: string; readonly number: number };

/** The lines that say something. The empty ones are counted too: by the pointers from 0, for people from 1. */
const linesOf = (whole: string): readonly NumberedLine[] =>
  whole
    .split(/\r\n|\r|\n/)
    .map((words, index) => ({ words, pointer: `/${index}`, number: index + 1 }))
    .filter(({ words }) => words.trim() !== "");

function readLine(words: string, pointer: string): Result<Command, SignalError> {
  const line = new Line(words, pointer);
  const word = line.take();
  const command = verbOf(word)?.(line);
  if (command !== undefined && line.error === undefined) return ok(command);
  return err(line.error ?? { pointer, code: "unknown_command", message: `${shown(word)} is no command` });
}

type Order = { readonly action: "buy" | "sell" | "add" } | { readonly action: "enter"; readonly side: Side };

function readOrder(line: Line, order: Order): Command | undefined {
  const size = readSize(line, "percent_of_equity");
  const symbol = readSymbol(line);
  // `lots of AAPL`: what stands there is meant as a size.
  if (symbol !== undefined && size === undefined) {
    if (OF.has(line.next) || UNITS.has(line.next)) return line.refuse("invalid_size", expected(A_SIZE, symbol));
    if (isSizeLike(line.next))
      return line.refuse("misplaced_size", `the size stands in front of the symbol: ${line.next} ${symbol}`);
  }
  const read = readTerms(line);
  if (symbol === undefined || read === undefined) return undefined;
  return { instruction: { ...order, symbol, size, ...read.terms }, client_order_id: read.client_order_id };
}

function readExit(line: Line): Command | undefined {
  if (isSizeLike(line.next)) {
    const size = line.take();
    return line.refuse("misplaced_size", `the size of an exit stands behind the symbol: ${line.take()} ${size}`);
  }
  const symbol = readSymbol(line);
  const size = readSize(line, "percent_of_position");
  const read = readTerms(line);
  if (symbol === undefined || read === undefined) return undefined;
  const { terms, client_order_id } = read;
  if ((terms.take_profit ?? terms.stop_loss) !== undefined) {
    return line.refuse("bracket_not_allowed", "an order out of a position takes no tp and no sl");
  }
  return { instruction: { action: "exit", symbol, size, ...terms }, client_order_id };
}

const SIDES: ReadonlyMap<string, Side> = new Map([
  ["long", "buy"],
  ["short", "sell"],
]);

function readReverse(line: Line): Command | undefined {
  const symbol = readSymbol(line);
  const word = line.take();
  const side = SIDES.get(word.toLowerCase());
  if (side === undefined) return line.refuse("invalid_side", expected("long or short", word));
  const size = readSize(line, "percent_of_equity");
  const read = readTerms(line);
  if (symbol === undefined || read === undefined) return undefined;
  return {
    instruction: { action: "reverse", symbol, side, size, ...read.terms },
    client_order_id: read.client_order_id,
  };
}

function readTarget(line: Line): Command | undefined {
  const symbol = readSymbol(line);
  const word = line.take();
  const position = readDecimal(word);
  if (position === undefined) return line.refuse("invalid_position", expected("units like 50, 0 or -50", word));
  const read = readTerms(line);
  if (symbol === undefined || read === undefined) return undefined;
  return { instruction: { action: "target", symbol, position, ...read.terms }, client_order_id: read.client_order_id };
}

const EVERYTHING: ReadonlySet<string> = new Set(["all"]);

function readCancel(line: Line): Command | undefined {
  if (line.skip(EVERYTHING)) return alone(line, { action: "cancel" });
  if (isClientOrderId(line.next)) {
    return alone(line, { action: "cancel", client_order_id: readClientOrderId(line) });
  }
  return alone(line, { action: "cancel", symbol: readSymbol(line) });
}

/** A command that nothing more belongs to. */
function alone(line: Line, instruction: Instruction): Command | undefined {
  return line.isAtEnd ? { instruction } : line.refuse("unexpected_word", expected("nothing more", line.next));
}

function readSymbol(line: Line): string | undefined {
  const word = line.take();
  if (word === "") return line.refuse("missing_symbol", "must name a symbol");
  if (RESERVED.has(word.toLowerCase())) {
    const meaning = `${shown(word)} is a word of this format, and FLATTEN the one for every position`;
    return line.refuse("ambiguous_symbol", `${meaning}: a symbol of that name takes its exchange too, like NYSE:ALL`);
  }
  // A number in the symbol's place is a forgotten symbol more often than a share in Tokyo, which can say TSE:7203.
  const isNamed = isSymbol(word) && readDecimal(word) === undefined;
  return isNamed ? word : line.refuse("invalid_symbol", NOT_A_SYMBOL);
}
