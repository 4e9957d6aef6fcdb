// Reads the headers of a signed webhook and says which bytes the signature covers. Knows no key and no clock.
import { type Result, err, ok } from "./result.ts";

/** At most this many signatures in one header: two live keys times two schemes. */
export const SIGNATURES_MAX = 4;
/** How far a sender's clock may run ahead of ours. */
export const CLOCK_SKEW_SEC = 30;
/** The widest window a gateway can be set to. */
export const REPLAY_WINDOW_MAX_SEC = 600;
/** Clocks differ between the isolate that checks a timestamp and the object that remembers its nonce. */
const NONCE_MARGIN_SEC = 270;

/**
 * `v1` signs timestamp, nonce and body. `sha256` signs the body alone, as many existing senders do: its timestamp and
 * nonce prove nothing, so the signature itself may be used only once. `standard_webhooks` signs id, timestamp and body
 * (Standard Webhooks 1.0.0, HMAC; its asymmetric signatures are not read).
 */
export const SIGNATURE_SCHEMES = ["v1", "sha256", "standard_webhooks"] as const;
export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

type Signature =
  | { readonly scheme: "v1" | "sha256"; readonly hex: string }
  | { readonly scheme: "standard_webhooks"; readonly base64: string };

type Signed = {
  readonly signatures: readonly Signature[];
  /** As received: these characters are signed, not the time they stand for. */
  readonly timestamp: string;
  readonly timestampMs: number;
};

type HouseHeaders = Signed & { readonly family: "house"; readonly nonce: string };

type StandardHeaders = Signed & {
  readonly family: "standard_webhooks";
  /** The sender's name for one message. Every attempt to deliver it has this id, and a timestamp of its own. */
  readonly id: string;
};

export type SignedHeaders = HouseHeaders | StandardHeaders;

export type HeaderRefusal =
  /** Headers of two families: one would be checked, and somebody else might go by the other. */
  | { readonly reason: "headers_ambiguous" }
  | { readonly reason: "header_missing"; readonly header: string }
  | { readonly reason: "header_malformed"; readonly header: string }
  /** Well-formed, and none of its signatures is of a kind that is read here. */
  | { readonly reason: "signature_unsupported"; readonly header: string };

export type FreshnessRefusal =
  | { readonly reason: "timestamp_stale"; readonly ageMs: number; readonly windowSec: number }
  | { readonly reason: "timestamp_in_future"; readonly aheadMs: number; readonly skewSec: number };

/** A text for each of the three headers of a family: their names, or what they hold. */
type Trio = { readonly signature: string; readonly timestamp: string; readonly id: string };

const HOUSE: Trio = { signature: "X-Signature", timestamp: "X-Timestamp", id: "X-Nonce" };
const STANDARD: Trio = { signature: "webhook-signature", timestamp: "webhook-timestamp", id: "webhook-id" };
/** Standard Webhooks under the name of the service it comes from. */
const SVIX: Trio = { signature: "svix-signature", timestamp: "svix-timestamp", id: "svix-id" };

const HOUSE_SIGNATURE = /^(v1|sha256)=([0-9a-f]{64})$/;
const HOUSE_TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
/** UUID version 4 (RFC 9562 section 5.4). */
const NONCE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const STANDARD_SIGNATURE = /^([a-z0-9]{1,8}),([^\s,]+)$/;
/** Two bits of the last character stand for nothing; with them set it is a second spelling (RFC 4648 section 3.5). */
const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
/** Unix seconds, from the year 2001 to 2286. */
const STANDARD_TIMESTAMP = /^[1-9]\d{9}$/;
/**
 * The standard asks for an id without a full stop, which is its separator, and says no more; its libraries check nothing.
 * These characters hold the ids of Svix (`msg_` and base62) and UUIDs.
 */
const MESSAGE_ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads the three headers of a signed request: `X-Signature`, `X-Timestamp` and `X-Nonce`, or those of Standard Webhooks.
 * Each has one canonical spelling, checked before any MAC is computed, so that two spellings never share one signature.
 */
export function readSignedHeaders(header: (name: string) => string | undefined): Result<SignedHeaders, HeaderRefusal> {
  const [names = HOUSE, other] = [HOUSE, STANDARD, SVIX].filter((family) =>
    Object.values(family).some((name) => header(name) !== undefined),
  );
  if (other !== undefined) return err({ reason: "headers_ambiguous" });

  const signature = header(names.signature);
  const timestamp = header(names.timestamp);
  const id = header(names.id);
  if (!signature) return err({ reason: "header_missing", header: names.signature });
  if (!timestamp) return err({ reason: "header_missing", header: names.timestamp });
  if (!id) return err({ reason: "header_missing", header: names.id });
  const read = names === HOUSE ? readHouse : readStandard;
  return read(names, { signature, timestamp, id });
}

