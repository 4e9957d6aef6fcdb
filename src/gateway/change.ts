// One change of the configuration: what becomes of the tables, what goes on the record, and what the one who asked is told.
import type { AuditEventType } from "../domain/audit-entry.ts";
import type { Result } from "../domain/result.ts";
import type { Database } from "../storage/client.ts";
import type { Caller } from "../account/caller.ts";
import type { Statement } from "../storage/client.ts";

export type ChangeContext = {
  readonly database: Database;
  readonly caller: Caller;
  readonly now: Date;
};

/** It is so already; whoever has to know of it is told once more. */
type Unchanged<T> = { readonly answer: T };

export type Change<T = unknown> = {
  readonly statements: readonly [Statement, ...Statement[]];
  readonly event: { readonly type: AuditEventType; readonly data: Readonly<Record<string, unknown>> };
  readonly answer: T;
};

/** Reads what is there and says what to change, or why not. Nothing else changes between the reading and the change. */
export type Plan<T, E> = (context: ChangeContext) => Promise<Result<Change<T> | Unchanged<T>, E>>;

/** There is nothing with this id, or there is already. */
export type Missing = { readonly reason: "not_there" };
export type Taken = { readonly reason: "id_taken" };
