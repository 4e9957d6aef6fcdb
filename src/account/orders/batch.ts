// Several orders in one request: each is decided by itself, in the order given and knowing those before it, and all of it is
// one transaction. The batch has a key; the same batch again is the same orders.
import type { OrderId } from "../../domain/ids.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { NativeOrder } from "../../domain/signal/native.ts";
import type { Order } from "../../domain/order.ts";
import type { BucketLimits } from "../../domain/token-bucket.ts";
import { type Signal, passageOf } from "./admit.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { type Conflict, type RateLimited, enterByName, meterOf } from "../door/door.ts";
import { append } from "../journal.ts";
import { findOrder } from "./orders.ts";
import type { NewId } from "./store-order.ts";
import type { Envelope } from "../door/envelope.ts";

/** `orders` are those that can be read at all; `index` is their place in the request. */
export type Batch = Omit<Envelope, "proof" | "idempotencyKey"> & {
  readonly idempotencyKey: string;
  readonly orders: readonly { readonly index: number; readonly order: NativeOrder }[];
};

export type BatchRefusal =
  | RateLimited
  /** The key belongs to a batch with other content. */
  | { readonly reason: "batch_conflict" };

type BatchItem = {
  readonly index: number;
  readonly outcome: Result<{ readonly order: Order; readonly duplicate: boolean }, Conflict>;
};

export type BatchOutcome = { readonly items: readonly BatchItem[]; readonly duplicate: boolean };

export type BatchArgs = DecisionContext & {
  readonly limits: BucketLimits;
  readonly batch: Batch;
  readonly newId: () => NewId;
};

/** What is stored of an item: the order it led to, or the one that has its id already, with the same content or another. */
type StoredItem = {
  readonly index: number;
  readonly orderId: OrderId;
  readonly outcome: "new" | "duplicate" | "conflict";
};

export function admitBatch(sql: SqlStorage, args: BatchArgs): Result<BatchOutcome, BatchRefusal> {
  const { batch, limits } = args;
  const known = readBatch(sql, batch);
  if (known !== undefined) {
    const same = known.requestSha256 === batch.bodySha256;
    // The same call once more, because its first answer got lost, is no news.
    const isItself = known.requestId === batch.requestId;
    if (!isItself) journalBatch(sql, args, same ? "batch.duplicate" : "batch.conflict", []);
    if (!same) return err({ reason: "batch_conflict" });
    return ok({ items: known.items.map((item) => toItem(sql, item, isItself)), duplicate: !isItself });
  }
  const meter = meterOf(sql, batch.source, args);
  const draw = meter.draw(limits);
  if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits });

  const items = batch.orders.map(({ index, order }): BatchItem => {
    const { orders: _, ...shared } = batch;
    // The batch's key stands for its place in the batch; a name of its own, an order has in its client_order_id.
    const signal: Signal = { ...shared, order, proof: null, idempotencyKey: null };
    const entered = enterByName(sql, passageOf(sql, { ...args, signal }), meter);
    if (!entered.ok) return { index, outcome: entered };
    const { value, duplicate } = entered.value;
    return { index, outcome: ok({ order: value.order, duplicate }) };
  });
  meter.save();
  const stored = items.map(toStored);
  sql.exec(
    "INSERT INTO batches (source, idempotency_key, request_sha256, outcome) VALUES (?, ?, ?, ?)",
    batch.source,
    batch.idempotencyKey,
    batch.bodySha256,
    JSON.stringify({ requestId: batch.requestId, items: stored }),
  );
  journalBatch(sql, args, "batch.accepted", stored);
  return ok({ items, duplicate: false });
}

function readBatch(sql: SqlStorage, { source, idempotencyKey }: Batch) {
  const row = sql
    .exec<{ request_sha256: string; outcome: string }>(
      "SELECT request_sha256, outcome FROM batches WHERE source = ? AND idempotency_key = ?",
      source,
      idempotencyKey,
    )
    .toArray()[0];
  if (row === undefined) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  const outcome = JSON.parse(row.outcome) as { requestId: string; items: StoredItem[] };
  return { requestSha256: row.request_sha256, ...outcome };
}

const toStored = ({ index, outcome }: BatchItem): StoredItem =>
  outcome.ok
    ? { index, orderId: outcome.value.order.id, outcome: outcome.value.duplicate ? "duplicate" : "new" }
    : { index, orderId: outcome.error.orderId, outcome: "conflict" };

function toItem(sql: SqlStorage, { index, orderId, outcome }: StoredItem, isItself: boolean): BatchItem {
  const order = findOrder(sql, orderId)?.order;
  if (outcome === "conflict" || order === undefined) {
    return { index, outcome: err({ reason: "idempotency_conflict", orderId }) };
  }
  return { index, outcome: ok({ order, duplicate: outcome === "duplicate" || !isItself }) };
}

function journalBatch(
  sql: SqlStorage,
  { account, batch, nowMs }: BatchArgs,
  type: "batch.accepted" | "batch.duplicate" | "batch.conflict",
  items: readonly StoredItem[],
): void {
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type,
    actor: batch.actor,
    request_id: batch.requestId,
    client_ip: batch.clientIp,
    order_id: null,
    symbol: null,
    result: { ok: type !== "batch.conflict", code: type === "batch.conflict" ? "idempotency_conflict" : "accepted" },
    data: { idempotency_key: batch.idempotencyKey, body_sha256: batch.bodySha256, items },
  });
}
