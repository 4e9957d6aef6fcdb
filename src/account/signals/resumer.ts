// Goes on with what signals have left to do: goals whose symbol has seen a change, and what was waiting for its turn.
import { describeError, log } from "../../log.ts";
import { symbolsToPrice } from "../risk/learn.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import type { GoalContext } from "./goals.ts";
import { type Due, isAnythingDue, readDue } from "./sequels.ts";

type ResumerDeps = {
  readonly sql: SqlStorage;
  /** Asks the broker for what these have to know; `undefined` where there is none to ask. */
  readonly learn: (instructions: readonly Instruction[]) => Promise<GoalContext | undefined>;
  readonly commit: (change: () => void) => void;
  readonly start: (work: Promise<unknown>) => void;
  /** Something has been carried out: there may be more to do. */
  readonly onResumed: () => void;
};

export class Resumer {
  readonly #deps: ResumerDeps;
  /** What is being learned for: not begun once more until that is decided. */
  readonly #inHand = new Set<string>();

  constructor(deps: ResumerDeps) {
    this.#deps = deps;
  }

  /** Starts whatever is due. An exit does not wait for what somebody else's entry has to know. */
  run(): void {
    const { sql, start } = this.#deps;
    if (!isAnythingDue(sql)) return;
    const due = readDue(sql).filter(({ id }) => !this.#inHand.has(id));
    const needsPrice = ({ instruction }: Due) => symbolsToPrice(instruction).length > 0;
    for (const together of [due.filter((one) => !needsPrice(one)), due.filter(needsPrice)]) {
      if (together.length > 0) start(this.#resume(together));
    }
  }

  async #resume(due: readonly Due[]): Promise<void> {
    const { learn, commit, onResumed } = this.#deps;
    due.forEach(({ id }) => this.#inHand.add(id));
    try {
      const context = await learn(due.map(({ instruction }) => instruction));
      if (context === undefined) return;
      commit(() => due.forEach(({ carryOn }) => carryOn(context)));
    } catch (thrown) {
      log("error", "account.work_failed", { work: "resume", error: describeError(thrown) });
      return;
    } finally {
      due.forEach(({ id }) => this.#inHand.delete(id));
    }
    onResumed();
  }
}
