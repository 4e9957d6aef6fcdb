// What one Alertatron command asks for. Where its documentation has named several defaults over the years, as for the offset of a
// limit, nothing is assumed: the argument has to be there.
import { ZERO, lessThan, isPositive } from "../../../money.ts";
import type { Side } from "../../../order.ts";
import type { Instruction, PriceSpec, Size, Terms } from "../../instruction.ts";
import { whyLoosening } from "../../loosening.ts";
import { Arguments, type Findings } from "./arguments.ts";
import type { Command } from "./blocks.ts";
import { readDecimal, readPositive, shown } from "../text/values.ts";

/** An instruction, and the sender's name for the orders that come of it. */
type CommandRead = { readonly instruction: Instruction; readonly tag?: string | undefined };

/** `undefined` if anything is wrong with it, which `findings` then say, or if there is nothing in it to carry out. */
export function readCommand(command: Command, symbol: string, findings: Findings): CommandRead | undefined {
  const known = setsLeverage(command) ? NOTHING : COMMANDS.get(command.name);
  if (known === undefined) {
    const message = `${shown(command.name)} is none of ${[...COMMANDS.keys()].join(", ")}, which are carried out here`;
    findings.errors.push({ pointer: command.pointer, code: "unsupported_command", message });
    return undefined;
  }
  return known.read(new Arguments(command, known.takes, findings), symbol);
}

/** Whether it is the command that sets the exchange's leverage, and sets nothing else. */
const setsLeverage = ({ name, arguments: given }: Command): boolean =>
  name === "exchangesettings" && given.length > 0 && given.every((each) => whyLoosening(each.name) !== undefined);

type Known = {
  /** The arguments it has, in lower case. */
  readonly takes: readonly string[];
  readonly read: (given: Arguments, symbol: string) => CommandRead | undefined;
};

const NOTHING: Known = { takes: [], read: () => undefined };

const order = (takes: readonly string[], termsOf: (given: Arguments) => Terms): Known => ({
  takes: ["side", "amount", "position", "reduceonly", ...takes],
  read: (given, symbol) => readOrder(given, symbol, termsOf(given)),
});

const COMMANDS: ReadonlyMap<string, Known> = new Map([
  ["market", order([], marketTerms)],
  ["limit", order(["offset", "postonly", "tag"], limitTerms)],
  ["stoporder", order(["offset", "limitoffset", "trigger", "tag"], stopTerms)],
  ["stopmarket", order(["offset", "trigger", "tag"], stopTerms)],
  ["stoplimit", order(["offset", "limitoffset", "trigger", "tag"], stopLimitTerms)],
  ["cancel", { takes: ["which", "tag"], read: readCancel }],
]);

const SIDES: ReadonlyMap<string, Side> = new Map([
  ["buy", "buy"],
  ["sell", "sell"],
]);

function readOrder(given: Arguments, symbol: string, terms: Terms): CommandRead | undefined {
  const tag = readTag(given);
  if (given.get("position") !== undefined) {
    const position = readPosition(given);
    return position && { instruction: { action: "target", symbol, position, ...terms }, tag };
  }
  given.require("side");
  const side = given.oneOf("side", SIDES);
  const size = readAmount(given);
  return side && { instruction: { action: side, symbol, size, ...terms }, tag };
}

/** The position to have in the end; side and amount follow from it. */
function readPosition(given: Arguments) {
  for (const name of ["side", "amount"]) {
    if (given.get(name) !== undefined) given.refuse(name, "conflicting_arguments", "does not go with position");
  }
  const position = readDecimal(given.get("position") ?? "");
  return (
    position ?? given.refuse("position", "unsupported_value", "must be units like 100, 0 or -50, and no percentage")
  );
}

const AMOUNT = /^([\d.]+)(%[abp%]?)?$/i;

const UNITS: ReadonlyMap<string, Size["by"]> = new Map<string, Size["by"]>([
  ["", "quantity"],
  ["%", "percent_of_equity"],
  ["%b", "percent_of_equity"],
  ["%%", "percent_of_buying_power"],
  ["%a", "percent_of_buying_power"],
  ["%p", "percent_of_position"],
]);

