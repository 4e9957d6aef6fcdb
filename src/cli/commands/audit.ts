// sallyport audit: the newest entries of an account's public record, or all of them.
import { list, PAGE_MAX, readPage } from "../api.ts";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readOne,
  readWhole,
  refuseMore,
  refuseOthers,
} from "../arguments.ts";
import { readTail } from "../audit-tail.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, Failure, UsageFault } from "../failure.ts";
import { shortTime } from "../order-text.ts";
import { type Paint, type Screen, printable } from "../screen.ts";
import { type Connection, readConnection } from "../settings.ts";
import { type Cell, formatTable } from "../table.ts";
import { verifyFile } from "../verify-record.ts";
import { EntryView, EventView } from "../views.ts";

const COUNT = 20;

const USAGE = `usage: npx sallyport audit [--account ID] [--order ORDER] [--symbol SYMBOL] [--type TYPE]
                           [--from TIME] [--to TIME] [--limit N | --all] [--events]
       npx sallyport audit verify FILE

The newest entries of the audit log, oldest first, or those about one order. With --json each entry
is what the gateway keeps, its event as the exact text that was hashed. verify reads a file that
audit --all --events has written, and says whether every entry follows the one before it, or which
is the first that does not. It asks nobody, and needs no gateway (docs/audit-log.md).

  --account ID         the trading account (default: the gateway's default account)
  --order ORDER        entries about this order
  --symbol SYMBOL      entries about this symbol
  --type TYPE          entries of this type, such as order.filled
  --from TIME          from this time on, such as 2026-01-15T14:30:00Z
  --to TIME            before this time
  --limit N            the last so many, ${PAGE_MAX} at most (default ${COUNT})
  --all                all of them; without a filter that is the whole chain
  --events             the events alone, each as the exact text that was hashed, one in a line
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars.

  npx sallyport audit
  npx sallyport audit --order paper_0192f3a4-… --all
  npx sallyport audit --type order.rejected --from 2026-01-15T00:00:00Z --limit 100
  npx sallyport audit --all --events > paper.ndjson
  npx sallyport audit verify paper.ndjson`;

export const audit: Command = { summary: "the newest entries of the audit log, or all", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    account: { type: "string" },
    order: { type: "string" },
    symbol: { type: "string" },
    type: { type: "string" },
    from: { type: "string" },
    to: { type: "string" },
    limit: { type: "string" },
    all: { type: "boolean" },
    events: { type: "boolean" },
  });
  const [action, ...rest] = positionals;
  if (action === "verify") {
    refuseOthers("audit verify", values);
    return verify(readOne("FILE", rest), screen);
  }
  refuseMore(positionals);
  if (values.events === true && values.json === true) throw new UsageFault("Give --events or --json");
  if (values.all === true && values.limit !== undefined) throw new UsageFault("Give --limit or --all");
  const { account, order, symbol, type, from, to } = values;
  const query = { account, order_id: order, symbol, type, from, to };
  const count = readWhole("--limit", values.limit ?? String(COUNT), { min: 1, max: PAGE_MAX });
  const connection = readConnection(values, env);
  const entries = values.all === true ? await readAll(connection, query) : await readLast(connection, query, count);
  const text = values.events === true ? formatEvents : formatEntries;
  screen.show({ document: entries, text: () => text(entries, screen.paint) });
  return EXIT.done;
}

async function verify(path: string, screen: Screen): Promise<ExitCode> {
  const verified = await verifyFile(path, screen.progress);
  const { chain, entries, head } = verified;
  screen.show({
    document: verified,
    text: () =>
      `${screen.paint("good", "✓")} ${entries} entries of ${printable(chain)}, every one follows the one before it.\n` +
      `The last hash is ${head}`,
  });
  screen.hint(
    "\nNothing was changed or taken out between them. That nothing is missing at the end, and that not all of it was written\n" +
      "anew, shows in a hash that somebody else has kept.",
  );
  return EXIT.done;
}

/** Nothing but the texts: a file of them is what was hashed, line by line. */
const formatEvents = (entries: readonly EntryView[]): string => entries.map(({ event }) => event).join("\n");

type Filters = Readonly<Record<string, string | undefined>>;

const LOG = { path: "/v1/audit", field: "entries" };

const readAll = (connection: Connection, query: Filters): Promise<readonly EntryView[]> =>
  list(connection, { ...LOG, query, count: Infinity }, EntryView);

async function readLast(connection: Connection, query: Filters, count: number): Promise<readonly EntryView[]> {
  const readAfter = async (cursor: number) => {
    const page = await readPage(connection, { ...LOG, query: { ...query, cursor, limit: count } }, EntryView);
    return { items: page.items, nextCursor: page.nextCursor === null ? null : Number(page.nextCursor) };
  };
  return readTail(readAfter, ({ seq }) => seq, count);
}

function formatEntries(entries: readonly EntryView[], paint: Paint): string {
  if (entries.length === 0) return "No entries.";
  const columns = [
    { title: "SEQ", align: "right" },
    { title: "TIME" },
    { title: "TYPE" },
    { title: "BY" },
    { title: "RESULT" },
    { title: "SYMBOL" },
    { title: "ORDER" },
  ] as const;
  const rows = entries.map((entry): readonly Cell[] => {
    const { time, type, actor, result, symbol, order_id: order } = eventOf(entry);
    return [
      String(entry.seq),
      shortTime(time),
      type,
      `${actor.kind} ${actor.id}`,
      result.ok ? result.code : { text: result.code, tone: "bad" },
      symbol ?? "",
      order ?? "",
    ];
  });
  return formatTable(columns, rows, paint);
}

function eventOf({ event, seq }: EntryView): EventView {
  try {
    return EventView.parse(JSON.parse(event));
  } catch (cause) {
    throw new Failure(`Entry ${seq} cannot be read; --json shows it as it is.`, { cause });
  }
}
