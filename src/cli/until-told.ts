// A change that has to bind everybody: asked for again while somebody who goes by it could not be told. Never ends as done
// before all have been.
import { setTimeout as sleep } from "node:timers/promises";
import type * as z from "zod";
import { type Call, Refusal, ask } from "./api.ts";
import { Failure } from "./failure.ts";
import { type Screen, printable } from "./screen.ts";
import type { Connection } from "./settings.ts";

const REPEATS_MAX = 3;
/** No longer, whatever the gateway asks for: those who have not been told go on meanwhile. */
const PAUSE_SEC_MAX = 2;

type Asking = {
  /** Refusals after which the same request does no harm, and may do what this one has not. */
  readonly again: readonly ("not_told" | "unavailable")[];
  readonly screen: Screen;
};

/** The answer, and how often it took to ask. Throws a Failure that says so where it is still not in force everywhere. */
export async function askUntilTold<T>(
  connection: Connection,
  call: Call,
  schema: z.ZodType<T>,
  { again, screen }: Asking,
): Promise<{ readonly body: T; readonly times: number }> {
  for (let times = 1; ; times += 1) {
    try {
      const { body } = await ask(connection, call, schema);
      return { body, times };
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || !again.some((code) => code === thrown.document.code)) throw thrown;
      if (times > REPEATS_MAX) throw givenUp(thrown, times);
      screen.hint(`NOT in force everywhere yet, asking again: ${printable(thrown.document.detail)}`);
      await sleep(1000 * pauseSecOf(thrown));
    }
  }
}

function pauseSecOf({ headers }: Refusal): number {
  const sec = Number(headers.get("Retry-After") ?? PAUSE_SEC_MAX);
  return sec >= 0 ? Math.min(sec, PAUSE_SEC_MAX) : PAUSE_SEC_MAX;
}

const givenUp = (refusal: Refusal, times: number): Failure =>
  new Failure(
    `It is NOT in force everywhere. Asked for ${times} times, and the last answer was:\n\n${refusal.message}\n\n` +
      "Run this again, as often as it takes: who has been told stays told.",
    { document: refusal.document, cause: refusal },
  );
