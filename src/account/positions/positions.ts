// Units held per symbol, counted from the account's own fills.
import { type Decimal, ZERO, add, decimalOf } from "../../domain/money.ts";

/** Negative when short, zero when never traded. */
export function positionIn(sql: SqlStorage, symbol: string): Decimal {
  const row = sql.exec<{ quantity: string }>("SELECT quantity FROM positions WHERE symbol = ?", symbol).toArray()[0];
  return row === undefined ? ZERO : decimalOf(row.quantity);
}

/** Every symbol that was ever traded or held. */
export const readPositions = (sql: SqlStorage): ReadonlyMap<string, Decimal> =>
  new Map(
    sql
      .exec<{ symbol: string; quantity: string }>("SELECT symbol, quantity FROM positions")
      .toArray()
      .map(({ symbol, quantity }) => [symbol, decimalOf(quantity)]),
  );

/** Adds a fill: positive for units bought, negative for units sold. */
export function addToPosition(sql: SqlStorage, symbol: string, units: Decimal): void {
  sql.exec(
    "INSERT INTO positions (symbol, quantity) VALUES (?, ?) ON CONFLICT (symbol) DO UPDATE SET quantity = excluded.quantity",
    symbol,
    add(positionIn(sql, symbol), units),
  );
}

/** Believes the broker's count. */
export function adoptPosition(sql: SqlStorage, symbol: string, units: Decimal, nowMs: number): void {
  sql.exec(
    `INSERT INTO positions (symbol, quantity, adopted_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (symbol) DO UPDATE SET quantity = excluded.quantity, adopted_at_ms = excluded.adopted_at_ms`,
    symbol,
    units,
    nowMs,
  );
}

/** Whether the broker's count was believed since then: a fill told now may be in it already. */
export const wasAdoptedSince = (sql: SqlStorage, symbol: string, sinceMs: number): boolean =>
  sql.exec("SELECT 1 FROM positions WHERE symbol = ? AND adopted_at_ms >= ?", symbol, sinceMs).toArray().length > 0;
