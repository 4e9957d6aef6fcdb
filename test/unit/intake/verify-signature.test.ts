import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { SIGNATURE_SCHEMES, type SignatureScheme, readSignedHeaders } from "../../../src/domain/signature.ts";
import { importSourceKey } from "../../../src/intake/source-keys.ts";
import { proveOrigin } from "../../../src/intake/verify-signature.ts";
import vector from "../../vectors/standard-webhooks.json" with { type: "json" };

const OLD = "whsec_b2xkLXRlc3Qtb25seS1zZWNyZXQtMDEyMzQ1";
const NEW = "whsec_bmV3LXRlc3Qtb25seS1zZWNyZXQtMDEyMzQ1";
const PLAIN = "test-only-secret-of-another-form-0123456789";

type HeaderTable = Readonly<Record<string, string>>;
type Message = { readonly id: string; readonly timestamp: string; readonly signature: string; readonly body: string };

const secretOf = (bytes: Uint8Array): string => `whsec_${Buffer.from(bytes).toString("base64")}`;

/** What the gateway makes of a request, from its headers to its proof. */
async function prove(
  headers: HeaderTable,
  body: string,
  secrets: readonly string[],
  schemes: readonly SignatureScheme[] = SIGNATURE_SCHEMES,
) {
  const read = readSignedHeaders((name) => headers[name]);
  if (!read.ok) return undefined;
  const keys = await Promise.all(secrets.map((secret) => importSourceKey(secret)));
  return proveOrigin({ headers: read.value, body: encodeUtf8(body), keys, schemes: new Set(schemes) });
}

