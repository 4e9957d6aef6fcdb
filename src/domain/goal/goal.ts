// A goal is what an instruction about a position wants of one symbol. It takes several orders at times, one after the other, and
// is followed until it is reached or cannot be. Plain JSON: what it does next is worked out anew from what is stored, every time.
import type { OrderId } from "../ids.ts";
import type { Instrument } from "../instrument.ts";
import { type Decimal, ZERO, compare } from "../money.ts";
import type { Order, Side } from "../order.ts";
import { type Result, assertNever, err, ok } from "../result.ts";
import type { Instruction, Size } from "../signal/instruction.ts";
import type { PlannedOrder, Refusal } from "./terms.ts";

export type PositionInstruction = Extract<
  Instruction,
  { readonly action: "enter" | "add" | "exit" | "reverse" | "target" }
>;

export type PositionSide = "long" | "short";

export type GoalSettings = {
  /** What becomes of an entry while the other side is held: that is closed, and then the position opened or not. */
  readonly onOpposite: "exit" | "reverse";
  /** Of an instruction that opens or adds to a position and does not say how much. */
  readonly defaultSize: Size | null;
  /** Whether it came with a stop. As long as a stop is in force, no signal supersedes or cancels it, or calls its order back. */
  readonly isUnderStop?: true;
};

/** What a goal's order is for. */
export type OrderStage = "reducing" | "trimming" | "entering";

/** At most one goal in a symbol is open. */
export type Goal = {
  /** With the symbol as the broker spells it. */
  readonly instruction: PositionInstruction;
  readonly settings: GoalSettings;
  /**
   * Making way for an order, taking off what is held, taking a part off where an entry is worth no more than that, opening or
   * adding to a position, or over.
   */
  readonly stage: "clearing" | OrderStage | "ended";
  /** The stage's order, from when it is stored. */
  readonly order: OrderId | null;
  /** How the goal ended. */
  readonly code: string | null;
  /**
   * What the goals that this one superseded were not yet out of. An exit is out of that as well, all of it, whichever side it
   * names: carried out one after the other, they would not have left it.
   */
  readonly leaving: readonly PositionSide[];
};

/** What is known in the moment of planning, all of it from one transaction. */
export type GoalFacts = {
  /** Units held in the symbol, negative when short. Counted from our own fills. */
  readonly position: Decimal;
  /** Whether positions have ever been compared with the broker's. Before that nobody knows what there is to get out of. */
  readonly positionKnown: boolean;
  /** Every order in the symbol that can still trade as far as anybody knows, waiting ones and unknown outcomes included. */
  readonly live: readonly Order[];
  /** The goal's own order as it now stands; `undefined` while it has none. */
  readonly ordered: Order | undefined;
  /** Whether there are live orders in the symbol that nobody can see: the legs of an order that the venue has not told of. */
  readonly legsUntold: boolean;
  /** Those of the live orders that a goal has placed. */
  readonly ofGoals: ReadonlySet<OrderId>;
  /** Those asked for at the market, also where the collar has made limit orders of them. */
  readonly atMarket: ReadonlySet<OrderId>;
  /** Those that were not there yet as the goal began. */
  readonly newer: ReadonlySet<OrderId>;
  /** Those of them that are on their way, or were a moment ago. */
  readonly justSent: ReadonlySet<OrderId>;
  /** Of the last trade, where it is recent enough to go by. */
  readonly price: Decimal | undefined;
  /** Whether a price is gone by at all. */
  readonly goesByPrice: boolean;
  /** In the account's currency, like the buying power. */
  readonly equity: Decimal | undefined;
  readonly buyingPower: Decimal | undefined;
  readonly instrument: Instrument | undefined;
  /** Whether the signal is too old by now for anything to be opened. What is to be closed is closed late rather than never. */
  readonly isLapsed: boolean;
};

export type GoalMove =
  | GoalCancel
  /** Until an order in the symbol changes; or for a while, if nothing does. */
  | { readonly move: "wait"; readonly isForAWhile?: true }
  | GoalOrder
  | GoalEnd;

