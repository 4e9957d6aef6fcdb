// An instruction about one symbol: which side it is on, and whether it can open anything at all.
import { closingSide, sideWanted } from "../goal/goal.ts";
import { isZero } from "../money.ts";
import type { Side } from "../order.ts";
import type { Instruction, PriceSpec, SizeUnit } from "./instruction.ts";

export type SymbolInstruction = Exclude<Instruction, { readonly action: "flatten" | "stop" }> & {
  readonly symbol: string;
};

export const isInSymbol = (instruction: Instruction): instruction is SymbolInstruction =>
  "symbol" in instruction && instruction.symbol !== undefined;

/** What a signal is about; `null` where that is every symbol. A stop waits for nothing, and binds what is decided after it. */
export function symbolsIn(instructions: readonly Instruction[]): readonly string[] | null {
  if (instructions.some(({ action }) => action === "stop")) return [];
  return instructions.every(isInSymbol) ? instructions.map(({ symbol }) => symbol) : null;
}

/** The side of the order that it wants, or of the position; `undefined` where it may be either. */
export function sideAsked(instruction: SymbolInstruction): Side | undefined {
  switch (instruction.action) {
    case "buy":
    case "sell":
      return instruction.action;
    case "cancel":
      return instruction.side;
    case "exit":
      return instruction.position && closingSide(instruction.position);
    default:
      return sideWanted(instruction);
  }
}

/** Whether it only takes something off, or nothing, whatever is held when it is carried out. */
export function onlyTakesOff(instruction: SymbolInstruction): boolean {
  switch (instruction.action) {
    case "exit":
    case "cancel":
      return true;
    case "target":
      // Where nothing is held, it may say what to order all the same.
      return (isZero(instruction.position) && instruction.ifThere === undefined) || instruction.reduce_only === true;
    default:
      return instruction.reduce_only === true;
  }
}

/** Sizes that are worked out from what is held alone. */
const BY_UNITS: ReadonlySet<SizeUnit> = new Set(["quantity", "percent_of_position"]);

/** Whether its size or one of its prices is worked out from what the market is at. */
export function goesByMarket(instruction: SymbolInstruction): boolean {
  if (instruction.action === "cancel") return false;
  const { limit_price, stop_price } = instruction;
  const isByUnits = !("size" in instruction) || instruction.size === undefined || BY_UNITS.has(instruction.size.by);
  const isNamed = (price: PriceSpec | undefined) => price === undefined || "at" in price;
  return !isByUnits || !isNamed(limit_price) || !isNamed(stop_price);
}