const proveMessage = ({ id, timestamp, signature, body }: Message, ...secrets: readonly string[]) =>
  prove({ "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature }, body, secrets);

/** Signed by the standard's own library. */
function sign(secret: string, { id, timestamp, body }: Omit<Message, "signature">): Message {
  const signature = new Webhook(secret).sign(id, new Date(Number(timestamp) * 1000), body);
  return { id, timestamp, signature, body };
}

const idOf = async (secret: string): Promise<string> => (await importSourceKey(secret)).id;

describe("the published example of Standard Webhooks", () => {
  it("proves its origin", async () => {
    const { secret, ...message } = vector;
    expect(await proveMessage(message, secret)).toEqual({
      scheme: "standard_webhooks",
      keyIds: [await idOf(secret)],
      bodyOnly: false,
    });
  });

  it("does not prove it once any one character of it is changed, left out or added", async () => {
    const { secret, ...message } = vector;
    const keys = [await importSourceKey(secret)];
    const changed = (["id", "timestamp", "signature", "body"] as const).flatMap((part) =>
      variantsOf(message[part]).map((text) => ({ ...message, [part]: text })),
    );
    expect(changed.length).toBeGreaterThan(4_000);
    for (const { id, timestamp, signature, body } of changed) {
      const headers: HeaderTable = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
      const read = readSignedHeaders((name) => headers[name]);
      if (!read.ok) continue;
      const request = { headers: read.value, body: encodeUtf8(body), keys, schemes: new Set(SIGNATURE_SCHEMES) };
      expect(await proveOrigin(request), JSON.stringify(headers)).toBeUndefined();
    }
  });
});

const CHARACTERS = ["0", "9", "A", "a", "B", "z", "_", "-", "+", "/", "=", ",", ".", " ", "{", "v", "\u0000", "é"];

/** The text with one character in place of another, one too few, and one too many, at every position. */
const variantsOf = (text: string): string[] =>
  Array.from({ length: text.length + 1 }, (_, at) => {
    const before = text.slice(0, at);
    const rest = text.slice(at);
    return [
      before + rest.slice(1),
      ...CHARACTERS.flatMap((character) => [before + character + rest, before + character + rest.slice(1)]),
    ];
  })
    .flat()
    .filter((variant) => variant !== text);

describe("any message of Standard Webhooks", () => {
  const part = fc.constantFrom("id", "timestamp", "signature", "body");
  const message = fc.record({
    id: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
    timestamp: fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }).map(String),
    body: fc.string({ unit: "binary", maxLength: 200 }).map((text) => text.toWellFormed()),
  });
  const secret = fc.uint8Array({ minLength: 24, maxLength: 64 }).map(secretOf);

  it("proves its origin as the library signs it, and under no other secret", async () => {
    await fc.assert(
      fc.asyncProperty(message, secret, secret, async (unsigned, mine, other) => {
        fc.pre(mine !== other);
        const signed = sign(mine, unsigned);
        expect(await proveMessage(signed, mine)).toMatchObject({ scheme: "standard_webhooks" });
        expect(await proveMessage(signed, other)).toBeUndefined();
      }),
    );
  });

  it("does not prove it once any one character is another, is left out or is added", async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        secret,
        part,
        fc.nat(),
        fc.string({ unit: "grapheme", maxLength: 1 }),
        fc.boolean(),
        async (unsigned, mine, which, position, character, isInserted) => {
          const signed = sign(mine, unsigned);
          const characters = Array.from(signed[which]);
          characters.splice(position % (characters.length + 1), isInserted ? 0 : 1, character);
          const text = characters.join("");
          fc.pre(text !== signed[which]);
          expect(await proveMessage({ ...signed, [which]: text }, mine)).toBeUndefined();
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("a source's secret", () => {
  const unsigned = { id: "msg_1", timestamp: "1800000000", body: "{}" };
  const keyed = (bytes: Uint8Array | string): Message => {
    const text = `${unsigned.id}.${unsigned.timestamp}.${unsigned.body}`;
    return { ...unsigned, signature: `v1,${createHmac("sha256", bytes).update(text).digest("base64")}` };
  };
  const bytes24 = Buffer.from("test-only-key-of-24-byte");
  const bytes25 = Buffer.from("test-only-key-of-25-bytes");

  it("stands for the bytes after whsec_ in Standard Webhooks, and never for its own text", async () => {
    const secret = secretOf(bytes24);
    expect(await proveMessage(keyed(bytes24), secret)).toBeDefined();
    expect(await proveMessage(keyed(secret), secret)).toBeUndefined();
  });

  it("stands for its own text in the house schemes, and never for the bytes after whsec_", async () => {
    const secret = secretOf(bytes24);
    const signedWith = (key: Uint8Array | string): HeaderTable => ({
      "X-Signature": `sha256=${createHmac("sha256", key).update("{}").digest("hex")}`,
      "X-Timestamp": "2026-01-15T14:30:00Z",
      "X-Nonce": "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11",
    });
    expect(await prove(signedWith(secret), "{}", [secret])).toBeDefined();
    expect(await prove(signedWith(bytes24), "{}", [secret])).toBeUndefined();
  });

  it.each([
    ["has no whsec_", PLAIN, PLAIN],
    ["is base64 without whsec_", bytes24.toString("base64"), bytes24],
    ["has whsec_ in capitals", `WHSEC_${bytes24.toString("base64")}`, bytes24],
    ["has 23 bytes after whsec_", secretOf(bytes24.subarray(1)), bytes24.subarray(1)],
    ["has nothing after whsec_", "whsec_", ""],
    ["lacks its padding", secretOf(bytes25).replace("==", ""), bytes25],
    ["has a spare bit set", secretOf(bytes25).replace(/.==$/, "x=="), bytes25],
  ])("verifies nothing of Standard Webhooks when it %s", async (_, secret, bytes) => {
    expect(await proveMessage(keyed(bytes), secret)).toBeUndefined();
  });
});

describe("two live secrets", () => {
  const unsigned = { id: "msg_1", timestamp: "1800000000", body: "{}" };

  it("each prove a message of Standard Webhooks, and name the one that signed", async () => {
    for (const secret of [OLD, NEW]) {
      expect(await proveMessage(sign(secret, unsigned), OLD, NEW)).toMatchObject({ keyIds: [await idOf(secret)] });
    }
  });

  it("are both named when both have signed", async () => {
    const old = sign(OLD, unsigned);
    const both = { ...old, signature: `${sign(NEW, unsigned).signature} ${old.signature}` };
    expect(await proveMessage(both, OLD, NEW)).toMatchObject({ keyIds: [await idOf(NEW), await idOf(OLD)] });
  });

  it("may be of two forms", async () => {
    expect(await proveMessage(sign(NEW, unsigned), PLAIN, NEW)).toMatchObject({ keyIds: [await idOf(NEW)] });
  });
});

describe("the schemes of a source", () => {
  const body = "{}";
  const timestamp = "2026-01-15T14:30:00Z";
  const nonce = "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11";
  const tag = (text: string): string => createHmac("sha256", NEW).update(text).digest("hex");
  const v1 = `v1=${tag(`v1\n${timestamp}\n${nonce}\n${body}`)}`;
  const sha256 = `sha256=${tag(body)}`;
  const house = (signature: string): HeaderTable => ({
    "X-Signature": signature,
    "X-Timestamp": timestamp,
    "X-Nonce": nonce,
  });
  const standard = sign(NEW, { id: "msg_1", timestamp: "1800000000", body });
  const requests: Readonly<Record<SignatureScheme, HeaderTable>> = {
    v1: house(v1),
    sha256: house(sha256),
    standard_webhooks: {
      "webhook-id": standard.id,
      "webhook-timestamp": standard.timestamp,
      "webhook-signature": standard.signature,
    },
  };

  it.each(SIGNATURE_SCHEMES)("prove a signal by %s where it is among them, and only there", async (scheme) => {
    const headers = requests[scheme];
    const others = SIGNATURE_SCHEMES.filter((other) => other !== scheme);
    expect(await prove(headers, body, [NEW], [scheme])).toMatchObject({ scheme });
    expect(await prove(headers, body, [NEW], others)).toBeUndefined();
    expect(await prove(headers, body, [NEW], [])).toBeUndefined();
  });

  it("use up a body whose body-only signature counts for nothing yet, since that may change", async () => {
    const both = house(`${sha256},${v1}`);
    expect(await prove(both, body, [NEW], ["v1"])).toMatchObject({ scheme: "v1", bodyOnly: true });
    expect(await prove(both, body, [NEW], ["sha256"])).toMatchObject({ scheme: "sha256", bodyOnly: true });
  });
});
