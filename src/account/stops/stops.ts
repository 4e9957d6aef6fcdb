// The stops that bind this account, its own and the gateway's. They are here, where orders are decided and sent, so that they
// bind the very next one. The caller wraps each change in transactionSync.
import type { Actor } from "../../domain/audit-entry.ts";
import type { AccountId, SourceId } from "../../domain/ids.ts";
import { leavesQuantity } from "../../domain/leaves.ts";
import { type Decimal, add, isPositive, isZero } from "../../domain/money.ts";
import { type Order, signOf } from "../../domain/order.ts";
import type { TradingState } from "../../domain/risk/trading-state.ts";
import {
  type StopActions,
  type StopCancels,
  type StopLevel,
  type TradingStop,
  isSame,
  mayRelease,
  reaches,
  stateUnder,
} from "../../domain/trading-stop.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { cancelOrder } from "../orders/cancel.ts";
import { append } from "../journal.ts";
import { type OrderRow, readLiveRows } from "../orders/orders.ts";
import { positionIn } from "../positions/positions.ts";
import type { RecordContext } from "../orders/record.ts";
import type { Caller } from "../caller.ts";

/** In force, the earliest first. */
export const readStops = (sql: SqlStorage): TradingStop[] =>
  sql
    .exec<{ stop: string }>("SELECT stop FROM stops WHERE released_at_ms IS NULL ORDER BY rowid")
    .toArray()
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a TradingStop
    .map(({ stop }) => JSON.parse(stop) as TradingStop);

export const tradingStateOf = (
  sql: SqlStorage,
  order: { readonly source: SourceId; readonly symbol: string },
): TradingState => stateUnder(readStops(sql), order);

/** What is done as a stop is set, and who asked for it: whoever hears of the stop later does the same, in the same name. */
export type Asked = { readonly actions: StopActions; readonly caller: Caller };

export type StopContext = RecordContext & {
  readonly account: AccountId;
  readonly caller: Caller;
  /** Whether positions are left with it; that is the caller's to do. */
  readonly flatten?: boolean;
  /** Whether it is set also where another one says the same: that one may be on its way out. */
  readonly isBeside?: boolean;
};

export type StopSet = {
  /** What is in force here and says the same, the earliest first; nothing where it was released here before. */
  readonly inForce: readonly TradingStop[];
  readonly canceled: readonly Order[];
};

/**
 * Sets a stop, or finds the one that says the same; cancels what is to be canceled either way, once for each request. One that has
 * been released is not set again by somebody who has not heard of that, and then nothing is canceled.
 */
export function setStop(sql: SqlStorage, stop: TradingStop, cancels: StopCancels, context: StopContext): StopSet {
  const known = findKnown(sql, stop);
  const alike = readStops(sql).filter((other) => isSame(other, stop));
  const isNew = known === undefined && (alike.length === 0 || context.isBeside === true);
  if (isNew) insert(sql, stop, context, { cancels, flatten: context.flatten === true });
  const inForce = isNew ? [...alike, stop] : alike;
  const isDone = known?.asked?.caller.requestId === context.caller.requestId;
  const isToCancel = cancels !== "none" && inForce.length > 0 && !isDone;
  return { inForce, canceled: isToCancel ? cancelReached(sql, stop, cancels, context) : [] };
}

function insert(
  sql: SqlStorage,
  stop: TradingStop,
  { account, nowMs, caller }: Pick<StopContext, "account" | "nowMs" | "caller">,
  actions: StopActions | null,
): void {
  const asked: Asked | null = actions === null ? null : { actions, caller };
  sql.exec(
    "INSERT INTO stops (id, stop, asked) VALUES (?, ?, ?)",
    stop.id,
    JSON.stringify(stop),
    asked === null ? null : JSON.stringify(asked),
  );
  journal(sql, account, "trading.stopped", stop, { nowMs, ...caller, data: { stop } });
}

/** Replacements that wait go first: canceled before the orders they wait for, none of them is released. */
function cancelReached(sql: SqlStorage, stop: TradingStop, cancels: StopCancels, context: StopContext): Order[] {
  const live = readLiveRows(sql);
  const exits = cancels === "all" ? [] : stillExits(sql, live);
  const reached = live.filter((row) => reaches(stop, row.order) && !exits.includes(row));
  const waitingFirst = reached.toSorted(
    (a, b) => Number(b.order.delivery === "waiting") - Number(a.order.delivery === "waiting"),
  );
  return waitingFirst.flatMap(({ order }) => {
    const canceled = cancelOrder(sql, order.id, context);
    return canceled.ok ? [canceled.value] : [];
  });
}

