// What became of a signal that was more than one order, as people read it.
import { formatOrders } from "./order-text.ts";
import { type Paint, type Tone, printable } from "./screen.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { ReceiptView } from "./views.ts";

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
    ...formatCanceled(steps),
  ].join("\n\n");
}

/** The orders that are asked to be canceled. They may protect a position, and then nothing else does. */
function formatCanceled(steps: ReceiptView["steps"]): readonly string[] {
  const ids = [...canceledIn(steps)];
  if (ids.length === 0) return [];
  const asked = `${ids.length} ${ids.length === 1 ? "order is" : "orders are"} asked to be canceled`;
  const isWish = steps.some(({ action, canceled }) => action === "cancel" && canceled.length > 0);
  const loss = isWish ? "; a take profit or a stop loss among them protects its position no more" : "";
  return [`${asked}${loss}:\n\n${ids.map((id) => `  ${printable(id)}`).join("\n")}`];
}

/** Each once, whichever step wants it gone. */
export const canceledIn = (steps: ReceiptView["steps"]): ReadonlySet<string> =>
  new Set(steps.flatMap(({ canceled }) => canceled));

/** A line per thing that was asked for, of one receipt or of several accounts'. */
export function formatSteps(receipts: readonly Pick<ReceiptView, "account" | "steps">[], paint: Paint): string {
  const columns = [
    { title: "ACCOUNT" },
    { title: "WANTED" },
    { title: "SYMBOL" },
    { title: "OUTCOME" },
    { title: "WHY" },
  ];
  const rows = receipts.flatMap(({ account, steps }) =>
    steps.map(({ action, symbol, outcome, code, detail, stop }): readonly Cell[] => [
      account,
      action,
      symbol ?? "",
      outcomeOf(outcome),
      stop === null
        ? [code, detail].filter((text) => text !== null && text !== outcome).join(": ")
        : `${stop.state}, stop ${stop.id}`,
    ]),
  );
  return formatTable(columns, rows, paint);
}

function outcomeOf(outcome: string): Cell {
  const tone = Object.hasOwn(TONES, outcome) ? TONES[outcome] : undefined;
  return tone === undefined ? outcome : { text: outcome, tone };
}
