// npx sallyport: finds the command, runs it, and turns whatever ends it into words and an exit status.
import { hasFlag } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT, type ExitCode, Failure, UsageFault } from "./failure.ts";
import { type Screen, openScreen, printable, wantsColour } from "./screen.ts";
import type { Environment } from "./settings.ts";

/** The process around it. */
export type Host = {
  readonly env: Environment;
  /** Whether stdout is one. */
  readonly isTerminal: boolean;
  /** Whether stderr is one. */
  readonly isWatched: boolean;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
};

export async function runCommandLine(args: readonly string[], host: Host): Promise<ExitCode> {
  const json = hasFlag(args, "--json");
  const noColorOption = hasFlag(args, "--no-color");
  const { env, isTerminal } = host;
  const screen = openScreen({ ...host, json, colour: wantsColour({ isTerminal, noColorOption, env }) });
  const [name = "", ...rest] = args;
  if (name === "help" || name === "--help" || name === "-h") return showHelp(rest[0], host);
  const command = commandOf(name);
  if (command === undefined) {
    const fault = name === "" ? "" : `There is no command ${printable(name)}.\n\n`;
    host.writeError(`${fault}${HELP}\n`);
    return EXIT.usage;
  }
  if (hasFlag(rest, "--help", "-h")) return showHelp(name, host);
  return runCommand(name, command, rest, { screen, json, host });
}

type Place = { readonly screen: Screen; readonly json: boolean; readonly host: Host };

async function runCommand(
  name: string,
  command: Command,
  args: readonly string[],
  { screen, json, host }: Place,
): Promise<ExitCode> {
  try {
    return await command.run(args, { screen, env: host.env });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    if (thrown instanceof UsageFault) {
      const [call] = command.usage.split("\n\n");
      host.writeError(`${thrown.message}\n\n${call}\n\nnpx sallyport ${name} --help says more.\n`);
    } else {
      host.writeError(`${thrown.message}\n`);
      // A program that asked for a document gets one.
      if (json) screen.show({ document: thrown.document, text: () => thrown.message });
    }
    return thrown.exitCode;
  }
}

function showHelp(name: string | undefined, { writeOut, writeError }: Host): ExitCode {
  if (name === undefined) {
    writeOut(`${HELP}\n`);
    return EXIT.done;
  }
  const command = commandOf(name);
  if (command === undefined) {
    writeError(`There is no command ${printable(name)}.\n\n${HELP}\n`);
    return EXIT.usage;
  }
  writeOut(`${command.usage}\n`);
  return EXIT.done;
}

/** Only what the table itself has: `constructor` is no command. */
const commandOf = (name: string): Command | undefined => (Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined);

const NAME_WIDTH = Math.max(...Object.keys(COMMANDS).map(({ length }) => length));

const HELP = `usage: npx sallyport <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(NAME_WIDTH)}  ${summary}`)
  .join("\n")}

npx sallyport <command> --help explains one, with examples. To begin with, while npm start runs in
another terminal:

  npx sallyport send --wait 5 '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  npx sallyport orders
  npx sallyport audit

Settings come from the environment. Keys and secrets are never taken as arguments: others can see
those.

  SALLYPORT_URL        where the gateway listens, as --url: https, or http on this machine
                       (default http://127.0.0.1:8787)
  SALLYPORT_API_KEY    the API key, for reading and managing
  SALLYPORT_SECRET     the secret that signs
  .dev.vars            has both for a gateway on this machine; npm start writes it
  NO_COLOR             no colour

Every command takes --json: stdout then holds one JSON document, the result, or if there is none
{"code", "detail", …}.

Exit status: 0 done
             1 refused or failed
             2 the command line makes no sense
             3 the gateway cannot be reached
           141 whoever read stdout has gone`;
