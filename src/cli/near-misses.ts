// Why a signature does not match: tries what senders get wrong, one or several things at a time, and says which of it was
// signed. Whoever asks has the secret already.
import { concatBytes } from "../crypto/bytes.ts";
import { decodeBase64 } from "../crypto/base64.ts";
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { importHmacKey, signHmac } from "../crypto/hmac.ts";
import { type SignedHeaders, signedPrefix, standardPrefix } from "../domain/signature.ts";
import { decodeStandardSecret } from "./standard-secret.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Signature = SignedHeaders["signatures"][number];

/** One way to do a thing; `says` is `undefined` for the right way. */
type Way<T> = { readonly says: string | undefined; readonly value: T };

/** How some signature was made, with the fewest mistakes that explain it; `undefined` where none of these do. */
export async function findNearMiss(
  headers: SignedHeaders,
  body: Bytes,
  secrets: readonly string[],
): Promise<string | undefined> {
  const attempts = headers.signatures.flatMap((signature) =>
    prefixes(headers, signature.scheme).flatMap((prefix) =>
      bodies(body).flatMap((text) =>
        secrets.flatMap((secret) =>
          keys(headers, secret).map((key) => ({
            mac: hexOf(signature),
            signed: { prefix: prefix.value, text: text.value },
            key: key.value,
            mistakes: [prefix.says, text.says, key.says].flatMap((says) => says ?? []),
          })),
        ),
      ),
    ),
  );
  attempts.sort((a, b) => a.mistakes.length - b.mistakes.length);
  for (const { mac, signed, key, mistakes } of attempts) {
    const made = await signHmac(await importHmacKey(key), concatBytes(encodeUtf8(signed.prefix), signed.text));
    if (encodeHex(made) === mac) return mistakes.join(", and ");
  }
  return undefined;
}

function hexOf(signature: Signature): string {
  if ("hex" in signature) return signature.hex;
  return encodeHex(decodeBase64(signature.base64) ?? new Uint8Array());
}

/** What stands in front of the body. */
function prefixes(headers: SignedHeaders, scheme: Signature["scheme"]): Way<string>[] {
  if (headers.family === "standard_webhooks") return standardPrefixes(headers);
  const whole = signedPrefix(headers);
  if (scheme === "v1") return [{ says: undefined, value: whole }, ...housePrefixes(headers)];
  return [
    { says: undefined, value: "" },
    { says: "over timestamp, nonce and body, which is what v1= stands for", value: whole },
  ];
}

function standardPrefixes(headers: Extract<SignedHeaders, { family: "standard_webhooks" }>): Way<string>[] {
  const { id, timestamp } = headers;
  return [
    { says: undefined, value: standardPrefix(headers) },
    { says: "over the body alone, without id and timestamp", value: "" },
    { says: "without the id", value: `${timestamp}.` },
    { says: "with the timestamp before the id", value: `${timestamp}.${id}.` },
    { says: "with line breaks in place of full stops", value: `${id}\n${timestamp}\n` },
  ];
}

function housePrefixes(headers: Extract<SignedHeaders, { family: "house" }>): Way<string>[] {
  const { timestamp, timestampMs, nonce } = headers;
  const moment = new Date(timestampMs).toISOString();
  const otherSpellings = [String(Math.floor(timestampMs / 1000)), moment.replace(/\.\d+Z$/, "Z"), moment]
    .filter((time) => time !== timestamp)
    .map((time) => ({
      says: `with the timestamp written as ${time}, and not as it was sent`,
      value: signedPrefix({ timestamp: time, nonce }),
    }));
  return [
    { says: "over the body alone, which is what sha256= stands for", value: "" },
    { says: "without the first line, v1", value: `${timestamp}\n${nonce}\n` },
    { says: "with the nonce before the timestamp", value: `v1\n${nonce}\n${timestamp}\n` },
    { says: "with full stops in place of line breaks", value: `v1.${timestamp}.${nonce}.` },
    { says: "with nothing between the parts", value: `v1${timestamp}${nonce}` },
    { says: "with \\n as two characters in place of line breaks", value: `v1\\n${timestamp}\\n${nonce}\\n` },
    { says: "without a line break after the nonce", value: `v1\n${timestamp}\n${nonce}` },
    ...otherSpellings,
  ];
}

/** What the body was before something on the way, or before the sender sent it, wrote it anew. */
function bodies(body: Bytes): Way<Bytes>[] {
  const right: Way<Bytes> = { says: undefined, value: body };
  const text = decodeUtf8(body);
  if (text === undefined) return [right];
  const json = readJson(text);
  const others: Way<string>[] = [
    { says: "over a body without the line break at its end", value: text.replace(/[\r\n]+$/, "") },
    { says: "over a body with a line break at its end", value: `${text}\n` },
    { says: "over a body with LF line ends", value: text.replaceAll("\r\n", "\n") },
    { says: "over a body with CRLF line ends", value: text.replaceAll(/\r?\n/g, "\r\n") },
    { says: "over a body without a byte order mark", value: text.replace(/^\ufeff/, "") },
    { says: "over a body without line breaks, as curl -d @file sends it", value: text.replaceAll(/[\r\n]/g, "") },
    ...(json === undefined
      ? []
      : [
          { says: "over the same JSON written without spaces", value: JSON.stringify(json) },
          { says: "over the same JSON written with line breaks", value: JSON.stringify(json, null, 2) },
          { says: "over the same JSON written with spaces, as Python does", value: spaced(json) },
        ]),
    { says: "over an empty body", value: "" },
  ];
  return [
    right,
    ...others.filter(({ value }) => value !== text).map(({ says, value }) => ({ says, value: encodeUtf8(value) })),
  ];
}

/** As `json.dumps` writes it. */
function spaced(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(spaced).join(", ")}]`;
  if (typeof json !== "object" || json === null) return JSON.stringify(json);
  const members = Object.entries(json).map(([name, value]) => `${JSON.stringify(name)}: ${spaced(value)}`);
  return `{${members.join(", ")}}`;
}

/** What a secret can be taken for. */
function keys({ family }: SignedHeaders, secret: string): Way<string | Bytes>[] {
  const decoded = decodeStandardSecret(secret);
  const hex = secret.length === 0 ? undefined : decodeHex(secret);
  const literal = { says: "under the literal text of the secret", value: secret };
  if (family === "standard_webhooks") {
    return decoded === undefined ? [literal] : [{ says: undefined, value: decoded }, literal, ...bare(secret)];
  }
  return [
    { says: undefined, value: secret },
    ...bare(secret),
    ...(decoded === undefined
      ? []
      : [{ says: "under the bytes that whsec_… stands for, not its text", value: decoded }]),
    ...(hex === undefined ? [] : [{ says: "under the bytes that the secret's hex digits stand for", value: hex }]),
    { says: "under the secret with a line break at its end", value: `${secret}\n` },
  ];
}

const bare = (secret: string): Way<string>[] =>
  secret.startsWith("whsec_")
    ? [{ says: "under the text of the secret without whsec_", value: secret.slice("whsec_".length) }]
    : [];

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
