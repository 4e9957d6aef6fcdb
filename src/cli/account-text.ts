// A trading account as people read it.
import { type Paint, type Tone, printable } from "./screen.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { AccountView } from "./views.ts";

const STATUS_TONES: Readonly<Record<string, Tone>> = { active: "good", disabled: "doubtful", deleted: "faint" };
const MODE_TONES: Readonly<Record<string, Tone>> = { shadow: "faint" };

/** A line per account. */
export function formatAccounts(accounts: readonly AccountView[], paint: Paint): string {
  if (accounts.length === 0) return "No accounts.";
  const columns = [
    { title: "ACCOUNT" },
    { title: "BROKER" },
    { title: "STATUS" },
    { title: "MODE" },
    { title: "POLICY", align: "right" },
    { title: "KEY" },
    { title: "NAME" },
  ] as const;
  const rows = accounts.map((account): readonly Cell[] => [
    account.id,
    account.connection.broker,
    toned(account.status, STATUS_TONES),
    toned(account.mode ?? "", MODE_TONES),
    `v${account.policy_version}`,
    account.credentials?.key_id ?? "",
    account.name ?? "",
  ]);
  return formatTable(columns, rows, paint);
}

/** Everything about one account, and below it its policy, whatever that says. */
export function formatAccount(account: AccountView, paint: Paint): string {
  const { connection, credentials, policy } = account;
  const { broker, ...place } = connection;
  const fields = formatFields(
    [
      ["account", { text: account.id, tone: "strong" }],
      ["name", account.name],
      ["status", toned(account.status, STATUS_TONES)],
      ["mode", account.mode === undefined ? null : toned(account.mode, MODE_TONES)],
      ["broker", broker],
      ...Object.entries(place).map(([name, value]): [string, Cell] => [name, describe(value)]),
      ["key", credentials?.key_id],
      ["key taken", credentials?.checked_at],
      ["broker's account", credentials?.venue_account],
      ["minimum origin", account.minimum_origin],
      ["created", account.created_at],
      ["changed", account.changed_at],
    ],
    paint,
  );
  const rules = formatFields(
    [
      ["policy", `version ${account.policy_version}`],
      ...Object.entries(policy).map(([name, value]): [string, Cell] => [name, describe(value)]),
    ],
    paint,
  );
  return `${fields}\n\n${rules}`;
}

/** The settings that a new policy has not taken over from the one before, and what they are now, if there are any. */
export function formatLeftOut(before: AccountView, after: AccountView, given: unknown): string | undefined {
  const isGiven = (setting: string) => typeof given === "object" && given !== null && Object.hasOwn(given, setting);
  const leftOut = Object.keys(before.policy)
    .filter((name) => !isGiven(name))
    .map((name) => ({ name, was: describeIn(before.policy, name), is: describeIn(after.policy, name) }))
    .filter(({ was, is }) => was !== is);
  if (leftOut.length === 0) return undefined;
  return [
    "The policy is replaced whole. The one before had these settings, and the new one leaves them out:",
    ...leftOut.map(({ name, is }) => `  ${printable(name)}: ${printable(is)}`),
    "A limit that is not set denies every entry.",
  ].join("\n");
}

const describeIn = (policy: Readonly<Record<string, unknown>>, name: string): string =>
  Object.hasOwn(policy, name) ? describe(policy[name]) || "none" : "not set";

function toned(text: string, tones: Readonly<Record<string, Tone>>): Cell {
  const tone = Object.hasOwn(tones, text) ? tones[text] : undefined;
  return tone === undefined ? text : { text, tone };
}

function describe(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.map((item) => describe(item)).join(", ") : JSON.stringify(value);
}
