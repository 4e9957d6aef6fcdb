// The database of a gateway on this machine, while none runs: whether it has had every migration there is.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Check, counted, failed, listed, passed, warned } from "../../domain/check.ts";
import { GatewayError } from "../gateway-error.ts";
import { shellQuote } from "../shell-quote.ts";
import { lockState } from "../state-lock.ts";
import { PROJECT } from "./project.ts";

/** Where `wrangler dev` keeps D1, below its state. */
const D1_DIR = join("v3", "d1", "miniflare-D1DatabaseObject");

const CHECK = "local.database";

/** `npm start` makes the database and applies what is missing, so only one that cannot be read is a failure. */
export function checkLocalDatabase(stateDir: string): Check {
  try {
    const files = databaseFiles(join(stateDir, D1_DIR));
    if (files.length === 0) return passed(CHECK, "There is none yet; npm start makes it.");
    const applied = whileNobodyWorksOn(stateDir, () => files.flatMap(readNoted));
    if (applied === undefined) return passed(CHECK, "A gateway works on it, and is asked itself.");
    return compareMigrations(migrationFiles(), applied);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown) return unreadable(thrown, stateDir);
    throw thrown;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: what is in the file is wrong, https://sqlite.org/rescode.html. */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26]);

/** The system's error, or SQLite's. */
function unreadable(error: Error & { readonly errcode?: unknown }, stateDir: string): Check {
  const place = shellQuote(stateDir);
  return DAMAGED.has(error.errcode)
    ? failed(
        CHECK,
        `A file of it is damaged: ${error.message}.`,
        `Put a copy from before in the place of ${place}, or start over with another --state.`,
      )
    : failed(
        CHECK,
        `It cannot be looked at: ${error.message}.`,
        `ls -lR ${place} shows whose it is: do this as that user, or name another with --state.`,
      );
}

/** `applied` by name, also of migrations that this version does not know. */
export function compareMigrations(files: readonly string[], applied: readonly string[]): Check {
  const missing = files.filter((name) => !applied.includes(name));
  const unknown = applied.filter((name) => !files.includes(name));
  if (missing.length > 0) {
    return warned(
      CHECK,
      `${counted(missing.length, "migration")} not applied: ${listed(missing)}.`,
      "npm start applies them.",
    );
  }
  if (unknown.length > 0) {
    return warned(
      CHECK,
      `It comes from a newer version: ${listed(unknown)}.`,
      "Go back to that version, or start with another --state.",
    );
  }
  return passed(CHECK, `All ${counted(files.length, "migration")} are applied.`);
}

const migrationFiles = (): string[] =>
  readdirSync(join(PROJECT, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort();

/** `undefined` while a gateway has the state. */
function whileNobodyWorksOn<T>(stateDir: string, look: () => T): T | undefined {
  try {
    const lock = lockState(stateDir);
    try {
      return look();
    } finally {
      lock.release();
    }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return undefined;
    throw thrown;
  }
}

/** None where nothing has been made yet. */
function databaseFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".sqlite"))
      .map((name) => join(directory, name));
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return [];
    throw thrown;
  }
}

/** The migrations that a file notes. Beside the database there is a file of wrangler's own, which has none. */
function readNoted(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const hasNotes = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'").get() !== undefined;
    const rows = hasNotes ? database.prepare("SELECT name FROM d1_migrations").all() : [];
    return rows.map(({ name }) => String(name));
  } finally {
    database.close();
  }
}
