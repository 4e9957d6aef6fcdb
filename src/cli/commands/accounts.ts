// sallyport accounts: which trading accounts there are, and what each may do.
import * as z from "zod";
import { type Call, ask } from "../api.ts";
import { formatAccount, formatAccounts, formatLeftOut } from "../account-text.ts";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readOne,
  refuseMore,
  refuseOthers,
} from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { readDocument } from "../document.ts";
import { EXIT, type ExitCode, Failure, UsageFault } from "../failure.ts";
import { openSealed, readFernetKeys, readSealed } from "../fernet-credentials.ts";
import { nextCommand } from "../next-command.ts";
import type { Screen } from "../screen.ts";
import { type Connection, readConnection } from "../settings.ts";
import { AccountView } from "../views.ts";

const USAGE = `usage: npx sallyport accounts [list]
       npx sallyport accounts show ACCOUNT
       npx sallyport accounts create [--fernet-key-file FILE] - | --file FILE
       npx sallyport accounts policy --reason TEXT ACCOUNT - | --file FILE
       npx sallyport accounts credentials [--fernet-key-file FILE] [--reason TEXT]
                                          ACCOUNT - | --file FILE
       npx sallyport accounts change [--name TEXT] [--minimum-origin ORIGIN]
                                     [--mode MODE [--confirm-live TEXT]] [--reason TEXT] ACCOUNT
       npx sallyport accounts disable | enable [--reason TEXT] ACCOUNT
       npx sallyport accounts delete ACCOUNT

Trading accounts: where they are, and what they may do. create and credentials try the broker's key
before it is kept, and nothing shows it again; another key has to open the same account there.
policy replaces the whole policy: a limit that is not in it is not set, and what is not set is
refused. A disabled account takes no orders; cancels pass, and what lives is followed. A shadow
decides about every order and sends none. delete is for good, its id included, and takes a disabled
account without live orders.

  ACCOUNT              the account's id
  -, --file FILE       an account, a policy or credentials as JSON, from stdin or from a file; never
                       as an argument, since a broker's key may be in it
  --fernet-key-file F  the credentials are sealed with Fernet, and this file holds its key, or
                       several, one a line. Each field is a token, or one token holds all of them as
                       JSON. They are opened here, and go to the gateway in clear, over TLS
  --minimum-origin O   the least that a signal has to prove: hmac (at first), certificate, ip or
                       url_token
  --mode MODE          live (at first): what is approved is sent to the broker; shadow: it ends as
                       shadowed and is never sent, not even once the account is live again
  --confirm-live TEXT  what --mode live asks for at alpaca_live, word for word
  --name TEXT          for people
  --reason TEXT        why; kept in the audit log
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:accounts; orders:read is enough to look, and kill to disable.

  npx sallyport accounts create --file account.secret.json
  npx sallyport accounts show paper --json | jq .policy > policy.json
  npx sallyport accounts policy paper --file policy.json --reason 'TSLA too'    # the whole policy
  npx sallyport accounts credentials a1 --file a1.secret.json --reason 'a key each quarter'
  npx sallyport accounts credentials a1 --file a1.fernet --fernet-key-file fernet.key
  npx sallyport accounts change paper --mode shadow --reason 'a new strategy'
  npx sallyport accounts disable paper --reason 'looks wrong'

account.secret.json, which git ignores under this name, here at Alpaca:

  {"id":"a1","connection":{"broker":"alpaca_paper"},
   "credentials":{"key_id":"…","secret_key":"…"},
   "policy":{"symbols":["AAPL"],"max_quantity":"10","max_notional":"2500", … }}

A limit that the policy does not set denies every entry: docs/rules.md lists them, with a policy
to start from.

alpaca_live asks for one field more: "confirm_live":"Orders of account a1 trade real money."

a1.secret.json, the credentials alone: {"key_id":"…","secret_key":"…"}`;

