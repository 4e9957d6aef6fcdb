// Talks to the Worker the way a sender and a reader do. The signer is its own: it knows the documentation, not the code.
import { env, exports } from "cloudflare:workers";
import type { AuditEntry, AuditEvent } from "../../../src/domain/audit-entry.ts";
import type { Order } from "../../../src/domain/order.ts";

export const OLD_SECRET = "test-only-hmac-secret-old-0123456789";
export const NEW_SECRET = "test-only-hmac-secret-new-0123456789";
const API_KEY = "test-only-bootstrap-api-key-0123456789";
const ORIGIN = "https://gateway.test";

/** Somebody who has asked nothing before: failures and limits are counted by address. */
export const anAddress = (): string => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint16Array(2));
  return `2001:db8:${high.toString(16)}:${low.toString(16)}::1`;
};

export type Signed = { body: string | Uint8Array<ArrayBuffer>; headers: Record<string, string> };

const bytesOf = (body: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  typeof body === "string" ? (new TextEncoder().encode(body) as Uint8Array<ArrayBuffer>) : body;

export async function hmacHex(secret: string, ...parts: (string | Uint8Array<ArrayBuffer>)[]): Promise<string> {
  const key = await crypto.subtle.importKey("raw", bytesOf(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const tag = await crypto.subtle.sign("HMAC", key, await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(tag), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

type SignOptions = {
  secret?: string;
  at?: Date;
  nonce?: string;
  scheme?: "v1" | "sha256";
  headers?: Record<string, string>;
};

/** A signed request over `body`: an object is sent as JSON, text and bytes as they are. */
export async function sign(
  body: object | string | Uint8Array<ArrayBuffer>,
  options: SignOptions = {},
): Promise<Signed> {
  const { secret = NEW_SECRET, at = new Date(), nonce = crypto.randomUUID(), scheme = "v1" } = options;
  const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const timestamp = at.toISOString();
  const prefix = scheme === "v1" ? `v1\n${timestamp}\n${nonce}\n` : "";
  return {
    body: raw,
    headers: {
      "X-Timestamp": timestamp,
      "X-Nonce": nonce,
      "X-Signature": `${scheme}=${await hmacHex(secret, prefix, raw)}`,
      "CF-Connecting-IP": anAddress(),
      ...options.headers,
    },
  };
}

export const post = (request: Signed, source = "default"): Promise<Response> =>
  exports.default.fetch(`${ORIGIN}/webhooks/${source}`, {
    method: "POST",
    body: request.body,
    headers: request.headers,
  });

export const send = async (body: object | string, options: SignOptions = {}): Promise<Response> =>
  post(await sign(body, options));

/** Sends an order and waits for the broker's word. */
export async function sendOrder(body: object, options: SignOptions = {}): Promise<Order> {
  const response = await send(body, { ...options, headers: { Prefer: "wait=5", ...options.headers } });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return response.json();
}

export const get = (path: string, headers: Record<string, string> = { "X-API-Key": API_KEY }): Promise<Response> =>
  exports.default.fetch(`${ORIGIN}${path}`, { headers: { "CF-Connecting-IP": anAddress(), ...headers } });

export const put = (path: string, body: object): Promise<Response> =>
  exports.default.fetch(`${ORIGIN}${path}`, {
    method: "PUT",
    body: JSON.stringify(body),
    headers: { "CF-Connecting-IP": anAddress(), "X-API-Key": API_KEY, "Content-Type": "application/json" },
  });

type Call = { body?: object | string; headers?: Record<string, string> };

/** A request with the API key: an object is sent as JSON, text as it is. */
export const call = (method: string, path: string, { body, headers }: Call = {}): Promise<Response> =>
  exports.default.fetch(`${ORIGIN}${path}`, {
    method,
    headers: { "CF-Connecting-IP": anAddress(), "X-API-Key": API_KEY, ...headers },
    body: body === undefined || typeof body === "string" ? (body ?? null) : JSON.stringify(body),
  });

/** Places an order with the API key, under an id of its own, and waits for the broker's word. */
export async function placeOrder(body: object): Promise<Order> {
  const headers = { "Idempotency-Key": crypto.randomUUID(), Prefer: "wait=5" };
  const response = await call("POST", "/v1/orders", { body, headers });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return response.json();
}

/** The order as the embedded venue has it, in the venue's words. */
export async function atVenue({ account, venue_order_id: id }: Order): Promise<Record<string, unknown>> {
  const headers = { "APCA-API-KEY-ID": "embedded", "APCA-API-SECRET-KEY": "embedded" };
  return (await env.PAPER_VENUES_DO.getByName(account).fetch(`https://venue.test/v2/orders/${id}`, { headers })).json();
}

export async function listOrders(account = "paper"): Promise<Order[]> {
  const page: { orders: Order[] } = await (await get(`/v1/orders?account=${account}&limit=200`)).json();
  return page.orders;
}

export const readOrder = async (id: string): Promise<Order> => (await get(`/v1/orders/${id}`)).json();

export async function readAudit(query = ""): Promise<{ entry: AuditEntry; event: AuditEvent }[]> {
  const page: { entries: AuditEntry[] } = await (await get(`/v1/audit?limit=200${query}`)).json();
  return page.entries.map((entry) => ({ entry, event: JSON.parse(entry.event) as AuditEvent }));
}

/** Looks again until `look` finds something; the platform's timers run in real time. */
export async function eventually<T>(look: () => Promise<T | undefined>, patienceMs = 8_000): Promise<T> {
  const deadlineMs = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadlineMs) throw new Error("nothing was found in time");
    await scheduler.wait(50);
  }
}

export const settled = (id: string, status: Order["status"]): Promise<Order> =>
  eventually(async () => {
    const order = await readOrder(id);
    return order.status === status ? order : undefined;
  });
