// The query of GET /v2/orders.
import * as z from "zod";
import { Side } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { describeIssue } from "./order-request.ts";
import type { OrderQuery } from "./store.ts";

const ORDERS_DEFAULT = 50;
const ORDERS_MAX = 500;

/** An RFC 3339 time, or a date for its midnight UTC. */
const Moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: "must be an RFC 3339 time or a date",
});

const notSupported = z.undefined({ error: "is not supported by this venue" }).optional();

const ListQuery = z.object({
  status: z.enum(["open", "closed", "all"]).default("open"),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, { error: `must be a number from 1 to ${ORDERS_MAX}` })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= ORDERS_MAX, { error: `must be a number from 1 to ${ORDERS_MAX}` })
    .default(ORDERS_DEFAULT),
  after: Moment.optional(),
  until: Moment.optional(),
  direction: z.enum(["asc", "desc"]).default("desc"),
  side: Side.optional(),
  symbols: z.string().optional(),
  before_order_id: notSupported,
  after_order_id: notSupported,
});

/** Reads the query; the error is a sentence for the client. Parameters that Alpaca does not have are ignored. */
export function readListQuery(query: URLSearchParams): Result<OrderQuery, string> {
  const parsed = ListQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) return err(describeIssue(parsed.error));
  const { status, limit, direction, side, after, until, symbols } = parsed.data;
  return ok({
    status,
    limit,
    direction,
    side,
    symbols: symbols === undefined || symbols === "" ? undefined : splitSymbols(symbols),
    afterMs: after === undefined ? undefined : Date.parse(after),
    untilMs: until === undefined ? undefined : Date.parse(until),
  });
}

/** `AAPL,MSFT` as a list. */
export const splitSymbols = (list: string): string[] => list.split(",").map((symbol) => symbol.trim());
