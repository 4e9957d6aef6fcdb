// Trading, stopped, as people read it: what stands still, what is still on its way, and how to let it go again.
import { nextCommand } from "./next-command.ts";
import { shortTime } from "./order-text.ts";
import { formatSteps } from "./receipt-text.ts";
import { type Paint, type Tone, printable } from "./screen.ts";
import type { ConnectionOptions } from "./settings.ts";
import { describeReach, describeReachOfStep } from "./stop-reach.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { ReceiptView, StopView, StoppedView } from "./views.ts";

const STATES: Readonly<Record<string, { readonly tone: Tone; readonly says: string }>> = {
  reducing: { tone: "doubtful", says: "exits pass, and cancels" },
  halted: { tone: "bad", says: "nothing passes but cancels" },
};

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
export function formatStopsOf(receipt: StoppingReceipt, options: ConnectionOptions): readonly string[] {
  const stops = receipt.steps.flatMap(({ stop }) => stop ?? []);
  const lines = stops.map((stop) => {
    const whom = describeReachOfStep(stop);
    const says = meaningOf(stop.state);
    const stopped = whom === undefined ? "" : `Stopped: ${printable(whom)}. `;
    const until = `Stop ${printable(stop.id)} is in force until a person releases it${says === undefined ? "" : `: ${says}`}.`;
    return `${stopped}${until} ${formatWayBack(stop.id, options)}`;
  });
  return [...lines, ...(stops.some(({ account }) => account === null) ? [formatOtherAccounts(receipt, options)] : [])];
}

type StoppingReceipt = Pick<ReceiptView, "account" | "steps">;

/** A receipt is one account's: of what a stop of everything does in the others it says nothing. */
function formatOtherAccounts({ account, steps }: StoppingReceipt, options: ConnectionOptions): string {
  const isLeft = steps.some(({ action, symbol }) => action === "flatten" && symbol === null);
  const done = isLeft ? "stopped as well, and told to close what they hold" : "stopped as well";
  const look = [
    nextCommand("stops", [], options),
    nextCommand("accounts", [], options),
    nextCommand("portfolio --account ACCOUNT", [], options),
  ];
  return `All other accounts are ${done}; the receipt tells of ${printable(account)} alone. Look at them:\n\n${look.map((command) => `  ${command}`).join("\n")}`;
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
  const commands = closing
    .filter(({ steps }) => steps.length > 0)
    .map(({ id }) => `  ${nextCommand("signals show", [id], options)}`);
  if (commands.length === 0) return ["Nothing is held there: there is no position to close."];
  return [
    formatSteps(closing, paint),
    `It goes on by itself. Read how ${commands.length === 1 ? "it" : "each account"} fares:\n\n${commands.join("\n")}`,
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