export const accounts: Command = { summary: "list, add, change and stop trading accounts", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    file: { type: "string" },
    "fernet-key-file": { type: "string" },
    name: { type: "string" },
    "minimum-origin": { type: "string" },
    mode: { type: "string" },
    "confirm-live": { type: "string" },
    reason: { type: "string" },
  });
  const [action = "list", ...rest] = positionals;
  const { file, reason, "fernet-key-file": fernetKeyFile } = values;
  const refuseAllBut = (...meant: readonly (keyof typeof values)[]) =>
    refuseOthers(`accounts ${action}`, values, meant);
  const answerWithAccount = (call: Call, said?: string) =>
    showAccount(readConnection(values, env), call, { said, screen });
  switch (action) {
    case "list":
      refuseAllBut();
      refuseMore(rest);
      return listAccounts(readConnection(values, env), screen);
    case "show":
      refuseAllBut();
      return answerWithAccount({ path: pathOf(rest) });
    case "create": {
      refuseAllBut("file", "fernet-key-file");
      const account = await readDocument(rest, file);
      const body = fernetKeyFile === undefined ? account : await withOpenCredentials(account, fernetKeyFile);
      const look = nextCommand("accounts", [], values);
      return answerWithAccount({ method: "POST", path: PATH, body, look }, "It is added, and ready for orders.");
    }
    case "policy": {
      refuseAllBut("file", "reason");
      if (reason === undefined) throw new UsageFault("--reason is missing: why does the policy change?");
      const path = pathOf(rest.slice(0, 1));
      const body = { policy: await readDocument(rest.slice(1), file), reason };
      return replacePolicy(readConnection(values, env), path, { body, screen });
    }
    case "credentials": {
      refuseAllBut("file", "fernet-key-file", "reason");
      const path = `${pathOf(rest.slice(0, 1))}/credentials`;
      const body = { credentials: await readCredentials(rest.slice(1), file, fernetKeyFile), reason };
      return answerWithAccount({ method: "PUT", path, body }, "The broker takes this key; it is used from now on.");
    }
    case "change": {
      refuseAllBut("name", "minimum-origin", "mode", "confirm-live", "reason");
      const { name, "minimum-origin": minimumOrigin, mode, "confirm-live": confirmLive } = values;
      const path = pathOf(rest);
      if (name === undefined && minimumOrigin === undefined && mode === undefined) {
        throw new UsageFault("Say what changes: --name, --minimum-origin or --mode");
      }
      const body = { name, minimum_origin: minimumOrigin, mode, confirm_live: confirmLive, reason };
      return answerWithAccount({ method: "PATCH", path, body }, "It is changed.");
    }
    case "disable": {
      refuseAllBut("reason");
      const body = { status: "disabled", reason };
      return answerWithAccount({ method: "PATCH", path: pathOf(rest), body }, "It is disabled, and takes no orders.");
    }
    case "enable": {
      refuseAllBut("reason");
      const body = { status: "active", reason };
      return answerWithAccount({ method: "PATCH", path: pathOf(rest), body }, "It is active; its policy decides.");
    }
    case "delete":
      refuseAllBut();
      return answerWithAccount({ method: "DELETE", path: pathOf(rest) }, "It is deleted, and its key erased.");
    default:
      throw new UsageFault(
        "accounts knows list, show, create, policy, credentials, change, disable, enable and delete",
      );
  }
}

const PATH = "/v1/accounts";

const pathOf = (positionals: readonly string[]): string =>
  `${PATH}/${encodeURIComponent(readOne("ACCOUNT", positionals))}`;

async function readCredentials(
  positionals: readonly string[],
  file: string | undefined,
  fernetKeyFile: string | undefined,
): Promise<unknown> {
  if (fernetKeyFile === undefined) return readDocument(positionals, file);
  const keys = await readFernetKeys(fernetKeyFile);
  return openSealed(await readSealed(positionals, file), keys);
}

async function withOpenCredentials(account: unknown, fernetKeyFile: string): Promise<object> {
  const sealed = z.looseObject({ credentials: z.unknown().nonoptional() }).safeParse(account);
  if (!sealed.success) throw new Failure("The account has no credentials that --fernet-key-file could open.");
  const credentials = await openSealed(sealed.data.credentials, await readFernetKeys(fernetKeyFile));
  return { ...sealed.data, credentials };
}

async function listAccounts(connection: Connection, screen: Screen): Promise<ExitCode> {
  const { body } = await ask(connection, { path: PATH }, z.looseObject({ accounts: z.array(AccountView) }));
  screen.show({ document: body.accounts, text: () => formatAccounts(body.accounts, screen.paint) });
  return EXIT.done;
}

type NewPolicy = { readonly policy: unknown; readonly reason: string };

/** A policy is replaced whole, so the one before is read first: whoever leaves a setting out may have meant to keep it. */
async function replacePolicy(
  connection: Connection,
  path: string,
  { body, screen }: { readonly body: NewPolicy; readonly screen: Screen },
): Promise<ExitCode> {
  const { body: before } = await ask(connection, { path }, AccountView);
  const { body: after } = await ask(connection, { method: "PUT", path: `${path}/policy`, body }, AccountView);
  const text = () => `This policy binds from the next order on.\n\n${formatAccount(after, screen.paint)}`;
  screen.show({ document: after, text });
  const leftOut = formatLeftOut(before, after, body.policy);
  if (leftOut !== undefined) screen.hint(leftOut);
  return EXIT.done;
}

/** What every other action ends in: the account as it is now, and in words what that means. */
async function showAccount(
  connection: Connection,
  call: Call,
  { said, screen }: { readonly said: string | undefined; readonly screen: Screen },
): Promise<ExitCode> {
  const { body } = await ask(connection, call, AccountView);
  const account = () => formatAccount(body, screen.paint);
  screen.show({ document: body, text: () => (said === undefined ? account() : `${said}\n\n${account()}`) });
  return EXIT.done;
}