/** What was let in as an exit may open something by now, because another has closed what it was to close. A leg ends with its order. */
function stillExits(sql: SqlStorage, live: readonly OrderRow[]): OrderRow[] {
  const left = new Map<string, Decimal>();
  return live.filter(({ order, isExit }) => {
    // What is being canceled gives its units to the one in its place, if there is one.
    if (!isExit || order.parent !== undefined || order.cancel_requested_at !== null) return isExit;
    const { symbol, side } = order;
    const position = left.get(symbol) ?? positionIn(sql, symbol);
    const after = add(position, signOf(side, leavesQuantity(order)));
    const isOne = !isZero(position) && isPositive(position) === (side === "sell") && !crosses(position, after);
    if (isOne) left.set(symbol, after);
    return isOne;
  });
}

const crosses = (before: Decimal, after: Decimal): boolean =>
  !isZero(after) && isPositive(after) !== isPositive(before);

export type ReleaseRefusal =
  | { readonly reason: "not_there" }
  | { readonly reason: "stop_of_higher_level"; readonly level: StopLevel };

/** Releases one of the account's own stops. */
export function releaseStop(
  sql: SqlStorage,
  id: string,
  args: { readonly level: StopLevel; readonly why: string | null },
  { account, nowMs, caller }: StopContext,
): Result<TradingStop, ReleaseRefusal> {
  const stop = readStops(sql).find((one) => one.id === id);
  if (stop === undefined || stop.account === null) return err({ reason: "not_there" });
  if (!mayRelease(stop, args.level)) return err({ reason: "stop_of_higher_level", level: stop.level });
  release(sql, stop, nowMs);
  journal(sql, account, "trading.released", stop, { nowMs, ...caller, data: { stop, reason: args.why } });
  return ok(stop);
}

/**
 * Goes by the gateway's own list: what is released there is released here, and what is new there is set here. A stop that this
 * account was told of and that the list does not know stays: the list could not be written at the time.
 */
export function adoptWideStops(
  sql: SqlStorage,
  listed: readonly { readonly stop: TradingStop; readonly isReleased: boolean }[],
  context: { readonly account: AccountId; readonly nowMs: number; readonly requestId: string },
): void {
  const inForce = new Set(readStops(sql).map(({ id }) => id));
  const caller = {
    actor: { kind: "gateway", id: context.account } as const,
    requestId: context.requestId,
    clientIp: null,
  };
  for (const { stop, isReleased } of listed) {
    if (isReleased && inForce.has(stop.id)) {
      release(sql, stop, context.nowMs);
      journal(sql, context.account, "trading.released", stop, { nowMs: context.nowMs, ...caller, data: { stop } });
    }
    // One that was released here comes back with an older list only.
    if (!isReleased && findKnown(sql, stop) === undefined) insert(sql, stop, { ...context, caller }, null);
  }
}

type KnownStop = {
  /** `null` where it was read off the gateway's list. */
  readonly asked: Asked | null;
};

/** In force, or released here. */
const findKnown = (sql: SqlStorage, { id }: Pick<TradingStop, "id">): KnownStop | undefined =>
  sql
    .exec<{ asked: string | null }>("SELECT asked FROM stops WHERE id = ?", id)
    .toArray()
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an Asked
    .map(({ asked }) => ({ asked: asked === null ? null : (JSON.parse(asked) as Asked) }))[0];

/** A stop of everything that this account goes by, and how it was asked for; `null` where nobody here knows. */
export type HeardStop = { readonly stop: TradingStop; readonly asked: Asked | null };

/** The stops of everything that bind this account. */
export const readWideStops = (sql: SqlStorage): HeardStop[] =>
  readStops(sql)
    .filter(({ account }) => account === null)
    .map((stop) => ({ stop, asked: findKnown(sql, stop)?.asked ?? null }));

const release = (sql: SqlStorage, { id }: TradingStop, nowMs: number): void =>
  void sql.exec("UPDATE stops SET released_at_ms = ? WHERE id = ?", nowMs, id);

/** When a stop of this source was last released here: until then, somebody has looked at what it did. */
export const reviewedAtMs = (sql: SqlStorage, source: SourceId): number =>
  sql
    .exec<{ at: number | null }>(
      "SELECT MAX(released_at_ms) AS at FROM stops WHERE json_extract(stop, '$.source') = ?",
      source,
    )
    .one().at ?? 0;

function journal(
  sql: SqlStorage,
  account: AccountId,
  type: "trading.stopped" | "trading.released",
  stop: TradingStop,
  event: {
    readonly nowMs: number;
    readonly actor: Actor;
    readonly requestId: string;
    readonly clientIp: string | null;
    readonly data: Record<string, unknown>;
  },
): void {
  append(sql, account, {
    time: new Date(event.nowMs).toISOString(),
    type,
    actor: event.actor,
    request_id: event.requestId,
    client_ip: event.clientIp,
    order_id: null,
    symbol: stop.symbol,
    result: { ok: true, code: stop.state },
    data: event.data,
  });
}
