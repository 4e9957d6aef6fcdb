// The order that brings a position closer to what a goal wants of it, when nothing else is in its way: one that takes off at
// most what is held, or one that opens or adds to a position, and never both.
import { type Decimal, ZERO, absolute, compare, isZero, subtract } from "../money.ts";
import { type Side, hasLegs, signOf } from "../order.ts";
import { type Result, assertNever, err, ok } from "../result.ts";
import type { Size } from "../signal/instruction.ts";
import { type Sized, type SizingFacts, sizeOrder } from "../sizing.ts";
import {
  type Exit,
  type Goal,
  type GoalEnd,
  type GoalFacts,
  type GoalOrder,
  type PositionInstruction,
  closingSide,
  concerns,
  openingSide,
  sideHeld,
  sideWanted,
} from "./goal.ts";
import { type EntryTerms, type Refusal, entryTerms, exitTerms, makeRoomTerms } from "./terms.ts";

type Instructed<Action extends PositionInstruction["action"]> = Extract<
  PositionInstruction,
  { readonly action: Action }
>;

/** The order, or how the goal ends because there is none to be placed. */
export function planOrder(goal: Goal, facts: GoalFacts): GoalOrder | GoalEnd {
  const { instruction } = goal;
  switch (instruction.action) {
    case "exit":
      return planExit(goal, instruction, facts);
    case "enter":
      return planEnter(goal, instruction, facts);
    case "add":
      return planAdd(goal, instruction, facts);
    case "reverse":
      return planReverse(goal, instruction, facts);
    case "target":
      return planTarget(goal, instruction, facts);
    default:
      return assertNever(instruction);
  }
}

/** Whether an order that takes off what is held does so for an entry on the same side, which may follow. */
export const makesRoom = (instruction: PositionInstruction, side: Side): boolean =>
  sideWanted(instruction) === side && instruction.reduce_only !== true;

function planExit(goal: Goal, exit: Exit, facts: GoalFacts): GoalOrder | GoalEnd {
  const held = sideHeld(facts.position);
  if (held !== undefined && goal.leaving.includes(held)) return reduceBy(goal, facts, undefined);
  return held !== undefined && concerns(exit, held)
    ? reduceBy(goal, facts, exit.size)
    : end("nothing_to_do", `${facts.position} held`);
}

function planEnter(goal: Goal, { side, size, opposite }: Instructed<"enter">, facts: GoalFacts): GoalOrder | GoalEnd {
  const held = sideHeld(facts.position);
  if (held === undefined) return open(goal, facts, { side, size });
  if (openingSide(held) === side) return alreadyThere(facts);
  return reduceBy(goal, facts, opposite === "reduce" ? size : undefined);
}

function planAdd(goal: Goal, { side, size }: Instructed<"add">, facts: GoalFacts): GoalOrder | GoalEnd {
  const held = sideHeld(facts.position);
  return held === undefined || (side !== undefined && openingSide(held) !== side)
    ? end("no_position", `${facts.position} held`)
    : open(goal, facts, { side: openingSide(held), size });
}

function planReverse(goal: Goal, { side, size }: Instructed<"reverse">, facts: GoalFacts): GoalOrder | GoalEnd {
  const held = sideHeld(facts.position);
  if (held === undefined) return open(goal, facts, { side, size });
  if (openingSide(held) !== side) return reduceBy(goal, facts, undefined);
  // Out of it and back in again would end in the same place, and cost the spread twice.
  const entry = workOut(goal, { ...facts, position: ZERO }, { side, size });
  if (!entry.ok) return endOf(entry.error);
  const { quantity, arithmetic } = entry.value.sized;
  return approach(goal, facts, { wanted: signOf(side, quantity), why: `${arithmetic}; ` });
}

function planTarget(goal: Goal, target: Instructed<"target">, facts: GoalFacts): GoalOrder | GoalEnd {
  const { position: wanted, ifThere } = target;
  // Only at the start: what is there because of this goal is what was wanted.
  if (wanted !== facts.position || ifThere === undefined || goal.stage !== "clearing") {
    return approach(goal, facts, { wanted, why: "" });
  }
  const held = sideHeld(facts.position);
  const size: Size = { by: "quantity", value: ifThere.quantity };
  return held !== undefined && closingSide(held) === ifThere.side
    ? reduceBy(goal, facts, size)
    : open(goal, facts, { side: ifThere.side, size });
}

