// The SQL store over this process's own SQLite, behind the part of a Durable Object's storage that it uses.
import { DatabaseSync } from "node:sqlite";
import { type SqlStorageLike, openSqlStore } from "../../../../src/brokers/paper/sql-store.ts";
import type { VenueStore } from "../../../../src/brokers/paper/store.ts";

/** A store on an empty database, or on one that was used before. */
export function openSqliteStore(database = new DatabaseSync(":memory:")): VenueStore {
  const storage: SqlStorageLike = {
    sql: {
      exec: (query, ...bindings) => {
        const rows = database.prepare(query).all(...bindings);
        return { toArray: () => rows };
      },
    },
    transactionSync: (work) => {
      database.exec("BEGIN");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (thrown) {
        database.exec("ROLLBACK");
        throw thrown;
      }
    },
  };
  return openSqlStore(storage);
}
