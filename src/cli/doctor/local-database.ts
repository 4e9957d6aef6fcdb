// The database of a gateway on this machine, while none runs: whether it has had every migration there is.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Check, counted, listed, passed, warned } from "../../domain/check.ts";
import { GatewayError } from "../gateway-error.ts";
import { lockState } from "../state-lock.ts";
import { PROJECT } from "./project.ts";

/** Where `wrangler dev` keeps D1, below its state. */
const D1_DIR = join("v3", "d1", "miniflare-D1DatabaseObject");

const CHECK = "local.database";

/** `npm start` makes the database and applies what is missing, so nothing here is a failure. */
export function checkLocalDatabase(stateDir: string): Check {
  const directory = join(stateDir, D1_DIR);
  if (!existsSync(directory)) return passed(CHECK, "There is none yet; npm start makes it.");
  const applied = whileNobodyWorksOn(stateDir, () => readAppliedMigrations(directory));
  if (applied === undefined) return passed(CHECK, "A gateway works on it, and is asked itself.");
  return compareMigrations(migrationFiles(), applied);
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

function readAppliedMigrations(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".sqlite"))
    .flatMap((name) => readNoted(join(directory, name)));
}

/** Beside the database there is a file of wrangler's own, which has no migrations. */
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
