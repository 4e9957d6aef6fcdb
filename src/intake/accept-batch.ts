// The use case behind POST /v1/orders/batch: up to 50 orders, each of which stands by itself. One that cannot be read is
// answered as such and does not stop the others; where none can, there is nothing to do, and the key stays free.
import * as z from "zod";
import type { AccountDisabled, Conflict } from "../account/door/door.ts";
import type { Batch, BatchRefusal } from "../account/orders/batch.ts";
import { accountStub } from "../account/stub.ts";
import { AccountId } from "../domain/ids.ts";
import type { Order } from "../domain/order.ts";
import { type Result, ok } from "../domain/result.ts";
import { NativeOrder } from "../domain/signal/native.ts";
import { API_SOURCE } from "../domain/source.ts";
import type { ApiRequest } from "./accept-order.ts";
import { type Misconfigured, askTwice, namingSetting } from "./ask-account.ts";
import { type BodyRefusal, type InvalidFields, invalidFields, readFields, readJson } from "./json-body.ts";
import { type Asking, accountNamed, readOrder } from "./read-order.ts";

const ORDERS_MAX = 50;

const batchOf = <T extends z.ZodType>(order: T) =>
  z.strictObject({
    account: AccountId.optional().meta({ description: "Of every order; the gateway's default when absent." }),
    orders: z.array(order).min(1).max(ORDERS_MAX),
  });

/** As a sender writes it. */
export const OrderBatch = batchOf(NativeOrder).meta({ id: "OrderBatch" });

/** As it is read: what is wrong with one order says nothing about the next. */
const Envelope = batchOf(z.unknown());

/** Why one order of a batch came to nothing. */
export type BatchItemRefusal = InvalidFields | Conflict;

export type BatchItem = {
  readonly index: number;
  readonly outcome: Result<{ readonly order: Order; readonly duplicate: boolean }, BatchItemRefusal>;
};

export type BatchAnswer = { readonly items: readonly BatchItem[]; readonly duplicate: boolean };

export type WholeBatchRefusal = BodyRefusal | Misconfigured | AccountDisabled | BatchRefusal;

/** Answers with what became of each order, in the order they were given. */
export async function acceptBatch(
  { request, idempotencyKey, caller }: ApiRequest & { readonly idempotencyKey: string },
  asking: Asking,
  env: Env,
): Promise<Result<BatchAnswer, WholeBatchRefusal>> {
  const body = await readJson(request);
  if (!body.ok) return body;
  const envelope = readFields(Envelope, body.value.json);
  if (!envelope.ok) return envelope;
  const account = await accountNamed(envelope.value.account, asking);
  if (!account.ok) return account;

  const read = envelope.value.orders.map((json, index) => ({ index, order: readItem(json, index, account.value) }));
  const unread = read.flatMap(({ index, order }) => (order.ok ? [] : [{ index, outcome: order }]));
  if (unread.length === read.length) return invalidFields(unread.flatMap(({ outcome }) => outcome.error.errors));
  const batch: Batch = {
    ...caller,
    source: API_SOURCE,
    sender: null,
    idempotencyKey,
    bodySha256: body.value.sha256,
    orders: read.flatMap(({ index, order }) => (order.ok ? [{ index, order: order.value }] : [])),
  };
  const submitted = await askTwice(async () => accountStub(env, account.value).submitBatch(batch));
  const named = namingSetting(account.value, submitted);
  if (!named.ok) return named;

  const items = [...named.value.items, ...unread].toSorted((a, b) => a.index - b.index);
  return ok({ items, duplicate: named.value.duplicate });
}

/** Pointers lead into the body as it was sent, so they begin with the order's place. */
function readItem(json: unknown, index: number, account: AccountId): Result<NativeOrder, InvalidFields> {
  const order = readOrder(json);
  const isForOther = order.ok && order.value.account !== undefined && order.value.account !== account;
  const read = isForOther
    ? invalidFields([
        { pointer: "/account", code: "contradicting_fields", message: `the batch is for account ${account}` },
      ])
    : order;
  if (read.ok) return read;
  return invalidFields(read.error.errors.map((error) => ({ ...error, pointer: `/orders/${index}${error.pointer}` })));
}
