// Orders that wait for a person, as people read them.
import { nextCommand } from "./next-command.ts";
import { describeTerms, formatOrder, shortTime } from "./order-text.ts";
import { type Paint, printable } from "./screen.ts";
import type { ConnectionOptions } from "./settings.ts";
import { type Cell, formatTable } from "./table.ts";
import type { OrderView } from "./views.ts";

/** A line per order, and how to say something about the first. */
export function formatHeld(orders: readonly OrderView[], options: ConnectionOptions, paint: Paint): string {
  const [first] = orders;
  if (first === undefined) return "Nothing is held.";
  const columns = [
    { title: "UNTIL" },
    { title: "ORDER" },
    { title: "WANTED" },
    { title: "PRICE THEN", align: "right" },
    { title: "SOURCE" },
    { title: "OWNER" },
  ] as const;
  const rows = orders.map((order): readonly Cell[] => [
    order.hold === undefined ? "" : shortTime(order.hold.expires_at),
    order.id,
    describeTerms(order),
    order.hold?.price ?? "",
    order.source,
    order.hold?.owner ?? "",
  ]);
  return [formatTable(columns, rows, paint), `Let one leave, or do not:\n\n${wordsOn(first, options)}`].join("\n\n");
}

export const isHeld = ({ delivery }: Pick<OrderView, "delivery">): boolean => delivery === "held";

/** That an order waits for a person, until when, and what says that person's word. */
export const formatWaiting = (order: OrderView, options: ConnectionOptions): string =>
  `${printable(order.id)} waits for a person${untilOf(order)}. Let it leave, or do not:\n\n${wordsOn(order, options)}`;

const wordsOn = ({ id }: OrderView, options: ConnectionOptions): string =>
  ["approve", "decline"].map((word) => `  ${nextCommand(`approvals ${word}`, [id], options)}`).join("\n");

const untilOf = ({ hold }: OrderView): string =>
  hold === undefined ? "" : `, until ${printable(shortTime(hold.expires_at))}, and is not sent after that`;

/** What has been said, and how the order stands. */
export function formatWord(order: OrderView, paint: Paint): string {
  const said = order.status === "denied" ? "Declined: it is never sent." : "Approved: it is on its way.";
  return `${paint("strong", said)}\n\n${formatOrder(order, paint)}`;
}

export const formatLink = ({ url, expires_at: until }: { url: string; expires_at: string }, paint: Paint): string =>
  `${paint("strong", url)}\n\nGood until ${until}, for this order alone. Whoever opens it can approve or decline it.`;
