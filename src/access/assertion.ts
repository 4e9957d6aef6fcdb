// What Cloudflare Access says of who asks: a signed assertion (RFC 7519) that it adds to each request it lets through. Whoever
// reaches the gateway by another way can add one too, so it is worth what its signature is worth.
import {
  JOSEAlgNotAllowed,
  JOSEError,
  JWKSMultipleMatchingKeys,
  JWKSNoMatchingKey,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
} from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { type CloudflareAccess, type OperatorPrincipal, findOperator, issuerOf } from "../domain/cloudflare-access.ts";
import { type Result, err } from "../domain/result.ts";
import type { TeamKeys } from "./team-keys.ts";

/** The only one that Access signs with. A token must not choose: a public key is no secret to make an HMAC with. */
const ALGORITHM = "RS256";
/** Between the clock of Access and ours. */
const CLOCK_TOLERANCE_SEC = 30;
/** Access has to fit it into a cookie. */
const CHARACTERS_MAX = 8_192;

export type AssertionRefusal =
  | "not_an_assertion"
  | "other_algorithm"
  | "unknown_signing_key"
  | "wrong_signature"
  | "other_issuer"
  | "other_audience"
  | "expired"
  | "not_yet_valid"
  | "names_nobody"
  | "unknown_operator";

type Deps = { readonly keys: TeamKeys; readonly nowMs: number };

/** The operator whom an assertion proves. Throws when the team's keys cannot be read. */
export async function verifyAssertion(
  assertion: string,
  access: CloudflareAccess,
  { keys, nowMs }: Deps,
): Promise<Result<OperatorPrincipal, AssertionRefusal>> {
  if (assertion.length > CHARACTERS_MAX) return err("not_an_assertion");
  try {
    const { payload } = await jwtVerify(assertion, keys, {
      algorithms: [ALGORITHM],
      issuer: issuerOf(access),
      audience: access.audience,
      requiredClaims: ["exp"],
      clockTolerance: CLOCK_TOLERANCE_SEC,
      currentDate: new Date(nowMs),
    });
    return findOperator(access, payload);
  } catch (thrown) {
    if (!(thrown instanceof JOSEError)) throw thrown;
    return err(refusalOf(thrown));
  }
}

function refusalOf(error: JOSEError): AssertionRefusal {
  if (error instanceof JWTExpired) return "expired";
  if (error instanceof JWTClaimValidationFailed) return CLAIM_REFUSALS[error.claim] ?? "not_an_assertion";
  if (error instanceof JWSSignatureVerificationFailed) return "wrong_signature";
  if (error instanceof JWKSNoMatchingKey || error instanceof JWKSMultipleMatchingKeys) return "unknown_signing_key";
  return error instanceof JOSEAlgNotAllowed ? "other_algorithm" : "not_an_assertion";
}

const CLAIM_REFUSALS: Readonly<Record<string, AssertionRefusal>> = {
  iss: "other_issuer",
  aud: "other_audience",
  nbf: "not_yet_valid",
};
