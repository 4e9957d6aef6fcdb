// Signs a body in the scheme that was asked for.
import { readWord } from "./arguments.ts";
import { Failure } from "./failure.ts";
import { type SignedRequest, sign, signStandardWebhook } from "./sign.ts";
import { isStandardSecret } from "./standard-secret.ts";

const SCHEMES = ["v1", "standard-webhooks"] as const;
export type Scheme = (typeof SCHEMES)[number];

export const readScheme = (text = "v1"): Scheme => readWord("--scheme", text, SCHEMES);

export function signAs<Body extends string | Uint8Array>(
  scheme: Scheme,
  body: Body,
  secret: string,
): SignedRequest<Body> {
  if (scheme === "v1") return sign(body, secret);
  if (isStandardSecret(secret)) return signStandardWebhook(body, secret);
  throw new Failure("Standard Webhooks needs a secret like whsec_<base64>; npx sallyport keygen hmac makes one.");
}
