// What several tests of the administration do.
import type { Source } from "../../../src/domain/source.ts";
import { call, hmacHex } from "./gateway.ts";

export const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };

/** Ids are never used again. */
export const idOf = (prefix: string): string => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;

export type MadeSource = { source: Source; secret: { id: string; secret: string }; untold_accounts?: string[] };

export async function make<T>(path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const response = await call("POST", path, { body, headers });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** A signed order as its source sends it. */
export async function signed(source: string, secret: string, body: object = BUY): Promise<Response> {
  const text = JSON.stringify(body);
  const timestamp = new Date().toISOString();
  const nonce = crypto.randomUUID();
  const mac = await hmacHex(secret, `v1\n${timestamp}\n${nonce}\n`, text);
  const headers = { "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": `v1=${mac}`, "X-API-Key": "" };
  return call("POST", `/webhooks/${source}`, { body: text, headers });
}
