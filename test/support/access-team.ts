// A team at Cloudflare Access, with keys of its own that it signs with, publishes and replaces.
import { type JWK, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from "jose";
import { CloudflareAccess } from "../../src/domain/cloudflare-access.ts";

export const PERSON = "Ada.Lovelace@Example.com";
export const PERSON_ID = "7335d417-61da-459d-899c-0a01c76a2f94";
export const PROGRAM = "88bf3b6d86161464f6509f7219099e57.access";

/** The setting as an operator writes it, with whatever differs. */
export const accessSetting = (differing: object = {}) => ({
  team_domain: "example.cloudflareaccess.com",
  audience: "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228",
  operators: [
    { email: PERSON, scopes: ["orders:read", "admin:accounts"] },
    { service_token: PROGRAM, scopes: ["orders:read"], accounts: ["paper"] },
  ],
  ...differing,
});

export const ACCESS = CloudflareAccess.parse(accessSetting());

/** What Access says of a person and of a program that it has let through at that second. */
export const claimsOfPerson = (atSec: number) => ({
  ...claims(atSec),
  nbf: atSec,
  email: PERSON.toLowerCase(),
  sub: PERSON_ID,
  country: "GB",
});
export const claimsOfProgram = (atSec: number) => ({ ...claims(atSec), common_name: PROGRAM, sub: "" });

const claims = (atSec: number) => ({
  type: "app",
  aud: [ACCESS.audience],
  iss: `https://${ACCESS.team_domain}`,
  iat: atSec,
  exp: atSec + 3_600,
});

export type SigningKey = { readonly kid: string; readonly privateKey: CryptoKey; readonly publicJwk: JWK };

export async function makeSigningKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

/** What the team's domain publishes. */
export const keySetOf = (...keys: readonly SigningKey[]) => ({ keys: keys.map(({ publicJwk }) => publicJwk) });

export const signAssertion = (payload: JWTPayload, { kid, privateKey }: Pick<SigningKey, "kid" | "privateKey">) =>
  new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(privateKey);
