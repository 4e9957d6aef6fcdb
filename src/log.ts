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

/** What may be logged of a thrown value. Errors of the platform carry messages; anything else is only named by type. */
export const describeError = (thrown: unknown): string =>
  thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : typeof thrown;
