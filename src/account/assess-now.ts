// Holds an order against the rules, on what the account knows at this moment. To be called in the transaction that records
// what comes of it.
import type { ReferencePrice } from "../domain/broker.ts";
import type { OrderId, SourceId } from "../domain/ids.ts";
import type { OrderIntent } from "../domain/order.ts";
import { type Decision, assess } from "../domain/risk/assess.ts";
import type { RecentFacts } from "../domain/risk/facts.ts";
import { isPositionKnown } from "./broker-view.ts";
import type { DecisionContext, Sender } from "./decision-context.ts";
import { toHoldings } from "./holdings.ts";
import { countPending } from "./journal.ts";
import { readWorking } from "./orders.ts";
import { positionIn } from "./positions.ts";

export type AssessContext = DecisionContext & {
  readonly referencePrice: ReferencePrice | undefined;
  /**
   * Who wants the order; `null` for one that was decided about before: then its sender has proven itself, and it has been
   * counted.
   */
  readonly sender: {
    readonly source: SourceId;
    readonly sender: Sender | null;
    readonly counts: Pick<RecentFacts, "orders" | "messages">;
  } | null;
};

const NONE = { second: 0, minute: 0, day: 0 };
const COUNTED_BEFORE: RecentFacts = { orders: NONE, messages: NONE, sameOrderAgeMs: null, repeatAgesMs: [] };

/** `except`: orders that this one makes room for, or is itself. */
export function assessNow(
  sql: SqlStorage,
  intent: OrderIntent,
  context: AssessContext,
  except: readonly (OrderId | null)[] = [],
): Decision {
  const { policy, nowMs, sender } = context;
  const working = readWorking(sql, except);
  return assess(intent, policy, {
    ...toHoldings(positionIn(sql, intent.symbol), working, intent),
    tradingState: context.tradingState,
    sender: sender?.sender == null ? null : { ...sender.sender, minimumOrigin: context.minimumOrigin },
    nowMs,
    positionKnown: isPositionKnown(sql),
    circuitOpen: context.circuitOpen,
    referencePrice: context.referencePrice,
    auditBacklog: countPending(sql),
    supports: context.broker.supports,
    openOrders: working.length,
    recent:
      sender === null ? COUNTED_BEFORE : { ...sender.counts, ...context.recent.factsFor(intent, sender.source, nowMs) },
  });
}
