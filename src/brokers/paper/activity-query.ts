// The queries of GET /v2/account/activities and GET /v2/account/activities/{type}. The venue keeps trades and no other
// activities: there are no fees, no dividends and no transfers.
import * as z from "zod";
import { type Result, err, ok } from "../../domain/result.ts";
import { describeIssue } from "./order-request.ts";
import { Direction, Moment, PageSize, notSupported } from "./query.ts";
import type { ExecutionQuery } from "./store.ts";

const ACTIVITIES_MAX = 100;

const ActivityTypes = z
  .string()
  .regex(/^[A-Z]{2,8}(,[A-Z]{2,8})*$/, { error: "must be types of activities like FILL" });

const ActivityQuery = z.object({
  activity_types: ActivityTypes.default("FILL"),
  after: Moment.optional(),
  until: Moment.optional(),
  direction: Direction,
  page_size: PageSize(ACTIVITIES_MAX).default(ACTIVITIES_MAX),
  page_token: z.string().optional(),
  date: notSupported,
  category: notSupported,
});

/**
 * Reads the query; the error is a sentence for the client. `null`: activities of other types only, of which there are none.
 * `type` is the one in the path.
 */
export function readActivityQuery(query: URLSearchParams, type?: string): Result<ExecutionQuery | null, string> {
  const types = type === undefined ? {} : { activity_types: type };
  const parsed = ActivityQuery.safeParse({ ...Object.fromEntries(query), ...types });
  if (!parsed.success) return err(describeIssue(parsed.error));
  const { activity_types, after, until, direction, page_size, page_token } = parsed.data;
  if (!activity_types.split(",").includes("FILL")) return ok(null);
  return ok({ afterMs: after, untilMs: until, continueAfterId: page_token, direction, limit: page_size });
}
