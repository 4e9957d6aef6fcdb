// Holds our positions against the broker's. A difference counts only when nothing that is still moving can explain it.
import type { VenueHolding } from "./broker.ts";
import { type Decimal, ZERO, absolute, add, compare, isPositive, subtract } from "./money.ts";
import type { Order } from "./order.ts";

/** A symbol in which our count and the broker's are not the same. */
export type Difference = { readonly symbol: string; readonly ours: Decimal; readonly theirs: Decimal };

/** A difference that was seen before, and since when it has been the very same. */
export type Suspect = Difference & { readonly sinceMs: number };

/** The broker's lists do not all move at the same moment. */
const SETTLE_MS = 10_000;
/** A live order that could explain it is looked at several times in this while. */
const SETTLE_LIVE_MS = 300_000;

export type ReconcileFacts = {
  readonly nowMs: number;
  /** Units by symbol, counted from our own fills. */
  readonly positions: ReadonlyMap<string, Decimal>;
  readonly holdings: readonly VenueHolding[];
  readonly live: readonly Order[];
  /** Symbols in which a fill was recorded while the broker was being asked: what it said may be from before the fill. */
  readonly moving: ReadonlySet<string>;
  /** The differences that the comparison before this one left open. */
  readonly suspects: readonly Suspect[];
  /** Whether positions were never compared before: then nobody counted what was held already. */
  readonly isFirst: boolean;
};

export type Reconciliation = {
  /** To be believed now. */
  readonly adopted: readonly Difference[];
  /** To be looked at again. */
  readonly suspects: readonly Suspect[];
};

/**
 * A difference is believed at the first comparison ever in a symbol without orders, and else once it has been the very same
 * for a while, which is longer where a live order could explain it. While the outcome of any order in the symbol is unknown,
 * nothing is believed: what that order turns out to have traded would be counted twice.
 */
export function reconcile(facts: ReconcileFacts): Reconciliation {
  const adopted: Difference[] = [];
  const suspects: Suspect[] = [];
  for (const difference of differencesOf(facts)) {
    const live = facts.live.filter(({ symbol }) => symbol === difference.symbol);
    if (live.some(({ outcome }) => outcome === "unknown")) continue;
    const known = facts.moving.has(difference.symbol)
      ? undefined
      : facts.suspects.find((suspect) => isSame(suspect, difference));
    const sinceMs = known?.sinceMs ?? facts.nowMs;
    const settleMs = mayExplain(live, difference) ? SETTLE_LIVE_MS : SETTLE_MS;
    const isSettled = facts.nowMs - sinceMs >= settleMs;
    const isHeldFromBefore = facts.isFirst && live.length === 0 && !facts.moving.has(difference.symbol);
    if (isSettled || isHeldFromBefore) adopted.push(difference);
    else suspects.push({ ...difference, sinceMs });
  }
  return { adopted, suspects };
}

function differencesOf({ positions, holdings }: ReconcileFacts): Difference[] {
  const theirs = new Map(holdings.map(({ symbol, quantity }) => [symbol, quantity]));
  const symbols = [...new Set([...positions.keys(), ...theirs.keys()])].toSorted();
  return symbols
    .map((symbol) => ({ symbol, ours: positions.get(symbol) ?? ZERO, theirs: theirs.get(symbol) ?? ZERO }))
    .filter(({ ours, theirs: held }) => ours !== held);
}

const isSame = (a: Difference, b: Difference): boolean =>
  a.symbol === b.symbol && a.ours === b.ours && a.theirs === b.theirs;

/** Whether these orders may, together, have traded what we miss. */
function mayExplain(orders: readonly Order[], { ours, theirs }: Difference): boolean {
  const missing = subtract(theirs, ours);
  const side = isPositive(missing) ? "buy" : "sell";
  const suspected = orders.filter((order) => order.side === side);
  // How many units an order by notional trades, nobody can say.
  if (suspected.some(({ quantity }) => quantity === undefined)) return true;
  const leaves = suspected.map(({ quantity, filled_quantity: filled }) => subtract(quantity ?? ZERO, filled));
  return suspected.length > 0 && compare(absolute(missing), leaves.reduce(add, ZERO)) <= 0;
}
