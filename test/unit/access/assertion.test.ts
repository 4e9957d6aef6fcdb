// Which assertions prove an operator: every way in which one can be wrong, with real keys and signatures.
import * as fc from "fast-check";
import { SignJWT, UnsecuredJWT, exportSPKI, generateKeyPair, importJWK } from "jose";
import { createLocalJWKSet } from "jose/jwks/local";
import { beforeAll, describe, expect, it } from "vitest";
import { verifyAssertion } from "../../../src/access/assertion.ts";
import type { TeamKeys } from "../../../src/access/team-keys.ts";
import {
  ACCESS,
  PERSON_ID,
  PROGRAM,
  type SigningKey,
  claimsOfPerson,
  claimsOfProgram,
  keySetOf,
  makeSigningKey,
  signAssertion,
} from "../../support/access-team.ts";

const NOW_SEC = 1_768_487_400;
const PERSON_CLAIMS = claimsOfPerson(NOW_SEC);

let key: SigningKey;
let stranger: SigningKey;
let keys: TeamKeys;

beforeAll(async () => {
  // The stranger gives their key the name of the team's.
  [key, stranger] = await Promise.all([makeSigningKey("team"), makeSigningKey("team")]);
  keys = createLocalJWKSet(keySetOf(key));
});

const verify = (assertion: string, nowMs = NOW_SEC * 1000) => verifyAssertion(assertion, ACCESS, { keys, nowMs });

const signed = (differing: object = {}) => signAssertion({ ...PERSON_CLAIMS, ...differing }, key);

const refused = (error: string) => ({ ok: false, error });

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("an assertion of the team's", () => {
  it("proves a person", async () => {
    expect(await verify(await signed())).toMatchObject({
      ok: true,
      value: { kind: "operator", id: `access:${PERSON_ID}` },
    });
  });

  it("proves a program, which has neither an address nor a time to begin at", async () => {
    const assertion = await signAssertion(claimsOfProgram(NOW_SEC), key);
    expect(await verify(assertion)).toMatchObject({
      ok: true,
      value: { id: `access:${PROGRAM}`, accounts: ["paper"] },
    });
  });

  it("may be for other applications too", async () => {
    const assertion = await signed({ aud: ["f".repeat(64), ACCESS.audience] });
    expect(await verify(assertion)).toMatchObject({ ok: true });
  });
});

