// The use case behind POST /v1/orders: one order from somebody who holds an API key. Its own id, where a signal has a nonce,
// is what keeps it from running twice, so it does not go without one.
import type { Admitted, Signal } from "../account/orders/admit.ts";
import type { SignalRefusal } from "../account/door/door.ts";
import { accountStub } from "../account/stub.ts";
import { type Result, err } from "../domain/result.ts";
import { API_SOURCE } from "../domain/source.ts";
import { type Misconfigured, askTwice, namingSetting } from "./ask-account.ts";
import { type BodyRefusal, readJson } from "./json-body.ts";
import { type Asking, accountNamed, readOrder } from "./read-order.ts";
import type { Caller } from "../account/caller.ts";

/** A body that somebody with an API key sent. */
export type ApiRequest = {
  readonly request: Request;
  readonly idempotencyKey: string | null;
  readonly caller: Caller;
};

/** Neither the header nor the body names the order. */
export type KeyRequired = { readonly reason: "idempotency_key_required" };

export type OrderRefusal = BodyRefusal | KeyRequired | Misconfigured | SignalRefusal;

/** Answers with the order as it stands once the decision is durable, or after `waitMs` with the broker's word on it. */
export async function acceptOrder(
  { request, idempotencyKey, caller, waitMs }: ApiRequest & { readonly waitMs: number },
  asking: Asking,
  env: Env,
): Promise<Result<Admitted, OrderRefusal>> {
  const body = await readJson(request);
  if (!body.ok) return body;
  const order = readOrder(body.value.json);
  if (!order.ok) return order;
  if (idempotencyKey === null && order.value.client_order_id === undefined) {
    return err({ reason: "idempotency_key_required" });
  }
  const account = await accountNamed(order.value.account, asking);
  if (!account.ok) return account;

  const signal: Signal = {
    ...caller,
    source: API_SOURCE,
    proof: null,
    sender: null,
    order: order.value,
    idempotencyKey,
    bodySha256: body.value.sha256,
  };
  const submit = async (isFirst: boolean) => accountStub(env, account.value).submit(signal, isFirst ? waitMs : 0);
  return namingSetting(account.value, await askTwice(submit));
}