/** One order closer to a number of units. `why`: how the number came about. */
function approach(
  goal: Goal,
  facts: GoalFacts,
  { wanted, why }: { wanted: Decimal; why: string },
): GoalOrder | GoalEnd {
  const held = sideHeld(facts.position);
  const side = sideHeld(wanted);
  if (wanted === facts.position) return alreadyThere(facts);
  if (held !== undefined && held !== side) return reduceBy(goal, facts, undefined);
  const difference = subtract(absolute(wanted), absolute(facts.position));
  const size: Size = { by: "quantity", value: absolute(difference) };
  const reason = isZero(facts.position) ? why : `${why}${wanted} wanted, ${facts.position} held; `;
  return side !== undefined && compare(difference, ZERO) > 0
    ? open(goal, facts, { side: openingSide(side), size, why: reason })
    : reduceBy(goal, facts, size, reason);
}

type Opening = { readonly side: Side; readonly size: Size | undefined; readonly why?: string };

/** Opens a position or adds to it. */
function open(goal: Goal, facts: GoalFacts, opening: Opening): GoalOrder | GoalEnd {
  const entry = workOut(goal, facts, opening);
  if (!entry.ok) return endOf(entry.error);
  const { sized, terms } = entry.value;
  return {
    move: "order",
    stage: "entering",
    order: { side: opening.side, quantity: sized.quantity, reduce_only: false, ...terms.placement, ...terms.legs },
    arithmetic: `${opening.why ?? ""}${sized.arithmetic}`,
  };
}

function workOut(
  { instruction, settings }: Goal,
  facts: GoalFacts,
  { side, size = settings.defaultSize ?? undefined }: Opening,
): Result<{ readonly sized: Sized; readonly terms: EntryTerms }, Refusal> {
  if (instruction.reduce_only === true) return err({ code: "reduce_only", detail: "nothing may be opened" });
  if (facts.isLapsed) return err({ code: "approval_lapsed", detail: "the signal is too old to open anything" });
  if (size === undefined) return err({ code: "no_size", detail: "neither the signal nor the source says how much" });
  const terms = entryTerms(instruction, side, facts);
  if (!terms.ok) return terms;
  const { price, legs } = terms.value;
  const known = { price, stopLossPrice: legs.stop_loss?.stop_price, hasLegs: hasLegs(legs) };
  const sized = sizeOrder(size, { ...sizingFacts(facts), ...known, side, isEntry: true });
  return sized.ok ? ok({ sized: sized.value, terms: terms.value }) : sized;
}

const sizingFacts = (facts: GoalFacts): Omit<SizingFacts, "side" | "isEntry" | "stopLossPrice"> => ({
  price: facts.price,
  equity: facts.equity,
  buyingPower: facts.buyingPower,
  position: facts.position,
  instrument: facts.instrument,
});

/** Takes off so much of what is held, or all of it, which is neither rounded nor held against any minimum. */
function reduceBy(goal: Goal, facts: GoalFacts, size: Size | undefined, why = ""): GoalOrder | GoalEnd {
  const { instruction } = goal;
  const side: Side = compare(facts.position, ZERO) > 0 ? "sell" : "buy";
  const units = unitsOff(facts, side, size);
  if (!units.ok) return endOf(units.error);
  const { quantity, arithmetic } = units.value;
  // Where an entry leaves something of the other side, nothing comes after it.
  const isPart = instruction.action === "enter" && compare(quantity, absolute(facts.position)) < 0;
  const terms =
    makesRoom(instruction, side) && !isPart
      ? ok(makeRoomTerms(instruction, side, facts))
      : exitTerms(instruction, side, facts);
  if (!terms.ok) return endOf(terms.error);
  return {
    move: "order",
    stage: isPart ? "trimming" : "reducing",
    order: { side, quantity, reduce_only: true, ...terms.value },
    arithmetic: `${why}${arithmetic}`,
  };
}

function unitsOff(facts: GoalFacts, side: Side, size: Size | undefined): Result<Sized, Refusal> {
  const held = absolute(facts.position);
  const all: Sized = { quantity: held, arithmetic: `all ${held} held` };
  if (size === undefined || (size.by === "percent_of_position" && size.value === WHOLE)) return ok(all);
  if (size.by === "quantity" && compare(size.value, held) >= 0) {
    return ok({ quantity: held, arithmetic: `${size.value} asked for, ${all.arithmetic}` });
  }
  const sized = sizeOrder(size, { ...sizingFacts(facts), side, isEntry: false, stopLossPrice: undefined });
  if (!sized.ok || compare(sized.value.quantity, held) <= 0) return sized;
  return ok({ quantity: held, arithmetic: `${sized.value.arithmetic}; ${all.arithmetic}` });
}

const WHOLE = "100";

const alreadyThere = ({ position }: GoalFacts): GoalEnd => end("already_there", `${position} held`);

const endOf = ({ code, detail }: Refusal): GoalEnd => end(code, detail);

const end = (code: string, detail: string): GoalEnd => ({ move: "end", code, detail });
