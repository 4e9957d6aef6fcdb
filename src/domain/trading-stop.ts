// Trading, stopped: for everything, an account, a source, a symbol, or any of them together. A stop binds the next order, and
// stays until somebody releases it who may.
import * as z from "zod";
import { AccountId, SourceId } from "./ids.ts";
import { Symbol } from "./order.ts";
import { TradingState } from "./risk/trading-state.ts";
import { ChangeReason } from "./change-reason.ts";

/**
 * From the lowest to the highest: a source's own signal, or a rule that it has run into; a person who is bound to accounts; a
 * person who is not.
 */
const LEVELS = ["source", "account", "gateway"] as const;
export const StopLevel = z.enum(LEVELS);
export type StopLevel = z.infer<typeof StopLevel>;

/** Which live orders are canceled with it. `entries`: those that open or add; what protects a position stays. */
export const StopCancels = z.enum(["none", "entries", "all"]);
export type StopCancels = z.infer<typeof StopCancels>;

const Reach = {
  account: AccountId.nullable().meta({ description: "Only there; every account, also later ones, when null." }),
  source: SourceId.nullable().meta({ description: "Only what this source sends; everybody when null." }),
  symbol: Symbol.nullable().meta({ description: "Only this symbol; all of them when null." }),
};

/** A stop as somebody asks for it. */
export const NewStop = z
  .strictObject({
    account: Reach.account.default(null),
    source: Reach.source.default(null),
    symbol: Reach.symbol.default(null),
    state: TradingState.exclude(["active"]).default("reducing").meta({
      description: "`reducing` lets exits through, so that nobody is trapped in a position; `halted` nothing.",
    }),
    cancel: StopCancels.default("entries").meta({ description: "Live orders that are canceled with it." }),
    flatten: z
      .boolean()
      .default(false)
      .meta({
        description:
          "Whether every position that it reaches is closed, at the market, and what rests in its symbol canceled, whatever `cancel` " +
          "says. Not with `halted`, and not for a `source`: positions are the account's.",
      }),
    reason: ChangeReason,
  })
  .superRefine(({ state, source, flatten }, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", path: ["flatten"], message });
    if (flatten && state === "halted") refuse("does not go with halted, under which no exit passes");
    if (flatten && source !== null) refuse("does not go with a source: positions are an account's");
  })
  .meta({ id: "NewStop" });
export type NewStop = z.infer<typeof NewStop>;

/** What is done as it is set. Neither is a part of the stop: what was canceled or closed stays so when it is released. */
export type StopActions = { readonly cancels: StopCancels; readonly flatten: boolean };

/** How much of trading a source's own signal takes away when it says `stop`. */
export const StopReach = z.enum(["source", "account", "everything"]);
export type StopReach = z.infer<typeof StopReach>;

/** A stop that is in force. */
export const TradingStop = z
  .strictObject({
    id: z.uuid(),
    ...Reach,
    state: TradingState.exclude(["active"]),
    level: StopLevel.meta({ description: "Who may release it: somebody of this level, or a higher one." }),
    set_by: z.string(),
    set_at: z.iso.datetime(),
    reason: z.string(),
  })
  .meta({ id: "TradingStop" });
export type TradingStop = z.infer<typeof TradingStop>;

type Whose = { readonly source: SourceId; readonly symbol: string };

const STRICTEST_FIRST = ["halted", "reducing"] as const;

/** What is left of trading in a source's orders in a symbol: the strictest of the stops that reach them. */
export function stateUnder(stops: readonly TradingStop[], order: Whose): TradingState {
  const states = stops.filter((stop) => reaches(stop, order)).map(({ state }) => state);
  return STRICTEST_FIRST.find((state) => states.includes(state)) ?? "active";
}

/** Whether a stop of this account is about such an order. */
export const reaches = ({ source, symbol }: Pick<TradingStop, "source" | "symbol">, order: Whose): boolean =>
  (source === null || source === order.source) && (symbol === null || symbol === order.symbol);

/** Whether a stop asks for nothing that this one does not already do. */
export const isSame = (a: TradingStop, b: Omit<TradingStop, "id" | "set_at" | "set_by" | "reason">): boolean =>
  a.account === b.account &&
  a.source === b.source &&
  a.symbol === b.symbol &&
  a.state === b.state &&
  a.level === b.level;

/** Nobody undoes what somebody above them has stopped. */
export const mayRelease = ({ level }: TradingStop, own: StopLevel): boolean =>
  LEVELS.indexOf(own) >= LEVELS.indexOf(level);
