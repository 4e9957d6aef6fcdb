// A command to run next, ready to be copied.
import type { ConnectionOptions } from "./settings.ts";
import { shellQuote } from "./shell-quote.ts";

/** Like `npx sallyport sources show momentum`, with what this call was told about the gateway. */
export function nextCommand(command: string, operands: readonly string[], options: ConnectionOptions): string {
  const given = ["url", "dev-vars"] as const;
  return [
    "npx sallyport",
    command,
    ...given.flatMap((name) => (options[name] === undefined ? [] : [`--${name}`, shellQuote(options[name])])),
    // The id of a secret may begin with a hyphen.
    ...(operands.some((operand) => operand.startsWith("-")) ? ["--"] : []),
    ...operands.map(shellQuote),
  ].join(" ");
}
