// Reads a command's options. What every command understands is added here, and no secret is taken.
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { UsageFault } from "./failure.ts";

/** Read by `command-line.ts` for all commands alike. */
const COMMON = {
  help: { type: "boolean", short: "h" },
  json: { type: "boolean" },
  "no-color": { type: "boolean" },
} as const satisfies ParseArgsOptionsConfig;

/** Where the gateway is, and the file that holds the secrets of the one on this machine. */
export const CONNECTION_OPTIONS = {
  url: { type: "string" },
  "dev-vars": { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

/** A body, and the secret that goes with it. */
export const SIGNED_OPTIONS = {
  "dev-vars": { type: "string" },
  "secret-file": { type: "string" },
  file: { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

/** What it takes to sign a body for a gateway. */
export const SIGNING_OPTIONS = {
  ...CONNECTION_OPTIONS,
  ...SIGNED_OPTIONS,
  scheme: { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

export const CONNECTION_USAGE = `  --url URL            where the gateway listens (default SALLYPORT_URL, else http://127.0.0.1:8787)
  --dev-vars FILE      the file of secrets of a gateway on this machine (default .dev.vars)`;

export const COMMON_USAGE = `  --json               one JSON document on stdout, and nothing else there
  --no-color           no colour; NO_COLOR and anything that is not a terminal mean the same
  --help               this text`;

/** Names under which people try to hand over a secret. */
const SECRET_OPTION = /^--(?:[a-z]+-)?(?:key|secret|token|password)(?:=|$)/;

/** The options and the other arguments. Throws a UsageFault that never repeats what may be a secret. */
export function readArguments<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  refuseSecrets(args);
  try {
    return parseArgs({ args: [...args], options: { ...options, ...COMMON }, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw new UsageFault(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function refuseSecrets(args: readonly string[]): void {
  const given = optionsOf(args).find((arg) => SECRET_OPTION.test(arg));
  if (given === undefined) return;
  throw new UsageFault(
    `${given.split("=")[0]}: a key or secret is never taken as an argument, because every user of this machine can see the ` +
      "arguments of a running program, and shells keep them in a history. If this one is real, replace it. Put the API key " +
      "into SALLYPORT_API_KEY, a signing secret into SALLYPORT_SECRET or a file (--secret-file), or both into .dev.vars.",
  );
}

/** What stands before `--`. After it everything is text, whatever it begins with. */
const optionsOf = (args: readonly string[]): readonly string[] =>
  args.includes("--") ? args.slice(0, args.indexOf("--")) : args;

export const hasFlag = (args: readonly string[], ...names: readonly string[]): boolean =>
  optionsOf(args).some((arg) => names.includes(arg));

/** A whole number within bounds, or a UsageFault that names the option. */
export function readWhole(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageFault(`${option} takes a whole number from ${min} to ${max}`);
}

/** One of a few words, or a UsageFault that lists them. */
export function readWord<Word extends string>(option: string, text: string, words: readonly Word[]): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageFault(`${option} takes ${words.join(" or ")}`);
}

/** A moment that everybody reads the same: with its zone. In milliseconds since 1970. */
export function readMoment(option: string, text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageFault(`${option} takes a time like 2026-01-15T14:30:00Z`);
  return ms;
}

/** Refuses what is an option of the command, and means nothing to this action of it. */
export function refuseOthers(
  action: string,
  values: Readonly<Record<string, unknown>>,
  meant: readonly string[] = [],
): void {
  const stray = Object.keys(values).find((name) => !meant.includes(name) && !EVERYWHERE.has(name));
  if (stray !== undefined) throw new UsageFault(`${action} knows no --${stray}`);
}

const EVERYWHERE: ReadonlySet<string> = new Set([...Object.keys(COMMON), ...Object.keys(CONNECTION_OPTIONS)]);

/** The only argument beside the options. */
export function readOne(name: string, positionals: readonly string[]): string {
  const [only, ...more] = positionals;
  if (only === undefined) throw new UsageFault(`${name} is missing`);
  if (more.length > 0) throw new UsageFault(`Give one ${name}`);
  return only;
}

export function refuseMore(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageFault("There are more arguments than this takes");
}
