// Whether D1 is what this code was written for. Pure.
import type { Config } from "../config.ts";
import { MIGRATIONS, type Structure, TRIGGERS } from "../storage/migrations.ts";
import { counted, failed, listed, passed, warned } from "../domain/check.ts";
import type { GatewayCheck } from "./gateway-checks.ts";

type Environment = Config["ENVIRONMENT"];

/** Those that this version needs and the database has not had. */
export const missingMigrations = ({ migrations }: Pick<Structure, "migrations">): readonly string[] =>
  MIGRATIONS.filter((name) => !migrations.includes(name));

export function checkMigrations(structure: Pick<Structure, "migrations">, environment: Environment): GatewayCheck {
  const missing = missingMigrations(structure);
  if (missing.length > 0) {
    return failed(
      "database.migrations",
      `${counted(missing.length, "migration")} of ${MIGRATIONS.length} not applied: ${listed(missing)}. What the tables hold was not looked at.`,
      environment === "development"
        ? "Stop the gateway and start it with npm start, which applies them."
        : "npx wrangler d1 migrations apply DB --env production --remote",
    );
  }
  const known: readonly string[] = MIGRATIONS;
  const unknown = structure.migrations.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    return warned(
      "database.migrations",
      `The database is ahead of this version: ${listed(unknown)}.`,
      "Deploy the version that these migrations belong to, or the one after.",
    );
  }
  return passed("database.migrations", `All ${MIGRATIONS.length} are applied.`);
}

/**
 * The rules that keep the audit log and the names of things append-only stand in triggers, and a trigger can be dropped. Those of
 * a migration that is not applied cannot have been.
 */
export function checkTriggers({ migrations, triggers }: Structure, environment: Environment): GatewayCheck {
  const expected = Object.entries(TRIGGERS).filter(([, migration]) => migrations.includes(migration));
  const missing = expected.filter(([name]) => !triggers.includes(name));
  if (missing.length === 0) {
    return passed("database.triggers", `${counted(expected.length, "trigger")} guard what is append-only.`);
  }
  const files = [...new Set(missing.map(([, migration]) => migration))];
  const where = environment === "development" ? "--local" : "--env production --remote";
  const commands = files.map((file) => `npx wrangler d1 execute DB ${where} --file migrations/${file}`);
  return failed(
    "database.triggers",
    `Somebody has dropped what keeps records from being changed: ${listed(missing.map(([name]) => name))}.`,
    `${commands.join(" && ")}; then follow the chain (docs/audit-log.md), and find out who has been there.`,
  );
}
