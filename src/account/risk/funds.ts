// The account's money as the rules look at it, and the marks that losses are measured from.
import { type Decimal, asDecimal, decimalOf, larger, sum } from "../../domain/money.ts";
import type { Order } from "../../domain/order.ts";
import type { Funds } from "../../domain/risk/facts.ts";
import { readBrokerView } from "../positions/broker-view.ts";
import type { OrderRow } from "../orders/orders.ts";

type Marks = {
  date: string;
  asked_at_ms: number;
  filled_at_ms: number;
  day_start: string;
  policy_version: number;
  peak: string;
};

const readMarks = (sql: SqlStorage): Marks | undefined =>
  sql
    .exec<Marks>("SELECT date, asked_at_ms, filled_at_ms, day_start, policy_version, peak FROM equity_marks")
    .toArray()[0];

/**
 * Takes note of the equity that the broker has just told. A new day begins with the last word of the day before, so that what the
 * night has cost counts; a new policy begins its peak anew.
 */
export function markEquity(
  sql: SqlStorage,
  equity: Decimal,
  {
    date,
    policyVersion,
    before,
    askedAtMs,
  }: {
    readonly date: string;
    readonly policyVersion: number;
    readonly before: Decimal | undefined;
    readonly askedAtMs: number;
  },
): void {
  const marks = readMarks(sql);
  const isSameDay = marks !== undefined && marks.date >= date;
  const isSamePolicy = marks !== undefined && marks.policy_version === policyVersion;
  sql.exec(
    "INSERT OR REPLACE INTO equity_marks (id, date, asked_at_ms, filled_at_ms, day_start, policy_version, peak) VALUES (1, ?, ?, ?, ?, ?, ?)",
    isSameDay ? marks.date : date,
    askedAtMs,
    marks?.filled_at_ms ?? 0,
    isSameDay ? marks.day_start : (before ?? equity),
    policyVersion,
    isSamePolicy ? larger(decimalOf(marks.peak), equity) : equity,
  );
}

/** Something was filled: what the broker said of the money before is out of date. */
export const markFilled = (sql: SqlStorage, nowMs: number): void =>
  void sql.exec("UPDATE equity_marks SET filled_at_ms = ?", nowMs);

/** When something was filled last; 0 where that is not known. */
export const lastFilledAtMs = (sql: SqlStorage): number => readMarks(sql)?.filled_at_ms ?? 0;

/** Whether something was filled since the broker was last asked, or it never was. */
export function isOutOfDate(sql: SqlStorage): boolean {
  const marks = readMarks(sql);
  return marks === undefined || marks.filled_at_ms >= marks.asked_at_ms;
}

/** `undefined` while the broker has never said, or where nobody knows what an order on its way costs. */
export function readFunds(sql: SqlStorage, working: readonly OrderRow[]): Funds | undefined {
  const [view, marks] = [readBrokerView(sql), readMarks(sql)];
  const uncounted = working
    .filter(({ order, isExit }) => !isExit && view !== undefined && !isCounted(order, marks?.asked_at_ms ?? 0))
    .map(({ order }) => costOf(order));
  const known = uncounted.filter((cost) => cost !== undefined);
  if (view === undefined || marks === undefined || isOutOfDate(sql) || known.length < uncounted.length)
    return undefined;
  const { equity, buying_power: buyingPower } = view.balances;
  return {
    asOfMs: view.atMs,
    equity,
    buyingPower,
    dayStart: decimalOf(marks.day_start),
    peak: decimalOf(marks.peak),
    uncounted: sum(known),
  };
}

/** Whether the broker had the order when it told its figures, and has taken it off them. */
const isCounted = ({ delivery, updated_at }: Order, askedAtMs: number): boolean =>
  delivery === "delivered" && Date.parse(updated_at) < askedAtMs;

/** What it was expected to cost when it was decided about. */
const costOf = ({ notional, verdicts }: Order): Decimal | undefined =>
  notional ?? asDecimal(verdicts.find(({ rule }) => rule === "max_notional")?.input ?? "");
