// What a source's own signal takes away when it says `stop`: the source, its account or everything, as the source's settings say.
// A stop of everything binds this account in the signal's transaction; the gateway has the others told before it is answered.
import type { Instruction } from "../../domain/signal/instruction.ts";
import {
  type StopActions,
  type StopLevel,
  type StopReach,
  type TradingStop,
  isSame,
} from "../../domain/trading-stop.ts";
import { flatten } from "../signals/flatten.ts";
import type { CarryingContext } from "../signals/pursue.ts";
import { failed, stepOf } from "../signals/signal-step.ts";
import type { StoredStep } from "../signals/signals.ts";
import { readStops, setStop } from "./stops.ts";
import type { InstructionSignal } from "../door/envelope.ts";

type StopInstruction = Extract<Instruction, { readonly action: "stop" }>;
type Asked = Pick<InstructionSignal, "source" | "sender" | "stopReach">;

/** A stop of every account that a signal has asked for, and what is done in each as it is told. */
export type WideStop = { readonly stop: TradingStop; readonly actions: StopActions };

/** Whoever may release the one, may release the other. */
const LEVELS = { source: "source", account: "account", everything: "gateway" } as const satisfies Record<
  StopReach,
  StopLevel
>;

export function stopBySignal(sql: SqlStorage, instruction: StopInstruction, context: CarryingContext): StoredStep[] {
  const { signal, account, nowMs, random, newId, id: signalId } = context;
  const terms = termsOf(instruction, signal, account);
  const wanted: TradingStop = {
    ...terms,
    id: newId().uuid,
    set_by: signal.source,
    set_at: new Date(nowMs).toISOString(),
    reason: `signal ${signalId}`,
  };
  const caller = { actor: signal.actor, requestId: signal.requestId, clientIp: signal.clientIp };
  const flattens = instruction.flatten === true && terms.source === null;
  const set = setStop(sql, wanted, "entries", { account, nowMs, random, caller, flatten: flattens });
  const stop = set.inForce[0] ?? wanted;
  const canceled = set.canceled.map(({ id }) => id);
  const { id, state, account: stopped, source } = stop;
  const step: StoredStep = {
    ...stepOf({ action: "stop" }),
    outcome: "done",
    stop: { id, state, account: stopped, source },
    canceled,
  };
  if (instruction.flatten !== true) return [step];
  if (!flattens) return [step, NOT_OF_A_SOURCE];
  const mandate = { ...signal, settings: { ...signal.settings, isUnderStop: true as const } };
  return [step, ...flatten(sql, { ...context, signal: mandate })];
}

/** Those of everything that this signal has set, or found, and that nobody has released: all accounts are to know of each. */
export const wideStopsOf = (
  sql: SqlStorage,
  { instructions, ...signal }: Asked & Pick<InstructionSignal, "instructions">,
  account: TradingStop["account"],
): WideStop[] =>
  instructions
    .filter((instruction) => instruction.action === "stop")
    .flatMap((instruction) => {
      const stop = findSame(sql, termsOf(instruction, signal, account));
      const actions = { cancels: "entries", flatten: instruction.flatten === true } as const;
      return stop === undefined || stop.account !== null ? [] : [{ stop, actions }];
    });

type Terms = Pick<TradingStop, "account" | "source" | "symbol" | "state" | "level">;

/** What no signature proves stops its own source and nobody else, whatever the settings say. */
const reachOf = ({ sender, stopReach }: Pick<Asked, "sender" | "stopReach">): StopReach =>
  (sender?.origin ?? "hmac") === "hmac" ? stopReach : "source";

/** Whether a signal stops every account, whichever one it goes to. */
export const stopsEverything = (
  instructions: readonly Instruction[],
  asked: Pick<Asked, "sender" | "stopReach">,
): boolean => reachOf(asked) === "everything" && instructions.some(({ action }) => action === "stop");

function termsOf({ state }: StopInstruction, { source, ...asked }: Asked, account: Terms["account"]): Terms {
  const reach = reachOf(asked);
  return {
    account: reach === "everything" ? null : account,
    source: reach === "account" || reach === "everything" ? null : source,
    symbol: null,
    state,
    level: LEVELS[reach],
  };
}

const findSame = (sql: SqlStorage, terms: Terms): TradingStop | undefined =>
  readStops(sql).find((stop) => isSame(stop, terms));

/** The stop holds all the same: it is the careful half of what was asked for. */
const NOT_OF_A_SOURCE: StoredStep = failed(stepOf({ action: "flatten" }), {
  code: "not_of_a_source",
  detail: "positions are an account's: send the intent flatten, or have the source's stop_reach widened",
});
