// Everything that is known in the end, from every side: what the senders heard, what the gateway says, what the public record
// says, what the venue's books say.
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import type { Order } from "../../src/domain/order.ts";
import type { Api, Execution, Features, Portfolio } from "./api.ts";
import type { AuditTail } from "./audit-tail.ts";
import type { Books, Mischief } from "./books.ts";
import type { Sent } from "./ledger.ts";
import type { VenueProcess } from "./venue-process.ts";

export type AccountEvidence = {
  readonly account: string;
  readonly orders: readonly Order[];
  readonly books: Books;
  readonly audit: readonly AuditEntry[];
  /** `undefined` where the gateway has no such route. */
  readonly executions: readonly Execution[] | undefined;
  readonly portfolio: Portfolio | undefined;
};

export type Evidence = {
  readonly accounts: readonly AccountEvidence[];
  readonly sent: readonly Sent[];
  readonly mischief: Mischief;
};

export type Witnesses = {
  readonly api: Api;
  readonly features: Features;
  readonly audit: AuditTail;
  readonly venue: VenueProcess;
  readonly sent: readonly Sent[];
};

export async function collectEvidence(accounts: readonly string[], witnesses: Witnesses): Promise<Evidence> {
  const { api, features, audit, venue, sent } = witnesses;
  const { accounts: books, mischief } = await venue.ask({ ask: "books" });
  await audit.pull();
  const collected: AccountEvidence[] = [];
  for (const account of accounts) {
    collected.push({
      account,
      orders: await api.orders(account),
      books: books[account] ?? { orders: [], positions: {}, executions: [] },
      audit: audit.entries(account),
      executions: features.executions ? await api.executions(account) : undefined,
      portfolio: features.portfolio ? await api.portfolio(account) : undefined,
    });
  }
  return { accounts: collected, sent, mischief };
}
