// Tells one bar's signal from the next one's where no signature does: the same alert, sent once more a minute later with another
// `{{timenow}}` in it, is the same signal, and the one of the next bar is a new one whatever it says.
import type { Reading } from "./format.ts";
import type { Instruction } from "./instruction.ts";

/**
 * The same text for two readings that do the same to a symbol for the same bar under the same order's name. How much is not part
 * of it, nor at which price: the same key with another size is no second signal, but one that contradicts the first.
 *
 * `undefined` where a symbol, the order's name or the bar's time is missing; then only the body's bytes can tell.
 */
export function contentKey({
  instructions,
  circumstances: { orderName, orderSide, barAtMs },
}: Pick<Reading, "instructions" | "circumstances">): string | undefined {
  if (orderName === undefined || barAtMs === undefined) return undefined;
  const actions = instructions.map(actionOf);
  return actions.includes(undefined) ? undefined : JSON.stringify([barAtMs, orderName, orderSide, ...actions]);
}

/** What is done to which symbol, and which way. Each part at a place of its own, so that no two read the same. */
function actionOf(instruction: Instruction) {
  if (!("symbol" in instruction) || instruction.symbol === undefined) return undefined;
  const { action, symbol } = instruction;
  return [action, symbol, "side" in instruction ? instruction.side : undefined];
}
