// GET /v1/audit: the public record of one account, as the exact texts that were hashed.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { AuditEvent, AuditEventType } from "../../domain/audit-entry.ts";
import { GATEWAY_CHAIN } from "../../domain/account.ts";
import { AccountId } from "../../domain/ids.ts";
import { Symbol } from "../../domain/order.ts";
import { queryEntries } from "../../storage/audit-log.ts";
import { openDatabase } from "../../storage/client.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { NO_CURSOR, PageLimit } from "../page.ts";
import { refuse } from "../problem.ts";

const AuditEntry = z
  .object({
    chain: z.string().meta({ description: "The account, or `gateway`." }),
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
  ...guarded(["audit:read"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
      chain: z
        .literal(GATEWAY_CHAIN)
        .optional()
        .meta({
          description:
            "In place of an account: what belongs to none, such as every change of accounts, sources and keys. For keys that are " +
            "good for all accounts.",
        }),
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
    ...guardedProblems("not_found", "invalid_request"),
  },
});

export function mountAudit(app: OpenAPIHono<AppEnv>): void {
  // No route answers with it by itself, it stands inside `event` as text.
  app.openAPIRegistry.register("AuditEvent", AuditEvent);
  app.openapi(getAudit, async (c) => {
    const query = c.req.valid("query");
    if (query.chain !== undefined && c.var.principal.accounts !== null) {
      refuse(c, { code: "not_found", detail: "This chain is for keys that are good for all accounts." });
    }
    const chain = query.chain ?? (await knownAccount(c, query.account));
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
