// A plain purchase or sale as a signal words it, worked out into an order: its size into units, its prices onto the tick.
import { type Market, type Refusal, entryTerms } from "../goal/terms.ts";
import { type Result, err, ok } from "../result.ts";
import { type SizingFacts, sizeOrder } from "../sizing.ts";
import type { Instruction, Size } from "./instruction.ts";
import type { NativeOrder } from "./native.ts";

export type PlainInstruction = Extract<Instruction, { readonly action: "buy" | "sell" }>;

type Facts = Market & Pick<SizingFacts, "equity" | "buyingPower" | "position">;

/** `arithmetic`: how its quantity came about. */
export function plainOrder(
  instruction: PlainInstruction,
  defaultSize: Size | null,
  facts: Facts,
): Result<{ readonly order: NativeOrder; readonly arithmetic: string }, Refusal> {
  const { action: side, symbol, size = defaultSize } = instruction;
  if (size === null) return err({ code: "no_size", detail: "neither the signal nor the source says how much" });
  const terms = entryTerms(instruction, side, facts);
  if (!terms.ok) return terms;
  const { placement, legs, price } = terms.value;
  if (legs.take_profit !== undefined || legs.stop_loss !== undefined) return err(NO_LEGS);
  const sized = sizeOrder(size, { ...facts, side, price, isEntry: true, stopLossPrice: undefined });
  if (!sized.ok) return sized;
  const { quantity, arithmetic } = sized.value;
  return ok({
    arithmetic,
    order: {
      symbol,
      side,
      quantity,
      notional: undefined,
      limit_price: undefined,
      stop_price: undefined,
      client_order_id: undefined,
      account: undefined,
      ...placement,
    },
  });
}

/** No account follows them yet: a position would look protected, and nobody would know whether it is. */
export const NO_LEGS: Refusal = {
  code: "bracket_not_followed",
  detail: "a take profit or stop loss beside an entry is not followed yet; send it as an order of its own",
};
