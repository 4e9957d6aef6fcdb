// Units held per symbol, counted from the account's own fills.
import { type Decimal, ZERO, add, decimalOf } from "../domain/money.ts";

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
export const addToPosition = (sql: SqlStorage, symbol: string, units: Decimal): void =>
  setPosition(sql, symbol, add(positionIn(sql, symbol), units));

/** Believes the broker's count. */
export function setPosition(sql: SqlStorage, symbol: string, units: Decimal): void {
  sql.exec(
    "INSERT INTO positions (symbol, quantity) VALUES (?, ?) ON CONFLICT (symbol) DO UPDATE SET quantity = excluded.quantity",
    symbol,
    units,
  );
}
