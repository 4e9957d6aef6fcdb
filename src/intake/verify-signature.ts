// Proves that a body came from a source: some signature in the header matches under some live key.
import { decodeHex, encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { signHmac, verifyHmac } from "../crypto/hmac.ts";
import { type SignatureScheme, type SignedHeaders, signedPrefix } from "../domain/signature.ts";
import type { SourceKey } from "./source-keys.ts";

export type Proof = {
  readonly scheme: SignatureScheme;
  readonly keyId: string;
  /**
   * What to use up besides the nonce: when a body-only signature was in the header, that body's signatures under every
   * live key, so that no other header or rotation makes the same body fresh again.
   */
  readonly bodySignatures: readonly string[];
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
  const bodyWasSigned = matched.some((match) => match.scheme === "sha256");
  const bodySignatures = bodyWasSigned
    ? await Promise.all(keys.map(async ({ key }) => encodeHex(await signHmac(key, body))))
    : [];
  return { scheme: best.scheme, keyId: best.keyId, bodySignatures };
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
