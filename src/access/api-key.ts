// Who holds an API key: it is found by its public id, and compared by its hash.
import { encodeUtf8 } from "../crypto/encoding.ts";
import { equalSecrets } from "../crypto/equal.ts";
import { sha256Hex } from "../crypto/hash.ts";
import type { Directory, Known } from "../directory/directory.ts";
import type { ApiKey } from "../domain/access.ts";
import { type ApiKeyId, readApiKey } from "../domain/api-key.ts";
import { isAllowed } from "../domain/client-address.ts";
import { type Result, err, ok } from "../domain/result.ts";

export type ApiKeyRefusal =
  | "not_an_api_key"
  | "mistyped"
  | "other_environment"
  | "unknown"
  | "mismatch"
  | "disabled"
  | "deleted"
  | "expired"
  | "address_not_allowed";

type Place = { readonly environment: string; readonly directory: Directory; readonly clientIp: string | null };

/** The key as it is known, if it is good here and now. Throws when D1 cannot be reached. */
export async function verifyApiKey(
  text: string,
  { environment, directory, clientIp }: Place,
): Promise<Result<ApiKey, ApiKeyRefusal>> {
  const read = readApiKey(text);
  if (!read.ok) return err(read.error.reason);
  if (read.value.environment !== environment) return err("other_environment");
  const { id } = read.value;
  const judged = judge(text, id, await directory.current(), clientIp);
  // A key may be new, or good again: D1 is asked once more, at most once a second.
  return judged.ok ? judged : judge(text, id, await directory.lookAgain(), clientIp);
}

/** Whether the text is a key that is good now, as far as the directory knows. */
function judge(text: string, id: ApiKeyId, { apiKeys }: Known, clientIp: string | null): Result<ApiKey, ApiKeyRefusal> {
  const stored = apiKeys.get(id);
  if (stored === undefined) return err("unknown");
  const { key, sha256 } = stored;
  if (!equalSecrets(sha256Hex(encodeUtf8(text)), sha256)) return err("mismatch");
  if (key.status !== "active") return err(key.status);
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) return err("expired");
  const isHere = key.addresses.length === 0 || isAllowed(key.addresses, clientIp);
  return isHere ? ok(key) : err("address_not_allowed");
}
