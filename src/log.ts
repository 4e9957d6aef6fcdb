// One JSON line per event; the only file that touches the console. Callers pass facts, never headers, bodies or secrets.

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
  WRITERS[level](JSON.stringify({ level, event, ...facts }));
}

/**
 * What may be logged of a thrown value. A query builder wraps the database's error in one that quotes the query with its
 * parameters; the cause inside does not.
 */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  return thrown.cause instanceof Error ? describeError(thrown.cause) : `${thrown.name}: ${thrown.message}`;
}
