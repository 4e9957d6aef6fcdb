// Signals that are more than one order, as they are kept: what each asked for, and what came of it.
import type { AccountId, OrderId, SourceId } from "../../domain/ids.ts";
import type { Order, Verdict } from "../../domain/order.ts";
import { assert } from "../../domain/result.ts";
import type { Notice } from "../../domain/signal/format.ts";
import type { SignalReceipt, SignalStep, StepOutcome } from "../../domain/signal/receipt.ts";
import { findGoal, ordersOfGoal } from "./goal-store.ts";
import { findOrder } from "../orders/orders.ts";

/** One thing that a signal asked for: carried out at once, or as a goal. */
export type StoredStep = {
  readonly action: string;
  readonly symbol: string | null;
  readonly goal: string | null;
  readonly outcome: StepOutcome;
  readonly code: string | null;
  readonly detail: string | null;
  readonly stop: SignalStep["stop"];
  /** Of the rules about a signal that it was held against. */
  readonly verdicts: readonly Verdict[];
  readonly orders: readonly OrderId[];
  readonly canceled: readonly OrderId[];
};

export type StoredSignal = {
  /** In the form of an order's. */
  readonly id: OrderId;
  readonly account: AccountId;
  readonly source: SourceId;
  readonly requestId: string;
  readonly format: string;
  readonly steps: readonly StoredStep[];
  readonly notices: readonly Notice[];
  readonly createdAt: string;
};

export function storeSignal(sql: SqlStorage, signal: StoredSignal, request: string, names: readonly string[]): void {
  sql.exec(
    "INSERT INTO signals (id, source, request_id, request, signal) VALUES (?, ?, ?, ?, ?)",
    signal.id,
    signal.source,
    signal.requestId,
    request,
    JSON.stringify(signal),
  );
  rememberNames(sql, signal, names);
}

/** What has come of a step that waited. */
export function storeStep(sql: SqlStorage, id: OrderId, place: number, step: StoredStep): void {
  const found = findSignal(sql, id);
  assert(found?.signal.steps[place]?.outcome === "waiting", "a step came to its end that was not waiting");
  const { signal } = found;
  const stored: StoredSignal = { ...signal, steps: signal.steps.with(place, step) };
  sql.exec("UPDATE signals SET signal = ? WHERE id = ?", JSON.stringify(stored), id);
}

type Found = { readonly signal: StoredSignal; readonly request: string };

const toFound = ({ signal, request }: { signal: string; request: string }): Found => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a StoredSignal
  signal: JSON.parse(signal) as StoredSignal,
  request,
});

export const findSignal = (sql: SqlStorage, id: string): Found | undefined =>
  sql
    .exec<{ signal: string; request: string }>("SELECT signal, request FROM signals WHERE id = ?", id)
    .toArray()
    .map(toFound)[0];

type SignalQuery = {
  /** No id before this one. */
  readonly from?: string | undefined;
  /** Only ids before this one. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/** The newest first. */
export function listSignals(sql: SqlStorage, { from, before, limit }: SignalQuery): StoredSignal[] {
  const bounds = [
    { condition: "id >= ?", id: from },
    { condition: "id < ?", id: before },
  ].flatMap(({ condition, id }) => (id === undefined ? [] : [{ condition, id }]));
  const where = ["1 = 1", ...bounds.map(({ condition }) => condition)].join(" AND ");
  return sql
    .exec<{ signal: string; request: string }>(
      `SELECT signal, request FROM signals WHERE ${where} ORDER BY id DESC LIMIT ?`,
      ...bounds.map(({ id }) => id),
      limit,
    )
    .toArray()
    .map((row) => toFound(row).signal);
}

/** The signal that this request was, or that was kept for it. */
export const findSignalOfRequest = (sql: SqlStorage, requestId: string): Found | undefined =>
  sql
    .exec<{ signal: string; request: string }>("SELECT signal, request FROM signals WHERE request_id = ?", requestId)
    .toArray()
    .map(toFound)[0];

/** The signals that have these names, each once. */
export const findSignalsByNames = (sql: SqlStorage, source: SourceId, names: readonly string[]): Found[] =>
  names.length === 0
    ? []
    : sql
        .exec<{ signal: string; request: string }>(
          `SELECT signal, request FROM signals
           WHERE id IN (SELECT signal FROM signal_keys WHERE source = ? AND key IN (SELECT value FROM json_each(?)))`,
          source,
          JSON.stringify(names),
        )
        .toArray()
        .map(toFound);

export const findSignalByNames = (sql: SqlStorage, source: SourceId, names: readonly string[]): Found | undefined =>
  findSignalsByNames(sql, source, names)[0];

/** A name that is known keeps its signal. */
export function rememberNames(
  sql: SqlStorage,
  { id, source }: Pick<StoredSignal, "id" | "source">,
  names: readonly string[],
): void {
  for (const name of names) {
    sql.exec("INSERT INTO signal_keys (source, key, signal) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", source, name, id);
  }
}

/** The signal as it now stands, also where a step that was waiting has been carried out since it was read. */
export function receiptOf(sql: SqlStorage, read: StoredSignal): SignalReceipt {
  const isWaiting = read.steps.some(({ outcome }) => outcome === "waiting");
  const signal = (isWaiting ? findSignal(sql, read.id)?.signal : undefined) ?? read;
  const steps = signal.steps.map((step) => stepAsItStands(sql, step));
  const orders = [...new Set(steps.flatMap((step) => step.orders))];
  return {
    id: signal.id,
    account: signal.account,
    source: signal.source,
    request_id: signal.requestId,
    format: signal.format,
    steps,
    orders: orders.map((id) => findOrder(sql, id)?.order).filter((order): order is Order => order !== undefined),
    notices: [...signal.notices],
    created_at: signal.createdAt,
  };
}

/** Goals that have come to what was wanted, or found it so. */
const WELL_ENDED: ReadonlySet<string> = new Set(["ordered", "already_there", "nothing_to_do", "closed_opposite"]);

export function stepAsItStands(sql: SqlStorage, { goal: id, ...step }: StoredStep): SignalStep {
  const row = id === null ? undefined : findGoal(sql, id);
  const canceled = [...step.canceled];
  const before = {
    ...step,
    verdicts: [...step.verdicts],
    canceled,
    canceled_exits: canceled.filter((order) => findOrder(sql, order)?.isExit === true),
  };
  if (id === null || row === undefined) return { ...before, orders: [...step.orders] };
  const { stage, code } = row.goal;
  const orders = ordersOfGoal(sql, id);
  const shown = { ...before, orders, code, detail: row.detail };
  if (stage !== "ended") return { ...shown, outcome: "working" };
  if (code === "order_shadowed") return { ...shown, outcome: "shadowed" };
  if (code === null || !WELL_ENDED.has(code)) return { ...shown, outcome: "failed" };
  return { ...shown, outcome: code === "ordered" ? "ordered" : "done" };
}
