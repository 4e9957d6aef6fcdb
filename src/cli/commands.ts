// Every command by its name, in the order in which somebody needs them.
import type { Command } from "./command.ts";
import { accounts } from "./commands/accounts.ts";
import { audit } from "./commands/audit.ts";
import { keygen } from "./commands/keygen.ts";
import { keys } from "./commands/keys.ts";
import { orders } from "./commands/orders.ts";
import { portfolio } from "./commands/portfolio.ts";
import { send } from "./commands/send.ts";
import { sign } from "./commands/sign.ts";
import { verify } from "./commands/verify.ts";

export const COMMANDS: Readonly<Record<string, Command>> = {
  send,
  sign,
  verify,
  orders,
  portfolio,
  audit,
  accounts,
  keys,
  keygen,
};
