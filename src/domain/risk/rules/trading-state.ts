// Whether trading is on: for everything, for exits only, or not at all.
import { type Decimal, asDecimal } from "../../money.ts";
import { type Holdings, isReduction } from "../facts.ts";
import type { OrderIntent } from "../../order.ts";
import type { FactRule } from "../rule.ts";
import type { TradingState } from "../trading-state.ts";

const POSITION = "position ";

export const tradingState: FactRule = {
  kind: "fact",
  id: "trading_state",
  about: "Nothing leaves while trading is halted, and only what reduces a position while it is reducing.",
  clauses: ["RTS 6 Art. 12", "FIA 1.11"],
  bindsExits: true,
  check: (intent, facts) => ({
    input: `${POSITION}${facts.position}`,
    limit: facts.tradingState,
    ...(mayLeave(intent, facts.tradingState, () => facts)
      ? { passed: true }
      : { passed: false, reason: facts.tradingState === "halted" ? "trading_halted" : "reducing_only" }),
  }),
};

/** Whether an order may leave in this state. Holdings are read only if they matter. */
export const mayLeave = (intent: OrderIntent, state: TradingState, readHoldings: () => Holdings): boolean =>
  state === "active" || (state === "reducing" && isReduction(intent, readHoldings()));

/** The position that an input on the record tells of. */
export const recordedPosition = (input: string): Decimal | undefined => asDecimal(input.replace(POSITION, ""));
