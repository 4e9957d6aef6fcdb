// One JSON line per event; the only file that touches the console. Callers pass facts, never headers, bodies or secrets; what
// gets here in spite of that is redacted as far as it can be known.
import { redact } from "./redact.ts";

type Level = "info" | "warn" | "error";

const WRITERS: Record<Level, (line: string) => void> = {
  info: (line) => console.log(line),
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
};

/** Everything but what the line is called by: that a fact must not be able to replace. */
type Facts = Readonly<Record<string, unknown>> & { readonly level?: never; readonly event?: never };

/** `event` names what happened, in dotted words. */
export function log(level: Level, event: string, facts: Facts = {}): void {
  WRITERS[level](JSON.stringify(redact({ level, event, ...facts })));
}

/**
 * What may be logged of a thrown value. A query builder wraps the database's error in one that quotes the query with its
 * parameters; the cause inside does not, but does not come along out of a Durable Object.
 */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  if (thrown.cause instanceof Error) return describeError(thrown.cause);
  const [message = ""] = thrown.message.split(QUERY_PARAMETERS, 1);
  return `${thrown.name}: ${message}`;
}

/** Where drizzle's message goes over from the query to what it was asked with. */
const QUERY_PARAMETERS = "\nparams:";
