// An account's tables in an SQLite of this process, behind the two types of the Workers runtime that the account's files name.
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { MIGRATIONS, migrate } from "../../../src/account/migrations.ts";

declare global {
  /** The part of the runtime's type that the account's files use. */
  interface SqlStorage {
    exec<T = Record<string, unknown>>(
      query: string,
      ...values: SQLInputValue[]
    ): { toArray(): T[]; one(): T; readonly rowsWritten: number };
  }
  interface DurableObjectStorage {
    readonly sql: SqlStorage;
    transactionSync<T>(change: () => T): T;
  }
}

/** All of the change, or nothing of it. May be nested. */
export function transactionSync<T>(sql: SqlStorage, change: () => T): T {
  sql.exec("SAVEPOINT change");
  try {
    const result = change();
    sql.exec("RELEASE change");
    return result;
  } catch (thrown) {
    sql.exec("ROLLBACK TO change");
    sql.exec("RELEASE change");
    throw thrown;
  }
}

/** Fresh, empty tables: all of them, or those that there were after these migrations. */
export function openSqlStorage(migrations = MIGRATIONS): SqlStorage {
  const database = new DatabaseSync(":memory:");
  const statements = new Map<string, StatementSync>();
  const prepare = (query: string): StatementSync => {
    const statement = statements.get(query) ?? database.prepare(query);
    statements.set(query, statement);
    return statement;
  };
  const run = (query: string, values: readonly SQLInputValue[]): { rows: unknown[]; rowsWritten: number } => {
    if (/^\s*(SELECT|EXPLAIN)/i.test(query)) return { rows: prepare(query).all(...values), rowsWritten: 0 };
    if (/\bRETURNING\b/i.test(query)) {
      const rows = prepare(query).all(...values);
      return { rows, rowsWritten: rows.length };
    }
    if (values.length > 0) return { rows: [], rowsWritten: Number(prepare(query).run(...values).changes) };
    // A prepared statement is one statement; a migration is several.
    database.exec(query);
    return { rows: [], rowsWritten: Number(database.prepare("SELECT changes() AS n").get()?.["n"] ?? 0) };
  };
  const sql: SqlStorage = {
    exec<T>(query: string, ...values: SQLInputValue[]) {
      const { rows, rowsWritten } = run(query, values);
      const toArray = () => rows as T[];
      return {
        toArray,
        rowsWritten,
        one() {
          const [row, ...more] = toArray();
          if (row === undefined || more.length > 0) throw new Error(`expected one row, got ${rows.length}`);
          return row;
        },
      };
    },
  };
  migrate({ sql, transactionSync: (change) => change() }, migrations);
  return sql;
}
