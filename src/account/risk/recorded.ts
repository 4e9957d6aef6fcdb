// What is on the record of the orders that the account has decided about, and of the signals that it has no order of. To hold it
// against another policy takes longer than to read it, and is done elsewhere: meanwhile the account takes orders.
import { type AccountId, type OrderId, earliestIdAt } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import type { Recorded } from "../../domain/risk/judge-again.ts";
import type { SignalWithoutOrder } from "../../domain/risk/what-if.ts";
import { type OrderRow, askedTypeOf, listOrderRows } from "../orders/orders.ts";
import { type StoredSignal, type StoredStep, listSignals, stepAsItStands } from "../signals/signals.ts";

export type RecordedQuery = {
  /** Unix time: only what was made then or later. */
  readonly sinceMs?: number | undefined;
  /** Unix time: only what was made before. */
  readonly untilMs?: number | undefined;
  /** Only what is older than this order or signal. */
  readonly before?: OrderId | undefined;
  /** So many orders at most, and so many signals are looked at. */
  readonly limit: number;
};

export type RecordedPage = {
  /** Newest first. Of a page that is full of legs there may be fewer than asked for. */
  readonly recorded: Recorded[];
  /** Newest first, of the same time. */
  readonly signals: SignalWithoutOrder[];
  /** The last order or signal that was read, where there are older ones. */
  readonly nextCursor: OrderId | null;
};

export function readRecorded(
  sql: SqlStorage,
  account: AccountId,
  { sinceMs, untilMs, before, limit }: RecordedQuery,
): RecordedPage {
  const query = {
    from: sinceMs === undefined ? undefined : earliestIdAt(account, sinceMs),
    // Ids sort by time of creation, those of orders and signals alike.
    before: [before, untilMs === undefined ? undefined : earliestIdAt(account, untilMs)]
      .filter((id) => id !== undefined)
      .toSorted()[0],
    // One more than asked for tells whether there are older ones.
    limit: limit + 1,
  };
  const rows = listOrderRows(sql, query);
  const signals = listSignals(sql, query);
  // The page ends where the first of the two lists is cut off.
  const nextCursor =
    [rows.map(({ order }) => order.id), signals.map(({ id }) => id)]
      .flatMap((ids) => (ids.length > limit ? ids.slice(limit - 1, limit) : []))
      .toSorted()
      .at(-1) ?? null;
  const isOnPage = (id: OrderId): boolean => nextCursor === null || id >= nextCursor;
  return {
    // A leg was decided about with its order.
    recorded: rows.filter(({ order }) => isOnPage(order.id) && order.parent === undefined).map(toRecorded),
    signals: signals.filter(({ id }) => isOnPage(id)).flatMap((signal) => withoutOrder(sql, signal)),
    nextCursor,
  };
}

function withoutOrder(sql: SqlStorage, { id, createdAt, source, steps }: StoredSignal): SignalWithoutOrder[] {
  // What a goal has ordered since is not in the step, and only that is looked up.
  const lacking = steps
    .filter(lacksOrder)
    .map((step) => stepAsItStands(sql, step))
    .filter(lacksOrder);
  if (lacking.length === 0) return [];
  const codes = [...new Set(lacking.map(({ code, outcome }) => code ?? outcome))];
  return [{ signal: id, created_at: createdAt, source, codes }];
}

/** Whether it could have ordered something and has not. What a flatten closes are steps of their own. */
function lacksOrder({ action, outcome, orders }: Pick<StoredStep, "action" | "outcome" | "orders">): boolean {
  if (orders.length > 0 || action === "cancel" || action === "stop") return false;
  return action !== "flatten" || outcome === "failed";
}

function toRecorded(row: OrderRow): Recorded {
  const { order, request, isExit } = row;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an order or a change of one, written by this gateway
  const asked = JSON.parse(request) as Partial<Pick<Order, "quantity" | "notional" | "replaces">>;
  // A replacement is asked for by its total, of which the order before it may have filled a part.
  const quantity = "replaces" in asked ? undefined : asked.quantity;
  return { order, asked: { type: askedTypeOf(row), isByAmount: asked.notional !== undefined, quantity }, isExit };
}