/** Ask once for each to be canceled. */
export type GoalCancel = {
  readonly move: "cancel";
  readonly orders: readonly OrderId[];
  /** What they make way for, as things stand; `null` where nothing will be ordered. */
  readonly before: GoalOrder | null;
  /** Those that make way also where that would be denied: all but what rests to close the position. */
  readonly regardless: readonly OrderId[];
  /** Whether nothing moves that could make it another order: then a denial is for good. */
  readonly isFinal: boolean;
};

export type GoalOrder = {
  readonly move: "order";
  readonly stage: OrderStage;
  readonly order: PlannedOrder;
  /** How the quantity comes about. */
  readonly arithmetic: string;
};

export type GoalEnd = { readonly move: "end"; readonly code: string; readonly detail: string };

/**
 * A new goal. The one that was open in the symbol until now ends for it: see {@link supersedeGoal}.
 *
 * Except for an `add`, which is only about what is held. Before an open goal has placed its last order, what is held is not yet
 * what was wanted: the `add` is refused, and the goal goes on.
 */
export function openGoal(
  instruction: PositionInstruction,
  settings: GoalSettings,
  open: Goal | undefined,
): Result<Goal, Refusal> {
  const isChanging = open !== undefined && open.stage !== "entering" && open.stage !== "ended";
  if (instruction.action === "add" && isChanging) {
    return err({ code: "position_changing", detail: "what is to be added to is still being made, or left" });
  }
  return ok({ instruction, settings, stage: "clearing", order: null, code: null, leaving: leavingOf(open) });
}

/** The goal once the order of its move is stored. */
export const orderGoal = (goal: Goal, stage: OrderStage, order: OrderId): Goal => ({ ...goal, stage, order });

export const endGoal = (goal: Goal, code: string): Goal => ({ ...goal, stage: "ended", code });

/** How the older goal ends when a newer one comes. What it has on its way goes on by itself, and is the newer one's to clear. */
export const supersedeGoal = (goal: Goal): Goal => endGoal(goal, "superseded");

/** Sides on which an open goal wants nothing held any more, and may still be holding something. */
function leavingOf(goal: Goal | undefined): readonly PositionSide[] {
  if (goal === undefined || goal.stage === "ended" || goal.stage === "entering" || goal.stage === "trimming") return [];
  const { instruction } = goal;
  switch (instruction.action) {
    case "enter":
    case "reverse":
      return [instruction.side === "buy" ? "short" : "long"];
    case "target":
      return BOTH.filter((side) => side !== sideHeld(instruction.position));
    case "exit": {
      const own = instruction.size === undefined ? BOTH.filter((side) => concerns(instruction, side)) : [];
      return [...new Set([...goal.leaving, ...own])];
    }
    case "add":
      return [];
    default:
      return assertNever(instruction);
  }
}

const BOTH: readonly PositionSide[] = ["long", "short"];

export type Exit = Extract<PositionInstruction, { readonly action: "exit" }>;

/** Whether the exit is one out of that side. */
export const concerns = ({ position }: Exit, side: PositionSide): boolean =>
  position === undefined || position === side;

export function sideHeld(position: Decimal): PositionSide | undefined {
  const sign = compare(position, ZERO);
  if (sign === 0) return undefined;
  return sign > 0 ? "long" : "short";
}

export const openingSide = (position: PositionSide): Side => (position === "long" ? "buy" : "sell");

export const closingSide = (position: PositionSide): Side => (position === "long" ? "sell" : "buy");

/** The side of the position that the instruction wants in the end, as the order's that opens it; none for an exit. */
export function sideWanted(instruction: PositionInstruction): Side | undefined {
  switch (instruction.action) {
    case "enter":
    case "reverse":
    case "add":
      return instruction.side;
    case "target": {
      const wanted = sideHeld(instruction.position);
      return wanted && openingSide(wanted);
    }
    case "exit":
      return undefined;
    default:
      return assertNever(instruction);
  }
}
