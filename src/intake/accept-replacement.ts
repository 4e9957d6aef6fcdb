// The use case behind POST /v1/orders/{id}/replace: the same order with other terms, which waits for the end of the old one.
import type { Admitted } from "../account/orders/admit.ts";
import type { AccountDisabled } from "../account/door/door.ts";
import type { ReplaceRefusal, Replacement } from "../account/orders/replace.ts";
import { accountStub } from "../account/stub.ts";
import { type OrderId, accountOf } from "../domain/ids.ts";
import { type Result, err } from "../domain/result.ts";
import { OrderChange } from "../domain/signal/change.ts";
import { API_SOURCE } from "../domain/source.ts";
import type { ApiRequest, KeyRequired } from "./accept-order.ts";
import { type Misconfigured, askTwice, namingSetting } from "./ask-account.ts";
import { type BodyRefusal, readFields, readJson } from "./json-body.ts";

export type ReplacementRefusal = BodyRefusal | KeyRequired | Misconfigured | AccountDisabled | ReplaceRefusal;

/** Answers with the new order as it stands once the decision is durable. */
export async function acceptReplacement(
  original: OrderId,
  { request, idempotencyKey, caller }: ApiRequest,
  env: Env,
): Promise<Result<Pick<Admitted, "order" | "duplicate">, ReplacementRefusal>> {
  const body = await readJson(request);
  if (!body.ok) return body;
  const change = readFields(OrderChange, body.value.json);
  if (!change.ok) return change;
  if (idempotencyKey === null && change.value.client_order_id === undefined) {
    return err({ reason: "idempotency_key_required" });
  }
  const replacement: Replacement = {
    ...caller,
    source: API_SOURCE,
    sender: null,
    original,
    change: change.value,
    idempotencyKey,
    bodySha256: body.value.sha256,
  };
  const account = accountOf(original);
  return namingSetting(account, await askTwice(async () => accountStub(env, account).replace(replacement)));
}
