// Trading, stopped, as people read it: what stands still, what is still on its way, and how to let it go again.
import { nextCommand } from "./next-command.ts";
import { shortTime } from "./order-text.ts";
import { formatSteps } from "./receipt-text.ts";
import { type Paint, type Tone, printable } from "./screen.ts";
import type { ConnectionOptions } from "./settings.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { ReceiptView, StopView, StoppedView } from "./views.ts";

const STATES: Readonly<Record<string, { readonly tone: Tone; readonly says: string }>> = {
  reducing: { tone: "doubtful", says: "exits pass, and cancels" },
  halted: { tone: "bad", says: "nothing passes but cancels" },
};

/** Like `source momentum in AAPL at account paper`. */
export function describeReach({ account, source, symbol }: StopView): string {
  return [
    source === null ? "everything" : `source ${source}`,
    symbol === null ? [] : `in ${symbol}`,
    account === null ? [] : `at account ${account}`,
  ]
    .flat()
    .join(" ");
}

type Circumstances = {
  /** How often it took to ask. */
  readonly times: number;
  readonly options: ConnectionOptions;
};

/** What is stopped, what that means for orders in each account, and the way back. */
export function formatStopped(
  { stop, accounts }: StoppedView,
  { times, options }: Circumstances,
  paint: Paint,
): string {
  const [sent] = accounts.flatMap(({ on_the_wire: ids }) => ids);
  return [
    `${paint("strong", `Stopped: ${printable(describeReach(stop))}.`)}\n\n${formatStop(stop, paint)}`,
    accounts.length === 0 ? "No account goes by it yet; those to come will." : formatReached(accounts, paint),
    ...formatFlattened(accounts, options, paint),
    ...(times === 1 ? [] : ["It was asked for more than once; what ended in between is not counted."]),
    ...(sent === undefined
      ? []
      : [
          "What is on the wire had left before, without an answer yet, and may be filled. Look at each:\n\n" +
            `  ${nextCommand("orders show", [sent], options)}`,
        ]),
    formatWayBack(stop.id, options),
  ].join("\n\n");
}

const formatWayBack = (id: string, options: ConnectionOptions): string =>
  `Release it:\n\n  ${nextCommand("release", [id], options)}`;

/** What a signal has stopped, as its receipt tells, and the way back; nothing where it has stopped nothing. */
export function formatStopsOf({ steps }: Pick<ReceiptView, "steps">, options: ConnectionOptions): readonly string[] {
  return steps
    .flatMap(({ stop }) => stop ?? [])
    .map(({ id, state }) => {
      const says = meaningOf(state);
      const stopped = `Stop ${printable(id)} is in force until a person releases it${says === undefined ? "" : `: ${says}`}.`;
      return `${stopped} ${formatWayBack(id, options)}`;
    });
}

/** A line per account, and one more for each further order on the wire. */
function formatReached(accounts: StoppedView["accounts"], paint: Paint): string {
  const columns = [{ title: "ACCOUNT" }, { title: "TO CANCEL", align: "right" }, { title: "ON THE WIRE" }] as const;
  const rows = accounts.flatMap(({ account, canceled, on_the_wire: ids }): readonly (readonly Cell[])[] => {
    const [first = "", ...others] = ids.map((id): Cell => ({ text: id, tone: "doubtful" }));
    return [[account, String(canceled), first], ...others.map((id) => ["", "", id])];
  });
  return formatTable(columns, rows, paint);
}

/** Each position that is being closed, and those that stay, which somebody has to look after. */
function formatFlattened(
  accounts: StoppedView["accounts"],
  options: ConnectionOptions,
  paint: Paint,
): readonly string[] {
  const receipts = accounts.flatMap(({ flattened }) => flattened ?? []);
  if (receipts.length === 0) return [];
  const closing = receipts.map((receipt) => ({
    ...receipt,
    steps: receipt.steps.filter(({ symbol }) => symbol !== null),
  }));
  const [first] = closing.filter(({ steps }) => steps.length > 0);
  if (first === undefined) return ["Nothing is held there: there is no position to close."];
  return [
    formatSteps(closing, paint),
    `It goes on by itself. Read how each account fares:\n\n  ${nextCommand("signals show", [first.id], options)}`,
  ];
}

/** What no longer stops anything; others may. */
export const formatReleased = (stop: StopView, options: ConnectionOptions, paint: Paint): string =>
  [
    `${paint("strong", `Released: ${printable(describeReach(stop))}.`)} What it has ended stays ended.`,
    formatStop(stop, paint, `released, ${stop.state} until now`),
    `Other stops may still be in force:\n\n  ${nextCommand("stops", [], options)}`,
  ].join("\n\n");

/** A line per stop. */
export function formatStops(stops: readonly StopView[], paint: Paint): string {
  if (stops.length === 0) return "Nothing is stopped.";
  const columns = [
    { title: "SINCE" },
    { title: "STOP" },
    { title: "WHAT" },
    { title: "STATE" },
    { title: "LEVEL" },
    { title: "BY" },
    { title: "REASON" },
  ];
  const rows = stops.map((stop): readonly Cell[] => [
    shortTime(stop.set_at),
    stop.id,
    describeReach(stop),
    stateOf(stop),
    stop.level,
    stop.set_by,
    stop.reason,
  ]);
  return formatTable(columns, rows, paint);
}

/** Beside the list, which may lack a stop. */
export const describeUnread = (accounts: readonly string[]): string =>
  `What is stopped only at ${accounts.map(printable).join(", ")} is missing: no answer came in time. Ask again.`;

function formatStop(stop: StopView, paint: Paint, state = describeState(stop)): string {
  return formatFields(
    [
      ["stop", { text: stop.id, tone: "strong" }],
      ["state", state],
      ["reason", stop.reason],
      ["by", stop.set_by],
      ["level", stop.level],
      ["since", stop.set_at],
    ],
    paint,
  );
}

function describeState({ state }: StopView): string {
  const says = meaningOf(state);
  return says === undefined ? state : `${state}: ${says}`;
}

const meaningOf = (state: string): string | undefined =>
  Object.hasOwn(STATES, state) ? STATES[state]?.says : undefined;

function stateOf({ state }: StopView): Cell {
  const tone = Object.hasOwn(STATES, state) ? STATES[state]?.tone : undefined;
  return tone === undefined ? state : { text: state, tone };
}
