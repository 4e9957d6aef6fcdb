// The rows of sequels: what a signal still wants of a symbol, after something else that it wants there. Each is a step of its
// signal that waits; it ends as what has come of it, and the row is gone.
import type { OrderId } from "../../domain/ids.ts";
import type { Decimal } from "../../domain/money.ts";
import type { Refusal } from "../../domain/goal/terms.ts";
import type { SymbolInstruction } from "../../domain/signal/in-symbol.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { append } from "../journal.ts";
import { failed, stepOf } from "./signal-step.ts";
import { type StoredStep, storeStep } from "./signals.ts";
import type { Carried } from "../door/envelope.ts";

export type Sequel = {
  /** The id of the signal that asks for it, and which of that one's steps it is. */
  readonly signal: OrderId;
  readonly place: number;
  readonly instruction: SymbolInstruction;
  /** Whose it is, and what the signal said beside it. */
  readonly carried: Carried;
  /** Units of its symbol as the signal came; negative when short. */
  readonly heldBefore: Decimal;
  /** From then on nothing is opened by it any more. */
  readonly opensUntilMs: number;
  /** What somebody has wanted of the symbol since: a goal, or orders on that side. The tables see to it, see migrations.ts. */
  readonly newer: { readonly goal: boolean; readonly buy: boolean; readonly sell: boolean };
};

type Row = {
  signal: OrderId;
  place: number;
  sequel: string;
  newer_goal: number;
  newer_buy: number;
  newer_sell: number;
};

const COLUMNS = "signal, place, sequel, newer_goal, newer_buy, newer_sell";

const toSequel = ({ signal, place, sequel, newer_goal, newer_buy, newer_sell }: Row): Sequel => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a Sequel
  ...(JSON.parse(sequel) as Omit<Sequel, "signal" | "place" | "newer">),
  signal,
  place,
  newer: { goal: newer_goal === 1, buy: newer_buy === 1, sell: newer_sell === 1 },
});

export function storeSequel(sql: SqlStorage, { signal, place, ...sequel }: Omit<Sequel, "newer">): void {
  sql.exec(
    `INSERT INTO sequels (signal, place, symbol, request_id, sequel, newer_goal)
     VALUES (?, ?, ?, ?, ?, 0)`,
    signal,
    place,
    sequel.instruction.symbol,
    sequel.carried.requestId,
    JSON.stringify(sequel),
  );
}

export const findSequel = (sql: SqlStorage, { signal, place }: Pick<Sequel, "signal" | "place">): Sequel | undefined =>
  sql
    .exec<Row>(`SELECT ${COLUMNS} FROM sequels WHERE signal = ? AND place = ?`, signal, place)
    .toArray()
    .map(toSequel)[0];

/** The oldest signal's first. */
const readSequels = (sql: SqlStorage): Sequel[] =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM sequels ORDER BY signal, place`).toArray().map(toSequel);

/** Of each signal the next one in each symbol: nobody's turn comes before its. */
export const readNext = (sql: SqlStorage): Sequel[] =>
  sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM sequels AS one
       WHERE NOT EXISTS (SELECT 1 FROM sequels WHERE signal = one.signal AND symbol = one.symbol AND place < one.place)
       ORDER BY signal, place`,
    )
    .toArray()
    .map(toSequel);

/** What comes after it in its signal and its symbol. */
export const nextAfter = (sql: SqlStorage, { signal, instruction }: Sequel): Sequel | undefined =>
  sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM sequels WHERE signal = ? AND symbol = ? ORDER BY place LIMIT 1`,
      signal,
      instruction.symbol,
    )
    .toArray()
    .map(toSequel)[0];

type EndContext = Pick<DecisionContext, "account" | "nowMs">;

/** The row makes way for what has come of it. */
export function endSequel(sql: SqlStorage, sequel: Sequel, step: StoredStep, { account, nowMs }: EndContext): void {
  const { signal, place, instruction, carried } = sequel;
  sql.exec("DELETE FROM sequels WHERE signal = ? AND place = ?", signal, place);
  storeStep(sql, signal, place, step);
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type: "signal.continued",
    actor: { kind: "gateway", id: account },
    request_id: carried.requestId,
    client_ip: null,
    order_id: step.orders[0] ?? null,
    symbol: instruction.symbol,
    result: { ok: step.outcome !== "failed", code: step.code ?? step.outcome },
    data: { signal, place, instruction, step },
  });
}

/** Nothing comes any more of those that it holds for. */
export function dropSequels(
  sql: SqlStorage,
  isDropped: (sequel: Sequel) => boolean,
  why: Refusal,
  context: EndContext,
): readonly Sequel[] {
  const dropped = readSequels(sql).filter(isDropped);
  for (const sequel of dropped) endSequel(sql, sequel, failed(stepOf(sequel.instruction), why), context);
  return dropped;
}