function readAmount(given: Arguments): Size | undefined {
  const written = given.require("amount");
  if (written === undefined) return undefined;
  const [, number = "", unit = ""] = AMOUNT.exec(written) ?? [];
  const value = readPositive(number);
  const by = UNITS.get(unit.toLowerCase());
  if (value !== undefined && by !== undefined) return { by, value };
  return given.refuse("amount", "invalid_amount", "must be an amount like 100, 50%, 50%% or 50%p, greater than zero");
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

function marketTerms(given: Arguments): Terms {
  return { type: "market", reduce_only: given.oneOf("reduceonly", FLAGS) };
}

/** That an order takes no liquidity cannot be asked for here. */
const NOT_POST_ONLY: ReadonlyMap<string, true> = new Map([["false", true]]);

function limitTerms(given: Arguments): Terms {
  given.oneOf("postonly", NOT_POST_ONLY);
  return { type: "limit", limit_price: readOffset(given), reduce_only: given.oneOf("reduceonly", FLAGS) };
}

/** The price that sets a stop off. */
const TRIGGERS: ReadonlyMap<string, true> = new Map([["last", true]]);

/** A stop only reduces unless it says otherwise; with a price behind its trigger it is a stop limit. */
function stopTerms(given: Arguments): Terms {
  given.oneOf("trigger", TRIGGERS);
  const limit_price = given.get("limitoffset") === undefined ? undefined : readLimitOfStop(given);
  const stop_price = readOffset(given);
  if (stop_price !== undefined && "distance" in stop_price && !isPositive(stop_price.distance)) {
    given.refuse("offset", "unsupported_offset", "must be greater than zero: this stop would go off at once");
  }
  const reduce_only = given.oneOf("reduceonly", FLAGS) ?? true;
  return { type: limit_price === undefined ? "stop" : "stop_limit", stop_price, limit_price, reduce_only };
}

function stopLimitTerms(given: Arguments): Terms {
  given.require("limitoffset");
  return stopTerms(given);
}

/** A price, or how much better or worse than the market. A distance from the average entry is not known here. */
function readOffset(given: Arguments): PriceSpec | undefined {
  const written = given.require("offset");
  if (written === undefined) return undefined;
  if (written.startsWith("@")) return readFixedPrice(given, "offset", written);
  const isPercent = written.endsWith("%");
  const distance = readDecimal(isPercent ? written.slice(0, -1) : written);
  if (distance !== undefined && !lessThan(distance, ZERO)) return { distance, unit: isPercent ? "percent" : "amount" };
  const message = "must be a price like @64000, or a distance from the market like 50 or 1%, without a sign";
  return given.refuse("offset", "unsupported_offset", message);
}

/** A distance here would have two readings: from the market, or from the stop's trigger. */
function readLimitOfStop(given: Arguments): PriceSpec | undefined {
  const written = given.get("limitoffset") ?? "";
  if (written.startsWith("@")) return readFixedPrice(given, "limitoffset", written);
  return given.refuse("limitoffset", "unsupported_offset", "must be a price like @63900");
}

function readFixedPrice(given: Arguments, name: string, written: string): PriceSpec | undefined {
  const at = readPositive(written.slice(1));
  return at === undefined ? given.refuse(name, "invalid_price", "must be a price like @64000") : { at };
}

const TAG = /^[\w.:-]{1,64}$/;

function readTag(given: Arguments): string | undefined {
  const tag = given.get("tag");
  if (tag === undefined || TAG.test(tag)) return tag;
  return given.refuse("tag", "invalid_tag", "must be 1 to 64 of A-Z, a-z, 0-9 and . _ : -");
}

/** Which orders are canceled: those of a tag, or of a running script, nobody here keeps together. */
const WHICH: ReadonlyMap<string, { readonly side?: Side }> = new Map<string, { readonly side?: Side }>([
  ["all", {}],
  ["buy", { side: "buy" }],
  ["sell", { side: "sell" }],
]);

function readCancel(given: Arguments, symbol: string): CommandRead | undefined {
  given.require("which");
  const which = given.oneOf("which", WHICH);
  if (given.get("tag") !== undefined) given.refuse("tag", "unsupported_argument", "orders are not canceled by a tag");
  return which && { instruction: { action: "cancel", symbol, ...which } };
}
