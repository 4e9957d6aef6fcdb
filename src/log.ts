// One JSON line per event; the only file that touches the console. Callers pass facts, never headers, bodies or secrets.

type Level = "info" | "warn" | "error";

const WRITERS: Record<Level, (line: string) => void> = {
  info: (line) => console.log(line),
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
};

/** `event` names what happened, in dotted words; `facts` hold everything else. */
export function log(level: Level, event: string, facts: Readonly<Record<string, unknown>> = {}): void {
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
