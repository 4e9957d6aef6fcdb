// API keys as the gateway's API has them, for the commands that make and change them.
import * as z from "zod";
import { looksLikeApiKey } from "../domain/api-key.ts";
import { readOne } from "./arguments.ts";
import { UsageFault } from "./failure.ts";
import { ApiKeyView } from "./views.ts";

export const API_KEYS_PATH = "/v1/api-keys";

/** The answer to making one: its terms, and the key itself, this once. */
export const NewApiKey = z.looseObject({ api_key: ApiKeyView, key: z.string() });

/** The path of the one key that is named. Whoever gives the key itself has by now shown it to every user of this machine. */
export function apiKeyPath(positionals: readonly string[]): string {
  const id = readOne("KEY", positionals);
  if (looksLikeApiKey(id)) {
    throw new UsageFault("KEY is the id of a key, not the key itself. That one has been seen now: make another one.");
  }
  return `${API_KEYS_PATH}/${encodeURIComponent(id)}`;
}
