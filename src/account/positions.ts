// Units held per symbol, counted from the account's own fills.
import { type Decimal, ZERO, add, decimalOf } from "../domain/money.ts";

/** Negative when short, zero when never traded. */
export function positionIn(sql: SqlStorage, symbol: string): Decimal {
  const row = sql.exec<{ quantity: string }>("SELECT quantity FROM positions WHERE symbol = ?", symbol).toArray()[0];
  return row === undefined ? ZERO : decimalOf(row.quantity);
}

/** Adds a fill: positive for units bought, negative for units sold. */
export function addToPosition(sql: SqlStorage, symbol: string, units: Decimal): void {
  sql.exec(
    "INSERT INTO positions (symbol, quantity) VALUES (?, ?) ON CONFLICT (symbol) DO UPDATE SET quantity = excluded.quantity",
    symbol,
    add(positionIn(sql, symbol), units),
  );
}
