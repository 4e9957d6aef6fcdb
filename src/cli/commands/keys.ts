// sallyport keys: who may call the API, and what for.
import * as z from "zod";
import { type Call, ask } from "../api.ts";
import { formatApiKey, formatApiKeys } from "../api-key-text.ts";
import { API_KEYS_PATH, NewApiKey, apiKeyPath } from "../api-keys.ts";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readMoment,
  refuseMore,
  refuseOthers,
} from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import type { Screen } from "../screen.ts";
import { type Connection, type ConnectionOptions, readConnection } from "../settings.ts";
import { ApiKeyView } from "../views.ts";

const USAGE = `usage: npx sallyport keys [list]
       npx sallyport keys create --owner NAME --scope SCOPE … [--account ID …] [--address RANGE …]
                                 [--expires TIME] [--reason TEXT]
       npx sallyport keys show KEY
       npx sallyport keys disable | enable [--reason TEXT] KEY
       npx sallyport keys delete KEY

API keys: who may call the gateway, and what for. create prints the new key once, alone on stdout;
the gateway keeps its hash. A key that is disabled or deleted is refused from the answer on.

  KEY                  the key's id, ten characters; never the key itself
  --owner NAME         the person or program that uses it; two keys each, so that one can follow
                       the other
  --scope SCOPE        what it may do; repeatable. orders:read, orders:write, orders:cancel,
                       orders:approve, audit:read, kill, admin:orders, admin:accounts,
                       admin:sources, admin:keys, admin:vault, admin:risk or admin:*
  --account ID         an account that it is good for; repeatable (default: all)
  --address RANGE      where it may be used from, such as 203.0.113.0/24; repeatable (default:
                       anywhere)
  --expires TIME       its end, such as 2027-01-15T00:00:00Z (default: none)
  --reason TEXT        why; kept in the audit log
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key that asks comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars.
It needs the scope admin:keys, and gives nothing that it does not have.

  (umask 077; npx sallyport keys create --owner desk --scope orders:read > desk.key)
  SALLYPORT_API_KEY=$(cat desk.key) npx sallyport orders
  npx sallyport keys
  npx sallyport keys disable 4fT0aZk91Q --reason 'found in a log'`;

export const keys: Command = { summary: "list, make and take away API keys", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    owner: { type: "string" },
    scope: { type: "string", multiple: true },
    account: { type: "string", multiple: true },
    address: { type: "string", multiple: true },
    expires: { type: "string" },
    reason: { type: "string" },
  });
  const [action = "list", ...rest] = positionals;
  const { reason } = values;
  const refuseAllBut = (...meant: readonly (keyof typeof values)[]) => refuseOthers(`keys ${action}`, values, meant);
  const answerWithKey = (call: Call, said?: string) => showKey(readConnection(values, env), call, { said, screen });
  switch (action) {
    case "list":
      refuseAllBut();
      refuseMore(rest);
      return listKeys(readConnection(values, env), screen);
    case "create": {
      refuseAllBut("owner", "scope", "account", "address", "expires", "reason");
      refuseMore(rest);
      const terms = readTerms(values);
      return createKey(readConnection(values, env), terms, { options: values, screen });
    }
    case "show":
      refuseAllBut();
      return answerWithKey({ path: apiKeyPath(rest) });
    case "disable": {
      refuseAllBut("reason");
      const body = { status: "disabled", reason };
      return answerWithKey({ method: "PATCH", path: apiKeyPath(rest), body }, "It is disabled, and opens nothing.");
    }
    case "enable": {
      refuseAllBut("reason");
      const body = { status: "active", reason };
      return answerWithKey({ method: "PATCH", path: apiKeyPath(rest), body }, "It is active again.");
    }
    case "delete":
      refuseAllBut();
      return answerWithKey({ method: "DELETE", path: apiKeyPath(rest) }, "It is deleted, for good.");
    default:
      throw new UsageFault("keys knows list, create, show, disable, enable and delete");
  }
}

type TermOptions = {
  readonly owner?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly account?: readonly string[] | undefined;
  readonly address?: readonly string[] | undefined;
  readonly expires?: string | undefined;
  readonly reason?: string | undefined;
};

/** The new key's terms. Which scopes there are, the gateway knows better: it may be of another version. */
function readTerms({ owner, scope, account, address, expires, reason }: TermOptions): object {
  if (owner === undefined) throw new UsageFault("--owner is missing");
  if (scope === undefined) throw new UsageFault("--scope is missing: a key without one may do nothing");
  const expiresAt = expires === undefined ? undefined : new Date(readMoment("--expires", expires)).toISOString();
  return { owner, scopes: scope, accounts: account, addresses: address, expires_at: expiresAt, reason };
}

async function listKeys(connection: Connection, screen: Screen): Promise<ExitCode> {
  const { body } = await ask(connection, { path: API_KEYS_PATH }, z.looseObject({ api_keys: z.array(ApiKeyView) }));
  screen.show({ document: body.api_keys, text: () => formatApiKeys(body.api_keys, screen.paint, Date.now()) });
  return EXIT.done;
}

async function createKey(
  connection: Connection,
  terms: object,
  { options, screen }: { readonly options: ConnectionOptions; readonly screen: Screen },
): Promise<ExitCode> {
  const look = nextCommand("keys", [], options);
  const { body } = await ask(connection, { method: "POST", path: API_KEYS_PATH, body: terms, look }, NewApiKey);
  screen.show({ document: body, text: () => body.key });
  const { id, owner } = body.api_key;
  screen.hint(
    `This is key ${id} of ${owner}. It is shown this once, and kept nowhere. If it has got lost on the way, delete it:\n\n` +
      `  ${nextCommand("keys delete", [id], options)}`,
  );
  return EXIT.done;
}

/** What every other action ends in: the key's terms as they are now, and in words what that means. */
async function showKey(
  connection: Connection,
  call: Call,
  { said, screen }: { readonly said: string | undefined; readonly screen: Screen },
): Promise<ExitCode> {
  const { body } = await ask(connection, call, ApiKeyView);
  const key = () => formatApiKey(body, screen.paint, Date.now());
  screen.show({ document: body, text: () => (said === undefined ? key() : `${said}\n\n${key()}`) });
  return EXIT.done;
}
