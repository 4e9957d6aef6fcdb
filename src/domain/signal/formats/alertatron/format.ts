// Reads Alertatron's command language, as far as one order after the other can carry it out. What takes time or watches the market,
// such as wait(), trailingStop() or scaled(), is refused by its name, and with it the whole text: the commands around it would not
// mean the same without it.
import { type Result, err, ok } from "../../../result.ts";
import type { Format, Notice, ReadOptions, Reading, SignalError } from "../../format.ts";
import type { Instruction } from "../../instruction.ts";
import { NOT_A_SYMBOL, isSymbol } from "../../symbol.ts";
import { type Block, hasBlock, readBlocks } from "./blocks.ts";
import { readCommand } from "./commands.ts";
import { plainTextOf } from "../text/values.ts";

export const alertatron: Format = {
  id: "alertatron",
  knownBy: "a block like MyKeys(AAPL) { ... }",
  matches: (body) => hasBlock(plainTextOf(body) ?? ""),
  read(body, options) {
    const blocks = readBlocks(plainTextOf(body) ?? "");
    return blocks.ok ? readAll(blocks.value, options) : err([blocks.error]);
  },
};

function readAll(
  blocks: readonly Block[],
  { loosening }: Pick<ReadOptions, "loosening">,
): Result<Reading, readonly SignalError[]> {
  const errors: SignalError[] = [];
  const notices: Notice[] = [];
  const instructions: Instruction[] = [];
  const tags = new Set<string>();
  for (const block of blocks) {
    errors.push(...blockErrors(block, blocks[0]?.key));
    for (const command of block.commands) {
      const read = readCommand(command, block.symbol, { errors, notices, loosening });
      if (read === undefined) continue;
      instructions.push(read.instruction);
      if (read.tag !== undefined) tags.add(read.tag);
    }
  }
  if (errors.length > 0) return err(errors);
  const [first, ...others] = instructions;
  if (first === undefined) return err([{ pointer: "", code: "no_command", message: "must hold a command" }]);
  return ok({
    format: "alertatron",
    instructions: [first, ...others],
    // A tag names as many orders as the sender likes, so it is no client order id.
    circumstances: { orderName: tags.size === 1 ? [...tags][0] : undefined },
    notices: tags.size > 1 ? [...notices, SEVERAL_TAGS] : notices,
    account: blocks[0]?.key,
    isTest: false,
  });
}

const SEVERAL_TAGS: Notice = {
  pointer: "",
  code: "tags_not_used",
  message: "a signal has one name: several tags are not regarded",
};

function blockErrors({ key, symbol, commands, pointer }: Block, firstKey: string | undefined): readonly SignalError[] {
  const errors: SignalError[] = [];
  if (key !== firstKey) {
    errors.push({
      pointer,
      code: "several_accounts",
      message: "one signal is for one account: send a signal for each key",
    });
  }
  if (!isSymbol(symbol)) errors.push({ pointer, code: "invalid_symbol", message: NOT_A_SYMBOL });
  if (commands.length === 0) errors.push({ pointer, code: "no_command", message: "must hold a command" });
  return errors;
}
