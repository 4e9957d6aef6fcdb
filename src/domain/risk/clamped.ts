// While only exits pass, an order at the market that closes more than is held is for what is held: the rest would open something.
// One that rests would take up what others may close.
import { greaterThan } from "../money.ts";
import type { OrderIntent } from "../order.ts";
import { tradesAtOnce } from "../goal/obstacles.ts";
import { type RiskFacts, roomToClose } from "./facts.ts";

/** `arithmetic`: how its quantity came about, where it is another one than was asked for. */
export type Clamped = { readonly intent: OrderIntent; readonly arithmetic?: string };

export function clampToPosition(intent: OrderIntent, facts: RiskFacts): Clamped {
  const { quantity } = intent;
  const mayBeClamped = facts.tradingState === "reducing" && tradesAtOnce(intent);
  const room = mayBeClamped ? roomToClose(intent, facts) : undefined;
  if (quantity === undefined || room === undefined || !greaterThan(quantity, room)) return { intent };
  return {
    intent: { ...intent, quantity: room },
    arithmetic: `${quantity} asked, ${room} left to close: only exits pass`,
  };
}
