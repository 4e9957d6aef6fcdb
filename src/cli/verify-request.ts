// Whether the gateway would believe a captured request, and which part of the proof it would not. Takes the gateway's own
// rules from `domain/signature.ts`; what the public 401 leaves out on purpose is said here to whoever has the secret.
import { decodeBase64 } from "../crypto/base64.ts";
import { concatBytes } from "../crypto/bytes.ts";
import { decodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { importHmacKey, verifyHmac } from "../crypto/hmac.ts";
import { assertNever } from "../domain/result.ts";
import {
  type FreshnessRefusal,
  type HeaderRefusal,
  type SignatureScheme,
  type SignedHeaders,
  checkFreshness,
  readSignedHeaders,
  signedPrefix,
  standardPrefix,
} from "../domain/signature.ts";
import { explainHeader } from "./explain-header.ts";
import { findNearMiss } from "./near-misses.ts";
import { decodeStandardSecret } from "./standard-secret.ts";

export type CapturedRequest = {
  /** A header by its name, in any case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array<ArrayBuffer>;
};

/** How the request is judged: under which secrets, at which moment, within which window. */
export type Judge = { readonly secrets: readonly string[]; readonly nowMs: number; readonly windowSec: number };

export type Part = {
  readonly part: "headers" | "time" | "signature";
  /** `null`: it was not looked at. */
  readonly passed: boolean | null;
  /** Stable, for programs. */
  readonly code: string;
  readonly detail: string;
};

/** Every part of the proof. The gateway accepts a request of which all of them pass. */
export async function verifyRequest(request: CapturedRequest, judge: Judge): Promise<readonly Part[]> {
  const headers = readSignedHeaders(request.header);
  if (!headers.ok) return [refusedHeaders(headers.error, request), NO_TIME, NO_SIGNATURE];
  const names =
    headers.value.family === "house" ? "X-Signature, X-Timestamp and X-Nonce" : "those of Standard Webhooks";
  return [
    { part: "headers", passed: true, code: "well_formed", detail: `${names}, each in its form` },
    checkTime(headers.value, judge),
    await checkSignature(headers.value, request.body, judge.secrets),
  ];
}

const NO_TIME: Part = { part: "time", passed: null, code: "not_checked", detail: "needs readable headers" };
const NO_SIGNATURE: Part = { ...NO_TIME, part: "signature" };

function refusedHeaders(refusal: HeaderRefusal, { header }: CapturedRequest): Part {
  const failed = { part: "headers", passed: false, code: refusal.reason } as const;
  switch (refusal.reason) {
    case "headers_ambiguous":
      return { ...failed, detail: "headers of two families at once: X-Signature and those of Standard Webhooks" };
    case "header_missing":
      return { ...failed, detail: `${refusal.header} is missing or empty` };
    case "header_malformed":
      return { ...failed, detail: `${refusal.header} ${explainHeader(refusal.header, header(refusal.header) ?? "")}` };
    case "signature_unsupported":
      return { ...failed, detail: `${refusal.header} holds no v1 signature, the only version that is read` };
    default:
      return assertNever(refusal);
  }
}

function checkTime({ timestampMs }: SignedHeaders, { nowMs, windowSec }: Judge): Part {
  const fresh = checkFreshness({ timestampMs, nowMs, windowSec });
  if (!fresh.ok) return { part: "time", passed: false, code: fresh.error.reason, detail: describeTime(fresh.error) };
  const ageMs = nowMs - timestampMs;
  const age = ageMs < 0 ? `${seconds(-ageMs)} ahead` : `${seconds(ageMs)} old`;
  return { part: "time", passed: true, code: "fresh", detail: `${age}, within ${windowSec} s` };
}

function describeTime(refusal: FreshnessRefusal): string {
  switch (refusal.reason) {
    case "timestamp_stale":
      return `${seconds(refusal.ageMs)} old, and ${refusal.windowSec} s are allowed${zoneHint(refusal.ageMs)}`;
    case "timestamp_in_future":
      return `${seconds(refusal.aheadMs)} ahead, and ${refusal.skewSec} s are allowed${zoneHint(refusal.aheadMs)}`;
    default:
      return assertNever(refusal);
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 1)} s`;

const HALF_HOUR_MS = 1_800_000;
const ZONE_MAX_MS = 14 * 3_600_000;
/** A request is on its way, and looked into, for no longer than this where it was dated with a wrong zone. */
const TRAVEL_MS = 120_000;

/** Zones differ from UTC by half hours: a difference of nearly that many is a clock in a zone, and not a late request. */
function zoneHint(differenceMs: number): string {
  const zoneMs = Math.round(differenceMs / HALF_HOUR_MS) * HALF_HOUR_MS;
  const isZone = zoneMs > 0 && zoneMs <= ZONE_MAX_MS && Math.abs(differenceMs - zoneMs) < TRAVEL_MS;
  return isZone ? `: about ${zoneMs / 3_600_000} h, so it may be a local time and not UTC` : "";
}

async function checkSignature(
  headers: SignedHeaders,
  body: Uint8Array<ArrayBuffer>,
  secrets: readonly string[],
): Promise<Part> {
  const match = await findMatch(headers, body, secrets);
  if (match !== undefined) {
    const which = secrets.length === 1 ? "" : `, under secret ${match.number} of ${secrets.length}`;
    const weak = match.scheme === "sha256" ? "; it covers the body alone, which is accepted once, ever" : "";
    return { part: "signature", passed: true, code: match.scheme, detail: `${match.scheme} holds${which}${weak}` };
  }
  if (headers.family === "standard_webhooks" && !secrets.some((secret) => decodeStandardSecret(secret) !== undefined)) {
    const detail = "Standard Webhooks needs a secret like whsec_<base64 of 24 bytes or more>, and this one is not";
    return { part: "signature", passed: false, code: "secret_unsuitable", detail };
  }
  const nearMiss = await findNearMiss(headers, body, secrets);
  const detail =
    nearMiss === undefined
      ? "matches under no secret: it was made with another one, or the body, time or id has changed since"
      : `was made ${nearMiss}`;
  return { part: "signature", passed: false, code: "signature_mismatch", detail };
}

type Match = { readonly scheme: SignatureScheme; /** From 1. */ readonly number: number };

/** The strongest scheme of those that match, as the gateway has it. */
async function findMatch(
  headers: SignedHeaders,
  body: Uint8Array<ArrayBuffer>,
  secrets: readonly string[],
): Promise<Match | undefined> {
  const prefix = headers.family === "house" ? signedPrefix(headers) : standardPrefix(headers);
  const whole = concatBytes(encodeUtf8(prefix), body);
  const matches: Match[] = [];
  for (const signature of headers.signatures) {
    const { scheme } = signature;
    const mac = "hex" in signature ? decodeHex(signature.hex) : decodeBase64(signature.base64);
    for (const [at, secret] of secrets.entries()) {
      const key = scheme === "standard_webhooks" ? decodeStandardSecret(secret) : secret;
      if (mac === undefined || key === undefined) continue;
      const signed = scheme === "sha256" ? body : whole;
      if (await verifyHmac(await importHmacKey(key), mac, signed)) matches.push({ scheme, number: at + 1 });
    }
  }
  return matches.find(({ scheme }) => scheme !== "sha256") ?? matches[0];
}
