// Proves that a body came from a source: some signature in the header matches under some live key.
import { decodeBase64 } from "../crypto/base64.ts";
import { concatBytes } from "../crypto/bytes.ts";
import { decodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { verifyHmac } from "../crypto/hmac.ts";
import { type SignatureScheme, type SignedHeaders, signedPrefix, standardPrefix } from "../domain/signature.ts";
import type { SourceKey } from "./source-keys.ts";

export type Proof = {
  readonly scheme: SignatureScheme;
  /** Every live key under which some signature matched; the first one names the signal's origin. */
  readonly keyIds: readonly [string, ...string[]];
  /** Whether a body-only signature was among them: then the body has to be used up too, whatever else was signed. */
  readonly bodyOnly: boolean;
};

/**
 * Tries every signature under every key, without leaving early. `undefined` when none matches in one of the `schemes` that
 * the source may use. A match in another scheme proves nothing, and still counts for what is used up: the scheme may be
 * allowed later.
 */
export async function proveOrigin(args: {
  readonly headers: SignedHeaders;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly keys: readonly SourceKey[];
  readonly schemes: ReadonlySet<SignatureScheme>;
}): Promise<Proof | undefined> {
  const { headers, body, keys, schemes } = args;
  const prefix = headers.family === "house" ? signedPrefix(headers) : standardPrefix(headers);
  const whole = concatBytes(encodeUtf8(prefix), body);
  const signedText = { v1: whole, sha256: body, standard_webhooks: whole };
  const attempts = headers.signatures.flatMap((signature) => keys.map((key) => ({ signature, key })));
  const matches = await Promise.all(
    attempts.map(async ({ signature, key }) => {
      const { scheme } = signature;
      const mac = "hex" in signature ? decodeHex(signature.hex) : decodeBase64(signature.base64);
      return {
        scheme,
        keyId: key.id,
        matched: mac !== undefined && (await verifyHmac(key.keys[scheme], mac, signedText[scheme])),
      };
    }),
  );
  const matched = matches.filter((match) => match.matched);
  const accepted = matched.filter(({ scheme }) => schemes.has(scheme));
  const best = accepted.find(({ scheme }) => scheme !== "sha256") ?? accepted[0];
  if (best === undefined) return undefined;
  const others = matched.map(({ keyId }) => keyId).filter((keyId) => keyId !== best.keyId);
  return {
    scheme: best.scheme,
    keyIds: [best.keyId, ...new Set(others)],
    bodyOnly: matched.some(({ scheme }) => scheme === "sha256"),
  };
}
