// Finds the blocks of Alertatron's command language in a text, and the commands in them:
//
//   Free text, which is not read.
//   MyKeys(XBTUSD) { market(side=buy, amount=100); limit(side=sell, amount=50%p, offset=1%); } #bot
//
// One pass from left to right. A brace that belongs to no block is refused: what is around it may be a block with a typing error,
// and the rest of the text alone is not what the sender wants.
import { type Result, err, ok } from "../../../result.ts";
import type { SignalError } from "../../format.ts";
import { COMMANDS_MAX, unquoted } from "../text/values.ts";

/** One `name=value` between a command's brackets; `name` is in lower case, and empty where there is only a value. */
type Argument = { readonly name: string; readonly value: string };

export type Command = {
  /** In lower case. */
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** `/<block>/<command>`, from 0. */
  readonly pointer: string;
};

export type Block = {
  /** The name of the credentials to trade with. */
  readonly key: string;
  readonly symbol: string;
  readonly commands: readonly Command[];
  readonly pointer: string;
};

/** As far back as a block's head is looked for: a key and a symbol are far shorter. */
const HEAD_MAX = 128;

/** More than any command has. */
const ARGUMENTS_MAX = 20;

type Head = Pick<Block, "key" | "symbol">;

/** `MyKeys(XBTUSD)` in front of the brace at `brace`, and behind `from`. */
function headBefore(text: string, from: number, brace: number): Head | undefined {
  const start = Math.max(from, brace - HEAD_MAX);
  let end = brace;
  while (end > start && text.charAt(end - 1).trim() === "") end -= 1;
  const open = text.charAt(end - 1) === ")" ? text.slice(start, end).lastIndexOf("(") : -1;
  if (open === -1) return undefined;
  const key = /[A-Za-z0-9_-]+$/.exec(text.slice(start, start + open).trimEnd())?.[0];
  return key === undefined ? undefined : { key, symbol: text.slice(start + open + 1, end - 1).trim() };
}

/** Whether there is a block somewhere in the text, well written or not. */
export function hasBlock(text: string): boolean {
  for (let brace = text.indexOf("{"); brace !== -1; brace = text.indexOf("{", brace + 1)) {
    if (headBefore(text, 0, brace) !== undefined) return true;
  }
  return false;
}

/** The blocks in the order in which they stand, or what keeps the text from being read to its end. */
export function readBlocks(text: string): Result<readonly Block[], SignalError> {
  const blocks: Block[] = [];
  let commandsMax = COMMANDS_MAX;
  let at = 0;
  for (let brace = nextBrace(text, at); brace !== -1; brace = nextBrace(text, at)) {
    const pointer = `/${blocks.length}`;
    if (blocks.length === COMMANDS_MAX) return refuse(pointer, TOO_MANY, `must be at most ${COMMANDS_MAX} blocks`);
    const head = text.charAt(brace) === "{" ? headBefore(text, at, brace) : undefined;
    if (head === undefined) {
      return refuse(pointer, "stray_brace", "a brace belongs to no block like MyKeys(AAPL) { ... }");
    }
    const read = readCommands(text, brace + 1, { pointer, commandsMax });
    if (!read.ok) return read;
    const { commands, end } = read.value;
    blocks.push({ ...head, pointer, commands });
    commandsMax -= commands.length;
    at = end;
  }
  return ok(blocks);
}

const TOO_MANY = "too_many_commands";

type Limits = { readonly pointer: string; readonly commandsMax: number };

/** The commands from `start` to the brace that closes the block; `end` is behind it. */
function readCommands(
  text: string,
  start: number,
  { pointer: block, commandsMax }: Limits,
): Result<{ readonly commands: readonly Command[]; readonly end: number }, SignalError> {
  const commands: Command[] = [];
  for (let at = afterBlanks(text, start); ; at = afterBlanks(text, at)) {
    if (at >= text.length) return refuse(block, "unclosed_block", "must end with }");
    if (text.charAt(at) === "}") return ok({ commands, end: at + 1 });
    const pointer = `${block}/${commands.length}`;
    if (commands.length === commandsMax) {
      return refuse(pointer, TOO_MANY, `must be at most ${COMMANDS_MAX} commands`);
    }
    const opening = matchAt(/([A-Za-z]\w{0,39})\s*\(/y, text, at);
    const read = opening && readArguments(text, at + opening[0].length);
    if (!read) return refuse(pointer, "malformed_command", "must be a command like market(side=buy, amount=100);");
    commands.push({ name: (opening[1] ?? "").toLowerCase(), arguments: read.arguments, pointer });
    at = read.end;
  }
}

/** The arguments from `start` to the bracket that closes them; `end` is behind it. */
function readArguments(text: string, start: number): { arguments: readonly Argument[]; end: number } | undefined {
  const written: string[] = [];
  let quote = "";
  let from = start;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "," || character === ")") {
      written.push(text.slice(from, at).trim());
      if (written.length > ARGUMENTS_MAX) return undefined;
      from = at + 1;
      if (character === ")") return { arguments: written.flatMap(toArgument), end: at + 1 };
    } else if ("({}".includes(character)) return undefined;
  }
  return undefined;
}

function toArgument(written: string, _index: number, { length }: readonly string[]): readonly Argument[] {
  if (written === "" && length === 1) return [];
  const equals = written.indexOf("=");
  if (equals === -1) return [{ name: "", value: unquoted(written) }];
  return [{ name: written.slice(0, equals).trim().toLowerCase(), value: unquoted(written.slice(equals + 1)) }];
}

/** Behind blanks, semicolons and whole-line comments. */
function afterBlanks(text: string, start: number): number {
  let at = start;
  do {
    at += matchAt(/[\s;]*/y, text, at)?.[0].length ?? 0;
    if (text.charAt(at) !== "#") return at;
    const lineEnd = text.indexOf("\n", at);
    at = lineEnd === -1 ? text.length : lineEnd;
  } while (at < text.length);
  return at;
}

function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text) ?? undefined;
}

function nextBrace(text: string, at: number): number {
  const braces = /[{}]/g;
  braces.lastIndex = at;
  return braces.exec(text)?.index ?? -1;
}

const refuse = (pointer: string, code: string, message: string): Result<never, SignalError> =>
  err({ pointer, code, message });
