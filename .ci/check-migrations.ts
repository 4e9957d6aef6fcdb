// Fails when migrations/ does not say what src/storage/schema.ts says, or says it in a spelling that remote D1 cannot read.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const DIR = "migrations";
const sqlFiles = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith(".sql"));

const copy = mkdtempSync(join(tmpdir(), "sallyport-migrations-"));
try {
  cpSync(DIR, copy, { recursive: true });
  // drizzle-kit writes "./" before the folder, and exits with 0 when it fails: so a relative path, and a look at what it says.
  const out = relative(".", copy);
  const flags = ["--dialect", "sqlite", "--schema", "src/storage/schema.ts", "--out", out, "--name", "drift"];
  const drizzleKit = join("node_modules", "drizzle-kit", "bin.cjs");
  const said = execFileSync(process.execPath, [drizzleKit, "generate", ...flags], { encoding: "utf8" });
  const drift = sqlFiles(copy).filter((name) => !sqlFiles(DIR).includes(name));
  if (drift.length > 0) {
    fail(
      `the schema has changes no migration makes; run npm run migrations:\n${readFileSync(join(copy, drift[0] ?? ""), "utf8")}`,
    );
  }
  if (!said.includes("No schema changes")) fail(`drizzle-kit could not compare:\n${said}`);
} finally {
  rmSync(copy, { recursive: true });
}

for (const name of sqlFiles(DIR)) {
  const text = readFileSync(join(DIR, name), "utf8");
  if (text.includes("\r")) fail(`${name}: line ends must be LF`);
  for (const line of text.split("\n").filter((candidate) => /create\s+trigger/i.test(candidate))) {
    if (!/^CREATE TRIGGER IF NOT EXISTS .* BEGIN [^;]*; END;$/.test(line) || /\bCASE\b/i.test(line)) {
      fail(`${name}: a trigger is one line, one statement, BEGIN and END in upper case, no CASE:\n${line}`);
    }
  }
}
console.log(`migrations: ${sqlFiles(DIR).length} files, in step with the schema`);

function fail(message: string): never {
  throw new Error(`migrations: ${message}`);
}
