// An order that the gateway has worked out from an instruction: held against the rules like any other, stored and journalled.
import type { OrderId, SourceId } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import type { NativeOrder } from "../../domain/signal/native.ts";
import { assessNewNow } from "../risk/assess-now.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { meterOf } from "../door/door.ts";
import { type NewId, storeDecided, toIntent } from "./store-order.ts";
import type { Sender } from "../door/envelope.ts";

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
  /** Orders that would make way for it. */
  readonly except?: readonly OrderId[];
};

/** Whether the rules would deny it. Nothing is stored, and nothing counted. */
export const isDenied = (sql: SqlStorage, order: NativeOrder, placing: Placing): boolean =>
  decide(sql, order, placing).decision.outcome === "denied";

export function placeOrder(sql: SqlStorage, order: NativeOrder, placing: Placing): Order {
  const { source, requestId, sender, goal } = placing;
  const { newId, meter, decision } = decide(sql, order, placing);
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

function decide(sql: SqlStorage, order: NativeOrder, placing: Placing) {
  const { account, source, sender, except } = placing;
  const newId = placing.newId();
  const meter = meterOf(sql, source, placing);
  const asked = { sender, counts: meter.counts() };
  const decision = assessNewNow(sql, toIntent(order, account, newId), { ...placing, source, sender: asked }, except);
  return { newId, meter, decision };
}
