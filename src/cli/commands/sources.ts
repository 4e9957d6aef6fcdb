// sallyport sources: who sends signals, and what each may do.
import * as z from "zod";
import { type Call, ask } from "../api.ts";
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
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { SourceWithSecret, showSecret } from "../made-secret.ts";
import { nextCommand } from "../next-command.ts";
import type { Screen } from "../screen.ts";
import { type Connection, type ConnectionOptions, readConnection } from "../settings.ts";
import { TERM_OPTIONS, readNewSource, readSourceChange, requirePace } from "../source-terms.ts";
import { formatSource, formatSources } from "../source-text.ts";
import { SourceView } from "../views.ts";

const USAGE = `usage: npx sallyport sources [list]
       npx sallyport sources show SOURCE
       npx sallyport sources create --account ACCOUNT [--also ACCOUNT …] [--fan-out ACCOUNT …]
                                    [--scheme SCHEME …] [CAPS] [--signals FILE] [--owner NAME]
                                    [--name TEXT] [--reason TEXT] SOURCE
       npx sallyport sources create --kind tradingview --account ACCOUNT [--also ACCOUNT …]
                                    [--fan-out ACCOUNT …] [--origin ORIGIN] [--fingerprint HEX …]
                                    [--deduplicate SECONDS] CAPS [--signals FILE] [--owner NAME]
                                    [--name TEXT] [--reason TEXT] SOURCE
       npx sallyport sources change [--name TEXT] [--owner NAME] [--also ACCOUNT … | --no-others]
                                    [--fan-out ACCOUNT … | --no-fan-out] [CAPS] [--signals FILE]
                                    [--reason TEXT] SOURCE
       npx sallyport sources disable | enable [--reason TEXT] SOURCE
       npx sallyport sources retire SOURCE SECRET
       npx sallyport sources delete SOURCE
CAPS:  --signals-per-min N [--max-quantity UNITS] [--max-notional MONEY]

Who sends signals. create prints the new secret once, alone on stdout: what a signed source signs
with, or the address that a TradingView alert sends to, and whoever has that address is the source.
list shows when each secret was last used, and when it ends. What is disabled, retired or deleted is
refused from the answer on; rotate gives a source another secret.

  SOURCE               the source's id, which is the last part of its webhook's path
  SECRET               the id of one of its secrets, as list shows it; never the secret itself
  --account ACCOUNT    where signals go that name no account; it stays
  --also ACCOUNT       another account that its signals may name; repeatable. change replaces them
  --no-others          none but its own
  --fan-out ACCOUNT    another account that gets what names none, and decides by itself; repeatable.
                       change says which of them stay, and puts none in
  --no-fan-out         what names no account goes to its own alone
  --scheme SCHEME      how it signs; repeatable: v1, standard-webhooks (default: these two), or
                       sha256, which signs the body alone
  --origin ORIGIN      what a TradingView alert has to prove: url_token, the address alone; ip
                       (default), also that it comes from TradingView; certificate, also that it
                       shows a certificate with one of the fingerprints
  --fingerprint HEX    SHA-256 of such a certificate; repeatable
  --deduplicate N      for so many seconds the same bytes are the same signal (default 300)
  --signals-per-min N  signals a minute to one account, a tenth of them at once; whoever has a cap
                       has this one. change keeps the caps that it is not given
  --max-quantity UNITS units in one order
  --max-notional MONEY money in one order. The account's policy holds as well; a source that cannot
                       sign has to have all three
  --signals FILE       a JSON file of how its signals are read, and what a stop of theirs stops:
                       docs/signals.md has the settings. change replaces all of them; start from
                       what show --json has under signals
  --owner NAME         who is behind its orders: whoever approves one has to be somebody else, where
                       the policy asks for two (default: whoever adds the source)
  --name TEXT          for people
  --reason TEXT        why; kept in the audit log
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:sources.

  (umask 077; npx sallyport sources create --account paper momentum > momentum.secret)
  npx sallyport send --source momentum --secret-file momentum.secret --file order.json
  npx sallyport sources
  npx sallyport sources disable momentum --reason 'sends nonsense'
  npx sallyport sources create --kind tradingview --account paper --signals-per-min 30 \\
    --max-quantity 10 --max-notional 2000 tradingview`;

