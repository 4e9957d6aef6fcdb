// An order as people read it.
import { describeSpan } from "./age.ts";
import type { Paint, Tone } from "./screen.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { OrderView } from "./views.ts";

const BAD = new Set(["denied", "rejected"]);
const IN_DOUBT = new Set(["unknown", "needs_operator"]);

/** Like `buy 10 AAPL limit 187.25 gtc tp 200 sl 180`. A leg says which one it is. */
export function describeTerms(order: OrderView): string {
  const { side, symbol, type, quantity, notional, limit_price: limit, stop_price: stop } = order;
  const amount = quantity === undefined ? [symbol, "for", notional ?? "?"] : [quantity, symbol];
  const prices = [stop === undefined ? [] : ["stop", stop], limit === undefined ? [] : ["limit", limit]].flat();
  const hours = order["extended_hours"] === true ? ["extended hours"] : [];
  const terms = [side, ...amount, ...(prices.length === 0 ? [type] : prices), order.time_in_force, ...hours];
  return [...terms, ...describeLegs(order), ...describeLeg(order)].join(" ");
}

/** What is to close the position again, in the words of the text format. */
function describeLegs({ take_profit: profit, stop_loss: loss }: OrderView): readonly string[] {
  return [
    ...(profit === undefined ? [] : ["tp", profit.limit_price]),
    ...(loss === undefined ? [] : ["sl", loss.stop_price]),
    ...(loss?.limit_price === undefined ? [] : ["limit", loss.limit_price]),
  ];
}

function describeLeg({ parent, stop_price: stop }: OrderView): readonly string[] {
  if (parent === undefined) return [];
  return [stop === undefined ? "(take profit)" : "(stop loss)"];
}

/** How its price and quantity came about, where that takes more than to read the quantity. */
export const describeArithmetic = ({ arithmetic, quantity }: OrderView): string | undefined =>
  arithmetic === quantity ? undefined : arithmetic;

/** The ways in which an order ends without all that was asked for. */
const ENDED_SHORT: ReadonlySet<string> = new Set(["denied", "shadowed", "canceled", "replaced", "rejected", "expired"]);

/** Like `canceled, 4 filled` or `denied: declined`; nothing while it can go on, or where it is filled. */
export function describeShortEnd(order: OrderView): string | undefined {
  const { status, filled_quantity: filled, reason, replaced_by: successor } = order;
  if (!ENDED_SHORT.has(status)) return undefined;
  const parts = [filled === "0" ? [] : `${filled} filled`, successor === null ? [] : `replaced by ${successor}`].flat();
  return `${[status, ...parts].join(", ")}${reason === null ? "" : `: ${reason.code}`}`;
}

/** The status, and beside it what keeps anybody from relying on it. */
export function describeStatus({ status, delivery, outcome, cancel_requested_at: cancel }: OrderView): Cell {
  const doubt = IN_DOUBT.has(delivery) ? delivery : outcome === "unknown" ? "outcome unknown" : undefined;
  if (doubt !== undefined) return { text: `${status}, ${doubt}`, tone: "doubtful" };
  const waiting = delivery === "waiting" || delivery === "held" ? `, ${delivery}` : "";
  const canceling = cancel !== null && status !== "canceled" ? ", cancel wanted" : "";
  const text = `${status}${waiting}${canceling}`;
  const tone: Tone | undefined = status === "filled" ? "good" : BAD.has(status) ? "bad" : undefined;
  return tone === undefined ? text : { text, tone };
}

/** Everything about one order, with every rule's verdict. */
export const formatOrder = (order: OrderView, paint: Paint): string => formatWith(order.verdicts, order, paint);

/** The same, of the verdicts only those that did not let it pass. */
export const formatOrderBriefly = (order: OrderView, paint: Paint): string =>
  formatWith(
    order.verdicts.filter(({ passed }) => !passed),
    order,
    paint,
  );

function formatWith(verdicts: OrderView["verdicts"], order: OrderView, paint: Paint): string {
  const { average_price: average, reason, attempts } = order;
  const fields = formatFields(
    [
      ["order", { text: order.id, tone: "strong" }],
      ["status", describeStatus(order)],
      ["reason", reason === null ? null : [reason.code, reason.detail ?? []].flat().join(": ")],
      ["wanted", describeTerms(order)],
      ["worked out", describeArithmetic(order)],
      ["filled", average === null ? order.filled_quantity : `${order.filled_quantity} at ${average}`],
      ["account", order.account],
      ["source", order.source],
      ["client order id", order.client_order_id],
      ["broker's id", order.venue_order_id],
      ["delivery", `${order.delivery}, ${attempts} ${attempts === 1 ? "attempt" : "attempts"}`],
      ["held until", order.hold?.expires_at ?? null],
      ["owner", order.hold?.owner ?? null],
      ["word of", describeWord(order)],
      ["replaces", order.replaces],
      ["replaced by", order.replaced_by],
      ["leg of", order.parent],
      ["legs", order.legs?.join(", ")],
      ["cancel wanted", order.cancel_requested_at],
      ["created", order.created_at],
      ["updated", order.updated_at],
      ["request id", order.request_id],
    ],
    paint,
  );
  return verdicts.length === 0 ? fields : `${fields}\n\n${formatVerdicts(verdicts, paint)}`;
}

function describeWord({ hold }: OrderView): string | null {
  if (hold?.decided == null) return null;
  const { by, at, reason } = hold.decided;
  return [`${by}, ${shortTime(at)}`, reason ?? []].flat().join(": ");
}

function formatVerdicts(verdicts: OrderView["verdicts"], paint: Paint): string {
  const columns = [{ title: "RULE" }, { title: "SAYS" }, { title: "MEASURED" }, { title: "LIMIT" }, { title: "WHY" }];
  const rows = verdicts.map(({ rule, passed, input, limit, reason }): readonly Cell[] => [
    rule,
    passed ? { text: "pass", tone: "good" } : { text: "FAIL", tone: "bad" },
    withSpan(input),
    limit ?? "not set",
    reason ?? "",
  ]);
  return formatTable(columns, rows, paint);
}

/** Seconds, which the limit beside them is in, and behind them what nobody reads out of so many. */
const withSpan = (input: string): string =>
  input.replace(/\b(\d+(?:\.\d+)?) s old$/, (text, seconds: string) => {
    const span = describeSpan(Number(seconds) * 1000);
    return span.endsWith(" s") ? text : `${Math.floor(Number(seconds))} s (${span}) old`;
  });

/** A line per order. */
export function formatOrders(orders: readonly OrderView[], paint: Paint): string {
  if (orders.length === 0) return "No orders.";
  const columns = [
    { title: "CREATED" },
    { title: "ORDER" },
    { title: "WANTED" },
    { title: "STATUS" },
    { title: "FILLED", align: "right" },
    { title: "AT", align: "right" },
    { title: "REASON" },
  ] as const;
  const rows = orders.map((order): readonly Cell[] => [
    shortTime(order.created_at),
    order.id,
    describeTerms(order),
    describeStatus(order),
    order.filled_quantity,
    order.average_price ?? "",
    order.reason?.code ?? "",
  ]);
  return formatTable(columns, rows, paint);
}

/** To the second, which is what a reader of a list needs. */
export const shortTime = (time: string): string => time.replace(/\.\d+Z$/, "Z");