describe("an assertion is refused", () => {
  it.each<[string, string, object]>([
    ["of another team", "other_issuer", { iss: "https://other.cloudflareaccess.com" }],
    [
      "of a domain that begins like the team's",
      "other_issuer",
      { iss: "https://example.cloudflareaccess.com.other.test" },
    ],
    ["of nobody", "other_issuer", { iss: undefined }],
    ["for another application", "other_audience", { aud: ["f".repeat(64)] }],
    ["for no application", "other_audience", { aud: [] }],
    ["that does not say for which", "other_audience", { aud: undefined }],
    ["that has no end", "not_an_assertion", { exp: undefined }],
    ["whose end is no time", "not_an_assertion", { exp: "tomorrow" }],
    ["for the whole team", "names_nobody", { type: "org" }],
    ["for somebody else", "unknown_operator", { email: "eve@example.com" }],
  ])("%s", async (_, error, differing) => {
    expect(await verify(await signed(differing))).toEqual(refused(error));
  });

  it("once it has expired, and before it begins, give or take half a minute", async () => {
    const assertion = await signed({ nbf: NOW_SEC + 100, exp: NOW_SEC + 200 });
    const at = (sec: number) => verify(assertion, (NOW_SEC + sec) * 1000);
    expect(await at(69)).toEqual(refused("not_yet_valid"));
    expect(await at(70)).toMatchObject({ ok: true });
    expect(await at(229)).toMatchObject({ ok: true });
    expect(await at(230)).toEqual(refused("expired"));
  });

  it("when somebody else has signed it under the name of the team's key", async () => {
    expect(await verify(await signAssertion(PERSON_CLAIMS, stranger))).toEqual(refused("wrong_signature"));
  });

  it("when the key is not the team's", async () => {
    const assertion = await signAssertion(PERSON_CLAIMS, { ...stranger, kid: "stranger" });
    expect(await verify(assertion)).toEqual(refused("unknown_signing_key"));
  });

  it("when anything in it was changed after it was signed", async () => {
    const [header = "", , signature = ""] = (await signed()).split(".");
    const promoted = base64url({ ...PERSON_CLAIMS, sub: "somebody-else" });
    expect(await verify([header, promoted, signature].join("."))).toEqual(refused("wrong_signature"));
    const valid = await signed();
    const at = valid.length - 20;
    const altered = `${valid.slice(0, at)}${valid[at] === "A" ? "B" : "A"}${valid.slice(at + 1)}`;
    expect(await verify(altered)).toEqual(refused("wrong_signature"));
  });

  it("when it brings the key that it is signed with", async () => {
    const jwk = stranger.publicJwk;
    const header = { alg: "RS256", kid: "team", jwk, jku: "https://other.test/certs" };
    const assertion = await new SignJWT(PERSON_CLAIMS).setProtectedHeader(header).sign(stranger.privateKey);
    expect(await verify(assertion)).toEqual(refused("wrong_signature"));
  });

  it("when it is not signed at all", async () => {
    expect(await verify(new UnsecuredJWT(PERSON_CLAIMS).encode())).toEqual(refused("other_algorithm"));
    const [, payload = "", signature = ""] = (await signed()).split(".");
    const header = base64url({ alg: "none", kid: "team" });
    expect(await verify([header, payload, signature].join("."))).toEqual(refused("other_algorithm"));
  });

  it("when it is an HMAC with the public key as its secret", async () => {
    const publicKey = await importJWK(key.publicJwk, "RS256");
    const secrets = [await exportSPKI(publicKey as CryptoKey), key.publicJwk.n ?? "", JSON.stringify(key.publicJwk)];
    for (const secret of secrets) {
      const header = { alg: "HS256", kid: "team" };
      const hmac = new SignJWT(PERSON_CLAIMS).setProtectedHeader(header);
      expect(await verify(await hmac.sign(new TextEncoder().encode(secret)))).toEqual(refused("other_algorithm"));
    }
  });

  it.each(["PS256", "RS512", "ES256"])("when it is signed with %s, which Access does not use", async (alg) => {
    const { privateKey } = await generateKeyPair(alg);
    const assertion = await new SignJWT(PERSON_CLAIMS).setProtectedHeader({ alg, kid: "team" }).sign(privateKey);
    expect(await verify(assertion)).toEqual(refused("other_algorithm"));
  });

  it.each(["", "x", "a.b", "a.b.c", "a.b.c.d", "..", "Bearer x"])("when it is none: %j", async (text) => {
    expect(await verify(text)).toEqual(refused("not_an_assertion"));
  });

  it("whatever somebody makes up", async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.string({ unit: "binary" }),
      fc.jsonValue({ maxDepth: 1 }).map(base64url),
    );
    const header = fc
      .record(
        {
          alg: fc.oneof(fc.constantFrom("RS256", "none"), fc.jsonValue({ maxDepth: 1 })),
          kid: fc.oneof(fc.constant("team"), fc.jsonValue({ maxDepth: 1 })),
          crit: fc.oneof(fc.constant(["b64"]), fc.jsonValue({ maxDepth: 1 })),
          b64: fc.oneof(fc.boolean(), fc.jsonValue({ maxDepth: 1 })),
        },
        { requiredKeys: [] },
      )
      .map(base64url);
    await fc.assert(
      fc.asyncProperty(fc.oneof(header, part), part, part, async (...parts) => {
        expect(await verify(parts.join("."))).toMatchObject({ ok: false });
      }),
      { numRuns: 100 },
    );
  });

  it("when it is longer than any of Access's, also a proven one", async () => {
    expect(await verify(await signed({ custom: "x".repeat(8_192) }))).toEqual(refused("not_an_assertion"));
  });
});

it("an assertion that cannot be checked is neither proven nor refused", async () => {
  const away = () => Promise.reject(new Error("Access is away"));
  const verified = verifyAssertion(await signed(), ACCESS, { keys: away, nowMs: NOW_SEC * 1000 });
  await expect(verified).rejects.toThrow("Access is away");
});

it("a key that is too short proves nothing", async () => {
  // 1024 bits; jose makes none so short.
  const weak = await crypto.subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    true,
    ["sign", "verify"],
  );
  const signingInput = `${base64url({ alg: "RS256", kid: "weak" })}.${base64url(PERSON_CLAIMS)}`;
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", weak.privateKey, Buffer.from(signingInput));
  const assertion = `${signingInput}.${Buffer.from(signature).toString("base64url")}`;
  const publicJwk = { ...(await crypto.subtle.exportKey("jwk", weak.publicKey)), kid: "weak" };
  const weakKeys = createLocalJWKSet({ keys: [publicJwk] });
  const verified = verifyAssertion(assertion, ACCESS, { keys: weakKeys, nowMs: NOW_SEC * 1000 });
  await expect(verified).rejects.toThrow("2048");
});
