// An order that the gateway has worked out from an instruction: held against the rules like any other, stored and journalled.
import type { SourceId } from "../domain/ids.ts";
import type { Order } from "../domain/order.ts";
import type { NativeOrder } from "../domain/signal/native.ts";
import { assessNow } from "./assess-now.ts";
import type { DecisionContext, Sender } from "./decision-context.ts";
import { meterOf } from "./door.ts";
import { type NewId, storeDecided, toIntent } from "./store-order.ts";

export type PlacingContext = DecisionContext & {
  readonly newId: () => NewId;
};

export type Placing = PlacingContext & {
  readonly source: SourceId;
  readonly requestId: string;
  /** What the signal's source has proven, and how much it may do, whenever its order comes. */
  readonly sender: Sender | null;
  readonly goal: string | null;
  /** How its quantity and prices came about. */
  readonly arithmetic: string;
};

export function placeOrder(sql: SqlStorage, order: NativeOrder, placing: Placing): Order {
  const { account, source, requestId, sender, goal } = placing;
  const newId = placing.newId();
  const meter = meterOf(sql, source, placing);
  const intent = toIntent(order, account, newId);
  const asked = { sender, counts: meter.counts() };
  const decision = assessNow(sql, intent, { ...placing, source, sender: asked });
  const arithmetic = [placing.arithmetic, decision.arithmetic].filter((text) => text !== undefined).join("; ");
  const stored = storeDecided(
    sql,
    { ...placing, owner: sender?.owner ?? null, newId, meter, signal: { source, requestId, idempotencyKey: null } },
    {
      request: JSON.stringify(order),
      intent: decision.intent,
      decision: { ...decision, arithmetic },
      replaces: null,
      goal,
    },
  );
  meter.save();
  return stored;
}
