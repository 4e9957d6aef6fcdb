// What may still trade, as the rules and the portfolio count it: each order once, and of the legs of an order the one way out.
import { isUntold, wayOutOf } from "../../domain/bracket.ts";
import type { OrderId } from "../../domain/ids.ts";
import { isZero } from "../../domain/money.ts";
import { isLive } from "../../domain/order.ts";
import { type OrderRow, findOrder, readFollowed } from "../orders/orders.ts";
import { isPositionKnown } from "./broker-view.ts";
import { positionIn } from "./positions.ts";

/**
 * Those of unknown outcome are among them. An order that waits for the end of another one counts once it is released: until then the
 * other one counts. What stands for the legs of an order has the terms of one of them, and as many units as they may close.
 */
export function readWorking(sql: SqlStorage, except: readonly (OrderId | null)[] = []): OrderRow[] {
  // The legs of an order end with it.
  const followed = readFollowed(sql).filter(({ order }) => ![order.id, order.parent].some((id) => isIn(except, id)));
  const alone = followed.filter(
    ({ order }) => order.parent === undefined && isLive(order) && order.delivery !== "waiting",
  );
  return [...alone, ...waysOut(sql, followed)];
}

const isIn = (ids: readonly (OrderId | null)[], id: OrderId | undefined): boolean =>
  id !== undefined && ids.includes(id);

/** Orders in a symbol whose legs the venue has not told of: what closes their positions cannot be seen, or canceled. */
export const readUntold = (sql: SqlStorage, symbol: string): OrderRow[] =>
  readFollowed(sql).filter(({ order }) => order.symbol === symbol && isUntold(order));

/** Whether it is known that nothing of a symbol is held here, and nothing of it is on its way. */
export const isIdleIn = (sql: SqlStorage, symbol: string): boolean =>
  isPositionKnown(sql) &&
  isZero(positionIn(sql, symbol)) &&
  readFollowed(sql).every(({ order }) => order.symbol !== symbol);

function waysOut(sql: SqlStorage, followed: readonly OrderRow[]): OrderRow[] {
  const legs = followed.filter(({ order }) => order.parent !== undefined && (isLive(order) || isUntold(order)));
  const parents = new Set(legs.map(({ order }) => order.parent));
  const told = [...parents].flatMap((id) => (id === undefined ? [] : (findOrder(sql, id) ?? [])));
  const untold = followed.filter(({ order }) => order.parent === undefined && isUntold(order));
  return [...told, ...untold].flatMap((row) => {
    const own = legs.filter(({ order }) => order.parent === row.order.id);
    const wayOut = wayOutOf(
      row.order,
      own.map(({ order }) => order),
    );
    return wayOut === undefined ? [] : [{ ...(own[0] ?? row), order: wayOut, isExit: true }];
  });
}
