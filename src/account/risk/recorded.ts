// What is on the record of the orders that the account has decided about. To hold it against another policy takes longer than to
// read it, and is done elsewhere: meanwhile the account takes orders.
import { type AccountId, type OrderId, earliestIdAt } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import type { Recorded } from "../../domain/risk/judge-again.ts";
import { type OrderRow, askedTypeOf, listOrderRows } from "../orders/orders.ts";

export type RecordedQuery = {
  /** Unix time: only orders that were made then or later. */
  readonly sinceMs?: number | undefined;
  /** Unix time: only orders that were made before. */
  readonly untilMs?: number | undefined;
  /** Only orders older than this one. */
  readonly before?: OrderId | undefined;
  readonly limit: number;
};

export type RecordedPage = {
  /** Newest first. Of a page that is full of legs there may be fewer than asked for. */
  readonly recorded: Recorded[];
  /** The last order that was read, where there are older ones. */
  readonly nextCursor: OrderId | null;
};

export function readRecorded(
  sql: SqlStorage,
  account: AccountId,
  { sinceMs, untilMs, before, limit }: RecordedQuery,
): RecordedPage {
  const rows = listOrderRows(sql, {
    from: sinceMs === undefined ? undefined : earliestIdAt(account, sinceMs),
    // Ids sort by time of creation.
    before: [before, untilMs === undefined ? undefined : earliestIdAt(account, untilMs)]
      .filter((id) => id !== undefined)
      .toSorted()[0],
    // One more than asked for tells whether there are older ones.
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  // A leg was decided about with its order.
  const recorded = page.filter(({ order }) => order.parent === undefined).map(toRecorded);
  return { recorded, nextCursor: rows.length > limit ? (page.at(-1)?.order.id ?? null) : null };
}

function toRecorded(row: OrderRow): Recorded {
  const { order, request, isExit } = row;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an order or a change of one, written by this gateway
  const asked = JSON.parse(request) as Partial<Pick<Order, "quantity" | "notional" | "replaces">>;
  // A replacement is asked for by its total, of which the order before it may have filled a part.
  const quantity = "replaces" in asked ? undefined : asked.quantity;
  return { order, asked: { type: askedTypeOf(row), isByAmount: asked.notional !== undefined, quantity }, isExit };
}
