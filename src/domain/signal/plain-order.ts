// A plain purchase or sale as a signal words it, worked out into an order: its size into units, its prices onto the tick.
import { type Market, type Refusal, entryTerms } from "../goal/terms.ts";
import { hasLegs } from "../order.ts";
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
  const known = { price, stopLossPrice: legs.stop_loss?.stop_price, hasLegs: hasLegs(legs) };
  const sized = sizeOrder(size, { ...facts, ...known, side, isEntry: true });
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
      ...legs,
    },
  });
}
