// Fernet tokens as another system makes them: with Node's own crypto, from the specification (github.com/fernet/spec).
import { createCipheriv, createHmac, randomBytes } from "node:crypto";

/** Unix seconds; nothing here looks at the age of a token. */
const SEALED_AT_SEC = 1_700_000_000n;

/** Base64url with the padding that Fernet has. */
const padded = (bytes: Buffer): string => bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");

export const aFernetKey = (): string => padded(randomBytes(32));

export function sealFernet(content: string | Buffer, key: string): string {
  const secret = Buffer.from(key, "base64url");
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", secret.subarray(16), iv);
  const head = Buffer.alloc(9);
  head.writeUInt8(0x80);
  head.writeBigUInt64BE(SEALED_AT_SEC, 1);
  const body = Buffer.concat([head, iv, cipher.update(content), cipher.final()]);
  return padded(Buffer.concat([body, createHmac("sha256", secret.subarray(0, 16)).update(body).digest()]));
}
