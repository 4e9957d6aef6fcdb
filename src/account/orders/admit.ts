// A signal that is one order: its transaction. The caller wraps it in transactionSync, so it leaves everything or nothing.
import type { OrderId } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import { type Result, ok } from "../../domain/result.ts";
import type { NativeOrder } from "../../domain/signal/native.ts";
import type { BucketLimits } from "../../domain/token-bucket.ts";
import { assessNewNow } from "../risk/assess-now.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import {
  type Entered,
  type Known,
  type Passage,
  type SignalRefusal,
  enter,
  noteSignal,
  ownerOf,
} from "../door/door.ts";
import { type OrderRow, findByClientOrderId, findByIdempotencyKey, findOrder, rememberKey } from "./orders.ts";
import { findSignalByNames } from "../signals/signals.ts";
import { type NewId, storeDecided, toIntent } from "./store-order.ts";
import type { Envelope } from "../door/envelope.ts";

/** An order that somebody has proven to be theirs to give, and that is fresh. */
export type Signal = Envelope & { readonly order: NativeOrder };

export type Admitted = Omit<Entered<unknown>, "value"> & { readonly order: Order };

export type DecideArgs = DecisionContext & {
  readonly signal: Signal;
  readonly newId: () => NewId;
};

export type AdmitArgs = DecideArgs & { readonly limits: BucketLimits };

export function admit(sql: SqlStorage, args: AdmitArgs): Result<Admitted, SignalRefusal> {
  const passage = passageOf(sql, args);
  const entered = enter(
    sql,
    {
      ...passage,
      carryOut: (meter) => {
        const decided = passage.carryOut(meter);
        meter.save();
        return decided;
      },
    },
    { ...args, weight: 1 },
  );
  if (!entered.ok) return entered;
  const { value, ...rest } = entered.value;
  return ok({ ...rest, order: value.order });
}

type Decided = { readonly id: OrderId; readonly requestId: string; readonly order: Order };

const decidedOf = (order: Order): Decided => ({ id: order.id, requestId: order.request_id, order });

/** The order this signal is about: a new one, or the one that already has its names. Whoever lets it in saves the meter. */
export const passageOf = (sql: SqlStorage, args: DecideArgs): Passage<Decided> => ({
  envelope: args.signal,
  find: (id) => {
    const row = findOrder(sql, id);
    return row === undefined ? undefined : decidedOf(row.order);
  },
  findKnown: () => findKnown(sql, args.signal),
  alsoNamed: ({ order }) => {
    const { idempotencyKey, source } = args.signal;
    if (idempotencyKey !== null) rememberKey(sql, { id: order.id, source }, idempotencyKey);
  },
  note: (type, decided) => noteOrder(sql, args, type, decided?.order ?? null),
  carryOut: (meter) => {
    const { signal, account } = args;
    const newId = args.newId();
    const sender = { sender: signal.sender, counts: meter.counts() };
    const decision = assessNewNow(sql, toIntent(signal.order, account, newId), {
      ...args,
      source: signal.source,
      sender,
    });
    const decided = {
      request: JSON.stringify(signal.order),
      intent: decision.intent,
      decision,
      replaces: null,
      goal: null,
    };
    const note = (order: Order) => noteOrder(sql, args, "signal.accepted", order);
    return decidedOf(storeDecided(sql, { ...args, newId, meter, owner: ownerOf(signal) }, decided, note));
  },
});

function findKnown(sql: SqlStorage, signal: Signal): Known<Decided> | undefined {
  const earlier = findEarlier(sql, signal);
  const [first] = earlier;
  const names = [signal.idempotencyKey, signal.order.client_order_id ?? null].filter((name) => name !== null);
  const signaled = findSignalByNames(sql, signal.source, names);
  if (signaled !== undefined) return { id: signaled.signal.id, first: undefined, isSame: false };
  if (first === undefined) return undefined;
  const request = JSON.stringify(signal.order);
  // What another source has placed is not this one's to repeat, or to see.
  const isSame = earlier.every(
    (row) => row.order.id === first.order.id && row.request === request && row.order.source === signal.source,
  );
  return { id: first.order.id, first: decidedOf(first.order), isSame };
}

/** Orders that already carry one of this signal's ids. */
export function findEarlier(sql: SqlStorage, signal: Pick<Signal, "order" | "source" | "idempotencyKey">): OrderRow[] {
  const { client_order_id: clientOrderId } = signal.order;
  return [
    clientOrderId === undefined ? undefined : findByClientOrderId(sql, clientOrderId),
    signal.idempotencyKey === null ? undefined : findByIdempotencyKey(sql, signal.source, signal.idempotencyKey),
  ].filter((row) => row !== undefined);
}

export const noteOrder = (
  sql: SqlStorage,
  { signal, ...context }: Pick<DecideArgs, "account" | "nowMs" | "signal">,
  type: "signal.accepted" | "signal.duplicate" | "signal.conflict",
  order: Order | null,
): void =>
  noteSignal(sql, { ...context, envelope: signal }, type, {
    order: order?.id ?? null,
    symbol: signal.order.symbol,
    data: { order: signal.order },
  });
