// GET /v1/audit: the public record of one account, as the exact texts that were hashed.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { AuditEvent, AuditEventType } from "../../domain/audit-entry.ts";
import { AccountId } from "../../domain/ids.ts";
import { Symbol } from "../../domain/order.ts";
import { queryEntries } from "../../storage/audit-log.ts";
import { openDatabase } from "../../storage/client.ts";
import type { AppEnv } from "../env.ts";
import { knownAccount } from "../known-ids.ts";
import { requireApiKey } from "../middleware/require-api-key.ts";
import { NEEDS_API_KEY, jsonOf, problems } from "../openapi.ts";
import { NO_CURSOR, PageLimit } from "../page.ts";

const AuditEntry = z
  .object({
    chain: z.string().meta({ description: "The account." }),
    seq: z.number().int().meta({ description: "1, 2, 3 … without gaps." }),
    hash: z.string().meta({ description: "SHA-256 over a zero byte and the event's text, in hex." }),
    event: z.string().meta({
      description: "The event as the exact JSON text that was hashed; it holds an AuditEvent.",
      contentMediaType: "application/json",
      contentSchema: { $ref: "#/components/schemas/AuditEvent" },
    }),
  })
  .meta({ id: "AuditEntry" });

const AuditPage = z
  .object({ entries: z.array(AuditEntry), next_cursor: z.number().int().nullable() })
  .meta({ id: "AuditPage" });

const getAudit = createRoute({
  method: "get",
  path: "/v1/audit",
  operationId: "listAuditEntries",
  summary: "Read an account's audit log, oldest first",
  description:
    "Entries arrive here moments after they happened. Without filters the pages together are the whole chain, gapless.",
  security: NEEDS_API_KEY,
  middleware: [requireApiKey] as const,
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
      order_id: z.string().max(100).optional(),
      symbol: Symbol.optional(),
      type: AuditEventType.optional(),
      from: z.iso.datetime().optional().meta({ description: "ISO 8601 in UTC, included." }),
      to: z.iso.datetime().optional().meta({ description: "ISO 8601 in UTC, excluded." }),
      cursor: z.coerce
        .number({ error: NO_CURSOR })
        .int({ error: NO_CURSOR })
        .min(0, { error: NO_CURSOR })
        .default(0)
        // Said in full: the generator takes what is coerced for something that may be null.
        .meta({ description: "`next_cursor` of the page before.", type: "integer", minimum: 0, default: 0 }),
      limit: PageLimit,
    }),
  },
  responses: {
    200: jsonOf(AuditPage, "One page. `next_cursor` is null on the last."),
    ...problems("unauthorized", "not_found", "invalid_request", "misconfigured", "unavailable"),
  },
});

export function mountAudit(app: OpenAPIHono<AppEnv>): void {
  // No route answers with it by itself, it stands inside `event` as text.
  app.openAPIRegistry.register("AuditEvent", AuditEvent);
  app.openapi(getAudit, async (c) => {
    const query = c.req.valid("query");
    const chain = knownAccount(c, query.account);
    const found = await queryEntries(openDatabase(c.env.DB), {
      chain,
      orderId: query.order_id,
      symbol: query.symbol,
      type: query.type,
      from: canonicalTime(query.from),
      to: canonicalTime(query.to),
      afterSeq: query.cursor,
      limit: query.limit + 1,
    });
    const entries = found.slice(0, query.limit);
    return c.json({ entries, next_cursor: found.length > query.limit ? (entries.at(-1)?.seq ?? null) : null }, 200);
  });
}

/** Events carry milliseconds; times are compared as text, so a bound has to be spelled the same way. */
const canonicalTime = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();
