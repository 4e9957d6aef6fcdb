// Goes on with what signals have left to do: goals whose symbol has seen a change, and what was waiting for its turn.
import { describeError, log } from "../../log.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import type { GoalContext } from "./goals.ts";
import { type Due, isAnythingDue, readDue } from "./sequels.ts";

type ResumerDeps = {
  readonly sql: SqlStorage;
  /** Asks the broker for what it has to know; `undefined` where there is none to ask. */
  readonly learn: (instruction: Instruction) => Promise<GoalContext | undefined>;
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

  /** Starts whatever is due, one by one: nothing waits for what something else has to know, or fails with it. */
  run(): void {
    const { sql, start } = this.#deps;
    if (!isAnythingDue(sql)) return;
    const due = readDue(sql).filter(({ id }) => !this.#inHand.has(id));
    due.forEach((one) => start(this.#resume(one)));
  }

  async #resume({ id, instruction, carryOn }: Due): Promise<void> {
    const { learn, commit, onResumed } = this.#deps;
    this.#inHand.add(id);
    try {
      const context = await learn(instruction);
      if (context === undefined) return;
      commit(() => carryOn(context));
    } catch (thrown) {
      log("error", "account.work_failed", { work: "resume", error: describeError(thrown) });
      return;
    } finally {
      this.#inHand.delete(id);
    }
    onResumed();
  }
}
