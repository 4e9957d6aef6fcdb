// What is sealed under which encryption key, as an operator reads it after a rotation, and what to do next.
import { nextCommand } from "./next-command.ts";
import { type Paint, printable } from "./screen.ts";
import type { Connection, ConnectionOptions } from "./settings.ts";
import { type Cell, formatTable } from "./table.ts";
import type { VaultView } from "./views.ts";

const SETTING = "CREDENTIALS_ENCRYPTION_KEYS";

export type Rotated = {
  readonly vault: VaultView;
  readonly rewrapped: number;
  /** Rows that are still under another version than the first. */
  readonly left: number;
  /** Those of them that do not open, by table and id. */
  readonly closed: readonly string[];
};

type Circumstances = Pick<Connection, "isLoopback"> & { readonly options: ConnectionOptions };

/** Where everything is now, and what to do next. */
export function formatRotated({ vault, left, closed }: Rotated, circumstances: Circumstances, paint: Paint): string {
  const said =
    left === 0
      ? `Everything is sealed under version ${vault.primary}.`
      : paint("bad", `${left} of what is sealed could not be moved under version ${vault.primary}.`);
  const advice = left === 0 ? adviceOnKeys(vault, circumstances) : adviceOnClosed(closed, circumstances);
  return [said, formatVersions(vault, paint), ...advice].join("\n\n");
}

function formatVersions({ primary, versions }: VaultView, paint: Paint): string {
  const columns = [{ title: "VERSION", align: "right" }, { title: "ROWS", align: "right" }, { title: "KEY" }] as const;
  const rows = versions.map(({ version, rows: count, has_key: hasKey }): readonly Cell[] => {
    const opens: Cell = count === 0 ? { text: "not needed any more", tone: "faint" } : "opens";
    const missing: Cell = { text: "missing", tone: "bad" };
    return [String(version), String(count), version === primary ? "seals" : hasKey ? opens : missing];
  });
  return formatTable(columns, rows, paint);
}

/** Either an old key can go, or there is only one, and a rotation begins with another. */
function adviceOnKeys({ primary, versions }: VaultView, { isLoopback }: Circumstances): readonly string[] {
  const old = versions.flatMap(({ version, has_key: hasKey }) => (hasKey && version !== primary ? [version] : []));
  if (old.length > 0) {
    const take = `Take ${old.length === 1 ? "version" : "versions"} ${old.join(", ")} out of ${SETTING}`;
    const keep = "Keep the key as long as backups of the database from before today: they do not open without it.";
    return isLoopback
      ? [`${take} in .dev.vars, and start the gateway again. ${keep}`]
      : [`${take}. ${keep}`, `  ${putCommand} < ${primary}.key`];
  }
  const next = Math.max(...versions.map(({ version }) => version)) + 1;
  const begin = "There is no other key, so there was nothing to move. To rotate, put a new key in front of this one";
  return isLoopback
    ? [
        `${begin}: what this prints, and a comma. Then start the gateway again, and run this once more.`,
        `  npx sallyport keygen encryption --version ${next}`,
      ]
    : [
        `${begin}, which is in ${primary}.key here, and run this once more.`,
        `  (umask 077; npx sallyport keygen encryption --version ${next} > ${next}.key)\n` +
          `  paste -d, ${next}.key ${primary}.key | ${putCommand}`,
      ];
}

const putCommand = `npx wrangler secret put ${SETTING} --env production`;

function adviceOnClosed(closed: readonly string[], { options }: Circumstances): readonly string[] {
  if (closed.length === 0) return ["It was sealed since this began: run it again."];
  return [
    `These do not open: their key is not in ${SETTING}, or they were damaged.`,
    closed.map((row) => `  ${printable(row)}`).join("\n"),
    "Put their key back behind the first, and run this again. Where it is lost, give the account the broker's key again " +
      "(broker_connections), or the source another secret (source_secrets).",
    `  ${nextCommand("accounts credentials --file FILE", ["ACCOUNT"], options)}\n` +
      `  ${nextCommand("rotate source", ["SOURCE"], options)}`,
  ];
}
