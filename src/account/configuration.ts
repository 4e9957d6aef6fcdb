// What the account's object goes by: its own copy of what the operator has set. It decides by this copy alone, so it decides
// also while D1 is away, and what it has not been told does not bind it.
import type { AccountConfiguration } from "../domain/account.ts";
import type { AccountId, SourceId } from "../domain/ids.ts";
import { assert } from "../domain/result.ts";
import { append } from "./journal.ts";

export function readConfiguration(sql: SqlStorage): AccountConfiguration | undefined {
  const row = sql.exec<{ configuration: string }>("SELECT configuration FROM configuration").toArray()[0];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a configuration
  return row === undefined ? undefined : (JSON.parse(row.configuration) as AccountConfiguration);
}

/** Goes by a newer configuration from now on, and says so on the record. An older one that arrives late changes nothing. */
export function adoptConfiguration(
  sql: SqlStorage,
  account: AccountId,
  configuration: AccountConfiguration,
  context: { readonly nowMs: number; readonly requestId: string },
): void {
  const before = readConfiguration(sql);
  if (before !== undefined && before.revision >= configuration.revision) return;
  // Positions, orders and nonces are those of one place: taken to another, a paper holding would let a real sale through.
  assert(before === undefined || isSamePlace(before, configuration), "an account was given another place at a broker");
  sql.exec("INSERT OR REPLACE INTO configuration (id, configuration) VALUES (1, ?)", JSON.stringify(configuration));
  const { sealed_credentials: _, ...shown } = configuration;
  append(sql, account, {
    time: new Date(context.nowMs).toISOString(),
    type: "account.configured",
    actor: { kind: "gateway", id: account },
    request_id: context.requestId,
    client_ip: null,
    order_id: null,
    symbol: null,
    result: { ok: true, code: configuration.status },
    data: shown,
  });
}

const isSamePlace = (a: AccountConfiguration, b: AccountConfiguration): boolean =>
  JSON.stringify(a.connection) === JSON.stringify(b.connection);

/** The least revision of a source that may still send here; 0 where nobody has said. */
export const leastRevisionOf = (sql: SqlStorage, source: SourceId): number =>
  sql.exec<{ revision: number }>("SELECT revision FROM source_floors WHERE source = ?", source).toArray()[0]
    ?.revision ?? 0;

/** Only ever goes up: of two changes, the word of the later one may come first. */
export function requireRevision(sql: SqlStorage, source: SourceId, revision: number): void {
  sql.exec(
    `INSERT INTO source_floors (source, revision) VALUES (?, ?)
     ON CONFLICT (source) DO UPDATE SET revision = excluded.revision WHERE excluded.revision > source_floors.revision`,
    source,
    revision,
  );
}
