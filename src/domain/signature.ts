// Reads the three headers of a signed webhook and says which bytes the signature covers. Knows no key and no clock.
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
 * nonce prove nothing, so the signature itself may be used only once.
 */
export type SignatureScheme = "v1" | "sha256";

type Signature = { readonly scheme: SignatureScheme; readonly hex: string };

export type SignedHeaders = {
  readonly signatures: readonly Signature[];
  /** As received: these characters are signed, not the time they stand for. */
  readonly timestamp: string;
  readonly timestampMs: number;
  readonly nonce: string;
};

export type HeaderRefusal =
  | { readonly reason: "header_missing"; readonly header: string }
  | { readonly reason: "header_malformed"; readonly header: string };

export type FreshnessRefusal =
  | { readonly reason: "timestamp_stale"; readonly ageMs: number; readonly windowSec: number }
  | { readonly reason: "timestamp_in_future"; readonly aheadMs: number; readonly skewSec: number };

const SIGNATURE = /^(v1|sha256)=([0-9a-f]{64})$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
/** UUID version 4 (RFC 9562 section 5.4). */
const NONCE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * Reads `X-Signature`, `X-Timestamp` and `X-Nonce`. Each has one canonical spelling, checked before any MAC is computed,
 * so that two spellings never share one signature.
 */
export function readSignedHeaders(header: (name: string) => string | undefined): Result<SignedHeaders, HeaderRefusal> {
  const signature = header("X-Signature");
  const timestamp = header("X-Timestamp");
  const nonce = header("X-Nonce");
  if (!signature) return err({ reason: "header_missing", header: "X-Signature" });
  if (!timestamp) return err({ reason: "header_missing", header: "X-Timestamp" });
  if (!nonce) return err({ reason: "header_missing", header: "X-Nonce" });

  const signatures = readSignatures(signature);
  if (signatures === undefined) return err({ reason: "header_malformed", header: "X-Signature" });
  const timestampMs = readTimestamp(timestamp);
  if (timestampMs === undefined) return err({ reason: "header_malformed", header: "X-Timestamp" });
  if (!NONCE.test(nonce)) return err({ reason: "header_malformed", header: "X-Nonce" });
  return ok({ signatures, timestamp, timestampMs, nonce });
}

function readSignatures(header: string): Signature[] | undefined {
  const items = header.split(",");
  if (items.length > SIGNATURES_MAX) return undefined;
  const signatures: Signature[] = [];
  for (const item of items) {
    const [, scheme, hex] = SIGNATURE.exec(item.trim()) ?? [];
    if (scheme === undefined || hex === undefined) return undefined;
    signatures.push({ scheme: scheme === "v1" ? "v1" : "sha256", hex });
  }
  return signatures;
}

/** The round trip refuses what the pattern cannot: the 30th of February, the 61st second. */
function readTimestamp(text: string): number | undefined {
  if (!TIMESTAMP.test(text)) return undefined;
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
export const signedPrefix = (headers: Pick<SignedHeaders, "timestamp" | "nonce">): string =>
  `v1\n${headers.timestamp}\n${headers.nonce}\n`;
