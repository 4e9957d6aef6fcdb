// Background work that must not overlap with itself. Whoever starts it while it runs joins the run.
import { describeError, log } from "../log.ts";

/** Wraps `work` so that it runs once at a time and its failure ends in the log. */
export function singleFlight(name: string, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work()
      .catch((thrown: unknown) => log("error", "account.work_failed", { work: name, error: describeError(thrown) }))
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}
