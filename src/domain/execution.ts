// One trade of an order, as the gateway keeps it and the API shows it.
import * as z from "zod";
import { OrderId } from "./ids.ts";
import { DecimalString } from "./money.ts";
import { Side, Symbol } from "./order.ts";

/** FIX ExecID (17), LastQty (32), LastPx (31). */
export const Execution = z
  .strictObject({
    /** The broker's own id of the trade. */
    id: z.string(),
    order_id: OrderId,
    symbol: Symbol,
    side: Side,
    /** Units. */
    quantity: DecimalString,
    /** In the account's currency, per unit. */
    price: DecimalString,
    executed_at: z.iso.datetime(),
  })
  .meta({ id: "Execution" });
export type Execution = z.infer<typeof Execution>;
