// The account's goals: what an instruction about a position wants of a symbol, carried on one order at a time. A goal is stored
// with everything it needs, and planned anew whenever an order in its symbol changes. The caller wraps each in transactionSync.
import { standingAlone } from "../../domain/bracket.ts";
import type { ReferencePrice } from "../../domain/broker.ts";
import {
  type GoalCancel,
  type GoalFacts,
  type GoalMove,
  type GoalOrder,
  type GoalSettings,
  type PositionInstruction,
  endGoal,
  openGoal,
  orderGoal,
  supersedeGoal,
} from "../../domain/goal/goal.ts";
import { planGoal } from "../../domain/goal/plan.ts";
import type { SourceId } from "../../domain/ids.ts";
import type { Decimal } from "../../domain/money.ts";
import { type Result, assert, assertNever, ok } from "../../domain/result.ts";
import type { NativeOrder } from "../../domain/signal/native.ts";
import { isPositionKnown } from "../positions/broker-view.ts";
import { cancelOrder } from "../orders/cancel.ts";
import { leastRevisionOf } from "../configuration.ts";
import { readFunds } from "../risk/funds.ts";
import { type GoalRow, findGoal, openGoalIn, readOpenGoals, storeGoal } from "./goal-store.ts";
import { append } from "../journal.ts";
import { type OrderRow, findOrder, readLiveRows, isAtOnce } from "../orders/orders.ts";
import { readUntold, readWorking } from "../positions/working.ts";
import { type Placing, type PlacingContext, isDenied, placeOrder } from "../orders/place-order.ts";
import { positionIn } from "../positions/positions.ts";
import type { RecordContext } from "../orders/record.ts";
import { dropSequels } from "./sequel-store.ts";
import { tradingStateOf } from "../stops/stops.ts";
import { setTimer } from "../timers.ts";
import type { Sender } from "../door/envelope.ts";

/** More moves than any goal makes at once. */
const MOVES_MAX = 20;
/** The broker's word on money may be so old where a size is worked out from it. */
const FUNDS_AGE_MAX_MS = 300_000;

/**
 * When a goal looks again for a price that nobody has said; and for how long a market order is on its way that the collar has given a
 * price: one of which nothing is heard for so long rests there.
 */
const A_WHILE_MS = 15_000;

export type GoalContext = PlacingContext & {
  readonly random: number;
};

/** Opens a goal in place of the one that is open in its symbol, and makes its first moves. */
export function startGoal(
  sql: SqlStorage,
  wanted: Omit<GoalRow, "goal" | "detail"> & {
    readonly instruction: PositionInstruction;
    readonly settings: GoalSettings;
  },
  context: GoalContext,
): Result<GoalRow, { readonly code: string; readonly detail: string }> {
  const { instruction, settings, ...names } = wanted;
  const open = openGoalIn(sql, instruction.symbol);
  const goal = openGoal(instruction, settings, open?.goal);
  if (!goal.ok) return goal;
  if (open !== undefined) end(sql, { ...open, goal: supersedeGoal(open.goal) }, `by signal ${names.signal}`, context);
  storeGoal(sql, { ...names, goal: goal.value, detail: null });
  return ok(carryOn(sql, names.id, context));
}

type EndContext = Pick<GoalContext, "account" | "nowMs">;

/** Nothing more is ordered for it. What it has on its way already is not canceled by this. `by`: who wants that. */
export const cancelGoal = (sql: SqlStorage, row: GoalRow, by: string, context: EndContext): void =>
  end(sql, { ...row, goal: endGoal(row.goal, "canceled") }, by, context);

/**
 * Ends every open goal: what each has ordered goes on by itself, and nothing more is ordered for it. Nothing comes either of what
 * waits for its turn.
 */
export function abandonGoals(
  sql: SqlStorage,
  why: { readonly code: string; readonly detail: string },
  context: EndContext,
): void {
  for (const row of readOpenGoals(sql)) end(sql, { ...row, goal: endGoal(row.goal, why.code) }, why.detail, context);
  dropSequels(sql, () => true, why, context);
}

