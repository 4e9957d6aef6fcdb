// Tells one bar's signal from the next one's where no signature does: the same alert, sent once more a minute later with another
// `{{timenow}}` in it, is the same signal, and the one of the next bar is a new one whatever it says.
import type { Reading } from "./format.ts";
import type { Instruction } from "./instruction.ts";

/**
 * The same text for two readings that want the same for the same bar under the same order's name, and a different text for any
 * others. It is what is wanted that counts, with its size: a strategy may well buy 1 and then 5 in one bar. Prices do not: they are
 * what the sender happened to see.
 *
 * `undefined` where a symbol, the order's name or the bar's time is missing; then only the body's bytes can tell.
 */
export function contentKey({
  instructions,
  circumstances: { orderName, barAtMs },
}: Pick<Reading, "instructions" | "circumstances">): string | undefined {
  if (orderName === undefined || barAtMs === undefined) return undefined;
  const wanted = instructions.map(whatIsWanted);
  return wanted.includes(undefined) ? undefined : JSON.stringify([barAtMs, orderName, ...wanted]);
}

/** Each part at a place of its own, so that no two instructions read the same. */
function whatIsWanted(instruction: Instruction) {
  if (!("symbol" in instruction) || instruction.symbol === undefined) return undefined;
  const { action, symbol } = instruction;
  const type = "type" in instruction ? instruction.type : undefined;
  const side = "side" in instruction ? instruction.side : undefined;
  const position = "position" in instruction ? instruction.position : undefined;
  const size = "size" in instruction ? instruction.size : undefined;
  const ifThere = "ifThere" in instruction ? instruction.ifThere : undefined;
  return [action, symbol, type, side, position, size?.by, size?.value, ifThere?.side, ifThere?.quantity];
}
