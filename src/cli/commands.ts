// Every command by its name, in the order in which somebody needs them.
import type { Command } from "./command.ts";
import { accounts } from "./commands/accounts.ts";
import { approvals } from "./commands/approvals.ts";
import { audit } from "./commands/audit.ts";
import { coverage } from "./commands/coverage.ts";
import { doctor } from "./commands/doctor.ts";
import { endOverride } from "./commands/end-override.ts";
import { keygen } from "./commands/keygen.ts";
import { keys } from "./commands/keys.ts";
import { kill } from "./commands/kill.ts";
import { orders } from "./commands/orders.ts";
import { override } from "./commands/override.ts";
import { overrides } from "./commands/overrides.ts";
import { portfolio } from "./commands/portfolio.ts";
import { preview } from "./commands/preview.ts";
import { release } from "./commands/release.ts";
import { rotate } from "./commands/rotate.ts";
import { send } from "./commands/send.ts";
import { signals } from "./commands/signals.ts";
import { sign } from "./commands/sign.ts";
import { sources } from "./commands/sources.ts";
import { stops } from "./commands/stops.ts";
import { verify } from "./commands/verify.ts";
import { whatIf } from "./commands/what-if.ts";

export const COMMANDS: Readonly<Record<string, Command>> = {
  send,
  sign,
  verify,
  preview,
  orders,
  signals,
  approvals,
  portfolio,
  kill,
  stops,
  release,
  override,
  overrides,
  "end-override": endOverride,
  audit,
  coverage,
  "what-if": whatIf,
  accounts,
  sources,
  keys,
  rotate,
  keygen,
  doctor,
};
