// Makes a second API key with the terms of the first.
import { ask } from "../api.ts";
import { API_KEYS_PATH, NewApiKey } from "../api-keys.ts";
import { EXIT, type ExitCode, Failure } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import type { Screen } from "../screen.ts";
import type { Connection, ConnectionOptions } from "../settings.ts";
import { ApiKeyView } from "../views.ts";

export type KeyRotation = {
  /** The API's path of the key that goes. */
  readonly path: string;
  /** ISO 8601; where there is none, the new key lasts as long as the old one was meant to. */
  readonly expiresAt: string | undefined;
  readonly reason: string | undefined;
};

export async function rotateKey(
  connection: Connection,
  { path, expiresAt, reason }: KeyRotation,
  { options, screen }: { readonly options: ConnectionOptions; readonly screen: Screen },
): Promise<ExitCode> {
  const { body: old } = await ask(connection, { path }, ApiKeyView);
  if (old.status !== "active") throw new Failure(`Key ${old.id} is ${old.status}, and is not replaced by a new one.`);
  const terms = {
    owner: old.owner,
    scopes: old.scopes,
    accounts: old.accounts,
    addresses: old.addresses,
    expires_at: expiresAt ?? nextExpiry(old, Date.now()),
    reason: reason ?? `in the place of ${old.id}`,
  };
  const look = nextCommand("keys", [], options);
  const { body: made } = await ask(connection, { method: "POST", path: API_KEYS_PATH, body: terms, look }, NewApiKey);
  screen.show({ document: made, text: () => made.key });
  screen.hint(adviceOn(made.api_key, old, options));
  return EXIT.done;
}

/** As far from now as the old key's end was from its beginning. */
export function nextExpiry(
  { created_at: createdAt, expires_at: expiresAt }: Pick<ApiKeyView, "created_at" | "expires_at">,
  nowMs: number,
): string | null {
  if (expiresAt === null) return null;
  return new Date(nowMs + (Date.parse(expiresAt) - Date.parse(createdAt))).toISOString();
}

/** What to do with the new key, and how to see that nobody needs the old one. */
function adviceOn(
  { id, owner, expires_at: expiresAt }: ApiKeyView,
  old: ApiKeyView,
  options: ConnectionOptions,
): string {
  const end = expiresAt === null ? "" : `, until ${expiresAt}`;
  return [
    `This is key ${id} of ${owner}, good for what ${old.id} is good for${end}. It is shown this once, and kept nowhere.`,
    `Put it in the place of ${old.id}, and look at when that one was last used:\n\n  ${nextCommand("keys show", [old.id], options)}`,
    `When it has gone quiet:\n\n  ${nextCommand("keys delete", [old.id], options)}`,
    `If the new one has got lost on the way, delete that one instead:\n\n  ${nextCommand("keys delete", [id], options)}`,
  ].join("\n\n");
}