export const sources: Command = { summary: "list, add, change and stop what sends signals", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { ...CONNECTION_OPTIONS, ...TERM_OPTIONS });
  const [action = "list", ...rest] = positionals;
  const { reason } = values;
  const refuseAllBut = (...meant: readonly (keyof typeof values)[]) => refuseOthers(`sources ${action}`, values, meant);
  const connect = () => readConnection(values, env);
  const answerWithSource = (call: Call, said?: string) => showSource(connect(), call, { said, screen });
  switch (action) {
    case "list":
      refuseAllBut();
      refuseMore(rest);
      return listSources(connect(), screen);
    case "show":
      refuseAllBut();
      return answerWithSource({ path: pathOf(rest) });
    case "create": {
      const terms = readNewSource(readOne("SOURCE", rest), values, await readSignals(values));
      return createSource(connect(), terms, { values, screen });
    }
    case "change": {
      const path = pathOf(rest);
      const change = readSourceChange(values, await readSignals(values));
      return changeSource(connect(), path, { change, screen });
    }
    case "disable": {
      refuseAllBut("reason");
      const body = { status: "disabled", reason };
      return answerWithSource(
        { method: "PATCH", path: pathOf(rest), body },
        "It is disabled, and its signals refused.",
      );
    }
    case "enable": {
      refuseAllBut("reason");
      const body = { status: "active", reason };
      return answerWithSource({ method: "PATCH", path: pathOf(rest), body }, "It is active again.");
    }
    case "retire": {
      refuseAllBut();
      const path = `${pathOf(rest.slice(0, 1))}/secrets/${encodeURIComponent(secretOf(rest.slice(1)))}`;
      return answerWithSource({ method: "DELETE", path }, "That secret is refused from now on.");
    }
    case "delete":
      refuseAllBut();
      return answerWithSource({ method: "DELETE", path: pathOf(rest) }, "It is deleted, and its secrets erased.");
    default:
      throw new UsageFault("sources knows list, show, create, change, disable, enable, retire and delete");
  }
}

const readSignals = async ({ signals: file }: { readonly signals?: string | undefined }): Promise<unknown> =>
  file === undefined ? undefined : readDocument([], file);

const PATH = "/v1/sources";

const pathOf = (positionals: readonly string[]): string =>
  `${PATH}/${encodeURIComponent(readOne("SOURCE", positionals))}`;

/** Whoever gives the secret itself has by now shown it to every user of this machine. */
function secretOf(positionals: readonly string[]): string {
  const id = readOne("SECRET", positionals);
  if (/^[\w-]{1,32}$/.test(id)) return id;
  throw new UsageFault("SECRET is the id of a secret. If that was the secret itself, it has been seen now: rotate it.");
}

async function listSources(connection: Connection, screen: Screen): Promise<ExitCode> {
  const { body } = await ask(connection, { path: PATH }, z.looseObject({ sources: z.array(SourceView) }));
  screen.show({ document: body.sources, text: () => formatSources(body.sources, screen.paint, Date.now()) });
  return EXIT.done;
}

type Circumstances = { readonly values: ConnectionOptions; readonly screen: Screen };

async function createSource(
  connection: Connection,
  terms: object,
  { values, screen }: Circumstances,
): Promise<ExitCode> {
  const look = nextCommand("sources", [], values);
  const { body } = await ask(connection, { method: "POST", path: PATH, body: terms, look }, SourceWithSecret);
  showSecret(body, connection, screen);
  screen.hint(adviceOn(body, connection, values));
  return EXIT.done;
}

/** What the sender needs to know, and what to do where nobody has got hold of the secret. */
function adviceOn({ source, path }: SourceWithSecret, { url }: Connection, options: ConnectionOptions): string {
  const { id, account, origin } = source;
  const minimum = origin === undefined ? "" : ` --minimum-origin ${origin}`;
  const shown =
    path === undefined
      ? `This is the secret of source ${id}. It is shown this once. Its sender signs with it, and sends to ${url}/webhooks/${id}`
      : `This is the address of source ${id}. It is shown this once, and whoever has it can send. Account ${account} has to ` +
        `take what cannot sign:\n\n  ${nextCommand(`accounts change${minimum}`, [account], options)}`;
  const again = nextCommand("rotate source --overlap 0", [id], options);
  return `${shown}\n\nIf it has got lost on the way, make another in its place:\n\n  ${again}`;
}

type Change = ReturnType<typeof readSourceChange>;

/** Caps are replaced together, so the ones that were not given are read first. */
async function changeSource(
  connection: Connection,
  path: string,
  { change, screen }: { readonly change: Change; readonly screen: Screen },
): Promise<ExitCode> {
  const { caps } = change;
  const before = caps === undefined ? undefined : (await ask(connection, { path }, SourceView)).body.caps;
  const body = { ...change, caps: caps === undefined ? undefined : requirePace({ ...before, ...caps }) };
  return showSource(connection, { method: "PATCH", path, body }, { said: "It is changed.", screen });
}

/** What every other action ends in: the source as it is now, and in words what that means. */
async function showSource(
  connection: Connection,
  call: Call,
  { said, screen }: { readonly said: string | undefined; readonly screen: Screen },
): Promise<ExitCode> {
  const { body } = await ask(connection, call, SourceView);
  const source = () => formatSource(body, screen.paint, Date.now());
  screen.show({ document: body, text: () => (said === undefined ? source() : `${said}\n\n${source()}`) });
  return EXIT.done;
}
