// Holds an order against the rules, on what the account knows at this moment. To be called in the transaction that records
// what comes of it.
import type { OrderId, SourceId } from "../../domain/ids.ts";
import type { OrderIntent, OrderType } from "../../domain/order.ts";
import { type Decision, assess, assessNew } from "../../domain/risk/assess.ts";
import type { RecentFacts, RiskFacts } from "../../domain/risk/facts.ts";
import { isPositionKnown, readBrokerView } from "../positions/broker-view.ts";
import { readFunds } from "./funds.ts";
import type { DecisionContext } from "./decision-context.ts";
import { toHoldings } from "../positions/holdings.ts";
import { countPending } from "../journal.ts";
import { readWorking } from "../positions/working.ts";
import { positionIn, readPositions } from "../positions/positions.ts";
import { reviewedAtMs, tradingStateOf } from "../stops/stops.ts";
import type { Sender } from "../door/envelope.ts";

export type AssessContext = DecisionContext & {
  readonly source: SourceId;
  /**
   * Who wants the order; `null` for one that was decided about before: then its sender has proven itself, and it has been
   * counted.
   */
  readonly sender: {
    readonly sender: Sender | null;
    readonly counts: Pick<RecentFacts, "orders" | "messages">;
  } | null;
  /** Where it is looked at once more, and may have been bounded before; otherwise it is the intent's own. */
  readonly askedType?: OrderType;
};

const NONE = { second: 0, minute: 0, day: 0 };
const COUNTED_BEFORE: RecentFacts = { orders: NONE, messages: NONE, sameOrderAgeMs: null, repeatAgesMs: [] };

/** `except`: orders that this one makes room for, or is itself. */
const withFactsOfNow =
  (judge: typeof assess) =>
  (sql: SqlStorage, intent: OrderIntent, context: AssessContext, except: readonly (OrderId | null)[] = []): Decision =>
    judge(intent, context.policy, factsNow(sql, intent, context, except));

/** For an order that was decided about before, or that takes the place of one. */
export const assessNow = withFactsOfNow(assess);
/** For any other: while only exits pass, it is clamped to what is held. */
export const assessNewNow = withFactsOfNow(assessNew);

/** What the rules look at. */
export function factsNow(
  sql: SqlStorage,
  intent: OrderIntent,
  context: AssessContext,
  except: readonly (OrderId | null)[] = [],
): RiskFacts {
  const { nowMs, sender } = context;
  const rows = readWorking(sql, except);
  const working = rows.map(({ order }) => order);
  const recent = context.recent.factsFor(intent, context.source, nowMs);
  const view = readBrokerView(sql);
  const reviewedAgeMs = nowMs - reviewedAtMs(sql, context.source);
  return {
    ...toHoldings(positionIn(sql, intent.symbol), working, intent),
    tradingState: tradingStateOf(sql, { source: context.source, symbol: intent.symbol }),
    sender: sender?.sender == null ? null : { ...sender.sender, minimumOrigin: context.minimumOrigin },
    nowMs,
    askedType: context.askedType ?? intent.type,
    positionKnown: isPositionKnown(sql),
    circuitOpen: context.circuitOpen,
    referencePrice: context.referencePrices.get(intent.symbol),
    auditBacklog: countPending(sql),
    instrument: context.instruments.find(intent.symbol),
    supports: context.broker.supports,
    // A leg was let in with its order.
    openOrders: working.filter(({ parent }) => parent === undefined).length,
    book: {
      positions: readPositions(sql),
      working,
      holdings: view?.holdings ?? [],
      asOfMs: view?.atMs ?? null,
      lastTrades: new Map([...context.lastTrades, ...context.referencePrices]),
    },
    funds: readFunds(sql, rows),
    recent:
      sender === null
        ? COUNTED_BEFORE
        : {
            ...sender.counts,
            ...recent,
            repeatAgesMs: recent.repeatAgesMs.filter((ageMs) => ageMs < reviewedAgeMs),
          },
  };
}
