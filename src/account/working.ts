// What may still trade, as the rules and the portfolio count it: each order once, and of the legs of an order the one way out.
import { lacksLegs, lacksSuccessor, wayOutOf } from "../domain/bracket.ts";
import type { OrderId } from "../domain/ids.ts";
import { isLive } from "../domain/order.ts";
import { type OrderRow, findOrder, readFollowed } from "./orders.ts";

/**
 * Those of unknown outcome are among them. An order that waits for the end of another one counts once it is released: until then the
 * other one counts. What stands for the legs of an order has the terms of one of them, and as many units as they may close.
 */
export function readWorking(sql: SqlStorage, except: readonly (OrderId | null)[] = []): OrderRow[] {
  const followed = readFollowed(sql).filter(({ order }) => !except.includes(order.id));
  const alone = followed.filter(
    ({ order }) => order.parent === undefined && isLive(order) && order.delivery !== "waiting",
  );
  return [...alone, ...waysOut(sql, followed)];
}

/** Orders in a symbol whose legs the venue has not told of: what closes their positions cannot be seen, or canceled. */
export const readUntold = (sql: SqlStorage, symbol: string): OrderRow[] =>
  readFollowed(sql).filter(({ order }) => order.symbol === symbol && (lacksLegs(order) || lacksSuccessor(order)));

function waysOut(sql: SqlStorage, followed: readonly OrderRow[]): OrderRow[] {
  const legs = followed.filter(({ order }) => order.parent !== undefined && (isLive(order) || lacksSuccessor(order)));
  const parents = new Set(legs.map(({ order }) => order.parent));
  const told = [...parents].flatMap((id) => (id === undefined ? [] : (findOrder(sql, id) ?? [])));
  const untold = followed.filter(({ order }) => lacksLegs(order));
  return [...told, ...untold].flatMap((row) => {
    const own = legs.filter(({ order }) => order.parent === row.order.id);
    const wayOut = wayOutOf(
      row.order,
      own.map(({ order }) => order),
    );
    return wayOut === undefined ? [] : [{ ...(own[0] ?? row), order: wayOut, isExit: true }];
  });
}
