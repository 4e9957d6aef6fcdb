// What became of a signal that is more than one order: of each thing it asked for, and of the orders that came of it.
import * as z from "zod";
import { AccountId, OrderId, SourceId } from "../ids.ts";
import { Order, Verdict } from "../order.ts";
import { TradingStop } from "../trading-stop.ts";

/**
 * `waiting`: it is carried out once what the signal asks for before it in the same symbol is settled. `ordered`: its order is
 * stored. `working`: it waits for other orders to end, or for its own exit to be filled. `done`: there was nothing (more) to do.
 * `shadowed`: its order is stored, and never sent. `failed`: it has come to nothing, see `code`.
 */
export const StepOutcome = z.enum(["waiting", "ordered", "working", "done", "shadowed", "failed"]);
export type StepOutcome = z.infer<typeof StepOutcome>;

const StopSet = TradingStop.pick({ id: true, state: true, account: true, source: true });

const SignalStep = z.strictObject({
  action: z.string(),
  symbol: z.string().nullable(),
  outcome: StepOutcome,
  code: z.string().nullable().meta({ description: "Why it ended, as a stable word; `null` while it has not." }),
  detail: z.string().nullable().meta({ description: "In words, with the numbers." }),
  stop: StopSet.nullable().meta({ description: "The stop that it has set, or found to say the same." }),
  verdicts: z.array(Verdict).meta({
    description:
      "What the rules about a signal said when it was carried out: of its age, its feed, and the position that its sender believed " +
      "in, as far as it says something of them and opens or closes a position. What only closes is not refused by them: " +
      "`exempt_reduction`. The rules about an order are on the order.",
  }),
  orders: z.array(OrderId).meta({ description: "That came of it so far, the first one first." }),
  canceled: z.array(OrderId).meta({ description: "Orders that it wanted canceled." }),
  canceled_exits: z.array(OrderId).meta({
    description:
      "Those of them that close a position: a take profit, a stop loss or another exit, which protects it no more.",
  }),
});
export type SignalStep = z.infer<typeof SignalStep>;

const SignalNotice = z.strictObject({ pointer: z.string(), code: z.string(), message: z.string() });

export const SignalReceipt = z
  .strictObject({
    id: z.string().meta({ description: "The signal's: `<account>_<UUID>`." }),
    account: AccountId,
    source: SourceId,
    request_id: z.string(),
    format: z.string(),
    steps: z.array(SignalStep).meta({ description: "What it asked for, in that order, and how it stands." }),
    orders: z.array(Order).meta({ description: "All that came of it so far, as they now stand." }),
    notices: z.array(SignalNotice).meta({ description: "Fields that were not regarded, and why." }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: "SignalReceipt" });
export type SignalReceipt = z.infer<typeof SignalReceipt>;
