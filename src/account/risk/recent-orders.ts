// What the account has ordered within the last hour, for the rules about repetition. Kept in memory, because it is no more than
// the orders themselves say: a new process reads them again.
import { type AccountId, type SourceId, earliestIdAt } from "../../domain/ids.ts";
import type { OrderIntent } from "../../domain/order.ts";
import type { RecentFacts } from "../../domain/risk/facts.ts";
import { type OrderRow, listOrdersFrom } from "../orders/orders.ts";

/** As far back as any limit looks. */
const KEPT_MS = 3_600_000;
/** More repetitions than any limit asks for. */
const REPEATS_MAX = 100;
/** From so many on, those that nothing was added to for an hour are dropped. */
const KEYS_MAX = 1_000;

export class RecentOrders {
  /** When orders with the same terms were made, and those of one source on one side of a symbol; the latest last. */
  readonly #byTerms = new Map<string, number[]>();
  readonly #bySender = new Map<string, number[]>();

  /** `nowMs`: what is older than an hour before is not read. */
  constructor(sql: SqlStorage, account: AccountId, nowMs: number) {
    for (const row of listOrdersFrom(sql, earliestIdAt(account, nowMs - KEPT_MS))) this.add(row);
  }

  add(row: Recent): void {
    const { order } = row;
    if (order.status === "denied" && order.hold === undefined) return;
    // A leg is a part of the order that it came with.
    if (order.parent !== undefined) return;
    const atMs = Date.parse(order.created_at);
    keep(this.#byTerms, termsOf(askedIn(row)), atMs);
    keep(this.#bySender, senderOf(order, order.source), atMs);
  }

  factsFor(intent: OrderIntent, source: SourceId, nowMs: number): Pick<RecentFacts, "sameOrderAgeMs" | "repeatAgesMs"> {
    const agesOf = (times: readonly number[] = []) => times.map((atMs) => Math.max(0, nowMs - atMs)).toReversed();
    return {
      sameOrderAgeMs: agesOf(this.#byTerms.get(termsOf(intent)))[0] ?? null,
      repeatAgesMs: agesOf(this.#bySender.get(senderOf(intent, source))),
    };
  }
}

type Recent = Pick<OrderRow, "order" | "request">;

/**
 * The terms that were asked for. A market order that the collar has turned into a limit order is at another price each time, and
 * is the same order all the same.
 */
function askedIn({ order, request }: Recent): Terms {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the account from an order, or from a change of one
  const asked = JSON.parse(request) as Partial<OrderIntent>;
  const { symbol, side } = order;
  return asked.type === "market" ? { ...asked, symbol, side, type: asked.type } : order;
}

type Terms = Pick<OrderIntent, "symbol" | "side" | "type" | "quantity" | "notional" | "limit_price" | "stop_price">;

/** Everything that makes two orders the same to a market. */
const termsOf = (order: Terms): string =>
  [order.symbol, order.side, order.type, order.quantity, order.notional, order.limit_price, order.stop_price].join(" ");

const senderOf = ({ symbol, side }: OrderIntent, source: SourceId): string => `${source} ${symbol} ${side}`;

function keep(times: Map<string, number[]>, key: string, atMs: number): void {
  const kept = (times.get(key) ?? []).filter((earlierMs) => earlierMs > atMs - KEPT_MS).slice(1 - REPEATS_MAX);
  times.set(key, [...kept, atMs]);
  if (times.size < KEYS_MAX) return;
  for (const [other, ofOther] of times) {
    if ((ofOther.at(-1) ?? 0) <= atMs - KEPT_MS) times.delete(other);
  }
}
