// Proves that a body came from a source: some signature in the header matches under some live key.
import { decodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { verifyHmac } from "../crypto/hmac.ts";
import { type SignatureScheme, type SignedHeaders, signedPrefix } from "../domain/signature.ts";
import type { SourceKey } from "./source-keys.ts";

export type Proof = {
  readonly scheme: SignatureScheme;
  /** Every live key under which some signature matched; the first one names the signal's origin. */
  readonly keyIds: readonly [string, ...string[]];
  /** Whether a body-only signature was among them: then the body has to be used up too, whatever else was signed. */
  readonly bodyOnly: boolean;
};

/** Tries every signature under every key, without leaving early. `undefined` when none matches. */
export async function proveOrigin(
  headers: SignedHeaders,
  body: Uint8Array<ArrayBuffer>,
  keys: readonly SourceKey[],
): Promise<Proof | undefined> {
  const signedText = { v1: concatenate(encodeUtf8(signedPrefix(headers)), body), sha256: body };
  const attempts = headers.signatures.flatMap(({ scheme, hex }) => keys.map((key) => ({ scheme, hex, key })));
  const matches = await Promise.all(
    attempts.map(async ({ scheme, hex, key }) => {
      const mac = decodeHex(hex);
      return {
        scheme,
        keyId: key.id,
        matched: mac !== undefined && (await verifyHmac(key.key, mac, signedText[scheme])),
      };
    }),
  );
  const matched = matches.filter((match) => match.matched);
  const best = matched.find((match) => match.scheme === "v1") ?? matched[0];
  if (best === undefined) return undefined;
  const others = matched.map(({ keyId }) => keyId).filter((keyId) => keyId !== best.keyId);
  return {
    scheme: best.scheme,
    keyIds: [best.keyId, ...new Set(others)],
    bodyOnly: matched.some((match) => match.scheme === "sha256"),
  };
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