/** Whether a stop has the position left at this moment: its goal is open, or the order of that has not ended. */
export const isLeftUnderStop = (sql: SqlStorage, symbol: string): boolean =>
  isUnderStop(openGoalIn(sql, symbol)) ||
  readLiveRows(sql).some((row) => row.order.symbol === symbol && isOfStop(sql, row));

/** Whether a goal has placed the order that came with a stop. */
const isOfStop = (sql: SqlStorage, { goal }: OrderRow): boolean => goal !== null && isUnderStop(findGoal(sql, goal));

const isUnderStop = (row: GoalRow | undefined): boolean => row?.goal.settings.isUnderStop === true;

/** Whether a stop that is in force has it ordered: then it is for whoever releases the stop to cancel it. */
export const isKeptByStop = (sql: SqlStorage, row: OrderRow): boolean =>
  isOfStop(sql, row) && tradingStateOf(sql, row.order) !== "active";

/** The same of what would still be ordered. */
export const isGoalKeptByStop = (sql: SqlStorage, row: GoalRow): boolean =>
  isUnderStop(row) && tradingStateOf(sql, { source: row.source, symbol: row.goal.instruction.symbol }) !== "active";

/** Makes every move that can be made now. */
export function carryOn(sql: SqlStorage, id: string, context: GoalContext): GoalRow {
  for (let moves = 0; moves < MOVES_MAX; moves += 1) {
    const row = mustFind(sql, id);
    const move = planGoal(row.goal, factsOf(sql, row, context));
    if (!makeMove(sql, row, move, context)) break;
  }
  return mustFind(sql, id);
}

/** Returns whether there may be another one. */
function makeMove(sql: SqlStorage, row: GoalRow, move: GoalMove, context: GoalContext): boolean {
  switch (move.move) {
    case "wait":
      storeGoal(sql, row);
      if (move.isForAWhile === true) setTimer(sql, "goals", context.nowMs + A_WHILE_MS);
      return false;
    case "cancel":
      return makeWay(sql, row, move, context);
    case "order":
      place(sql, row, move, placingOf(row, move, context));
      return true;
    case "end":
      end(sql, { ...row, goal: endGoal(row.goal, move.code) }, move.detail, context);
      return false;
    default:
      return assertNever(move);
  }
}

/**
 * Cancels what is in the way. What protects a position stays where the rules would deny what comes in its place: where that is for
 * good, the order is stored, denied, and says why.
 */
function makeWay(sql: SqlStorage, row: GoalRow, move: GoalCancel, context: GoalContext): boolean {
  const { before, orders, regardless, isFinal } = move;
  const placingOfNext = (next: GoalOrder) => ({ ...placingOf(row, next, context), except: orders });
  const isVain = before !== null && isDenied(sql, orderOf(row, before.order), placingOfNext(before));
  if (isVain && isFinal) {
    place(sql, row, before, placingOfNext(before));
    return true;
  }
  const wanted = isVain ? regardless : orders;
  for (const order of wanted) cancelOrder(sql, order, recordContextOf(row, context));
  if (wanted.length === 0) storeGoal(sql, row);
  return wanted.length > 0;
}

function place(sql: SqlStorage, row: GoalRow, move: GoalOrder, placing: Placing): void {
  const order = placeOrder(sql, orderOf(row, move.order), placing);
  storeGoal(sql, { ...row, goal: orderGoal(row.goal, move.stage, order.id) });
}

const placingOf = (row: GoalRow, { arithmetic }: GoalOrder, context: GoalContext): Placing => ({
  ...context,
  source: row.source,
  requestId: row.requestId,
  sender: row.sender,
  goal: row.id,
  arithmetic,
});

function orderOf(row: GoalRow, planned: GoalOrder["order"]): NativeOrder {
  const { reduce_only: _, ...terms } = planned;
  return {
    symbol: row.goal.instruction.symbol,
    notional: undefined,
    client_order_id: undefined,
    account: undefined,
    limit_price: undefined,
    stop_price: undefined,
    ...terms,
  };
}

