// A signal that is more than one order: its transaction. It passes the door like an order; then everything that it asks for is
// done or put by until its turn comes, in that order, all of it or nothing. The caller wraps it in transactionSync.
import { ClientOrderId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import type { Notice } from "../../domain/signal/format.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import { gapNotice } from "../../domain/signal/rules/position-gap.ts";
import type { BucketLimits } from "../../domain/token-bucket.ts";
import { type Entered, type Known, type SignalRefusal, enter, noteSignal } from "../door/door.ts";
import type { GoalContext } from "./goals.ts";
import { findByClientOrderId, findByIdempotencyKey } from "../orders/orders.ts";
import { positionIn } from "../positions/positions.ts";
import { carryOutInTurn } from "./sequels.ts";
import { type StoredSignal, findSignal, findSignalsByNames, rememberNames, storeSignal } from "./signals.ts";
import type { InstructionSignal } from "../door/envelope.ts";

export type InstructArgs = GoalContext & {
  readonly signal: InstructionSignal;
  readonly limits: BucketLimits;
};

export const instruct = (sql: SqlStorage, args: InstructArgs): Result<Entered<StoredSignal>, SignalRefusal> =>
  enter(
    sql,
    {
      envelope: args.signal,
      find: (id) => findSignal(sql, id)?.signal,
      findKnown: () => findKnown(sql, args.signal),
      alsoNamed: (first) => rememberNames(sql, first, namesOf(args.signal)),
      note: (type, first) => noteInstructions(sql, args, type, first),
      carryOut: (meter) => {
        // What is placed below counts for itself.
        meter.save();
        return carryOutAll(sql, args);
      },
    },
    // Each thing that it asks for is as much as a signal of its own.
    { ...args, weight: args.signal.instructions.length },
  );

/** Whether a signal only takes away, which it may also where an operator has closed the account for orders. */
export const onlyTakesAway = (instructions: readonly Instruction[]): boolean =>
  instructions.every(({ action }) => action === "cancel" || action === "stop");

const namesOf = ({ idempotencyKey, name }: InstructionSignal): string[] => [
  ...new Set([idempotencyKey, name].filter((text) => text !== null)),
];

function findKnown(sql: SqlStorage, signal: InstructionSignal): Known<StoredSignal> | undefined {
  const names = namesOf(signal);
  // A name that an order has is not a signal's as well.
  const ordered = names.flatMap((name) => {
    const named = ClientOrderId.safeParse(name);
    const byName = named.success ? findByClientOrderId(sql, named.data) : undefined;
    return (findByIdempotencyKey(sql, signal.source, name) ?? byName)?.order.id ?? [];
  })[0];
  if (ordered !== undefined) return { id: ordered, first: undefined, isSame: false };
  const [first, ...others] = findSignalsByNames(sql, signal.source, names);
  if (first === undefined) return undefined;
  const isSame = others.length === 0 && first.request === JSON.stringify(signal.instructions);
  return { id: first.signal.id, first: first.signal, isSame };
}

function carryOutAll(sql: SqlStorage, args: InstructArgs): StoredSignal {
  const { signal } = args;
  const { order: id } = args.newId();
  const gaps = gapsIn(sql, signal);
  const steps = carryOutInTurn(sql, signal.instructions, { ...args, signal, id });
  const stored: StoredSignal = {
    id,
    account: args.account,
    source: signal.source,
    requestId: signal.requestId,
    format: signal.format,
    steps,
    notices: [...signal.notices, ...gaps],
    createdAt: new Date(args.nowMs).toISOString(),
  };
  storeSignal(sql, stored, JSON.stringify(signal.instructions), namesOf(signal));
  noteInstructions(sql, args, "signal.accepted", stored);
  return stored;
}

const gapsIn = (sql: SqlStorage, { instructions, circumstances, settings }: InstructionSignal): Notice[] =>
  [...new Set(instructions.flatMap((instruction) => ("symbol" in instruction ? (instruction.symbol ?? []) : [])))]
    .map((symbol) => gapNotice(circumstances, settings, positionIn(sql, symbol)))
    .filter((notice) => notice !== undefined);

function noteInstructions(
  sql: SqlStorage,
  { signal, ...context }: InstructArgs,
  type: "signal.accepted" | "signal.duplicate" | "signal.conflict",
  stored: StoredSignal | null,
): void {
  const { format, instructions, circumstances, notices } = signal;
  const isItsOwn = type !== "signal.conflict";
  noteSignal(sql, { ...context, envelope: signal }, type, {
    order: null,
    symbol: null,
    data: {
      signal: stored?.id ?? null,
      format,
      instructions,
      circumstances,
      notices,
      steps: (isItsOwn ? stored?.steps : undefined) ?? [],
    },
  });
}
