// Whether the rules have to know the market's price before they can decide. What is refused anyway does not need it, and an exit
// does not wait for it.
import type { OrderIntent } from "../order.ts";
import { type Holdings, isReduction } from "./facts.ts";
import type { Policy } from "./policy.ts";
import { ANY } from "./rule.ts";
import type { TradingState } from "./trading-state.ts";

export const needsPrice = (
  order: Pick<OrderIntent, "symbol" | "side" | "quantity" | "take_profit" | "stop_loss">,
  { policy, tradingState }: { readonly policy: Policy; readonly tradingState: TradingState },
  /** `undefined`: nobody knows yet what else will be on its way. */
  readHoldings: (() => Holdings) | undefined,
): boolean =>
  tradingState === "active" &&
  (policy.symbols === ANY || policy.symbols?.includes(order.symbol) === true) &&
  (readHoldings === undefined || !isReduction(order, readHoldings()));
