// Whom a stop stops, in words.
import type { ReceiptView, StopView } from "./views.ts";

/** Like `source momentum in AAPL at account paper`. */
export function describeReach({ account, source, symbol }: Pick<StopView, "account" | "source" | "symbol">): string {
  return [
    source === null ? "everything" : `source ${source}`,
    symbol === null ? [] : `in ${symbol}`,
    account === null ? [] : `at account ${account}`,
  ]
    .flat()
    .join(" ");
}

type StopOfStep = NonNullable<ReceiptView["steps"][number]["stop"]>;

/** The same of a stop that a signal has set, as its receipt names it; `undefined` from a gateway that does not say so. */
export const describeReachOfStep = ({ account, source }: StopOfStep): string | undefined =>
  // A signal stops every symbol.
  account === undefined || source === undefined ? undefined : describeReach({ account, source, symbol: null });
