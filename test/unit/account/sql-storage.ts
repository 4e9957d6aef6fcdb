// An account's tables in an SQLite of this process, behind the two types of the Workers runtime that the account's files name.
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { migrate } from "../../../src/account/migrations.ts";

declare global {
  /** The part of the runtime's type that the account's files use. */
  interface SqlStorage {
    exec<T = Record<string, unknown>>(query: string, ...values: SQLInputValue[]): { toArray(): T[]; one(): T };
  }
  interface DurableObjectStorage {
    readonly sql: SqlStorage;
    transactionSync<T>(change: () => T): T;
  }
}

/** Fresh, empty tables. */
export function openSqlStorage(): SqlStorage {
  const database = new DatabaseSync(":memory:");
  const statements = new Map<string, StatementSync>();
  const prepare = (query: string): StatementSync => {
    const statement = statements.get(query) ?? database.prepare(query);
    statements.set(query, statement);
    return statement;
  };
  const sql: SqlStorage = {
    exec<T>(query: string, ...values: SQLInputValue[]) {
      const rows = isScript(query, values) ? runScript(database, query) : prepare(query).all(...values);
      const toArray = () => rows as T[];
      return {
        toArray,
        one() {
          const [row, ...more] = toArray();
          if (row === undefined || more.length > 0) throw new Error(`expected one row, got ${rows.length}`);
          return row;
        },
      };
    },
  };
  migrate({ sql, transactionSync: (change) => change() });
  return sql;
}

/** A prepared statement is one statement; a migration is several. */
const isScript = (query: string, values: readonly SQLInputValue[]): boolean =>
  values.length === 0 && !/^\s*SELECT/i.test(query);

function runScript(database: DatabaseSync, query: string): never[] {
  database.exec(query);
  return [];
}
