// What the rules look at besides the intent itself: read by the account in the same transaction that records the decision.
import type { ReferencePrice, Unsupported } from "../broker.ts";
import type { Instrument } from "../instrument.ts";
import { type Decimal, absolute, greaterThan, isPositive, subtract } from "../money.ts";
import { type Order, type OrderIntent, type OrderType, hasLegs } from "../order.ts";
import type { Origin } from "../origin.ts";
import type { SourceCaps } from "../source.ts";
import type { Words } from "../worth.ts";
import type { TradingState } from "./trading-state.ts";

/** What is held and what is on its way in the intent's symbol. */
export type Holdings = {
  /** Units held of the intent's symbol; negative when short. Counted from our own fills. */
  readonly position: Decimal;
  /** Units still to be filled by our live orders in this symbol on the intent's side, those of unknown outcome included. */
  readonly workingSameSide: Decimal;
  /** Beside those: live orders for an amount of money, of which nobody knows yet how many units they become. */
  readonly workingByAmount: readonly ByAmount[];
  /** Of all these, what can fill as things are: what waits for a person is looked at once more before it can. */
  readonly onItsWay: { readonly units: Decimal; readonly hasAmounts: boolean };
  /** The live orders on the other side: their limit prices, or `null` where one may trade at any price. */
  readonly opposing: readonly (Decimal | null)[];
};

/** Money still to be spent or raised. `ownPrice`: the order's limit or stop price. */
type ByAmount = { readonly money: Decimal; readonly ownPrice: Decimal | undefined };

/** Who sent the order, where a source did: what it has proven, the least that counts here, and how much it may do. */
export type SenderFacts = {
  readonly origin: Origin;
  readonly minimumOrigin: Origin;
  readonly caps: SourceCaps | null;
};

/** How often something has happened up to now: in the last second, in the last minute, and today. */
export type Counts = { readonly second: number; readonly minute: number; readonly day: number };

/** What the account has done lately. */
export type RecentFacts = {
  readonly orders: Counts;
  /** Orders, cancels and replacements. */
  readonly messages: Counts;
  /** Since the last order with the same terms; `null` where there was none that anybody remembers. */
  readonly sameOrderAgeMs: number | null;
  /** Since the orders of the same source in the same symbol on the same side that no person has looked at, the latest first. */
  readonly repeatAgesMs: readonly number[];
};

/** What the account holds and has on its way, over all symbols. */
type Book = Omit<Words, "nowMs"> & {
  readonly positions: ReadonlyMap<string, Decimal>;
  /** Every live order. */
  readonly working: readonly Order[];
};

/** The account's money, in its currency, as the broker last told it. */
export type Funds = {
  readonly asOfMs: number;
  readonly equity: Decimal;
  readonly buyingPower: Decimal;
  /** Equity when the trading day began, and its highest since the policy was set. */
  readonly dayStart: Decimal;
  readonly peak: Decimal;
  /** What live orders may cost that the broker had not counted then. */
  readonly uncounted: Decimal;
};

export type RiskFacts = Holdings & {
  readonly tradingState: TradingState;
  /** `null` for an order given with an API key, and for one that was decided about before. */
  readonly sender: SenderFacts | null;
  readonly nowMs: number;
  /** The type that the order was asked for with: a market order may have been bounded since, see `bounded.ts`. */
  readonly askedType: OrderType;
  /** Whether the positions have ever been compared with the broker's. */
  readonly positionKnown: boolean;
  /** Whether the broker is being left alone, because it did not answer. */
  readonly circuitOpen: boolean;
  readonly referencePrice: ReferencePrice | undefined;
  /** Audit entries not yet in the public record. */
  readonly auditBacklog: number;
  /** What the order is in; `undefined` where the broker does not list it, or the list could not be read. */
  readonly instrument: Instrument | undefined;
  readonly supports: (intent: OrderIntent) => Unsupported | undefined;
  /** Orders of the account that live, in any symbol. */
  readonly openOrders: number;
  readonly recent: RecentFacts;
  readonly book: Book;
  /** `undefined` while the broker has never said. */
  readonly funds: Funds | undefined;
};

/**
 * Whether the order can only bring the known position closer to zero, even if everything on its way on its side fills first.
 * Such an order passes the entry rules: an exit is never trapped by a limit, nor by an order that nobody has approved. One with
 * legs is none: they would open what it closes.
 */
export function isReduction(
  intent: Pick<OrderIntent, "side" | "quantity" | "take_profit" | "stop_loss">,
  facts: Holdings,
): boolean {
  const room = roomToClose(intent, facts);
  return intent.quantity !== undefined && room !== undefined && !greaterThan(intent.quantity, room);
}

/** Units that such an order may be for and only close something; `undefined` where there are none, or nobody knows. */
export function roomToClose(
  intent: Pick<OrderIntent, "side" | "take_profit" | "stop_loss">,
  { position, onItsWay: { units, hasAmounts } }: Holdings,
): Decimal | undefined {
  if (hasAmounts || hasLegs(intent)) return undefined;
  const opposes = isPositive(position) ? intent.side === "sell" : intent.side === "buy";
  const room = subtract(absolute(position), units);
  return opposes && isPositive(room) ? room : undefined;
}
