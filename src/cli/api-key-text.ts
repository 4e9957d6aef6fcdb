// An API key as people read it: never the key itself.
import { shortTime } from "./order-text.ts";
import type { Paint } from "./screen.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { ApiKeyView } from "./views.ts";

/** A line per key. */
export function formatApiKeys(keys: readonly ApiKeyView[], paint: Paint, nowMs: number): string {
  if (keys.length === 0) return "No API keys.";
  const columns = [
    { title: "KEY" },
    { title: "OWNER" },
    { title: "STATUS" },
    { title: "SCOPES" },
    { title: "ACCOUNTS" },
    { title: "LAST USED" },
    { title: "EXPIRES" },
  ];
  const rows = keys.map((key): readonly Cell[] => [
    key.id,
    key.owner,
    describeStatus(key, nowMs),
    key.scopes.join(" "),
    describeAccounts(key),
    key.last_used_at === null ? "never" : shortTime(key.last_used_at),
    key.expires_at === null ? "never" : shortTime(key.expires_at),
  ]);
  return formatTable(columns, rows, paint);
}

/** Everything about one key. */
export const formatApiKey = (key: ApiKeyView, paint: Paint, nowMs: number): string =>
  formatFields(
    [
      ["key", { text: key.id, tone: "strong" }],
      ["owner", key.owner],
      ["status", describeStatus(key, nowMs)],
      ["scopes", key.scopes.join(" ")],
      ["accounts", describeAccounts(key)],
      ["addresses", key.addresses.length === 0 ? "anywhere" : key.addresses.join(" ")],
      ["expires", key.expires_at ?? "never"],
      ["last used", key.last_used_at ?? "never"],
      ["created", `${key.created_at} by ${key.created_by}`],
      ["changed", key.changed_at],
    ],
    paint,
  );

/** Whether it opens anything, and whether it should go on doing so. */
function describeStatus({ status, expires_at: expiresAt, rotation_due: isDue }: ApiKeyView, nowMs: number): Cell {
  if (status === "deleted") return { text: status, tone: "faint" };
  if (expiresAt !== null && Date.parse(expiresAt) <= nowMs) return { text: `${status}, expired`, tone: "doubtful" };
  if (status !== "active") return { text: status, tone: "doubtful" };
  return isDue ? { text: "active, rotation due", tone: "doubtful" } : { text: status, tone: "good" };
}

const describeAccounts = ({ accounts }: ApiKeyView): string => (accounts === null ? "all" : accounts.join(" "));
