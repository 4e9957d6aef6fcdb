// Approval links: an address in which somebody who may approve orders has passed that on, for one order. It acts as whoever made it,
// and is sealed for the order, so that nothing of it can be changed and nothing of it has to be stored.
import * as z from "zod";
import type { Config } from "../config.ts";
import type { Directory } from "../directory/directory.ts";
import { type Principal, mayUse } from "../domain/access.ts";
import { ApiKeyId } from "../domain/api-key.ts";
import { nameOf } from "../domain/cloudflare-access.ts";
import { type OrderId, accountOf } from "../domain/ids.ts";
import { parseJson } from "../domain/json.ts";
import { type Result, assert, err, ok } from "../domain/result.ts";
import { grants } from "../domain/scope.ts";
import { open, seal } from "../vault/envelope.ts";
import { keyringOf } from "../vault/keyring.ts";
import { approvalLinkPlace } from "../vault/places.ts";

const Content = z.strictObject({
  kind: z.enum(["api_key", "operator"]),
  id: z.string(),
  /** By which name they are looked up again. */
  person: z.string(),
  expires_at: z.iso.datetime(),
});

/** Who acts, as the audit log names them. */
export type LinkBearer = Pick<Principal, "kind" | "id">;

type Maker = LinkBearer & Pick<Principal, "person">;

/** `not_sealed`: nobody has made such a link for this order. */
export type LinkRefusal = "not_sealed" | "expired" | "maker_gone";

/** The secret part of the address. */
export async function makeApprovalLink(
  order: OrderId,
  { kind, id, person }: Maker,
  { config, expiresAt }: { readonly config: Config; readonly expiresAt: string },
): Promise<string> {
  const keyring = await keyringOf(config.CREDENTIALS_ENCRYPTION_KEYS);
  const sealed = await seal(
    keyring,
    approvalLinkPlace(order),
    JSON.stringify({ kind, id, person, expires_at: expiresAt }),
  );
  assert(sealed.ok, "a principal's name is a text that can be sealed");
  return sealed.value;
}

/** Who made the link, if they may still approve this order. Throws when D1 cannot be reached. */
export async function openApprovalLink(
  order: OrderId,
  token: string,
  { config, directory, nowMs }: { readonly config: Config; readonly directory: Directory; readonly nowMs: number },
): Promise<Result<LinkBearer, LinkRefusal>> {
  const keyring = await keyringOf(config.CREDENTIALS_ENCRYPTION_KEYS);
  const opened = await open(keyring, approvalLinkPlace(order), token);
  const json = opened.ok ? parseJson(opened.value) : undefined;
  const content = json?.ok === true ? Content.safeParse(json.value) : undefined;
  if (content?.success !== true) return err("not_sealed");
  const { expires_at: expiresAt, ...maker } = content.data;
  if (Date.parse(expiresAt) <= nowMs) return err("expired");
  const rights = await rightsOf(maker, { config, directory, nowMs });
  const isGood = rights !== undefined && grants(rights.scopes, "orders:approve") && mayUse(rights, accountOf(order));
  return isGood ? ok({ kind: maker.kind, id: maker.id }) : err("maker_gone");
}

const EVERYTHING = { scopes: ["orders:approve"], accounts: null } as const;

/** What the maker of a link may do now. One who is bound to addresses may do nothing by a link. */
async function rightsOf(
  { kind, id, person }: Maker,
  { config, directory, nowMs }: { readonly config: Config; readonly directory: Directory; readonly nowMs: number },
): Promise<Pick<Principal, "scopes" | "accounts"> | undefined> {
  // The first key is in the settings, and where no key is asked for, anybody may approve anyway.
  if (id === "bootstrap" || (id === "anybody" && !config.API_KEY_ENABLED)) return EVERYTHING;
  if (kind === "operator") return config.CLOUDFLARE_ACCESS?.operators.find((listed) => nameOf(listed) === person);
  const keyId = ApiKeyId.safeParse(id.split("/")[1]);
  const key = keyId.success ? (await directory.refresh()).apiKeys.get(keyId.data)?.key : undefined;
  const isGood =
    key?.status === "active" &&
    key.addresses.length === 0 &&
    (key.expires_at === null || Date.parse(key.expires_at) > nowMs);
  return isGood ? key : undefined;
}