function factsOf(sql: SqlStorage, { id, goal, expiresAtMs, source, sender }: GoalRow, context: GoalContext): GoalFacts {
  const { symbol } = goal.instruction;
  // Nothing at the broker makes way for an order that is not sent: what protects a position stays.
  const inTheWay = context.mode === "shadow" ? [] : standingAlone(readLiveRows(sql));
  const live = inTheWay.filter(({ order }) => order.symbol === symbol);
  return {
    ...marketFactsOf(sql, symbol, context),
    positionKnown: isPositionKnown(sql),
    goesByPrice: context.policy.reference_price_max_age_sec !== undefined,
    legsUntold: context.mode !== "shadow" && readUntold(sql, symbol).length > 0,
    live: live.map(({ order }) => order),
    atMarket: new Set(live.filter(isAtOnce).map(({ order }) => order.id)),
    newer: new Set(live.flatMap(({ order }) => (order.id > id ? [order.id] : []))),
    justSent: new Set(live.filter((row) => isJustSent(row, context.nowMs)).map(({ order }) => order.id)),
    ordered: goal.order === null ? undefined : findOrder(sql, goal.order)?.order,
    ofGoals: new Set(live.filter(isOfGoal).map(({ order }) => order.id)),
    isLapsed: context.nowMs >= expiresAtMs || isRevoked(sql, source, sender),
  };
}

/** On its way to the broker, or heard of a moment ago. */
function isJustSent(row: OrderRow, nowMs: number): boolean {
  const { delivery, updated_at: heardAt } = row.order;
  if (delivery === "held" || !isAtOnce(row)) return false;
  return delivery !== "delivered" || nowMs - Date.parse(heardAt) < A_WHILE_MS;
}

/** Whether the source has been changed since: for what it was then, nothing is opened any more. */
export function isRevoked(sql: SqlStorage, source: SourceId, sender: Sender | null): boolean {
  const revision = sender?.revision ?? null;
  return revision !== null && revision < leastRevisionOf(sql, source);
}

/** What a size and a price are worked out from. */
export function marketFactsOf(sql: SqlStorage, symbol: string, context: GoalContext) {
  const { nowMs, policy, referencePrices, instruments } = context;
  const funds = readFunds(sql, readWorking(sql));
  const isFunded = funds !== undefined && nowMs - funds.asOfMs <= FUNDS_AGE_MAX_MS;
  return {
    position: positionIn(sql, symbol),
    price: recentPrice(referencePrices.get(symbol), policy.reference_price_max_age_sec, nowMs),
    equity: isFunded ? funds.equity : undefined,
    buyingPower: isFunded ? funds.buyingPower : undefined,
    instrument: instruments.find(symbol),
  };
}

const isOfGoal = ({ goal }: OrderRow): boolean => goal !== null;

function recentPrice(
  reference: ReferencePrice | undefined,
  maxAgeSec: number | undefined,
  nowMs: number,
): Decimal | undefined {
  if (reference === undefined || maxAgeSec === undefined) return undefined;
  return nowMs - reference.atMs <= maxAgeSec * 1000 ? reference.price : undefined;
}

function end(sql: SqlStorage, row: GoalRow, detail: string, { account, nowMs }: EndContext): void {
  storeGoal(sql, { ...row, detail });
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type: "goal.ended",
    actor: { kind: "gateway", id: account },
    request_id: row.requestId,
    client_ip: null,
    order_id: row.goal.order,
    symbol: row.goal.instruction.symbol,
    result: { ok: true, code: row.goal.code ?? "ended" },
    data: { signal: row.signal, goal: row.id, instruction: row.goal.instruction, detail },
  });
}

/** On behalf of the source whose signal it was. */
const recordContextOf = ({ source, requestId }: GoalRow, { nowMs, random }: GoalContext): RecordContext => ({
  nowMs,
  random,
  caller: { actor: { kind: "source", id: source }, requestId, clientIp: null },
});

function mustFind(sql: SqlStorage, id: string): GoalRow {
  const row = findGoal(sql, id);
  assert(row !== undefined, "a goal that was stored is not there");
  return row;
}
