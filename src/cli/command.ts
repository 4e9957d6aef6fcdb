// What every command is, so that adding one is one file and one line in commands.ts.
import type { ExitCode } from "./failure.ts";
import type { Screen } from "./screen.ts";
import type { Environment } from "./settings.ts";

/** Where a command shows its result, and what it finds around it. */
export type Context = { readonly screen: Screen; readonly env: Environment };

export type Command = {
  /** One line for the list of commands. */
  readonly summary: string;
  /** How it is called in its first paragraph, then what it does, its options, and examples to copy. */
  readonly usage: string;
  /** Does it, and shows one result. Throws a Failure where there is none. */
  readonly run: (args: readonly string[], context: Context) => Promise<ExitCode>;
};
