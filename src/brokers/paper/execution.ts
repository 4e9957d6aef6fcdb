// One trade of one order, as the paper venue keeps it.
import type { Decimal } from "../../domain/money.ts";
import type { Side } from "../../domain/order.ts";
import { uuidOf } from "./uuid.ts";

export type Execution = {
  /** `20260115143000000::` and a UUID, see {@link executionId}. */
  readonly id: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  /** Units, never zero. */
  readonly quantity: Decimal;
  /** US dollars a unit. */
  readonly price: Decimal;
  readonly atMs: number;
  /** Units of the order filled so far, this trade included. */
  readonly cumulative: Decimal;
  /** Units still to fill: zero with the last trade of a whole order. */
  readonly leaves: Decimal;
};

/**
 * The form of Alpaca's ids of activities, so that they sort by time; to the millisecond, in UTC. No two trades of an order
 * leave it with the same `cumulative`, which makes the id the trade's own without anything random.
 */
export const executionId = (trade: Pick<Execution, "orderId" | "cumulative" | "atMs">): string =>
  `${new Date(trade.atMs).toISOString().replace(/\D/g, "")}::${uuidOf(`execution:${trade.orderId}:${trade.cumulative}`)}`;
