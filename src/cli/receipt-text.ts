// What became of a signal that was more than one order, as people read it.
import { adviseOn } from "./advice.ts";
import { formatWaiting, isHeld } from "./approval-text.ts";
import { describeArithmetic, describeShortEnd, formatOrders } from "./order-text.ts";
import { type Paint, type Tone, printable } from "./screen.ts";
import type { ConnectionOptions } from "./settings.ts";
import { describeReachOfStep } from "./stop-reach.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { OrderView, ReceiptView } from "./views.ts";

const TONES: Readonly<Record<string, Tone>> = {
  ordered: "good",
  done: "good",
  waiting: "doubtful",
  working: "doubtful",
  failed: "bad",
};

/** Each thing that it asked for, the orders that came of it, and the fields that were not regarded. */
export function formatReceipt(receipt: ReceiptView, paint: Paint): string {
  const { steps, orders, notices } = receipt;
  const fields = formatFields(
    [
      ["signal", { text: receipt.id, tone: "strong" }],
      ["account", receipt.account],
      ["source", receipt.source],
      ["format", receipt.format],
      ["created", receipt.created_at],
      ["request id", receipt.request_id],
      ...notices.map(({ pointer, message }): [string, Cell] => ["notice", [pointer, message].join(" ").trim()]),
    ],
    paint,
  );
  return [
    fields,
    formatSteps([receipt], paint),
    ...(orders.length === 0 ? [] : [formatOrders(orders, paint)]),
    ...formatArithmetic(orders),
    ...formatCanceled(steps),
  ].join("\n\n");
}

/** What is left to a person: orders that wait for one, and what stood in the way of the others. */
export const formatToDo = (receipt: ReceiptView, options: ConnectionOptions): readonly string[] => [
  ...receipt.orders.filter(isHeld).map((order) => formatWaiting(order, options)),
  ...adviseOn(
    [...receipt.steps.map(({ code }) => code), ...receipt.orders.map(({ reason }) => reason?.code)],
    receipt,
    options,
  ),
];

/** How prices and quantities came about that the signal did not name itself. */
function formatArithmetic(orders: ReceiptView["orders"]): readonly string[] {
  const lines = orders.flatMap((order) => {
    const arithmetic = describeArithmetic(order);
    return arithmetic === undefined ? [] : [`  ${printable(order.id)}: ${printable(arithmetic)}`];
  });
  return lines.length === 0 ? [] : [`How it was worked out:\n\n${lines.join("\n")}`];
}

/** The orders that are asked to be canceled. They may protect a position, and then nothing else does. */
function formatCanceled(steps: ReceiptView["steps"]): readonly string[] {
  const ids = [...canceledIn(steps)];
  if (ids.length === 0) return [];
  const asked = `${ids.length} ${ids.length === 1 ? "order is" : "orders are"} asked to be canceled`;
  // Where the gateway does not tell them from others, it may be any of them. Whatever else cancels one puts something in its place.
  const exits = steps.flatMap(({ action, canceled, canceled_exits: those = canceled }) =>
    action === "cancel" ? those : [],
  );
  const loss =
    exits.length > 0 ? "; a take profit, a stop loss or another exit among them protects its position no more" : "";
  return [`${asked}${loss}:\n\n${ids.map((id) => `  ${printable(id)}`).join("\n")}`];
}

/** Each once, whichever step wants it gone. */
export const canceledIn = (steps: ReceiptView["steps"]): ReadonlySet<string> =>
  new Set(steps.flatMap(({ canceled }) => canceled));

/** A line per thing that was asked for, of one receipt or of several accounts'. */
export function formatSteps(
  receipts: readonly Pick<ReceiptView, "account" | "steps" | "orders">[],
  paint: Paint,
): string {
  const columns = [
    { title: "ACCOUNT" },
    { title: "WANTED" },
    { title: "SYMBOL" },
    { title: "OUTCOME" },
    { title: "WHY" },
  ];
  const rows = receipts.flatMap(({ account, steps, orders }) =>
    steps.map((step): readonly Cell[] => [
      account,
      step.action,
      step.symbol ?? "",
      outcomeOf(step.outcome),
      whyOf(step, orders),
    ]),
  );
  return formatTable(columns, rows, paint);
}

type StepView = ReceiptView["steps"][number];

/** Why it has ended, or what it waits for; of an order that has ended meanwhile also how. */
function whyOf(step: StepView, orders: readonly OrderView[]): string {
  const { outcome, code, detail, stop } = step;
  if (stop !== null) {
    const whom = describeReachOfStep(stop);
    return `${stop.state}, stop ${stop.id}${whom === undefined ? "" : ` of ${whom}`}`;
  }
  const said = [code, detail].filter((text) => text !== null && text !== outcome).join(": ");
  return [said, howItStands(step, orders) ?? []].flat().filter(Boolean).join("; ");
}

/** As far as the receipt tells. */
function howItStands({ outcome, symbol, orders: ids }: StepView, orders: readonly OrderView[]): string | undefined {
  const last = orders.find(({ id }) => id === ids.at(-1));
  switch (outcome) {
    case "waiting":
      return `what is asked for before it${symbol === null ? "" : ` in ${symbol}`} is not settled yet`;
    case "working":
      if (ids.length === 0) return "other orders have to end first, or the broker has to say what is held";
      return last !== undefined && isHeld(last) ? "its order waits for a person" : undefined;
    case "ordered": {
      const end = last === undefined ? undefined : describeShortEnd(last);
      return end === undefined ? undefined : `its order is ${end}`;
    }
    default:
      return undefined;
  }
}

function outcomeOf(outcome: string): Cell {
  const tone = Object.hasOwn(TONES, outcome) ? TONES[outcome] : undefined;
  return tone === undefined ? outcome : { text: outcome, tone };
}