function readHouse(names: Trio, { signature, timestamp, id }: Trio): Result<HouseHeaders, HeaderRefusal> {
  const signatures = readHouseSignatures(signature);
  if (signatures === undefined) return err({ reason: "header_malformed", header: names.signature });
  const timestampMs = readHouseTimestamp(timestamp);
  if (timestampMs === undefined) return err({ reason: "header_malformed", header: names.timestamp });
  if (!NONCE.test(id)) return err({ reason: "header_malformed", header: names.id });
  return ok({ family: "house", signatures, timestamp, timestampMs, nonce: id });
}

function readStandard(names: Trio, { signature, timestamp, id }: Trio): Result<StandardHeaders, HeaderRefusal> {
  const signatures = readStandardSignatures(signature);
  if (signatures === undefined) return err({ reason: "header_malformed", header: names.signature });
  if (signatures.length === 0) return err({ reason: "signature_unsupported", header: names.signature });
  if (!STANDARD_TIMESTAMP.test(timestamp)) return err({ reason: "header_malformed", header: names.timestamp });
  if (!MESSAGE_ID.test(id)) return err({ reason: "header_malformed", header: names.id });
  return ok({ family: "standard_webhooks", signatures, timestamp, timestampMs: Number(timestamp) * 1000, id });
}

function readHouseSignatures(header: string): Signature[] | undefined {
  const items = header.split(",");
  if (items.length > SIGNATURES_MAX) return undefined;
  const signatures: Signature[] = [];
  for (const item of items) {
    const [, scheme, hex] = HOUSE_SIGNATURE.exec(item.trim()) ?? [];
    if (scheme === undefined || hex === undefined) return undefined;
    signatures.push({ scheme: scheme === "v1" ? "v1" : "sha256", hex });
  }
  return signatures;
}

/** The `v1` signatures of a list. Those of other versions count, but say nothing here: a sender may add any it likes. */
function readStandardSignatures(header: string): Signature[] | undefined {
  const items = header.split(" ");
  if (items.length > SIGNATURES_MAX) return undefined;
  const signatures: Signature[] = [];
  for (const item of items) {
    const [, version, text] = STANDARD_SIGNATURE.exec(item) ?? [];
    if (version === undefined || text === undefined) return undefined;
    if (version !== "v1") continue;
    if (!BASE64_OF_32_BYTES.test(text)) return undefined;
    signatures.push({ scheme: "standard_webhooks", base64: text });
  }
  return signatures;
}

/** The round trip refuses what the pattern cannot: the 30th of February, the 61st second. */
function readHouseTimestamp(text: string): number | undefined {
  if (!HOUSE_TIMESTAMP.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19) ? ms : undefined;
}

/** Whether a timestamp lies in the window: `windowSec` back and {@link CLOCK_SKEW_SEC} ahead, both ends included. */
export function checkFreshness(args: {
  readonly timestampMs: number;
  readonly nowMs: number;
  readonly windowSec: number;
}): Result<void, FreshnessRefusal> {
  const ageMs = args.nowMs - args.timestampMs;
  if (ageMs > args.windowSec * 1000) return err({ reason: "timestamp_stale", ageMs, windowSec: args.windowSec });
  if (-ageMs > CLOCK_SKEW_SEC * 1000) {
    return err({ reason: "timestamp_in_future", aheadMs: -ageMs, skewSec: CLOCK_SKEW_SEC });
  }
  return ok(undefined);
}

/**
 * How long a nonce is remembered after it was seen. A message dated ahead by the whole skew stays fresh for window plus skew.
 * The widest window counts, not the one in force: widening it must not make forgotten nonces fresh again.
 */
export const NONCE_RETENTION_MS = (REPLAY_WINDOW_MAX_SEC + CLOCK_SKEW_SEC + NONCE_MARGIN_SEC) * 1000;

/**
 * The text that `v1` signs in front of the raw body. Newline is the separator because neither header can contain one;
 * the leading version keeps these bytes from ever being another scheme's.
 */
export const signedPrefix = (headers: Pick<HouseHeaders, "timestamp" | "nonce">): string =>
  `v1\n${headers.timestamp}\n${headers.nonce}\n`;

/** The text that `standard_webhooks` signs in front of the raw body. Neither part can contain a full stop. */
export const standardPrefix = (headers: Pick<StandardHeaders, "id" | "timestamp">): string =>
  `${headers.id}.${headers.timestamp}.`;
