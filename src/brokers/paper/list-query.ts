// The query of GET /v2/orders.
import * as z from "zod";
import { Side } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { describeIssue } from "./order-request.ts";
import { Direction, Moment, Nested, PageSize } from "./query.ts";
import type { OrderQuery } from "./store.ts";

const ORDERS_DEFAULT = 50;
const ORDERS_MAX = 500;

const ListQuery = z
  .object({
    status: z.enum(["open", "closed", "all"]).default("open"),
    limit: PageSize(ORDERS_MAX).default(ORDERS_DEFAULT),
    after: Moment.optional(),
    until: Moment.optional(),
    direction: Direction,
    side: Side.optional(),
    symbols: z.string().optional(),
    before_order_id: z.string().optional(),
    after_order_id: z.string().optional(),
    nested: Nested,
  })
  .superRefine(({ after, until, before_order_id, after_order_id }, context) => {
    const refuse = (path: string, other: string) =>
      context.addIssue({ code: "custom", path: [path], message: `cannot be combined with ${other}` });
    if (after_order_id !== undefined && before_order_id !== undefined) refuse("after_order_id", "before_order_id");
    const isByTime = after !== undefined || until !== undefined;
    if (after_order_id !== undefined && isByTime) refuse("after_order_id", "after or until");
    if (before_order_id !== undefined && isByTime) refuse("before_order_id", "after or until");
  });

/** Reads the query; the error is a sentence for the client. Parameters that Alpaca does not have are ignored. */
export function readListQuery(query: URLSearchParams): Result<OrderQuery, string> {
  const parsed = ListQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) return err(describeIssue(parsed.error));
  const { status, limit, direction, side, after, until, symbols, after_order_id, before_order_id, nested } =
    parsed.data;
  return ok({
    status,
    limit,
    direction,
    side,
    symbols: symbols === undefined || symbols === "" ? undefined : splitSymbols(symbols),
    afterMs: after,
    untilMs: until,
    afterOrderId: after_order_id,
    beforeOrderId: before_order_id,
    nested,
  });
}

/** `AAPL,MSFT` as a list. */
export const splitSymbols = (list: string): string[] => list.split(",").map((symbol) => symbol.trim());
